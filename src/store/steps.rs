//! Carries out a plan.

use serde_json::json;

use super::{guards, sql, tables};
use crate::pg::{elevate, users};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::names::qualified;
use spyne_core::kernel::state::{State, StateSet};
use spyne_core::lifecycle::plan::{Action, Change, Plan};

/// Runs every step, in order. To be called while elevated and with the locks
/// held; `acting` is who asked.
pub fn execute(plan: &Plan, acting: RoleId, reason: Option<&str>) -> Result<()> {
    for step in &plan.steps {
        match &step.action {
            Action::Sql(statement) => sql::run(statement)?,
            Action::SqlAs { owner, sql: statement } => {
                let owner = users::role(owner).unwrap_or_default();
                elevate::step_down(owner, || sql::run(statement))?
            }
            Action::Change(change) => apply(change, acting, reason)?,
        }
    }
    Ok(())
}

/// Takes the governed view of a name away, to be made again.
pub fn drop_view(name: &str) -> Result<()> {
    sql::run(&format!("DROP VIEW {}", qualified("governed", name)))
}

/// Changes a table's state: its row, its history, its guards.
pub fn apply(change: &Change, acting: RoleId, reason: Option<&str>) -> Result<()> {
    sql::write(
        "UPDATE spyne.tables t
         SET state = a ->> 'to', version = a ->> 'version',
             supersedes = coalesce(a ->> 'supersedes', t.supersedes),
             home_schema = a ->> 'schema', home_name = a ->> 'table', updated_at = now(),
             deprecated_at = CASE WHEN a ->> 'to' = 'DEPRECATED' THEN now() END,
             deprecated_by = CASE WHEN a ->> 'to' = 'DEPRECATED' THEN a ->> 'by' END,
             sunset_at = CASE WHEN a ->> 'to' = 'DEPRECATED' THEN (a ->> 'sunset_at')::timestamptz END,
             suspended_grants = NULL,
             superseded_by = CASE WHEN a ->> 'to' = 'DEPRECATED' THEN a ->> 'superseded_by' END
         FROM (SELECT $1) x(a) WHERE t.relation = (a ->> 'oid')::oid",
        json!({
            "oid": change.oid.to_string(), "to": change.to.as_str(), "version": change.version,
            "supersedes": change.supersedes, "schema": change.home.0, "table": change.home.1,
            "by": users::name(acting), "sunset_at": change.sunset_at,
            "superseded_by": change.superseded_by,
        }),
    )?;
    // A promotion settles the version, and with it the shape that has it.
    if change.from == State::Shadow {
        tables::snapshot(change.oid, &change.name, &change.version, acting)?;
    }
    tables::history(
        &change.name,
        &change.version,
        &change.relation,
        Some(change.from),
        Some(change.to),
        acting,
        reason,
    )?;
    guards::install(change.oid, StateSet::of(change.to))
}
