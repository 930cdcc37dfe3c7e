//! Tests that cannot run on a major of PostgreSQL. The harness has no word for them: such a test
//! says why and returns, and `cargo xtask test` counts it as skipped.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

use crate::toolchain;

/// Whether the server is older than the first major that has what the test is about. The test then
/// returns at once: `if skipped::before(17, "MERGE returns rows from 17 on") { return; }`
pub fn before(major: u32, reason: &str) -> bool {
    unless(toolchain().major >= major, reason)
}

/// Whether the server came without a library that the test needs.
pub fn without_library(name: &str) -> bool {
    unless(toolchain().has_library(name), &format!("this server came without {name}"))
}

/// Whether the test cannot run, since a condition is not met.
pub fn unless(condition: bool, reason: &str) -> bool {
    if !condition {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        note(&format!("{test}: {reason}"));
    }
    !condition
}

fn note(skipped: &str) {
    match env::var_os("SPYNE_SKIPPED") {
        Some(list) => {
            let list = OpenOptions::new().append(true).create(true).open(list);
            let written =
                list.and_then(|mut list| list.write_all(format!("{skipped}\n").as_bytes()));
            written.expect("the list of skipped tests is written");
        }
        None => eprintln!("skipped {skipped}"),
    }
}
