//! One suite on one server, by PostgreSQL's own driver.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use xtask::account;
use xtask::progress;
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;

use super::Suite;
use super::source::Source;

/// What the driver sets in a database that it makes itself.
const DATABASE_SETTINGS: [(&str, &str); 6] = [
    ("lc_messages", "C"),
    ("lc_monetary", "C"),
    ("lc_numeric", "C"),
    ("lc_time", "C"),
    ("bytea_output", "hex"),
    ("timezone_abbreviations", "Default"),
];

/// What is to be run.
pub struct Run<'r> {
    pub suite: Suite,
    pub toolchain: &'r Toolchain,
    pub source: &'r Source,
    /// The directory of the library that the regression tests load.
    pub libraries: &'r Path,
    /// Whether the server has spyne, preloaded and in all of its databases.
    pub with_spyne: bool,
}

/// What came out.
pub struct Outcome {
    /// Whether each test's output is one of those that PostgreSQL expects.
    pub verdicts: BTreeMap<String, bool>,
    /// How long the suite ran, in seconds.
    pub seconds: u64,
    output: PathBuf,
}

impl Outcome {
    /// How many tests printed what PostgreSQL expects.
    pub fn passed(&self) -> usize {
        self.verdicts.values().filter(|passed| **passed).count()
    }

    /// The file of what a test printed.
    pub fn result(&self, test: &str) -> PathBuf {
        self.output.join("results").join(format!("{test}.out"))
    }
}

impl Run<'_> {
    /// Starts a server, runs the suite on it and stops it. The tests' outputs stay in `output`,
    /// a directory of the server's account.
    pub fn to_its_end(&self, output: PathBuf) -> Result<Outcome> {
        let server = self.start_server()?;
        self.create_database(&server)?;
        let schedule = self.source.schedule(self.suite)?;
        let total = tests_in(&fs::read_to_string(&schedule)?);
        let with = if self.with_spyne { "with" } else { "without" };
        let text = format!("PostgreSQL's {} tests, {with} spyne", self.suite.name());
        let bar = progress::test_bar(total, &text);
        let mut command = self.command(&server, &schedule, &output)?;
        // Not piped: nobody reads it while the driver runs.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = Instant::now();
        let mut driver = command.spawn().context("starting the test driver")?;
        let stdout = driver.stdout.take().context("the test driver prints nothing")?;
        let mut verdicts = BTreeMap::new();
        let mut printed = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some((name, passed)) = verdict(&line) {
                bar.inc(1);
                verdicts.insert(name, passed);
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        let status = driver.wait()?;
        bar.finish_and_clear();
        // 1 says that tests failed, which is for the comparison to judge.
        if !matches!(status.code(), Some(0 | 1)) || verdicts.len() != total as usize {
            bail!(
                "the test driver ran {} of {total} tests ({status}):\n{printed}{}",
                verdicts.len(),
                server.log()
            );
        }
        Ok(Outcome { verdicts, seconds: started.elapsed().as_secs(), output })
    }

    fn start_server(&self) -> Result<Server> {
        let mut server = Server::build(self.toolchain, "conformance")
            // What the tests print depends on some settings: these are PostgreSQL's own.
            .durable()
            .setting("shared_buffers", "128MB")
            .setting("max_wal_size", "1GB")
            .setting("fsync", "off")
            // The driver's setting for a server that it starts itself.
            .setting("max_prepared_transactions", "2");
        if self.with_spyne {
            server = server.preload("spyne");
        }
        server.start()
    }

    /// The name that the driver would give to the database: some tests connect to it by that.
    fn database(&self) -> &'static str {
        match self.suite {
            Suite::Regress => "regression",
            Suite::Isolation => "isolation_regression",
        }
    }

    /// The driver would make the database from template0, which has no extension. The tests make
    /// more databases, from template1.
    fn create_database(&self, server: &Server) -> Result<()> {
        if self.with_spyne {
            server.connect("template1", SUPERUSER)?.batch_execute("CREATE EXTENSION spyne")?;
        }
        let mut client = server.connect("postgres", SUPERUSER)?;
        let name = self.database();
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template1"))?;
        for (setting, value) in DATABASE_SETTINGS {
            client.batch_execute(&format!("ALTER DATABASE {name} SET {setting} TO '{value}'"))?;
        }
        Ok(())
    }

    fn command(&self, server: &Server, schedule: &Path, output: &Path) -> Result<Command> {
        let driver = match self.suite {
            Suite::Regress => "regress/pg_regress",
            Suite::Isolation => "isolation/pg_isolation_regress",
        };
        let mut command = self.toolchain.test_driver(driver)?;
        command.arg("--use-existing").args(["--dbname", self.database(), "--user", SUPERUSER]);
        command.arg("--host").arg(server.socket_directory());
        command.arg("--port").arg(server.port().to_string());
        command.arg("--bindir").arg(self.toolchain.bindir());
        command.arg("--dlpath").arg(self.libraries);
        command.arg("--inputdir").arg(self.source.directory(self.suite));
        command.arg("--outputdir").arg(output).arg("--schedule").arg(schedule);
        // As PostgreSQL's makefile has it.
        command.arg("--max-concurrent-tests=20");
        // The tests let server and client write into the same directory.
        account::run_as_server(&mut command)?;
        Ok(command)
    }
}

/// How many tests a schedule names.
fn tests_in(schedule: &str) -> u64 {
    schedule
        .lines()
        .filter_map(|line| line.strip_prefix("test:"))
        .map(|names| names.split_whitespace().count() as u64)
        .sum()
}

/// The test that a line of the driver's is about, and whether it passed.
///
/// From 16 on a line reads `not ok 5     + float4    20 ms`, before that `float4   ... FAILED`
/// or `test float4    ... ok`.
fn verdict(line: &str) -> Option<(String, bool)> {
    if let Some((left, right)) = line.split_once(" ... ") {
        let name = left.split_whitespace().next_back()?;
        return Some((name.to_owned(), right.trim_start().starts_with("ok")));
    }
    let (passed, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ")?),
    };
    let mut fields = rest.split_whitespace();
    fields.next()?.parse::<u32>().ok()?;
    let sign = fields.next()?;
    ["-", "+"].contains(&sign).then_some(())?;
    Some((fields.next()?.to_owned(), passed))
}

#[cfg(test)]
mod tests {
    use super::{tests_in, verdict};

    #[test]
    fn the_drivers_lines_are_read() {
        let found = |line: &str| verdict(line);
        let is = |name: &str, passed: bool| Some((name.to_owned(), passed));
        assert_eq!(
            found("test tablespace                   ... ok          190 ms"),
            is("tablespace", true)
        );
        assert_eq!(
            found("     float4                       ... FAILED       20 ms"),
            is("float4", false)
        );
        assert_eq!(
            found("     random                       ... failed (ignored)   20 ms"),
            is("random", false)
        );
        assert_eq!(
            found("ok 1         - test_setup                               274 ms"),
            is("test_setup", true)
        );
        assert_eq!(
            found("not ok 12    + float4                                    20 ms"),
            is("float4", false)
        );
        for other in [
            "parallel group (2 tests):  a b",
            "# parallel group (2 tests):  a b",
            "1..222",
            "",
            "ok",
        ] {
            assert_eq!(found(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_tests_of_a_schedule_are_counted() {
        assert_eq!(tests_in("# one\ntest: a\n\ntest: b c d\nignore: x\n"), 4);
    }
}
