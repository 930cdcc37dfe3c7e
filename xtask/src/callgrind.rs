//! Instructions per statement, counted by callgrind in a server's single-user mode.
//!
//! The number of instructions, unlike seconds, is the same whatever else the machine
//! does. Two runs that differ only in how many statements they execute are subtracted
//! from one another, so that start-up, the filling of caches and shut-down do not
//! count.

use std::collections::{BTreeMap, HashMap};
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
    /// Without spyne once more, in a new cluster: shows how far two equal servers
    /// differ.
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
    let spinner = progress::spinner(format!("measuring: {}", variant.title()));
    let server = stopped_server(toolchain, variant.settings(), |client| variant.prepare(client))?;
    let count = |statement: fn(u32) -> String| {
        Counting { server: &server, valgrind, statements, before: "", uncounted: None }
            .count(statement)
    };
    let select = count(|key| format!("SELECT * FROM public.customer WHERE c_custkey = {key}"))?;
    let update = count(|key| {
        format!("UPDATE public.customer SET c_acctbal = c_acctbal + 1 WHERE c_custkey = {key}")
    })?;
    spinner.finish_and_clear();
    Ok(Count { select, update })
}

/// A stopped server with these settings, whose database holds the table and what `prepare` makes.
pub fn stopped_server(
    toolchain: &Toolchain,
    settings: &[(&str, &str)],
    prepare: impl FnOnce(&mut Client) -> Result<()>,
) -> Result<Server> {
    let mut builder = Server::build(toolchain, "bench");
    for (name, value) in settings {
        builder = builder.setting(name, value);
    }
    // These settings leave less to initialize at each start, and no background work.
    let server = builder.setting("shared_buffers", "32MB").setting("autovacuum", "off").start()?;
    server.connect("postgres", SUPERUSER)?.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
    let mut client = server.connect(DATABASE, SUPERUSER)?;
    client.batch_execute(&table())?;
    prepare(&mut client)?;
    client.batch_execute("VACUUM ANALYZE")?;
    drop(client);
    server.stop()?;
    Ok(server)
}

/// How statements are counted.
#[derive(Clone, Copy)]
pub struct Counting<'a> {
    pub server: &'a Server,
    pub valgrind: &'a Valgrind,
    /// Statements in the shorter of the two runs.
    pub statements: u32,
    /// The statements that the session runs first, one a line.
    pub before: &'a str,
    /// A function whose instructions, and those of all it calls, are left out.
    pub uncounted: Option<&'a str>,
}

impl Counting<'_> {
    /// Instructions for each statement.
    pub fn count(&self, statement: fn(u32) -> String) -> Result<f64> {
        Ok(self.profile(statement)?.total)
    }

    /// Instructions for each statement, and where they went.
    pub fn profile(&self, statement: fn(u32) -> String) -> Result<Profile> {
        if 2 * self.statements > ROWS {
            bail!("at most {} statements can be compared", ROWS / 2);
        }
        let short = run(self, self.statements, statement)?;
        let long = run(self, 2 * self.statements, statement)?;
        let each =
            |long: u64, short: u64| (long as f64 - short as f64) / f64::from(self.statements);
        let spyne = long
            .spyne
            .iter()
            .map(|(name, count)| {
                (name.clone(), each(*count, short.spyne.get(name).copied().unwrap_or(0)))
            })
            .collect();
        Ok(Profile { total: each(long.total, short.total), spyne })
    }
}

/// Instructions for each statement.
pub struct Profile {
    pub total: f64,
    /// The instructions in spyne's own code, by function, without those of functions
    /// that it calls.
    pub spyne: BTreeMap<String, f64>,
}

/// Instructions of a whole run, as in `Profile`.
struct Collected {
    total: u64,
    spyne: BTreeMap<String, u64>,
}

/// SQL for TPC-H's customer, with made-up rows. Half-filled pages keep updates in their
/// page.
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
fn run(counting: &Counting, statements: u32, statement: fn(u32) -> String) -> Result<Collected> {
    let Counting { server, valgrind, .. } = counting;
    let directory = TempDir::with_prefix("spyne-bench-")?;
    account::give_to_server(directory.path())?;
    // Each run starts from the same files: an update would leave the next one other work.
    let data = directory.path().join("data");
    capture(Command::new("cp").arg("-Rp").arg(server.data_directory()).arg(&data))?;
    let script = directory.path().join("statements.sql");
    let mut text = format!("{}\n", counting.before);
    for key in FIRST_KEY..FIRST_KEY + statements {
        writeln!(text, "{}", statement(key))?;
    }
    fs::write(&script, text)?;
    let mut command = Command::new(&valgrind.program);
    server.toolchain().prepare(&mut command);
    if let Some(tools) = &valgrind.tools {
        command.env("VALGRIND_LIB", tools);
    }
    let profile = directory.path().join("profile");
    command.arg("--tool=callgrind");
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    if let Some(function) = counting.uncounted {
        command.arg(format!("--toggle-collect={function}"));
        command.arg("--collect-atstart=yes");
    }
    command.arg(server.toolchain().bindir().join("postgres"));
    command.arg("--single").arg("-D").arg(&data).arg(DATABASE);
    command.stdin(File::open(&script)?).stdout(Stdio::null());
    let output = account::run_as_server(&mut command)?.output().context("starting valgrind")?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || log.contains("ERROR:") {
        bail!("the server under callgrind failed:\n{}", tail(&log));
    }
    let total =
        collected(&log).with_context(|| format!("callgrind reported no count:\n{}", tail(&log)))?;
    Ok(Collected { total, spyne: own_code(&fs::read_to_string(&profile)?) })
}

/// The self cost of each function of spyne's library in a profile. Its format:
/// <https://valgrind.org/docs/manual/cl-format.html>. A name is written out where it comes first,
/// as `(1) name`, and is `(1)` from then on.
fn own_code(profile: &str) -> BTreeMap<String, u64> {
    let mut names: HashMap<(&str, &str), &str> = HashMap::new();
    let mut own = BTreeMap::new();
    let (mut in_spyne, mut function, mut call) = (false, "", false);
    for line in profile.lines() {
        if let Some((key, value)) = line.split_once('=') {
            let kind = match key {
                "ob" | "cob" => "ob",
                "fn" | "cfn" => "fn",
                "calls" => {
                    // The next line is what the callee cost.
                    call = true;
                    continue;
                }
                _ => continue,
            };
            let (id, written) = value.split_once(' ').unwrap_or((value, ""));
            if !written.is_empty() {
                names.insert((kind, id), written);
            }
            let name = names.get(&(kind, id)).copied().unwrap_or_default();
            match key {
                "ob" => in_spyne = name.ends_with("/spyne.so"),
                "fn" => function = name,
                _ => {}
            }
        } else if std::mem::take(&mut call) || !in_spyne {
            continue;
        } else if let Some(cost) = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok())
        {
            *own.entry(function.to_owned()).or_insert(0) += cost;
        }
    }
    own
}

/// The figure in callgrind's closing line, `==1234== Collected : 123456789`.
fn collected(log: &str) -> Option<u64> {
    log.lines().rev().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
