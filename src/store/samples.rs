//! Reading columns: the statements that look at people's data. They run as the
//! caller, never elevated.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::sql;
use crate::pg::reading;
use spyne_core::joins::sketch::{Sketch, from_hex};
use spyne_core::joins::table::{Table, compared_as};
use spyne_core::joins::validation::Counts;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::names::{literal, quote};

/// Columns that one statement reads: its memory is bounded by that.
const AT_ONCE: usize = 24;

/// Reads sets of columns of a table: all rows, or about `rows` of them. To be
/// called as the caller.
pub fn read(table: &Table, sets: &[Vec<usize>], rows: Option<f64>) -> Result<Vec<Sketch>> {
    let mut sketches = Vec::with_capacity(sets.len());
    for some in sets.chunks(AT_ONCE) {
        let each: Vec<String> = some
            .iter()
            .map(|set| format!("encode(spyne.column_sketch({}), 'hex')", listed(table, set)))
            .collect();
        let text = format!(
            "SELECT jsonb_build_array({}) FROM {}{}",
            each.join(", "),
            table.source,
            sample(table, rows)
        );
        let found: Option<Vec<String>> =
            reading::as_caller(&text, || sql::read(&text, Value::Null))?;
        let hex = found.unwrap_or_default();
        sketches.extend(
            hex.iter().map(|h| {
                from_hex(h).and_then(|bytes| Sketch::from_bytes(&bytes)).unwrap_or_default()
            }),
        );
    }
    Ok(sketches)
}

/// Which of these hashes are those of values in a set of columns: one pass over
/// the table. To be called as the caller.
pub fn found_in(table: &Table, set: &[usize], hashes: &[u64]) -> Result<HashSet<u64>> {
    let text = format!(
        "SELECT jsonb_agg(DISTINCT k.h) FROM (SELECT spyne.join_hash({}) AS h FROM {}) k
         WHERE k.h IN (SELECT w.wanted::int8 FROM jsonb_array_elements_text($1) w(wanted))",
        listed(table, set),
        table.source
    );
    let hashes: Vec<i64> = hashes.iter().map(|h| *h as i64).collect();
    let found: Option<Vec<i64>> = reading::as_caller(&text, || sql::read(&text, json!(hashes)))?;
    Ok(found.unwrap_or_default().into_iter().map(|h| h as u64).collect())
}

/// Counts, on all rows, what a join is like. To be called as the caller.
pub fn count(child: &Table, columns: &[usize], parent: &Table, key: &[usize]) -> Result<Counts> {
    // Both sides in the type in which they are compared, so that what is equal is one
    // group.
    let casts: Vec<&str> = columns
        .iter()
        .zip(key)
        .map(|(c, k)| compared_as(&child.columns[*c], &parent.columns[*k]))
        .collect();
    let numbered = |table: &Table, set: &[usize]| -> String {
        let each: Vec<String> = set
            .iter()
            .enumerate()
            .map(|(at, c)| format!("{}{} AS k{at}", quote(&table.columns[*c].name), casts[at]))
            .collect();
        each.join(", ")
    };
    let groups: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
    let groups = groups.join(", ");
    let given: Vec<String> = (0..columns.len()).map(|at| format!("k{at} IS NOT NULL")).collect();
    let given = given.join(" AND ");
    let equal: Vec<String> =
        (0..columns.len()).map(|at| format!("o.k{at} OPERATOR(pg_catalog.=) t.k{at}")).collect();
    let text = format!(
        "WITH one AS MATERIALIZED (SELECT {}, count(*) AS n FROM {} GROUP BY {groups}),
              two AS MATERIALIZED (SELECT {}, count(*) AS n FROM {} GROUP BY {groups}),
              both_sides AS (SELECT o.n AS n1, t.n AS n2 FROM one o JOIN two t ON {})
         SELECT (SELECT jsonb_build_object('rows1', coalesce(sum(n), 0), 'nulls1', coalesce(sum(n) FILTER (WHERE NOT ({given})), 0),
                            'distinct1', count(*) FILTER (WHERE {given})) FROM one)
             || (SELECT jsonb_build_object('rows2', coalesce(sum(n), 0), 'nulls2', coalesce(sum(n) FILTER (WHERE NOT ({given})), 0),
                            'distinct2', count(*) FILTER (WHERE {given})) FROM two)
             || (SELECT jsonb_build_object('matched1', coalesce(sum(n1), 0), 'matched2', coalesce(sum(n2), 0),
                            'joined', coalesce(sum(n1 * n2), 0), 'fan_out_max', coalesce(max(n1), 0)) FROM both_sides)",
        numbered(child, columns),
        child.source,
        numbered(parent, key),
        parent.source,
        equal.join(" AND ")
    );
    let found: Option<Counts> = reading::as_caller(&text, || sql::read(&text, Value::Null))?;
    Ok(found.unwrap_or_default())
}

/// Some rows of a join, both sides of each: all columns, or those that it joins by.
/// Columns of types that users have made are left out: to show them might call
/// functions of theirs. To be called as the caller.
pub fn rows_of(
    child: &Table,
    columns: &[usize],
    parent: &Table,
    key: &[usize],
    rows: i32,
    all: bool,
) -> Result<Value> {
    let shown = |table: &Table, set: &[usize], alias: &str| -> String {
        let each: Vec<String> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(at, c)| c.is_shown && (all || set.contains(at)))
            .map(|(_, c)| {
                // As text: a number of JSON may lose digits on the way.
                let exact = if c.data_type.starts_with("numeric") { "::text" } else { "" };
                format!("{}, {alias}.{}{exact}", literal(&c.name), quote(&c.name))
            })
            .collect();
        // No function takes more than a hundred arguments.
        let parts: Vec<String> = each
            .chunks(45)
            .map(|some| format!("jsonb_build_object({})", some.join(", ")))
            .collect();
        if parts.is_empty() { "'{}'::jsonb".to_string() } else { parts.join(" || ") }
    };
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
        shown(child, columns, "a"),
        shown(parent, key, "b"),
        child.source,
        parent.source,
        equal.join(" AND ")
    );
    let found: Option<Value> = reading::as_caller(&text, || sql::read(&text, Value::Null))?;
    Ok(found.unwrap_or_else(|| json!([])))
}

fn listed(table: &Table, set: &[usize]) -> String {
    let columns: Vec<String> = set.iter().map(|c| quote(&table.columns[*c].name)).collect();
    columns.join(", ")
}

/// What limits a read to about `rows` rows.
fn sample(table: &Table, rows: Option<f64>) -> String {
    match (rows, table.guessed_rows) {
        (Some(rows), Some(all)) if rows < all && table.samples => {
            // The same rows each time: what is found is found again.
            format!(" TABLESAMPLE system ({}) REPEATABLE (0)", (100.0 * rows / all).max(1e-4))
        }
        _ => String::new(),
    }
}

/// The samples of earlier discoveries that still hold, by their columns.
/// To be called while elevated.
pub fn kept(table: &Table, how: &str) -> Result<HashMap<Vec<String>, Sketch>> {
    if table.signature.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Option<Vec<(Vec<String>, String)>> = sql::read(
        "SELECT jsonb_agg(jsonb_build_array(to_jsonb(s.columns), encode(s.sample, 'hex')))
         FROM spyne.column_samples s WHERE s.relation = ($1 ->> 'oid')::oid AND s.signature = $1 ->> 'signature'",
        json!({ "oid": table.oid.to_string(), "signature": signature(table, how) }),
    )?;
    Ok(found
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(columns, hex)| Some((columns, Sketch::from_bytes(&from_hex(&hex)?)?)))
        .collect())
}

fn signature(table: &Table, how: &str) -> String {
    format!("{}/{how}", table.signature)
}

/// Keeps what was read for the next discovery. To be called while elevated.
pub fn keep(table: &Table, sets: &[Vec<usize>], sketches: &[Sketch], how: &str) -> Result<()> {
    if table.signature.is_empty() || sets.is_empty() {
        return Ok(());
    }
    let hex =
        |sketch: &Sketch| sketch.to_bytes().iter().map(|b| format!("{b:02x}")).collect::<String>();
    let rows: Vec<Value> = sets
        .iter()
        .zip(sketches)
        .map(|(set, sketch)| {
            let columns: Vec<&str> = set.iter().map(|c| table.columns[*c].name.as_str()).collect();
            json!([columns, hex(sketch)])
        })
        .collect();
    sql::write(
        "WITH gone AS (
             DELETE FROM spyne.column_samples s
             WHERE (s.relation = ($1 ->> 'oid')::oid AND split_part(s.signature, '/', 1) <> $1 ->> 'table'
                    AND s.read_at < now() - interval '1 hour')
                OR NOT EXISTS (SELECT FROM spyne.tables t WHERE t.relation = s.relation))
         INSERT INTO spyne.column_samples (relation, columns, signature, sample)
         SELECT ($1 ->> 'oid')::oid, ARRAY(SELECT jsonb_array_elements_text(x -> 0)), $1 ->> 'signature', decode(x ->> 1, 'hex')
         FROM jsonb_array_elements($1 -> 'rows') x
         ON CONFLICT DO NOTHING",
        json!({
            "oid": table.oid.to_string(), "signature": signature(table, how),
            "table": table.signature, "rows": rows,
        }),
    )
}
