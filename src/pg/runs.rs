//! What watched statements have done, so that their runs can be recorded.

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RelId;

use super::lists::cells;
use super::oids::rel_id;
use super::policy::policy;
use super::{frames, server};

/// Watches the change that fires its AFTER triggers now. Whether a change needs a
/// preview can show only by what its foreign keys reach.
pub fn watch_finishing(token: Token) {
    let Some(query) = frames::finishing() else {
        return;
    };
    // SAFETY: a statement that is being finished is valid until that is done, and
    // has a state; its frame is popped then.
    let (rows, since) = unsafe {
        let rows = (*query).estate.as_ref().map_or(0, |state| state.es_processed);
        (rows, pg_sys::GetCurrentStatementStartTimestamp())
    };
    frames::watch_finishing(token, rows, since);
}

/// Notes what a watched statement has read. Called when the statement is about to end.
///
/// # Safety
/// A QueryDesc that was started and not yet ended.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn ending(query: *const pg_sys::QueryDesc) {
    let mut scanned = Vec::new();
    // SAFETY: the state of a started statement, and its range table.
    unsafe {
        if !(*query).planstate.is_null() && !(*query).estate.is_null() {
            rows_read((*query).planstate, (*(*query).estate).es_range_table, &mut scanned);
        }
    }
    frames::ends(query, scanned);
}

/// Hands the report of a watched statement on. Called when the statement has ended.
///
/// # Safety
/// A QueryDesc that was watched; it need not be valid any more.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn ended(query: *const pg_sys::QueryDesc) {
    if let Some((token, report)) = frames::take(query) {
        (policy().finished)(token, report);
    }
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
