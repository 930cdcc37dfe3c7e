//! Previews through real clients: TPC-H's queries, parameters, several sessions at once, and
//! whether a preview names the very relations that Postgres opens.
//!
//! With `SPYNE_BLESS_TPCH=1`, tests/tpch/expected.json is rewritten to what was found.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use postgres::Client;
use serde_json::{Value, json};
use spyne_tests::fixture::{connect, empty_database, refused, rows, run};
use spyne_tests::waiting::{backend_of, wait_for_lock};
use spyne_tests::{SUPERUSER, Server, default_server, tpch};
use xtask::place;

fn look(client: &mut Client, sql: &str) {
    client.query_one("SELECT preview_id FROM spyne_preview($1)", &[&sql]).expect("a preview");
}

/// The parts of a preview that do not depend on the data, a line for each.
fn summary(row: &postgres::Row) -> Value {
    let list = |column: &str, line: fn(&Value) -> String| -> Vec<String> {
        let value: Value = row.get(column);
        value.as_array().into_iter().flatten().map(line).collect()
    };
    fn joined(value: &Value) -> String {
        let parts: Vec<&str> =
            value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.join(", ")
    }
    fn text<'v>(value: &'v Value, key: &str) -> &'v str {
        value[key].as_str().unwrap_or_default()
    }
    json!({
        "tables": list("tables_used", |t| format!("{} {} {}", text(t, "access"), text(t, "relation"), text(t, "state"))),
        "joins": list("joins", |j| format!(
            "{} ({}) {} {} ({})", text(j, "left"), joined(&j["left_columns"]), text(j, "type"),
            text(j, "right"), joined(&j["right_columns"])
        )),
        "filters": list("filters", |f| text(f, "expression").to_string()),
        "aggregations": list("aggregations", |a| format!("{} AS {}", text(a, "expression"), text(a, "alias"))),
        "assumptions": list("assumptions", |a| text(a, "code").to_string()),
        "guardrails": list("guardrails", |g| text(g, "code").to_string()),
    })
}

#[test]
fn the_queries_of_tpch_are_described_and_then_run() {
    let (server, mut admin) = tpch::server();
    // The joins over its keys are accepted, so that other findings remain.
    run(
        &mut admin,
        "SELECT FROM spyne_discover_joins() d, spyne_accept_join(d.candidate_id, 'as the specification has it')",
    );
    let mut analyst = tpch::user(&server, "analyst");
    let mut found = serde_json::Map::new();
    for (name, sql) in tpch::queries() {
        refused(analyst.batch_execute(&sql), "55000");
        let row = analyst
            .query_one(
                "SELECT tables_used, joins, filters, aggregations, assumptions, guardrails, requires_confirmation
                 FROM spyne_preview($1)",
                &[&sql],
            )
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(
            !row.get::<_, bool>("requires_confirmation"),
            "{name} has a stop: {:?}",
            summary(&row)
        );
        found.insert(name.clone(), summary(&row));
        // psql's way, and a driver's.
        analyst.batch_execute(&sql).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let prepared = analyst.prepare(&sql).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        analyst.query(&prepared, &[]).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let path = place::repository().join("tests/tpch/expected.json");
    let found = Value::Object(found);
    if std::env::var_os("SPYNE_BLESS_TPCH").is_some() {
        let text = serde_json::to_string_pretty(&found).expect("JSON") + "\n";
        fs::write(&path, text).expect("a writable file");
    }
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(&path).expect("a file")).expect("JSON");
    for (name, expected) in expected.as_object().expect("an object") {
        assert_eq!(&found[name], expected, "{name}");
    }
    // Each was run twice, and each run is on record.
    assert_eq!(rows(&mut analyst, "SELECT count(*) FROM spyne.query_executions"), "44");
    let unread = "SELECT count(*) FROM spyne.query_executions WHERE scanned = '[]'";
    assert_eq!(rows(&mut analyst, unread), "0");
}

#[test]
fn a_statement_with_parameters_is_previewed_once_and_run_with_any() {
    let (server, mut admin) = tpch::server();
    let mut analyst = tpch::user(&server, "analyst");
    let sql = "SELECT c_name FROM customer WHERE c_custkey = $1";
    refused(analyst.query(sql, &[&1_i64]).map(|_| ()), "55000");
    look(&mut analyst, sql);
    let prepared = analyst.prepare(sql).expect("prepares");
    for key in 1..10_i64 {
        assert_eq!(analyst.query(&prepared, &[&key]).expect("runs").len(), 1);
    }
    // Another session of the same user may run it; another user may not.
    assert_eq!(tpch::user(&server, "analyst").query(sql, &[&1_i64]).expect("runs").len(), 1);
    refused(tpch::user(&server, "engineer").query(sql, &[&1_i64]).map(|_| ()), "55000");
    // A promotion makes it stale, for the statement that is prepared too.
    run(
        &mut admin,
        "SELECT FROM spyne_set_system_mode('INGESTION_READY', 'test');
         SELECT FROM spyne_create_shadow('customer');
         INSERT INTO spyne_shadow.customer SELECT * FROM customer;
         SELECT FROM spyne_promote('spyne_shadow.customer', dependents => 'repoint');",
    );
    let error = refused(analyst.query(&prepared, &[&1_i64]).map(|_| ()), "55000");
    assert!(error.detail().unwrap().contains("[preview.stale]"), "{error:?}");
    look(&mut analyst, sql);
    assert_eq!(analyst.query(&prepared, &[&1_i64]).expect("runs").len(), 1);
}

#[test]
fn a_write_runs_once_however_many_sessions_send_it() {
    let (server, mut admin) = tpch::server();
    let sql = "UPDATE region SET r_comment = r_comment || '!' WHERE r_regionkey = 1";
    let exclamations = "SELECT length(r_comment) - length(rtrim(r_comment, '!')) FROM region WHERE r_regionkey = 1";
    let mut first = tpch::user(&server, "engineer");
    look(&mut first, sql);
    // The second session waits for the first, and finds that the run is used up; where
    // the first is undone, the second takes it.
    for (ending, second_may) in [("ROLLBACK", true), ("COMMIT", false)] {
        if ending == "COMMIT" {
            look(&mut first, sql);
        }
        first.batch_execute("BEGIN").expect("begins");
        first.batch_execute(sql).expect("the first run");
        let mut second = tpch::user(&server, "engineer");
        let backend = backend_of(&mut second);
        let waiting = thread::spawn(move || second.batch_execute(sql));
        wait_for_lock(&mut admin, backend);
        first.batch_execute(ending).expect("ends");
        let result = waiting.join().expect("no panic");
        match second_may {
            true => result.expect("runs"),
            false => {
                let error = refused(result, "55000");
                assert!(error.detail().unwrap().contains("[preview.used]"), "{error:?}");
            }
        }
    }
    assert_eq!(rows(&mut admin, exclamations), "2");
}

/// A small generator: the same numbers in every run (Knuth's MMIX constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

/// Each has a column `k`.
const RELATIONS: &[&str] =
    &["plain", "\"Größe \"\"x\"\"\"", "\"select\"", "looks", "deeper", "parts", "other.plain"];

fn relation(numbers: &mut Numbers, depth: usize) -> String {
    match numbers.below(if depth > 2 { 1 } else { 5 }) {
        3 => format!("({})", query(numbers, depth + 1)),
        4 => format!("LATERAL ({})", query(numbers, depth + 1)),
        _ => numbers.one_of(RELATIONS).to_string(),
    }
}

/// A query with one column `k`.
fn query(numbers: &mut Numbers, depth: usize) -> String {
    let (a, b) = (relation(numbers, depth), relation(numbers, depth));
    let name = format!("c{}", numbers.below(1000));
    match numbers.below(if depth > 2 { 2 } else { 13 }) {
        0 => format!("SELECT x.k FROM {a} x"),
        1 => format!("SELECT count(*) AS k FROM {a} x WHERE x.k > 0"),
        2 => format!("SELECT x.k FROM {a} x JOIN {b} y USING (k)"),
        3 => format!("SELECT coalesce(x.k, y.k) AS k FROM {a} x FULL JOIN {b} y ON x.k = y.k"),
        4 => format!("SELECT x.k FROM {a} x WHERE x.k IN ({})", query(numbers, depth + 1)),
        5 => format!(
            "SELECT x.k FROM {a} x WHERE EXISTS (SELECT FROM {b} y WHERE y.k = x.k) OR x.k = (SELECT max(z.k) FROM ({}) z)",
            query(numbers, depth + 1)
        ),
        6 => format!("({}) UNION ({})", query(numbers, depth + 1), query(numbers, depth + 1)),
        7 => format!(
            "WITH {name} AS ({}) SELECT u.k FROM {name} u, {name} v WHERE u.k = v.k",
            query(numbers, depth + 1)
        ),
        8 => format!("SELECT sum(x.k) OVER (ORDER BY x.k) AS k FROM {a} x NATURAL JOIN {b} y"),
        9 => format!("SELECT v.k FROM (VALUES (1), ((SELECT max(x.k) FROM {a} x))) v (k)"),
        10 => format!("SELECT x.k FROM {a} x LIMIT (SELECT count(*) FROM {b} y)"),
        11 => format!(
            "SELECT count(*) OVER (ORDER BY x.k ROWS (SELECT 1 + count(*) FROM {b} y) PRECEDING) AS k FROM {a} x"
        ),
        _ => format!(
            "SELECT count(*) FILTER (WHERE x.k IN (SELECT y.k FROM {b} y)) AS k FROM {a} x GROUP BY x.k HAVING x.k < (SELECT count(*) FROM {b} z)"
        ),
    }
}

#[test]
fn a_preview_names_the_relations_that_postgres_opens() {
    let server = default_server("relations").start().expect("a server");
    let mut admin = empty_database(&server, "previews");
    run(
        &mut admin,
        r#"CREATE EXTENSION spyne;
        CREATE SCHEMA other;
        CREATE TABLE plain (k int); CREATE TABLE other.plain (k int); CREATE TABLE "Größe ""x""" (k int);
        CREATE TABLE "select" (k int);
        CREATE TABLE parts (k int) PARTITION BY LIST (k);
        CREATE VIEW looks AS SELECT p.k FROM plain p JOIN "select" s ON s.k = p.k;
        CREATE VIEW deeper AS SELECT k FROM looks UNION ALL SELECT k FROM parts;"#,
    );
    let mut numbers = Numbers(7);
    let mut seen = BTreeSet::new();
    for round in 0..300 {
        let sql = query(&mut numbers, 0);
        let used: Value = admin
            .query_one("SELECT tables_used FROM spyne_preview($1)", &[&sql])
            .unwrap_or_else(|error| panic!("{round}: {sql}: {error:?}"))
            .get(0);
        let named: BTreeSet<String> = used
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|t| {
                let via = t["via"].as_array().cloned().unwrap_or_default();
                via.into_iter().chain([t["relation"].clone()])
            })
            .filter_map(|name| name.as_str().map(str::to_string))
            .collect();
        // Every relation that a statement reads is locked until its transaction ends.
        let mut transaction = admin.transaction().expect("begins");
        transaction.batch_execute(&sql).unwrap_or_else(|error| panic!("{round}: {sql}: {error:?}"));
        let opened: BTreeSet<String> = transaction
            .query(
                "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                 JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND n.nspname IN ('public', 'other')",
                &[],
            )
            .expect("locks")
            .iter()
            .map(|row| row.get(0))
            .collect();
        transaction.rollback().expect("ends");
        assert_eq!(named, opened, "{round}: {sql}");
        seen.extend(named);
    }
    assert!(seen.len() == 7, "the generator reaches {seen:?}");
}

/// A server with a table, a preview of it, and as many others that have expired long ago.
fn with_old_previews(name: &str, old: usize) -> (Server, Client) {
    let server = default_server(name).start().expect("a server");
    let mut admin = empty_database(&server, "previews");
    run(
        &mut admin,
        "CREATE EXTENSION spyne;
         CREATE ROLE analyst LOGIN IN ROLE spyne_analyst;
         CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);
         GRANT SELECT ON t TO analyst;
         SELECT FROM spyne_register('t');",
    );
    look(&mut connect(&server, "previews", "analyst"), "SELECT count(*) FROM t");
    add_old_previews(&mut admin, old);
    (server, admin)
}

fn add_old_previews(admin: &mut Client, count: usize) {
    run(
        admin,
        &format!(
            "SET spyne.enforcement = off;
             INSERT INTO spyne.query_previews (user_oid, user_name, sql, statement, search_path, tables_used, joins, filters,
                 aggregations, assumptions, guardrails, confidence, requires_confirmation, include_deprecated, writes, basis, expires_at)
             SELECT user_oid, user_name, sql || ' -- ' || g, statement, search_path, tables_used, joins, filters,
                 aggregations, assumptions, guardrails, confidence, requires_confirmation, include_deprecated, writes, basis,
                 clock_timestamp() - interval '3 days'
             FROM spyne.query_previews, generate_series(1, {count}) g WHERE sql = 'SELECT count(*) FROM t';
             SET spyne.enforcement = enforce;
             ANALYZE spyne.query_previews;"
        ),
    );
}

/// How many blocks of the previews, and of their indexes, a run of the statement touches in a
/// session that has looked nothing up before.
fn blocks_of_a_run(server: &Server, admin: &mut Client, sql: &str) -> i64 {
    const TOUCHED: &str = "SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read
        FROM pg_statio_all_tables WHERE relid = 'spyne.query_previews'::regclass";
    run(admin, "SELECT pg_stat_force_next_flush()");
    let mut count = || rows(admin, TOUCHED).parse::<i64>().expect("a number");
    let before = count();
    // The superuser needs no preview, and would look nothing up.
    let mut client = connect(server, "previews", "analyst");
    assert_eq!(client.query(sql, &[]).expect("runs").len(), 1);
    // The changes are reported at the end of the statement, and not when the session
    // has time.
    run(&mut client, "SELECT pg_stat_force_next_flush()");
    count() - before
}

#[test]
fn the_look_up_of_a_run_touches_the_same_blocks_among_four_times_the_previews() {
    let (server, mut admin) = with_old_previews("many", 2_000);
    let sql = "SELECT count(*) FROM t";
    let among_few = blocks_of_a_run(&server, &mut admin, sql);
    assert!(among_few > 0, "a run looks nothing up");
    add_old_previews(&mut admin, 6_000);
    assert_eq!(blocks_of_a_run(&server, &mut admin, sql), among_few);
}

#[test]
fn each_new_preview_clears_fifty_old_ones() {
    let (_server, mut admin) = with_old_previews("clearing", 1_000);
    let count = "SELECT count(*) FROM spyne.query_previews";
    let before: i64 = rows(&mut admin, count).parse().expect("a number");
    for _ in 0..10 {
        run(&mut admin, "SELECT FROM spyne_preview('SELECT max(id) FROM t')");
    }
    let after: i64 = rows(&mut admin, count).parse().expect("a number");
    assert_eq!(before - after, 10 * 50 - 10);
}

/// Whether a preview says that the statistics of the table are stale.
fn has_stale_statistics(client: &mut Client, table: &str) -> bool {
    let sql = format!("SELECT id FROM {table} LIMIT 1");
    let guardrails: Value = client
        .query_one("SELECT guardrails FROM spyne_preview($1)", &[&sql])
        .expect("a preview")
        .get(0);
    let mut codes = guardrails.as_array().into_iter().flatten().map(|g| &g["code"]);
    codes.any(|code| code == "STALE_STATISTICS")
}

/// Makes the session report its changes. Returns how many rows of the table count as
/// changed.
fn counted_changes(client: &mut Client, table: &str) -> String {
    run(client, "SELECT pg_stat_force_next_flush()");
    rows(client, &format!("SELECT pg_stat_get_mod_since_analyze('{table}'::regclass)"))
}

#[test]
fn what_an_analyze_has_read_makes_no_statistics_stale_however_late_it_is_reported() {
    let server = default_server("statistics").start().expect("a server");
    let mut client = empty_database(&server, "previews");
    run(
        &mut client,
        "CREATE EXTENSION spyne;
         CREATE TABLE once (id int); CREATE TABLE quick (id int); CREATE TABLE other (id int);",
    );
    // A transaction reports at its end, after its own ANALYZE.
    run(
        &mut client,
        "BEGIN; INSERT INTO once SELECT generate_series(1, 2000); ANALYZE once; COMMIT",
    );
    assert_eq!(counted_changes(&mut client, "once"), "2000");
    assert!(!has_stale_statistics(&mut client, "once"), "in one transaction");
    // A session that has just reported does so again a second later at the earliest.
    run(&mut client, "SELECT pg_stat_force_next_flush()");
    run(&mut client, "INSERT INTO quick SELECT generate_series(1, 2000)");
    run(&mut client, "ANALYZE quick");
    assert!(!has_stale_statistics(&mut client, "quick"), "in one session, at once");
    counted_changes(&mut client, "quick");
    assert!(!has_stale_statistics(&mut client, "quick"), "in one session");
    // A busy session reports when it is no longer busy.
    run(&mut client, "SELECT pg_advisory_lock(1)");
    let mut loader = connect(&server, "previews", SUPERUSER);
    let backend = backend_of(&mut loader);
    let loading = thread::spawn(move || {
        let load = "DO $$ BEGIN
            INSERT INTO other SELECT generate_series(1, 2000); COMMIT; PERFORM pg_advisory_lock(1);
        END $$";
        run(&mut loader, load);
        loader
    });
    wait_for_lock(&mut client, backend);
    run(&mut client, "ANALYZE other");
    run(&mut client, "SELECT pg_advisory_unlock(1)");
    let mut loader = loading.join().expect("no panic");
    assert_eq!(counted_changes(&mut loader, "other"), "2000");
    assert!(!has_stale_statistics(&mut client, "other"), "in another session");
    // Changes after the ANALYZE are noticed.
    for table in ["once", "quick", "other"] {
        run(&mut client, &format!("INSERT INTO {table} SELECT generate_series(1, 2000)"));
        counted_changes(&mut client, table);
        assert!(has_stale_statistics(&mut client, table), "a load after the ANALYZE of {table}");
        run(&mut client, &format!("ANALYZE {table}"));
        assert!(!has_stale_statistics(&mut client, table), "{table} is analyzed again");
    }
}
