//! Beside Citus, as far as a stand-in for it goes: each way around governance on the coordinator,
//! by what it leaves in the shards.

use std::io::{Read, Write};

use postgres::{Client, Error};
use spyne_tests::fixture::{DATABASE, connect, fails, refused, rows, run};
use spyne_tests::pasted::pasted;
use spyne_tests::stand_in::{distributed_database, server};
use spyne_tests::{SUPERUSER, Server};

const ROWS: &str = "1|a\n2|b";

/// The rows of a distributed table, read past everything.
fn shard(admin: &mut Client, table: &str) -> String {
    let name = format!(
        "SELECT format('%s_%s', '{table}', shardid) FROM pg_dist_shard WHERE logicalrelid = '{table}'::regclass"
    );
    let name = rows(admin, &name);
    rows(admin, &format!("SELECT id, v FROM {name} ORDER BY id"))
}

/// What a user takes out by COPY, in a session of its own: after an error in the midst of one,
/// the client's protocol is out of step.
fn copied(server: &Server, user: &str, sql: &str) -> Result<String, Error> {
    let mut text = String::new();
    let mut client = connect(server, DATABASE, user);
    client.copy_out(sql)?.read_to_string(&mut text).expect("the rows");
    Ok(text)
}

/// Puts a row in by COPY, likewise.
fn copy_in(server: &Server, user: &str, sql: &str, row: &str) -> Result<u64, Error> {
    let mut client = connect(server, DATABASE, user);
    let mut writer = client.copy_in(sql)?;
    writer.write_all(row.as_bytes()).expect("a row");
    writer.finish()
}

/// Writes to a table, each by another kind of statement.
fn writes(table: &str) -> Vec<String> {
    [
        "UPDATE {t} SET v = 'x' WHERE id = 1",
        "UPDATE {t} SET v = 'x'",
        "UPDATE {t} SET v = 'x' RETURNING id",
        "DELETE FROM {t}",
        "INSERT INTO {t} VALUES (9, 'x')",
        "INSERT INTO {t} SELECT 9, 'x'",
        "INSERT INTO {t} SELECT id + 9, v FROM loose",
        "INSERT INTO {t} VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = 'x'",
        "MERGE INTO {t} USING free s ON {t}.id = s.id WHEN MATCHED THEN UPDATE SET v = 'x'",
        "MERGE INTO {t} USING free s ON {t}.id = s.id WHEN MATCHED THEN DELETE",
        "MERGE INTO {t} USING free s ON {t}.id = s.id + 9 WHEN NOT MATCHED THEN INSERT VALUES (s.id + 9, 'x')",
        "WITH w AS (UPDATE {t} SET v = 'x' RETURNING id) SELECT count(*) FROM w",
        "WITH w AS (DELETE FROM {t} RETURNING id) SELECT count(*) FROM w",
        "WITH w AS (INSERT INTO {t} VALUES (9, 'x') RETURNING id) SELECT count(*) FROM w",
        "SELECT * FROM {t} FOR UPDATE",
        "SELECT * FROM {t} WHERE id = 1 FOR SHARE",
        "PREPARE w AS UPDATE {t} SET v = 'x'; EXECUTE w",
        "EXPLAIN ANALYZE UPDATE {t} SET v = 'x'",
        "DO 'BEGIN UPDATE {t} SET v = ''x''; END'",
        "BEGIN; DECLARE c CURSOR FOR SELECT * FROM {t} FOR UPDATE; FETCH ALL FROM c; COMMIT",
    ]
    .map(|sql| sql.replace("{t}", table))
    .to_vec()
}

/// Runs each statement in a transaction of its own session, after a read that leaves the table
/// among what the session may read without another look.
fn each_refused(server: &Server, user: &str, setting: &str, table: &str, code: &str) {
    for sql in writes(table) {
        let mut client = connect(server, DATABASE, user);
        run(&mut client, setting);
        let _ = client.batch_execute(&format!("SELECT * FROM {table} WHERE id = 1"));
        let error = refused(client.batch_execute(&sql), code);
        assert!(error.message().contains(table), "{sql}: {}", error.message());
    }
}

#[test]
fn a_write_that_arrives_as_a_custom_scan_is_refused() {
    let server = server();
    let mut admin = distributed_database(&server);
    let plan = rows(&mut admin, "EXPLAIN (COSTS off) UPDATE customer SET v = 'x'");
    assert_eq!(plan, "Custom Scan (Citus Adaptive)");
    // Without spyne each of them does what it says, so what refuses is spyne.
    for sql in writes("customer") {
        let mut client = connect(&server, DATABASE, SUPERUSER);
        run(&mut client, &format!("SET spyne.enforcement = off; BEGIN; {sql}; ROLLBACK"));
    }
    run(&mut admin, "SET spyne.enforcement = off; UPDATE customer SET v = 'c' WHERE id = 2");
    assert_eq!(shard(&mut admin, "customer"), "1|a\n2|c");
    run(&mut admin, "UPDATE customer SET v = 'b' WHERE id = 2; RESET spyne.enforcement");

    for user in [SUPERUSER, "admin", "engineer"] {
        each_refused(&server, user, "", "customer", "25006");
    }
    each_refused(&server, "engineer", "SET spyne.include_deprecated = on", "ledger", "25006");
    each_refused(&server, "engineer", "", "staged", "25006");
    each_refused(&server, "analyst", "", "orders", "42501");
    each_refused(&server, "outsider", "", "orders", "42501");
    for table in ["customer", "ledger", "staged", "orders"] {
        assert_eq!(shard(&mut admin, table), ROWS, "{table}");
    }
}

#[test]
fn an_honest_statement_on_a_distributed_table_passes() {
    let server = server();
    let mut admin = distributed_database(&server);
    for user in [SUPERUSER, "admin", "engineer"] {
        for table in ["orders", "loose"] {
            for sql in writes(table) {
                let mut client = connect(&server, DATABASE, user);
                run(&mut client, &format!("BEGIN; {sql}; ROLLBACK"));
            }
        }
    }
    let mut engineer = connect(&server, DATABASE, "engineer");
    run(&mut engineer, "UPDATE orders SET v = 'z' WHERE id = 2");
    assert_eq!(shard(&mut admin, "orders"), "1|a\n2|z");
    // What is read besides is not written to.
    run(&mut engineer, "INSERT INTO loose SELECT id + 5, v FROM customer WHERE id = 1");
    run(&mut engineer, "WITH w AS (SELECT * FROM customer) SELECT count(*) FROM w");
    assert_eq!(shard(&mut admin, "loose"), "1|a\n2|b\n6|a");
    let mut viewer = connect(&server, DATABASE, "viewer");
    assert_eq!(rows(&mut viewer, "SELECT id, v FROM customer ORDER BY id"), ROWS);
    // Nobody reads without a role, now as ever.
    let mut outsider = connect(&server, DATABASE, "outsider");
    refused(outsider.simple_query("SELECT * FROM customer WHERE id = 1"), "42501");
}

#[test]
fn what_only_looks_like_a_write_passes() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(
        &mut admin,
        "CREATE TABLE child (id int REFERENCES facts);
         GRANT ALL ON child TO PUBLIC;
         SET spyne.enforcement = off;
         CREATE RULE no_insert AS ON INSERT TO facts DO INSTEAD SELECT 7 AS seven;
         CREATE RULE no_delete AS ON DELETE TO facts DO INSTEAD INSERT INTO free VALUES (7, 'rule');
         RESET spyne.enforcement;",
    );
    let mut engineer = connect(&server, DATABASE, "engineer");
    // The check of a foreign key asks for UPDATE on the table that it reads.
    run(&mut engineer, "INSERT INTO child VALUES (1)");
    // A rule leaves what the statement asked for to a table that nothing is written to.
    assert_eq!(rows(&mut engineer, "INSERT INTO facts VALUES (3, 'x')"), "7");
    run(&mut engineer, "DELETE FROM facts WHERE id = 1");
    assert_eq!(rows(&mut admin, "SELECT id, v FROM facts ORDER BY id"), ROWS);
    refused(engineer.simple_query("UPDATE facts SET v = 'x'"), "25006");
}

#[test]
fn copy_that_asks_for_no_privileges_is_refused() {
    let server = server();
    let mut admin = distributed_database(&server);
    for sql in ["COPY customer TO STDOUT", "COPY orders (v) TO STDOUT", "COPY facts TO STDOUT"] {
        refused(copied(&server, "outsider", sql), "42501");
    }
    run(
        &mut admin,
        "CREATE ROLE narrow LOGIN;
         REVOKE ALL ON facts FROM PUBLIC; GRANT SELECT (v) ON facts TO narrow;",
    );
    refused(copied(&server, "narrow", "COPY facts (v) TO STDOUT"), "42501");
    refused(copied(&server, "analyst", "COPY ledger TO STDOUT"), "55000");
    refused(copied(&server, "analyst", "COPY staged TO STDOUT"), "42501");
    refused(copy_in(&server, "analyst", "COPY orders FROM STDIN", "9\tx\n"), "42501");
    for user in [SUPERUSER, "engineer"] {
        refused(copy_in(&server, user, "COPY customer FROM STDIN", "9\tx\n"), "25006");
        refused(copy_in(&server, user, "COPY customer (id) FROM STDIN", "9\n"), "25006");
    }
    refused(copy_in(&server, SUPERUSER, "COPY facts FROM STDIN", "9\tx\n"), "25006");
    for table in ["customer", "orders", "staged"] {
        assert_eq!(shard(&mut admin, table), ROWS, "{table}");
    }

    let all = "1\ta\n2\tb\n";
    assert_eq!(copied(&server, "analyst", "COPY customer TO STDOUT").expect("rows"), all);
    run(&mut admin, "ALTER ROLE analyst SET spyne.include_deprecated = on");
    assert_eq!(copied(&server, "analyst", "COPY ledger (v) TO STDOUT").expect("rows"), "a\nb\n");
    let written = copy_in(&server, "engineer", "COPY orders FROM STDIN", "3\tc\n");
    assert_eq!(written.expect("a row"), 1);
    assert_eq!(shard(&mut admin, "orders"), "1|a\n2|b\n3|c");
    // What Postgres refuses by itself, it goes on refusing in its own words.
    let error = fails(copied(&server, "outsider", "COPY facts TO STDOUT"), "42501");
    assert_eq!(error.message(), "permission denied for table facts");
}

#[test]
fn copy_is_judged_once_and_its_run_recorded_once() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(
        &mut admin,
        "CREATE TABLE secret (id int, v text); INSERT INTO secret VALUES (1, 'a');
         GRANT ALL ON secret TO PUBLIC;
         ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
         CREATE POLICY all_rows ON secret USING (true);
         SELECT FROM spyne_register('secret');
         ALTER ROLE outsider SET spyne.enforcement = permissive;
         ALTER ROLE analyst SET spyne.require_preview = users;
         ALTER ROLE engineer SET spyne.require_preview = users;",
    );
    let told = |server: &Server| server.log().matches("spyne permissive: let through").count();
    for (at, table) in ["customer", "facts"].into_iter().enumerate() {
        copied(&server, "outsider", &format!("COPY {table} TO STDOUT")).expect("rows");
        assert_eq!(told(&server), at + 1, "{table}");
    }

    let runs = |admin: &mut Client| rows(admin, "SELECT count(*) FROM spyne.query_executions");
    for (at, table) in ["customer", "facts", "secret"].into_iter().enumerate() {
        let sql = format!("COPY {table} TO STDOUT");
        let error = refused(copied(&server, "analyst", &sql), "55000");
        assert!(error.detail().unwrap_or_default().contains("[preview.required]"), "{error:?}");
        let preview = format!("SELECT FROM spyne_preview('{sql}')");
        run(&mut connect(&server, DATABASE, "analyst"), &preview);
        copied(&server, "analyst", &sql).expect("rows");
        assert_eq!(runs(&mut admin), (at + 1).to_string(), "{table}");
    }
    for sql in ["COPY orders FROM STDIN", "UPDATE orders SET v = 'x' WHERE id = 1"] {
        let engineer = || connect(&server, DATABASE, "engineer");
        let go = || match sql.starts_with("COPY") {
            true => copy_in(&server, "engineer", sql, "4\td\n").map(drop),
            false => engineer().batch_execute(sql),
        };
        refused(go(), "55000");
        run(&mut engineer(), &format!("SELECT FROM spyne_preview($p${sql}$p$)"));
        go().expect("a previewed write runs");
        let error = refused(go(), "55000");
        assert!(error.detail().unwrap_or_default().contains("[preview.used]"), "{error:?}");
    }
    assert_eq!(runs(&mut admin), "5");
    assert_eq!(shard(&mut admin, "orders"), "1|x\n2|b\n4|d");
}

#[test]
fn a_table_of_citus_is_recognised_at_registration() {
    let server = server();
    let mut admin = distributed_database(&server);
    for dry_run in ["", ", dry_run => true"] {
        let sql = format!("SELECT * FROM spyne_register('loose'{dry_run})");
        let error = refused(admin.simple_query(&sql), "0A000");
        assert!(error.message().contains("public.loose"), "{error}");
    }
    let listed = "SELECT name, outcome FROM spyne_register_schema('public') WHERE name IN ('loose', 'free') ORDER BY name";
    assert_eq!(rows(&mut admin, listed), "free|registered\nloose|skipped");
    // The HINT works as it stands.
    let error = refused(admin.simple_query("SELECT * FROM spyne_register('loose')"), "0A000");
    for statement in pasted(error.hint().unwrap_or_default()).statements {
        run(&mut admin, &statement);
    }
    assert_eq!(rows(&mut admin, "SELECT state FROM spyne_table_state('loose')"), "READ_ONLY");
    let mut engineer = connect(&server, DATABASE, "engineer");
    refused(engineer.simple_query("UPDATE loose SET v = 'x'"), "25006");

    // A table with that name that is none of Citus's says nothing, wherever it is.
    for database in [DATABASE, "other"] {
        if database == "other" {
            run(&mut admin, "CREATE DATABASE other");
        }
        let mut client = connect(&server, database, SUPERUSER);
        run(
            &mut client,
            "CREATE EXTENSION IF NOT EXISTS spyne;
             CREATE TABLE mine (id int);
             CREATE TABLE public.pg_dist_partition (logicalrelid regclass);
             INSERT INTO public.pg_dist_partition VALUES ('mine');
             SELECT FROM spyne_register('mine');",
        );
        let gaps = "SELECT count(*) FROM spyne_coverage() WHERE gap = 'distributed table' AND object = 'public.mine'";
        assert_eq!(rows(&mut client, gaps), "0");
        if database == "other" {
            run(
                &mut client,
                "SET allow_system_table_mods = on;
                 CREATE TABLE yours (id int);
                 CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass);
                 INSERT INTO pg_catalog.pg_dist_partition VALUES ('yours');
                 SELECT FROM spyne_register('yours');",
            );
        }
    }
}

#[test]
fn a_swap_that_would_leave_the_shards_behind_is_refused() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(&mut admin, "SELECT FROM spyne_set_system_mode('INGESTION_READY', 'tests')");
    run(
        &mut admin,
        "SELECT FROM spyne_create_shadow('orders'); SELECT FROM spyne_create_shadow('plain')",
    );
    run(&mut admin, "SET citus.enable_ddl_propagation = off");
    let dry = "SELECT kind, object FROM spyne_promote('spyne_shadow.orders', dry_run => true) WHERE kind = 'blocker'";
    assert_eq!(rows(&mut admin, dry), "blocker|public.orders");
    let swap = "SELECT * FROM spyne_promote('spyne_shadow.orders')";
    let error = refused(admin.simple_query(swap), "55000");
    assert!(
        error.detail().unwrap_or_default().contains("citus.enable_ddl_propagation"),
        "{error:?}"
    );
    assert_eq!(rows(&mut admin, "SELECT id, v FROM orders ORDER BY id"), ROWS);
    // Tables that Citus knows nothing of are swapped as ever.
    run(&mut admin, "SELECT FROM spyne_promote('spyne_shadow.plain')");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM plain"), "0");
    run(&mut admin, "RESET citus.enable_ddl_propagation");
    run(&mut admin, swap);
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM orders"), "0");
    run(&mut admin, "SET citus.enable_ddl_propagation = off");
    refused(admin.simple_query("SELECT * FROM spyne_restore('orders__v1')"), "55000");
}

#[test]
fn the_rows_of_a_governed_table_do_not_go_into_shards() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(&mut admin, "SET citus.enable_unsafe_triggers = on");
    let attempts = [
        "SELECT create_distributed_table('facts', 'id')",
        "SELECT create_distributed_table_concurrently('facts', 'id')",
        "SELECT create_reference_table('facts')",
        "SELECT citus_add_local_table_to_metadata('facts')",
        "SELECT * FROM create_reference_table('facts')",
        "DO $$ DECLARE t regclass := 'facts'; BEGIN PERFORM create_distributed_table(t, 'id'); END $$",
        "SELECT create_reference_table(c.oid::regclass) FROM pg_class c WHERE relname = 'facts'",
        "SELECT create_distributed_table('plain', 'id')",
        "SELECT undistribute_table('customer')",
        "DO $$ DECLARE t text := 'customer'; BEGIN PERFORM undistribute_table(t::regclass); END $$",
    ];
    for sql in attempts {
        let code = if sql.contains("t::regclass") { "25006" } else { "0A000" };
        refused(admin.simple_query(sql), code);
    }
    let held =
        "SELECT logicalrelid FROM pg_dist_partition ORDER BY logicalrelid::text COLLATE \"C\"";
    assert_eq!(rows(&mut admin, held), "customer\nledger\nloose\norders\nstaged");
    assert_eq!(rows(&mut admin, "SELECT id, v FROM facts ORDER BY id"), ROWS);
    // What is not governed goes there and comes back.
    run(&mut admin, "SELECT create_distributed_table('free', 'id')");
    assert_eq!(shard(&mut admin, "free"), ROWS);
    run(&mut admin, "SELECT undistribute_table('free')");
    assert_eq!(rows(&mut admin, "SELECT id, v FROM free ORDER BY id"), ROWS);
}

#[test]
fn the_shards_of_a_governed_table_are_not_dropped_in_a_select() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(
        &mut admin,
        "CREATE FUNCTION drop_it(t regclass) RETURNS int LANGUAGE plpgsql AS $$
         DECLARE n int; BEGIN n := citus_drop_all_shards(t, 'public', 'customer'); RETURN n; END $$;",
    );
    let attempts = [
        ("SELECT citus_drop_all_shards('customer', 'public', 'customer')", "55000"),
        ("SELECT * FROM citus_drop_all_shards('orders', 'public', 'orders')", "55000"),
        ("SELECT 1 + citus_drop_all_shards('customer', 'public', 'customer')", "55000"),
        ("SELECT master_remove_partition_metadata('customer', 'public', 'customer')", "55000"),
        (
            "DO $$ DECLARE t regclass := 'customer'; BEGIN PERFORM citus_drop_all_shards(t, 'public', 'customer'); END $$",
            "55000",
        ),
        (
            "PREPARE p(regclass) AS SELECT citus_drop_all_shards($1, 'public', 'customer'); EXECUTE p('customer')",
            "55000",
        ),
        (
            "SELECT citus_drop_all_shards(logicalrelid, 'public', 'customer') FROM pg_dist_partition WHERE logicalrelid = 'customer'::regclass",
            "0A000",
        ),
        ("SELECT drop_it('customer')", "0A000"),
    ];
    for (sql, code) in attempts {
        let mut client = connect(&server, DATABASE, SUPERUSER);
        refused(client.batch_execute(sql), code);
    }
    for table in ["customer", "orders"] {
        assert_eq!(shard(&mut admin, table), ROWS, "{table}");
    }
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM pg_dist_partition"), "5");
    // What is not governed goes, by name and with its table.
    run(&mut admin, "BEGIN; SELECT citus_drop_all_shards('loose', 'public', 'loose'); ROLLBACK");
    run(&mut admin, "DROP TABLE loose");
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM pg_dist_partition"), "4");
}

#[test]
fn a_command_on_the_shards_of_a_table_is_a_write_to_it() {
    let server = server();
    let mut admin = distributed_database(&server);
    let command = |function: &str, table: &str| {
        let tables = match function.contains("colocated") {
            true => format!("'{table}', 'loose'"),
            false => format!("'{table}'"),
        };
        format!("SELECT * FROM {function}({tables}, $c$UPDATE %s SET v = 'x' WHERE id = 1$c$)")
    };
    let functions = [
        "run_command_on_shards",
        "run_command_on_placements",
        "run_command_on_colocated_placements",
    ];
    for function in functions {
        let mut engineer = connect(&server, DATABASE, "engineer");
        refused(engineer.simple_query(&command(function, "customer")), "25006");
        let in_target = command(function, "customer").replace("SELECT * FROM", "SELECT");
        refused(engineer.simple_query(&in_target), "25006");
        let mut analyst = connect(&server, DATABASE, "analyst");
        refused(analyst.simple_query(&command(function, "orders")), "42501");
    }
    for table in ["customer", "orders"] {
        assert_eq!(shard(&mut admin, table), ROWS, "{table}");
    }
    run(&mut admin, &command("run_command_on_shards", "orders"));
    run(&mut admin, &command("run_command_on_shards", "loose"));
    for table in ["loose", "orders"] {
        assert_eq!(shard(&mut admin, table), "1|x\n2|b", "{table}");
    }
}

#[test]
fn coverage_lists_what_citus_leads_around() {
    let server = server();
    let mut admin = distributed_database(&server);
    run(&mut admin, "UPDATE pg_dist_node SET isactive = false WHERE nodename = 'worker-b'");
    let of = |gap: &str| {
        format!("SELECT severity, object FROM spyne_coverage() WHERE gap = '{gap}' ORDER BY 2")
    };
    assert_eq!(
        rows(&mut admin, &of("distributed table")),
        "high|public.customer\nhigh|public.ledger\nlow|public.loose\nhigh|public.orders\nhigh|public.staged"
    );
    assert_eq!(rows(&mut admin, &of("worker without governance")), "high|worker-a:6112");
    assert_eq!(
        rows(&mut admin, &of("shards outside of governance")),
        "high|public.customer\nhigh|public.ledger\nhigh|public.orders\nhigh|public.staged"
    );
    let names = rows(&mut admin, &of("shard on this server"));
    assert!(names.contains("high|public.customer_1020"), "{names}");
    // What is closed goes.
    let remedy = "SELECT remedy FROM spyne_coverage() WHERE gap = 'distributed table' AND object = 'public.customer'";
    let remedy = rows(&mut admin, remedy);
    for statement in pasted(&remedy).statements {
        run(&mut admin, &statement);
    }
    assert!(!rows(&mut admin, &of("distributed table")).contains("customer"));
    assert_eq!(rows(&mut admin, "SELECT state FROM spyne_table_state('customer')"), "READ_ONLY");
    run(&mut admin, "DELETE FROM pg_dist_node WHERE groupid <> 0");
    assert_eq!(rows(&mut admin, &of("worker without governance")), "");
}
