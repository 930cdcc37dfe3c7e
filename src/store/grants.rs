//! Grants on tables that enter or leave staging, and on what spyne_views reads.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use spyne_core::lifecycle::plan::facts::Grant;
use spyne_core::lifecycle::plan::{Plan, carry};

use super::query::{self, Query, Statement};
use super::table_facts;
use crate::pg::catalogs;
use crate::pg::elevate::Elevated;

static KEEP: Query<(RelId,), ()> = Query::write(
    "UPDATE spyne.tables t SET suspended_grants = spyne.describe(t.relation) -> 'grants' WHERE t.relation = $1",
);

/// Revokes the grants on a table, keeps them for later, and opens the table to
/// engineers. That holds the read rule of SHADOW where the library is not preloaded.
pub fn suspend(elevated: &Elevated, relid: RelId) -> Result<()> {
    KEEP.run(elevated, (relid,))?;
    let table = table_facts::describe(elevated, relid)?;
    let engineers = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"].map(|privilege| Grant {
        grantee: Some("spyne_engineer".to_string()),
        privilege: privilege.to_string(),
        grantable: false,
        column: None,
    });
    replace(elevated, &table.at, &table.grants, &engineers)
}

/// Grants again what [`suspend`] revoked.
pub fn restore(elevated: &Elevated, relid: RelId) -> Result<()> {
    let held = suspended(elevated, relid)?;
    let table = table_facts::describe(elevated, relid)?;
    replace(elevated, &table.at, &table.grants, &held.unwrap_or_default())
}

static SUSPENDED: Query<(RelId,), Option<Vec<Grant>>> =
    Query::read(include_str!("../../sql/queries/suspended_grants.sql"));

/// The grants that were revoked, without those of roles that are gone; None where none
/// were revoked.
pub fn suspended(elevated: &Elevated, relid: RelId) -> Result<Option<Vec<Grant>>> {
    Ok(SUSPENDED.maybe(elevated, (relid,))?.flatten())
}

fn replace(elevated: &Elevated, address: &Address, held: &[Grant], wanted: &[Grant]) -> Result<()> {
    let mut plan = Plan::default();
    carry::replace_grants(&mut plan, &address.shown(), address, held, wanted);
    for statement in plan.steps.iter().filter_map(|step| step.op.sql()) {
        query::run(elevated, &statement)?;
    }
    Ok(())
}

/// Revokes the grants of spyne_views on a table, because that role reads governed
/// tables only.
pub fn revoke_from_views(elevated: &Elevated, relid: RelId) -> Result<()> {
    match catalogs::address_of(relid) {
        Some(at) => query::run(
            elevated,
            &format!("REVOKE SELECT ON TABLE {} FROM spyne_views", at.quoted()),
        ),
        None => Ok(()),
    }
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&KEEP, &SUSPENDED];
