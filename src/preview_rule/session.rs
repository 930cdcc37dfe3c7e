//! The session's memory of previews: a cache of those that were looked up, and those
//! that the session holds because nothing could be written.

use std::cell::{Cell, RefCell};

use crate::pg::local::Static;
use crate::pg::{clock, frames};
use spyne_core::gate::session::{Authorised, Session};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RoleId;

/// The statements are borrowed for a moment, without a call into Postgres. If a
/// callback asks for them meanwhile all the same, it finds nothing, and so nothing is
/// authorised.
struct Memory {
    statements: RefCell<Session>,
    /// The number of (sub)transactions that were undone. What was read before the last
    /// of them is not found any more.
    epoch: Cell<u64>,
    /// Whether this session has made a preview. Its statements are then looked up also
    /// for a user who need not have one, so that their runs are recorded.
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

/// Runs `f` on the statements that are remembered; None where they are borrowed. `f`
/// must not call into Postgres.
pub(super) fn session<R>(f: impl FnOnce(&mut Session) -> R) -> Option<R> {
    MEMORY.statements.try_borrow_mut().ok().map(|mut session| f(&mut session))
}

/// Runs `f` on the statement of a token; None where it was forgotten.
pub(super) fn with<R>(token: Token, f: impl FnOnce(&mut Authorised) -> R) -> Option<R> {
    session(|s| s.get_mut(token).map(f)).flatten()
}

/// The token of a text of a user, where the session remembers it.
pub(super) fn find(user: RoleId, text: &[u8]) -> Option<Token> {
    session(|s| s.find(user, text, MEMORY.epoch.get())).flatten()
}

/// Remembers a statement; `findable` says whether it can be found by its text. Returns
/// its token, where there is room for it.
pub(super) fn remember(authorised: Authorised, findable: bool) -> Option<Token> {
    let in_use = frames::tokens().into_iter().collect();
    let (now, epoch) = (clock::now(), MEMORY.epoch.get());
    session(|s| s.remember(authorised, findable, now, epoch, &in_use)).flatten()
}

/// Forgets the text of a statement, so that it is looked up again. A token that is in
/// use stays good.
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

/// Looks for previews of all statements from now on. Returns whether they were not
/// looked for before.
pub(super) fn look_up_from_now_on() -> bool {
    !MEMORY.has_previews.replace(true)
}

/// Whether any statement has passed in this session.
pub(super) fn has_passed() -> bool {
    MEMORY.has_passed.get()
}

/// Notes that a statement has passed in this session.
pub(super) fn note_passed() {
    MEMORY.has_passed.set(true);
}
