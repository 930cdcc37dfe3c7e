//! The shape of src/: which module may import which, and what no file may hold.
//!
//! What is broken today is listed in `known.rs`, exactly: whoever mends something takes it off the
//! list, and a test fails until that is done.

mod imports;
mod known;
mod lexer;
mod rules;
mod source;

use std::collections::BTreeSet;

use imports::{Imports, cycles, imports as imports_of, packages};
use lexer::Token;
use source::{Files, read, without_tests};
use xtask::place;

/// The folders and files of src/ from the lowest upwards. Each may import those of lower ranks, and
/// itself; those of one rank do not know one another.
const LAYERS: [(&str, u32); 17] = [
    ("src/core/kernel/", 0),
    ("src/core/words/", 1),
    ("src/core/shape/", 2),
    ("src/core/joins/", 3),
    ("src/core/statement/", 4),
    ("src/core/gate/", 5),
    ("src/core/drift/", 6),
    ("src/core/lifecycle/", 7),
    ("src/core/lib.rs", 8),
    ("src/report.rs", 9),
    ("src/guc.rs", 10),
    ("src/pg/", 11),
    ("src/store/", 12),
    ("src/command/", 13),
    ("src/api/", 14),
    ("src/enforce/", 14),
    ("src/lib.rs", 15),
];

/// What src/core may use.
const PACKAGES_OF_CORE: [&str; 6] = ["std", "core", "alloc", "serde", "serde_json", "sqlparser"];

fn all_files() -> Files {
    read(&place::repository())
}

fn product() -> Files {
    without_tests(&all_files())
}

/// Fails where what is found is not exactly what is known.
#[track_caller]
fn check(rule: &str, found: BTreeSet<String>, known: &[&str]) {
    let differences = rules::differences(&found, known);
    assert!(differences.is_empty(), "{rule}\n{}", differences.join("\n"));
}

/// A line for each file in which the reader counts any: `file: number`.
fn counted(files: &Files, count: fn(&[Token]) -> usize) -> BTreeSet<String> {
    let counts = files.iter().map(|(file, tokens)| (file, count(tokens)));
    counts.filter(|(_, n)| *n > 0).map(|(file, n)| format!("{file}: {n}")).collect()
}

/// A line for each name that the reader finds: `file: name`.
fn named(files: &Files, find: fn(&[Token]) -> Vec<String>) -> BTreeSet<String> {
    let lines = |(file, tokens): (&String, &Vec<Token>)| {
        find(tokens).into_iter().map(|name| format!("{file}: {name}")).collect::<Vec<_>>()
    };
    files.iter().flat_map(lines).collect()
}

/// `from -> to`, as the lists have it.
fn edge(from: &str, to: &str) -> String {
    format!("{from} -> {to}")
}

/// `from -> to (names)` of each import that is chosen.
fn shown(imports: &Imports, chosen: impl Fn(&str, &str) -> bool) -> String {
    let chosen = imports.iter().filter(|((from, to), _)| chosen(from, to));
    let lines = chosen.map(|((from, to), names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("{} ({})", edge(from, to), names.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The layer a file belongs to.
fn layer(file: &str) -> (&'static str, u32) {
    let found = LAYERS.iter().find(|(start, _)| file.starts_with(start));
    *found.unwrap_or_else(|| panic!("{file} is in no layer: give it a rank in LAYERS"))
}

fn points_down(from: &str, to: &str) -> bool {
    let (from, to) = (layer(from), layer(to));
    from == to || from.1 > to.1
}

#[test]
fn imports_point_down() {
    let all = imports_of(&product());
    let upwards = |from: &str, to: &str| !points_down(from, to);
    let found = all.keys().filter(|(from, to)| upwards(from, to)).map(|(from, to)| edge(from, to));
    let rule = format!(
        "each layer imports those of lower ranks: see LAYERS. Upwards, or to the side, lead:\n{}\n",
        shown(&all, upwards)
    );
    check(&rule, found.collect(), known::UPWARDS);
}

#[test]
fn no_two_modules_import_each_other() {
    let all = imports_of(&product());
    let back = |from: &str, to: &str| all.contains_key(&(to.to_owned(), from.to_owned()));
    let pairs = all.keys().filter(|(from, to)| from < to && back(from, to));
    let found = pairs.map(|(from, to)| format!("{from} <-> {to}")).collect();
    let rule = format!("each of these imports the other:\n{}\n", shown(&all, back));
    check(&rule, found, known::MUTUAL);
}

#[test]
fn imports_run_in_no_circle() {
    let all = imports_of(&product());
    let circles = cycles(&all);
    let inside = |from: &str, to: &str| {
        circles.iter().any(|circle| [from, to].iter().all(|f| circle.iter().any(|own| own == f)))
    };
    let found = circles.iter().map(|circle| circle.join(", ")).collect();
    let rule = format!("these imports lead back to where they start:\n{}\n", shown(&all, inside));
    check(&rule, found, known::CIRCLES);
}

#[test]
fn core_uses_little() {
    let files = product();
    let in_core = files.keys().filter(|file| file.starts_with("src/core/"));
    let found = in_core.flat_map(|file| {
        let others = packages(&files, file).into_iter();
        let others = others.filter(|package| !PACKAGES_OF_CORE.contains(&package.as_str()));
        others.map(move |package| format!("{file}: {package}"))
    });
    check(&format!("src/core uses {PACKAGES_OF_CORE:?} alone"), found.collect(), &[]);
}

#[test]
fn no_function_is_longer_than_80_lines() {
    let found = named(&all_files(), rules::long_functions);
    check("but generated tables", found, known::LONG_FUNCTIONS);
}

#[test]
fn no_statement_between_rust_is_longer_than_three_lines() {
    let found = counted(&all_files(), rules::long_statements);
    check("a longer one has a file in sql/queries", found, known::LONG_STATEMENTS);
}

#[test]
fn no_address_is_a_pair_of_strings() {
    let found = counted(&all_files(), rules::pairs_of_strings);
    check("what has two parts has a type that names them", found, known::PAIRS_OF_STRINGS);
}

#[test]
fn no_import_climbs_two_modules() {
    check("super::super:: is crate::", counted(&all_files(), rules::climbs), &[]);
}

#[test]
fn state_is_kept_in_few_places() {
    let all = named(&product(), rules::changing_statics).into_iter();
    let is_in_place = |line: &String| known::PLACES_OF_STATE.iter().any(|p| line.starts_with(p));
    let found = all.filter(|line| !is_in_place(line)).collect();
    check(
        "a static that changes is in the frames, the cache or the settings",
        found,
        known::STATICS,
    );
}
