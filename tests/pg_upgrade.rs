//! pg_upgrade carries a governed database over as it is, with enforcement on: the server that it
//! starts lets its restore through, and the server that is started afterwards governs everything.

use std::fs;
use std::process::Command;

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, Server, ServerBuilder, Toolchain, toolchain};
use xtask::majors::SUPPORTED_MAJORS;
use xtask::{Source, account, extension, place};

/// On top of a table in each state: a replaced version, another shadow, a partitioned table, a
/// dropped column, an accepted join, a preview that was run, a report that is open, grants.
const MORE: &str = "
    CREATE SCHEMA sales;
    CREATE TABLE sales.lines (id int, gone text, day date NOT NULL) PARTITION BY RANGE (day);
    CREATE TABLE sales.lines_1 PARTITION OF sales.lines FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
    ALTER TABLE sales.lines DROP COLUMN gone;
    INSERT INTO sales.lines VALUES (1, '2026-02-02');
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, placed date);
    INSERT INTO orders SELECT g, 1 + g % 10, '2026-01-01' FROM generate_series(1, 100) g;
    CREATE TABLE loosely_kept (id int, label text);
    ANALYZE;
    SELECT FROM spyne_register('sales.lines', owner => 'engineer');
    SELECT FROM spyne_register('orders');
    SELECT FROM spyne_register('loosely_kept');
    SELECT FROM spyne_promote('spyne_shadow.customer', reason => 'second version');
    SELECT FROM spyne_create_shadow('customer');
    INSERT INTO spyne_shadow.customer VALUES (1, 'third');
    SELECT FROM spyne_propose_join('orders', '{customer_id}', 'customer', '{id}');
    SELECT FROM spyne_accept_join((SELECT max(candidate_id) FROM spyne.join_candidates), 'each order has a customer');
    SELECT FROM spyne_preview('SELECT count(*) FROM orders');
    SELECT count(*) FROM orders;
    GRANT SELECT ON governed.facts TO outsider;
    COMMENT ON VIEW governed.facts IS 'for the dashboards';
    SET client_min_messages = error;
    ALTER TABLE loosely_kept RENAME COLUMN label TO title;";

/// What must be the same afterwards, numbers of tables and roles included.
const PROMISES: [(&str, &str); 12] = [
    ("states", "SELECT t.relation::oid, t.owner::oid, t.* FROM spyne.tables t ORDER BY relation::oid"),
    ("history", "SELECT h.* FROM spyne.table_state_history h ORDER BY id"),
    ("versions", "SELECT v.*, spyne.origin_of(t.relation) = v.origin FROM spyne.table_versions v
        LEFT JOIN spyne.tables t USING (logical_name, version) ORDER BY 1, 2"),
    ("settings", "SELECT c.* FROM spyne.system_config c ORDER BY 1"),
    ("reports", "SELECT r.*, c.* FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id) ORDER BY r.report_id, seq"),
    ("drift", "SELECT relation, change_type, \"column\", new_name, severity, detail FROM spyne_detect_drift() ORDER BY 1, 2, 3"),
    ("previews", "SELECT p.user_oid::regrole, p.* FROM spyne.query_previews p ORDER BY preview_id"),
    ("runs", "SELECT e.*, u.* FROM spyne.query_executions e LEFT JOIN spyne.joins_used u USING (execution_id) ORDER BY e.execution_id"),
    ("joins", "SELECT c.table1::oid, c.table2::oid, c.*, j.owner::oid, j.* FROM spyne.join_candidates c
        LEFT JOIN spyne.accepted_joins j USING (candidate_id) ORDER BY c.candidate_id"),
    ("governed views", "SELECT c.oid, c.oid::regclass, pg_get_viewdef(c.oid), c.relowner::regrole, c.relacl, obj_description(c.oid)
        FROM pg_class c WHERE relnamespace = 'governed'::regnamespace ORDER BY c.oid"),
    ("guards", "SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0, tgfoid::regproc FROM pg_trigger
        WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname"),
    ("event triggers", "SELECT evtname, evtevent, evtenabled, evtfoid::regproc FROM pg_event_trigger ORDER BY 1"),
];

fn answers(client: &mut Client) -> Vec<(&'static str, String)> {
    PROMISES.iter().map(|(what, sql)| (*what, rows(client, sql))).collect()
}

/// A stopped server with a governed database, and what that answered.
fn governed(toolchain: &Toolchain) -> (Server, Vec<(&'static str, String)>) {
    let old = builder(toolchain, "upgrade_from").preload("spyne").start().expect("a server");
    let mut client = governed_database(&old);
    run(&mut client, MORE);
    let answers = answers(&mut client);
    drop(client);
    old.stop().expect("it stops");
    (old, answers)
}

fn builder(toolchain: &Toolchain, name: &str) -> ServerBuilder {
    Server::build(toolchain, name)
        .setting("autovacuum", "off")
        .setting("spyne.require_preview", "off")
}

/// Runs pg_upgrade of the newer server, as whoever runs it does: with every setting as it is.
fn upgrade(old: &Server, new: &Server) {
    let directory = tempfile::TempDir::with_prefix("spyne-upgrade-").expect("a directory");
    account::give_to_server(directory.path()).expect("the server's");
    let mut command: Command =
        new.toolchain().server_command("pg_upgrade").expect("the server has pg_upgrade");
    command.arg("--old-bindir").arg(old.toolchain().bindir());
    command.arg("--new-bindir").arg(new.toolchain().bindir());
    command.arg("--old-datadir").arg(old.data_directory());
    command.arg("--new-datadir").arg(new.data_directory());
    command.args(["--username", SUPERUSER]).current_dir(directory.path());
    let output = command.output().expect("pg_upgrade starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A stopped server that was upgraded to, and is started again.
fn upgraded(old: &Server, to: &Toolchain, preload: &str) -> Server {
    let new = builder(to, "upgrade_to").preload(preload);
    let new = new.start().expect("a server");
    new.stop().expect("it stops");
    upgrade(old, &new);
    new.start().expect("it starts again");
    new
}

/// All that was governed is, and goes on.
fn assert_governed(new: &Server) {
    let mut client = connect(new, DATABASE, SUPERUSER);
    assert_eq!(rows(&mut client, "SHOW spyne.enforcement"), "enforce");
    for write in [
        "INSERT INTO facts VALUES (100)",
        "DELETE FROM customer__v1",
        "TRUNCATE ledger",
        "INSERT INTO sales.lines_1 VALUES (1, '2026-03-03')",
    ] {
        refused(client.batch_execute(write), "25006");
    }
    refused(client.batch_execute("DROP TABLE facts"), "55000");
    refused(client.batch_execute("DELETE FROM spyne.tables"), "42501");
    refused(client.batch_execute("ALTER TABLE facts DISABLE TRIGGER spyne_guard"), "42501");
    assert_eq!(rows(&mut client, "SELECT * FROM spyne.check_statements()"), "");
    assert_eq!(rows(&mut client, "SELECT * FROM spyne.check_rows()"), "");
    let mut outsider = connect(new, DATABASE, "outsider");
    refused(outsider.batch_execute("SELECT FROM facts"), "42501");
    run(&mut connect(new, DATABASE, "engineer"), "INSERT INTO customer VALUES (1000, 'after')");
    run(
        &mut client,
        "SELECT FROM spyne_promote('spyne_shadow.customer', reason => 'after the upgrade')",
    );
    run(
        &mut client,
        "SELECT FROM spyne_resolve_drift((SELECT max(report_id) FROM spyne.drift_reports WHERE status = 'open'), 'apply', 'after the upgrade')",
    );
    for name in ["customer", "facts", "ledger", "loosely_kept"] {
        assert_whole(&mut client, name);
    }
}

fn assert_same(before: &[(&'static str, String)], new: &Server) {
    let mut client = connect(new, DATABASE, SUPERUSER);
    for ((what, expected), (_, found)) in before.iter().zip(answers(&mut client)) {
        assert_eq!(&found, expected, "{what}");
    }
}

#[test]
fn a_governed_database_comes_through_with_enforcement_on() {
    let (old, before) = governed(toolchain());
    assert!(before.iter().all(|(_, answer)| !answer.is_empty()), "{before:?}");
    let new = upgraded(&old, toolchain(), "spyne");
    assert_same(&before, &new);
    assert_governed(&new);
}

/// The servers of later majors that are there, with this build's extension in them.
fn later() -> Vec<Toolchain> {
    let home = place::open_to_server().expect("a place").join("toolchain");
    let own = toolchain();
    let script = |toolchain: &Toolchain| {
        let name = extension::script_name().expect("a name");
        fs::read(toolchain.sharedir().join("extension").join(name)).ok()
    };
    let mut found = Vec::new();
    for major in SUPPORTED_MAJORS.into_iter().filter(|major| *major > own.major) {
        let build = format!("cargo xtask build --pg {major}");
        if !home.join(format!("pg{major}/complete")).is_file() {
            eprintln!("to {major}: skipped, since that server is not there: {build}");
            continue;
        }
        let later = Toolchain::ensure(&Source::Major(major)).expect("a server that is there");
        match script(&later) == script(own) {
            true => found.push(later),
            false => eprintln!("to {major}: skipped, since it has another build of spyne: {build}"),
        }
    }
    found
}

#[test]
fn a_governed_database_comes_to_a_later_major() {
    let later = later();
    if later.is_empty() {
        return;
    }
    let (old, before) = governed(toolchain());
    for to in later {
        eprintln!("to {}", to.major);
        let new = upgraded(&old, &to, "spyne");
        assert_same(&before, &new);
        assert_governed(&new);
    }
}

#[test]
fn a_server_that_does_not_preload_the_library_is_upgraded_too() {
    let (old, before) = governed(toolchain());
    let new = upgraded(&old, toolchain(), "");
    assert_same(&before, &new);
    // The guard triggers are there, and load it.
    let mut client = connect(&new, DATABASE, SUPERUSER);
    refused(client.batch_execute("INSERT INTO facts VALUES (100)"), "25006");
    refused(client.batch_execute("DROP TABLE facts"), "55000");
}
