//! Instructions per statement, counted by callgrind in a server's single-user mode.
//!
//! Instructions, unlike seconds, come out the same whatever else the machine does. Two runs that
//! differ only in how many statements they execute are subtracted from one another: start-up,
//! the filling of caches and shut-down fall away.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use postgres::Client;
use tempfile::TempDir;
use xtask::account;
use xtask::progress::{self, capture};
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::{Toolchain, Valgrind};

const DATABASE: &str = "bench";
/// All keys have as many digits, so that every statement is as long as any other.
const FIRST_KEY: u32 = 100_001;
const ROWS: u32 = 50_000;

/// The servers that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    WithoutSpyne,
    /// Once more, from a cluster made anew: how far two equal servers differ.
    WithoutSpyneAgain,
    NotInstalled,
    NotGoverned,
    Active,
    Pgaudit,
}

/// Instructions per statement.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub select: f64,
    pub update: f64,
}

impl Variant {
    pub fn title(self) -> &'static str {
        match self {
            Variant::WithoutSpyne => "without spyne",
            Variant::WithoutSpyneAgain => "without spyne, measured again",
            Variant::NotInstalled => "spyne preloaded, not in this database",
            Variant::NotGoverned => "spyne preloaded, table not governed",
            Variant::Active => "spyne, table governed ACTIVE",
            Variant::Pgaudit => "pgaudit, write and ddl",
        }
    }

    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Variant::WithoutSpyne | Variant::WithoutSpyneAgain => &[],
            Variant::NotInstalled | Variant::NotGoverned | Variant::Active => {
                &[("shared_preload_libraries", "spyne")]
            }
            Variant::Pgaudit => {
                &[("shared_preload_libraries", "pgaudit"), ("pgaudit.log", "write,ddl")]
            }
        }
    }

    fn prepare(self, client: &mut Client) -> Result<()> {
        match self {
            Variant::WithoutSpyne | Variant::WithoutSpyneAgain | Variant::NotInstalled => {}
            Variant::Pgaudit => client.batch_execute("CREATE EXTENSION pgaudit")?,
            Variant::NotGoverned => client.batch_execute("CREATE EXTENSION spyne")?,
            Variant::Active => client.batch_execute(
                "CREATE EXTENSION spyne;
                 SELECT spyne_register('public.customer', state => 'SHADOW');
                 SELECT spyne_promote('public.customer');",
            )?,
        }
        Ok(())
    }
}

/// Makes the variant's server, then counts in it.
pub fn measure(
    toolchain: &Toolchain,
    valgrind: &Valgrind,
    variant: Variant,
    statements: u32,
) -> Result<Count> {
    if 2 * statements > ROWS {
        bail!("at most {} statements can be compared", ROWS / 2);
    }
    let spinner = progress::spinner(format!("measuring: {}", variant.title()));
    let mut builder = Server::build(toolchain, "bench");
    for (name, value) in variant.settings() {
        builder = builder.setting(name, value);
    }
    // Less to initialize at each start, and nothing that works in the background.
    let server = builder.setting("shared_buffers", "32MB").setting("autovacuum", "off").start()?;
    server.connect("postgres", SUPERUSER)?.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
    let mut client = server.connect(DATABASE, SUPERUSER)?;
    client.batch_execute(&table())?;
    variant.prepare(&mut client)?;
    client.batch_execute("VACUUM ANALYZE")?;
    drop(client);
    server.stop()?;
    let count = |statement: fn(u32) -> String| -> Result<f64> {
        let short = run(&server, valgrind, statements, statement)?;
        let long = run(&server, valgrind, 2 * statements, statement)?;
        Ok((long as f64 - short as f64) / f64::from(statements))
    };
    let select = count(|key| format!("SELECT * FROM public.customer WHERE c_custkey = {key}"))?;
    let update = count(|key| {
        format!("UPDATE public.customer SET c_acctbal = c_acctbal + 1 WHERE c_custkey = {key}")
    })?;
    spinner.finish_and_clear();
    Ok(Count { select, update })
}

/// TPC-H's customer, with made-up rows; half-filled pages keep updates in their page.
fn table() -> String {
    format!(
        "CREATE TABLE public.customer (
             c_custkey bigint PRIMARY KEY,
             c_name text NOT NULL,
             c_address text NOT NULL,
             c_nationkey integer NOT NULL,
             c_phone text NOT NULL,
             c_acctbal numeric(15, 2) NOT NULL,
             c_mktsegment text NOT NULL,
             c_comment text
         ) WITH (fillfactor = 50);
         INSERT INTO public.customer
         SELECT key, 'Customer#' || key, 'address ' || key, key % 25, '25-989-741-' || key,
                key % 10000, 'BUILDING', 'comment ' || key
         FROM generate_series({FIRST_KEY}, {}) AS key;",
        FIRST_KEY + ROWS - 1
    )
}

/// Executes so many statements under callgrind and returns the instructions of the whole run.
fn run(
    server: &Server,
    valgrind: &Valgrind,
    statements: u32,
    statement: fn(u32) -> String,
) -> Result<u64> {
    let directory = TempDir::with_prefix("spyne-bench-")?;
    account::give_to_server(directory.path())?;
    // Each run starts from the same files: an update would leave the next one other work.
    let data = directory.path().join("data");
    capture(Command::new("cp").arg("-Rp").arg(server.data_directory()).arg(&data))?;
    let script = directory.path().join("statements.sql");
    let mut text = String::new();
    for key in FIRST_KEY..FIRST_KEY + statements {
        writeln!(text, "{}", statement(key))?;
    }
    fs::write(&script, text)?;
    let mut command = Command::new(&valgrind.program);
    server.toolchain().prepare(&mut command);
    if let Some(tools) = &valgrind.tools {
        command.env("VALGRIND_LIB", tools);
    }
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(server.toolchain().bindir().join("postgres"));
    command.arg("--single").arg("-D").arg(&data).arg(DATABASE);
    command.stdin(File::open(&script)?).stdout(Stdio::null());
    let output = account::run_as_server(&mut command)?.output().context("starting valgrind")?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || log.contains("ERROR:") {
        bail!("the server under callgrind failed:\n{}", tail(&log));
    }
    collected(&log).with_context(|| format!("callgrind reported no count:\n{}", tail(&log)))
}

/// The figure in callgrind's closing line, `==1234== Collected : 123456789`.
fn collected(log: &str) -> Option<u64> {
    log.lines().rev().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
