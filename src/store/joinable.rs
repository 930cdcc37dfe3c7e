//! The tables that joins are looked for in, and their statistics.

use serde::Deserialize;
use spyne_core::joins::table::{Class, Column, Reference, Statistics, Table};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::query::{Oid, Query, Statement};
use crate::pg::caller_rights::AsCaller;
use crate::pg::elevate::Elevated;

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

/// The bytes for one row of a table that was never analyzed. The planner guesses the
/// same: ten pages to begin with, and a hundred bytes a row.
const BYTES_A_ROW: f64 = 100.0;

/// The share of rows that may have changed since statistics were gathered before the
/// statistics count as stale.
const STALE: f64 = 0.2;

/// The tables to look at. Those that the caller may not read have no source, and are in
/// a list of their own.
pub struct Tables {
    pub readable: Vec<Table>,
    pub hidden: Vec<Table>,
}

static TABLES: Query<(Option<Vec<Oid>>, Option<Vec<RelId>>, RoleId), Vec<Described>> =
    Query::read("SELECT spyne.join_tables($1, $2, $3)");

/// The tables that joins are looked for in: those of some schemas, or some relations.
/// `acting` is the caller, with whose rights they will be read.
pub fn tables(
    elevated: &Elevated,
    schemas: Option<&[u32]>,
    relations: Option<&[RelId]>,
    acting: RoleId,
) -> Result<Tables> {
    let (mut readable, mut hidden) = (Vec::new(), Vec::new());
    for described in TABLES.one(elevated, (schemas, relations, acting))? {
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

static STATISTICS: Query<(Vec<RelId>,), Vec<KnownOfColumn>> =
    Query::read("SELECT spyne.column_statistics($1)");

/// The tables with the statistics of their columns, as far as the caller may see those.
pub fn with_statistics(caller: &AsCaller, mut tables: Vec<Table>) -> Result<Vec<Table>> {
    let analyzed: Vec<RelId> =
        tables.iter().filter(|t| t.rows.is_some_and(|rows| rows > 0.0)).map(|t| t.oid).collect();
    for row in STATISTICS.one(caller, (&analyzed,))? {
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

static HIDES_ROWS: Query<(Vec<RelId>,), bool> = Query::read(
    "SELECT coalesce(bool_or(row_security_active(r.relation)), false) FROM unnest($1) r(relation)",
);

/// Whether row level security hides rows of one of these tables from the caller.
pub fn hides_rows(caller: &AsCaller, relations: &[RelId]) -> Result<bool> {
    HIDES_ROWS.one(caller, (relations,))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&TABLES, &STATISTICS, &HIDES_ROWS];
