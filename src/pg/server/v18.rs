//! PostgreSQL 18: ExecutorRun has lost an argument, descriptors of rows are
//! compact, and what a query groups by is in a range table entry of its own.

use pgrx::pg_sys;

use super::shared::Hooks;
use crate::pg::lists::cells;

pub use super::since_16::*;
pub use super::since_17::*;

unsafe extern "C-unwind" {
    fn extractNotNullColumn(constraint: pg_sys::HeapTuple) -> i16;
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
    );
}

/// ExecutorRun_hook.
pub type ExecutorRun =
    unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, pg_sys::ScanDirection::Type, u64);

/// The standard function behind ExecutorRun_hook.
pub const EXECUTOR_RUN: ExecutorRun = standard_ExecutorRun;

/// How far ExecutorRun is to run a statement.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct RunArguments {
    direction: pg_sys::ScanDirection::Type,
    /// The most rows to fetch; 0 asks for all there are.
    pub count: u64,
}

impl RunArguments {
    /// Has another hook, or the standard function, run the statement.
    ///
    /// # Safety
    /// The arguments are those that came with `query`.
    #[inline(always)]
    pub unsafe fn pass_to(self, next: ExecutorRun, query: *mut pg_sys::QueryDesc) {
        // SAFETY: as promised by the caller.
        unsafe { next(query, self.direction, self.count) }
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
) {
    // SAFETY: a trampoline.
    unsafe { H::run(query, RunArguments { direction, count }) }
}

/// pg_constraint.conrelid and contypid, by number.
pub const CONSTRAINT_COLUMNS: (i16, i16) = (9, 10);

/// pg_constraint.convalidated, by number.
pub const CONSTRAINT_VALIDATED: i32 = 8;

/// The column of a NOT NULL, by its row of pg_constraint.
///
/// # Safety
/// A row of pg_constraint whose contype is `n`, and whose conrelid is a table.
pub unsafe fn not_null_column(constraint: pg_sys::HeapTuple) -> i16 {
    // SAFETY: as promised by the caller.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| extractNotNullColumn(constraint)) }
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
    unsafe {
        let at = i32::try_from(at).ok().filter(|at| *at < (*row).natts)?;
        Some(&*pg_sys::TupleDescAttr(row, at))
    }
}

/// A query in which what is grouped by is written out wherever it is used, as
/// in earlier majors: its target list and HAVING refer to columns of an entry
/// of kind RTE_GROUP, which stand for the expressions in its `groupexprs`. That
/// entry is the last one, and is left out. The result is the query itself, or a copy
/// of its top that shares the rest, so that the planner still gets the query as it
/// was analyzed.
///
/// # Safety
/// A valid analyzed query.
pub unsafe fn with_groups_written_out(query: *mut pg_sys::Query) -> *mut pg_sys::Query {
    // SAFETY: as promised by the caller. The function that replaces columns is
    // the one that Postgres's deparser uses, in the same way; it copies what it
    // changes, and may be given no planner.
    unsafe {
        if !(*query).hasGroupRTE {
            return query;
        }
        let written_out = |node: *mut pg_sys::Node| {
            pg_sys::flatten_group_exprs(std::ptr::null_mut(), query, node)
        };
        let copy = pg_sys::palloc(size_of::<pg_sys::Query>()).cast::<pg_sys::Query>();
        copy.copy_from_nonoverlapping(query, 1);
        (*copy).targetList = written_out((*query).targetList.cast()).cast();
        (*copy).havingQual = written_out((*query).havingQual);
        let last = (*(*query).rtable).length - 1;
        let is_group = cells((*query).rtable)
            .last()
            .map(|cell| (*cell.cast::<pg_sys::RangeTblEntry>()).rtekind)
            == Some(pg_sys::RTEKind::RTE_GROUP);
        if is_group {
            (*copy).rtable = pg_sys::list_truncate(pg_sys::list_copy((*query).rtable), last);
            (*copy).hasGroupRTE = false;
        }
        copy
    }
}
