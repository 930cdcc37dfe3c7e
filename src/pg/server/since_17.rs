//! PostgreSQL 17 and later.

use pgrx::pg_sys;

/// Whether a part of ALTER TABLE gives a column new values, besides those parts
/// that all majors have: ALTER COLUMN ... SET EXPRESSION computes a generated
/// column anew.
pub fn overwrites(command: pg_sys::AlterTableType::Type) -> bool {
    command == pg_sys::AlterTableType::AT_SetExpression
}

/// The condition of a MERGE, where it is not that of the query's FROM; else
/// null.
pub fn merge_condition(query: &pg_sys::Query) -> *mut pg_sys::Node {
    query.mergeJoinCondition
}
