//! Which previewed statement is running: what is done inside it is held to it.
//!
//! A statement that a preview authorises is watched from its start to its end,
//! by a token that the policy gave for it. While the executor runs it, or fires
//! its AFTER triggers, the token is the current one. Where nobody runs previewed
//! statements, all this costs one comparison for each hook.

use spyne_core::kernel::ids::{RelId, RoleId};
use std::time::Instant;

use pgrx::pg_sys;

use super::local::Local;
use super::oids::rel_id;
use super::statement::{self, Text, cells};
use super::{clock, server};

/// Stands for an authorised statement; 0 for none.
pub type Token = u32;

struct Run {
    query: usize,
    /// 0 for a foreign key's own statement, which is watched for what is nested
    /// in it.
    token: Token,
    /// The subtransaction that it started in, and ends with where that is undone.
    subtransaction: u32,
    started: Option<Instant>,
    rows: u64,
    complete: bool,
}

/// What a watched statement has done.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows returned, or changed.
    pub rows: u64,
    /// From start to end, in milliseconds.
    pub milliseconds: f64,
    /// Whether it ran to its end: a cursor need not.
    pub complete: bool,
    /// Rows read, by the OID of the table.
    pub scanned: Vec<(RelId, f64)>,
}

unsafe extern "C-unwind" {
    // Declared here, and not taken from pgrx, for the checks of foreign keys:
    // it cannot raise.
    fn GetCurrentSubTransactionId() -> pg_sys::SubTransactionId;
}

#[derive(Clone, Copy)]
pub struct Now {
    /// The token of the statement that is being executed.
    current: Token,
    /// The token of the utility statement that is about to start one.
    pending: Token,
    /// Whether the pending one was used.
    used: bool,
    /// Whether a foreign key's own statement is being executed: what starts now
    /// is called by it, by a trigger or a function.
    within_key: bool,
    /// The change that is firing its AFTER triggers, foreign-key actions among
    /// them, and the user whose change it is; null and 0 for none.
    finishing: *mut pg_sys::QueryDesc,
    finisher: RoleId,
}

impl Now {
    const NOTHING: Now = Now {
        current: 0,
        pending: 0,
        used: false,
        within_key: false,
        finishing: std::ptr::null_mut(),
        finisher: RoleId::NONE,
    };
}

/// Which of the statements of the active portal one is: a rule makes several of
/// one that the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    portal: usize,
    list: usize,
    index: usize,
}

impl Place {
    /// Whether `self` comes after `earlier` in the same run of the same portal.
    pub fn follows(self, earlier: Place) -> bool {
        (self.portal, self.list) == (earlier.portal, earlier.list) && self.index > earlier.index
    }
}

static WATCHED: Local<u32> = Local::new(0);
static RUNS: Local<Vec<Run>> = Local::new(Vec::new());
static NOW: Local<Now> = Local::new(Now::NOTHING);
static REPORT: Local<Option<Report>> = Local::new(None);
/// The text of the utility statement that is being run.
static UTILITY: Local<Option<Text>> = Local::new(None);
/// What was current when each open subtransaction began, where anything was.
static BEFORE: Local<Vec<(u32, Now)>> = Local::new(Vec::new());

/// Whether any statement is watched.
#[inline(always)]
pub fn watching() -> bool {
    WATCHED.get() > 0
}

/// The token whose statement is being executed.
pub fn current() -> Token {
    NOW.get().current
}

/// Whether what starts now was called by a foreign key's own statement: a
/// trigger's, or a function's.
#[inline(always)]
pub fn within_key() -> bool {
    NOW.get().within_key
}

/// The token of the utility statement around.
pub fn pending() -> Token {
    NOW.get().pending
}

/// The pending token authorises what is not watched: COPY of a table, TRUNCATE.
pub fn use_pending() {
    NOW.with(|n| n.used = true);
}

/// The text of the utility statement around, where there is one.
pub fn utility_text() -> Option<Text> {
    UTILITY.get()
}

/// Where a plan is among those of the active portal, if there are several.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn place_of(plan: *const pg_sys::PlannedStmt) -> Option<Place> {
    // SAFETY: the active portal and its statements, for as long as it is active.
    unsafe {
        let portal = pg_sys::ActivePortal.as_ref()?;
        let list = portal.stmts.as_ref()?;
        let index = cells(portal.stmts).position(|stmt| stmt.cast_const() == plan.cast())?;
        (list.length > 1).then_some(Place {
            portal: &raw const *portal as usize,
            list: portal.stmts as usize,
            index,
        })
    }
}

/// The text of the change that fires its AFTER triggers now; None where its
/// names may mean what only its caller knows.
pub fn finishing_text() -> Option<Text> {
    // SAFETY: a statement that is being finished is valid until that is done.
    unsafe {
        let query = NOW.get().finishing.as_ref()?;
        let plan = &*query.plannedstmt;
        let own = statement::has_own_names(query);
        (!own).then(|| Text::new(query.sourceText, plan.stmt_location, plan.stmt_len))
    }
}

/// Watches the change that fires its AFTER triggers now: that it needed a
/// preview shows only by what its foreign keys reach.
pub fn watch_finishing(token: Token) {
    let query = NOW.get().finishing;
    // SAFETY: as in `finishing_text`.
    let Some(running) = (unsafe { query.as_ref() }) else {
        return;
    };
    watch(query, token, false);
    // SAFETY: a started statement has a state; the clock cannot raise.
    let (rows, since) = unsafe {
        let rows = running.estate.as_ref().map_or(0, |state| state.es_processed);
        (rows, clock::now() - pg_sys::GetCurrentStatementStartTimestamp())
    };
    let since = std::time::Duration::from_micros(since.max(0) as u64);
    RUNS.with(|runs| {
        if let Some(run) = runs.last_mut() {
            run.rows = rows;
            run.complete = true;
            run.started = run.started.and_then(|now| now.checked_sub(since));
        }
    });
    NOW.with(|n| n.current = token);
}

/// The statement that the client has sent and that is being executed.
pub fn client_text() -> Option<Text> {
    // SAFETY: the active portal and its statements, for as long as it is active.
    unsafe {
        let portal = pg_sys::ActivePortal;
        if portal.is_null() {
            return None;
        }
        let plan = cells((*portal).stmts).next()?.cast::<pg_sys::PlannedStmt>();
        Some(Text::new((*portal).sourceText, (*plan).stmt_location, (*plan).stmt_len))
    }
}

/// The text that the client has sent; in a parallel worker, the leader's.
pub fn sent_text() -> Option<Text> {
    // SAFETY: null, or the text for as long as the statement runs.
    unsafe {
        let text = pg_sys::debug_query_string;
        (!text.is_null()).then(|| Text::new(text, 0, 0))
    }
}

/// Watches a statement that starts: an authorised one by its token, and a
/// foreign key's own.
pub fn watch(query: *const pg_sys::QueryDesc, token: Token, key: bool) {
    let run = Run {
        query: query as usize,
        token: if key { 0 } else { token },
        subtransaction: subtransaction(),
        started: (!key).then(Instant::now),
        rows: 0,
        complete: false,
    };
    RUNS.with(|runs| runs.push(run));
    WATCHED.with(|n| *n += 1);
}

/// A statement that starts may stand where one stood that has ended in an error.
pub fn forget(query: *const pg_sys::QueryDesc) {
    RUNS.with(|runs| runs.retain(|run| run.query != query as usize));
    WATCHED.set(RUNS.with(|runs| runs.len() as u32));
}

/// What was before a statement that is entered.
#[derive(Clone, Copy)]
pub struct Before {
    current: Token,
    within_key: bool,
}

/// Makes a watched statement the current one; returns what was.
pub fn enter(query: *const pg_sys::QueryDesc) -> Before {
    let token =
        RUNS.with(|runs| runs.iter().find(|run| run.query == query as usize).map(|r| r.token));
    NOW.with(|n| {
        let before = Before { current: n.current, within_key: n.within_key };
        match token {
            Some(0) => n.within_key = true,
            Some(token) => n.current = token,
            None => {}
        }
        before
    })
}

/// Undoes [`enter`], and counts what was processed; `complete` where the
/// executor was asked for all.
pub fn leave(query: *const pg_sys::QueryDesc, before: Before, rows: u64, complete: bool) {
    NOW.with(|n| {
        n.current = before.current;
        n.within_key = before.within_key;
    });
    RUNS.with(|runs| {
        if let Some(run) = runs.iter_mut().find(|run| run.query == query as usize) {
            run.rows += rows;
            run.complete |= complete;
        }
    });
}

/// A change of `user` begins to fire its AFTER triggers. A key's own statement
/// among them is one again, wherever the change is nested. Returns what
/// [`finished`] needs.
#[inline(always)]
pub fn finishing(query: *mut pg_sys::QueryDesc, user: RoleId) -> Now {
    NOW.with(|n| {
        let before = *n;
        n.finishing = query;
        n.finisher = user;
        n.within_key = false;
        before
    })
}

/// Undoes [`finishing`].
#[inline(always)]
pub fn finished(before: Now) {
    NOW.with(|n| {
        n.finishing = before.finishing;
        n.finisher = before.finisher;
        n.within_key = before.within_key;
        n.current = before.current;
    });
}

/// The user whose change fires its AFTER triggers now: foreign-key actions act
/// on this user's behalf. 0 outside of that.
pub fn finisher() -> RoleId {
    NOW.get().finisher
}

/// Makes `token` current for `work`: what the preview itself tries out.
pub fn within<T>(token: Token, work: impl FnOnce() -> T) -> T {
    let before = NOW.with(|n| std::mem::replace(&mut n.current, token));
    let result = work();
    NOW.with(|n| n.current = before);
    result
}

/// Begins a utility statement; returns what [`leave_utility`] needs.
pub fn enter_utility(token: Token, text: Text) -> (Token, Option<Text>) {
    let before = NOW.with(|n| {
        n.used = false;
        std::mem::replace(&mut n.pending, token)
    });
    (before, UTILITY.with(|t| t.replace(text)))
}

/// Ends it; returns whether its token was used for something not watched.
pub fn leave_utility(before: (Token, Option<Text>)) -> bool {
    UTILITY.set(before.1);
    NOW.with(|n| {
        n.pending = before.0;
        std::mem::replace(&mut n.used, false)
    })
}

/// Stops watching a statement that ends, and keeps its report for
/// [`take_report`]; returns its token.
///
/// # Safety
/// A QueryDesc that was started and not yet ended.
pub unsafe fn end(query: *const pg_sys::QueryDesc) -> Token {
    let found = RUNS.with(|runs| {
        let at = runs.iter().position(|run| run.query == query as usize)?;
        Some(runs.swap_remove(at))
    });
    WATCHED.set(RUNS.with(|runs| runs.len() as u32));
    let Some(run) = found.filter(|run| run.token != 0) else {
        return 0;
    };
    let mut scanned = Vec::new();
    // SAFETY: the state of a started statement, and its range table.
    unsafe {
        if !(*query).planstate.is_null() && !(*query).estate.is_null() {
            rows_read((*query).planstate, (*(*query).estate).es_range_table, &mut scanned);
        }
    }
    let report = Report {
        rows: run.rows,
        milliseconds: run.started.map_or(0.0, |at| at.elapsed().as_secs_f64() * 1000.0),
        complete: run.complete,
        scanned,
    };
    REPORT.with(|r| *r = Some(report));
    run.token
}

/// The report of the statement that ended last.
pub fn take_report() -> Report {
    REPORT.with(|r| r.take()).unwrap_or_default()
}

/// Adds up the rows that the scans of a plan have read.
unsafe fn rows_read(
    state: *mut pg_sys::PlanState,
    entries: *mut pg_sys::List,
    into: &mut Vec<(RelId, f64)>,
) {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag of a plan says what it is; scans have a scanrelid.
    unsafe {
        let plan = (*state).plan;
        let scans = matches!(
            (*plan).type_,
            T_SeqScan
                | T_SampleScan
                | T_IndexScan
                | T_IndexOnlyScan
                | T_BitmapHeapScan
                | T_TidScan
                | T_TidRangeScan
                | T_ForeignScan
        );
        if scans && !(*state).instrument.is_null() {
            let number = (*plan.cast::<pg_sys::Scan>()).scanrelid as usize;
            let instrument = &mut *(*state).instrument;
            pg_sys::InstrEndLoop(instrument);
            let rows = instrument.ntuples + instrument.nfiltered1 + instrument.nfiltered2;
            if let Some(entry) = number.checked_sub(1).and_then(|n| cells(entries).nth(n)) {
                let relid = rel_id((*entry.cast::<pg_sys::RangeTblEntry>()).relid);
                match into.iter_mut().find(|(known, _)| *known == relid) {
                    Some((_, sum)) => *sum += rows,
                    None => into.push((relid, rows)),
                }
            }
        }
        server::each_plan_state(state, &mut |child| rows_read(child, entries, into));
    }
}

/// The number of the subtransaction that this is; those within it have higher
/// ones.
pub fn subtransaction() -> u32 {
    // SAFETY: reads the transaction's state.
    unsafe { GetCurrentSubTransactionId() }
}

/// A subtransaction begins.
pub fn subtransaction_began(id: u32) {
    let now = NOW.get();
    if now.current != 0 || now.pending != 0 || now.within_key || now.finisher != RoleId::NONE {
        BEFORE.with(|b| b.push((id, now)));
    }
}

/// A subtransaction ends: where it is undone, what was current at its start is
/// so again.
pub fn subtransaction_ended(id: u32, aborted: bool) {
    let before = BEFORE.with(|b| match b.last() {
        Some((last, _)) if *last == id => b.pop().map(|(_, now)| now),
        _ => None,
    });
    if aborted {
        NOW.set(before.unwrap_or(Now::NOTHING));
        if WATCHED.get() > 0 {
            // Those within it have higher numbers.
            RUNS.with(|runs| runs.retain(|run| run.subtransaction < id));
            WATCHED.set(RUNS.with(|runs| runs.len() as u32));
        }
    }
}

/// A transaction ends, and with it every statement.
pub fn transaction_ended() {
    if WATCHED.get() > 0 {
        RUNS.with(Vec::clear);
        WATCHED.set(0);
    }
    NOW.set(Now::NOTHING);
    UTILITY.set(None);
    BEFORE.with(|b| {
        if !b.is_empty() {
            b.clear();
        }
    });
}
