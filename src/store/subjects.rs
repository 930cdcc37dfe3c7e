//! What the text of a refusal says about a table. It is read only when there is a
//! refusal.

use serde::Deserialize;
use spyne_core::gate::access::RefusedTable;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;

use super::query::{Query, Statement};
use crate::pg::elevate::Elevated;
use crate::pg::{cache, catalogs};

#[derive(Default, Deserialize)]
struct Found {
    name: String,
    version: String,
    deprecated_since: Option<String>,
    deprecated_by: Option<String>,
    successor: Option<String>,
}

static FIND: Query<(RelId,), Found> =
    Query::read(include_str!("../../sql/queries/subject_of_refusal.sql"));

/// Describes the governed table that binds `relid`.
pub fn describe(elevated: &Elevated, relid: RelId) -> Result<RefusedTable> {
    let governed = cache::governing(relid).unwrap_or(relid);
    let found = FIND.maybe(elevated, (governed,))?.unwrap_or_default();
    Ok(RefusedTable {
        relation: catalogs::relation_name(relid).shown(),
        governed: catalogs::relation_name(governed).shown(),
        name: found.name,
        version: found.version,
        deprecated_since: found.deprecated_since,
        deprecated_by: found.deprecated_by,
        successor: found.successor,
    })
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&FIND];
