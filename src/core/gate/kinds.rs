//! The kinds of access there are.

/// What a statement does with a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// A foreign-key check: a read made by the system on nobody's behalf.
    KeyCheck,
    Read,
    /// SELECT ... FOR UPDATE and its kin: forbidden wherever writes are, as in
    /// Postgres's own read-only transactions.
    Lock,
    Write,
}
