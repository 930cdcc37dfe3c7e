//! pg_dump and pg_restore reproduce governance: states, versions, history, views, grants and
//! guards, with enforcement on afterwards. The procedure is the one in the documents: restore
//! as a superuser with `PGOPTIONS='-c spyne.enforcement=off'`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, empty_database, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, Server, server};

const SWITCHED_OFF: (&str, &str) = ("PGOPTIONS", "-c spyne.enforcement=off");

/// Every kind of thing that governance consists of, on top of a table in each state.
const MORE: &str = r#"
    CREATE SCHEMA sales;
    CREATE TABLE sales."Order Lines" (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, note text) PARTITION BY RANGE (day);
    CREATE TABLE sales.lines_1 PARTITION OF sales."Order Lines" FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
    CREATE TABLE sales.lines_2 PARTITION OF sales."Order Lines" FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
    INSERT INTO sales."Order Lines" (day, note) VALUES ('2026-02-02', 'one'), ('2026-08-08', 'two');
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (extra text) INHERITS (parent);
    CREATE TABLE secrets (id int, owner name);
    INSERT INTO secrets VALUES (1, 'viewer'), (2, 'analyst');
    ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON secrets USING (owner = current_user);
    GRANT SELECT ON secrets TO viewer;
    CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM facts;
    COMMENT ON TABLE facts IS 'facts, as they are';
    SELECT FROM spyne_register('sales."Order Lines"', owner => 'engineer');
    SELECT FROM spyne_register('parent');
    SELECT FROM spyne_register('secrets', name => 'own_secrets');
    SELECT FROM spyne_register('totals');
    GRANT SELECT ON governed.facts TO outsider;
    COMMENT ON VIEW governed.facts IS 'for the dashboards';
"#;

/// What must be the same afterwards: all of the catalog, all that was put on tables,
/// and the rows. There is one query for each, so that a difference says what it is
/// about.
const PROMISES: [(&str, &str); 14] = [
    ("states", "SELECT t.* FROM spyne.tables t ORDER BY relation::text"),
    ("history", "SELECT h.* FROM spyne.table_state_history h ORDER BY id"),
    ("versions", "SELECT v.* FROM spyne.table_versions v ORDER BY 1, 2"),
    ("settings", "SELECT c.* FROM spyne.system_config c ORDER BY 1"),
    ("governed views", "SELECT c.oid::regclass, pg_get_viewdef(c.oid), c.relowner::regrole, c.relacl, c.reloptions, obj_description(c.oid)
        FROM pg_class c WHERE relnamespace = 'governed'::regnamespace ORDER BY c.oid::regclass::text"),
    ("grants", "SELECT c.oid::regclass, c.relkind, c.relowner::regrole,
        (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'sales', 'spyne', 'spyne_shadow', 'governed') AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY c.oid::regclass::text"),
    ("schemas", "SELECT nspname, nspowner::regrole, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(nspacl) a), obj_description(oid)
        FROM pg_namespace WHERE nspname IN ('spyne', 'spyne_shadow', 'governed') ORDER BY 1"),
    ("triggers", "SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname"),
    ("event triggers", "SELECT evtname, evtevent, evtenabled, evtfoid::regproc FROM pg_event_trigger ORDER BY 1"),
    ("functions", "SELECT p.oid::regprocedure, p.proacl, obj_description(p.oid) FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
        AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' WHERE p.proname LIKE 'spyne%' OR p.pronamespace = 'spyne'::regnamespace ORDER BY p.oid::regprocedure::text"),
    ("policies", "SELECT polrelid::regclass, polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY polrelid::regclass::text, 2"),
    // Columns are numbered anew where one was dropped before.
    ("drift", "SELECT relation, change_type, \"column\", new_name FROM spyne_detect_drift() ORDER BY 1, 2, 3"),
    ("drift reports", "SELECT r.*, c.* FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id) ORDER BY r.report_id, seq"),
    ("gaps", "SELECT severity, gap, object FROM spyne_coverage() WHERE gap <> 'enforcement not enforce' ORDER BY 1, 2, 3"),
];

/// A server, a client of its superuser, and a directory for dumps that goes with the server.
fn start() -> (Server, Client, PathBuf) {
    let server = server("dump").start().expect("a server");
    let mut client = governed_database(&server);
    run(&mut client, MORE);
    run(
        &mut client,
        "SELECT FROM spyne_promote('spyne_shadow.customer', reason => 'second version')",
    );
    run(
        &mut client,
        "SELECT FROM spyne_create_shadow('customer'); INSERT INTO spyne_shadow.customer VALUES (1, 'third')",
    );
    run(
        &mut client,
        "CREATE TABLE gapped (a integer, gone text, b integer NOT NULL DEFAULT 7, c text);
         ALTER TABLE gapped DROP COLUMN gone; ALTER TABLE gapped ADD UNIQUE (b);
         SELECT FROM spyne_register('gapped')",
    );
    run(&mut client, "SET client_min_messages = error");
    run(&mut client, "ALTER TABLE gapped ALTER COLUMN b SET DEFAULT 8");
    run(&mut client, "RESET client_min_messages");
    let directory = server.socket_directory().to_owned();
    (server, client, directory)
}

fn tool(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("the program starts");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let (done, said) = tool(command);
    assert!(done && !said.contains("ERROR") && !said.contains("error:"), "{command:?}\n{said}");
}

fn dump(server: &Server, format: &str, to: &Path) {
    let mut command = server.client_command("pg_dump", DATABASE, SUPERUSER);
    command.args(["--format", format]).arg("--file").arg(to);
    if format == "directory" {
        command.args(["--jobs", "2"]);
    }
    succeeds(&mut command);
}

fn restore(server: &Server, format: &str, from: &Path, database: &str) -> Command {
    let mut command = if format == "plain" {
        let mut command = server.client_command("psql", database, SUPERUSER);
        command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]);
        command.stdin(File::open(from).expect("the dump"));
        command
    } else {
        let mut command = server.client_command("pg_restore", database, SUPERUSER);
        if format == "directory" {
            command.args(["--jobs", "2"]);
        }
        command.arg(from);
        command
    };
    command.stdout(std::process::Stdio::null());
    command
}

fn answers(client: &mut Client) -> Vec<(&'static str, String)> {
    PROMISES.iter().map(|(what, sql)| (*what, rows(client, sql))).collect()
}

fn counts(client: &mut Client) -> String {
    run(client, "SET spyne.include_deprecated = on");
    let tables = [
        "customer",
        "customer__v1",
        "spyne_shadow.customer",
        "facts",
        "ledger",
        "secrets",
        "totals",
        "sales.\"Order Lines\"",
        "governed.customer",
        "governed.ledger",
        "governed.\"Order Lines\"",
    ];
    let counts = tables.map(|table| rows(client, &format!("SELECT count(*) FROM {table}")));
    run(client, "RESET spyne.include_deprecated");
    counts.join(" ")
}

/// What governance forbids and allows, on a database with the fixture's tables.
fn assert_enforced(server: &Server, database: &str) {
    let mut admin = connect(server, database, SUPERUSER);
    assert_eq!(rows(&mut admin, "SHOW spyne.enforcement"), "enforce");
    for sql in [
        "INSERT INTO facts VALUES (100)",
        "TRUNCATE ledger",
        "DELETE FROM customer__v1",
        "INSERT INTO sales.lines_1 (day) VALUES ('2026-03-03')",
        "INSERT INTO child VALUES (1)",
        "TRUNCATE sales.lines_2",
    ] {
        refused(admin.batch_execute(sql), "25006");
    }
    refused(admin.batch_execute("DROP TABLE facts"), "55000");
    refused(admin.batch_execute("DELETE FROM spyne.tables"), "42501");
    refused(admin.batch_execute("ALTER TABLE facts DISABLE TRIGGER spyne_guard"), "42501");
    refused(admin.query("SELECT FROM governed.ledger", &[]), "55000");
    let mut viewer = connect(server, database, "viewer");
    assert_eq!(rows(&mut viewer, "SELECT count(*) FROM governed.facts"), "5");
    assert_eq!(rows(&mut viewer, "SELECT state FROM spyne_resolve(ARRAY['customer'])"), "ACTIVE");
    refused(connect(server, database, "outsider").query("SELECT FROM facts", &[]), "42501");
    // Staging is closed by grants too, not by the hooks alone.
    assert_eq!(
        rows(
            &mut admin,
            "SELECT has_table_privilege('analyst', 'spyne_shadow.customer', 'SELECT')"
        ),
        "f"
    );
    for name in ["customer", "facts", "ledger"] {
        assert_whole(&mut admin, name);
    }
}

/// Checks that governance goes on where it was: the next change has the next number,
/// and all works.
fn assert_goes_on(server: &Server, database: &str) {
    let mut admin = connect(server, database, SUPERUSER);
    let last: i64 =
        rows(&mut admin, "SELECT max(id) FROM spyne.table_state_history").parse().unwrap();
    run(
        &mut admin,
        "SELECT FROM spyne_promote('spyne_shadow.customer', reason => 'after the restore')",
    );
    let next = rows(
        &mut admin,
        "SELECT id, version, to_state FROM spyne.table_state_history ORDER BY id DESC LIMIT 2",
    );
    assert_eq!(next, format!("{}|v1.2|ACTIVE\n{}|v1.1|DEPRECATED", last + 2, last + 1));
    run(&mut admin, "SELECT FROM spyne_restore('\"customer__v1.1\"')");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM customer"), "20");
    assert_whole(&mut admin, "customer");
    run(&mut admin, "SELECT FROM spyne_unregister('facts'); INSERT INTO facts VALUES (100)");
}

#[test]
fn each_format_reproduces_governance() {
    let (server, mut source, directory) = start();
    let before = answers(&mut source);
    let rows_before = counts(&mut source);
    for format in ["plain", "custom", "directory"] {
        let file = directory.join(format);
        dump(&server, format, &file);
        let mut restored = empty_database(&server, format);
        let mut command = restore(&server, format, &file, format);
        succeeds(command.env(SWITCHED_OFF.0, SWITCHED_OFF.1));
        for ((what, expected), (_, found)) in before.iter().zip(answers(&mut restored)) {
            assert_eq!(&found, expected, "{what}, {format}");
        }
        assert_eq!(counts(&mut restored), rows_before, "{format}");
        assert_enforced(&server, format);
        assert_goes_on(&server, format);
        // A session that was connected before the restore is bound like any other.
        refused(restored.batch_execute("INSERT INTO ledger VALUES (100)"), "25006");
    }
    assert_eq!(answers(&mut source), before, "the source");
}

#[test]
fn another_server_takes_it_over_with_its_roles() {
    let (server, mut source, directory) = start();
    let before = answers(&mut source);
    let file = directory.join("all");
    dump(&server, "custom", &file);
    let other = spyne_tests::server("restored").start().expect("a second server");
    let mut globals = server.toolchain().command("pg_dumpall");
    globals
        .arg("--host")
        .arg(server.socket_directory())
        .args(["--port", &server.port().to_string()]);
    let roles = directory.join("roles.sql");
    globals.args(["--username", SUPERUSER, "--roles-only", "--file"]).arg(&roles);
    succeeds(&mut globals);
    // OIDs differ from those of the source, and no row may contain the old ones.
    run(
        &mut connect(&other, "postgres", SUPERUSER),
        "CREATE ROLE first; CREATE ROLE second; CREATE TABLE t ()",
    );
    let arguments = ["--quiet".into(), "--file".into(), roles.into_os_string()];
    let psql = other.psql("postgres", SUPERUSER, &arguments).expect("psql runs");
    let said = String::from_utf8_lossy(&psql.stderr).into_owned();
    // The superuser is there already; nothing else may fail.
    assert_eq!(
        said.matches("ERROR").count(),
        said.matches("role \"postgres\" already exists").count(),
        "{said}"
    );
    let mut restored = empty_database(&other, DATABASE);
    let mut command = restore(&other, "custom", &file, DATABASE);
    succeeds(command.env(SWITCHED_OFF.0, SWITCHED_OFF.1));
    for ((what, expected), (_, found)) in before.iter().zip(answers(&mut restored)) {
        assert_eq!(&found, expected, "{what}");
    }
    assert_enforced(&other, DATABASE);
    assert_goes_on(&other, DATABASE);
}

/// Without the option the rows of the catalog are refused, and the restore says so: it does not
/// end in silence with tables that nothing governs.
#[test]
fn a_restore_without_the_option_fails_and_says_how_to_do_it() {
    let (server, _source, directory) = start();
    let file = directory.join("closed");
    dump(&server, "custom", &file);
    let mut restored = empty_database(&server, "closed");
    let (done, said) = tool(&mut restore(&server, "custom", &file, "closed"));
    assert!(!done, "{said}");
    assert!(said.contains("cannot write to spyne.tables"), "{said}");
    assert!(said.contains("SET spyne.enforcement = off"), "the hint: {said}");
    assert_eq!(rows(&mut restored, "SELECT count(*) FROM spyne.tables"), "0");
    // In one transaction, nothing at all is left.
    let mut restored = empty_database(&server, "closed_whole");
    let mut command = restore(&server, "custom", &file, "closed_whole");
    let (done, _) = tool(command.arg("--single-transaction"));
    assert!(!done);
    assert_eq!(rows(&mut restored, "SELECT count(*) FROM pg_class WHERE relname = 'facts'"), "0");
}

/// Only a superuser can set the option, so nobody else can restore, or forge,
/// governance.
#[test]
fn only_a_superuser_restores_governance() {
    let (server, mut source, _) = start();
    for name in ["admin", "engineer", "outsider"] {
        let options = format!(
            "{} options='-c spyne.enforcement=off'",
            server.connection_string(DATABASE, name)
        );
        let refused = Client::connect(&options, postgres::NoTls);
        assert!(refused.is_err(), "{name} may switch enforcement off");
    }
    assert_eq!(rows(&mut source, "SELECT count(*) > 0 FROM spyne.tables"), "t");
}

/// pg_dump by a user who is no superuser is a read like any other.
#[test]
fn a_dump_by_a_superuser_has_everything_and_by_others_what_they_may_read() {
    let (server, _source, directory) = start();
    let mut command = server.client_command("pg_dump", DATABASE, "outsider");
    let (done, said) =
        tool(command.args(["--table", "facts", "--file"]).arg(directory.join("facts.sql")));
    assert!(!done && said.contains("permission denied for governed table public.facts"), "{said}");
    let mut command = server.client_command("pg_dump", DATABASE, SUPERUSER);
    succeeds(
        command
            .args(["--table", "ledger", "--data-only", "--file"])
            .arg(directory.join("ledger.sql")),
    );
    let text = std::fs::read_to_string(directory.join("ledger.sql")).expect("the dump");
    assert!(text.contains("COPY public.ledger (id) FROM stdin;\n1\n2\n3\n"), "{text}");
}
