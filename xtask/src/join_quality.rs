//! Measures how well joins are found where every constraint was removed: in TPC-H, and
//! in schemas whose references are known.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use postgres::Client;
use serde::Deserialize;

use crate::progress;
use crate::server::{SUPERUSER, Server};
use crate::tpch;

/// A reference: columns of one table, and the columns of another that they refer to,
/// one by one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Reference {
    child: String,
    columns: Vec<String>,
    parent: String,
    parent_columns: Vec<String>,
}

impl Reference {
    /// The reference with its columns sorted: composite references are the same in any
    /// order of their columns.
    fn ordered(mut self) -> Reference {
        let mut steps: Vec<(String, String)> =
            self.columns.drain(..).zip(self.parent_columns.drain(..)).collect();
        steps.sort();
        (self.columns, self.parent_columns) = steps.into_iter().unzip();
        self
    }

    fn shown(&self) -> String {
        format!(
            "{}({}) -> {}({})",
            self.child,
            self.columns.join(", "),
            self.parent,
            self.parent_columns.join(", ")
        )
    }
}

/// The result of one discovery.
pub struct Quality {
    pub title: String,
    pub references: usize,
    pub missed: Vec<String>,
    pub wrong: Vec<String>,
    pub seconds: f64,
    /// The seconds of the same discovery again, with nothing changed.
    pub again: f64,
    /// The memory of the server process that is not shared, beyond what it had before,
    /// in MB.
    pub megabytes: f64,
}

impl Quality {
    fn right(&self) -> f64 {
        (self.references - self.missed.len()) as f64
    }

    pub fn recall(&self) -> f64 {
        self.right() / self.references.max(1) as f64
    }

    pub fn precision(&self) -> f64 {
        match self.right() + self.wrong.len() as f64 {
            0.0 => 0.0,
            found => self.right() / found,
        }
    }

    pub fn f1(&self) -> f64 {
        let (recall, precision) = (self.recall(), self.precision());
        if recall + precision == 0.0 {
            0.0
        } else {
            2.0 * recall * precision / (recall + precision)
        }
    }
}

/// The references of TPC-H, as its specification has them (revision 3.0.1, clause 1.4).
const TPCH: &str = r#"[
    {"child": "nation", "columns": ["n_regionkey"], "parent": "region", "parent_columns": ["r_regionkey"]},
    {"child": "supplier", "columns": ["s_nationkey"], "parent": "nation", "parent_columns": ["n_nationkey"]},
    {"child": "customer", "columns": ["c_nationkey"], "parent": "nation", "parent_columns": ["n_nationkey"]},
    {"child": "partsupp", "columns": ["ps_partkey"], "parent": "part", "parent_columns": ["p_partkey"]},
    {"child": "partsupp", "columns": ["ps_suppkey"], "parent": "supplier", "parent_columns": ["s_suppkey"]},
    {"child": "orders", "columns": ["o_custkey"], "parent": "customer", "parent_columns": ["c_custkey"]},
    {"child": "lineitem", "columns": ["l_orderkey"], "parent": "orders", "parent_columns": ["o_orderkey"]},
    {"child": "lineitem", "columns": ["l_partkey"], "parent": "part", "parent_columns": ["p_partkey"]},
    {"child": "lineitem", "columns": ["l_suppkey"], "parent": "supplier", "parent_columns": ["s_suppkey"]},
    {"child": "lineitem", "columns": ["l_partkey", "l_suppkey"], "parent": "partsupp", "parent_columns": ["ps_partkey", "ps_suppkey"]}
]"#;

/// Everything that says how tables belong together goes.
const WITHOUT_CONSTRAINTS: &str = "DO $$ DECLARE x record; BEGIN
    FOR x IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'p', 'u') ORDER BY contype LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', x.t, x.conname);
    END LOOP;
    FOR x IN SELECT a.attrelid::regclass AS t, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND a.attnotnull LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', x.t, x.attname);
    END LOOP;
END $$";

/// SQL that renames each column to c and its number.
const WITHOUT_NAMES: &str = "DO $$ DECLARE x record; BEGIN
    FOR x IN SELECT a.attrelid::regclass AS t, a.attname, a.attnum FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attrelid, a.attnum LOOP
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO c%s', x.t, x.attname, x.attnum);
    END LOOP;
END $$";

/// Discovers joins in TPC-H at each scale, and in each schema of a directory: `NAME.sql` makes it,
/// `NAME.json` has its references. With names, and without.
pub fn measure(server: &Server, scales: &[f64], schemas: &Path) -> Result<Vec<Quality>> {
    let mut all = Vec::new();
    for scale in scales {
        let references: Vec<Reference> = serde_json::from_str(TPCH)?;
        let mut client = database(server, "tpch")?;
        tpch::load(&mut client, *scale)?;
        client.batch_execute(WITHOUT_CONSTRAINTS)?;
        client.batch_execute("VACUUM ANALYZE")?;
        drop(client);
        all.extend(both(server, "tpch", &format!("TPC-H, scale {scale}"), references)?);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(schemas)
        .with_context(|| format!("reading {}", schemas.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(file.with_extension("json"))
            .with_context(|| format!("the references of {name}"))?;
        let references: Vec<Reference> = serde_json::from_str(&text)?;
        let spinner = progress::spinner(format!("loading {name}"));
        let mut client = database(server, &name)?;
        client.batch_execute(&fs::read_to_string(&file)?).with_context(|| name.clone())?;
        client.batch_execute("VACUUM ANALYZE")?;
        spinner.finish_and_clear();
        drop(client);
        all.extend(both(server, &name, &name, references)?);
    }
    Ok(all)
}

fn database(server: &Server, name: &str) -> Result<Client> {
    let mut client = server.connect("postgres", SUPERUSER)?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\""))?;
    client.batch_execute(&format!("CREATE DATABASE \"{name}\""))?;
    server.connect(name, SUPERUSER)
}

/// With the names as they are, and with none.
fn both(
    server: &Server,
    database: &str,
    title: &str,
    references: Vec<Reference>,
) -> Result<Vec<Quality>> {
    let copy = format!("{database}_nameless");
    let mut client = server.connect("postgres", SUPERUSER)?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{copy}\""))?;
    client.batch_execute(&format!("CREATE DATABASE \"{copy}\" TEMPLATE \"{database}\""))?;
    let named = once(server, database, title.to_string(), &references)?;
    let mut client = server.connect(&copy, SUPERUSER)?;
    let renamed: Vec<Reference> = references
        .iter()
        .map(|r| {
            let mut numbered = |table: &str, columns: &[String]| -> Result<Vec<String>> {
                columns
                    .iter()
                    .map(|column| {
                        let sql = "SELECT 'c' || attnum FROM pg_attribute
                                   WHERE attrelid = format('public.%I', $1::text)::regclass AND attname = $2::text::name";
                        Ok(client.query_one(sql, &[&table, column])?.get(0))
                    })
                    .collect()
            };
            Ok(Reference {
                columns: numbered(&r.child, &r.columns)?,
                parent_columns: numbered(&r.parent, &r.parent_columns)?,
                ..r.clone()
            })
        })
        .collect::<Result<_>>()?;
    client.batch_execute(WITHOUT_NAMES)?;
    drop(client);
    let nameless = once(server, &copy, format!("{title}, columns c1, c2, ..."), &renamed)?;
    Ok(vec![named, nameless])
}

fn once(
    server: &Server,
    database: &str,
    title: String,
    references: &[Reference],
) -> Result<Quality> {
    let spinner = progress::spinner(format!("{title}: looking for joins"));
    let mut client = server.connect(database, SUPERUSER)?;
    client.batch_execute("CREATE EXTENSION spyne; SELECT spyne_register_schema('public')")?;
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[])?.get(0);
    let watch = Watch::of(pid);
    let started = Instant::now();
    let found = discovered(&mut client)?;
    let seconds = started.elapsed().as_secs_f64();
    let megabytes = watch.most();
    let started = Instant::now();
    discovered(&mut client)?;
    let again = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    let known: BTreeSet<Reference> = references.iter().cloned().map(Reference::ordered).collect();
    Ok(Quality {
        title,
        references: known.len(),
        missed: known.difference(&found).map(Reference::shown).collect(),
        wrong: found.difference(&known).map(Reference::shown).collect(),
        seconds,
        again,
        megabytes,
    })
}

fn discovered(client: &mut Client) -> Result<BTreeSet<Reference>> {
    let rows = client.query(
        "SELECT (SELECT relname::text FROM pg_class WHERE oid = table1), columns1,
                (SELECT relname::text FROM pg_class WHERE oid = table2), columns2
         FROM spyne_discover_joins()",
        &[],
    )?;
    Ok(rows
        .iter()
        .map(|row| Reference {
            child: row.get(0),
            columns: row.get(1),
            parent: row.get(2),
            parent_columns: row.get(3),
        })
        .map(Reference::ordered)
        .collect())
}

/// Watches the memory of a process while something runs in it.
struct Watch {
    goes_on: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    before: u64,
}

/// Memory that a process shares with no other, in KB; 0 where it cannot be told.
fn own_memory(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

impl Watch {
    fn of(pid: i32) -> Watch {
        let goes_on = Arc::new(AtomicBool::new(true));
        let most = Arc::new(AtomicU64::new(0));
        let (on, kept) = (goes_on.clone(), most.clone());
        thread::spawn(move || {
            while on.load(Ordering::Relaxed) {
                kept.fetch_max(own_memory(pid), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        });
        Watch { goes_on, most, before: own_memory(pid) }
    }

    /// The most memory of the process beyond what it had before, in MB.
    fn most(self) -> f64 {
        self.goes_on.store(false, Ordering::Relaxed);
        let most = self.most.load(Ordering::Relaxed);
        most.saturating_sub(self.before) as f64 / 1024.0
    }
}
