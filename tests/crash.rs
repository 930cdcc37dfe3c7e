//! A server or a back end that is killed at any moment of a promotion comes back with
//! the whole old state or the whole new one: state rows, names, governed view, guards
//! and history agree.
//!
//! The moments are points of the promotion, not times. Triggers of the test's own take
//! an advisory lock at each command that the promotion runs, at each row that it
//! writes, and at its commit. A second session holds the lock of one point, and the
//! crash comes once the promotion waits there.

use std::process::Command;
use std::thread::{self, JoinHandle};

use postgres::Client;
use spyne_tests::fixture::{DATABASE, assert_whole, connect, database, refused, rows, run};
use spyne_tests::waiting::{PATIENT, backend_of, wait_for_event, wait_for_lock, wait_until};
use spyne_tests::{SUPERUSER, Server, server};

const PROMOTION: &str =
    "SELECT FROM spyne_promote('spyne_shadow.customer', dependents => 'repoint')";

/// Each point takes a number from a sequence, which a rollback does not give back.
const POINTS: &str = "
    SET spyne.enforcement = off;
    CREATE SCHEMA stops;
    CREATE SEQUENCE stops.point;
    CREATE FUNCTION stops.at_command() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(nextval('stops.point')); END $$;
    CREATE FUNCTION stops.at_row() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(nextval('stops.point')); RETURN NULL; END $$;
    DO $$ DECLARE written regclass; BEGIN
        FOR written IN SELECT oid FROM pg_class WHERE relnamespace = 'spyne'::regnamespace AND relkind = 'r' LOOP
            EXECUTE format('CREATE TRIGGER stop AFTER INSERT OR UPDATE OR DELETE ON %s
                            FOR EACH ROW EXECUTE FUNCTION stops.at_row()', written);
        END LOOP;
    END $$;
    CREATE CONSTRAINT TRIGGER stop_at_commit AFTER INSERT ON spyne.table_state_history
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stops.at_row();
    CREATE EVENT TRIGGER stop ON ddl_command_end EXECUTE FUNCTION stops.at_command();
    RESET spyne.enforcement;";

/// Where a promotion is stopped.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The promotion waits for the lock on the table, and has done nothing.
    BeforeTheFirstStep,
    /// At a point, counted from 1.
    At(i64),
    /// The commit is on disk, and nobody has been told.
    AfterCommit,
    /// The promotion has reported success.
    AfterReport,
}

impl Moment {
    fn is_before_commit(self) -> bool {
        matches!(self, Moment::BeforeTheFirstStep | Moment::At(_))
    }
}

fn start() -> (Server, Client) {
    let server = server("crash")
        // What a process has written outlives it without fsync. What it has reported
        // must have been written, and a page may be written by half.
        .setting("synchronous_commit", "local")
        .setting("full_page_writes", "on")
        .setting("max_prepared_transactions", "5")
        .setting("restart_after_crash", "on")
        .setting("spyne.lock_timeout", PATIENT)
        // A session that commits with synchronous_commit = on waits, once that is on
        // disk, for a standby that never comes.
        .setting("synchronous_standby_names", "nobody")
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
    run(&mut client, POINTS);
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

/// Checks what must hold after any crash. Returns which version is in use.
fn inspect(client: &mut Client) -> u32 {
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
    // The rules are enforced by the state that the tables have.
    for old in rows(client, "SELECT relation FROM spyne.tables WHERE state = 'DEPRECATED'").lines()
    {
        refused(client.batch_execute(&format!("INSERT INTO {old} VALUES (99, 99)")), "25006");
    }
    origin.parse().expect("a number")
}

/// Connects to a server that has been killed and is coming back.
fn reconnect(server: &Server) -> Client {
    wait_until("the server comes back", || server.connect(DATABASE, SUPERUSER).is_ok());
    connect(server, DATABASE, SUPERUSER)
}

/// Runs a promotion to its end. Returns the number of its points.
fn count_points(client: &mut Client) -> i64 {
    stage(client, 1);
    run(client, "SELECT setval('stops.point', 1, false)");
    run(client, PROMOTION);
    let points = rows(client, "SELECT last_value FROM stops.point").parse().expect("a number");
    assert_eq!(inspect(client), 1);
    points
}

/// Starts the statement. Returns the process id of its back end, and in the end its
/// session and whether it has reported success.
fn begin(server: &Server, settings: &str, sql: &str) -> (i32, JoinHandle<(Client, bool)>) {
    let mut client = connect(server, DATABASE, SUPERUSER);
    run(&mut client, settings);
    let backend = backend_of(&mut client);
    let sql = sql.to_owned();
    let statement = move || {
        let reported = client.batch_execute(&sql).is_ok();
        (client, reported)
    };
    (backend, thread::spawn(statement))
}

/// Runs a promotion to the moment, and then calls `crash` with the process id of its
/// back end.
fn crash_at(server: &Server, moment: Moment, crash: &impl Fn(&Server, i32)) {
    let mut beside = connect(server, DATABASE, SUPERUSER);
    run(&mut beside, "SELECT setval('stops.point', 1, false)");
    let mut settings = "";
    match moment {
        Moment::BeforeTheFirstStep => {
            run(&mut beside, "BEGIN; LOCK TABLE public.customer IN ACCESS SHARE MODE")
        }
        Moment::At(point) => run(&mut beside, &format!("SELECT pg_advisory_lock({point})")),
        Moment::AfterCommit => settings = "SET synchronous_commit = on",
        Moment::AfterReport => {}
    }
    let (backend, promotion) = begin(server, settings, PROMOTION);
    match moment {
        Moment::BeforeTheFirstStep | Moment::At(_) => wait_for_lock(&mut beside, backend),
        Moment::AfterCommit => wait_for_event(&mut beside, backend, "SyncRep"),
        Moment::AfterReport => wait_until("the promotion ends", || promotion.is_finished()),
    }
    // At every other point, what the promotion has written so far is on disk and not
    // only in memory.
    if matches!(moment, Moment::At(point) if point % 2 == 0) {
        run(&mut beside, "CHECKPOINT");
    }
    crash(server, backend);
    // The server ends every session before it takes new ones.
    wait_until("the crash is noticed", || beside.batch_execute("SELECT").is_err());
    let (_, reported) = promotion.join().expect("the thread ends");
    assert_eq!(reported, matches!(moment, Moment::AfterReport), "reported done, {moment:?}");
}

/// Crashes at each of the moments.
fn at_every_moment(crash: impl Fn(&Server, i32)) {
    let (server, mut client) = start();
    let points = count_points(&mut client);
    // Each point is a command or a row. So few would mean that the promotion does not
    // pass the points.
    assert!(points >= 10, "a promotion has {points} points");
    let mut moments = vec![Moment::BeforeTheFirstStep];
    moments.extend((1..=points).map(Moment::At));
    moments.extend([Moment::AfterCommit, Moment::AfterReport]);
    let mut current = 1;
    for (next, moment) in (2..).zip(moments) {
        stage(&mut client, next);
        crash_at(&server, moment, &crash);
        client = reconnect(&server);
        let expected = if moment.is_before_commit() { current } else { next };
        current = inspect(&mut client);
        assert_eq!(current, expected, "the version in use after a crash {moment:?} of {points}");
    }
}

#[test]
fn a_server_killed_during_a_promotion_has_the_old_state_or_the_new() {
    at_every_moment(|server, _| {
        server.kill_nine().expect("killed");
        server.start().expect("recovers");
    });
}

#[test]
fn a_backend_killed_during_a_promotion_has_the_old_state_or_the_new() {
    at_every_moment(|_, backend| {
        let killed = Command::new("kill").args(["-9", &backend.to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
    });
}

#[test]
fn a_promotion_that_was_not_committed_leaves_nothing() {
    let (server, mut client) = start();
    stage(&mut client, 1);
    run(&mut client, "SELECT pg_advisory_lock(0)");
    let open = format!("BEGIN; {PROMOTION}; SELECT pg_advisory_lock(0); COMMIT");
    let (backend, transaction) = begin(&server, "", &open);
    wait_for_lock(&mut client, backend);
    server.kill_nine().expect("killed");
    server.start().expect("recovers");
    assert!(!transaction.join().expect("the thread ends").1);
    let mut client = reconnect(&server);
    assert_eq!(inspect(&mut client), 0);
    assert_eq!(rows(&mut client, "SELECT origin FROM spyne_shadow.customer"), "1");
    run(&mut client, PROMOTION);
    assert_eq!(inspect(&mut client), 1);
}

#[test]
fn a_prepared_promotion_survives_and_is_then_done_or_undone() {
    for (finish, expected) in [("COMMIT", 1), ("ROLLBACK", 0)] {
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
        // A session that has read the state before notices when another finishes the
        // promotion.
        run(&mut client, "SELECT FROM spyne.tables; INSERT INTO spyne_shadow.other VALUES (1)");
        run(&mut connect(&server, DATABASE, SUPERUSER), &format!("{finish} PREPARED 'promotion'"));
        assert_eq!(inspect(&mut client), expected);
    }
}
