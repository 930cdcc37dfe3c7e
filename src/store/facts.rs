//! The snapshot that a takeover is planned from, in one read.

use serde_json::json;

use super::{sql, tables};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::qualified;
use spyne_core::lifecycle::plan::facts::{Facts, GovernedView, Table};
use spyne_core::lifecycle::plan::takeover::STAGING;

/// Describes one table. To be called while elevated, as everything here.
pub fn table(relid: RelId) -> Result<Table> {
    sql::read("SELECT spyne.describe(($1 ->> 'oid')::oid)", json!({ "oid": relid.to_string() }))?
        .ok_or_else(|| gone(relid))
}

fn gone(relid: RelId) -> SpyneError {
    SpyneError::new(
        Code::UndefinedTable,
        format!("there is no relation with OID {relid}"),
        "It was dropped while this ran.",
        "List the governed tables: SELECT * FROM spyne.tables;",
    )
}

/// The relations that a takeover of `incoming` locks, in the order of locking.
pub fn locks(name: &str, incoming: RelId, outgoing: Option<RelId>) -> Result<Vec<RelId>> {
    let found: Option<Vec<RelId>> = sql::read(
        "SELECT spyne.takeover_locks(a ->> 'name', (a ->> 'incoming')::oid, (a ->> 'outgoing')::oid)
         FROM (SELECT $1) x(a)",
        json!({
            "name": name, "incoming": incoming.to_string(),
            "outgoing": outgoing.map(|oid| oid.to_string()),
        }),
    )?;
    Ok(found.unwrap_or_default())
}

/// The view `governed.<name>`; None where there is none.
///
/// # Errors
/// 42710 where something else has its place: a view that spyne did not make
/// would be adopted, with whatever grants it has.
pub fn view(name: &str) -> Result<Option<GovernedView>> {
    let planted: Option<String> = sql::read(
        "SELECT to_jsonb(pg_get_userbyid(c.relowner))
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'governed' AND c.relname = $1 ->> 'name'
           AND (c.relkind <> 'v' OR c.relowner <> 'spyne_views'::regrole)",
        json!({ "name": name }),
    )?;
    match planted {
        None => own_view(name),
        Some(owner) => Err(SpyneError::new(
            Code::DuplicateObject,
            format!("governed.{name} exists, and is none of spyne's"),
            format!("{owner} owns it; spyne would hand it to everybody who reads governed data."),
            format!(
                "Drop it: SET spyne.enforcement = off; DROP VIEW {}; RESET spyne.enforcement;",
                qualified("governed", name)
            ),
        )),
    }
}

fn own_view(name: &str) -> Result<Option<GovernedView>> {
    sql::read(
        "SELECT jsonb_build_object(
             'columns', d -> 'shape' -> 'columns', 'grants', d -> 'grants', 'comment', d -> 'comment',
             'options', to_jsonb(c.reloptions), 'column_comments', d -> 'column_comments',
             'used_by', (SELECT coalesce(jsonb_agg(DISTINCT format('%I.%I', vn.nspname, v.relname)), '[]')
                         FROM pg_depend p JOIN pg_rewrite r ON p.classid = 'pg_rewrite'::regclass AND r.oid = p.objid
                         JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace
                         WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND v.oid <> c.oid))
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, spyne.describe(c.oid) d
         WHERE n.nspname = 'governed' AND c.relname = $1 ->> 'name' AND c.relkind = 'v'",
        json!({ "name": name }),
    )
}

/// Everything that a takeover by `incoming` is planned from.
pub fn takeover(
    incoming: &tables::Row,
    outgoing: Option<&tables::Row>,
    target_schema: Option<&str>,
) -> Result<Facts> {
    let governed = |row: &tables::Row| -> Result<serde_json::Value> {
        let described: Option<serde_json::Value> = sql::read(
            "SELECT spyne.describe(($1 ->> 'oid')::oid)",
            json!({ "oid": row.relation.to_string() }),
        )?;
        Ok(json!({
            "name": row.name, "version": row.version, "state": row.state,
            "home_schema": row.home_schema, "home_name": row.home_name,
            "table": described.ok_or_else(|| gone(row.relation))?,
        }))
    };
    let new = governed(incoming)?;
    let old = outgoing.map(governed).transpose()?;
    let schema = match (&old, target_schema) {
        (Some(old), _) => old["table"]["schema"].as_str().unwrap_or_default().to_string(),
        (None, Some(schema)) => schema.to_string(),
        (None, None) => match new["table"]["schema"].as_str().unwrap_or_default() {
            STAGING => "public".to_string(),
            _ if incoming.state == spyne_core::kernel::state::State::Deprecated => {
                incoming.home_schema.clone()
            }
            here => here.to_string(),
        },
    };
    let facts: Option<Facts> = sql::read(
        "SELECT jsonb_build_object(
             'incoming', $1 -> 'incoming', 'outgoing', $1 -> 'outgoing', 'versions', $1 -> 'versions',
             'dependents', CASE WHEN $1 -> 'outgoing' = 'null' THEN '[]'
                           ELSE spyne.dependents(($1 #>> '{outgoing,table,oid}')::oid) END,
             'names_at_target', (SELECT coalesce(jsonb_agg(c.relname), '[]') FROM pg_class c
                                 WHERE c.relnamespace = to_regnamespace(quote_ident($1 ->> 'schema'))),
             'target_schema_exists', to_regnamespace(quote_ident($1 ->> 'schema')) IS NOT NULL,
             'view', $1 -> 'view',
             'suspended_grants', $1 -> 'suspended_grants',
             'open_drift', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.report_id), '[]') FROM spyne.drift_reports r
                            WHERE r.logical_name = $1 #>> '{incoming,name}' AND r.status = 'open' AND r.source = 'table'
                              AND r.version IN ($1 #>> '{incoming,version}', $1 #>> '{outgoing,version}')))",
        json!({
            "incoming": new, "outgoing": old, "schema": schema,
            "versions": tables::versions_ever(&incoming.name)?,
            "suspended_grants": super::grants::suspended(incoming.relation)?,
            "view": view(&incoming.name)?.map(view_json),
        }),
    )?;
    facts.ok_or_else(|| gone(incoming.relation))
}

/// A view's facts on their way back into the snapshot.
fn view_json(view: GovernedView) -> serde_json::Value {
    serde_json::to_value(view).unwrap_or_default()
}
