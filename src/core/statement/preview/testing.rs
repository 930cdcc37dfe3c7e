//! Queries for the tests of the rules: the trees that Postgres itself has made, as
//! they are recorded in tests/trees for each of its major versions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::de::DeserializeOwned;

use super::assumptions::assumptions;
use super::findings::{Assumption, Guardrail};
use super::guardrails::guardrails;
use super::subject::{Limits, Subject};
use crate::statement::query::Query;
use crate::statement::query::relations::Relations;

/// Trees by the texts of their statements.
type Trees = BTreeMap<String, Query>;

/// The first version that is recorded, as a whole. Of the others, only what differs
/// from it is recorded.
const FIRST: &str = "pg15";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/trees")
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The trees that are recorded for one version.
fn trees(version: &str) -> Trees {
    let files = ["statements.json", "tpch.json"];
    files.iter().flat_map(|file| read::<Trees>(&directory().join(version).join(file))).collect()
}

/// The trees of each version, the first one first.
static RECORDED: LazyLock<Vec<(String, Trees)>> = LazyLock::new(|| {
    let first = trees(FIRST);
    let entries = fs::read_dir(directory()).expect("tests/trees");
    let names = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut others: Vec<String> =
        names.filter(|name| name.starts_with("pg") && name != FIRST).collect();
    others.sort();
    let mut all = vec![(FIRST.to_string(), first.clone())];
    for version in others {
        let mut whole = first.clone();
        whole.extend(trees(&version));
        all.push((version, whole));
    }
    all
});

/// What the catalogs have on the tables of a schema.
fn relations(schema: &str) -> Relations {
    let mut all: Relations = read(&directory().join("relations.json"));
    all.0.retain(|_, r| r.shown.starts_with(schema));
    all
}

/// Customers, their orders, the lines of these, and their payments.
pub fn shop() -> Relations {
    relations("public.")
}

/// The tables of TPC-H with their primary keys.
pub fn tpch() -> Relations {
    relations("tpch.")
}

/// Judges a query over [`shop`].
pub fn judged(sql: &str) -> (Vec<Assumption>, Vec<Guardrail>) {
    judged_over(sql, &shop())
}

/// Judges a query. The findings do not depend on the version of Postgres.
pub fn judged_over(sql: &str, relations: &Relations) -> (Vec<Assumption>, Vec<Guardrail>) {
    let mut found: Option<(Vec<Assumption>, Vec<Guardrail>)> = None;
    for (version, trees) in RECORDED.iter() {
        let query = trees.get(sql).unwrap_or_else(|| {
            panic!("not recorded; add it to tests/trees/statements.sql, which says how: {sql}")
        });
        let subject =
            Subject { query, relations, plan: None, limits: Limits::default(), joins: &[] };
        let judged = (assumptions(&subject), guardrails(&subject));
        match &found {
            Some(first) => assert_eq!(*first, judged, "on {version}: {sql}"),
            None => found = Some(judged),
        }
    }
    found.expect("a version")
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
