//! Measures what previews cost: making one, and running a previewed statement.

use std::time::Instant;

use anyhow::{Result, bail};
use postgres::Client;
use xtask::progress;
use xtask::server::{SUPERUSER, Server};
use xtask::toolchain::{Toolchain, Valgrind};
use xtask::tpch;

use crate::callgrind::{self, Counting};

/// Enough rows for real plans; planning does not depend on more.
const SCALE: f64 = 0.01;

const TABLES: &str = "region,nation,part,supplier,partsupp,customer,orders,lineitem";

/// The statements that are previewed, with their titles.
const STATEMENTS: &[(&str, &str)] = &[
    ("point select", "SELECT * FROM customer WHERE c_custkey = 7"),
    (
        "three tables (TPC-H 3)",
        "SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
         FROM customer, orders, lineitem
         WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
           AND o_orderdate < date '1995-03-15' AND l_shipdate > date '1995-03-15'
         GROUP BY l_orderkey, o_orderdate, o_shippriority
         ORDER BY revenue DESC, o_orderdate LIMIT 10",
    ),
    (
        "twelve tables",
        "SELECT cr.r_name AS bought_in, sr.r_name AS sold_from, p_brand, sum(l_extendedprice * (1 - l_discount)) AS revenue
         FROM lineitem
         JOIN orders ON o_orderkey = l_orderkey
         JOIN customer ON c_custkey = o_custkey
         JOIN nation cn ON cn.n_nationkey = c_nationkey
         JOIN region cr ON cr.r_regionkey = cn.n_regionkey
         JOIN partsupp ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey
         JOIN part ON p_partkey = ps_partkey
         JOIN supplier ON s_suppkey = ps_suppkey
         JOIN nation sn ON sn.n_nationkey = s_nationkey
         JOIN region sr ON sr.r_regionkey = sn.n_regionkey
         JOIN nation other ON other.n_nationkey = s_nationkey
         JOIN region others ON others.r_regionkey = other.n_regionkey
         WHERE o_orderdate >= date '1994-01-01' AND cr.r_name = 'EUROPE'
         GROUP BY cr.r_name, sr.r_name, p_brand ORDER BY revenue DESC LIMIT 10",
    ),
];

/// Medians of what was timed, in milliseconds.
pub struct Timed {
    pub title: String,
    pub explain: f64,
    pub preview: f64,
    /// The median of the ratios of each pair.
    pub ratio: f64,
}

/// The statements that were timed: those of this file, and the 22 queries of TPC-H.
pub struct AgainstExplain {
    pub statements: Vec<Timed>,
    pub tpch: Vec<Timed>,
}

impl AgainstExplain {
    /// The median over the queries of TPC-H of each figure.
    pub fn tpch_median(&self) -> Timed {
        Timed {
            title: format!("median of TPC-H's {} queries", self.tpch.len()),
            explain: median(self.tpch.iter().map(|t| t.explain)),
            preview: median(self.tpch.iter().map(|t| t.preview)),
            ratio: median(self.tpch.iter().map(|t| t.ratio)),
        }
    }
}

/// Times EXPLAIN and spyne_preview in turn.
pub fn against_explain(toolchain: &Toolchain, pairs: usize) -> Result<AgainstExplain> {
    let server = Server::build(toolchain, "bench").preload("spyne").start()?;
    let mut client = server.connect("postgres", SUPERUSER)?;
    tpch::load(&mut client, SCALE)?;
    client.batch_execute(&format!(
        "CREATE EXTENSION spyne;
         SELECT spyne_register_schema('public', state => 'SHADOW');
         SELECT spyne_promote(name::regclass) FROM unnest('{{{TABLES}}}'::text[]) name"
    ))?;
    client.batch_execute("VACUUM ANALYZE")?;
    let mut statements = Vec::new();
    for (title, statement) in STATEMENTS {
        statements.push(in_pairs(&mut client, title, statement, pairs)?);
    }
    // Each query gets a tenth of the pairs, because there are 22.
    let mut queries = Vec::new();
    for (name, query) in tpch::queries()? {
        queries.push(in_pairs(&mut client, &name, &query, (pairs / 10).max(1))?);
    }
    Ok(AgainstExplain { statements, tpch: queries })
}

/// Times EXPLAIN and spyne_preview of one statement in turn, also in which comes first.
fn in_pairs(client: &mut Client, title: &str, statement: &str, pairs: usize) -> Result<Timed> {
    let spinner = progress::spinner(format!("timing: {title}"));
    let explain = format!("EXPLAIN {statement}");
    let preview = format!("SELECT * FROM spyne_preview($preview${statement}$preview$)");
    let mut times = Vec::new();
    for round in 0..pairs + 10 {
        let (plain, looked) = if round % 2 == 0 {
            let plain = timed(client, &explain)?;
            (plain, timed(client, &preview)?)
        } else {
            let looked = timed(client, &preview)?;
            (timed(client, &explain)?, looked)
        };
        // The first rounds fill the session's caches.
        if round >= 10 {
            times.push((plain, looked));
        }
    }
    spinner.finish_and_clear();
    Ok(Timed {
        title: title.to_owned(),
        explain: median(times.iter().map(|(plain, _)| *plain)),
        preview: median(times.iter().map(|(_, looked)| *looked)),
        ratio: median(times.iter().map(|(plain, looked)| looked / plain)),
    })
}

/// Milliseconds.
fn timed(client: &mut Client, statement: &str) -> Result<f64> {
    let started = Instant::now();
    client.simple_query(statement)?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The function that records a run. The row is one that the user has asked for, and not
/// part of the check.
const RECORDING: &str = "spyne::preview_rule::finished";

/// Instructions of one point select.
pub struct Cost {
    pub title: &'static str,
    pub total: f64,
    /// The instructions in spyne's own code.
    pub spyne: f64,
    /// The instructions in spyne's own code that only the rule needs.
    pub rule: f64,
}

/// Whether a function of spyne's is called only for the rule.
fn of_the_rule(function: &str) -> bool {
    [
        "preview_rule::",
        "pg::runs::",
        "server::until_17::executor_run",
        "hooks::run_watched",
        "hooks::executor_end",
        "hooks::end_watched",
    ]
    .iter()
    .any(|part| function.contains(part))
}

/// A stopped server with one governed table, and one like it that is not governed.
pub fn stopped_server(toolchain: &Toolchain) -> Result<Server> {
    let settings = [("shared_preload_libraries", "spyne")];
    callgrind::stopped_server(toolchain, &settings, |client| {
        client.batch_execute(
            "CREATE TABLE public.consumer AS TABLE public.customer;
             ALTER TABLE public.consumer ADD PRIMARY KEY (c_custkey);
             CREATE EXTENSION spyne;
             SELECT spyne_register('public.customer', state => 'SHADOW');
             SELECT spyne_promote('public.customer');",
        )?;
        Ok(())
    })
}

/// Instructions of making one preview, beside those of EXPLAIN of the same statement.
pub struct Made {
    pub explain: f64,
    pub preview: f64,
}

/// Counts the instructions of EXPLAIN and of spyne_preview of a point select. Unlike the times, they
/// come out the same on a busy machine.
pub fn made(server: &Server, valgrind: &Valgrind) -> Result<Made> {
    let counting = Counting { server, valgrind, statements: 100, before: "", uncounted: None };
    let count = |title: &str, statement| {
        let spinner = progress::spinner(format!("measuring: {title} of a point select"));
        let counted = counting.count(statement);
        spinner.finish_and_clear();
        counted
    };
    Ok(Made {
        explain: count("EXPLAIN", |_| {
            "EXPLAIN SELECT * FROM public.customer WHERE c_custkey = 100007".to_owned()
        })?,
        preview: count("spyne_preview", |_| {
            "SELECT * FROM spyne_preview('SELECT * FROM public.customer WHERE c_custkey = 100007')"
                .to_owned()
        })?,
    })
}

/// The costs of one point select, in sessions that differ in the rule.
pub fn run_time_check(
    server: &Server,
    valgrind: &Valgrind,
    statements: u32,
) -> Result<Vec<Cost>> {
    let base = Counting { server, valgrind, statements, before: "", uncounted: None };
    let governed = |_| "SELECT * FROM public.customer WHERE c_custkey = 100007".to_owned();
    // A name as long as the other's.
    let ungoverned = |_| "SELECT * FROM public.consumer WHERE c_custkey = 100007".to_owned();
    let cost = |title: &'static str, counting: Counting, statement| -> Result<Cost> {
        let spinner = progress::spinner(format!("measuring: {title}"));
        let profile = counting.profile(statement);
        spinner.finish_and_clear();
        let profile = profile?;
        let sum = |wanted: fn(&str) -> bool| {
            profile.spyne.iter().filter(|(name, _)| wanted(name)).map(|(_, count)| count).sum()
        };
        Ok(Cost { title, total: profile.total, spyne: sum(|_| true), rule: sum(of_the_rule) })
    };
    // A preview leaves Postgres's table of locks larger for the rest of the session,
    // and each later transaction walks that table. So every session makes a preview
    // first, also one that need not.
    let look = "SELECT spyne_preview('SELECT * FROM public.customer WHERE c_custkey = 100007')";
    let looked = look.replace("spyne_preview", "spyne_validate");
    // Where nothing can be written, a run leaves a line in the log, by one function,
    // and no row whose transaction would have to be committed.
    let read_only = "SET default_transaction_read_only = on\n";
    let off = format!("{read_only}SET spyne.require_preview = off\n{looked}");
    let off = Counting { before: &off, ..base };
    let users = format!("{read_only}{looked}");
    let users = Counting { before: &users, ..base };
    let all = "SET spyne.require_preview = 'all'\n";
    let checked = format!("{read_only}{all}{look}");
    let checked = Counting { before: &checked, uncounted: Some(RECORDING), ..base };
    let recorded = format!("{all}{look}");
    let recorded = Counting { before: &recorded, ..base };
    let costs = vec![
        cost("governed, rule off", off, governed)?,
        cost("not governed, rule off", off, ungoverned)?,
        cost("governed, rule for users, an admin's session", users, governed)?,
        cost("governed and previewed: the check", checked, governed)?,
        cost("governed and previewed: the check and the record of the run", recorded, governed)?,
    ];
    // If the name of the function changes, it has to be changed here too.
    if costs[3].total >= costs[4].total {
        bail!("{RECORDING} was not found, so the check cannot be told from the recording");
    }
    Ok(costs)
}
