//! PostgreSQL 17.

use pgrx::pg_sys;

pub use super::since_16::*;
pub use super::until_17::*;

/// Whether a part of ALTER TABLE gives a column new values by itself, besides
/// those that all majors have: ALTER COLUMN ... SET EXPRESSION computes a
/// generated column anew.
pub fn overwrites(command: pg_sys::AlterTableType::Type) -> bool {
    command == pg_sys::AlterTableType::AT_SetExpression
}
