//! SQL tests and isolation tests, through PostgreSQL's own test drivers.
//!
//! A driver is started once for each test, so that its exit status is that of the test,
//! and the diff of a failure is by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use xtask::place;
use xtask::progress::say;
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;

use crate::needs;
use crate::suite::{Selection, Tally};

/// The database that the tests run in.
const DATABASE: &str = "spyne_test";
/// The libraries that are preloaded where spyne is alone.
const ALONE: &str = "spyne";

/// A family of tests: the driver that runs them, and their directory.
struct Family {
    /// The directory below `tests/`.
    directory: &'static str,
    /// The folder of inputs and the ending of their names.
    inputs: &'static str,
    ending: &'static str,
    driver: &'static str,
    /// Settings of the family's server, besides those of all.
    settings: &'static [(&'static str, &'static str)],
}

const SQL: Family = Family {
    directory: "pg_regress",
    inputs: "sql",
    ending: "sql",
    driver: "regress/pg_regress",
    settings: &[],
};
const ISOLATION: Family = Family {
    directory: "isolation",
    inputs: "specs",
    ending: "spec",
    driver: "isolation/pg_isolation_regress",
    // A session that waits for another waits until that has had its turn, however slow
    // the machine is.
    settings: &[("spyne.lock_timeout", "10min")],
};

/// Settings that give the other libraries something to do.
const BESIDE: [(&str, &str); 2] = [("pgaudit.log", "all"), ("pg_stat_statements.track", "all")];

/// The SQL tests; those named in `beside.txt` also next to other libraries that hook the same
/// places, loaded before spyne and after it.
pub fn sql(toolchain: &Toolchain, selection: &Selection) -> Result<Tally> {
    let names = SQL.names(selection)?;
    let mut tally = run(&SQL, toolchain, selection, ALONE, &names)?;
    let beside = names_beside(&names)?;
    if beside.is_empty() || selection.bless() {
        return Ok(tally);
    }
    if !needs::has_extension(toolchain, "pg_stat_statements") {
        println!("skip   {} tests beside others: no pg_stat_statements here", beside.len());
        return Ok(tally);
    }
    let others = if toolchain.ensure_pgaudit()? {
        "pg_stat_statements,pgaudit"
    } else {
        "pg_stat_statements"
    };
    for libraries in [format!("{others},spyne"), format!("spyne,{others}")] {
        tally.add(run(&SQL, toolchain, selection, &libraries, &beside)?);
    }
    Ok(tally)
}

/// The isolation tests.
pub fn isolation(toolchain: &Toolchain, selection: &Selection) -> Result<Tally> {
    let names = ISOLATION.names(selection)?;
    run(&ISOLATION, toolchain, selection, ALONE, &names)
}

impl Family {
    fn source(&self) -> PathBuf {
        place::repository().join("tests").join(self.directory)
    }

    /// The names of the tests.
    fn names(&self, selection: &Selection) -> Result<Vec<String>> {
        let inputs = self.source().join(self.inputs);
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&inputs).into_iter().flatten() {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == self.ending) {
                let name = path.file_stem().context("a test without a name")?.to_string_lossy();
                names.insert(name.into_owned());
            }
        }
        let expected = self.source().join("expected");
        for entry in fs::read_dir(&expected).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_some_and(|extension| extension == "out")
                && !names.iter().any(|test| is_expected_output_of(&name, test))
            {
                bail!("{} belongs to no test", path.display());
            }
        }
        Ok(names.into_iter().filter(|name| selection.matches(name)).collect())
    }
}

/// A test may have further expected outputs, numbered after its name.
fn is_expected_output_of(output: &str, test: &str) -> bool {
    output.strip_prefix(test).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('_').is_some_and(|number| number.parse::<u8>().is_ok())
    })
}

/// The tests that are run beside other libraries, of those selected.
fn names_beside(selected: &[String]) -> Result<Vec<String>> {
    let list = SQL.source().join("beside.txt");
    let text = fs::read_to_string(&list).with_context(|| {
        format!("{} names the tests to run beside other libraries", list.display())
    })?;
    let exists = |name: &str| SQL.source().join(format!("sql/{name}.sql")).is_file();
    let names = listed(&text, exists).with_context(|| list.display().to_string())?;
    Ok(names.into_iter().filter(|name| selected.contains(name)).collect())
}

/// The names in a list of tests, one a line; text after a `#` is a comment.
///
/// A list without names, or with a name that does not exist, would silently leave out
/// tests, so that is an error.
fn listed(text: &str, exists: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for line in text.lines() {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        if !exists(name) {
            bail!("there is no test {name}");
        }
        if names.iter().any(|other| other == name) {
            bail!("{name} is named twice");
        }
        names.push(name.to_owned());
    }
    if names.is_empty() {
        bail!("no test is named");
    }
    Ok(names)
}

/// Runs the tests one after another in one database of a server of their own.
fn run(
    family: &Family,
    toolchain: &Toolchain,
    selection: &Selection,
    libraries: &str,
    names: &[String],
) -> Result<Tally> {
    let mut tally = Tally::default();
    if names.is_empty() {
        return Ok(tally);
    }
    say(format!("{} tests with {libraries} preloaded", family.directory));
    let mut server = Server::build(toolchain, family.directory)
        .preload(libraries)
        // Autovacuum would start at some moment, take locks and renew statistics.
        .setting("autovacuum", "off")
        // Most tests are about something else; those of previews switch the rule on.
        .setting("spyne.require_preview", "off")
        .setting("wal_level", "logical")
        .setting("max_prepared_transactions", "10");
    let others = if libraries == ALONE { &[][..] } else { &BESIDE[..] };
    for (name, value) in family.settings.iter().chain(others) {
        server = server.setting(name, value);
    }
    let server = server.start()?;
    prepare_database(&server, family)?;
    let output = place::target().join(format!("tests/pg{}", toolchain.major));
    let output = output.join(family.directory);
    for name in names {
        let input = family.source().join(family.inputs).join(format!("{name}.{}", family.ending));
        if let Some(why) = needs::lacking(&fs::read_to_string(&input)?, toolchain) {
            println!("skip   {name}: {why}");
            continue;
        }
        let started = Instant::now();
        let passed = run_one(family, &server, selection, &output, name)?;
        let verdict = if passed { "ok" } else { "FAILED" };
        println!("{verdict:6} {name} ({} ms)", started.elapsed().as_millis());
        if passed {
            tally.passed += 1;
        } else {
            tally.failed.push(format!("{}: {name} ({libraries})", family.directory));
        }
    }
    Ok(tally)
}

fn prepare_database(server: &Server, family: &Family) -> Result<()> {
    server.connect("postgres", SUPERUSER)?.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
    server.connect(DATABASE, SUPERUSER)?.batch_execute("CREATE EXTENSION spyne")?;
    let setup = family.source().join("setup.sql");
    if setup.is_file() {
        let arguments = ["--quiet", "--set=ON_ERROR_STOP=1", "--file"].map(Into::into);
        let arguments: Vec<PathBuf> = arguments.into_iter().chain([setup.clone()]).collect();
        let run = server.psql(DATABASE, SUPERUSER, &arguments)?;
        if !run.status.success() {
            bail!("{}:\n{}", setup.display(), String::from_utf8_lossy(&run.stderr));
        }
    }
    Ok(())
}

/// Whether the test's output is the expected one; where it is not, shows the difference.
fn run_one(
    family: &Family,
    server: &Server,
    selection: &Selection,
    output: &Path,
    name: &str,
) -> Result<bool> {
    fs::create_dir_all(output.join("results"))?;
    let expected = family.source().join(format!("expected/{name}.out"));
    // The driver gives up on a test without expected output before it shows the actual
    // one.
    let is_new = !expected.is_file();
    if is_new {
        fs::create_dir_all(family.source().join("expected"))?;
        fs::write(&expected, "")?;
    }
    let mut command = server.toolchain().test_driver(family.driver)?;
    point_at(&mut command, server);
    command.arg("--inputdir").arg(family.source()).arg("--outputdir").arg(output).arg(name);
    let run = command.output().context("starting the test driver");
    let differences = output.join("regression.diffs");
    let result = output.join(format!("results/{name}.out"));
    if is_new && !selection.bless() {
        fs::remove_file(&expected)?;
    }
    let run = run?;
    if run.status.success() && !is_new {
        return Ok(true);
    }
    if selection.bless() && result.is_file() {
        fs::copy(&result, &expected)?;
        return Ok(true);
    }
    if differences.is_file() {
        print!("{}", fs::read_to_string(&differences)?);
    } else {
        print!("{}", String::from_utf8_lossy(&run.stdout));
    }
    print!("{}", String::from_utf8_lossy(&run.stderr));
    Ok(false)
}

fn point_at(command: &mut Command, server: &Server) {
    command.arg("--use-existing").args(["--dbname", DATABASE, "--user", SUPERUSER]);
    command.arg("--host").arg(server.socket_directory());
    command.arg("--port").arg(server.port().to_string());
    command.arg("--bindir").arg(server.toolchain().bindir());
    // Used by tests that connect to their own server once more, by dblink or a
    // subscription.
    command.env("SPYNE_SOCKET", server.socket_directory());
    command.env("SPYNE_PORT", server.port().to_string());
}

#[cfg(test)]
mod tests {
    use super::{listed, names_beside};

    #[test]
    fn a_list_of_tests_names_tests_that_are_there() {
        let exists = |name: &str| ["one", "two"].contains(&name);
        assert_eq!(listed("# all\none\n\n two # the second\n", exists).unwrap(), ["one", "two"]);
        for wrong in ["", "# none\n\n", "one\nthree\n", "one\ntwo\none\n"] {
            assert!(listed(wrong, exists).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_list_of_tests_beside_other_libraries_is_there() {
        let selected = ["attack_copy".to_owned(), "no_such_test".to_owned()];
        assert_eq!(names_beside(&selected).unwrap(), ["attack_copy"]);
    }
}
