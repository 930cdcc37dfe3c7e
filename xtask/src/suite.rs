//! All tests, in one command: the pure core, the types for every major of PostgreSQL, SQL against
//! a server, races between sessions, and real clients. Builds and the servers of different majors
//! run side by side.

use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;
use xtask::extension::{self, Profile};
use xtask::toolchain::Toolchain;

use crate::cargo_tests;
use crate::jobs::{self, Finished, Job};
use crate::log::Log;
use crate::regress;
use crate::tally::Tally;
use crate::versions;

/// The lane of what cargo builds: its builds wait for one another anyhow.
const CARGO: &str = "cargo";
/// Where more cores are there, more servers at a time would make a test wait longer than it has
/// patience for.
const MOST_AT_ONCE: usize = 4;

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

/// How much of the suite runs on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// The SQL tests and the isolation tests.
    Sql,
}

impl Extent {
    fn includes(self, part: Part) -> bool {
        match self {
            Extent::Whole => true,
            Extent::Sql => matches!(part, Part::Regress | Part::Isolation),
        }
    }
}

/// A server to run the tests on.
pub struct Stage {
    pub toolchain: Toolchain,
    pub extent: Extent,
}

/// Runs what is selected on each server and closes with the one line that sums it up; `false`
/// where a test failed or none ran.
pub fn run(stages: &[Stage], selection: &Selection) -> Result<bool> {
    if selection.bless && stages.len() > 1 {
        bail!(
            "the results of one server at a time are taken as the expected ones: name it by --pg"
        );
    }
    let started = Instant::now();
    let jobs = plan(stages, selection);
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_AT_ONCE);
    let ended = jobs::run(jobs, workers);
    summarise(ended, started.elapsed())
}

/// Checks all majors of PostgreSQL and nothing else, as `run` would.
pub fn check_versions() -> Result<bool> {
    let selection = Selection { only: Some(Part::Versions), ..Selection::default() };
    run(&[], &selection)
}

/// The jobs, those first that others wait for.
fn plan<'s>(stages: &'s [Stage], selection: &'s Selection) -> Vec<Job<'s, Tally>> {
    let mut jobs: Vec<Job<Tally>> = Vec::new();
    let is_selected =
        |stage: &Stage, part: Part| selection.includes(part) && stage.extent.includes(part);
    for stage in stages {
        if [Part::Regress, Part::Isolation, Part::Client]
            .into_iter()
            .any(|part| is_selected(stage, part))
        {
            jobs.push(Job {
                name: format!("{} build", label(stage)),
                lane: CARGO.to_owned(),
                needs: None,
                work: Box::new(|| {
                    extension::install_into(&stage.toolchain, Profile::Development)?;
                    Ok(Tally::default())
                }),
            });
        }
    }
    let builds = jobs.len();
    for part in [Part::Unit, Part::Versions] {
        if selection.includes(part) {
            let name = if part == Part::Unit { "unit" } else { "versions" };
            let log = Log::of(name);
            jobs.push(Job {
                name: name.to_owned(),
                lane: CARGO.to_owned(),
                needs: None,
                work: Box::new(move || match part {
                    Part::Unit => cargo_tests::unit(selection, &log),
                    _ => versions::check(selection, &log),
                }),
            });
        }
    }
    let mut build = 0..builds;
    for stage in stages {
        let parts = [Part::Regress, Part::Isolation, Part::Client];
        let parts = parts.into_iter().filter(|part| is_selected(stage, *part));
        let mut needs = None;
        for part in parts {
            needs = needs.or_else(|| build.next());
            jobs.push(tests(stage, part, selection, needs));
        }
    }
    jobs
}

/// The job of one part on one server. The parts of a server run one after another: some tests put
/// files of their own beside the extension's.
fn tests<'s>(
    stage: &'s Stage,
    part: Part,
    selection: &'s Selection,
    needs: Option<usize>,
) -> Job<'s, Tally> {
    let log = Log::of(&label(stage));
    let (toolchain, kind) = (&stage.toolchain, part);
    Job {
        name: format!("{} {}", label(stage), name_of(part)),
        lane: label(stage),
        needs,
        work: Box::new(move || match kind {
            Part::Regress => regress::sql(toolchain, selection, &log),
            Part::Isolation => regress::isolation(toolchain, selection, &log),
            _ => cargo_tests::client(toolchain, selection, &log),
        }),
    }
}

fn name_of(part: Part) -> &'static str {
    match part {
        Part::Unit => "unit",
        Part::Versions => "versions",
        Part::Regress => "regress",
        Part::Isolation => "isolation",
        Part::Client => "client",
    }
}

fn label(stage: &Stage) -> String {
    format!("pg{}", stage.toolchain.major)
}

/// Says how long each part took and what it found.
fn summarise(ended: Vec<Finished<Tally>>, whole: Duration) -> Result<bool> {
    let mut total = Tally::default();
    eprintln!("how long each part took, and what it found:");
    for job in ended {
        let found = match &job.outcome {
            Ok(tally) => tally.to_string(),
            Err(problem) => format!("{problem:#}"),
        };
        eprintln!("    {:>10}  {}  {found}", clock(job.duration), job.name);
        match job.outcome {
            Ok(tally) => total.add(&job.name, tally),
            Err(_) => total.failed.push(job.name),
        }
    }
    eprintln!("    {:>10}  in all", clock(whole));
    for (title, names) in [("skipped", &total.skipped), ("failed", &total.failed)] {
        if !names.is_empty() {
            eprintln!("{title}:");
            names.iter().for_each(|name| eprintln!("    {name}"));
        }
    }
    println!("{} passed, {} failed", total.passed, total.failed.len());
    if total.is_empty() {
        bail!("no test was run");
    }
    Ok(total.failed.is_empty())
}

/// A duration in minutes and seconds.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {:02} s", seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, Part, clock};
    use std::time::Duration;

    #[test]
    fn a_server_may_run_the_sql_alone() {
        assert!(Extent::Whole.includes(Part::Client) && Extent::Sql.includes(Part::Isolation));
        assert!(!Extent::Sql.includes(Part::Client));
    }

    #[test]
    fn durations_are_said_in_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_millis(59_400)), "59 s");
        assert_eq!(clock(Duration::from_millis(59_600)), "1 min 00 s");
        assert_eq!(clock(Duration::from_secs(754)), "12 min 34 s");
    }
}
