//! What this back end is doing at this moment: the stack of frames, and the statements
//! that are open.
//!
//! [`spyne_core::gate::frames`] has the structure and its rules; here is the stack of
//! this back end. Its summary lies in a `Cell` beside it, so that a hook reads it with
//! one load. The stack itself is borrowed for a moment only: no function here calls
//! into Postgres meanwhile, so no borrow can meet another. If one did, a push would end
//! the statement with an error, and a pop would leave the summary of an empty stack,
//! which exempts nothing.
//!
//! Functions that a trampoline calls do not panic, and leave nothing to be dropped when
//! they return.

use std::cell::{Cell, RefCell};

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::frames::{Frames, JudgedCopy, WrapperFrame};
use spyne_core::gate::lasting::Lasting;
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RelId;
use spyne_core::lifecycle::plan::facts::GovernedView;

use super::clock;
use super::local::Static;
use super::policy::{Failure, policy};
use super::text::Text;

pub use spyne_core::gate::frames::{Depth, Dropping, Now};
pub use spyne_core::gate::lasting::{PortalPlace, RunReport};

/// What a frame of this back end stands for.
pub type Doing = spyne_core::gate::frames::Doing<Text, Aside>;

/// A governed view that was dropped to let a change of its table through.
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
    // This function is declared here and not taken from pgrx, because trampolines call
    // it and it cannot raise.
    fn GetCurrentSubTransactionId() -> pg_sys::SubTransactionId;
}

/// The number of the running subtransaction. Those within it have higher numbers.
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

/// Raises an error where a frame cannot be pushed: without the frame, statements would
/// be judged wrongly.
#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn no_room() {
    (policy().failed)(Failure::NoMemory)
}

/// Pushes a frame. Returns the height of the stack before, for [`pop`]. Raises an error
/// where there is no memory.
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

/// Pops all frames above `depth`.
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

/// The state of the stack at some time, for code that catches an error without undoing
/// a subtransaction.
#[derive(Clone, Copy)]
pub struct Mark {
    depth: Depth,
    now: Now,
}

/// The state of the stack now.
pub fn mark() -> Mark {
    let depth = STATE.frames.try_borrow().map(|frames| frames.depth()).unwrap_or_default();
    Mark { depth, now: now() }
}

/// Drops the frames that an error, which was caught, has left since `mark`.
pub fn back_to(mark: Mark) {
    pop(mark.depth);
    STATE.now.set(mark.now);
}

/// Notes that the executor is starting a statement: what Postgres checks meanwhile,
/// spyne has checked. Returns the earlier summary, for [`started`].
#[inline(always)]
pub fn starts() -> Now {
    let before = STATE.now.get();
    STATE.now.set(before.starting());
    before
}

/// Notes that the executor has started a statement. `before` is what [`starts`]
/// returned.
#[inline(always)]
pub fn started(before: Now) {
    STATE.now.set(before);
}

/// Runs `work`, in which Postgres checks what spyne has checked already.
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

/// Pops its frame when it is dropped: when Rust code ends, with or without an error.
pub struct Pushed(Depth);

impl Pushed {
    /// Pushes a frame, which is popped when the value is dropped.
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

/// Reads the stack. Where the stack is in use, returns the answer of an empty one.
fn read<R: Default>(f: impl FnOnce(&Frames<Text, Aside>) -> R) -> R {
    STATE.frames.try_borrow().map(|frames| f(&frames)).unwrap_or_default()
}

/// Changes the stack. Does nothing where the stack is in use.
fn change<R: Default>(f: impl FnOnce(&mut Frames<Text, Aside>) -> R) -> R {
    STATE.frames.try_borrow_mut().map(|mut frames| f(&mut frames)).unwrap_or_default()
}

/// Reads or changes what outlives frames. Does nothing where that is in use.
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

/// What the innermost utility statement drops by name.
pub fn dropping() -> Dropping {
    read(Frames::dropping)
}

/// Whether the running utility statement runs inside another, which has not ended.
pub fn is_inner_command() -> bool {
    read(Frames::is_inner_command)
}

/// Whether the statement that is being previewed may use DEPRECATED tables.
pub fn looks_at_deprecated() -> bool {
    read(Frames::include_deprecated)
}

/// Whether a text is the statement by which spyne is reading a table of a user's.
pub fn reads_by(text: &Text) -> bool {
    now().reading() && text.with_bytes(|bytes| read(|frames| frames.reads_by(bytes)))
}

/// The frame of a utility statement. `wraps` is set for one that runs another: its
/// text, the token that authorises the other, and why nothing does although there is a
/// preview.
pub fn utility(dropping: Dropping, wraps: Option<(Text, Option<Token>, Option<Denial>)>) -> Doing {
    let wrapper = wraps.map(|(text, token, doubt)| WrapperFrame::new(text, token, doubt));
    Doing::Utility { dropping, wrapper: wrapper.map(Box::new), notes: Vec::new() }
}

/// The text of the innermost utility statement that runs another, if there is one.
pub fn utility_text() -> Option<Text> {
    read(Frames::wrapper_text)
}

/// The rule by which the preview of the innermost utility statement does not authorise
/// it.
pub fn doubted() -> Option<Rule> {
    match now().is_something() {
        true => read(Frames::doubted),
        false => None,
    }
}

/// The refusal of the innermost utility statement, where its preview does not authorise
/// it.
pub fn doubt() -> Option<Denial> {
    read(Frames::doubt)
}

/// Notes that the token of the innermost utility statement has authorised work that
/// does not pass the executor: COPY of a table, TRUNCATE.
pub fn use_pending() {
    change(Frames::use_pending);
}

/// Notes that the token of the innermost utility statement has authorised a query that the
/// executor runs in its place.
pub fn start_pending() {
    change(Frames::start_pending);
}

/// Notes how the innermost utility statement, which is COPY, was judged.
pub fn judge_copy(judged: JudgedCopy) {
    change(|frames| frames.judge_copy(judged));
}

/// How the innermost utility statement was judged, where it is COPY of a table.
pub fn judged_copy() -> Option<JudgedCopy> {
    read(Frames::judged_copy)
}

/// The token of the utility statement whose frame was pushed at `depth`, where the
/// token has authorised such work.
pub fn used_at(depth: Depth) -> Option<Token> {
    read(|frames| frames.used_at(depth))
}

/// Notes a view that the running utility statement has to bring back. Gives it back as
/// an error where no utility statement is running.
pub fn set_aside(aside: Aside) -> Result<(), Aside> {
    match STATE.frames.try_borrow_mut() {
        Ok(mut frames) => frames.note(aside),
        Err(_) => Err(aside),
    }
}

/// Takes the views that the running utility statement has to bring back.
pub fn take_asides() -> Vec<Aside> {
    change(Frames::take_notes)
}

/// The QueryDesc of the change that fires its AFTER triggers now.
pub fn finishing() -> Option<*const pg_sys::QueryDesc> {
    read(Frames::finishing).map(|query| query as *const pg_sys::QueryDesc)
}

/// Watches the change that fires its AFTER triggers now and has changed `rows` rows
/// since it started at `since`. Whether a change needs a preview can show only by what
/// its foreign keys reach.
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

/// Watches a statement that has started: one that was authorised, by its token, or a
/// foreign key's own, without one. Raises an error where there is no memory.
pub fn watch(query: *const pg_sys::QueryDesc, token: Option<Token>) {
    let id = subtransaction();
    if !lasting(|lasting| lasting.watch(query as usize, token, id, clock::now())) {
        // SAFETY: a guarded function that raises.
        unsafe { no_room() };
    }
}

/// Forgets the statement at the address of one that starts: the earlier one has ended
/// in an error.
pub fn forget(query: *const pg_sys::QueryDesc) {
    lasting(|lasting| lasting.forget(query as usize));
}

/// Pushes the frame of a watched statement that executes; None for one that is not
/// watched.
pub fn enter(query: *const pg_sys::QueryDesc) -> Option<Depth> {
    lasting(|lasting| lasting.doing(query as usize)).map(push)
}

/// Undoes [`enter`], and adds up the rows that were processed. `complete` says that the
/// executor was asked for all rows.
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

/// Completes the report of a watched statement that ends and has read `scanned`.
pub fn ends(query: *const pg_sys::QueryDesc, scanned: Vec<(RelId, f64)>) {
    lasting(|lasting| lasting.ends(query as usize, clock::now(), scanned));
}

/// Stops watching a statement. Returns its token and its report, where it has them.
pub fn take(query: *const pg_sys::QueryDesc) -> Option<(Token, RunReport)> {
    lasting(|lasting| lasting.take(query as usize))
}

/// Notes that a statement of the active portal was authorised.
pub fn authorised(place: Option<PortalPlace>, token: Token) {
    let id = subtransaction();
    lasting(|lasting| lasting.authorised(place, token, id));
}

/// The token of the statement that this one follows in its portal.
pub fn followed_by(place: PortalPlace) -> Option<Token> {
    lasting(|lasting| lasting.followed_by(place))
}

/// Notes that the running command has taken something from a table.
pub fn lost(table: RelId) {
    let id = subtransaction();
    lasting(|lasting| lasting.lost(table, id));
}

/// Whether the running command has taken something from any table.
pub fn has_losses() -> bool {
    lasting(|lasting| lasting.has_losses())
}

/// Takes the tables that the running command has taken something from.
pub fn take_losses() -> Vec<RelId> {
    lasting(Lasting::take_losses)
}

/// Takes note that the running command gives the rows of a table other values.
pub fn rewritten(table: RelId) {
    let id = subtransaction();
    lasting(|lasting| lasting.rewritten(table, id));
}

/// The tables whose rows were given other values since this was asked last.
pub fn take_rewritten() -> Vec<RelId> {
    lasting(Lasting::take_rewritten)
}

/// The tokens that frames and open statements refer to, whose previews must be kept.
pub fn tokens() -> Vec<Token> {
    let mut all = read(|frames| frames.tokens().collect::<Vec<_>>());
    lasting(|lasting| all.extend(lasting.tokens()));
    all
}

// ------------------------------------------------------ ends of transactions

/// Drops all that began in a subtransaction that is undone. Calls nothing that can
/// raise.
pub fn subtransaction_undone(id: u32) {
    let now = STATE.frames.try_borrow_mut().map(|mut frames| frames.aborted(id));
    STATE.now.set(now.unwrap_or(Now::NOTHING));
    lasting(|lasting| lasting.aborted(id));
}

/// Drops everything, when a transaction ends. Calls nothing that can raise.
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
