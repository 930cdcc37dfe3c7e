//! What the hooks ask, and whom: FFI knows no policy, so it is handed a table of
//! plain functions.

use super::local::Local;
use super::object_access::ObjectEvent;
use super::runs::{Report, Token};
use super::statement::{Statement, Text};

/// What the hooks ask. Each function returns to let the statement go on, or
/// raises.
#[derive(Clone, Copy)]
pub struct Policy {
    /// Whether anything is checked at all.
    pub enabled: fn() -> bool,
    /// A statement starts. Where a preview authorises it, the answer is a token
    /// by which it is watched; else 0.
    pub statement: fn(&Statement) -> Token,
    /// The token of a statement, by its text and the digest of its relations,
    /// that has passed every check before, since when nothing has changed; 0 where it must be looked at.
    pub passed: fn(&Text, u64) -> Token,
    /// Whether this user's statements need a preview, or may have one. As a
    /// number that changes when the answer may.
    pub previews: fn() -> u8,
    /// A utility statement that runs another begins: its token, as above.
    pub utility: fn(&Text) -> Token,
    /// A watched statement has ended.
    pub finished: fn(Token, Report),
    /// A transaction or a subtransaction is undone. May only forget: it must
    /// not call into Postgres.
    pub undone: fn(),
    /// As `statement`, but answers instead of raising.
    pub permits: fn(&Statement) -> bool,
    /// An object is changed by DDL.
    pub object: fn(ObjectEvent),
}

static POLICY: Local<Option<Policy>> = Local::new(None);

/// Sets the policy, before any hook is.
pub(super) fn set(policy: Policy) {
    POLICY.set(Some(policy));
}

/// The policy.
pub(super) fn policy() -> Policy {
    match POLICY.get() {
        Some(policy) => policy,
        // The hooks are set after the policy is, and nobody takes it away.
        None => std::process::abort(),
    }
}
