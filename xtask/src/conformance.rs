//! PostgreSQL's own tests, on a server with spyne and on the same server without.
//!
//! A database that has the extension and governs nothing must behave as any other does. What the
//! tests print in the one and in the other is compared; `tests/conformance/known.txt` lists what
//! differs, with the reason, and nothing else may.

mod driver;
mod known;
mod output;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use xtask::account;
use xtask::extension::{self, Profile};
use xtask::place;
use xtask::progress::say;
use xtask::toolchain::Toolchain;

use driver::{Outcome, Run};
use known::Known;
use source::Source;

#[derive(clap::Args)]
pub struct Choice {
    /// Run one of the two suites only
    #[arg(long)]
    suite: Option<Suite>,
    /// Take the tests from this unpacked source of PostgreSQL, instead of fetching one
    #[arg(long, value_name = "DIRECTORY")]
    source: Option<PathBuf>,
}

/// The suites of PostgreSQL's that run against a server as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// One session after the other, and some side by side
    Regress,
    /// Sessions that interleave
    Isolation,
}

impl Suite {
    /// Its name, which is also that of its directory below `src/test` of PostgreSQL's source.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Regress => "regress",
            Suite::Isolation => "isolation",
        }
    }
}

/// What a comparison found.
#[derive(Default)]
struct Findings {
    tests: usize,
    explained: usize,
    unexplained: Vec<String>,
    unseen: Vec<String>,
}

/// Runs the suites; `false` where something differs that is not known, or is known and does not
/// differ.
pub fn run(toolchain: &Toolchain, choice: &Choice) -> Result<bool> {
    let known = read_known()?;
    let source = Source::ensure(toolchain, choice.source.as_deref())?;
    let directory = place::open_to_server()?.join("tests/conformance").join(format!(
        "{}-{}",
        toolchain.major,
        std::process::id()
    ));
    fs::create_dir_all(&directory)?;
    let libraries = source.build_libraries(toolchain, &directory)?;
    extension::install_into(toolchain, Profile::Development)?;
    let mut findings = Findings::default();
    for suite in [Suite::Regress, Suite::Isolation] {
        if choice.suite.is_some_and(|only| only != suite) {
            continue;
        }
        let run = |with_spyne| {
            let output = directory.join(suite.name()).join(side(with_spyne));
            fs::create_dir_all(&output)?;
            account::give_to_server(&output)?;
            let run = Run { suite, toolchain, source: &source, libraries: &libraries, with_spyne };
            run.to_its_end(output)
        };
        let (without, with) = (run(false)?, run(true)?);
        compare(suite, toolchain.major, &without, &with, &known, &mut findings)?;
    }
    let is_as_known = summarise(toolchain, &source, &findings)?;
    if is_as_known {
        fs::remove_dir_all(&directory)?;
    } else {
        say(format!("the outputs are in {}", directory.display()));
    }
    Ok(is_as_known)
}

fn side(with_spyne: bool) -> &'static str {
    if with_spyne { "with" } else { "without" }
}

fn read_known() -> Result<Vec<Known>> {
    let list = place::repository().join("tests/conformance/known.txt");
    let text = fs::read_to_string(&list)
        .with_context(|| format!("{} names the differences that are known", list.display()))?;
    known::parse(&text).with_context(|| list.display().to_string())
}

/// Compares what each test printed without spyne and with it.
fn compare(
    suite: Suite,
    major: u32,
    without: &Outcome,
    with: &Outcome,
    known: &[Known],
    findings: &mut Findings,
) -> Result<()> {
    say(format!(
        "{}: {} tests; as PostgreSQL expects: {} without spyne ({} s), {} with it ({} s)",
        suite.name(),
        without.verdicts.len().max(with.verdicts.len()),
        without.passed(),
        without.seconds,
        with.passed(),
        with.seconds
    ));
    let prefix = format!("{}/", suite.name());
    let ran: BTreeSet<&str> =
        without.verdicts.keys().chain(with.verdicts.keys()).map(String::as_str).collect();
    findings.tests += ran.len();
    // A test that is gone does not differ any more either.
    let listed = known.iter().filter_map(|entry| entry.test_on(major)?.strip_prefix(&prefix));
    for name in ran.iter().copied().chain(listed).collect::<BTreeSet<&str>>() {
        let test = format!("{prefix}{name}");
        // PostgreSQL itself accepts several outputs of some tests: either is right.
        let is_right = |outcome: &Outcome| outcome.verdicts.get(name) == Some(&true);
        let differences = if is_right(without) && is_right(with) {
            Vec::new()
        } else {
            output::differences(&without.result(name), &with.result(name))?
        };
        let verdict = known::judge(known, &test, major, &differences);
        for reason in &verdict.explained {
            println!("known  {test}: {reason}");
        }
        findings.explained += verdict.explained.len();
        if verdict.is_unexplained {
            println!("DIFFERS {test}");
            print!("{}", output::shown(&without.result(name), &with.result(name))?);
            findings.unexplained.push(test.clone());
        }
        for reason in verdict.unseen {
            findings.unseen.push(format!("{test}: {reason}"));
        }
    }
    Ok(())
}

fn summarise(toolchain: &Toolchain, source: &Source, findings: &Findings) -> Result<bool> {
    if !findings.unexplained.is_empty() {
        eprintln!("these tests differ in what is not known:");
        for test in &findings.unexplained {
            eprintln!("    {test}");
        }
    }
    if !findings.unseen.is_empty() {
        eprintln!("these known differences were not seen, and do not belong in the list:");
        for entry in &findings.unseen {
            eprintln!("    {entry}");
        }
    }
    println!(
        "{} with the tests of {}: {} tests run, {} differences explained, {} tests differ \
         otherwise, {} known differences not seen",
        toolchain.version()?,
        source.version(),
        findings.tests,
        findings.explained,
        findings.unexplained.len(),
        findings.unseen.len()
    );
    Ok(findings.unexplained.is_empty() && findings.unseen.is_empty())
}
