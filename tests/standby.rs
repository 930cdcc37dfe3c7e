//! A hot standby reads under the same rules, and sees a change of state when it is replayed.

use std::process::{Command, Stdio};

use postgres::{Client, NoTls};
use spyne_tests::fixture::{DATABASE, fails, governed_database, refused, rows, run};
use spyne_tests::waiting::{PATIENT, wait_for};
use spyne_tests::{SUPERUSER, Server, default_server, server};

const PORT: u16 = 5433;

/// A standby of a primary, beside its socket; stopped before the primary goes.
struct Standby<'a> {
    primary: &'a Server,
}

impl<'a> Standby<'a> {
    fn of(primary: &'a Server) -> Standby<'a> {
        let standby = Standby { primary };
        let mut command =
            primary.toolchain().server_command("pg_basebackup").expect("pg_basebackup");
        command
            .arg("--host")
            .arg(primary.socket_directory())
            .args(["--port", &primary.port().to_string()]);
        command.args([
            "--username",
            SUPERUSER,
            "--checkpoint",
            "fast",
            "--write-recovery-conf",
            "--pgdata",
        ]);
        finish(command.arg(standby.data()));
        finish(standby.pg_ctl("start").arg("--options").arg(format!("-p {PORT}")));
        standby
    }

    fn data(&self) -> std::path::PathBuf {
        self.primary.socket_directory().join("standby")
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.primary.toolchain().server_command("pg_ctl").expect("pg_ctl");
        command.arg(action).arg("--pgdata").arg(self.data()).args([
            "--wait",
            "--timeout",
            "600",
            "--silent",
            "--log",
        ]);
        command.arg(self.primary.socket_directory().join("standby.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn connect(&self, user: &str) -> Client {
        let host = self.primary.socket_directory().display();
        let string = format!("host={host} port={PORT} dbname={DATABASE} user={user}");
        let mut client = Client::connect(&string, NoTls).expect("a connection to the standby");
        run(&mut client, &format!("SET statement_timeout = '{PATIENT}'"));
        client
    }

    /// Waits until everything the primary has written so far is replayed.
    fn catch_up(&self, primary: &mut Client) {
        let written = rows(primary, "SELECT pg_current_wal_insert_lsn()");
        let mut client = self.connect(SUPERUSER);
        wait_for(&mut client, &format!("SELECT pg_last_wal_replay_lsn() >= '{written}'"));
    }
}

impl Drop for Standby<'_> {
    fn drop(&mut self) {
        let _ = self.pg_ctl("stop").args(["--mode", "immediate"]).status();
    }
}

#[track_caller]
fn finish(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "{command:?}");
}

#[test]
fn a_standby_enforces_what_its_primary_says() {
    let primary = server("primary").start().expect("a primary");
    let mut client = governed_database(&primary);
    let standby = Standby::of(&primary);
    let mut superuser = standby.connect(SUPERUSER);
    let mut viewer = standby.connect("viewer");
    let mut analyst = standby.connect("analyst");
    let mut engineer = standby.connect("engineer");
    let mut outsider = standby.connect("outsider");
    assert_eq!(rows(&mut superuser, "SELECT pg_is_in_recovery()"), "t");

    // Reads are allowed and refused by role and state.
    assert_eq!(rows(&mut viewer, "SELECT count(*) FROM facts"), "5");
    assert_eq!(rows(&mut viewer, "SELECT count(*) FROM governed.customer"), "10");
    assert_eq!(rows(&mut engineer, "SELECT count(*) FROM spyne_shadow.customer"), "20");
    refused(outsider.query("SELECT FROM facts", &[]), "42501");
    refused(outsider.query("SELECT FROM customer", &[]), "42501");
    fails(analyst.query("SELECT FROM spyne_shadow.customer", &[]), "42501");
    refused(analyst.query("SELECT FROM ledger", &[]), "55000");
    refused(superuser.query("SELECT FROM governed.ledger", &[]), "55000");
    run(&mut analyst, "SET spyne.include_deprecated = on");
    assert_eq!(rows(&mut analyst, "SELECT count(*) FROM ledger"), "3");
    run(&mut analyst, "RESET spyne.include_deprecated");
    // Writes fail there anyway, and not with a crash.
    fails(superuser.batch_execute("INSERT INTO facts VALUES (100)"), "25006");
    fails(superuser.batch_execute("INSERT INTO loose VALUES (100)"), "25006");

    // Functions that only read work.
    assert_eq!(
        rows(&mut viewer, "SELECT name, state FROM spyne_resolve(ARRAY['customer', 'facts'])"),
        "customer|ACTIVE\nfacts|READ_ONLY"
    );
    refused(viewer.query("SELECT FROM spyne_resolve(ARRAY['ledger'])", &[]), "55000");
    assert_eq!(
        rows(&mut viewer, "SELECT user_name, spyne_role, query FROM spyne_whoami()"),
        "viewer|spyne_viewer|t"
    );
    assert_eq!(
        rows(&mut viewer, "SELECT state, version FROM spyne_table_state('facts')"),
        "READ_ONLY|v1"
    );
    assert_eq!(rows(&mut viewer, "SELECT spyne_can('promote'), spyne_can('query')"), "f|t");
    assert_eq!(rows(&mut viewer, "SELECT * FROM spyne_system_mode()"), "INGESTION_READY");
    let gaps = "SELECT severity, gap, object FROM spyne_coverage() ORDER BY 1, 2, 3";
    let here = rows(&mut engineer, gaps);
    let there = rows(&mut spyne_tests::fixture::connect(&primary, DATABASE, "engineer"), gaps);
    assert!(!here.is_empty());
    assert_eq!(here, there);
    // Functions that write say so, and dry runs, which do not write, work.
    fails(superuser.batch_execute("SELECT FROM spyne_promote('spyne_shadow.customer')"), "25006");
    fails(superuser.batch_execute("SELECT FROM spyne_register('loose')"), "25006");
    assert!(
        rows(
            &mut superuser,
            "SELECT kind FROM spyne_promote('spyne_shadow.customer', dry_run => true)"
        )
        .contains("step")
    );

    // Changes on the primary reach sessions that are connected and have asked before.
    let origins =
        viewer.prepare("SELECT DISTINCT origin FROM governed.customer").expect("prepares");
    let origin =
        |viewer: &mut Client| -> String { viewer.query_one(&origins, &[]).expect("reads").get(0) };
    assert_eq!(origin(&mut viewer), "first");
    run(&mut client, "SELECT FROM spyne_promote('spyne_shadow.customer')");
    standby.catch_up(&mut client);
    assert_eq!(origin(&mut viewer), "second");
    refused(viewer.query("SELECT FROM customer__v1", &[]), "55000");
    run(&mut client, "SELECT FROM spyne_deprecate('customer', 'test')");
    standby.catch_up(&mut client);
    refused(viewer.query(&origins, &[]), "55000");
    run(&mut client, "SELECT FROM spyne_restore('customer')");
    standby.catch_up(&mut client);
    assert_eq!(origin(&mut viewer), "second");
    let loose = outsider.prepare("SELECT count(*) FROM loose").expect("prepares");
    outsider.query(&loose, &[]).expect("is not governed");
    run(&mut client, "SELECT FROM spyne_register('loose')");
    standby.catch_up(&mut client);
    refused(outsider.query(&loose, &[]), "42501");
    run(&mut client, "GRANT spyne_viewer TO outsider");
    standby.catch_up(&mut client);
    outsider.query(&loose, &[]).expect("a viewer now");
    run(&mut client, "REVOKE spyne_viewer FROM outsider");
    standby.catch_up(&mut client);
    refused(outsider.query(&loose, &[]), "42501");

    // Drift is found on the standby, and stored only on the primary.
    run(&mut client, "SET spyne.enforcement = off");
    run(
        &mut client,
        "ALTER TABLE facts RENAME COLUMN id TO number; ALTER TABLE facts ALTER COLUMN number SET DEFAULT 1",
    );
    run(&mut client, "RESET spyne.enforcement");
    standby.catch_up(&mut client);
    for look in ["spyne_detect_drift()", "spyne_detect_drift('facts')"] {
        let sql = format!("SELECT change_type, \"column\", new_name FROM {look}");
        assert_eq!(rows(&mut superuser, &sql), "DEFAULT|id|number\nRENAME|id|number", "{look}");
    }
    assert_eq!(rows(&mut client, "SELECT count(*) FROM spyne.drift_reports"), "0");
    fails(superuser.batch_execute("SELECT spyne_resolve_drift(1, 'apply', 'x')"), "25006");
    run(&mut client, "SET spyne.enforcement = off");
    run(&mut client, "ALTER TABLE facts RENAME COLUMN number TO id");
    run(&mut client, "RESET spyne.enforcement");
    standby.catch_up(&mut client);

    // After the standby itself is promoted, the same rules hold, now for writes too.
    finish(&mut standby.pg_ctl("promote"));
    refused(superuser.batch_execute("INSERT INTO facts VALUES (100)"), "25006");
    run(&mut superuser, "INSERT INTO customer VALUES (100, 'after the failover')");
    run(&mut superuser, "SELECT FROM spyne_deprecate('customer', 'after the failover')");
    refused(viewer.query(&origins, &[]), "55000");
}

#[test]
fn previews_on_a_standby_are_held_by_the_session_and_authorise() {
    let primary = default_server("primary").start().expect("a primary");
    let mut client = governed_database(&primary);
    let standby = Standby::of(&primary);
    let mut analyst = standby.connect("analyst");
    let sql = "SELECT count(*) FROM customer";
    refused(analyst.query(sql, &[]), "55000");
    let looked = "SELECT statement, jsonb_array_length(tables_used), requires_confirmation, expires_at > now()
                  FROM spyne_preview($1)";
    let row = analyst.query_one(looked, &[&sql]).expect("a preview");
    assert_eq!(row.get::<_, &str>(0), "SELECT");
    assert_eq!(
        (row.get::<_, i32>(1), row.get::<_, bool>(2), row.get::<_, bool>(3)),
        (1, false, true)
    );
    // The statement runs as a text, prepared, by the preview's id, and as a cursor, as
    // often as the user likes.
    assert_eq!(rows(&mut analyst, sql), "10");
    let prepared = analyst.prepare(sql).expect("prepares");
    assert_eq!(analyst.query_one(&prepared, &[]).expect("runs").get::<_, i64>(0), 10);
    let executed = "SELECT e FROM spyne_preview($$SELECT count(*) AS n FROM customer$$) p, spyne_execute(p.preview_id) e";
    assert_eq!(rows(&mut analyst, executed), "{\"n\": 10}");
    // The preview authorises no other text, no other session and no other user.
    refused(analyst.query("SELECT count(id) FROM customer", &[]), "55000");
    refused(standby.connect("analyst").query(sql, &[]), "55000");
    refused(standby.connect("engineer").query(sql, &[]), "55000");
    // There is no dry run; corrections work, and stops stop.
    let dry =
        "SELECT FROM spyne_preview('INSERT INTO customer VALUES (1000, $$x$$)', dry_run => true)";
    let mut engineer = standby.connect("engineer");
    refused(engineer.query(dry, &[]), "25006");
    let product = "SELECT * FROM customer a, customer b";
    let stops: bool = analyst.query_one(looked, &[&product]).expect("a preview").get(2);
    assert!(stops);
    let error = refused(analyst.query(product, &[]), "55000");
    assert!(error.message().contains("EXPLOSIVE_JOIN"), "{error:?}");
    // Reads of governed views need no preview.
    assert_eq!(rows(&mut analyst, "SELECT count(*) FROM governed.customer"), "10");
    // Changes that are replayed make the preview stale.
    run(&mut client, "SELECT FROM spyne_promote('spyne_shadow.customer')");
    standby.catch_up(&mut client);
    let error = refused(analyst.query(sql, &[]), "55000");
    assert!(error.detail().is_some_and(|detail| detail.contains("[preview.stale]")), "{error:?}");
    assert_eq!(rows(&mut client, "SELECT count(*) FROM spyne.query_executions"), "0");
    // Each run is recorded in the log of the standby.
    let log =
        std::fs::read_to_string(primary.socket_directory().join("standby.log")).expect("a log");
    assert!(log.contains("held by this session: SELECT count(*) FROM customer"), "{log}");
    assert!(log.lines().any(|line| line.contains("run by analyst: 1 rows")), "{log}");
}
