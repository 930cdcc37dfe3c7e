//! PostgreSQL 16.

use pgrx::pg_sys;

pub use super::since_16::*;
pub use super::until_17::*;

/// Whether a part of ALTER TABLE gives a column new values by itself, besides
/// those that all majors have: none does.
pub fn overwrites(_command: pg_sys::AlterTableType::Type) -> bool {
    false
}
