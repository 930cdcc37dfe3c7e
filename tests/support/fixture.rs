//! Governed tables for tests, and the queries and checks of the tests.

use postgres::error::DbError;
use postgres::{Client, Error, SimpleQueryMessage};

use crate::waiting::PATIENT;
use crate::{SUPERUSER, Server};

/// The database the tests work in.
pub const DATABASE: &str = "app";

/// One login role for each spyne role, and one without any.
const ROLES: &str = "
    CREATE ROLE outsider LOGIN;
    CREATE ROLE viewer LOGIN IN ROLE spyne_viewer;
    CREATE ROLE analyst LOGIN IN ROLE spyne_analyst;
    CREATE ROLE engineer LOGIN IN ROLE spyne_engineer;
    CREATE ROLE admin LOGIN IN ROLE spyne_admin;";

/// A table in each state. `customer` is ACTIVE (10 rows) with a SHADOW beside it (20 rows),
/// `facts` is READ_ONLY (5 rows), `ledger` is DEPRECATED (3 rows), `loose` is not governed.
const TABLES: &str = "
    SELECT FROM spyne_set_system_mode('INGESTION_READY', 'tests');
    CREATE TABLE customer (id int PRIMARY KEY, origin text NOT NULL);
    INSERT INTO customer SELECT g, 'first' FROM generate_series(1, 10) g;
    CREATE TABLE facts (id int PRIMARY KEY);
    INSERT INTO facts SELECT generate_series(1, 5);
    CREATE TABLE ledger (id int PRIMARY KEY);
    INSERT INTO ledger SELECT generate_series(1, 3);
    CREATE TABLE loose (id int PRIMARY KEY);
    GRANT ALL ON customer, facts, ledger, loose TO PUBLIC;";
const GOVERN: &str = "
    SELECT FROM spyne_register('customer', state => 'SHADOW');
    SELECT FROM spyne_promote('customer', reason => 'first version');
    SELECT FROM spyne_register('facts');
    SELECT FROM spyne_register('ledger', state => 'SHADOW');
    SELECT FROM spyne_promote('ledger');
    SELECT FROM spyne_deprecate('ledger', 'replaced by the tests');
    SELECT FROM spyne_create_shadow('customer');
    INSERT INTO spyne_shadow.customer SELECT g, 'second' FROM generate_series(1, 20) g;";

/// Makes the database with the extension, the roles and `watch.whole`.
pub fn database(server: &Server) -> Client {
    let mut client = empty_database(server, DATABASE);
    run(&mut client, "CREATE EXTENSION spyne");
    run(&mut client, ROLES);
    run(&mut client, include_str!("whole.sql"));
    client
}

/// As [`database`], with a governed table in each state.
pub fn governed_database(server: &Server) -> Client {
    let mut client = database(server);
    run(&mut client, TABLES);
    run(&mut client, GOVERN);
    client
}

/// Makes a database with nothing in it, and connects to it as its superuser.
pub fn empty_database(server: &Server, name: &str) -> Client {
    let mut maintenance = connect(server, "postgres", SUPERUSER);
    run(&mut maintenance, &format!("CREATE DATABASE {name}"));
    connect(server, name, SUPERUSER)
}

/// Connects. A statement that waits for ever is an error, not a test that never ends.
pub fn connect(server: &Server, database: &str, user: &str) -> Client {
    let mut client = server.connect(database, user).expect("a connection");
    run(&mut client, &format!("SET statement_timeout = '{PATIENT}'"));
    client
}

/// Runs statements that are expected to succeed.
#[track_caller]
pub fn run(client: &mut Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql) {
        panic!("{}\nin: {sql}", describe(&error));
    }
}

/// The result in text: a line for each row, columns divided by `|`, nulls as `-`.
#[track_caller]
pub fn rows(client: &mut Client, sql: &str) -> String {
    match client.simple_query(sql) {
        Ok(messages) => text_of(&messages),
        Err(error) => panic!("{}\nin: {sql}", describe(&error)),
    }
}

fn text_of(messages: &[SimpleQueryMessage]) -> String {
    let lines: Vec<String> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|column| row.get(column).unwrap_or("-"));
                Some(cells.collect::<Vec<_>>().join("|"))
            }
            _ => None,
        })
        .collect();
    lines.join("\n")
}

/// The server's error; anything else that went wrong ends the test.
#[track_caller]
pub fn db_error(error: &Error) -> &DbError {
    error.as_db_error().unwrap_or_else(|| panic!("not the server's refusal: {error}"))
}

/// Checks that spyne refused with this SQLSTATE, and said what, why and what to do.
#[track_caller]
pub fn refused<T>(result: Result<T, Error>, code: &str) -> DbError {
    let Err(error) = result else { panic!("went through, where {code} was expected") };
    let error = db_error(&error).clone();
    let text = format!("{} {error}", error.code().code());
    assert_eq!(error.code().code(), code, "{text}");
    assert!(error.detail().is_some_and(|detail| !detail.is_empty()), "no DETAIL: {text}");
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "no HINT: {text}");
    error
}

/// Checks that the statement ended with this SQLSTATE, whoever raised it.
#[track_caller]
pub fn fails<T>(result: Result<T, Error>, code: &str) -> DbError {
    let Err(error) = result else { panic!("went through, where {code} was expected") };
    let error = db_error(&error).clone();
    assert_eq!(error.code().code(), code, "{} {error}", error.code().code());
    error
}

/// Checks that state rows, history, governed view, guards and addresses of a name agree.
#[track_caller]
pub fn assert_whole(client: &mut Client, name: &str) {
    let answer = rows(client, &format!("SELECT * FROM watch.whole('{name}')"));
    let states = rows(client, "SELECT relation, state, version FROM spyne.tables ORDER BY 1");
    assert_eq!(
        answer, "t|t|t|t|t",
        "{name}: one active|history|view|guards|address, with:\n{states}"
    );
}

fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => format!(
            "{} {}\nDETAIL {}\nHINT {}",
            db.code().code(),
            db.message(),
            db.detail().unwrap_or("-"),
            db.hint().unwrap_or("-")
        ),
        None => error.to_string(),
    }
}
