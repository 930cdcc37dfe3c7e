//! What the table of a shadow is made from, besides what LIKE copies.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::lifecycle::plan::entry::{ForeignKey, Lacking};

use super::query::{Query, Statement};
use crate::pg::elevate::Elevated;

static PARTITION_KEY: Query<(RelId,), Option<String>> =
    Query::read("SELECT pg_get_partkeydef($1) AS definition");

/// The partition key of a table; None where it is not partitioned.
pub fn partition_key(elevated: &Elevated, model: RelId) -> Result<Option<String>> {
    PARTITION_KEY.one(elevated, (model,))
}

static FOREIGN_KEYS: Query<(RelId,), ForeignKey> =
    Query::read(include_str!("../../sql/queries/foreign_keys_of_model.sql"));

/// The foreign keys of a table, which LIKE leaves out.
pub fn foreign_keys(elevated: &Elevated, model: RelId) -> Result<Vec<ForeignKey>> {
    FOREIGN_KEYS.all(elevated, (model,))
}

static LACKING: Query<(RoleId, RelId), Lacking> =
    Query::read(include_str!("../../sql/queries/lacking_for_copy.sql"));

/// The privileges that a role lacks to make a table like `model`.
pub fn lacking(elevated: &Elevated, role: RoleId, model: RelId) -> Result<Vec<Lacking>> {
    LACKING.all(elevated, (role, model))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&PARTITION_KEY, &FOREIGN_KEYS, &LACKING];
