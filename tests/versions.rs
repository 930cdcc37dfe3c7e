//! A library and a catalog of different versions, side by side: after another version was
//! installed and before ALTER EXTENSION, or after ALTER EXTENSION in a session that began before.
//!
//! Nothing is let through, what both know goes on working, and what they do not both know is
//! refused with the two versions and what to do. The versions are made up: this build's library
//! meets a catalog from which a few things were taken, and one that has a few more.

use std::fs;
use std::path::PathBuf;

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, Server, server, toolchain};
use xtask::extension;

const EARLIER: &str = "0.0.8";
const LATER: &str = "9.0.0";

/// The earlier catalog lacks a function, a column that the library writes, and columns of rows
/// that the library returns.
const TO_EARLIER: &str = "
    DROP FUNCTION @extschema@.spyne_join_graph(text);
    ALTER TABLE spyne.table_versions DROP COLUMN created_by;
    ALTER TYPE spyne.mode_change DROP ATTRIBUTE mode_before;
    ALTER TYPE spyne.plan_line DROP ATTRIBUTE statement;
";

/// The later one has columns that the library does not know, and calls one otherwise.
const TO_LATER: &str = "
    ALTER TABLE spyne.tables ADD COLUMN later text;
    ALTER TABLE spyne.query_previews ADD COLUMN later text;
    ALTER TABLE spyne.table_versions RENAME COLUMN created_by TO taken_by;
    ALTER TYPE spyne.mode_change ADD ATTRIBUTE later text;
    ALTER TYPE spyne.plan_line ADD ATTRIBUTE later text;
";

/// A script that leads from this version to another. It goes when the test ends.
struct Script(PathBuf);

impl Script {
    fn install(to: &str, text: &str) -> Script {
        let from = extension::version().expect("a version");
        let path = toolchain().sharedir().join(format!("extension/spyne--{from}--{to}.sql"));
        fs::write(&path, text).expect("the script is written");
        Script(path)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A governed database whose catalog is of another version than the library.
fn between(name: &str, version: &str, text: &str) -> (Server, Client) {
    let server = server(name).start().expect("a server");
    let mut client = governed_database(&server);
    run(&mut client, "CREATE TABLE more (id int)");
    let _script = Script::install(version, text);
    run(&mut client, &format!("ALTER EXTENSION spyne UPDATE TO '{version}'"));
    drop(client);
    // A session that has prepared nothing yet.
    let client = connect(&server, DATABASE, SUPERUSER);
    (server, client)
}

/// What holds whichever of the two is newer.
fn assert_governed(server: &Server, client: &mut Client) {
    for write in ["INSERT INTO facts VALUES (100)", "DELETE FROM ledger", "TRUNCATE facts"] {
        refused(client.batch_execute(write), "25006");
    }
    refused(client.batch_execute("DROP TABLE facts"), "55000");
    refused(client.batch_execute("DELETE FROM spyne.tables"), "42501");
    refused(client.batch_execute("ALTER TABLE customer RENAME COLUMN origin TO source"), "55000");
    let mut outsider = connect(server, DATABASE, "outsider");
    refused(outsider.batch_execute("SELECT FROM customer"), "42501");
    let mut viewer = connect(server, DATABASE, "viewer");
    refused(viewer.batch_execute("INSERT INTO customer VALUES (1000, 'no')"), "42501");
    refused(viewer.batch_execute("SELECT FROM ledger"), "55000");
    assert_eq!(rows(&mut viewer, "SELECT count(*) FROM customer"), "10");
    assert_eq!(rows(&mut viewer, "SELECT count(*) FROM governed.facts"), "5");
    run(
        &mut connect(server, DATABASE, "engineer"),
        "INSERT INTO customer VALUES (1000, 'yes'); DELETE FROM customer WHERE id = 1000;
         INSERT INTO spyne_shadow.customer VALUES (1000, 'yes')",
    );
    // Who must look first still must, and may then run what they have looked at.
    run(client, "ALTER ROLE analyst SET spyne.require_preview = users");
    let mut analyst = connect(server, DATABASE, "analyst");
    refused(analyst.batch_execute("SELECT count(*) FROM facts"), "55000");
    run(&mut analyst, "SELECT FROM spyne_preview('SELECT count(*) FROM facts')");
    assert_eq!(rows(&mut analyst, "SELECT count(*) FROM facts"), "5");
    // Rows have the columns that both know.
    let mode = "SELECT mode_after FROM spyne_set_system_mode('READ_ONLY', 'over', dry_run => true)";
    assert_eq!(rows(client, mode), "READ_ONLY");
    let promotion = "SELECT count(*) > 0, bool_and(object <> '') FROM spyne_promote('spyne_shadow.customer', dry_run => true)";
    assert_eq!(rows(client, promotion), "t|t");
}

/// What cannot be done says which versions there are, and what to do.
fn assert_says(client: &mut Client, statement: &str, catalog: &str, remedy: &str) {
    let library = extension::version().expect("a version");
    let error = refused(client.batch_execute(statement), "55000");
    let detail = error.detail().unwrap_or_default();
    let both =
        format!("The library is spyne {library}, and the catalog of this database {catalog}.");
    assert!(detail.contains(&both), "{detail}");
    assert!(error.hint().is_some_and(|hint| hint.contains(remedy)), "{:?}", error.hint());
}

#[test]
fn a_newer_library_goes_on_governing_by_the_older_catalog() {
    let (server, mut client) = between("newer_library", EARLIER, TO_EARLIER);
    let library = extension::version().expect("a version");
    let version =
        rows(&mut client, "SELECT library, catalog, installed, advice FROM spyne_version()");
    let advice = "As a superuser, in this database: ALTER EXTENSION spyne UPDATE;";
    assert_eq!(version, format!("{library}|{EARLIER}|{library}|{advice}"));
    assert_governed(&server, &mut client);
    assert_says(
        &mut client,
        "SELECT spyne_register('more')",
        EARLIER,
        "ALTER EXTENSION spyne UPDATE;",
    );
    // Refused as a whole: nothing of it is left.
    assert_eq!(
        rows(&mut client, "SELECT count(*) FROM spyne.tables WHERE relation = 'more'::regclass"),
        "0"
    );
    let told = format!("the catalog of this database {EARLIER}. It stays governed.");
    assert!(server.log().contains(&told), "the server log says so");

    // Afterwards all is as it should be, in the sessions that were there before, too.
    let back = format!(
        "ALTER TABLE spyne.table_versions ADD COLUMN created_by name NOT NULL DEFAULT 'unknown';
         ALTER TABLE spyne.table_versions ALTER created_by DROP DEFAULT;
         ALTER TYPE spyne.mode_change ADD ATTRIBUTE mode_before text;
         ALTER TYPE spyne.plan_line ADD ATTRIBUTE statement text;
         {}",
        join_graph()
    );
    let file = toolchain().sharedir().join(format!("extension/spyne--{EARLIER}--{library}.sql"));
    fs::write(&file, back).expect("the script is written");
    let _script = Script(file);
    run(&mut client, "ALTER EXTENSION spyne UPDATE");
    run(&mut client, "SELECT FROM spyne_register('more')");
    assert_whole(&mut client, "more");
    assert_eq!(rows(&mut client, "SELECT advice FROM spyne_version()"), "-");
}

/// The function that the earlier catalog lacks, as this build's script has it.
fn join_graph() -> String {
    let name = extension::script_name().expect("a name");
    let script = fs::read_to_string(toolchain().sharedir().join("extension").join(name))
        .expect("this build's script");
    let start = script.find("CREATE FUNCTION spyne_join_graph").expect("the function");
    let end = script[start..].find(';').expect("its end") + 1;
    script[start..start + end].to_owned()
}

#[test]
fn an_older_library_goes_on_governing_and_says_that_it_is_old() {
    let (server, mut client) = between("older_library", LATER, TO_LATER);
    let library = extension::version().expect("a version");
    let version = rows(&mut client, "SELECT library, catalog FROM spyne_version()");
    assert_eq!(version, format!("{library}|{LATER}"));
    let advice = rows(&mut client, "SELECT advice FROM spyne_version()");
    assert!(advice.contains("restart the server"), "{advice}");
    assert_governed(&server, &mut client);
    assert_says(&mut client, "SELECT spyne_register('more')", LATER, "restart the server");

    // A state that the library does not know cannot be judged: it is not taken for a harmless one.
    run(
        &mut client,
        "SET spyne.enforcement = off;
         ALTER TABLE spyne.tables DROP CONSTRAINT tables_state_known;
         UPDATE spyne.tables SET state = 'FROZEN' WHERE relation = 'facts'::regclass;
         RESET spyne.enforcement",
    );
    let mut viewer = connect(&server, DATABASE, "viewer");
    for statement in ["SELECT FROM facts", "SELECT FROM customer"] {
        let error = refused(viewer.batch_execute(statement), "XX000");
        let detail = error.detail().unwrap_or_default();
        assert!(detail.contains(LATER), "{detail}");
        assert!(error.hint().is_some_and(|hint| hint.contains("restart the server")));
    }
}

#[test]
fn with_the_same_versions_a_catalog_of_other_hands_is_called_that() {
    let server = server("other_hands").start().expect("a server");
    let mut client = governed_database(&server);
    run(
        &mut client,
        "SET spyne.enforcement = off;
         ALTER TABLE spyne.tables DROP CONSTRAINT tables_state_known;
         UPDATE spyne.tables SET state = 'FROZEN' WHERE relation = 'facts'::regclass;
         RESET spyne.enforcement",
    );
    let error = refused(client.batch_execute("SELECT FROM facts"), "XX000");
    assert!(!error.detail().unwrap_or_default().contains("The library is"), "{error:?}");
    assert!(!error.hint().unwrap_or_default().contains("UPDATE"), "{error:?}");
}
