//! What this session keeps in mind of previews: a cache of those that it has looked
//! up, and those that it holds because nothing could be written.

use std::cell::{Cell, RefCell};

use crate::pg::local::Static;
use crate::pg::{clock, frames};
use spyne_core::gate::session::{Authorised, Session};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RoleId;

/// The statements are borrowed for a moment, without a call into Postgres. Should
/// that be asked for by a callback all the same, nothing is found: then nothing is
/// authorised.
struct Memory {
    statements: RefCell<Session>,
    /// How often a (sub)transaction was undone: what was read before is not found
    /// any more.
    epoch: Cell<u64>,
    /// Whether this session has made a preview: its statements are then looked up
    /// also for a user who need not have one, to record their runs.
    has_previews: Cell<bool>,
    /// Whether any statement has passed in this session.
    has_passed: Cell<bool>,
}

static MEMORY: Static<Memory> = Static::new(Memory {
    statements: RefCell::new(Session::new()),
    epoch: Cell::new(0),
    has_previews: Cell::new(false),
    has_passed: Cell::new(false),
});

/// Runs `f` on the statements that are kept in mind; None where they are in use.
/// `f` must not call into Postgres.
pub(super) fn session<R>(f: impl FnOnce(&mut Session) -> R) -> Option<R> {
    MEMORY.statements.try_borrow_mut().ok().map(|mut session| f(&mut session))
}

/// Runs `f` on the statement of a token; None where it was forgotten.
pub(super) fn with<R>(token: Token, f: impl FnOnce(&mut Authorised) -> R) -> Option<R> {
    session(|s| s.get_mut(token).map(f)).flatten()
}

/// The token of a text of a user, where it is kept in mind.
pub(super) fn find(user: RoleId, text: &[u8]) -> Option<Token> {
    session(|s| s.find(user, text, MEMORY.epoch.get())).flatten()
}

/// Keeps a statement in mind; `findable` by its text. Its token, where there is
/// room for it.
pub(super) fn remember(authorised: Authorised, findable: bool) -> Option<Token> {
    let in_use = frames::tokens().into_iter().collect();
    let (now, epoch) = (clock::now(), MEMORY.epoch.get());
    session(|s| s.remember(authorised, findable, now, epoch, &in_use)).flatten()
}

/// Makes a statement be looked up again; a token that is in use stays good.
pub(super) fn forget(token: Token) {
    session(|s| s.forget_text(token));
}

/// Forgets what was read in a transaction that is undone.
pub(super) fn undone() {
    MEMORY.epoch.set(MEMORY.epoch.get() + 1);
}

/// Whether this session has made previews.
pub(super) fn has_previews() -> bool {
    MEMORY.has_previews.get()
}

/// Makes statements be looked up from now on. Returns whether they were not.
pub(super) fn look_up_from_now_on() -> bool {
    !MEMORY.has_previews.replace(true)
}

/// Whether any statement has passed in this session.
pub(super) fn has_passed() -> bool {
    MEMORY.has_passed.get()
}

/// Takes note that one has.
pub(super) fn note_passed() {
    MEMORY.has_passed.set(true);
}
