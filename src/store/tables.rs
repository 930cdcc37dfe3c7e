//! Rows of `spyne.tables`, its history and its versions.

use serde::Deserialize;
use serde_json::json;

use super::{drift, sql};
use crate::pg::{catalogs, users};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::literal;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::registration;

/// What registration needs to know about a relation.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidate {
    pub oid: RelId,
    pub schema: String,
    pub name: String,
    pub kind: String,
    pub owner: RoleId,
    pub temporary: bool,
    pub is_partition: bool,
    /// The table it is a partition of, `schema.name`.
    pub parent: Option<String>,
    pub is_system: bool,
    /// The extension it belongs to.
    pub extension: Option<String>,
    /// Its state, where it is governed already.
    pub state: Option<State>,
    pub governed_as: Option<String>,
}

impl Candidate {
    pub fn label(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

const CANDIDATE: &str = "SELECT jsonb_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'owner', c.relowner::bigint, 'temporary', c.relpersistence = 't', 'is_partition', c.relispartition,
    'parent', (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition),
    'is_system', c.oid < 16384 OR n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') OR n.nspname LIKE 'pg\\_toast%',
    'extension', (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                    AND d.refclassid = 'pg_extension'::regclass),
    'state', t.state, 'governed_as', t.logical_name)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN spyne.tables t ON t.relation = c.oid";

/// Describes a relation. To be called while elevated, as everything here.
///
/// # Errors
/// 42P01 where there is none.
pub fn candidate(relid: RelId) -> Result<Candidate> {
    sql::read(
        &format!("{CANDIDATE} WHERE c.oid = ($1 ->> 'oid')::oid"),
        json!({ "oid": relid.to_string() }),
    )?
    .ok_or_else(|| {
        SpyneError::new(
            Code::UndefinedTable,
            format!("there is no relation with OID {relid}"),
            "It was dropped, or never existed.",
            "List the tables with \\dt, or: SELECT * FROM spyne.tables;",
        )
    })
}

/// The relations of a schema that could be governed, by name.
pub fn candidates_in(schema: u32) -> Result<Vec<Candidate>> {
    let found: Option<Vec<Candidate>> = sql::read(
        &format!(
            "SELECT jsonb_agg(x.item ORDER BY x.item ->> 'name') FROM ({CANDIDATE}
             WHERE c.relnamespace = ($1 ->> 'oid')::oid AND c.relkind IN ('r', 'p', 'f', 'm')) x(item)"
        ),
        json!({ "oid": schema.to_string() }),
    )?;
    Ok(found.unwrap_or_default())
}

/// One governed version.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    pub relation: RelId,
    pub state: State,
    pub name: String,
    pub version: String,
    pub owner: RoleId,
    pub home_schema: String,
    pub home_name: String,
    pub deprecated_minutes_ago: Option<f64>,
    /// Whether another version was promoted over it.
    pub superseded: bool,
}

const ROW: &str = "SELECT jsonb_build_object(
    'relation', t.relation::oid::bigint, 'state', t.state, 'name', t.logical_name, 'version', t.version,
    'owner', t.owner::oid::bigint, 'home_schema', t.home_schema, 'home_name', t.home_name,
    'deprecated_minutes_ago', extract(epoch FROM now() - t.deprecated_at) / 60,
    'superseded', t.superseded_by IS NOT NULL)
FROM spyne.tables t";

/// The row of a relation; None where it is not governed.
pub fn find(relid: RelId) -> Result<Option<Row>> {
    sql::read(
        &format!("{ROW} WHERE t.relation = ($1 ->> 'oid')::oid"),
        json!({ "oid": relid.to_string() }),
    )
}

/// As [`find`].
///
/// # Errors
/// 55000 where the relation is not governed.
pub fn governed(relid: RelId) -> Result<Row> {
    find(relid)?.ok_or_else(|| {
        let label = catalogs::label(relid);
        SpyneError::new(
            Code::WrongState,
            format!("table {label} is not governed"),
            "It has no state, so there is nothing to change or to show.",
            format!("Take it under governance: SELECT * FROM spyne_register({});", literal(&label)),
        )
    })
}

/// Every version of a name, locked against other changes of state until the
/// transaction ends, in a fixed order.
pub fn lock_versions(name: &str) -> Result<Vec<Row>> {
    sql::write(
        "SELECT FROM spyne.tables t WHERE t.logical_name = $1 ->> 'name' ORDER BY t.relation::oid FOR UPDATE",
        json!({ "name": name }),
    )?;
    versions(name)
}

/// Every version of a name.
pub fn versions(name: &str) -> Result<Vec<Row>> {
    let found: Option<Vec<Row>> = sql::read(
        &format!(
            "SELECT jsonb_agg(x.item) FROM ({ROW} WHERE t.logical_name = $1 ->> 'name' ORDER BY coalesce(t.deprecated_at, t.created_at), t.version) x(item)"
        ),
        json!({ "name": name }),
    )?;
    Ok(found.unwrap_or_default())
}

/// Versions of a name that exist or once did.
pub fn versions_ever(name: &str) -> Result<Vec<String>> {
    let found: Option<Vec<String>> = sql::read(
        "SELECT jsonb_agg(DISTINCT v) FROM (
             SELECT version FROM spyne.tables WHERE logical_name = $1 ->> 'name'
             UNION SELECT version FROM spyne.table_state_history WHERE logical_name = $1 ->> 'name') x(v)",
        json!({ "name": name }),
    )?;
    Ok(found.unwrap_or_default())
}

/// A new row.
pub struct NewRow<'a> {
    pub relation: RelId,
    pub state: State,
    pub name: &'a str,
    pub version: &'a str,
    pub owner: RoleId,
    pub home: (&'a str, &'a str),
}

/// Takes a table under governance: the row, its snapshot and its history.
///
/// # Errors
/// 42710 where another session has done so, or has taken the version, since the
/// caller looked.
pub fn insert(row: &NewRow, acting: RoleId, reason: Option<&str>) -> Result<()> {
    // Waits for a session that registers the same and has not committed.
    let inserted: Option<bool> = sql::read_write(
        "INSERT INTO spyne.tables (relation, state, logical_name, version, owner, home_schema, home_name)
         SELECT (a ->> 'oid')::oid::regclass, a ->> 'state', a ->> 'name', a ->> 'version',
                (a ->> 'owner')::oid::regrole, a ->> 'schema', a ->> 'table'
         FROM (SELECT $1) x(a)
         ON CONFLICT DO NOTHING
         RETURNING to_jsonb(true)",
        json!({
            "oid": row.relation.to_string(), "state": row.state.as_str(), "name": row.name,
            "version": row.version, "owner": row.owner.to_string(),
            "schema": row.home.0, "table": row.home.1,
        }),
    )?;
    if inserted.is_none() {
        return Err(lost_race(row));
    }
    snapshot(row.relation, row.name, row.version, acting)?;
    let label = catalogs::label(row.relation);
    history(row.name, row.version, &label, None, Some(row.state), acting, reason)
}

/// Another session was faster.
fn lost_race(row: &NewRow) -> SpyneError {
    let label = catalogs::label(row.relation);
    match find(row.relation) {
        Ok(Some(now)) => registration::governed_already(&label, now.state, &now.name),
        _ => SpyneError::new(
            Code::DuplicateObject,
            format!("cannot register {label}: {} was changed by another session", row.name),
            format!(
                "A version of {} was registered or promoted while this waited for it.",
                row.name
            ),
            format!(
                "Look at its versions, and run it again: SELECT * FROM spyne.tables WHERE logical_name = {};",
                literal(row.name)
            ),
        ),
    }
}

/// Stores the present shape of a relation as that of a version.
pub fn snapshot(relid: RelId, name: &str, version: &str, acting: RoleId) -> Result<()> {
    sql::write(
        "INSERT INTO spyne.table_versions (logical_name, version, schema_snapshot, created_by, origin)
         SELECT a ->> 'name', a ->> 'version', spyne.schema_snapshot((a ->> 'oid')::oid), a ->> 'by',
                spyne.origin_of((a ->> 'oid')::oid)
         FROM (SELECT $1) x(a)
         ON CONFLICT (logical_name, version) DO UPDATE
         SET schema_snapshot = excluded.schema_snapshot, created_at = excluded.created_at,
             created_by = excluded.created_by, origin = excluded.origin",
        json!({ "oid": relid.to_string(), "name": name, "version": version, "by": users::name(acting) }),
    )?;
    drift::note_unchanged(relid)
}

/// Adds a line to the history.
pub fn history(
    name: &str,
    version: &str,
    relation: &str,
    from: Option<State>,
    to: Option<State>,
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    sql::write(
        "INSERT INTO spyne.table_state_history
             (logical_name, version, relation, from_state, to_state, current_user_name, reason)
         SELECT a ->> 'name', a ->> 'version', a ->> 'relation', a ->> 'from', a ->> 'to', a ->> 'by', a ->> 'reason'
         FROM (SELECT $1) x(a)",
        json!({
            "name": name, "version": version, "relation": relation,
            "from": from.map(State::as_str), "to": to.map(State::as_str),
            "by": users::name(acting), "reason": reason,
        }),
    )
}

/// Ends governance of a relation.
pub fn delete(relid: RelId) -> Result<()> {
    sql::write(
        "DELETE FROM spyne.tables WHERE relation = ($1 ->> 'oid')::oid",
        json!({ "oid": relid.to_string() }),
    )
}

/// A setting that is data: `mode`.
pub fn config(key: &str) -> Result<Option<String>> {
    sql::read(
        "SELECT to_jsonb(value) FROM spyne.system_config WHERE key = $1 ->> 'key'",
        json!({ "key": key }),
    )
}

pub fn set_config(key: &str, value: &str, reason: &str, acting: RoleId) -> Result<()> {
    sql::write(
        "INSERT INTO spyne.system_config (key, value, reason, changed_by)
         SELECT a ->> 'key', a ->> 'value', a ->> 'reason', a ->> 'by' FROM (SELECT $1) x(a)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, reason = excluded.reason,
             changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        json!({ "key": key, "value": value, "reason": reason, "by": users::name(acting) }),
    )
}
