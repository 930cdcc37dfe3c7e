//! All tests, in one command: the pure core, the types for every major of PostgreSQL, SQL against
//! a server, races between sessions, and real clients.

use anyhow::{Result, bail};
use clap::ValueEnum;
use xtask::extension::{self, Profile};
use xtask::progress::say;
use xtask::toolchain::Toolchain;

use crate::cargo_tests;
use crate::regress;
use crate::versions;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The pure rules, without a server
    Unit,
    /// Type checks for every major of PostgreSQL, without a server
    Versions,
    /// SQL files and their expected output
    Regress,
    /// Sessions that interleave
    Isolation,
    /// Programs that use a real client
    Client,
}

#[derive(clap::Args, Default)]
pub struct Selection {
    /// Run one part only
    #[arg(long)]
    only: Option<Part>,
    /// Take the results of SQL and isolation tests as the expected ones
    #[arg(long)]
    bless: bool,
    /// Run the tests whose name contains this
    filter: Option<String>,
}

impl Selection {
    fn includes(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// Whether a test of this name is asked for.
    pub fn matches(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| name.contains(filter))
    }

    pub fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    pub fn bless(&self) -> bool {
        self.bless
    }
}

/// How many tests went well, and which did not.
#[derive(Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
    }
}

/// Runs what is selected and closes with the one line that sums it up; `false` where a test
/// failed or none ran.
pub fn run(toolchain: &Toolchain, selection: &Selection) -> Result<bool> {
    let mut tally = Tally::default();
    if selection.includes(Part::Unit) {
        say("unit tests");
        tally.add(cargo_tests::unit(selection)?);
    }
    if selection.includes(Part::Versions) {
        tally.add(versions::check(selection)?);
    }
    if [Part::Regress, Part::Isolation, Part::Client]
        .into_iter()
        .any(|part| selection.includes(part))
    {
        extension::install_into(toolchain, Profile::Development)?;
    }
    if selection.includes(Part::Regress) {
        tally.add(regress::sql(toolchain, selection)?);
    }
    if selection.includes(Part::Isolation) {
        tally.add(regress::isolation(toolchain, selection)?);
    }
    if selection.includes(Part::Client) {
        say("client tests");
        tally.add(cargo_tests::client(toolchain, selection)?);
    }
    summarise(&tally)
}

/// Checks all majors of PostgreSQL and nothing else, as `run` would.
pub fn check_versions() -> Result<bool> {
    summarise(&versions::check(&Selection::default())?)
}

fn summarise(tally: &Tally) -> Result<bool> {
    if !tally.failed.is_empty() {
        eprintln!("failed:");
        for name in &tally.failed {
            eprintln!("    {name}");
        }
    }
    println!("{} passed, {} failed", tally.passed, tally.failed.len());
    if tally.passed + tally.failed.len() == 0 {
        bail!("no test was run");
    }
    Ok(tally.failed.is_empty())
}
