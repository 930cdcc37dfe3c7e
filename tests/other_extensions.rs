//! Beside other libraries that hook the same places, loaded before spyne and after it,
//! the same statements are refused and allowed, in the same words, and the other
//! libraries see what they see without spyne.

use spyne_tests::fixture::{DATABASE, connect, db_error, governed_database, rows, run};
use spyne_tests::waiting::wait_until;
use spyne_tests::{SUPERUSER, Server, bare_server, toolchain};
use xtask::neighbours::{self, Neighbour};

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

fn start(libraries: &str, others: &[&Neighbour]) -> Server {
    let mut server =
        bare_server("beside").preload(libraries).setting("spyne.require_preview", "off");
    for (name, value) in others.iter().flat_map(|each| each.settings(DATABASE)) {
        server = server.setting(name, &value);
    }
    server.start().expect("a server")
}

/// Each of the others does what it is there for, on governed tables too.
fn assert_that_they_work(server: &Server, others: &[&Neighbour], libraries: &str) {
    let mut admin = connect(server, DATABASE, SUPERUSER);
    for extension in others.iter().filter_map(|each| each.extension) {
        run(&mut admin, &format!("CREATE EXTENSION {extension}"));
    }
    run(
        &mut admin,
        "CREATE FUNCTION broken() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM no_such FROM facts; END'",
    );
    let log = server.log();
    for Neighbour { library, .. } in others {
        let works = match *library {
            "pgaudit" => log.contains("AUDIT: SESSION"),
            "auto_explain" => log.contains("Query Text:"),
            "pg_stat_statements" => {
                let seen = "SELECT count(*) > 0 FROM pg_stat_statements WHERE query LIKE 'SELECT count(*) FROM governed.customer%'";
                rows(&mut admin, seen) == "t"
            }
            "hypopg" => {
                run(&mut admin, "SELECT hypopg_create_index('CREATE INDEX ON public.facts (id)')");
                rows(&mut admin, "SELECT count(*) FROM hypopg_list_indexes") == "1"
            }
            "plpgsql_check" => {
                let found = "SELECT count(*) > 0 FROM plpgsql_check_function('broken()') line WHERE line LIKE '%no_such%'";
                rows(&mut admin, found) == "t"
            }
            "set_user" => {
                run(&mut admin, "SELECT set_user('engineer')");
                let refused = admin.simple_query("INSERT INTO facts VALUES (100)");
                let who = rows(&mut admin, "SELECT spyne_role FROM spyne_whoami()");
                run(&mut admin, "SELECT reset_user()");
                refused.is_err_and(|error| db_error(&error).code().code() == "25006")
                    && who == "spyne_engineer"
            }
            // Their workers run by the clock: that they have started is all that can be waited for.
            // They start anew where their database was not there yet.
            "pg_cron" => told(server, "pg_cron scheduler started"),
            "pg_partman_bgw" => told(server, "pg_partman"),
            other => panic!("{other} is not tried here"),
        };
        assert!(works, "{libraries}: {library} does not do its work:\n{log}");
    }
}

/// Waits until the server's log has this text.
fn told(server: &Server, text: &str) -> bool {
    wait_until(text, || server.log().contains(text));
    true
}

#[test]
fn all_the_others_before_and_after() {
    let found = neighbours::ensure(toolchain()).expect("the other extensions");
    let others = found.present;
    if others.is_empty() {
        eprintln!("skipped: {}", found.absent.join("; "));
        return;
    }
    let expected = outcomes(&start("spyne", &[]));
    assert!(expected.iter().filter(|line| line.contains(": 25006 ")).count() >= 3, "{expected:#?}");
    assert!(expected.iter().filter(|line| line.contains(": 42501 ")).count() >= 3, "{expected:#?}");
    let names: Vec<&str> = others.iter().map(|each| each.library).collect();
    let names = names.join(",");
    for libraries in [format!("{names},spyne"), format!("spyne,{names}")] {
        let server = start(&libraries, &others);
        for (found, expected) in outcomes(&server).iter().zip(&expected) {
            assert_eq!(found, expected, "with {libraries}");
        }
        assert_that_they_work(&server, &others, &libraries);
    }
}
