//! Drift against a real server: every form of ALTER TABLE, every pair of common types, renames
//! with known answers, SQL that is given as a remedy or guide and run, and what DDL in several
//! sessions leaves behind.

#[path = "drift/alter_table.rs"]
mod alter_table;
#[path = "drift/cases.rs"]
mod cases;
#[path = "drift/guides.rs"]
mod guides;
#[path = "drift/renames.rs"]
mod renames;
#[path = "drift/type_pairs.rs"]
mod type_pairs;

use std::fs;
use std::thread;

use serde_json::{Value, json};
use spyne_tests::fixture::{connect, empty_database, refused, rows, run};
use spyne_tests::{SUPERUSER, default_server};

#[test]
fn ddl_on_two_tables_does_not_wait_and_each_leaves_its_own_record() {
    let server = default_server("drift_sessions").start().expect("a server");
    let mut admin = empty_database(&server, "sessions");
    run(
        &mut admin,
        "CREATE EXTENSION spyne;
         CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY);
         SELECT spyne_register('a'), spyne_register('b')",
    );
    let mut first = connect(&server, "sessions", SUPERUSER);
    let mut second = connect(&server, "sessions", SUPERUSER);
    // A session that waited for the other would wait for ever.
    for client in [&mut first, &mut second] {
        run(client, "SET lock_timeout = '1min'; SET client_min_messages = error; BEGIN");
    }
    run(&mut first, "ALTER TABLE a ADD COLUMN x integer");
    run(&mut second, "ALTER TABLE b ADD COLUMN x integer");
    run(&mut first, "ALTER TABLE a RENAME COLUMN id TO key");
    run(&mut second, "ALTER TABLE b ALTER COLUMN x SET DEFAULT 1");
    run(&mut first, "COMMIT");
    run(&mut second, "ROLLBACK");
    assert_eq!(
        rows(
            &mut admin,
            "SELECT logical_name, version, severity, status FROM spyne.drift_reports ORDER BY report_id"
        ),
        "a|v1|COMPATIBLE|applied\na|v1.1|BREAKING|open"
    );
    assert_eq!(
        rows(&mut admin, "SELECT logical_name, version FROM spyne.tables ORDER BY 1"),
        "a|v1.1\nb|v1"
    );
    // Drift that several sessions look for at once is stored once, and nobody gets an
    // error.
    run(&mut admin, "SET spyne.enforcement = off");
    run(&mut admin, "ALTER TABLE b DROP COLUMN id CASCADE");
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let mut client = connect(&server, "sessions", SUPERUSER);
            thread::spawn(move || {
                for _ in 0..5 {
                    rows(&mut client, "SELECT count(*) FROM spyne_detect_drift()");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no session fails");
    }
    assert_eq!(
        rows(&mut admin, "SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'b'"),
        "1"
    );
}

#[test]
fn a_table_of_1600_columns_with_odd_names_is_compared() {
    let server = default_server("drift_wide").start().expect("a server");
    let mut client = empty_database(&server, "wide");
    run(&mut client, "CREATE EXTENSION spyne; SET client_min_messages = error");
    let name = |n: usize| match n % 4 {
        0 => format!("\"Größe {n}\""),
        1 => format!("\"a\"\"b{n}\""),
        2 => format!("\"select{n}\""),
        _ => format!("c{n}"),
    };
    let columns: Vec<String> = (1..=1600).map(|n| format!("{} integer", name(n))).collect();
    run(&mut client, &format!("CREATE TABLE wide ({})", columns.join(", ")));
    run(&mut client, "SELECT spyne_register('wide')");
    run(&mut client, &format!("ALTER TABLE wide RENAME COLUMN {} TO \"täuschend\"", name(800)));
    run(&mut client, &format!("ALTER TABLE wide ALTER COLUMN {} SET DEFAULT 1", name(1600)));
    assert_eq!(
        rows(
            &mut client,
            "SELECT change_type, \"column\", new_name FROM spyne_detect_drift('wide')"
        ),
        "DEFAULT|Größe 1600|Größe 1600\nRENAME|Größe 800|täuschend"
    );
    let remedies: Vec<String> = client
        .query("SELECT remedy FROM spyne_detect_drift('wide')", &[])
        .expect("remedies")
        .iter()
        .map(|row| row.get(0))
        .collect();
    remedies.iter().for_each(|remedy| run(&mut client, remedy));
    assert_eq!(rows(&mut client, "SELECT count(*) FROM spyne_detect_drift('wide')"), "0");
    // A description of 1,600 other columns.
    let described: Vec<Value> =
        (0..1600).map(|n| json!({"name": format!("zz{n}"), "data_type": "text"})).collect();
    let sql = "SELECT count(*) FROM spyne_detect_drift('wide', $1)";
    let count: i64 =
        client.query_one(sql, &[&json!({ "columns": described })]).expect("a comparison").get(0);
    assert_eq!(count, 3200);
}

#[test]
fn looking_at_all_tables_finds_what_looking_at_each_does() {
    let server = default_server("drift_all").start().expect("a server");
    let mut client = empty_database(&server, "every");
    run(
        &mut client,
        "CREATE EXTENSION spyne; SET client_min_messages = error;
         CREATE TYPE inner_type AS ENUM ('a'); CREATE TYPE pair AS (x inner_type, y integer);
         CREATE DOMAIN short AS text CHECK (length(VALUE) < 10); CREATE DOMAIN shorter AS short",
    );
    // Few tables are looked up one by one, many in whole catalogs.
    for tables in [12, 240] {
        run(
            &mut client,
            &format!(
                "DO $$ BEGIN FOR n IN 1..{tables} LOOP
                     EXECUTE format('CREATE TABLE t%s_{tables} (id integer PRIMARY KEY, n integer DEFAULT 0 CHECK (n >= 0), s shorter, p pair[], e inner_type)', n);
                     PERFORM spyne_register(format('t%s_{tables}', n)::regclass);
                 END LOOP; END $$"
            ),
        );
        let of_these =
            format!("FROM spyne_detect_drift() WHERE relation::text LIKE '%\\_{tables}%'");
        assert_eq!(rows(&mut client, &format!("SELECT count(*) {of_these}")), "0");
        run(&mut client, "SET spyne.enforcement = off; SET session_replication_role = replica");
        // The changes pass every trigger by, as a superuser's may.
        for (n, change) in [
            (1, "ADD COLUMN x integer NOT NULL"),
            (2, "ALTER COLUMN n DROP DEFAULT"),
            (3, "DROP CONSTRAINT t3_@_n_check"),
            (4, "DROP CONSTRAINT t4_@_pkey"),
            (5, "RENAME COLUMN n TO m"),
            (6, "ALTER COLUMN n TYPE bigint"),
            (7, "ALTER COLUMN n SET NOT NULL"),
        ] {
            let change = change.replace('@', &tables.to_string());
            // The governed view would keep the type from being changed.
            run(&mut client, &format!("DROP VIEW governed.t{n}_{tables}"));
            run(&mut client, &format!("ALTER TABLE t{n}_{tables} {change}"));
        }
        run(&mut client, &format!("CREATE UNIQUE INDEX u_{tables} ON t8_{tables} (n)"));
        run(&mut client, &format!("ALTER TABLE t9_{tables} RENAME TO t9_{tables}_moved"));
        run(&mut client, "RESET spyne.enforcement; RESET session_replication_role");
        let found =
            rows(&mut client, &format!("SELECT DISTINCT relation::text {of_these} ORDER BY 1"));
        assert_eq!(found.lines().count(), 9, "{found}");
        run(
            &mut client,
            &format!(
                "UPDATE pg_class SET relname = 't9_{tables}' WHERE relname = 't9_{tables}_moved'; SET spyne.enforcement = off; ALTER TABLE t9_{tables} SET (fillfactor = 90); RESET spyne.enforcement"
            ),
        );
    }
    // A type within others changes: every table that uses it is found, in whatever way
    // it does.
    run(&mut client, "SET spyne.enforcement = off");
    run(
        &mut client,
        "ALTER TYPE inner_type RENAME VALUE 'a' TO 'z'; ALTER DOMAIN short ADD CHECK (VALUE <> 'no')",
    );
    run(&mut client, "RESET spyne.enforcement");
    let sql = "SELECT count(DISTINCT relation), string_agg(DISTINCT \"column\", ' ' ORDER BY \"column\") FROM spyne_detect_drift() WHERE change_type = 'TYPE_CHANGE' AND severity <> 'COMPATIBLE'";
    assert_eq!(rows(&mut client, sql), "252|e p s");
    refused(client.batch_execute("SELECT spyne_detect_drift('pg_class'::regclass)"), "55000");
}

#[test]
fn ddl_of_an_extensions_script_is_seen() {
    let server = default_server("drift_extension").start().expect("a server");
    let directory = server.toolchain().sharedir().join("extension");
    let name = "spyne_drift_test";
    let control = directory.join(format!("{name}.control"));
    let script = |version: &str| directory.join(format!("{name}--{version}.sql"));
    fs::write(&control, "default_version = '1'\nrelocatable = true\n").expect("a control file");
    fs::write(script("1"), "ALTER TABLE orders ADD COLUMN channel text;").expect("a script");
    fs::write(script("1--2"), "ALTER TABLE orders DROP COLUMN note CASCADE;").expect("a script");
    let mut client = empty_database(&server, "extended");
    run(
        &mut client,
        "CREATE EXTENSION spyne; SET client_min_messages = error;
         CREATE TABLE orders (id integer PRIMARY KEY, note text);
         SELECT spyne_register('orders', state => 'SHADOW'); SELECT spyne_promote('orders')",
    );
    run(&mut client, &format!("CREATE EXTENSION {name}"));
    assert_eq!(rows(&mut client, "SELECT version FROM spyne.tables"), "v1.1");
    assert_eq!(rows(&mut client, "SELECT count(channel) FROM governed.orders"), "0");
    refused(client.batch_execute(&format!("ALTER EXTENSION {name} UPDATE TO '2'")), "55000");
    assert_eq!(rows(&mut client, "SELECT count(note) FROM governed.orders"), "0");
    for file in [control, script("1"), script("1--2")] {
        fs::remove_file(file).expect("a file of this test");
    }
}
