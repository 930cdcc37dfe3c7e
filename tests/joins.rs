//! Joins: how well they are found where every constraint is gone, and what looking for them does to
//! others: it takes read locks, can be cancelled, and does not do its work twice.

use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use spyne_tests::fixture::{connect, database, rows, run};
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
            // Without names the data alone speak: what they say is told, and not promised.
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

#[test]
fn a_cancelled_discovery_leaves_nothing() {
    let server = server("join_cancel").start().expect("a server");
    let mut admin = large(&server);
    for milliseconds in [1, 5, 20] {
        run(&mut admin, &format!("SET statement_timeout = {milliseconds}"));
        let cancelled = admin.simple_query("SELECT * FROM spyne_discover_joins()").map(|_| ());
        let error = cancelled.expect_err("it takes longer");
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
        run(&mut admin, "RESET statement_timeout");
        let left = "SELECT (SELECT count(*) FROM spyne.join_candidates) + (SELECT count(*) FROM spyne.column_samples)";
        assert_eq!(rows(&mut admin, left), "0", "after {milliseconds} ms");
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
    // Who writes to one of the tables meanwhile waits for nothing.
    let mut other = connect(&server, DATABASE, SUPERUSER);
    run(
        &mut other,
        "SET lock_timeout = '2s'; SET spyne.enforcement = off; DELETE FROM orders WHERE id = 1",
    );
    run(&mut admin, "COMMIT");
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let server = server("join_again").start().expect("a server");
    let mut admin = large(&server);
    let mut scans = |of: &str| -> i64 {
        let mut session = connect(&server, DATABASE, SUPERUSER);
        // What others have counted is seen once they have reported it.
        let asked = format!("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = '{of}'");
        let (mut last, mut since) = (-1, Instant::now());
        while since.elapsed() < Duration::from_millis(1500) {
            let now: i64 = rows(&mut session, &asked).parse().expect("a number");
            if now != last {
                (last, since) = (now, Instant::now());
            }
            thread::sleep(Duration::from_millis(100));
        }
        last
    };
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
