//! What this back end is in the middle of: the stack of frames, and the statements
//! that are watched until they end.
//!
//! The structure and its rules are [`spyne_core::gate::frames`]; here is the one
//! that a back end has. The summary lies in a `Cell` beside it, so that a hook
//! reads it with one load. The stack itself is borrowed for a moment only: no
//! function here calls into Postgres meanwhile, so no borrow can meet another. If
//! one did, a push would end the statement with an error, and a pop would leave
//! the summary of an empty stack: nothing is exempt by it.
//!
//! What a trampoline calls is free of panics and leaves nothing to be dropped
//! when it returns.

use std::cell::{Cell, RefCell};

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::frames::{Frames, Judged, Lasting, Wrapper};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RelId;
use spyne_core::lifecycle::plan::facts::GovernedView;

use super::clock;
use super::local::Static;
use super::policy::{Failure, policy};
use super::text::Text;

pub use spyne_core::gate::frames::{Depth, Dropping, Now, Place, Report};

/// What a frame of this back end stands for.
pub type Doing = spyne_core::gate::frames::Doing<Text, Aside>;

/// A governed view that was taken out of the way of a change of its table.
pub struct Aside {
    pub relid: RelId,
    /// The logical name.
    pub name: String,
    pub view: GovernedView,
}

struct State {
    now: Cell<Now>,
    /// Whether any statement is watched.
    watching: Cell<bool>,
    /// Whether there may be anything in `lasting`.
    lasts: Cell<bool>,
    frames: RefCell<Frames<Text, Aside>>,
    lasting: RefCell<Lasting>,
}

static STATE: Static<State> = Static::new(State {
    now: Cell::new(Now::NOTHING),
    watching: Cell::new(false),
    lasts: Cell::new(false),
    frames: RefCell::new(Frames::new()),
    lasting: RefCell::new(Lasting::new()),
});

unsafe extern "C-unwind" {
    // Declared here, and not taken from pgrx, for the trampolines: it cannot
    // raise.
    fn GetCurrentSubTransactionId() -> pg_sys::SubTransactionId;
}

/// The number of the subtransaction that this is; those within it have higher
/// ones.
#[inline(always)]
fn subtransaction() -> u32 {
    // SAFETY: reads the transaction's state.
    unsafe { GetCurrentSubTransactionId() }
}

/// The summary of the stack.
#[inline(always)]
pub fn now() -> Now {
    STATE.now.get()
}

/// Whether any statement is watched.
#[inline(always)]
pub fn watching() -> bool {
    STATE.watching.get()
}

/// Ends the statement with an error where a frame cannot be pushed: what would
/// run without it would be judged wrongly.
#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn no_room() {
    (policy().failed)(Failure::NoMemory)
}

/// Pushes a frame; returns how high the stack was, for [`pop`]. Ends the
/// statement with an error where there is no memory.
#[inline(always)]
pub fn push(doing: Doing) -> Depth {
    let pushed = match STATE.frames.try_borrow_mut() {
        Ok(mut frames) => frames.push(subtransaction(), STATE.now.get(), doing),
        Err(_) => None,
    };
    match pushed {
        Some((depth, now)) => {
            STATE.now.set(now);
            depth
        }
        None => {
            // SAFETY: a guarded function that raises.
            unsafe { no_room() };
            Depth::default()
        }
    }
}

/// Pops what is above `depth`.
#[inline(always)]
pub fn pop(depth: Depth) {
    match STATE.frames.try_borrow_mut() {
        Ok(mut frames) => {
            if let Some(now) = frames.pop(depth) {
                STATE.now.set(now);
            }
        }
        Err(_) => STATE.now.set(Now::NOTHING),
    }
}

/// What was going on at some time: for whoever catches an error without undoing a
/// subtransaction.
#[derive(Clone, Copy)]
pub struct Mark {
    depth: Depth,
    now: Now,
}

/// What is going on.
pub fn mark() -> Mark {
    let depth = STATE.frames.try_borrow().map(|frames| frames.depth()).unwrap_or_default();
    Mark { depth, now: now() }
}

/// Drops what an error that was caught has left since.
pub fn back_to(mark: Mark) {
    pop(mark.depth);
    STATE.now.set(mark.now);
}

/// The executor begins to start a statement: what Postgres checks meanwhile was
/// checked. Returns the summary of before, for [`started`].
#[inline(always)]
pub fn starts() -> Now {
    let before = STATE.now.get();
    STATE.now.set(before.starting());
    before
}

/// The executor has started a statement.
#[inline(always)]
pub fn started(before: Now) {
    STATE.now.set(before);
}

/// Runs `work`, in which Postgres checks what was checked already.
pub fn while_starting<T>(work: impl FnOnce() -> T) -> T {
    struct Started(Now);
    impl Drop for Started {
        fn drop(&mut self) {
            started(self.0);
        }
    }
    let _started = Started(starts());
    work()
}

/// Pops a frame when Rust code ends, with or without an error.
pub struct Pushed(Depth);

impl Pushed {
    /// Pushes a frame that goes with the value.
    pub fn new(doing: Doing) -> Pushed {
        Pushed(push(doing))
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        pop(self.0);
    }
}

/// Runs `work` within a frame.
pub fn within<T>(doing: Doing, work: impl FnOnce() -> T) -> T {
    let _pushed = Pushed::new(doing);
    work()
}

/// Reads the stack; where it is in use, the answer of an empty one.
fn read<R: Default>(f: impl FnOnce(&Frames<Text, Aside>) -> R) -> R {
    STATE.frames.try_borrow().map(|frames| f(&frames)).unwrap_or_default()
}

/// Changes the stack; where it is in use, nothing.
fn change<R: Default>(f: impl FnOnce(&mut Frames<Text, Aside>) -> R) -> R {
    STATE.frames.try_borrow_mut().map(|mut frames| f(&mut frames)).unwrap_or_default()
}

/// Reads or changes what outlives frames; where it is in use, nothing.
fn lasting<R: Default>(f: impl FnOnce(&mut Lasting) -> R) -> R {
    let Ok(mut lasting) = STATE.lasting.try_borrow_mut() else {
        return R::default();
    };
    let result = f(&mut lasting);
    STATE.watching.set(lasting.is_watching());
    STATE.lasts.set(!lasting.is_empty());
    result
}

// ------------------------------------------------------------ what is going on

/// What the running command drops by name.
pub fn dropping() -> Dropping {
    read(Frames::dropping)
}

/// Whether what is looked at may include DEPRECATED tables.
pub fn looks_at_deprecated() -> bool {
    read(Frames::include_deprecated)
}

/// Whether a statement is the one that spyne reads a table by.
pub fn reads_by(text: &Text) -> bool {
    now().reading() && text.with_bytes(|bytes| read(|frames| frames.reads_by(bytes)))
}

/// The frame of a utility statement. `wraps` is the text of one that runs another,
/// what authorises that, and why nothing does although there is a preview.
pub fn utility(dropping: Dropping, wraps: Option<(Text, Option<Token>, Option<Denial>)>) -> Doing {
    let wrapper = wraps.map(|(text, token, doubt)| Wrapper::new(text, token, doubt));
    Doing::Utility { dropping, wrapper: wrapper.map(Box::new), notes: Vec::new() }
}

/// The text of the utility statement around, where it runs another.
pub fn utility_text() -> Option<Text> {
    read(Frames::wrapper_text)
}

/// The rule by which the preview of the utility statement around does not authorise
/// it.
pub fn doubted() -> Option<Rule> {
    match now().is_something() {
        true => read(Frames::doubted),
        false => None,
    }
}

/// The same, in words.
pub fn doubt() -> Option<Denial> {
    read(Frames::doubt)
}

/// The token of the utility statement around authorises what no executor sees:
/// COPY of a table, TRUNCATE.
pub fn use_pending() {
    change(Frames::use_pending);
}

/// The token of the utility statement around authorises a query that the executor runs in
/// its place.
pub fn start_pending() {
    change(Frames::start_pending);
}

/// COPY, the utility statement around, was judged.
pub fn judged(judged: Judged) {
    change(|frames| frames.judge(judged));
}

/// How the utility statement around was judged, where it is COPY of a table.
pub fn copy_judged() -> Option<Judged> {
    read(Frames::judged)
}

/// The token of the utility statement that began at `depth`, where it was used so.
pub fn used_at(depth: Depth) -> Option<Token> {
    read(|frames| frames.used_at(depth))
}

/// Takes note of a view that the running utility statement has to bring back.
/// Given back where none is running.
pub fn set_aside(aside: Aside) -> Result<(), Aside> {
    match STATE.frames.try_borrow_mut() {
        Ok(mut frames) => frames.note(aside),
        Err(_) => Err(aside),
    }
}

/// The views that the running utility statement has to bring back.
pub fn take_asides() -> Vec<Aside> {
    change(Frames::take_notes)
}

/// The address of the change that fires its AFTER triggers now.
pub fn finishing() -> Option<*const pg_sys::QueryDesc> {
    read(Frames::finishing).map(|query| query as *const pg_sys::QueryDesc)
}

/// Watches the change that fires its AFTER triggers now, which has changed so many
/// rows since it started: that it needed a preview shows only by what its foreign
/// keys reach.
pub fn watch_finishing(token: Token, rows: u64, since: i64) {
    let Some(query) = read(Frames::finishing) else {
        return;
    };
    let id = subtransaction();
    lasting(|lasting| {
        lasting.watch(query, Some(token), id, since);
        lasting.count(query, rows, true);
    });
    let now = STATE.frames.try_borrow_mut().map(|mut f| f.authorise_change(token, id));
    STATE.now.set(now.unwrap_or(Now::NOTHING));
}

// --------------------------------------------------------- watched statements

/// Watches a statement that has started: one that was authorised, by its token, or
/// a foreign key's own. Ends it with an error where there is no memory.
pub fn watch(query: *const pg_sys::QueryDesc, token: Option<Token>) {
    let id = subtransaction();
    if !lasting(|lasting| lasting.watch(query as usize, token, id, clock::now())) {
        // SAFETY: a guarded function that raises.
        unsafe { no_room() };
    }
}

/// A statement that starts may stand where one stood that has ended in an error.
pub fn forget(query: *const pg_sys::QueryDesc) {
    lasting(|lasting| lasting.forget(query as usize));
}

/// Makes a watched statement the one that is executed.
pub fn enter(query: *const pg_sys::QueryDesc) -> Option<Depth> {
    lasting(|lasting| lasting.doing(query as usize)).map(push)
}

/// Undoes [`enter`], and counts what was processed; `complete` where the executor
/// was asked for all.
pub fn leave(query: *const pg_sys::QueryDesc, entered: Option<Depth>, rows: u64, complete: bool) {
    if let Some(depth) = entered {
        pop(depth);
    }
    lasting(|lasting| lasting.count(query as usize, rows, complete));
}

/// Whether a statement is watched for its report.
pub fn is_reported(query: *const pg_sys::QueryDesc) -> bool {
    lasting(|lasting| lasting.is_reported(query as usize))
}

/// A watched statement ends, and has read this.
pub fn ends(query: *const pg_sys::QueryDesc, scanned: Vec<(RelId, f64)>) {
    lasting(|lasting| lasting.ends(query as usize, clock::now(), scanned));
}

/// Stops watching a statement. Its token and report, where it has them.
pub fn take(query: *const pg_sys::QueryDesc) -> Option<(Token, Report)> {
    lasting(|lasting| lasting.take(query as usize))
}

/// A statement of the active portal was authorised.
pub fn authorised(place: Option<Place>, token: Token) {
    let id = subtransaction();
    lasting(|lasting| lasting.authorised(place, token, id));
}

/// The token of the statement that this one follows in its portal.
pub fn followed_by(place: Place) -> Option<Token> {
    lasting(|lasting| lasting.followed_by(place))
}

/// Takes note that a table has lost something by the running command.
pub fn lost(table: RelId) {
    let id = subtransaction();
    lasting(|lasting| lasting.lost(table, id));
}

/// Whether any table has lost something.
pub fn has_losses() -> bool {
    lasting(|lasting| lasting.has_losses())
}

/// The tables that have lost something since this was asked last.
pub fn take_losses() -> Vec<RelId> {
    lasting(Lasting::take_losses)
}

/// The tokens that are referred to: what they stand for must be kept.
pub fn tokens() -> Vec<Token> {
    let mut all = read(|frames| frames.tokens().collect::<Vec<_>>());
    lasting(|lasting| all.extend(lasting.tokens()));
    all
}

// ------------------------------------------------------ ends of transactions

/// A subtransaction is undone, and what began in it is over. Calls nothing that
/// can raise.
pub fn subtransaction_undone(id: u32) {
    let now = STATE.frames.try_borrow_mut().map(|mut frames| frames.aborted(id));
    STATE.now.set(now.unwrap_or(Now::NOTHING));
    lasting(|lasting| lasting.aborted(id));
}

/// A transaction ends, and everything is over. Calls nothing that can raise.
#[inline(always)]
pub fn transaction_ended() {
    if now().is_something() || STATE.lasts.get() {
        clear();
    }
}

#[cold]
fn clear() {
    let now = STATE.frames.try_borrow_mut().map(|mut frames| frames.clear());
    STATE.now.set(now.unwrap_or(Now::NOTHING));
    lasting(Lasting::clear);
}
