//! The stored shapes of versions.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::query::{Query, Statement};
use crate::pg::elevate::Elevated;
use crate::pg::{digest, users};

static STORE: Query<(RelId, String, String, String), ()> =
    Query::write(include_str!("../../sql/queries/store_shape.sql"));

/// Stores the present shape of a relation as that of a version.
pub fn store(
    elevated: &Elevated,
    relid: RelId,
    name: &str,
    version: &str,
    acting: RoleId,
) -> Result<()> {
    STORE.run(elevated, (relid, name, version, &users::name(acting)))?;
    note_unchanged(elevated, relid)
}

static NOTE_UNCHANGED: Query<(RelId, i64), ()> = Query::write(
    "INSERT INTO spyne.snapshot_digests (relation, digest) VALUES ($1, $2)
     ON CONFLICT (relation) DO UPDATE SET digest = excluded.digest WHERE snapshot_digests.digest <> excluded.digest",
);

/// Stores the digest of a table whose shape is the one in force.
pub fn note_unchanged(elevated: &Elevated, relid: RelId) -> Result<()> {
    match digest::of(&[relid]).get(&relid) {
        Some(now) => NOTE_UNCHANGED.run(elevated, (relid, *now as i64)),
        None => Ok(()),
    }
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&STORE, &NOTE_UNCHANGED];
