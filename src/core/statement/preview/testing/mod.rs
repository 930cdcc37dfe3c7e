//! Queries for the tests of the rules, made from SQL by a small stand-in for
//! Postgres's analyzer: enough names and types for the rules to look at.

mod expressions;
mod sql;

use super::assumptions::{Assumption, assumptions};
use super::guardrails::{Guardrail, guardrails};
use super::subject::{Limits, Subject};
use crate::kernel::ids::RelId;
use crate::statement::query::relations::{Relation, RelationColumn, Relations};
pub use sql::query;

const INT: u32 = 23;
const TEXT: u32 = 25;
const BOOL: u32 = 16;

/// Tables in short: `*` is the primary key, `!` is NOT NULL, `:` a type.
pub fn tables(specs: &[(&str, &str)]) -> Relations {
    let mut all = Relations::default();
    for (at, (name, spec)) in specs.iter().enumerate() {
        let oid = RelId::new(at as u32 + 1);
        let mut relation = Relation {
            oid,
            label: format!("public.{name}"),
            name: (*name).to_string(),
            kind: "r".into(),
            estimated_rows: Some(100.0),
            ..Relation::default()
        };
        let mut key = Vec::new();
        for (word, number) in spec.split_whitespace().zip(1..) {
            let (word, kind) = word.split_once(':').unwrap_or((word, "int"));
            let column = word.trim_end_matches(['*', '!']);
            if word.ends_with('*') {
                key.push(number);
            }
            relation.columns.push(RelationColumn {
                number,
                name: column.to_string(),
                type_oid: type_of(kind),
                not_null: word.len() > column.len(),
                null_fraction: Some(0.0),
                ..RelationColumn::default()
            });
        }
        relation.indexed.extend(key.first());
        if !key.is_empty() {
            relation.unique_keys.push(key);
        }
        all.0.insert(oid, relation);
    }
    all
}

/// Customers, their orders, the lines of these, and their payments.
pub fn shop() -> Relations {
    tables(&[
        ("customer", "id* country:text credit! region"),
        ("orders", "id* customer_id! amount! placed_at!:timestamp seen_at!:timestamptz note:text"),
        ("line", "order_id* number* price! product"),
        ("payment", "id* customer_id amount"),
    ])
}

fn type_of(name: &str) -> u32 {
    match name.to_lowercase().as_str() {
        "text" => TEXT,
        "date" => 1082,
        "timestamp" => 1114,
        "timestamptz" => 1184,
        "numeric" => 1700,
        "interval" => 1186,
        _ => INT,
    }
}

/// Judges a query over [`shop`].
pub fn judged(sql: &str) -> (Vec<Assumption>, Vec<Guardrail>) {
    judged_over(sql, &shop())
}

pub fn judged_over(sql: &str, relations: &Relations) -> (Vec<Assumption>, Vec<Guardrail>) {
    let query = query(sql, relations);
    let subject =
        Subject { query: &query, relations, plan: None, limits: Limits::default(), joins: &[] };
    (assumptions(&subject), guardrails(&subject))
}

/// The sentences of one assumption in a query over [`shop`].
pub fn says(sql: &str, code: &str) -> Vec<String> {
    let (found, _) = judged(sql);
    found.into_iter().filter(|a| a.code == code).map(|a| a.text).collect()
}

/// The messages of one guardrail in a query over [`shop`].
pub fn warns(sql: &str, code: &str) -> Vec<String> {
    let (_, found) = judged(sql);
    found.into_iter().filter(|g| g.code == code).map(|g| g.message).collect()
}
