//! The tests that cargo runs: the pure core, this crate, and the client tests.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use xtask::extension;
use xtask::place;
use xtask::toolchain::Toolchain;

use crate::suite::{Selection, Tally};

/// Runs the tests of the pure core, and those of this crate that need no server.
pub fn unit(selection: &Selection) -> Result<Tally> {
    let mut tally = run(selection, &["--package", "spyne-core"], None)?;
    tally.add(run(selection, &["--package", "xtask"], None)?);
    Ok(tally)
}

/// Runs the client tests, each of which starts servers of its own.
pub fn client(toolchain: &Toolchain, selection: &Selection) -> Result<Tally> {
    let names = client_test_names()?;
    if names.is_empty() {
        return Ok(Tally::default());
    }
    let mut arguments = vec!["--package", "spyne-tests"];
    for name in &names {
        arguments.extend(["--test", name]);
    }
    run(selection, &arguments, Some(toolchain))
}

/// The names of the files in `tests/`. Each must be declared, because cargo ignores one
/// that is not.
fn client_test_names() -> Result<Vec<String>> {
    let directory = place::repository().join("tests");
    let manifest = fs::read_to_string(directory.join("Cargo.toml"))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name =
            path.file_stem().context("a test without a name")?.to_string_lossy().into_owned();
        if !manifest.contains(&format!("name = \"{name}\"")) {
            bail!("tests/{name}.rs has no [[test]] entry in tests/Cargo.toml, so it never runs");
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

fn run(selection: &Selection, arguments: &[&str], toolchain: Option<&Toolchain>) -> Result<Tally> {
    let mut command: Command = extension::cargo();
    command.args(["test", "--no-fail-fast"]).args(arguments);
    // These variables say that the extension is installed, so that the tests need not
    // build it again.
    command.env("SPYNE_INSTALLED", "1").env("RUST_BACKTRACE", "0");
    if let Some(toolchain) = toolchain {
        toolchain.hand_on(&mut command);
    }
    command.arg("--").args(selection.filter());
    let mut child = command.stdout(Stdio::piped()).spawn().context("starting cargo test")?;
    let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
    let mut tally = Tally::default();
    let mut summaries = 0;
    for line in output.lines() {
        let line = line?;
        summaries += usize::from(line.starts_with("test result: "));
        count(&line, &mut tally);
        println!("{line}");
    }
    let status = child.wait()?;
    // Without a summary, the tests were not built or ended in the middle.
    if !status.success() && (summaries == 0 || tally.failed.is_empty()) {
        tally.failed.push(format!("cargo test {}", arguments.join(" ")));
    }
    Ok(tally)
}

/// Reads one line of the test harness, such as `test name ... ok`.
fn count(line: &str, tally: &mut Tally) {
    let Some((name, verdict)) =
        line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
    else {
        return;
    };
    match verdict.trim() {
        "ok" => tally.passed += 1,
        "FAILED" => tally.failed.push(name.to_owned()),
        _ => {}
    }
}
