//! The layer that holds where the library is not preloaded: guard triggers, native privileges
//! and event triggers. Each attack is the first statement of a session of its own, so that
//! nothing has loaded the library before it.

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, fails, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, Server, bare_server};

const PARTITIONED: &str = "
    CREATE TABLE sales (id int, day int) PARTITION BY RANGE (day);
    CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (10);
    CREATE TABLE sales_9 (id int, day int);
    INSERT INTO sales VALUES (1, 1);
    GRANT ALL ON sales, sales_1 TO PUBLIC;
    SELECT FROM spyne_register('sales');";

fn start() -> (Server, Client) {
    let server = bare_server("bare").start().expect("a server");
    let client = governed_database(&server);
    drop(client);
    let mut client = connect(&server, DATABASE, SUPERUSER);
    run(&mut client, PARTITIONED);
    (server, client)
}

fn fresh(server: &Server, user: &str) -> Client {
    connect(server, DATABASE, user)
}

fn counts(client: &mut Client) -> String {
    rows(client, "SET spyne.include_deprecated = on;
        SELECT (SELECT count(*) FROM facts), (SELECT count(*) FROM ledger), (SELECT count(*) FROM sales), (SELECT count(*) FROM sales_1)")
}

fn guards(client: &mut Client) -> String {
    rows(
        client,
        "SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname LIKE 'spyne_guard%' ORDER BY 1, 2",
    )
}

#[test]
fn writes_are_held_by_triggers() {
    let (server, mut admin) = start();
    let before = (counts(&mut admin), guards(&mut admin));
    for user in [SUPERUSER, "engineer", "admin"] {
        for table in ["facts", "ledger", "sales", "sales_1"] {
            for sql in [
                format!("INSERT INTO {table} (id) VALUES (7)"),
                format!("UPDATE {table} SET id = id + 100"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
                format!("DO $$ BEGIN DELETE FROM {table}; END $$"),
            ] {
                let error = refused(fresh(&server, user).batch_execute(&sql), "25006");
                assert!(error.message().contains(table), "{user}: {sql}: {error:?}");
            }
        }
    }
    let file = server.socket_directory().join("rows");
    std::fs::write(&file, "7\n").expect("a file to copy from");
    for table in ["facts", "ledger", "sales (id)", "sales_1 (id)"] {
        let sql = format!("COPY {table} FROM '{}'", file.display());
        refused(fresh(&server, SUPERUSER).batch_execute(&sql), "25006");
    }
    refused(
        fresh(&server, SUPERUSER)
            .batch_execute("COPY (DELETE FROM facts RETURNING id) TO '/dev/null'"),
        "25006",
    );
    for sql in [
        "INSERT INTO facts VALUES (1) ON CONFLICT DO NOTHING",
        "MERGE INTO facts USING (VALUES (1)) v(id) ON facts.id = v.id WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM facts RETURNING *) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM facts",
    ] {
        refused(fresh(&server, SUPERUSER).batch_execute(sql), "25006");
    }
    // Tables that may be written to can be, by users who may.
    run(&mut fresh(&server, "engineer"), "INSERT INTO customer VALUES (100, 'engineer')");
    refused(
        fresh(&server, "analyst").batch_execute("INSERT INTO customer VALUES (101, 'analyst')"),
        "42501",
    );
    refused(
        fresh(&server, "outsider").batch_execute("INSERT INTO customer VALUES (101, 'outsider')"),
        "42501",
    );
    assert_eq!((counts(&mut admin), guards(&mut admin)), before);
}

#[test]
fn staging_is_closed_by_grants() {
    let (server, mut admin) = start();
    run(&mut admin, "SELECT FROM spyne_register('loose', state => 'SHADOW')");
    for user in ["outsider", "viewer", "analyst"] {
        for sql in [
            "SELECT count(*) FROM spyne_shadow.customer",
            "SELECT count(*) FROM loose",
            "INSERT INTO loose VALUES (1)",
            "TRUNCATE loose",
        ] {
            fails(fresh(&server, user).batch_execute(sql), "42501");
        }
    }
    run(
        &mut fresh(&server, "engineer"),
        "SELECT count(*) FROM spyne_shadow.customer; INSERT INTO loose VALUES (1)",
    );
    // The guard closes staging to engineers while the mode is READ_ONLY.
    run(&mut admin, "SELECT FROM spyne_set_system_mode('READ_ONLY', 'test')");
    refused(fresh(&server, "engineer").batch_execute("INSERT INTO loose VALUES (2)"), "25006");
    // Once promoted, the grants it had before are back.
    run(&mut admin, "SELECT FROM spyne_promote('loose')");
    assert_eq!(rows(&mut fresh(&server, "analyst"), "SELECT count(*) FROM loose"), "1");
}

#[test]
fn the_guards_stay_on() {
    let (server, mut admin) = start();
    let before = (counts(&mut admin), guards(&mut admin));
    for table in ["facts", "ledger", "sales", "sales_1"] {
        for sql in [
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
            format!("ALTER TABLE {table} DISABLE TRIGGER spyne_guard"),
            format!("ALTER TABLE {table} DISABLE TRIGGER spyne_guard_row"),
            format!("ALTER TABLE {table} ENABLE TRIGGER spyne_guard_truncate"),
            format!("ALTER TABLE {table} ENABLE REPLICA TRIGGER spyne_guard"),
            format!("DROP TRIGGER spyne_guard ON {table}"),
            format!("DROP TRIGGER spyne_guard_truncate ON {table}"),
        ] {
            let error = refused(fresh(&server, SUPERUSER).batch_execute(&sql), "42501");
            assert!(error.message().contains("spyne_guard"), "{sql}: {error:?}");
        }
        for sql in [
            format!("INSERT INTO {table} SELECT * FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("DELETE FROM {table}"),
        ] {
            let mut client = fresh(&server, SUPERUSER);
            run(&mut client, "SET session_replication_role = replica");
            refused(client.batch_execute(&sql), "25006");
        }
    }
    for sql in [
        "DROP FUNCTION spyne.guard() CASCADE",
        "CREATE OR REPLACE TRIGGER spyne_guard BEFORE INSERT ON facts FOR EACH STATEMENT EXECUTE FUNCTION spyne.append_only()",
    ] {
        let Ok(()) = fresh(&server, SUPERUSER).batch_execute(sql) else { continue };
        panic!("went through: {sql}");
    }
    assert_eq!((counts(&mut admin), guards(&mut admin)), before);
}

/// By its owner, who has no spyne role: a guard that was renamed has a new one in its place.
#[test]
fn a_renamed_guard_is_made_anew() {
    let (server, mut admin) = start();
    run(
        &mut admin,
        "SELECT FROM spyne_unregister('facts'); ALTER TABLE facts OWNER TO outsider; SELECT FROM spyne_register('facts')",
    );
    for guard in ["spyne_guard", "spyne_guard_truncate", "spyne_guard_row"] {
        for sql in [
            format!("ALTER TRIGGER {guard} ON facts RENAME TO harmless"),
            "ALTER TABLE facts DISABLE TRIGGER harmless".to_owned(),
            "DROP TRIGGER harmless ON facts".to_owned(),
        ] {
            // Whether it is refused is not the point.
            let _ = fresh(&server, "outsider").batch_execute(&sql);
            refused(
                fresh(&server, "outsider").batch_execute("INSERT INTO facts VALUES (7)"),
                "42501",
            );
            refused(fresh(&server, "outsider").batch_execute("TRUNCATE facts"), "42501");
        }
    }
    assert_whole(&mut admin, "facts");
}

#[test]
fn new_partitions_get_guards() {
    let (server, mut admin) = start();
    run(&mut fresh(&server, SUPERUSER), "SELECT FROM spyne_unregister('sales')");
    run(&mut fresh(&server, SUPERUSER), "SELECT FROM spyne_register('sales', state => 'SHADOW')");
    run(&mut fresh(&server, SUPERUSER), "SELECT FROM spyne_promote('sales')");
    run(
        &mut fresh(&server, SUPERUSER),
        "CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (10) TO (20)",
    );
    run(
        &mut fresh(&server, SUPERUSER),
        "ALTER TABLE sales ATTACH PARTITION sales_9 FOR VALUES FROM (90) TO (100)",
    );
    run(&mut fresh(&server, SUPERUSER), "CREATE TABLE heir () INHERITS (facts)");
    for child in ["sales_2", "sales_9", "heir"] {
        let found = rows(
            &mut admin,
            &format!(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = '{child}'::regclass AND tgenabled = 'A' AND tgname IN ('spyne_guard', 'spyne_guard_truncate')"
            ),
        );
        assert_eq!(found, "2", "{child}");
    }
    refused(fresh(&server, SUPERUSER).batch_execute("INSERT INTO heir VALUES (1)"), "25006");
    refused(fresh(&server, "outsider").batch_execute("INSERT INTO sales VALUES (1, 15)"), "42501");
    run(&mut fresh(&server, SUPERUSER), "SELECT FROM spyne_deprecate('sales', 'test')");
    for sql in [
        "INSERT INTO sales_2 VALUES (1, 15)",
        "INSERT INTO sales_9 VALUES (1, 95)",
        "TRUNCATE sales_9",
        "COPY sales_2 FROM '/dev/null'",
    ] {
        refused(fresh(&server, SUPERUSER).batch_execute(sql), "25006");
    }
}

#[test]
fn governed_tables_are_not_dropped() {
    let (server, mut admin) = start();
    run(
        &mut admin,
        "CREATE SCHEMA place; ALTER TABLE loose SET SCHEMA place; SELECT FROM spyne_register('place.loose')",
    );
    for sql in [
        "DROP TABLE facts",
        "DROP TABLE facts CASCADE",
        "DROP SCHEMA place CASCADE",
        "DROP TABLE sales, ledger CASCADE",
        "DROP TABLE sales_1",
        "DROP TABLE spyne_shadow.customer",
    ] {
        let mut client = fresh(&server, SUPERUSER);
        let Err(error) = client.batch_execute(sql) else { panic!("went through: {sql}") };
        let code = error.code().map_or("", |code| code.code()).to_owned();
        assert!(["55000", "42501", "25006", "2BP01"].contains(&code.as_str()), "{sql}: {error:?}");
    }
    for name in ["customer", "facts", "ledger", "loose", "sales"] {
        assert_whole(&mut admin, name);
    }
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM sales_1"), "1");
}

#[test]
fn drift_is_settled_by_the_event_trigger() {
    let (server, mut admin) = start();
    for sql in [
        "ALTER TABLE customer RENAME COLUMN id TO number",
        "ALTER TABLE customer DROP CONSTRAINT customer_pkey CASCADE",
        "DO $$ BEGIN ALTER TABLE customer RENAME COLUMN id TO number; END $$",
    ] {
        refused(fresh(&server, SUPERUSER).batch_execute(sql), "55000");
    }
    run(&mut fresh(&server, SUPERUSER), "ALTER TABLE customer ADD COLUMN email text");
    assert_eq!(
        rows(&mut admin, "SELECT severity, status FROM spyne.drift_reports"),
        "COMPATIBLE|applied"
    );
    assert_eq!(rows(&mut admin, "SELECT count(email) FROM governed.customer"), "0");
}

#[test]
fn a_user_does_not_switch_it_off_before_it_is_loaded() {
    let (server, mut admin) = start();
    for user in ["engineer", "admin", "outsider"] {
        let mut client = fresh(&server, user);
        // The setting is not known yet, so Postgres accepts it. It is checked when the
        // library is loaded.
        run(&mut client, "SET spyne.enforcement = off");
        let Err(error) = client.batch_execute("INSERT INTO facts VALUES (7)") else {
            panic!("went through for {user}")
        };
        assert!(["25006", "42501"].contains(&error.code().unwrap().code()), "{error:?}");
        let options = format!(
            "{} options='-c spyne.enforcement=off'",
            server.connection_string(DATABASE, user)
        );
        if let Ok(mut client) = Client::connect(&options, postgres::NoTls) {
            let result = client.batch_execute("INSERT INTO facts VALUES (7)");
            assert!(result.is_err(), "went through for {user}");
        }
    }
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM facts"), "5");
    let mut superuser = fresh(&server, SUPERUSER);
    run(&mut superuser, "SET spyne.enforcement = off; INSERT INTO facts VALUES (7)");
}

#[test]
fn coverage_says_so_and_a_database_setting_closes_the_gap() {
    let (server, admin) = start();
    let gap =
        "SELECT severity, object, remedy FROM spyne_coverage() WHERE gap = 'library not preloaded'";
    let found = rows(&mut fresh(&server, SUPERUSER), gap);
    assert!(
        found
            .starts_with("critical|app|ALTER DATABASE app SET session_preload_libraries = 'spyne'"),
        "{found}"
    );
    // The gap is real: a read that the hooks would refuse.
    assert_eq!(rows(&mut fresh(&server, "outsider"), "SELECT count(*) FROM facts"), "5");
    drop(admin);
    run(
        &mut fresh(&server, SUPERUSER),
        "ALTER DATABASE app SET session_preload_libraries = 'spyne'",
    );
    assert_eq!(rows(&mut fresh(&server, SUPERUSER), gap), "");
    refused(fresh(&server, "outsider").query("SELECT FROM facts", &[]), "42501");
    refused(fresh(&server, "analyst").query("SELECT FROM ledger", &[]), "55000");
    // Native privileges come first, and say it in Postgres's words.
    fails(fresh(&server, "analyst").query("SELECT FROM spyne_shadow.customer", &[]), "42501");
    refused(
        fresh(&server, SUPERUSER).batch_execute("ALTER TABLE facts RENAME TO renamed"),
        "55000",
    );
    refused(fresh(&server, SUPERUSER).batch_execute("DELETE FROM spyne.tables"), "42501");
    // The placeholder trick is gone too.
    fails(fresh(&server, "engineer").batch_execute("SET spyne.enforcement = off"), "42501");
    // Another database of the cluster is none of its business.
    run(
        &mut connect(&server, "postgres", SUPERUSER),
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1)",
    );
}
