//! The trees that the unit tests of preview rules use are those that Postgres makes:
//! what this server makes of the statements of tests/trees is what is recorded there
//! for its major version. For version 15 all trees are recorded, and for later ones
//! those that differ.
//!
//! With `SPYNE_BLESS_TREES=1`, what is recorded is rewritten to what was found.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use postgres::Client;
use serde_json::{Map, Value};
use spyne_core::statement::query::relations::Relations;
use spyne_core::statement::query::{Expr, Query};
use spyne_tests::fixture::{empty_database, run};
use spyne_tests::server;
use xtask::place;

/// The least scale at which the generator keeps the primary keys.
const SCALE: f64 = 0.01;

/// The version whose trees are recorded whole.
const FIRST_VERSION: i32 = 15;

/// Postgres gives OIDs from here on to objects of users.
const FIRST_OF_USERS: u64 = 16384;

/// The keys of what is recorded whose values are OIDs, with the catalog that they are in.
const OIDS: &[(&str, &str)] = &[
    ("Table", "pg_class"),
    ("view", "pg_class"),
    ("oid", "pg_class"),
    ("function", "pg_proc"),
    ("type_oid", "pg_type"),
];

/// The objects of users, numbered by their names: their OIDs differ from server to server.
const NUMBERS: &str = "
    SELECT catalog, oid::bigint,
           16383 + row_number() OVER (PARTITION BY catalog ORDER BY schema, name COLLATE \"C\")
    FROM (SELECT 'pg_class' AS catalog, oid, relnamespace::regnamespace::text AS schema, relname AS name
          FROM pg_class WHERE relkind IN ('r', 'v')
          UNION ALL SELECT 'pg_proc', p.oid, p.pronamespace::regnamespace::text, p.proname FROM pg_proc p
          WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
          UNION ALL SELECT 'pg_type', oid, typnamespace::regnamespace::text, typname FROM pg_type) o
    WHERE schema IN ('public', 'tpch')";

type Numbers = BTreeMap<(String, u64), u64>;

/// Replaces the OIDs of users' objects in a value by their numbers.
fn number(value: &mut Value, numbers: &Numbers) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| number(one, numbers)),
        Value::Object(fields) => {
            for (key, field) in fields {
                let catalog = OIDS.iter().find(|(of, _)| of == key).map(|(_, catalog)| *catalog);
                match (catalog, field.as_u64()) {
                    (Some(catalog), Some(oid)) => *field = numbered(catalog, oid, numbers).into(),
                    _ => number(field, numbers),
                }
            }
        }
        _ => {}
    }
}

fn numbered(catalog: &str, oid: u64, numbers: &Numbers) -> u64 {
    match oid < FIRST_OF_USERS {
        true => oid,
        false => *numbers
            .get(&(catalog.to_owned(), oid))
            .unwrap_or_else(|| panic!("{oid} is in no {catalog}")),
    }
}

/// The fields of a query and of an expression that say nothing; they are not recorded.
fn empty_fields() -> Map<String, Value> {
    let mut all = Map::new();
    for empty in [serde_json::to_value(Query::default()), serde_json::to_value(Expr::default())] {
        let Value::Object(fields) = empty.expect("JSON") else { panic!("no object") };
        all.extend(fields);
    }
    all
}

fn without_empty_fields(value: &mut Value, empty: &Map<String, Value>) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| without_empty_fields(one, empty)),
        Value::Object(fields) => {
            fields.retain(|key, field| empty.get(key) != Some(field));
            fields.values_mut().for_each(|field| without_empty_fields(field, empty));
        }
        _ => {}
    }
}

/// JSON as people read it: what fits is on one line.
fn written(value: &Value, indent: usize, into: &mut String) {
    const WIDTH: usize = 100;
    let short = value.to_string();
    let pad = |level: usize| " ".repeat(level);
    let inner = indent + 1;
    match value {
        _ if indent > 0 && short.len() + indent <= WIDTH => into.push_str(&short),
        Value::Array(all) if !all.is_empty() => {
            for (at, one) in all.iter().enumerate() {
                into.push_str(if at == 0 { "[\n" } else { ",\n" });
                into.push_str(&pad(inner));
                written(one, inner, into);
            }
            into.push_str(&format!("\n{}]", pad(indent)));
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (key, field)) in fields.iter().enumerate() {
                into.push_str(if at == 0 { "{\n" } else { ",\n" });
                into.push_str(&format!("{}{}: ", pad(inner), Value::from(key.as_str())));
                written(field, inner, into);
            }
            into.push_str(&format!("\n{}}}", pad(indent)));
        }
        _ => into.push_str(&short),
    }
}

/// What a server makes of statements.
struct Recorder {
    client: Client,
    numbers: Numbers,
    empty: Map<String, Value>,
    relations: Map<String, Value>,
}

impl Recorder {
    /// The trees of statements, by their texts.
    fn trees(&mut self, statements: &[String]) -> Value {
        let mut trees = Map::new();
        for sql in statements {
            let row = self.client.query_one("SELECT spyne.analyzed($1)", &[sql]);
            let mut found: Value = row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0);
            let Value::Object(known) = found["relations"].take() else { panic!("no relations") };
            for (oid, mut relation) in known {
                number(&mut relation, &self.numbers);
                let oid = numbered("pg_class", oid.parse().expect("an OID"), &self.numbers);
                self.relations.insert(oid.to_string(), relation);
            }
            let [tree] = found["queries"].as_array_mut().expect("a list").as_mut_slice() else {
                panic!("{sql} is several")
            };
            number(tree, &self.numbers);
            let whole: Query = serde_json::from_value(tree.clone()).expect("a query");
            without_empty_fields(tree, &self.empty);
            let recorded: Query = serde_json::from_value(tree.clone()).expect("a query");
            assert!(whole == recorded, "{sql} is not what was recorded of it");
            trees.insert(sql.clone(), tree.take());
        }
        Value::Object(trees)
    }
}

/// The statements of tests/trees/statements.sql.
fn statements(directory: &Path) -> Vec<String> {
    let text = fs::read_to_string(directory.join("statements.sql")).expect("a file");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    let all = lines.join("\n");
    all.split(";\n")
        .map(|s| s.trim().trim_end_matches(';').to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

/// A database with the tables, and their statistics.
fn recorder(directory: &Path, client: Client) -> Recorder {
    let mut client = client;
    run(&mut client, "CREATE EXTENSION spyne; SET timezone = 'UTC'");
    let schema = fs::read_to_string(directory.join("schema.sql")).expect("a file");
    run(&mut client, &schema);
    run(&mut client, "CREATE SCHEMA tpch; SET search_path = tpch");
    xtask::tpch::load(&mut client, SCALE).expect("TPC-H");
    // What was loaded is counted as changed until it has been analyzed.
    run(&mut client, "SELECT pg_stat_force_next_flush()");
    run(&mut client, "ANALYZE");
    let numbers = client.query(NUMBERS, &[]).expect("objects").into_iter().map(|row| {
        let unsigned = |at: usize| row.get::<_, i64>(at).unsigned_abs();
        ((row.get::<_, String>(0), unsigned(1)), unsigned(2))
    });
    let numbers = numbers.collect();
    Recorder { client, numbers, empty: empty_fields(), relations: Map::new() }
}

/// What of `found` is not what the first version makes of the same statement.
fn beyond_the_first(mut found: Value, first: &Path) -> Value {
    let text = fs::read_to_string(first).expect("what the first version makes");
    let first: Value = serde_json::from_str(&text).expect("JSON");
    if let Value::Object(trees) = &mut found {
        trees.retain(|sql, tree| first.get(sql) != Some(tree));
    }
    found
}

/// Gives each relation the number of pages that the first version recorded for it.
fn take_pages_of(found: &mut Value, first: &Path) {
    const PAGES: &str = "analyzed_pages";
    let text = fs::read_to_string(first).expect("what the first version knows");
    let first: Value = serde_json::from_str(&text).expect("JSON");
    for (oid, relation) in found.as_object_mut().into_iter().flatten() {
        if let (Some(pages), Some(recorded)) = (relation.get_mut(PAGES), first.get(oid)) {
            *pages = recorded[PAGES].clone();
        }
    }
}

fn compare(path: PathBuf, found: &Value) {
    let mut text = String::new();
    written(found, 0, &mut text);
    text.push('\n');
    if std::env::var_os("SPYNE_BLESS_TREES").is_some() {
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(&path, &text).expect("a writable file");
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let differs = recorded.lines().zip(text.lines()).zip(1..).find(|((a, b), _)| a != b);
    assert!(
        recorded == text,
        "{} is not what this server makes of its statements: {differs:?}. \
         SPYNE_BLESS_TREES=1 renews it; read the diff",
        path.display()
    );
}

#[test]
fn the_recorded_trees_are_those_that_postgres_makes() {
    let directory = place::repository().join("tests/trees");
    let server = server("trees").setting("autovacuum", "off").start().expect("a server");
    let mut recorder = recorder(&directory, empty_database(&server, "trees"));
    let version: i32 = recorder
        .client
        .query_one("SELECT current_setting('server_version_num')::int / 10000", &[])
        .expect("a version")
        .get(0);
    let of_version = directory.join(format!("pg{version}"));
    let queries: Vec<String> =
        xtask::tpch::queries().expect("queries").into_iter().map(|(_, sql)| sql).collect();
    let tpch = recorder.trees(&queries);
    run(&mut recorder.client, "SET search_path = public");
    let ours = recorder.trees(&statements(&directory));
    for (file, mut trees) in [("statements.json", ours), ("tpch.json", tpch)] {
        if version > FIRST_VERSION {
            trees = beyond_the_first(trees, &directory.join(format!("pg{FIRST_VERSION}/{file}")));
        }
        compare(of_version.join(file), &trees);
    }
    // What the catalogs know is the same in every version, but for the pages that a table takes:
    // how many a server adds at a time is its own affair.
    let path = directory.join("relations.json");
    let mut relations = Value::Object(recorder.relations);
    if version > FIRST_VERSION {
        take_pages_of(&mut relations, &path);
    }
    serde_json::from_value::<Relations>(relations.clone()).expect("relations");
    compare(path, &relations);
}
