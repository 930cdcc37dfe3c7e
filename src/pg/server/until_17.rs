//! PostgreSQL 15 to 17.

use pgrx::pg_sys;

use super::shared::Hooks;

unsafe extern "C-unwind" {
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
        once: bool,
    );
}

/// ExecutorRun_hook.
pub type ExecutorRun =
    unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, pg_sys::ScanDirection::Type, u64, bool);

/// The standard function behind ExecutorRun_hook.
pub const EXECUTOR_RUN: ExecutorRun = standard_ExecutorRun;

/// How far ExecutorRun is to run a statement.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct RunArguments {
    direction: pg_sys::ScanDirection::Type,
    /// The most rows to fetch; 0 asks for all there are.
    pub count: u64,
    once: bool,
}

impl RunArguments {
    /// Has another hook, or the standard function, run the statement.
    ///
    /// # Safety
    /// The arguments are those that came with `query`.
    #[inline(always)]
    pub unsafe fn pass_to(self, next: ExecutorRun, query: *mut pg_sys::QueryDesc) {
        // SAFETY: as promised by the caller.
        unsafe { next(query, self.direction, self.count, self.once) }
    }
}

/// ExecutorRun_hook, as `H` has it.
///
/// # Safety
/// For Postgres to call.
pub unsafe extern "C-unwind" fn executor_run<H: Hooks<Arguments = RunArguments>>(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    once: bool,
) {
    // SAFETY: a trampoline.
    unsafe { H::run(query, RunArguments { direction, count, once }) }
}

/// pg_constraint.conrelid and contypid, by number.
pub const CONSTRAINT_COLUMNS: (i16, i16) = (8, 9);

/// pg_constraint.convalidated, by number.
pub const CONSTRAINT_VALIDATED: i32 = 7;

/// The column of a NOT NULL, by its row of pg_constraint. No table has such a row.
pub fn not_null_column(_constraint: pg_sys::HeapTuple) -> i16 {
    0
}

/// The description of a column of a row type, counted from 0; None where it has no such column.
///
/// # Safety
/// A valid descriptor, which outlives what is made of the result.
pub unsafe fn column<'a>(
    row: pg_sys::TupleDesc,
    at: usize,
) -> Option<&'a pg_sys::FormData_pg_attribute> {
    // SAFETY: a descriptor has `natts` attributes.
    unsafe { (*row).attrs.as_slice((*row).natts as usize).get(at) }
}

/// A query in which what is grouped by is written out wherever it is used: it
/// always is.
///
/// # Safety
/// A valid analyzed query.
pub unsafe fn with_groups_written_out(query: *mut pg_sys::Query) -> *mut pg_sys::Query {
    query
}
