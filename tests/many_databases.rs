//! Preloading puts the library into every database of the cluster: where the extension is not
//! installed nothing happens, and where it comes or goes, sessions that are connected notice.

use spyne_tests::fixture::{connect, empty_database, fails, refused, rows, run};
use spyne_tests::{SUPERUSER, server};

const PLAIN: &str = "plain";

#[test]
fn without_the_extension_nothing_happens() {
    let server = server("databases").start().expect("a server");
    let mut client = empty_database(&server, PLAIN);
    run(&mut client, "CREATE ROLE somebody LOGIN; GRANT CREATE ON SCHEMA public TO somebody");
    let mut user = connect(&server, PLAIN, "somebody");
    run(
        &mut user,
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); UPDATE t SET id = 2;
         CREATE TABLE p (id int) PARTITION BY RANGE (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
         ALTER TABLE p DETACH PARTITION p1; DROP TABLE p1; TRUNCATE t;
         ALTER TABLE t RENAME TO u; DROP TABLE u",
    );
    // Even spyne's own names mean nothing here.
    fails(user.batch_execute("SELECT spyne_whoami()"), "42883");
    assert_eq!(
        rows(&mut client, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'spyne%'"),
        "0"
    );
}

#[test]
fn a_connected_session_notices_that_the_extension_comes_and_goes() {
    let server = server("databases").start().expect("a server");
    let mut early = empty_database(&server, PLAIN);
    run(&mut early, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    let put = early.prepare("INSERT INTO t VALUES (2)").expect("prepares");
    early.execute(&put, &[]).expect("nothing is governed");
    run(
        &mut early,
        "CREATE FUNCTION put() RETURNS void LANGUAGE plpgsql AS
                     $$ BEGIN INSERT INTO t VALUES (3); END $$; SELECT put()",
    );

    let mut installer = connect(&server, PLAIN, SUPERUSER);
    for round in 0..3 {
        run(&mut installer, "CREATE EXTENSION spyne");
        early.execute(&put, &[]).expect("the extension is there, the table is not governed");
        run(&mut installer, "SELECT FROM spyne_register('t')");
        refused(early.execute(&put, &[]), "25006");
        refused(early.batch_execute("SELECT put()"), "25006");
        refused(early.batch_execute("TRUNCATE t"), "25006");
        if round == 0 {
            // An extension that governs something goes only after it has let go.
            let error = fails(installer.batch_execute("DROP EXTENSION spyne"), "2BP01");
            assert!(error.detail().is_some(), "{error:?}");
            refused(early.execute(&put, &[]), "25006");
        }
        run(&mut installer, "SELECT FROM spyne_unregister('t'); DROP EXTENSION spyne");
        early.execute(&put, &[]).expect("the extension is gone");
        run(&mut early, "SELECT put(); TRUNCATE t");
    }
    // An installation that is rolled back never was.
    run(&mut installer, "BEGIN; CREATE EXTENSION spyne; SELECT FROM spyne_register('t'); ROLLBACK");
    early.execute(&put, &[]).expect("nothing was installed");
    run(&mut installer, "INSERT INTO t VALUES (5)");
}

/// The hooks read `spyne.tables`. A table of that name that a user has made has no
/// effect.
#[test]
fn a_look_alike_catalog_has_no_effect() {
    let server = server("databases").start().expect("a server");
    let mut client = empty_database(&server, PLAIN);
    run(&mut client, "CREATE ROLE mallory LOGIN; GRANT CREATE ON DATABASE plain TO mallory");
    run(
        &mut client,
        "CREATE TABLE t (id int); GRANT ALL ON t TO PUBLIC; GRANT CREATE ON SCHEMA public TO mallory",
    );
    let mut victim = connect(&server, PLAIN, SUPERUSER);
    run(&mut victim, "INSERT INTO t VALUES (1)");
    let mut mallory = connect(&server, PLAIN, "mallory");
    run(
        &mut mallory,
        "CREATE SCHEMA spyne;
         CREATE TABLE spyne.tables (relation regclass, state text, logical_name text);
         CREATE TABLE spyne.system_config (key text, value text);
         INSERT INTO spyne.tables VALUES ('t', 'READ_ONLY', 't');
         CREATE FUNCTION spyne.role_of(oid) RETURNS text LANGUAGE sql AS $$ SELECT 'spyne_admin'::text $$;
         GRANT ALL ON SCHEMA spyne TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA spyne TO PUBLIC",
    );
    for client in [&mut victim, &mut mallory] {
        run(
            client,
            "INSERT INTO t VALUES (2); UPDATE t SET id = 3; INSERT INTO spyne.tables VALUES ('t', 'SHADOW', 'x')",
        );
    }
    // The installation names what is in its way, and takes nothing of mallory's over.
    let error = fails(client.batch_execute("CREATE EXTENSION spyne"), "42P06");
    assert!(error.message().contains("spyne"), "{error:?}");
    run(
        &mut client,
        "DROP SCHEMA spyne CASCADE; CREATE EXTENSION spyne; SELECT FROM spyne_register('t')",
    );
    refused(victim.batch_execute("INSERT INTO t VALUES (4)"), "25006");
}

/// One database's governance is not another's, though the OIDs may be the same.
#[test]
fn databases_are_governed_apart() {
    let server = server("databases").start().expect("a server");
    let mut one = empty_database(&server, "one");
    run(
        &mut one,
        "CREATE EXTENSION spyne; CREATE TABLE t (id int); SELECT FROM spyne_register('t')",
    );
    run(&mut connect(&server, "postgres", SUPERUSER), "SELECT 1");
    drop(one);
    let mut maintenance = connect(&server, "postgres", SUPERUSER);
    // A copy has the same OIDs, and its governance with them.
    run(&mut maintenance, "CREATE DATABASE two TEMPLATE one");
    let mut one = connect(&server, "one", SUPERUSER);
    let mut two = connect(&server, "two", SUPERUSER);
    refused(two.batch_execute("INSERT INTO t VALUES (1)"), "25006");
    run(&mut two, "SELECT FROM spyne_unregister('t'); INSERT INTO t VALUES (1)");
    refused(one.batch_execute("INSERT INTO t VALUES (1)"), "25006");
    run(&mut two, "DROP EXTENSION spyne");
    // The roles belong to the cluster, and stay for the others.
    assert_eq!(rows(&mut one, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'spyne%'"), "5");
    refused(one.batch_execute("TRUNCATE t"), "25006");
}

#[test]
fn in_another_encoding_it_does_not_begin() {
    let server = server("databases").start().expect("a server");
    for (name, encoding) in [("latin", "LATIN1"), ("ascii", "SQL_ASCII")] {
        let mut first = connect(&server, "postgres", SUPERUSER);
        run(
            &mut first,
            &format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"),
        );
        let mut client = connect(&server, name, SUPERUSER);
        let error = refused(client.batch_execute("CREATE EXTENSION spyne"), "0A000");
        assert!(error.detail().is_some_and(|detail| detail.contains(encoding)), "{error:?}");
        run(&mut client, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    }
}
