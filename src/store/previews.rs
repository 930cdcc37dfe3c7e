//! Previews and their runs. Everything here is to be called while elevated.

use pgrx::{JsonB, pg_sys};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sql;
use crate::pg::oids::AsOid;
use crate::pg::users;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::Address;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::record::{Run, RunStatus, Scanned};
use spyne_core::statement::preview::staleness::{Basis, FunctionBasis, RelationBasis};
use spyne_core::statement::query::relations::{Relation, Relations};
use std::collections::BTreeMap;

/// What the catalogs know of the relations and functions that a query uses.
#[derive(Debug, Deserialize)]
pub struct Facts {
    joins: BTreeMap<String, String>,
    relations: BTreeMap<RelId, Relation>,
    basis: BTreeMap<RelId, RelationBasis>,
    functions: BTreeMap<u32, FunctionBasis>,
}

/// The facts of `relations` and `functions`, and the basis that they and the
/// `fingerprint` make.
pub fn facts(
    relations: &[RelId],
    functions: &[u32],
    fingerprint: String,
) -> Result<(Relations, Basis)> {
    let found: Option<Facts> = sql::read(
        "SELECT spyne.preview_facts(
             ARRAY(SELECT r::oid FROM jsonb_array_elements_text($1 -> 'relations') r),
             ARRAY(SELECT f::oid FROM jsonb_array_elements_text($1 -> 'functions') f))",
        json!({ "relations": relations, "functions": functions }),
    )?;
    let found = found.unwrap_or_else(|| Facts {
        relations: BTreeMap::new(),
        basis: BTreeMap::new(),
        functions: BTreeMap::new(),
        joins: BTreeMap::new(),
    });
    let basis = Basis {
        fingerprint,
        relations: found.basis,
        functions: found.functions,
        joins: found.joins,
    };
    Ok((Relations(found.relations), basis))
}

/// What storing a preview tells.
#[derive(Debug, Default, Deserialize)]
pub struct Stored {
    pub preview_id: String,
    /// As text, with a time zone.
    pub expires_at: String,
}

/// Stores a preview that is good for `ttl` seconds, and clears a few old ones:
/// those that expired longer than `retention` seconds ago and were never run.
pub fn insert(preview: &Preview, ttl: i32, retention: i32) -> Result<Stored> {
    sql::write(
        "DELETE FROM spyne.query_previews p WHERE p.preview_id = ANY (ARRAY(
             SELECT o.preview_id FROM spyne.query_previews o
             WHERE o.expires_at < clock_timestamp() - make_interval(secs => ($1 ->> 'retention')::int)
               AND NOT EXISTS (SELECT FROM spyne.query_executions e WHERE e.preview_id = o.preview_id)
             ORDER BY o.expires_at LIMIT 50 FOR UPDATE SKIP LOCKED))",
        json!({ "retention": retention }),
    )?;
    let stored: Option<Stored> = sql::read_write(
        "INSERT INTO spyne.query_previews (user_oid, user_name, sql, statement, search_path, tables_used,
             join_versions, joins, filters, aggregations, assumptions, guardrails, dry_run, confidence,
             estimated_rows, estimated_cost, estimated_execution_time_ms, requires_confirmation, overrides,
             reason, include_deprecated, writes, basis, corrects, expires_at)
         SELECT (a ->> 'user_oid')::oid, a ->> 'user_name', a ->> 'sql', a ->> 'statement', a ->> 'search_path', a -> 'tables_used',
             ARRAY(SELECT jsonb_array_elements_text(a -> 'join_versions')), a -> 'joins', a -> 'filters', a -> 'aggregations',
             a -> 'assumptions', a -> 'guardrails', nullif(a -> 'dry_run', 'null'), (a ->> 'confidence')::float8,
             (a ->> 'estimated_rows')::float8, (a ->> 'estimated_cost')::float8, (a ->> 'estimated_execution_time_ms')::float8,
             (a ->> 'requires_confirmation')::bool, ARRAY(SELECT jsonb_array_elements_text(a -> 'overrides')),
             a ->> 'reason', (a ->> 'include_deprecated')::bool, (a ->> 'writes')::bool, a -> 'basis',
             (a ->> 'corrects')::uuid, clock_timestamp() + make_interval(secs => (a ->> 'ttl')::int)
         FROM (SELECT $1) x(a)
         RETURNING jsonb_build_object('preview_id', preview_id, 'expires_at', expires_at::text)",
        with(preview, json!({
            "ttl": ttl, "user_oid": preview.user_oid.to_string(),
        })),
    )?;
    Ok(stored.unwrap_or_default())
}

/// An id and an end for a preview that is not stored.
pub fn held(ttl: i32) -> Result<Stored> {
    let made: Option<Stored> = sql::read(
        "SELECT jsonb_build_object('preview_id', gen_random_uuid(),
             'expires_at', (clock_timestamp() + make_interval(secs => ($1 ->> 'ttl')::int))::text)",
        json!({ "ttl": ttl }),
    )?;
    Ok(made.unwrap_or_default())
}

/// A preview's fields as the arguments of a statement, with some more.
fn with(preview: &Preview, more: Value) -> Value {
    let mut all = serde_json::to_value(preview).unwrap_or_default();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

const PREVIEW: &str = "SELECT jsonb_build_object(
        'preview', to_jsonb(p) || jsonb_build_object('user_oid', p.user_oid::bigint),
        'expired', p.expires_at <= clock_timestamp(), 'used', p.used_at IS NOT NULL,
        'expires_in', extract(epoch FROM p.expires_at - clock_timestamp()), 'expires_at', p.expires_at::text)
    FROM spyne.query_previews p";

/// A stored preview, and whether it still authorises.
#[derive(Clone, Debug, Deserialize)]
pub struct Found {
    pub preview: Preview,
    pub expired: bool,
    pub used: bool,
    /// Seconds.
    pub expires_in: f64,
    pub expires_at: String,
}

impl Found {
    pub fn authorises(&self) -> bool {
        let used_up = self.used && self.preview.writes;
        !(self.expired || used_up || self.preview.requires_confirmation)
    }
}

/// The preview of a text by a user: the best there is. One that authorises,
/// else the newest.
pub fn find(user: RoleId, text: &str) -> Result<Option<Found>> {
    sql::read(
        &format!(
            "{PREVIEW} WHERE p.user_oid = ($1 ->> 'user')::oid AND md5(p.sql) = md5($1 ->> 'sql') AND p.sql = $1 ->> 'sql'
             ORDER BY p.expires_at > clock_timestamp() AND NOT p.requires_confirmation
                      AND (p.used_at IS NULL OR NOT p.writes) DESC, p.created_at DESC LIMIT 1"
        ),
        json!({ "user": user.to_string(), "sql": text }),
    )
}

/// A preview by its id; None where there is none of this user's (or, for an
/// admin, of anybody's).
pub fn by_id(id: &str, user: RoleId, admin: bool) -> Result<Option<Found>> {
    sql::read(
        &format!(
            "{PREVIEW} WHERE p.preview_id = ($1 ->> 'id')::uuid
               AND (p.user_oid = ($1 ->> 'user')::oid OR ($1 ->> 'admin')::bool)"
        ),
        json!({ "id": id, "user": user.to_string(), "admin": admin }),
    )
}

/// Takes the one run of a write: true for whoever is first. Waits for a session
/// that has taken it and not yet committed.
pub fn take(id: &str) -> Result<bool> {
    let taken: Option<bool> = sql::read_write(
        "UPDATE spyne.query_previews SET used_at = clock_timestamp()
         WHERE preview_id = ($1 ->> 'id')::uuid AND used_at IS NULL RETURNING to_jsonb(true)",
        json!({ "id": id }),
    )?;
    Ok(taken.is_some())
}

/// A run of a previewed statement.
#[derive(Debug, Serialize)]
pub struct Execution {
    pub preview_id: String,
    pub user_oid: RoleId,
    pub user_name: String,
    pub execution_time_ms: f64,
    pub result_count: u64,
    pub status: RunStatus,
    pub scanned: Vec<Scanned>,
}

/// Records a run that has used no joins, by a statement that is prepared once
/// in a session: it comes after every run. To be called within
/// `elevate::run_prepared`.
pub fn record_plain(execution: &Execution) -> Result<()> {
    sql::write_prepared(
        &INSERT_EXECUTION,
        "INSERT INTO spyne.query_executions (preview_id, user_oid, user_name, started_at, execution_time_ms,
             result_count, status, scanned)
         VALUES ($1::pg_catalog.uuid, $2, $3,
             pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $4), $5, $6, $7, $8)",
        &[
            pg_sys::TEXTOID,
            pg_sys::OIDOID,
            pg_sys::TEXTOID,
            pg_sys::FLOAT8OID,
            pg_sys::FLOAT8OID,
            pg_sys::INT8OID,
            pg_sys::TEXTOID,
            pg_sys::JSONBOID,
        ],
        &[
            execution.preview_id.as_str().into(),
            execution.user_oid.oid().into(),
            execution.user_name.as_str().into(),
            (execution.execution_time_ms / 1000.0).into(),
            execution.execution_time_ms.into(),
            i64::try_from(execution.result_count).unwrap_or(i64::MAX).into(),
            execution.status.as_str().into(),
            JsonB(serde_json::to_value(&execution.scanned).unwrap_or_default()).into(),
        ],
    )
}

static INSERT_EXECUTION: sql::Prepared = sql::Prepared::new(None);

/// Records a run, and the joins that it used.
pub fn record(execution: &Execution) -> Result<()> {
    sql::write(
        "WITH run AS (
             INSERT INTO spyne.query_executions (preview_id, user_oid, user_name, started_at, execution_time_ms,
                 result_count, status, scanned)
             SELECT (a ->> 'preview_id')::uuid, (a ->> 'user_oid')::oid, a ->> 'user_name',
                 clock_timestamp() - make_interval(secs => (a ->> 'execution_time_ms')::float8 / 1000),
                 (a ->> 'execution_time_ms')::float8, (a ->> 'result_count')::bigint, a ->> 'status', a -> 'scanned'
             FROM (SELECT $1) x(a)
             RETURNING execution_id, preview_id)
         INSERT INTO spyne.joins_used (execution_id, join_id, \"left\", left_columns, \"right\", right_columns)
         SELECT run.execution_id, j ->> 'join_id', j ->> 'left', ARRAY(SELECT jsonb_array_elements_text(j -> 'left_columns')),
                j ->> 'right', ARRAY(SELECT jsonb_array_elements_text(j -> 'right_columns'))
         FROM run JOIN spyne.query_previews p USING (preview_id), jsonb_array_elements(p.joins) j",
        serde_json::to_value(execution).unwrap_or_default(),
    )
}

/// Milliseconds for each unit of the planner's cost: the median of the last
/// hundred runs here. None under ten.
pub fn ms_per_cost() -> Result<Option<f64>> {
    sql::read(
        "SELECT to_jsonb(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms / r.cost))
         FROM (SELECT e.execution_time_ms AS ms, p.estimated_cost AS cost
               FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id)
               WHERE $1 IS NOT NULL AND e.status = 'completed' AND p.estimated_cost > 0
               ORDER BY e.execution_id DESC LIMIT 100) r
         HAVING count(*) >= 10",
        json!({}),
    )
}

/// A run by its id; None where there is none of this user's (or, for an admin,
/// of anybody's).
pub fn run(id: i64, user: RoleId, admin: bool) -> Result<Option<Run>> {
    sql::read(
        "SELECT to_jsonb(e) || jsonb_build_object('preview', to_jsonb(p) || jsonb_build_object('user_oid', p.user_oid::bigint),
                'started_at', to_char(e.started_at, 'YYYY-MM-DD HH24:MI:SS'))
         FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id)
         WHERE e.execution_id = ($1 ->> 'id')::bigint
           AND (e.user_oid = ($1 ->> 'user')::oid OR ($1 ->> 'admin')::bool)",
        json!({ "id": id, "user": user.to_string(), "admin": admin }),
    )
}

/// Stores what was corrected.
pub fn corrected(
    old: &str,
    new: &str,
    corrections: &Value,
    applied: &[String],
    user: RoleId,
) -> Result<()> {
    sql::write(
        "INSERT INTO spyne.query_corrections (corrected, new_preview_id, corrections, applied, user_oid, user_name)
         SELECT (a ->> 'old')::uuid, (a ->> 'new')::uuid,
                CASE jsonb_typeof(a -> 'corrections') WHEN 'array' THEN a -> 'corrections' ELSE jsonb_build_array(a -> 'corrections') END,
                ARRAY(SELECT jsonb_array_elements_text(a -> 'applied')), (a ->> 'user')::oid, a ->> 'name'
         FROM (SELECT $1) x(a)",
        json!({
            "old": old, "new": new, "corrections": corrections, "applied": applied,
            "user": user.to_string(), "name": users::name(user),
        }),
    )
}

/// Where the version of a logical name is, or without one its table in use.
/// Staging only for those who may see it.
pub fn logical(name: &str, version: Option<&str>, staging: bool) -> Result<Option<Address>> {
    sql::read(
        "SELECT jsonb_build_array(n.nspname, c.relname)
         FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE t.logical_name = $1 ->> 'name'
           AND CASE WHEN $1 ->> 'version' IS NOT NULL THEN t.version = $1 ->> 'version'
                    ELSE t.state IN ('ACTIVE', 'READ_ONLY') END
           AND (t.state <> 'SHADOW' OR ($1 ->> 'staging')::bool)
         ORDER BY t.state = 'ACTIVE' DESC LIMIT 1",
        json!({ "name": name, "version": version, "staging": staging }),
    )
}

/// The table of a version, for a name as a statement writes it: the logical
/// name, or the name of any of its tables, with or without the schema.
pub fn version_of(name: &str, version: &str, staging: bool) -> Result<Option<Address>> {
    sql::read(
        "SELECT jsonb_build_array(n.nspname, c.relname)
         FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE t.version = $1 ->> 'version' AND (t.state <> 'SHADOW' OR ($1 ->> 'staging')::bool)
           AND (t.logical_name = $1 ->> 'name' OR t.logical_name IN (
                SELECT o.logical_name FROM spyne.tables o JOIN pg_class k ON k.oid = o.relation
                JOIN pg_namespace m ON m.oid = k.relnamespace
                WHERE $1 ->> 'name' IN (k.relname, concat(m.nspname, '.', k.relname))))
         ORDER BY t.logical_name = $1 ->> 'name' DESC LIMIT 1",
        json!({ "name": name, "version": version, "staging": staging }),
    )
}

/// Whether a text is a uuid as Postgres writes it.
pub fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Names of tables and views, and logical names, that `user` may know of.
pub fn names(user: RoleId) -> Result<Vec<String>> {
    let found: Option<Vec<String>> = sql::read(
        "SELECT jsonb_agg(DISTINCT x.name) FROM (
             SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema|spyne)'
               AND has_schema_privilege(($1 ->> 'user')::oid, n.oid, 'USAGE')
               AND has_table_privilege(($1 ->> 'user')::oid, c.oid, 'SELECT')) x(name)",
        json!({ "user": user.to_string() }),
    )?;
    Ok(found.unwrap_or_default())
}
