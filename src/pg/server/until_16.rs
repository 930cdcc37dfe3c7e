//! PostgreSQL 15 and 16.

use pgrx::pg_sys;

/// Whether a part of ALTER TABLE gives a column new values, besides those parts
/// that all majors have: none does.
pub fn overwrites(_command: pg_sys::AlterTableType::Type) -> bool {
    false
}

/// The condition of a MERGE, where it is not that of the query's FROM: it is.
pub fn merge_condition(_query: &pg_sys::Query) -> *mut pg_sys::Node {
    std::ptr::null_mut()
}
