//! Join candidates and accepted joins: rows of the catalog, and what discovery
//! needs to know of tables.

use serde::Deserialize;
use serde_json::{Value, json};

use super::sql;
use crate::core::error::Result;
use crate::core::joins::{Class, Column, Reference, Statistics, Table};
use crate::pg::users;

/// A table as spyne.join_tables describes it.
#[derive(Debug, Deserialize)]
struct Described {
    oid: u32,
    name: String,
    label: String,
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
    not_null: bool,
    #[serde(rename = "type")]
    base: u32,
    kind: String,
    category: String,
    scale: Option<i32>,
}

#[derive(Debug, Deserialize)]
struct Known {
    relation: u32,
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
pub fn tables(schemas: Option<&[u32]>, relations: Option<&[u32]>, acting: u32) -> Result<Tables> {
    let found: Option<Vec<Described>> = sql::read(
        "SELECT spyne.join_tables(
             (SELECT array_agg(x::oid) FROM jsonb_array_elements_text(nullif($1 -> 'schemas', 'null')) x),
             (SELECT array_agg(x::oid) FROM jsonb_array_elements_text(nullif($1 -> 'relations', 'null')) x),
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
        label: described.label,
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
                class: Class::of(c.base, &c.kind, &c.category, c.scale),
                name: c.name,
                data_type: c.data_type,
                not_null: c.not_null,
                statistics: None,
            })
            .collect(),
        keys: described.keys,
        has_primary_key: described.has_primary_key,
        references: described.references,
    }
}

/// Fills in what statistics know of the columns, as far as the caller may see
/// them. To be called as the caller.
pub fn statistics(tables: &mut [Table]) -> Result<()> {
    let analyzed: Vec<u32> =
        tables.iter().filter(|t| t.rows.is_some_and(|rows| rows > 0.0)).map(|t| t.oid).collect();
    let known: Option<Vec<Known>> = sql::read(
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
    Ok(())
}

/// A candidate, to be stored.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewCandidate {
    pub name1: String,
    pub table1: String,
    pub columns1: Vec<String>,
    pub name2: String,
    pub table2: String,
    pub columns2: Vec<String>,
    pub join_type: String,
    pub condition: String,
    pub confidence: f64,
    pub confidence_level: String,
    pub reason: String,
    pub assumptions: Vec<String>,
    pub risk_level: String,
    pub evidence: Value,
    pub finding: String,
    pub source: String,
}

/// A stored candidate.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidate {
    pub candidate_id: i64,
    pub name1: String,
    pub table1: u32,
    pub columns1: Vec<String>,
    pub name2: String,
    pub table2: u32,
    pub columns2: Vec<String>,
    pub join_type: String,
    pub condition: String,
    pub confidence: f64,
    pub confidence_level: String,
    pub reason: String,
    pub assumptions: Vec<String>,
    pub risk_level: String,
    pub evidence: Value,
    pub validation_stats: Option<Value>,
    pub status: String,
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
    acting: u32,
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

/// A candidate by its number.
pub fn candidate(candidate_id: i64) -> Result<Option<Candidate>> {
    sql::read(
        &format!("{CANDIDATE} WHERE c.candidate_id = ($1 ->> 'id')::int8"),
        json!({ "id": candidate_id }),
    )
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
