//! Joins: how well they are found where every constraint was removed, and what looking
//! for them does to others. A discovery takes read locks, can be cancelled, and does
//! not do its work twice.

use std::thread;

use postgres::Client;
use postgres::error::SqlState;
use spyne_tests::fixture::{connect, database, rows, run};
use spyne_tests::waiting::{PATIENT, backend_of, wait_for_lock};
use spyne_tests::{SUPERUSER, Server, server};
use xtask::join_quality;
use xtask::place;

const DATABASE: &str = spyne_tests::fixture::DATABASE;

#[test]
fn joins_are_found_where_every_constraint_is_gone() {
    let server = server("join_quality").start().expect("a server");
    let schemas = place::repository().join("tests/joins");
    let all = join_quality::measure(&server, &[0.01], &schemas).expect("discoveries");
    for one in all {
        let found = format!("{}: missed {:?}, wrong {:?}", one.title, one.missed, one.wrong);
        match one.title.as_str() {
            "TPC-H, scale 0.01" => {
                assert_eq!(one.recall(), 1.0, "{found}");
                assert!(one.precision() >= 0.95, "{found}");
            }
            // Without names only the data can tell; the figure is printed, and no limit
            // is tested.
            nameless if nameless.contains("columns c1") => {}
            _ => assert!(one.f1() >= 0.9, "{found}"),
        }
        assert!(one.megabytes < 200.0, "{} took {} MB", one.title, one.megabytes);
    }
}

/// Tables that take a while to read.
const LARGE: &str = "
    CREATE TABLE customer (id int, name text);
    INSERT INTO customer SELECT g, 'customer ' || g FROM generate_series(1, 20000) g;
    CREATE TABLE orders (id int, customer_id int, note text);
    INSERT INTO orders SELECT g, 1 + g % 20000, 'note ' || g FROM generate_series(1, 300000) g;
    SELECT pg_stat_force_next_flush();";

/// As [`database`], with those tables analyzed and governed. What was loaded is counted before it
/// is analyzed, or it counts as changed since.
fn large(server: &Server) -> Client {
    let mut admin = database(server);
    run(&mut admin, LARGE);
    run(&mut admin, "ANALYZE; SELECT count(*) FROM spyne_register_schema('public')");
    admin
}

/// The number of rows that a discovery has stored: none, where it was cancelled.
const KEPT: &str = "SELECT (SELECT count(*) FROM spyne.join_candidates) + (SELECT count(*) FROM spyne.column_samples)";

#[test]
fn a_cancelled_discovery_leaves_nothing() {
    let server = server("join_cancel").start().expect("a server");
    let mut admin = large(&server);
    // The discovery is held up before it reads a table, before it stores what it has
    // read, and before it stores what it has found.
    for table in
        ["public.customer", "public.orders", "spyne.column_samples", "spyne.join_candidates"]
    {
        let mut holder = connect(&server, DATABASE, SUPERUSER);
        run(&mut holder, "SET spyne.enforcement = off; BEGIN");
        let mode = if table.starts_with("spyne.") { "SHARE" } else { "ACCESS EXCLUSIVE" };
        run(&mut holder, &format!("LOCK TABLE {table} IN {mode} MODE"));
        let mut looking = connect(&server, DATABASE, SUPERUSER);
        run(&mut looking, &format!("SET spyne.lock_timeout = '{PATIENT}'"));
        let backend = backend_of(&mut looking);
        let discovery = thread::spawn(move || {
            looking.simple_query("SELECT * FROM spyne_discover_joins()").map(|_| ())
        });
        wait_for_lock(&mut admin, backend);
        run(&mut admin, &format!("SELECT pg_cancel_backend({backend})"));
        let error = discovery.join().expect("no panic").expect_err("it was cancelled");
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{table}: {error}");
        run(&mut holder, "ROLLBACK");
        assert_eq!(rows(&mut admin, KEPT), "0", "held up at {table}");
    }
    // It is cancelled after longer and longer times, in the middle of whatever it is
    // doing, up to the time that it takes.
    for milliseconds in (0..30).map(|doublings| 1_u64 << doublings) {
        run(&mut admin, &format!("SET statement_timeout = {milliseconds}"));
        let discovery = admin.simple_query("SELECT * FROM spyne_discover_joins()").map(|_| ());
        run(&mut admin, "RESET statement_timeout");
        let Err(error) = discovery else { break };
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
        assert_eq!(rows(&mut admin, KEPT), "0", "after {milliseconds} ms");
    }
    assert_eq!(
        rows(&mut admin, "SELECT condition FROM spyne_discover_joins()"),
        "orders.customer_id = customer.id"
    );
}

#[test]
fn discovery_takes_read_locks_and_writers_go_on() {
    let server = server("join_locks").start().expect("a server");
    let mut admin = large(&server);
    run(&mut admin, "BEGIN; SELECT count(*) FROM spyne_discover_joins()");
    let locks = "SELECT string_agg(DISTINCT mode, ', ') FROM pg_locks
        WHERE pid = pg_backend_pid() AND relation IN ('orders'::regclass, 'customer'::regclass)";
    assert_eq!(rows(&mut admin, locks), "AccessShareLock");
    // A session that writes to one of the tables meanwhile waits for nothing; a wait
    // would last for ever.
    let mut other = connect(&server, DATABASE, SUPERUSER);
    run(
        &mut other,
        "SET lock_timeout = '1min'; SET spyne.enforcement = off; DELETE FROM orders WHERE id = 1",
    );
    run(&mut admin, "COMMIT");
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let server = server("join_again").start().expect("a server");
    let mut admin = large(&server);
    let scans = |of: &str| -> i64 {
        let mut session = connect(&server, DATABASE, SUPERUSER);
        let asked = format!("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = '{of}'");
        rows(&mut session, &asked).parse().expect("a number")
    };
    // The session reports its counts before it answers.
    let discover = "SELECT count(*) FROM spyne_discover_joins(); SELECT pg_stat_force_next_flush()";
    run(&mut admin, discover);
    let (orders, customer) = (scans("orders"), scans("customer"));
    assert!(orders > 0);
    run(&mut admin, discover);
    assert_eq!((scans("orders"), scans("customer")), (orders, customer));
    // Only what has changed is read.
    run(
        &mut admin,
        "SET spyne.enforcement = off; INSERT INTO customer VALUES (20001, 'new'); RESET spyne.enforcement",
    );
    run(&mut admin, discover);
    assert_eq!(scans("orders"), orders);
    assert!(scans("customer") > customer);
}
