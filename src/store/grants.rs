//! Grants on tables that enter or leave staging, and on what spyne_views reads.

use serde_json::json;

use super::sql;
use crate::pg::catalogs;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::qualified;
use spyne_core::lifecycle::plan::Action;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::carry;
use spyne_core::lifecycle::plan::facts::Grant;

/// Takes the grants of a table away, keeps them for later, and opens the table
/// to engineers: what holds the read rule of SHADOW where the library is not
/// preloaded. To be called while elevated, as everything here.
pub fn suspend(relid: RelId) -> Result<()> {
    sql::write(
        "UPDATE spyne.tables t SET suspended_grants = spyne.describe(t.relation) -> 'grants'
         WHERE t.relation = ($1 ->> 'oid')::oid",
        json!({ "oid": relid.to_string() }),
    )?;
    let table = super::facts::table(relid)?;
    let engineers = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"].map(|privilege| Grant {
        grantee: Some("spyne_engineer".to_string()),
        privilege: privilege.to_string(),
        grantable: false,
        column: None,
    });
    replace(&table.address(), &table.grants, &engineers)
}

/// Gives back the grants that [`suspend`] took.
pub fn restore(relid: RelId) -> Result<()> {
    let held = suspended(relid)?;
    let table = super::facts::table(relid)?;
    replace(&table.address(), &table.grants, &held.unwrap_or_default())
}

/// The grants that were taken, less those of roles that are gone; None where
/// none were taken.
pub fn suspended(relid: RelId) -> Result<Option<Vec<Grant>>> {
    sql::read(
        "SELECT coalesce(jsonb_agg(g.item) FILTER (WHERE g.item IS NOT NULL AND
                    (g.item ->> 'grantee' IS NULL OR to_regrole(quote_ident(g.item ->> 'grantee')) IS NOT NULL)), '[]')
         FROM spyne.tables t LEFT JOIN jsonb_array_elements(t.suspended_grants) g(item) ON true
         WHERE t.relation = ($1 ->> 'oid')::oid AND t.suspended_grants IS NOT NULL
         GROUP BY t.relation",
        json!({ "oid": relid.to_string() }),
    )
}

fn replace(address: &str, held: &[Grant], wanted: &[Grant]) -> Result<()> {
    let mut plan = Plan::default();
    carry::replace_grants(&mut plan, address, &format!("TABLE {address}"), held, wanted);
    for step in &plan.steps {
        if let Action::Sql(statement) = &step.action {
            sql::run(statement)?;
        }
    }
    Ok(())
}

/// spyne_views reads governed tables alone.
pub fn revoke_from_views(relid: RelId) -> Result<()> {
    sql::run(&format!("REVOKE SELECT ON TABLE {} FROM spyne_views", catalogs::label(relid)))
}

/// Drops `governed.<name>`, which nothing uses.
pub fn drop_view(name: &str) -> Result<()> {
    sql::run(&format!("DROP VIEW {}", qualified("governed", name)))
}
