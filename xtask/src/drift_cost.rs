//! Measures what looking for drift costs where there is none, beside a read of the same
//! rows, and beside tools that compare schemas.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use postgres::Client;
use xtask::place;
use xtask::progress::{self, say};
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::Toolchain;

/// Tables of one schema: each is registered in one transaction, which holds a lock on all of them.
const BATCH: usize = 250;

/// The columns of each table, beside its key.
const COLUMNS: &str = "customer_id integer NOT NULL, name varchar(40), amount numeric(12,2) DEFAULT 0, placed_at timestamptz DEFAULT now(),
    note text, country char(2), active boolean NOT NULL DEFAULT true, score double precision, payload jsonb, tags text[],
    c11 integer, c12 bigint, c13 text, c14 date, c15 numeric(8,2), c16 varchar(20), c17 smallint, c18 uuid, c19 text";

/// The median milliseconds of one way to look, and its ratio to the read of
/// pg_attribute in the same round.
pub struct Timed {
    pub title: String,
    pub milliseconds: f64,
    pub ratio: f64,
}

/// The read that everything is compared with.
const READ: &str = "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull
    FROM spyne.tables t JOIN pg_attribute a ON a.attrelid = t.relation
    WHERE a.attnum > 0 AND NOT a.attisdropped";

/// Times the detection over `tables` governed tables of 20 columns.
pub fn measure(toolchain: &Toolchain, tables: usize, rounds: usize) -> Result<Vec<Timed>> {
    let server = Server::build(toolchain, "bench_drift")
        .preload("spyne")
        .setting("max_locks_per_transaction", "1000")
        .start()?;
    let mut client = server.connect("postgres", SUPERUSER)?;
    fill(&mut client, tables)?;
    // The first look does work that later ones do not, so it is not measured.
    let found = client.query("SELECT * FROM spyne_detect_drift()", &[])?;
    ensure!(found.is_empty(), "{} changes where there are none", found.len());
    let spinner = progress::spinner(format!("{rounds} rounds of reading and looking"));
    let (mut read, mut looked, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds + 3 {
        let reading = timed(&mut client, READ)?;
        let looking = timed(&mut client, "SELECT * FROM spyne_detect_drift()")?;
        let counting =
            timed(&mut client, &format!("SELECT count(*), max(attname) FROM ({READ}) x"))?;
        // The first rounds fill caches.
        if round >= 3 {
            read.push(reading);
            looked.push(looking);
            counted.push(counting);
        }
    }
    spinner.finish_and_clear();
    let base = median(&read);
    let ratios: Vec<f64> = looked.iter().zip(&read).map(|(l, r)| l / r).collect();
    let mut all = vec![
        Timed {
            title: "SELECT of their rows in pg_attribute".into(),
            milliseconds: base,
            ratio: 1.0,
        },
        Timed {
            title: "the same, counted and not sent".into(),
            milliseconds: median(&counted),
            ratio: median(&counted) / base,
        },
        Timed {
            title: "spyne_detect_drift()".into(),
            milliseconds: median(&looked),
            ratio: median(&ratios),
        },
    ];
    let mut beside = |title: &str, milliseconds: f64| {
        all.push(Timed { title: title.into(), milliseconds, ratio: milliseconds / base });
    };
    let spinner = progress::spinner("pg_dump --schema-only of the same database");
    let mut dump = server.client_command("pg_dump", "postgres", SUPERUSER);
    beside("pg_dump --schema-only", run(dump.arg("--schema-only"))?);
    spinner.finish_and_clear();
    match migra()? {
        None => say("no migra here, and none to be had: left out"),
        Some(migra) => {
            let spinner = progress::spinner("migra, the database against itself");
            let url = format!(
                "postgresql://{SUPERUSER}@/postgres?host={}&port={}",
                server.socket_directory().display(),
                server.port()
            );
            let mut command = Command::new(migra);
            command.args(["--unsafe", &url, &url]);
            let milliseconds = run(&mut command);
            spinner.finish_and_clear();
            match milliseconds {
                Ok(milliseconds) => beside("migra, the database against itself", milliseconds),
                Err(error) => say(format!("migra failed, and is left out: {error:#}")),
            }
        }
    }
    Ok(all)
}

/// Milliseconds of ALTER TABLE on a table that is not governed: with spyne's event triggers, and
/// without.
pub fn unrelated_ddl(toolchain: &Toolchain, rounds: usize) -> Result<(f64, f64, f64)> {
    let server = Server::build(toolchain, "bench_ddl").preload("spyne").start()?;
    let mut client = server.connect("postgres", SUPERUSER)?;
    client.batch_execute("CREATE TABLE loose (id integer, n integer); CREATE EXTENSION spyne")?;
    client.batch_execute(
        "CREATE TABLE held (id integer PRIMARY KEY); SELECT spyne_register('held')",
    )?;
    let switch = |client: &mut Client, to: &str| {
        client.batch_execute(&format!(
            "ALTER EVENT TRIGGER spyne_guard_ddl {to}; ALTER EVENT TRIGGER spyne_guard_drop {to}"
        ))
    };
    let change = "ALTER TABLE loose ALTER COLUMN n SET DEFAULT 1";
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds + 5 {
        switch(&mut client, "ENABLE ALWAYS")?;
        timed(&mut client, change)?;
        let on = timed(&mut client, change)?;
        switch(&mut client, "DISABLE")?;
        timed(&mut client, change)?;
        let off = timed(&mut client, change)?;
        if round >= 5 {
            with.push(on);
            without.push(off);
        }
    }
    let ratios: Vec<f64> = with.iter().zip(&without).map(|(a, b)| a / b).collect();
    Ok((median(&without), median(&with), median(&ratios)))
}

/// Makes the tables and takes them under governance.
fn fill(client: &mut Client, tables: usize) -> Result<()> {
    client.batch_execute("CREATE EXTENSION spyne; SET client_min_messages = warning")?;
    let bar = progress::row_bar(tables as u64, "making and registering tables");
    let mut made = 0;
    while made < tables {
        let last = (made + BATCH).min(tables);
        let schema = format!("bench{}", made / BATCH);
        client.batch_execute(&format!(
            "CREATE SCHEMA {schema};
             DO $$ BEGIN FOR n IN {made}..{} LOOP
                 EXECUTE format('CREATE TABLE {schema}.t%s (id integer PRIMARY KEY, {COLUMNS})', n);
             END LOOP; END $$",
            last - 1
        ))?;
        let sql = format!("SELECT count(*) FROM spyne_register_schema('{schema}')");
        let registered: i64 = client.query_one(&sql, &[])?.get(0);
        ensure!(registered as usize == last - made, "{registered} tables registered");
        bar.inc((last - made) as u64);
        made = last;
    }
    bar.finish_and_clear();
    client.batch_execute("VACUUM ANALYZE")?;
    Ok(())
}

/// Milliseconds.
fn timed(client: &mut Client, statement: &str) -> Result<f64> {
    let started = Instant::now();
    client.simple_query(statement)?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

/// Milliseconds of a program that succeeds, whatever it prints.
fn run(command: &mut Command) -> Result<f64> {
    let started = Instant::now();
    let output = command.stdout(Stdio::null()).output().context("a program to compare with")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// migra, if it is here or can be had: a schema differ in Python.
fn migra() -> Result<Option<PathBuf>> {
    let works = |program: &PathBuf| {
        Command::new(program).arg("--help").output().is_ok_and(|o| o.status.success())
    };
    let anywhere = PathBuf::from("migra");
    if works(&anywhere) {
        return Ok(Some(anywhere));
    }
    let directory = place::target().join("tools/migra");
    let ours = directory.join("bin/migra");
    if !works(&ours) {
        say(format!("fetching migra into {}", directory.display()));
        let made = Command::new("python3").args(["-m", "venv"]).arg(&directory).output();
        if made.is_ok_and(|o| o.status.success()) {
            let packages =
                ["migra==3.0.1663481299", "setuptools<70", "sqlalchemy<2", "psycopg2-binary"];
            let mut pip = Command::new(directory.join("bin/pip"));
            pip.args(["install", "--quiet"]).args(packages).output().ok();
        }
    }
    Ok(works(&ours).then_some(ours))
}
