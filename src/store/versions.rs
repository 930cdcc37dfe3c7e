//! Every version of every name, for resolution.

use spyne_core::kernel::error::Result;
use spyne_core::lifecycle::resolution::VersionOfName;

use super::query::{Query, Rights, Statement};

static ALL: Query<(), VersionOfName> = Query::read(
    "SELECT relation::oid AS relation, logical_name AS name, version, state
     FROM spyne.tables ORDER BY coalesce(deprecated_at, created_at), version",
);

/// All versions, oldest first.
pub fn all(rights: &impl Rights) -> Result<Vec<VersionOfName>> {
    ALL.all(rights, ())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&ALL];
