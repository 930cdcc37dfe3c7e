//! The statements that read people's data. They run as the caller, never elevated. What
//! they have read is kept for the next discovery.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use spyne_core::joins::sketch::Sketch;
use spyne_core::joins::table::{Table, compared_as};
use spyne_core::joins::validation::Counts;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{literal, quote};

use super::query::{Bind, Query, Statement, read_as_caller};
use super::rows::Bytes;
use crate::pg::caller_rights::AsCaller;
use crate::pg::elevate::Elevated;

/// The most columns that one statement reads, which bounds its memory.
const AT_ONCE: usize = 24;

/// The most columns that one call of a function shows: a function takes at most a
/// hundred arguments.
const SHOWN_AT_ONCE: usize = 45;

/// Reads sets of columns of a table, from all rows or from about `rows` of them.
pub fn read(
    caller: &AsCaller,
    table: &Table,
    sets: &[Vec<usize>],
    rows: Option<f64>,
) -> Result<Vec<Sketch>> {
    let mut sketches = Vec::with_capacity(sets.len());
    for some in sets.chunks(AT_ONCE) {
        let each: Vec<String> = some
            .iter()
            .enumerate()
            .map(|(at, set)| format!("spyne.column_sketch({}) AS s{at}", listed(table, set)))
            .collect();
        let places: Vec<String> = (0..some.len()).map(|at| format!("({at}, x.s{at})")).collect();
        let text = format!(
            "SELECT y.sketch FROM (SELECT {} FROM {}{}) x, LATERAL (VALUES {}) y(place, sketch) ORDER BY y.place",
            each.join(", "),
            table.source,
            sample(table, rows),
            places.join(", ")
        );
        let found: Vec<Bytes> = read_as_caller(caller, &text, &[])?;
        sketches.extend(found.iter().map(|b| Sketch::from_bytes(&b.0).unwrap_or_default()));
    }
    Ok(sketches)
}

/// The hashes among these that some value in a set of columns has. Takes one pass over
/// the table.
pub fn found_in(
    caller: &AsCaller,
    table: &Table,
    set: &[usize],
    hashes: &[u64],
) -> Result<HashSet<u64>> {
    let text = format!(
        "SELECT DISTINCT k.h FROM (SELECT spyne.join_hash({}) AS h FROM {}) k WHERE k.h IN (SELECT w FROM unnest($1) w)",
        listed(table, set),
        table.source
    );
    let hashes: Vec<i64> = hashes.iter().map(|h| *h as i64).collect();
    let found: Vec<i64> = read_as_caller(caller, &text, &[Vec::<i64>::bind(&hashes)])?;
    Ok(found.into_iter().map(|h| h as u64).collect())
}

/// Counts on all rows how the two sides of a join match.
pub fn count(
    caller: &AsCaller,
    child: &Table,
    columns: &[usize],
    parent: &Table,
    key: &[usize],
) -> Result<Counts> {
    // Both sides are cast to the type in which they are compared, so that equal values
    // are in one group.
    let casts: Vec<&str> = columns
        .iter()
        .zip(key)
        .map(|(c, k)| compared_as(&child.columns[*c], &parent.columns[*k]))
        .collect();
    let groups = |table: &Table, set: &[usize]| -> String {
        let each: Vec<String> = set
            .iter()
            .enumerate()
            .map(|(at, c)| format!("{}{} AS k{at}", quote(&table.columns[*c].name), casts[at]))
            .collect();
        let places: Vec<String> = (1..=set.len()).map(|at| at.to_string()).collect();
        let (each, places) = (each.join(", "), places.join(", "));
        format!("SELECT {each}, count(*) AS n FROM {} GROUP BY {places}", table.source)
    };
    let each = |of: &dyn Fn(usize) -> String| -> String {
        (0..columns.len()).map(of).collect::<Vec<String>>().join(" AND ")
    };
    let text = format!(
        include_str!("../../sql/queries/count_join.sql"),
        one = groups(child, columns),
        two = groups(parent, key),
        equal = each(&|at| format!("o.k{at} OPERATOR(pg_catalog.=) t.k{at}")),
        given = each(&|at| format!("k{at} IS NOT NULL")),
    );
    let found: Vec<Counts> = read_as_caller(caller, &text, &[])?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Some rows of a join, with both sides of each: all columns, or those that it joins
/// by. Columns of types that users have made are left out, because showing them might
/// call functions of those users.
pub fn rows_of(
    caller: &AsCaller,
    (child, columns): (&Table, &[usize]),
    (parent, key): (&Table, &[usize]),
    rows: i32,
    all: bool,
) -> Result<Value> {
    let equal: Vec<String> = columns
        .iter()
        .zip(key)
        .map(|(c, k)| {
            let (own, their) = (&child.columns[*c], &parent.columns[*k]);
            let cast = compared_as(own, their);
            let (own, their) = (quote(&own.name), quote(&their.name));
            format!("a.{own}{cast} OPERATOR(pg_catalog.=) b.{their}{cast}")
        })
        .collect();
    let text = format!(
        "SELECT jsonb_agg(x.item) FROM (
             SELECT jsonb_build_object('table1', {}, 'table2', {}) AS item FROM {} a JOIN {} b ON {} LIMIT {rows}) x",
        shown(child, columns, "a", all),
        shown(parent, key, "b", all),
        child.source,
        parent.source,
        equal.join(" AND ")
    );
    let found: Vec<Option<Value>> = read_as_caller(caller, &text, &[])?;
    Ok(found.into_iter().flatten().next().unwrap_or_else(|| Value::Array(Vec::new())))
}

/// The columns of a row as one jsonb value: all, or those of `set`.
fn shown(table: &Table, set: &[usize], alias: &str, all: bool) -> String {
    let each: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, c)| c.is_shown && (all || set.contains(at)))
        .map(|(_, c)| {
            // As text, because a number of JSON may lose digits on the way.
            let exact = if c.data_type.starts_with("numeric") { "::text" } else { "" };
            format!("{}, {alias}.{}{exact}", literal(&c.name), quote(&c.name))
        })
        .collect();
    let parts: Vec<String> = each
        .chunks(SHOWN_AT_ONCE)
        .map(|some| format!("jsonb_build_object({})", some.join(", ")))
        .collect();
    if parts.is_empty() { "'{}'::jsonb".to_string() } else { parts.join(" || ") }
}

fn listed(table: &Table, set: &[usize]) -> String {
    let columns: Vec<String> = set.iter().map(|c| quote(&table.columns[*c].name)).collect();
    columns.join(", ")
}

/// The clause that limits a read to about `rows` rows.
fn sample(table: &Table, rows: Option<f64>) -> String {
    match (rows, table.guessed_rows) {
        (Some(rows), Some(all)) if rows < all && table.samples => {
            // The same rows are read each time, so that a discovery can be repeated.
            format!(" TABLESAMPLE system ({}) REPEATABLE (0)", (100.0 * rows / all).max(1e-4))
        }
        _ => String::new(),
    }
}

static KEPT: Query<(RelId, String), (Vec<String>, Bytes)> = Query::read(
    "SELECT columns, sample FROM spyne.column_samples WHERE relation = $1 AND signature = $2",
);

/// The samples of earlier discoveries that are still true, by their columns.
pub fn kept(elevated: &Elevated, table: &Table, how: &str) -> Result<HashMap<Vec<String>, Sketch>> {
    if table.signature.is_empty() {
        return Ok(HashMap::new());
    }
    let found = KEPT.all(elevated, (table.oid, &signature(table, how)))?;
    Ok(found
        .into_iter()
        .filter_map(|(columns, sample)| Some((columns, Sketch::from_bytes(&sample.0)?)))
        .collect())
}

fn signature(table: &Table, how: &str) -> String {
    format!("{}/{how}", table.signature)
}

static FORGET: Query<(RelId, String), ()> =
    Query::write(include_str!("../../sql/queries/forget_samples.sql"));
static KEEP: Query<(RelId, Vec<String>, String, Bytes), ()> = Query::write(
    "INSERT INTO spyne.column_samples (relation, columns, signature, sample) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
);

/// Stores what was read for the next discovery.
pub fn keep(
    elevated: &Elevated,
    table: &Table,
    sets: &[Vec<usize>],
    sketches: &[Sketch],
    how: &str,
) -> Result<()> {
    if table.signature.is_empty() || sets.is_empty() {
        return Ok(());
    }
    FORGET.run(elevated, (table.oid, &table.signature))?;
    let signature = signature(table, how);
    for (set, sketch) in sets.iter().zip(sketches) {
        let given = (table.oid, &table.names_of(set)[..], &signature[..], &sketch.to_bytes()[..]);
        KEEP.run(elevated, given)?;
    }
    Ok(())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&KEPT, &FORGET, &KEEP];
