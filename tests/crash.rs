//! A server or a back end that is killed at any moment of a promotion comes back with the old
//! state or the new one, whole: state rows, names, governed view, guards and history agree.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use spyne_tests::fixture::{DATABASE, assert_whole, connect, database, refused, rows, run};
use spyne_tests::{SUPERUSER, Server, server};

/// How many moments are tried, spread over a little more than a promotion's time.
const MOMENTS: u32 = 24;

const PROMOTION: &str =
    "SELECT FROM spyne_promote('spyne_shadow.customer', dependents => 'repoint')";

fn start() -> (Server, Client) {
    let server = server("crash")
        // What a process has written outlives it, and needs no fsync; what it has reported must
        // have been written, and a page may be written by half.
        .setting("synchronous_commit", "on")
        .setting("full_page_writes", "on")
        .setting("max_prepared_transactions", "5")
        .setting("restart_after_crash", "on")
        .start()
        .expect("a server");
    let mut client = database(&server);
    run(
        &mut client,
        "SELECT FROM spyne_set_system_mode('INGESTION_READY', 'test');
         CREATE TABLE customer (id int PRIMARY KEY, origin int NOT NULL);
         CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer);
         CREATE VIEW names AS SELECT origin FROM customer;
         INSERT INTO customer VALUES (1, 0);
         INSERT INTO orders VALUES (1, 1);
         GRANT SELECT ON customer TO viewer;",
    );
    run(&mut client, "SELECT FROM spyne_register('customer', state => 'SHADOW')");
    run(&mut client, "SELECT FROM spyne_promote('customer')");
    (server, client)
}

/// Puts the next version beside the one in use; its row says which one it is.
fn stage(client: &mut Client, origin: u32) {
    if rows(client, "SELECT count(*) FROM spyne.tables WHERE state = 'SHADOW'") == "0" {
        run(client, "SELECT FROM spyne_create_shadow('customer')");
    }
    run(
        client,
        &format!(
            "TRUNCATE spyne_shadow.customer; INSERT INTO spyne_shadow.customer VALUES (1, {origin})"
        ),
    );
}

/// What must hold after any crash; answers which version is in use.
fn inspect(client: &mut Client) -> String {
    assert_whole(client, "customer");
    let origin = rows(client, "SELECT origin FROM public.customer");
    assert_eq!(rows(client, "SELECT origin FROM governed.customer"), origin);
    assert_eq!(rows(client, "SELECT origin FROM names"), origin, "the dependent view");
    let key = "SELECT confrelid::regclass FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f'";
    assert_eq!(rows(client, key), "customer", "the dependent foreign key");
    assert_eq!(rows(client, "SELECT has_table_privilege('viewer', 'customer', 'SELECT')"), "t");
    // Each promotion makes two lines of history, or none.
    let halves = "SELECT count(*) FILTER (WHERE to_state = 'ACTIVE') - 1 = count(*) FILTER (WHERE to_state = 'DEPRECATED')
                  FROM spyne.table_state_history";
    assert_eq!(rows(client, halves), "t", "the history");
    // Enforcement is there, with the state that is.
    for old in rows(client, "SELECT relation FROM spyne.tables WHERE state = 'DEPRECATED'").lines()
    {
        refused(client.batch_execute(&format!("INSERT INTO {old} VALUES (99, 99)")), "25006");
    }
    origin
}

fn reconnect(server: &Server) -> Client {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match server.connect(DATABASE, SUPERUSER) {
            Ok(client) => return client,
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            Err(error) => panic!("the server does not come back: {error:#}\n{}", server.log()),
        }
    }
}

/// The time a promotion takes here.
fn usual_time(client: &mut Client) -> Duration {
    stage(client, 1);
    let started = Instant::now();
    run(client, PROMOTION);
    let took = started.elapsed();
    assert_eq!(inspect(client), "1");
    took
}

/// Runs a promotion, and `kill` at a moment of it; answers whether it reported success.
fn interrupted(client: Client, wait: Duration, kill: impl FnOnce(), sql: &str) -> bool {
    let sql = sql.to_owned();
    let promotion = thread::spawn(move || {
        let mut client = client;
        client.batch_execute(&sql).is_ok()
    });
    thread::sleep(wait);
    kill();
    promotion.join().expect("the thread ends")
}

/// Crashes at each of the moments; `crash` is given the back end that promotes.
fn at_every_moment(statement: &str, crash: impl Fn(&Server, i32)) {
    let (server, mut client) = start();
    let usual = usual_time(&mut client);
    let mut current = 1;
    let (mut before, mut after) = (0, 0);
    for moment in 0..MOMENTS {
        let next = moment + 2;
        stage(&mut client, next);
        let backend: i32 = client.query_one("SELECT pg_backend_pid()", &[]).expect("a pid").get(0);
        // The first promotion after a crash takes longer: its caches are empty.
        let wait = usual * 4 * moment / MOMENTS;
        let reported = interrupted(client, wait, || crash(&server, backend), statement);
        client = reconnect(&server);
        let found: u32 = inspect(&mut client).parse().expect("a number");
        assert!(found == current || found == next, "{found} is neither {current} nor {next}");
        assert!(!reported || found == next, "a promotion that was reported done is gone");
        if found == next {
            after += 1;
            current = next;
        } else {
            before += 1;
        }
    }
    eprintln!("{statement}: {before} crashes left the old state, {after} the new");
    // Else the moments missed the promotion, and nothing was tested.
    assert!(before >= 3 && after >= 1, "{before} before, {after} after, at {usual:?}");
}

#[test]
fn a_server_killed_during_a_promotion_has_the_old_state_or_the_new() {
    at_every_moment(PROMOTION, |server, _| {
        server.kill_nine().expect("killed");
        server.start().expect("recovers");
    });
}

#[test]
fn a_backend_killed_during_a_promotion_has_the_old_state_or_the_new() {
    at_every_moment(PROMOTION, |_, backend| {
        // It may have ended by itself.
        let _ = Command::new("kill").args(["-9", &backend.to_string()]).status();
        thread::sleep(Duration::from_millis(50));
    });
}

#[test]
fn a_promotion_that_was_not_committed_leaves_nothing() {
    let (server, mut client) = start();
    stage(&mut client, 1);
    let slow = format!("BEGIN; {PROMOTION}; SELECT pg_sleep(30); COMMIT");
    let crash = || {
        server.kill_nine().expect("killed");
        server.start().expect("recovers");
    };
    assert!(!interrupted(client, Duration::from_millis(500), crash, &slow));
    let mut client = reconnect(&server);
    assert_eq!(inspect(&mut client), "0");
    assert_eq!(rows(&mut client, "SELECT origin FROM spyne_shadow.customer"), "1");
    run(&mut client, PROMOTION);
    assert_eq!(inspect(&mut client), "1");
}

#[test]
fn a_prepared_promotion_survives_and_is_then_done_or_undone() {
    for (finish, expected) in [("COMMIT", "1"), ("ROLLBACK", "0")] {
        let (server, mut client) = start();
        stage(&mut client, 1);
        run(&mut client, "CREATE TABLE spyne_shadow.other (id int)");
        run(&mut client, "BEGIN");
        run(&mut client, PROMOTION);
        run(&mut client, "PREPARE TRANSACTION 'promotion'");
        server.kill_nine().expect("killed");
        server.start().expect("recovers");
        let mut client = reconnect(&server);
        assert_eq!(
            rows(&mut client, "SELECT count(*) FROM spyne.tables WHERE state = 'SHADOW'"),
            "1"
        );
        // A session that has looked already notices when it is finished from elsewhere.
        run(&mut client, "SELECT FROM spyne.tables; INSERT INTO spyne_shadow.other VALUES (1)");
        run(&mut connect(&server, DATABASE, SUPERUSER), &format!("{finish} PREPARED 'promotion'"));
        assert_eq!(inspect(&mut client), expected);
    }
}
