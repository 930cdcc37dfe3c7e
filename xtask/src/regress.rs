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
use xtask::majors::SUPPORTED_MAJORS;
use xtask::neighbours::{self, Neighbour};
use xtask::place;
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;

use crate::log::Log;
use crate::needs;
use crate::suite::Selection;
use crate::tally::Tally;

/// The database that the tests run in.
const DATABASE: &str = "spyne_test";

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

/// What has the hooks beside spyne.
#[derive(Clone, Copy)]
enum Company<'n> {
    Nobody,
    /// Loaded and created before spyne, or after it.
    Before(&'n [&'static Neighbour]),
    After(&'n [&'static Neighbour]),
}

impl Company<'_> {
    fn neighbours(&self) -> &[&'static Neighbour] {
        match self {
            Company::Nobody => &[],
            Company::Before(neighbours) | Company::After(neighbours) => neighbours,
        }
    }

    /// `shared_preload_libraries`.
    fn libraries(&self) -> String {
        let others: Vec<&str> = self.neighbours().iter().map(|each| each.library).collect();
        match self {
            Company::Nobody => "spyne".to_owned(),
            Company::Before(_) => format!("{},spyne", others.join(",")),
            Company::After(_) => format!("spyne,{}", others.join(",")),
        }
    }

    /// The extensions to create, in the order in which the libraries are loaded.
    fn extensions(&self) -> Vec<&'static str> {
        let others = self.neighbours().iter().filter_map(|each| each.extension);
        match self {
            Company::Nobody | Company::After(_) => ["spyne"].into_iter().chain(others).collect(),
            Company::Before(_) => others.chain(["spyne"]).collect(),
        }
    }
}

/// The SQL tests, and the same next to other extensions that hook the same places, loaded
/// before spyne and after it: what they print must be the same.
pub fn sql(toolchain: &Toolchain, selection: &Selection, log: &Log) -> Result<Tally> {
    let names = SQL.names(selection)?;
    let mut tally = run(&SQL, toolchain, selection, Company::Nobody, &names, log)?;
    if names.is_empty() || selection.bless() {
        return Ok(tally);
    }
    let others = neighbours::ensure(toolchain)?;
    for reason in &others.absent {
        log.print(&format!("skip   every test beside {reason}"));
    }
    if others.present.is_empty() {
        return Ok(tally);
    }
    for company in [Company::Before(&others.present), Company::After(&others.present)] {
        tally.merge(run(&SQL, toolchain, selection, company, &names, log)?);
    }
    Ok(tally)
}

/// The isolation tests.
pub fn isolation(toolchain: &Toolchain, selection: &Selection, log: &Log) -> Result<Tally> {
    let names = ISOLATION.names(selection)?;
    run(&ISOLATION, toolchain, selection, Company::Nobody, &names, log)
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

/// The file that a server's output is written to: `NAME.out` for the oldest major, `NAME_8.out` for 18,
/// so that no major's output takes the place of another's. pg_regress takes whichever file fits.
fn blessed_output(test: &str, major: u32, is_new: bool) -> String {
    match major - 10 {
        number if !is_new && major > SUPPORTED_MAJORS[0] => format!("{test}_{number}.out"),
        _ => format!("{test}.out"),
    }
}

/// A test may have further expected outputs, numbered after its name.
fn is_expected_output_of(output: &str, test: &str) -> bool {
    output.strip_prefix(test).is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('_')
                .is_some_and(|number| number.len() == 1 && number.parse::<u8>().is_ok())
    })
}

/// Runs the tests one after another in one database of a server of their own.
fn run(
    family: &Family,
    toolchain: &Toolchain,
    selection: &Selection,
    company: Company,
    names: &[String],
    log: &Log,
) -> Result<Tally> {
    let mut tally = Tally::default();
    if names.is_empty() {
        return Ok(tally);
    }
    let libraries = company.libraries();
    log.say(&format!("{} tests with {libraries} preloaded", family.directory));
    let mut server = Server::build(toolchain, family.directory)
        .preload(&libraries)
        // Autovacuum would start at some moment, take locks and renew statistics.
        .setting("autovacuum", "off")
        // Most tests are about something else; those of previews switch the rule on.
        .setting("spyne.require_preview", "off")
        .setting("wal_level", "logical")
        .setting("max_prepared_transactions", "10");
    for (name, value) in family.settings {
        server = server.setting(name, value);
    }
    for (name, value) in company.neighbours().iter().flat_map(|each| each.settings(DATABASE)) {
        server = server.setting(name, &value);
    }
    let server = server.start()?;
    prepare_database(&server, family, company)?;
    let output = place::target().join(format!("tests/pg{}", toolchain.major));
    let output = output.join(family.directory);
    for name in names {
        let input = family.source().join(family.inputs).join(format!("{name}.{}", family.ending));
        if let Some(reason) = needs::lacking(&fs::read_to_string(&input)?, toolchain) {
            log.print(&format!("skip   {name}: {reason}"));
            tally.skipped.push(format!("{name}: {reason}"));
            continue;
        }
        let started = Instant::now();
        let passed = run_one(family, &server, selection, &output, name, log)?;
        let verdict = if passed { "ok" } else { "FAILED" };
        log.print(&format!("{verdict:6} {name} ({} ms)", started.elapsed().as_millis()));
        if passed {
            tally.passed += 1;
        } else {
            tally.failed.push(format!("{name} ({libraries})"));
        }
    }
    Ok(tally)
}

fn prepare_database(server: &Server, family: &Family, company: Company) -> Result<()> {
    server.connect("postgres", SUPERUSER)?.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
    let mut client = server.connect(DATABASE, SUPERUSER)?;
    for extension in company.extensions() {
        client
            .batch_execute(&format!("CREATE EXTENSION {extension}"))
            .with_context(|| format!("creating {extension}"))?;
    }
    drop(client);
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
    log: &Log,
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
    if is_new {
        fs::remove_file(&expected)?;
    }
    let run = run?;
    if run.status.success() && !is_new {
        return Ok(true);
    }
    if selection.bless() && result.is_file() {
        let of_major = blessed_output(name, server.toolchain().major, is_new);
        fs::copy(&result, expected.with_file_name(of_major))?;
        return Ok(true);
    }
    if differences.is_file() {
        log.print(&fs::read_to_string(&differences)?);
    } else {
        log.print(&String::from_utf8_lossy(&run.stdout));
    }
    log.print(&String::from_utf8_lossy(&run.stderr));
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
    use xtask::neighbours::Neighbour;

    use super::{Company, blessed_output, is_expected_output_of};

    static OTHERS: [&Neighbour; 2] = [
        &Neighbour { library: "a_worker", extension: Some("a"), package: None, settings: &[] },
        &Neighbour { library: "b", extension: None, package: None, settings: &[] },
    ];

    #[test]
    fn a_later_major_has_an_output_of_its_own() {
        assert_eq!(blessed_output("joins", 15, false), "joins.out");
        assert_eq!(blessed_output("joins", 15, true), "joins.out");
        assert_eq!(blessed_output("joins", 18, false), "joins_8.out");
        assert_eq!(blessed_output("joins", 18, true), "joins.out");
        assert!(is_expected_output_of("joins_8", "joins"));
        assert!(!is_expected_output_of("joins_18", "joins"));
        assert!(!is_expected_output_of("joins_tpch", "joins"));
    }

    #[test]
    fn libraries_are_loaded_and_extensions_created_in_the_same_order() {
        let of = |company: Company| (company.libraries(), company.extensions());
        assert_eq!(of(Company::Nobody), ("spyne".to_owned(), vec!["spyne"]));
        assert_eq!(
            of(Company::Before(&OTHERS)),
            ("a_worker,b,spyne".to_owned(), vec!["a", "spyne"])
        );
        assert_eq!(
            of(Company::After(&OTHERS)),
            ("spyne,a_worker,b".to_owned(), vec!["spyne", "a"])
        );
    }

    #[test]
    fn further_outputs_of_a_test_are_numbered() {
        assert!(is_expected_output_of("copy", "copy") && is_expected_output_of("copy_1", "copy"));
        assert!(
            !is_expected_output_of("copy_more", "copy") && !is_expected_output_of("cop", "copy")
        );
    }
}
