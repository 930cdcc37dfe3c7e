//! Whether the extension type-checks for every major of PostgreSQL, without a server of it.
//!
//! pgrx ships bindings for each major, which its documentation is built from. With them
//! `cargo check` needs neither headers nor libclang. Two things choose them: the variable
//! `DOCS_RS`, at which pgrx's build script makes none, and the condition `docsrs` for pgrx-pg-sys
//! alone (other packages take it for a nightly compiler). Cargo cannot set a condition for one
//! package, so it runs the compiler through this program, which adds it.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Command, ExitCode};

use anyhow::{Context, Result};
use xtask::extension;
use xtask::majors::SUPPORTED_MAJORS;
use xtask::place;

use crate::log::Log;
use crate::suite::Selection;
use crate::tally::Tally;

/// Set where this program stands in for the compiler.
const AS_COMPILER: &str = "SPYNE_BUNDLED_BINDINGS";
/// The package whose bindings are to be the bundled ones, as the compiler calls it.
const BINDINGS: &str = "pgrx_pg_sys";

/// Checks each major that is selected. The compiler's errors go to standard error.
pub fn check(selection: &Selection, log: &Log) -> Result<Tally> {
    let mut tally = Tally::default();
    for major in SUPPORTED_MAJORS {
        let name = format!("versions::pg{major}");
        if !selection.matches(&name) {
            continue;
        }
        log.say(&format!("checking spyne for PostgreSQL {major}"));
        let passed = check_command(major)?.status().context("starting cargo check")?.success();
        log.print(&format!("test {name} ... {}", if passed { "ok" } else { "FAILED" }));
        match passed {
            true => tally.passed += 1,
            false => tally.failed.push(name),
        }
    }
    Ok(tally)
}

fn check_command(major: u32) -> Result<Command> {
    let mut command = extension::cargo();
    command.args(["check", "--package", "spyne", "--no-default-features"]);
    command.arg("--features").arg(format!("pg{major}"));
    // A directory of its own: what was built against other bindings must stay apart. The majors
    // share it, since all but pgrx and the extension is the same for each.
    command.arg("--target-dir").arg(place::target().join("check"));
    // Set or not, they change nothing here, but cargo would build all anew where they change.
    for name in ["LIBCLANG_PATH", "BINDGEN_EXTRA_CLANG_ARGS", "LLVM_CONFIG_PATH"] {
        command.env_remove(name);
    }
    command.env("DOCS_RS", "1").env(AS_COMPILER, "1");
    command.env("RUSTC_WRAPPER", this_program()?);
    Ok(command)
}

/// A path of this program that leads to it even after the unit tests have built another in its
/// place, which they do with the features that tests add.
fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from(format!("/proc/{}/exe", process::id()));
    match running.exists() {
        true => Ok(running),
        false => env::current_exe().context("finding this program"),
    }
}

/// Runs the compiler, where cargo has started this program in its place; else returns None.
/// Cargo gives the compiler's path as the first argument.
pub fn as_compiler() -> Option<ExitCode> {
    env::var_os(AS_COMPILER)?;
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let (compiler, rest) = arguments.split_first()?;
    let problem = Command::new(compiler).args(rest).args(conditions(rest)).exec();
    eprintln!("error: starting {}: {problem}", compiler.to_string_lossy());
    Some(ExitCode::FAILURE)
}

/// What the compiler is given in addition to cargo's arguments.
fn conditions(arguments: &[OsString]) -> &'static [&'static str] {
    let is_bindings =
        arguments.windows(2).any(|pair| pair[0] == "--crate-name" && pair[1] == BINDINGS);
    match is_bindings {
        true => &["--cfg", "docsrs"],
        false => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::conditions;
    use std::ffi::OsString;

    fn of(arguments: &[&str]) -> &'static [&'static str] {
        conditions(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn only_the_bindings_are_compiled_as_documentation() {
        assert_eq!(of(&["--crate-name", "pgrx_pg_sys", "src/lib.rs"]), ["--cfg", "docsrs"]);
        assert!(of(&["--crate-name", "pgrx", "--extern", "pgrx_pg_sys"]).is_empty());
        assert!(of(&["-vV"]).is_empty());
    }
}
