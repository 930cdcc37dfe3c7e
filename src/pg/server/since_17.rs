//! PostgreSQL 17 and later.

use pgrx::pg_sys;

/// Whether a part of ALTER TABLE gives a column new values, besides those parts
/// that all majors have: ALTER COLUMN ... SET EXPRESSION computes a generated
/// column anew.
pub fn overwrites(command: pg_sys::AlterTableType::Type) -> bool {
    command == pg_sys::AlterTableType::AT_SetExpression
}

/// Whether an action of a MERGE is for rows of the source without a match.
pub fn is_for_unmatched_source(action: &pg_sys::MergeAction) -> bool {
    action.matchKind == pg_sys::MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_TARGET
}

/// Whether an action of a MERGE is for rows of its target without a match.
pub fn is_for_unmatched_target(action: &pg_sys::MergeAction) -> bool {
    action.matchKind == pg_sys::MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_SOURCE
}

/// The condition of a MERGE, where it is not that of the query's FROM; else
/// null.
pub fn merge_condition(query: &pg_sys::Query) -> *mut pg_sys::Node {
    query.mergeJoinCondition
}
