//! The kinds of access there are.

/// What a statement does with a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// A foreign-key check. Postgres makes this read by itself, and no user sees the
    /// rows.
    KeyCheck,
    Read,
    /// SELECT ... FOR UPDATE and the like. It is forbidden wherever writes are, as in
    /// Postgres's own read-only transactions.
    Lock,
    Write,
}
