//! Beside other libraries that hook the same places, loaded before spyne and after it,
//! the same statements are refused and allowed, in the same words, and the other
//! libraries see what they see without spyne.

use spyne_tests::fixture::{DATABASE, connect, db_error, governed_database, rows, run};
use spyne_tests::{SUPERUSER, Server, bare_server, toolchain};

/// The users and their statements, which are run in order, in sessions that last.
const STATEMENTS: [(&str, &str); 24] = [
    ("viewer", "SELECT count(*) FROM facts"),
    ("viewer", "SELECT count(*) FROM governed.customer"),
    ("viewer", "INSERT INTO customer VALUES (100, 'viewer')"),
    ("outsider", "SELECT count(*) FROM facts"),
    ("outsider", "INSERT INTO loose VALUES (1)"),
    ("engineer", "INSERT INTO customer VALUES (100, 'engineer') RETURNING id"),
    ("engineer", "INSERT INTO customer VALUES (100, 'twice')"),
    ("engineer", "INSERT INTO facts VALUES (100)"),
    ("engineer", "TRUNCATE facts"),
    ("engineer", "EXPLAIN (COSTS off) DELETE FROM facts"),
    ("engineer", "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) DELETE FROM facts"),
    (
        "engineer",
        "DO $$ BEGIN DELETE FROM facts; EXCEPTION WHEN read_only_sql_transaction THEN RAISE EXCEPTION 'caught %', SQLSTATE; END $$",
    ),
    ("analyst", "SELECT count(*) FROM ledger"),
    ("analyst", "SET spyne.include_deprecated = on"),
    ("analyst", "SELECT count(*) FROM ledger"),
    ("analyst", "COPY ledger TO STDOUT"),
    (SUPERUSER, "DROP TABLE facts"),
    (SUPERUSER, "ALTER TABLE facts RENAME TO x"),
    (SUPERUSER, "ALTER TABLE facts DISABLE TRIGGER ALL"),
    (SUPERUSER, "CREATE TABLE copy AS SELECT * FROM facts"),
    (SUPERUSER, "DELETE FROM spyne.tables"),
    (SUPERUSER, "SELECT kind, object, detail FROM spyne_promote('spyne_shadow.customer')"),
    ("viewer", "SELECT DISTINCT origin FROM governed.customer"),
    ("viewer", "SELECT 1 / 0"),
];

/// Each statement's outcome, in words.
fn outcomes(server: &Server) -> Vec<String> {
    let mut admin = governed_database(server);
    run(&mut admin, "ANALYZE");
    let users = ["viewer", "outsider", "engineer", "analyst", SUPERUSER];
    let mut clients = users.map(|user| (user, connect(server, DATABASE, user)));
    STATEMENTS
        .iter()
        .map(|(user, sql)| {
            let client =
                &mut clients.iter_mut().find(|(name, _)| name == user).expect("a session").1;
            let outcome = match client.simple_query(sql) {
                Ok(_) if sql.starts_with("INSERT") || !sql.starts_with("SELECT") => {
                    "done".to_owned()
                }
                Ok(_) if sql.contains("spyne_promote") => "promoted".to_owned(),
                Ok(_) => rows(client, sql),
                Err(error) if error.as_db_error().is_none() => error.to_string(),
                Err(error) => {
                    let error = db_error(&error);
                    // Times differ from one server to the next.
                    let detail = error.detail().unwrap_or("-");
                    let detail = detail.split(" since ").next().unwrap_or_default();
                    format!(
                        "{} {} / {detail} / {:?} / {:?}",
                        error.code().code(),
                        error.message(),
                        error.hint(),
                        error.where_()
                    )
                }
            };
            format!("{user}: {sql}: {outcome}")
        })
        .collect()
}

fn start(libraries: &str) -> Server {
    let server = bare_server("beside")
        .preload(libraries)
        .setting("spyne.require_preview", "off")
        .setting("pgaudit.log", "all")
        .setting("pg_stat_statements.track", "all");
    server.start().expect("a server")
}

#[test]
fn pg_stat_statements_before_and_after() {
    let expected = outcomes(&start("spyne"));
    assert!(expected.iter().filter(|line| line.contains(": 25006 ")).count() >= 3, "{expected:#?}");
    assert!(expected.iter().filter(|line| line.contains(": 42501 ")).count() >= 3, "{expected:#?}");
    for libraries in ["pg_stat_statements,spyne", "spyne,pg_stat_statements"] {
        let server = start(libraries);
        let found = outcomes(&server);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "with {libraries}");
        }
        let mut admin = connect(&server, DATABASE, SUPERUSER);
        run(&mut admin, "CREATE EXTENSION pg_stat_statements");
        let seen = "SELECT count(*) > 0 FROM pg_stat_statements WHERE query LIKE 'SELECT count(*) FROM governed.customer%'";
        assert_eq!(
            rows(&mut admin, seen),
            "t",
            "{libraries}: pg_stat_statements counts no statements"
        );
    }
}

#[test]
fn pgaudit_and_auto_explain_before_and_after() {
    let mut others = "auto_explain".to_owned();
    if toolchain().ensure_pgaudit().expect("an answer") {
        others.push_str(",pgaudit");
    }
    let expected = outcomes(&start("spyne"));
    for libraries in [format!("{others},spyne"), format!("spyne,{others}")] {
        let server = start(&libraries);
        for (found, expected) in outcomes(&server).iter().zip(&expected) {
            assert_eq!(found, expected, "with {libraries}");
        }
        if libraries.contains("pgaudit") {
            assert!(server.log().contains("AUDIT: SESSION"), "{libraries}: pgaudit writes nothing");
        }
    }
}
