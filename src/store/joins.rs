//! Join candidates and accepted joins: rows of the catalog, and what discovery
//! needs to know of tables.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::sql;
use crate::pg::users;
use spyne_core::joins::candidate::NewCandidate;
use spyne_core::joins::cover::Known;
use spyne_core::joins::graph::Edge;
use spyne_core::joins::kinds::{JoinType, Risk};
use spyne_core::joins::status::{CandidateStatus, JoinStatus};
use spyne_core::joins::table::{Class, Column, Reference, Statistics, Table};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};

/// A table as spyne.join_tables describes it.
#[derive(Debug, Deserialize)]
struct Described {
    oid: RelId,
    name: String,
    shown: String,
    source: Option<String>,
    samples: bool,
    rows: Option<f64>,
    bytes: Option<f64>,
    stale: Option<f64>,
    signature: Option<String>,
    columns: Vec<DescribedColumn>,
    keys: Vec<Vec<usize>>,
    has_primary_key: bool,
    references: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
struct DescribedColumn {
    name: String,
    data_type: String,
    is_shown: bool,
    #[serde(rename = "type")]
    base: u32,
    kind: String,
    scale: Option<i32>,
}

#[derive(Debug, Deserialize)]
struct KnownOfColumn {
    relation: RelId,
    column: String,
    null_share: f64,
    distinct: f64,
    width: f64,
    low: Option<String>,
    high: Option<String>,
}

/// Bytes of a page of a table that was never analyzed, for one row: as the
/// planner guesses, at ten pages to begin with, a hundred bytes a row.
const BYTES_A_ROW: f64 = 100.0;

/// The share of rows that may have changed since statistics were gathered for them
/// to be relied on.
const STALE: f64 = 0.2;

/// What there is to look at. Those that the caller may not read have no source,
/// and come second.
pub struct Tables {
    pub readable: Vec<Table>,
    pub hidden: Vec<Table>,
}

/// The tables that joins are looked for in: of these schemas, or these relations.
/// To be called while elevated; `acting` is the caller.
pub fn tables(
    schemas: Option<&[u32]>,
    relations: Option<&[RelId]>,
    acting: RoleId,
) -> Result<Tables> {
    let found: Option<Vec<Described>> = sql::read(
        "SELECT spyne.join_tables(
             CASE WHEN $1 -> 'schemas' <> 'null' THEN ARRAY(SELECT x::oid FROM jsonb_array_elements_text($1 -> 'schemas') x) END,
             CASE WHEN $1 -> 'relations' <> 'null' THEN ARRAY(SELECT x::oid FROM jsonb_array_elements_text($1 -> 'relations') x) END,
             ($1 ->> 'acting')::oid)",
        json!({
            "schemas": schemas, "relations": relations, "acting": acting.to_string(),
        }),
    )?;
    let (mut readable, mut hidden) = (Vec::new(), Vec::new());
    for described in found.unwrap_or_default() {
        let has_source = described.source.is_some();
        let table = made(described);
        if has_source { readable.push(table) } else { hidden.push(table) }
    }
    Ok(Tables { readable, hidden })
}

fn made(described: Described) -> Table {
    let stale = described.stale.unwrap_or(0.0);
    let analyzed = described.rows.filter(|rows| stale <= STALE * rows + 50.0);
    Table {
        oid: described.oid,
        name: described.name,
        shown: described.shown,
        source: described.source.unwrap_or_default(),
        samples: described.samples,
        rows: analyzed,
        guessed_rows: described
            .rows
            .map(|rows| rows + stale)
            .or(described.bytes.map(|bytes| bytes / BYTES_A_ROW)),
        signature: described.signature.unwrap_or_default(),
        columns: described
            .columns
            .into_iter()
            .map(|c| Column {
                class: Class::of(c.base, &c.kind, c.scale),
                base: c.base,
                name: c.name,
                data_type: c.data_type,
                is_shown: c.is_shown,
                statistics: None,
            })
            .collect(),
        keys: described.keys,
        has_primary_key: described.has_primary_key,
        references: described.references,
    }
}

/// The tables with what statistics know of their columns, as far as the caller may
/// see them. To be called as the caller.
pub fn with_statistics(mut tables: Vec<Table>) -> Result<Vec<Table>> {
    let analyzed: Vec<RelId> =
        tables.iter().filter(|t| t.rows.is_some_and(|rows| rows > 0.0)).map(|t| t.oid).collect();
    let known: Option<Vec<KnownOfColumn>> = sql::read(
        "SELECT spyne.column_statistics((SELECT array_agg(x::oid) FROM jsonb_array_elements_text($1 -> 'relations') x))",
        json!({ "relations": analyzed }),
    )?;
    for row in known.unwrap_or_default() {
        let Some(table) = tables.iter_mut().find(|t| t.oid == row.relation) else {
            continue;
        };
        let number = |text: Option<String>| text.and_then(|t| t.parse().ok());
        if let Some(column) = table.columns.iter_mut().find(|c| c.name == row.column) {
            column.statistics = Some(Statistics {
                null_share: row.null_share,
                distinct: row.distinct,
                width: row.width,
                low: number(row.low),
                high: number(row.high),
            });
        }
    }
    Ok(tables)
}

/// A stored candidate.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidate {
    pub candidate_id: i64,
    pub name1: String,
    pub table1: RelId,
    pub columns1: Vec<String>,
    pub name2: String,
    pub table2: RelId,
    pub columns2: Vec<String>,
    pub join_type: String,
    pub condition: String,
    pub confidence: f64,
    pub confidence_level: String,
    pub reason: String,
    pub assumptions: Vec<String>,
    pub risk_level: String,
    pub validation_stats: Option<Value>,
    pub status: CandidateStatus,
    pub rejected_by: Option<String>,
    pub rejected_because: Option<String>,
    /// Seconds since 2000-01-01, as Postgres counts.
    pub expires_at: f64,
    pub expired: bool,
}

/// `c` is a row of spyne.join_candidates; the tables are those that its names mean
/// now.
const CANDIDATE: &str = "SELECT to_jsonb(c) || jsonb_build_object(
        'table1', coalesce(t1.relation::oid, c.table1::oid)::int8, 'table2', coalesce(t2.relation::oid, c.table2::oid)::int8,
        'expires_at', extract(epoch FROM c.expires_at - '2000-01-01 00:00+00'::timestamptz), 'expired', c.expires_at <= clock_timestamp())
    FROM spyne.join_candidates c
    LEFT JOIN LATERAL (SELECT t.relation FROM spyne.tables t WHERE t.logical_name = c.name1 AND t.state IN ('ACTIVE', 'READ_ONLY')
                       ORDER BY t.state = 'ACTIVE' DESC LIMIT 1) t1 ON true
    LEFT JOIN LATERAL (SELECT t.relation FROM spyne.tables t WHERE t.logical_name = c.name2 AND t.state IN ('ACTIVE', 'READ_ONLY')
                       ORDER BY t.state = 'ACTIVE' DESC LIMIT 1) t2 ON true";

/// Stores candidates; those that are known keep their numbers, and what people
/// have said of them while the evidence is the same. Of the tables that were
/// looked at, those that were found before and not now expire.
pub fn store(
    candidates: &[NewCandidate],
    looked_at: Option<&[String]>,
    ttl_seconds: i32,
    acting: RoleId,
) -> Result<()> {
    sql::write(
        "INSERT INTO spyne.join_candidates AS c (
             name1, table1, columns1, name2, table2, columns2, join_type, condition, confidence, confidence_level,
             reason, assumptions, risk_level, evidence, finding, source, created_by, expires_at)
         SELECT x ->> 'name1', (x ->> 'table1')::oid, ARRAY(SELECT jsonb_array_elements_text(x -> 'columns1')),
                x ->> 'name2', (x ->> 'table2')::oid, ARRAY(SELECT jsonb_array_elements_text(x -> 'columns2')),
                x ->> 'join_type', x ->> 'condition', (x ->> 'confidence')::float8, x ->> 'confidence_level',
                x ->> 'reason', ARRAY(SELECT jsonb_array_elements_text(x -> 'assumptions')), x ->> 'risk_level',
                x -> 'evidence', x ->> 'finding', x ->> 'source', a ->> 'by',
                clock_timestamp() + make_interval(secs => (a ->> 'ttl')::float8)
         FROM (SELECT $1) y(a), jsonb_array_elements(a -> 'candidates') x
         ON CONFLICT (name1, columns1, name2, columns2) DO UPDATE SET
             table1 = excluded.table1, table2 = excluded.table2, join_type = excluded.join_type,
             condition = excluded.condition, confidence = excluded.confidence,
             confidence_level = excluded.confidence_level, reason = excluded.reason,
             assumptions = excluded.assumptions, risk_level = excluded.risk_level,
             evidence = excluded.evidence, finding = excluded.finding,
             source = CASE WHEN c.source = 'proposed' AND excluded.source = 'discovered' THEN 'proposed' ELSE excluded.source END,
             updated_at = clock_timestamp(), expires_at = excluded.expires_at,
             status = CASE WHEN c.status = 'rejected' AND c.finding <> excluded.finding THEN 'open' ELSE c.status END,
             rejected_by = CASE WHEN c.finding = excluded.finding THEN c.rejected_by END,
             rejected_at = CASE WHEN c.finding = excluded.finding THEN c.rejected_at END,
             rejected_because = CASE WHEN c.finding = excluded.finding THEN c.rejected_because END",
        json!({ "candidates": candidates, "ttl": ttl_seconds, "by": users::name(acting) }),
    )?;
    let Some(looked_at) = looked_at else {
        return Ok(());
    };
    sql::write(
        "UPDATE spyne.join_candidates c SET expires_at = clock_timestamp()
         FROM (SELECT ARRAY(SELECT jsonb_array_elements_text($1 -> 'names'))) y(names)
         WHERE c.status = 'open' AND c.source <> 'proposed' AND c.expires_at > clock_timestamp()
           AND c.name1 = ANY (names) AND c.name2 = ANY (names)
           AND NOT EXISTS (SELECT FROM jsonb_array_elements($1 -> 'candidates') x
                           WHERE x ->> 'name1' = c.name1 AND x ->> 'name2' = c.name2
                             AND x -> 'columns1' = to_jsonb(c.columns1) AND x -> 'columns2' = to_jsonb(c.columns2))",
        json!({ "candidates": candidates, "names": looked_at }),
    )
}

/// The candidates that are open or accepted and have not expired: all, those of
/// one logical table, or those between two.
pub fn candidates(name1: Option<&str>, name2: Option<&str>) -> Result<Vec<Candidate>> {
    let found: Option<Vec<Candidate>> = sql::read(
        &format!(
            "SELECT jsonb_agg(x.item ORDER BY (x.item ->> 'confidence')::float8 DESC, (x.item ->> 'candidate_id')::int8)
             FROM ({CANDIDATE} WHERE c.status <> 'rejected' AND c.expires_at > clock_timestamp()
                     AND ($1 -> 'one' = 'null' OR $1 ->> 'one' IN (c.name1, c.name2))
                     AND ($1 -> 'other' = 'null'
                          OR ($1 ->> 'other' IN (c.name1, c.name2) AND ($1 ->> 'one' <> $1 ->> 'other' OR c.name1 = c.name2)))) x(item)"
        ),
        json!({ "one": name1.or(name2), "other": name2.filter(|_| name1.is_some()) }),
    )?;
    Ok(found.unwrap_or_default())
}

/// The number of the candidate over these columns.
pub fn candidate_over(new: &NewCandidate) -> Result<Option<i64>> {
    sql::read(
        "SELECT to_jsonb(c.candidate_id) FROM spyne.join_candidates c
         WHERE c.name1 = $1 ->> 'name1' AND c.name2 = $1 ->> 'name2'
           AND to_jsonb(c.columns1) = $1 -> 'columns1' AND to_jsonb(c.columns2) = $1 -> 'columns2'",
        serde_json::to_value(new).unwrap_or_default(),
    )
}

/// A candidate by its number.
pub fn candidate(candidate_id: i64) -> Result<Option<Candidate>> {
    sql::read(
        &format!("{CANDIDATE} WHERE c.candidate_id = ($1 ->> 'id')::int8"),
        json!({ "id": candidate_id }),
    )
}

/// As [`candidate`], locked until the transaction ends.
pub fn lock_candidate(candidate_id: i64) -> Result<Option<Candidate>> {
    sql::read_write(
        &format!("{CANDIDATE} WHERE c.candidate_id = ($1 ->> 'id')::int8 FOR UPDATE OF c"),
        json!({ "id": candidate_id }),
    )
}

/// Takes a candidate out of what is suggested, for as long as its evidence is the
/// same.
pub fn reject(candidate_id: i64, reason: &str, acting: RoleId) -> Result<()> {
    sql::write(
        "UPDATE spyne.join_candidates SET status = 'rejected', rejected_by = $1 ->> 'by',
             rejected_at = clock_timestamp(), rejected_because = $1 ->> 'reason'
         WHERE candidate_id = ($1 ->> 'id')::int8",
        json!({ "id": candidate_id, "reason": reason, "by": users::name(acting) }),
    )
}

/// Keeps what a validation has measured, with the risk and the kind of join that
/// come of it.
pub fn keep_validation(
    candidate_id: i64,
    stats: &Value,
    risk: Risk,
    join_type: JoinType,
) -> Result<()> {
    sql::write(
        "UPDATE spyne.join_candidates SET validation_stats = $1 -> 'stats', risk_level = $1 ->> 'risk', join_type = $1 ->> 'type'
         WHERE candidate_id = ($1 ->> 'id')::int8",
        json!({ "id": candidate_id, "stats": stats, "risk": risk, "type": join_type }),
    )
}

/// An accepted join.
#[derive(Clone, Debug, Deserialize)]
pub struct Accepted {
    pub join_id: String,
    pub table1: Option<RelId>,
    pub columns1: Vec<String>,
    pub table2: Option<RelId>,
    pub columns2: Vec<String>,
    pub role: String,
    pub version: i32,
    pub join_type: String,
    pub condition: String,
    pub cardinality: String,
    pub status: JoinStatus,
    pub rationale: String,
    pub owner: RoleId,
    pub confidence: f64,
    pub evidence: Value,
    pub validation_stats: Value,
    pub accepted_by: String,
    /// Seconds since 2000-01-01, as Postgres counts.
    pub accepted_at: f64,
    pub validated_at: f64,
    pub suspect_because: Option<String>,
    pub superseded_by: Option<String>,
}

const ACCEPTED: &str = "SELECT to_jsonb(j) || jsonb_build_object(
        'owner', j.owner::oid::int8,
        'accepted_at', extract(epoch FROM j.accepted_at - '2000-01-01 00:00+00'::timestamptz),
        'validated_at', extract(epoch FROM j.validated_at - '2000-01-01 00:00+00'::timestamptz),
        'table1', (SELECT t.relation::oid::int8 FROM spyne.tables t WHERE t.logical_name = j.name1 AND t.state IN ('ACTIVE', 'READ_ONLY')
                   ORDER BY t.state = 'ACTIVE' DESC LIMIT 1),
        'table2', (SELECT t.relation::oid::int8 FROM spyne.tables t WHERE t.logical_name = j.name2 AND t.state IN ('ACTIVE', 'READ_ONLY')
                   ORDER BY t.state = 'ACTIVE' DESC LIMIT 1))
    FROM spyne.accepted_joins j";

/// A join by its id.
pub fn accepted(join_id: &str) -> Result<Option<Accepted>> {
    sql::read(&format!("{ACCEPTED} WHERE j.join_id = $1 ->> 'id'"), json!({ "id": join_id }))
}

/// The ids of all joins.
pub fn join_ids() -> Result<Vec<String>> {
    let found: Option<Vec<String>> = sql::read(
        "SELECT jsonb_agg(j.join_id) FROM spyne.accepted_joins j WHERE $1 IS NOT NULL",
        json!({}),
    )?;
    Ok(found.unwrap_or_default())
}

/// The joins of a pair of tables in one role, the newest version first.
pub fn versions(name1: &str, name2: &str, role: &str) -> Result<Vec<Accepted>> {
    let found: Option<Vec<Accepted>> = sql::read(
        &format!(
            "SELECT jsonb_agg(x.item ORDER BY (x.item ->> 'version')::int4 DESC)
             FROM ({ACCEPTED} WHERE j.name1 = $1 ->> 'name1' AND j.name2 = $1 ->> 'name2' AND j.role = $1 ->> 'role') x(item)"
        ),
        json!({ "name1": name1, "name2": name2, "role": role }),
    )?;
    Ok(found.unwrap_or_default())
}

/// The join in force over these columns, in whatever role.
pub fn in_force_over(candidate: &Candidate) -> Result<Option<Accepted>> {
    sql::read(
        &format!(
            "{ACCEPTED} WHERE j.status <> 'deprecated' AND j.name1 = $1 ->> 'name1' AND j.name2 = $1 ->> 'name2'
               AND to_jsonb(j.columns1) = $1 -> 'columns1' AND to_jsonb(j.columns2) = $1 -> 'columns2'"
        ),
        json!({
            "name1": candidate.name1, "name2": candidate.name2,
            "columns1": candidate.columns1, "columns2": candidate.columns2,
        }),
    )
}

/// One acceptance at a time: which version comes next has one answer.
pub fn lock_acceptance() -> Result<()> {
    sql::run("LOCK TABLE spyne.accepted_joins IN SHARE ROW EXCLUSIVE MODE")
}

/// Whether row level security hides rows of a table from the caller. To be called as
/// the caller.
pub fn has_hidden_rows(relations: &[RelId]) -> Result<bool> {
    let found: Option<bool> = sql::read(
        "SELECT to_jsonb(bool_or(row_security_active(r::oid))) FROM jsonb_array_elements_text($1) r",
        json!(relations),
    )?;
    Ok(found.unwrap_or(false))
}

/// Takes a rejection back: somebody who may has more to say for it.
pub fn reopen(candidate_id: i64) -> Result<()> {
    sql::write(
        "UPDATE spyne.join_candidates SET status = 'open', rejected_by = NULL, rejected_at = NULL, rejected_because = NULL
         WHERE candidate_id = ($1 ->> 'id')::int8 AND status = 'rejected'",
        json!({ "id": candidate_id }),
    )
}

/// Puts all joins of a name in doubt: whatever has it next may be something else.
pub fn suspect_all(name: &str, because: &str) -> Result<()> {
    sql::write(
        "UPDATE spyne.accepted_joins SET status = 'suspect', suspect_since = clock_timestamp(), suspect_because = $1 ->> 'because'
         WHERE status = 'accepted' AND $1 ->> 'name' IN (name1, name2)",
        json!({ "name": name, "because": because }),
    )
}

/// What is to be put on record of an acceptance.
#[derive(Debug, serde::Serialize)]
pub struct NewAccepted<'a> {
    pub join_id: &'a str,
    pub candidate_id: i64,
    pub role: &'a str,
    pub version: i32,
    pub join_type: JoinType,
    pub condition: &'a str,
    pub cardinality: &'a str,
    pub rationale: &'a str,
    pub owner: String,
    pub stats: &'a Value,
    pub overridden: &'a [String],
    pub by: String,
}

/// Accepts a candidate, as the successor of `supersedes`.
pub fn accept(new: &NewAccepted, supersedes: Option<&Accepted>) -> Result<()> {
    if let Some(old) = supersedes {
        let reason = format!("superseded by {}", new.join_id);
        deprecate(&old.join_id, &reason, &new.by, Some(new.join_id))?;
    }
    sql::write(
        "INSERT INTO spyne.accepted_joins (join_id, name1, columns1, name2, columns2, role, version, join_type, condition,
             cardinality, rationale, owner, candidate_id, confidence, evidence, validation_stats, validated_at, overridden, accepted_by)
         SELECT a ->> 'join_id', c.name1, c.columns1, c.name2, c.columns2, a ->> 'role', (a ->> 'version')::int4,
                a ->> 'join_type', a ->> 'condition', a ->> 'cardinality', a ->> 'rationale', (a ->> 'owner')::oid,
                c.candidate_id, c.confidence, c.evidence, a -> 'stats', clock_timestamp(),
                ARRAY(SELECT jsonb_array_elements_text(a -> 'overridden')), a ->> 'by'
         FROM (SELECT $1) x(a), spyne.join_candidates c WHERE c.candidate_id = (a ->> 'candidate_id')::int8",
        serde_json::to_value(new).unwrap_or_default(),
    )?;
    sql::write(
        "UPDATE spyne.join_candidates SET status = 'accepted' WHERE candidate_id = ($1 ->> 'id')::int8",
        json!({ "id": new.candidate_id }),
    )
}

/// Takes a join out of force; its candidate is open again.
pub fn deprecate(join_id: &str, reason: &str, by: &str, successor: Option<&str>) -> Result<()> {
    sql::write(
        "WITH gone AS (
             UPDATE spyne.accepted_joins j SET status = 'deprecated', deprecated_at = clock_timestamp(),
                 deprecated_by = a ->> 'by', deprecated_because = a ->> 'reason', superseded_by = a ->> 'successor'
             FROM (SELECT $1) x(a) WHERE j.join_id = a ->> 'id' RETURNING j.candidate_id)
         UPDATE spyne.join_candidates c SET status = 'open' FROM gone WHERE c.candidate_id = gone.candidate_id AND c.status = 'accepted'",
        json!({ "id": join_id, "reason": reason, "by": by, "successor": successor }),
    )
}

/// Puts on record that a join was validated again, and holds.
pub fn revalidated(join_id: &str, stats: &Value, cardinality: &str) -> Result<()> {
    sql::write(
        "UPDATE spyne.accepted_joins SET status = 'accepted', suspect_since = NULL, suspect_because = NULL,
             validated_at = clock_timestamp(), validation_stats = $1 -> 'stats', cardinality = $1 ->> 'cardinality'
         WHERE join_id = $1 ->> 'id' AND status <> 'deprecated'",
        json!({ "id": join_id, "stats": stats, "cardinality": cardinality }),
    )
}

/// Puts the joins in doubt that use a column which has changed.
pub fn suspect(name: &str, column: &str, because: &str) -> Result<()> {
    sql::write(
        "UPDATE spyne.accepted_joins j SET status = 'suspect', suspect_since = clock_timestamp(), suspect_because = a ->> 'because'
         FROM (SELECT $1) x(a)
         WHERE j.status = 'accepted' AND (j.name1 = a ->> 'name' AND a ->> 'column' = ANY (j.columns1)
                                          OR j.name2 = a ->> 'name' AND a ->> 'column' = ANY (j.columns2))",
        json!({ "name": name, "column": column, "because": because }),
    )
}

/// Puts the joins of a name in doubt whose columns another table, which takes it
/// over, has not or has otherwise. To be called before it does.
pub fn suspect_where_changed(name: &str, successor: RelId) -> Result<()> {
    sql::write(
        "WITH a AS (SELECT $1 ->> 'name' AS name, ($1 ->> 'successor')::oid AS successor,
                        (SELECT t.relation::oid FROM spyne.tables t WHERE t.logical_name = $1 ->> 'name' AND t.state IN ('ACTIVE', 'READ_ONLY')
                         ORDER BY t.state = 'ACTIVE' DESC LIMIT 1) AS old)
         UPDATE spyne.accepted_joins j
         SET status = 'suspect', suspect_since = clock_timestamp(),
             suspect_because = format('column %s of %s is another in the version that took over', changed.name, a.name)
         FROM a, LATERAL (
             SELECT c.name FROM spyne.accepted_joins k, unnest(CASE WHEN k.name1 = a.name THEN k.columns1 ELSE '{}' END
                                                              || CASE WHEN k.name2 = a.name THEN k.columns2 ELSE '{}' END) c(name)
             LEFT JOIN pg_attribute o ON o.attrelid = a.old AND o.attname = c.name AND NOT o.attisdropped
             LEFT JOIN pg_attribute n ON n.attrelid = a.successor AND n.attname = c.name AND NOT n.attisdropped
             WHERE (o.atttypid, o.atttypmod) IS DISTINCT FROM (n.atttypid, n.atttypmod) AND k.status = 'accepted') changed
         WHERE j.status = 'accepted' AND a.old IS NOT NULL AND a.old <> a.successor
           AND (j.name1 = a.name AND changed.name = ANY (j.columns1) OR j.name2 = a.name AND changed.name = ANY (j.columns2))",
        json!({ "name": name, "successor": successor.to_string() }),
    )
}

/// The accepted joins and the candidates between some logical tables.
pub fn between(names: &BTreeSet<&str>) -> Result<Vec<Known>> {
    let found: Option<Vec<Known>> = sql::read(
        "SELECT jsonb_agg(x.item) FROM (
             SELECT jsonb_build_object('join_id', j.join_id, 'candidate_id', j.candidate_id, 'name1', j.name1, 'columns1', j.columns1,
                        'name2', j.name2, 'columns2', j.columns2, 'suspect', j.status = 'suspect', 'accepted_by', j.accepted_by,
                        'accepted_at', j.accepted_at, 'confidence', j.confidence)
             FROM spyne.accepted_joins j
             WHERE j.status <> 'deprecated' AND $1 ? j.name1 AND $1 ? j.name2
             UNION ALL
             SELECT jsonb_build_object('candidate_id', c.candidate_id, 'name1', c.name1, 'columns1', c.columns1, 'name2', c.name2,
                        'columns2', c.columns2, 'confidence', c.confidence)
             FROM spyne.join_candidates c
             WHERE c.status = 'open' AND c.expires_at > clock_timestamp() AND $1 ? c.name1 AND $1 ? c.name2) x(item)",
        json!(names),
    )?;
    Ok(found.unwrap_or_default())
}

/// The joins in force, as they are drawn.
pub fn edges() -> Result<Vec<Edge>> {
    let found: Option<Vec<Edge>> = sql::read(
        "SELECT jsonb_agg(jsonb_build_object('name1', j.name1, 'columns1', j.columns1, 'name2', j.name2,
                    'columns2', j.columns2, 'suspect', j.status = 'suspect', 'cardinality', j.cardinality) ORDER BY j.join_id)
         FROM spyne.accepted_joins j WHERE j.status <> 'deprecated' AND $1 IS NOT NULL",
        json!({}),
    )?;
    Ok(found.unwrap_or_default())
}
