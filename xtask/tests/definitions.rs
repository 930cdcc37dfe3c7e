//! Every part of ALTER TABLE and every statement that any supported major version knows has a
//! class in `core::gate::definitions`, and a number that the extension looks it up by.
//!
//! What Postgres knows is read from the bindings that pgrx-pg-sys brings for each major: a new
//! major, or a new pgrx, makes this fail until somebody has said what its new DDL does to rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use spyne_core::gate::definitions::{Effect, PARTS, STATEMENTS};
use xtask::place;
use xtask::majors::SUPPORTED_MAJORS;

/// The bindings of a major version.
fn bindings(major: u32) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(place::repository())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let bindings = packages.iter().find(|p| p["name"] == "pgrx-pg-sys").unwrap();
    let manifest = PathBuf::from(bindings["manifest_path"].as_str().unwrap());
    let file = manifest.with_file_name("src").join(format!("include/pg{major}.rs"));
    fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// The words of a text that are names: letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The members of AlterTableType in bindings.
fn parts_of(bindings: &str) -> BTreeSet<&str> {
    let (_, rest) = bindings.split_once("pub mod AlterTableType {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    words(body).filter(|word| word.starts_with("AT_")).collect()
}

/// The tags of statements in bindings.
fn statements_of(bindings: &str) -> BTreeSet<&str> {
    let (_, rest) = bindings.split_once("pub enum NodeTag {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    words(body).filter(|word| word.starts_with("T_") && word.ends_with("Stmt")).collect()
}

fn names(table: &[(&'static str, Effect)]) -> BTreeSet<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

/// The names by which the extension looks numbers up, in the files of `src/pg/server`.
fn looked_up() -> BTreeSet<String> {
    let folder = place::repository().join("src/pg/server");
    let mut all = BTreeSet::new();
    for file in ["definitions.rs", "since_17.rs"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        all.extend(words(&text).map(str::to_string));
    }
    all
}

#[test]
fn every_part_of_alter_table_has_a_class_in_each_major() {
    let classified = names(&PARTS);
    let mut known = BTreeSet::new();
    for major in SUPPORTED_MAJORS {
        let bindings = bindings(major);
        let parts = parts_of(&bindings);
        assert!(parts.len() > 50, "PostgreSQL {major}: {parts:?}");
        let new: Vec<_> = parts.difference(&classified).collect();
        assert!(new.is_empty(), "PostgreSQL {major} has parts of ALTER TABLE in no class: {new:?}");
        known.extend(parts.into_iter().map(str::to_string));
    }
    let gone: Vec<_> = classified.iter().filter(|name| !known.contains(**name)).collect();
    assert!(gone.is_empty(), "no major has {gone:?}");
}

#[test]
fn every_statement_has_a_class_in_each_major() {
    let classified = names(&STATEMENTS);
    for major in SUPPORTED_MAJORS {
        let bindings = bindings(major);
        let statements = statements_of(&bindings);
        assert_eq!(statements, classified, "PostgreSQL {major}");
    }
}

#[test]
fn every_class_is_looked_up_by_a_number() {
    let looked_up = looked_up();
    let internal = |effect: Effect| effect == Effect::Internal;
    let all = PARTS.iter().filter(|(_, effect)| !internal(*effect)).chain(&STATEMENTS);
    let missing: Vec<_> = all.filter(|(name, _)| !looked_up.contains(*name)).collect();
    assert!(missing.is_empty(), "no number of {missing:?}");
}
