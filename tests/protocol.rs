//! Both protocols, and all a driver does with them: statements and portals that were made
//! before a change of state, COPY, pipelines. What counts is the state when a statement starts.

use std::fs;
use std::io::{Read, Write};

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, fails, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, Server, server};

fn start() -> (Server, Client) {
    let server = server("protocol").start().expect("a server");
    let client = governed_database(&server);
    (server, client)
}

fn user(server: &Server, name: &str) -> Client {
    connect(server, DATABASE, name)
}

#[test]
fn a_refusal_says_what_why_and_what_to_do_in_both_protocols() {
    let (server, mut admin) = start();
    let insert = "INSERT INTO facts VALUES (100)";
    for simple in [true, false] {
        let error = if simple {
            refused(admin.batch_execute(insert), "25006")
        } else {
            refused(admin.execute(insert, &[]), "25006")
        };
        assert_eq!(error.severity(), "ERROR");
        assert_eq!(error.message(), "cannot write to READ_ONLY table public.facts");
        assert!(error.detail().unwrap().contains("facts v1 is READ_ONLY"), "{error:?}");
        assert!(error.hint().unwrap().contains("spyne_create_shadow"), "{error:?}");
    }
    // Each refusal below fails under its own rule.
    for (name, sql, code, rule) in [
        ("outsider", "SELECT id FROM facts", "42501", "[role.query]"),
        ("analyst", "INSERT INTO customer VALUES (100, 'x')", "42501", "[role.ingest]"),
        ("analyst", "SELECT id FROM ledger", "55000", "[state.deprecated]"),
        ("analyst", "SELECT id FROM governed.ledger", "55000", "[state.deprecated]"),
        (SUPERUSER, "UPDATE ledger SET id = id", "25006", "[state.read_only]"),
    ] {
        let mut client = user(&server, name);
        for result in [client.batch_execute(sql), client.query(sql, &[]).map(|_| ())] {
            let error = refused(result, code);
            assert!(error.detail().unwrap().contains(rule), "{sql}: {error:?}");
        }
    }
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM facts"), "5");
}

#[test]
fn a_statement_prepared_before_is_judged_when_it_runs() {
    let (server, mut admin) = start();
    let mut writer = user(&server, "outsider");
    let put = writer.prepare("INSERT INTO loose VALUES ($1)").expect("prepares");
    let look = writer.prepare("SELECT count(*) FROM loose").expect("prepares");
    // After five custom plans, Postgres uses a generic one.
    for id in 0..8_i32 {
        writer.execute(&put, &[&id]).expect("is not governed");
        writer.query_one(&look, &[]).expect("is not governed");
    }
    run(&mut admin, "SELECT FROM spyne_register('loose')");
    refused(writer.execute(&put, &[&100_i32]), "42501");
    refused(writer.query(&look, &[]), "42501");
    run(&mut admin, "GRANT spyne_engineer TO outsider");
    refused(writer.execute(&put, &[&100_i32]), "25006");
    let count: i64 = writer.query_one(&look, &[]).expect("reads").get(0);
    assert_eq!(count, 8);
    run(&mut admin, "SELECT FROM spyne_unregister('loose')");
    writer.execute(&put, &[&100_i32]).expect("is not governed any more");

    // A forced generic plan, across a promotion and back: it goes to the version in use.
    run(&mut writer, "SET plan_cache_mode = force_generic_plan");
    let origins = writer.prepare("SELECT DISTINCT origin FROM customer").expect("prepares");
    let through =
        writer.prepare("SELECT DISTINCT origin FROM governed.customer").expect("prepares");
    let origin = |writer: &mut Client| {
        let table: String = writer.query_one(&origins, &[]).expect("reads").get(0);
        let view: String = writer.query_one(&through, &[]).expect("reads").get(0);
        assert_eq!(table, view);
        table
    };
    assert_eq!(origin(&mut writer), "first");
    run(&mut admin, "SELECT FROM spyne_promote('spyne_shadow.customer')");
    assert_eq!(origin(&mut writer), "second");
    run(&mut admin, "SELECT FROM spyne_restore('customer__v1')");
    assert_eq!(origin(&mut writer), "first");
    run(&mut admin, "SELECT FROM spyne_deprecate('customer', 'test')");
    refused(writer.query(&origins, &[]), "55000");
    refused(writer.query(&through, &[]), "55000");
    run(&mut writer, "SET spyne.include_deprecated = on");
    assert_eq!(origin(&mut writer), "first");
    run(&mut writer, "SET spyne.include_deprecated = off");
    refused(writer.query(&origins, &[]), "55000");
}

#[test]
fn a_portal_holds_its_table_until_it_is_closed() {
    let (server, mut admin) = start();
    run(&mut admin, "SET spyne.lock_timeout = '100ms'");
    let mut reader = user(&server, "analyst");
    let mut transaction = reader.transaction().expect("begins");
    let all = transaction.prepare("SELECT id FROM customer ORDER BY id").expect("prepares");
    let portal = transaction.bind(&all, &[]).expect("binds");
    assert_eq!(transaction.query_portal(&portal, 3).expect("reads").len(), 3);
    // The change of state waits for the portal, and gives up without leaving anything
    // behind.
    for change in [
        "SELECT FROM spyne_deprecate('customer', 'test')",
        "SELECT FROM spyne_promote('spyne_shadow.customer')",
    ] {
        fails(admin.batch_execute(change), "55P03");
        assert_whole(&mut admin, "customer");
    }
    run(&mut admin, "RESET spyne.lock_timeout");
    assert_eq!(transaction.query_portal(&portal, 3).expect("reads on").len(), 3);
    transaction.commit().expect("commits");
    run(&mut admin, "SELECT FROM spyne_deprecate('customer', 'test')");
    // A portal that was bound before its table came under governance belongs to a
    // statement that has begun, and goes on. The next statement, also prepared before,
    // does not.
    let mut outsider = user(&server, "outsider");
    run(&mut admin, "INSERT INTO loose SELECT generate_series(1, 5)");
    let mut transaction = outsider.transaction().expect("begins");
    let loose = transaction.prepare("SELECT id FROM loose").expect("prepares");
    let portal = transaction.bind(&loose, &[]).expect("binds");
    assert_eq!(transaction.query_portal(&portal, 1).expect("reads").len(), 1);
    run(&mut admin, "SELECT FROM spyne_register('loose')");
    assert_eq!(transaction.query_portal(&portal, 1).expect("reads on").len(), 1);
    refused(transaction.query(&loose, &[]), "42501");
}

#[test]
fn copy_is_a_read_or_a_write_like_any_other() {
    let (server, mut admin) = start();
    for (name, sql, code) in [
        (SUPERUSER, "COPY facts FROM STDIN", "25006"),
        ("engineer", "COPY ledger FROM STDIN", "25006"),
        ("analyst", "COPY customer FROM STDIN", "42501"),
    ] {
        // Each has a connection of its own, because this driver loses count of its
        // answers after such an error.
        refused(user(&server, name).copy_in(sql).map(|_| ()), code);
    }
    for (name, sql, code) in [
        ("outsider", "COPY facts TO STDOUT", "42501"),
        ("outsider", "COPY (SELECT * FROM facts) TO STDOUT", "42501"),
        (SUPERUSER, "COPY (DELETE FROM facts RETURNING id) TO STDOUT", "25006"),
        ("analyst", "COPY ledger TO STDOUT", "55000"),
        ("engineer", "COPY (INSERT INTO ledger VALUES (9) RETURNING id) TO STDOUT", "25006"),
    ] {
        refused(user(&server, name).copy_out(sql).map(|_| ()), code);
    }
    let mut engineer = user(&server, "engineer");
    let mut analyst = user(&server, "analyst");
    let mut text = String::new();
    analyst
        .copy_out("COPY facts TO STDOUT")
        .expect("an analyst reads")
        .read_to_string(&mut text)
        .expect("rows");
    assert_eq!(text.lines().count(), 5);

    // A COPY that is running keeps the state from changing, and the change waits for
    // it.
    let mut copy = engineer.copy_in("COPY customer FROM STDIN").expect("an engineer writes");
    copy.write_all(b"1000\tcopied\n").expect("sent");
    run(&mut admin, "SET spyne.lock_timeout = '100ms'");
    fails(admin.batch_execute("SELECT FROM spyne_deprecate('customer', 'test')"), "55P03");
    run(&mut admin, "RESET spyne.lock_timeout");
    copy.write_all(b"1001\tcopied\n").expect("sent");
    assert_eq!(copy.finish().expect("ends"), 2);
    run(&mut admin, "SELECT FROM spyne_deprecate('customer', 'test')");
    refused(user(&server, "engineer").copy_in("COPY customer FROM STDIN").map(|_| ()), "25006");
    run(&mut admin, "SET spyne.include_deprecated = on");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM customer"), "12");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM facts"), "5");
}

/// libpq's pipeline mode, by way of pgbench.
#[test]
fn a_pipeline_stops_at_a_refusal_and_leaves_nothing() {
    let (server, mut admin) = start();
    run(&mut admin, "CREATE TABLE beside (id int)");
    let script = server.socket_directory().join("pipeline.sql");
    let pipeline = |statements: &[&str], mode: &str| {
        let text = format!("\\startpipeline\n{};\n\\endpipeline\n", statements.join(";\n"));
        fs::write(&script, text).expect("a script");
        let mut command = server.toolchain().command("pgbench");
        command.arg("--host").arg(server.socket_directory());
        command.args(["--port", &server.port().to_string(), "--username", SUPERUSER]);
        command.args(["--no-vacuum", "--transactions", "1", "--protocol", mode, "--file"]);
        let output = command.arg(&script).arg(DATABASE).output().expect("pgbench runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    for mode in ["extended", "prepared"] {
        // The refused statement takes its neighbours with it: one implicit transaction.
        let (done, said) = pipeline(
            &[
                "INSERT INTO beside VALUES (1)",
                "INSERT INTO facts VALUES (9)",
                "INSERT INTO beside VALUES (2)",
            ],
            mode,
        );
        assert!(!done && said.contains("cannot write to READ_ONLY table public.facts"), "{said}");
        assert_eq!(rows(&mut admin, "SELECT count(*) FROM beside"), "0");
        // A change of state counts from the next statement of its own pipeline on.
        let (done, said) = pipeline(
            &[
                "INSERT INTO loose VALUES (1)",
                "SELECT FROM spyne_register('loose')",
                "INSERT INTO loose VALUES (2)",
            ],
            mode,
        );
        assert!(!done && said.contains("cannot write to READ_ONLY table public.loose"), "{said}");
        assert_eq!(rows(&mut admin, "SELECT count(*) FROM loose"), "0");
        assert_eq!(
            rows(&mut admin, "SELECT count(*) FROM spyne.tables WHERE logical_name = 'loose'"),
            "0"
        );
    }
    let (done, said) =
        pipeline(&["INSERT INTO loose VALUES (1)", "INSERT INTO loose VALUES (2)"], "prepared");
    assert!(done, "{said}");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM loose"), "2");
}
