//! PostgreSQL 15 and 16.

use pgrx::pg_sys;

/// Whether a part of ALTER TABLE gives a column new values, besides those parts
/// that all majors have: none does.
pub fn overwrites(_command: pg_sys::AlterTableType::Type) -> bool {
    false
}

/// Whether an action of a MERGE is for rows of the source without a match.
pub fn is_for_unmatched_source(action: &pg_sys::MergeAction) -> bool {
    !action.matched
}

/// Whether an action of a MERGE is for rows of its target without a match: there
/// is no such action.
pub fn is_for_unmatched_target(_action: &pg_sys::MergeAction) -> bool {
    false
}

/// The condition of a MERGE, where it is not that of the query's FROM: it is.
pub fn merge_condition(_query: &pg_sys::Query) -> *mut pg_sys::Node {
    std::ptr::null_mut()
}
