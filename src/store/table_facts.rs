//! A table as the system catalogs have it.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::lifecycle::plan::facts::Table;

use super::query::{Query, Statement};
use crate::pg::elevate::Elevated;

static DESCRIBE: Query<(RelId,), Option<Table>> = Query::read("SELECT spyne.describe($1)");

/// Describes one table.
///
/// # Errors
/// 42P01 where there is none.
pub fn describe(elevated: &Elevated, relid: RelId) -> Result<Table> {
    DESCRIBE.maybe(elevated, (relid,))?.flatten().ok_or_else(|| gone(relid))
}

fn gone(relid: RelId) -> SpyneError {
    SpyneError::new(
        Code::UndefinedTable,
        format!("there is no relation with OID {relid}"),
        "It was dropped while this ran.",
        "List the governed tables: SELECT * FROM spyne.tables;",
    )
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&DESCRIBE];
