//! Errors of statements that have nothing to do with spyne come out byte by byte as they do
//! without the library: every field of them, with the extension installed and tables governed.

use postgres::error::{DbError, ErrorPosition};
use postgres::{Client, Error};
use spyne_tests::fixture::{connect, empty_database, run};
use spyne_tests::waiting::{backend_of, wait_for_event};
use spyne_tests::{SUPERUSER, Server, bare_server, server};

const DATABASE: &str = "plain";

const OBJECTS: &str = r#"
    CREATE ROLE nobody_special LOGIN;
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE DOMAIN positive AS int CONSTRAINT is_positive CHECK (VALUE > 0);
    CREATE TABLE parent (id int CONSTRAINT parent_key PRIMARY KEY);
    CREATE TABLE child (id int REFERENCES parent CONSTRAINT child_not_null NOT NULL, n positive, note text CHECK (note <> ''));
    CREATE TABLE later (id int CONSTRAINT later_unique UNIQUE DEFERRABLE INITIALLY DEFERRED,
                        p int CONSTRAINT later_parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE booking (room int, during int4range, CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&));
    CREATE TABLE part (id int, day int) PARTITION BY RANGE (day);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
    CREATE TABLE closed (id int);
    CREATE TABLE guarded (id int);
    INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1, 'one');
    CREATE VIEW top AS SELECT id FROM parent WHERE id < 100 WITH CHECK OPTION;
    CREATE FUNCTION divide(a int, b int) RETURNS int LANGUAGE plpgsql AS $$
    DECLARE result int;
    BEGIN
        result := a / b;
        RETURN result;
    END $$;
    CREATE FUNCTION outer_divide(a int) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM divide(a, 0) FROM parent;
        RETURN 1;
    END $$;
    CREATE FUNCTION handled() RETURNS int LANGUAGE plpgsql AS $$
    DECLARE c text; t text; d text; x text;
    BEGIN
        INSERT INTO parent VALUES (1);
        RETURN 1;
    EXCEPTION WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, t = TABLE_NAME, d = PG_EXCEPTION_DETAIL, x = PG_EXCEPTION_CONTEXT;
        RAISE EXCEPTION 'constraint % of % (%)', c, t, d USING DETAIL = x;
    END $$;
    CREATE FUNCTION in_sql(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 / a FROM parent $$;
    CREATE FUNCTION insert_in_sql() RETURNS void LANGUAGE sql AS $$ INSERT INTO parent VALUES (1) $$;
    CREATE FUNCTION dynamic(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE t; END $$;
    CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'not this one: %', NEW.id
            USING ERRCODE = '22023', DETAIL = 'a detail', HINT = 'a hint', COLUMN = 'id', CONSTRAINT = 'none',
                  DATATYPE = 'integer', TABLE = 'guarded', SCHEMA = 'public';
    END $$;
    CREATE TRIGGER complain AFTER INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION complain();
    CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; PERFORM 1 / 0; END $$;
    CREATE AGGREGATE sum_divide(int) (SFUNC = divide, STYPE = int, INITCOND = 5);
"#;

/// Each is run by itself. `;;` separates statements of one session, of which the last
/// fails.
const FAILING: [&str; 58] = [
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (NULL, 1, 'x')",
    "INSERT INTO child VALUES (77, 1, 'x')",
    "INSERT INTO child VALUES (1, -1, 'x')",
    "INSERT INTO child VALUES (1, 1, '')",
    "DELETE FROM parent",
    "UPDATE parent SET id = 2",
    "TRUNCATE parent",
    "INSERT INTO booking VALUES (1, '[1,5)'), (1, '[3,9)')",
    "INSERT INTO part VALUES (1, 99)",
    "INSERT INTO part_1 VALUES (1, 99)",
    "INSERT INTO top VALUES (500)",
    "INSERT INTO parent VALUES (1), (2) ON CONFLICT (id) DO UPDATE SET id = 1 / (excluded.id - 1)",
    "MERGE INTO parent USING (VALUES (1)) v(i) ON id = i WHEN MATCHED THEN UPDATE SET id = 1 / 0",
    "BEGIN;;INSERT INTO later VALUES (1, 1), (1, 1);;COMMIT",
    "BEGIN;;INSERT INTO later VALUES (5, 999);;COMMIT",
    "BEGIN;;INSERT INTO later VALUES (6, 999);;SET CONSTRAINTS ALL IMMEDIATE",
    "BEGIN;;SELECT 1 / 0;;SELECT 1",
    "SELECT divide(1, 0)",
    "SELECT outer_divide(1)",
    "SELECT outer_divide(id) FROM parent ORDER BY 1",
    "SELECT handled()",
    "SELECT in_sql(0)",
    "SELECT insert_in_sql()",
    "SELECT sum_divide(id - 1) FROM parent",
    "SELECT dynamic('SELECT 1 / 0')",
    "SELECT dynamic('SELEC 1')",
    "SELECT dynamic('INSERT INTO child VALUES (NULL)')",
    "SELECT dynamic('SELECT nothing FROM parent')",
    "CALL commits()",
    "DO $$ BEGIN PERFORM outer_divide(3); END $$",
    "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'all of it', ERRCODE = 'P0099', DETAIL = 'd', HINT = 'h', COLUMN = 'c', CONSTRAINT = 'k', DATATYPE = 't', TABLE = 'b', SCHEMA = 's'; END $$",
    "INSERT INTO guarded VALUES (3)",
    "WITH i AS (INSERT INTO guarded VALUES (4) RETURNING id) SELECT * FROM i",
    "SELEC 1",
    "SELECT 1 FROM",
    "SELECT id, wrong FROM parent WHERE id = 1",
    "SELECT * FROM parnet",
    "SELECT no_such_function(1)",
    "SELECT 'a' + 1",
    "SELECT 'abc'::int",
    "SELECT id FROM parent, child",
    "CREATE FUNCTION broken() RETURNS int LANGUAGE sql AS 'SELECT nothing FROM parent'",
    "CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN; ENDD'",
    "CREATE TABLE parent (id int)",
    "ALTER TABLE parent ADD COLUMN id int",
    "ALTER TABLE child ADD CHECK (id > 5)",
    "ALTER TABLE parent DROP COLUMN id",
    "DROP TABLE parent",
    "DROP TABLE no_such_table",
    "CREATE UNIQUE INDEX ON child ((1))  WHERE 1 / (id - 1) = 0",
    "REFRESH MATERIALIZED VIEW parent",
    "COPY child FROM '/no/such/file'",
    "EXPLAIN ANALYZE SELECT divide(id, 0) FROM parent",
    "BEGIN;;DECLARE c CURSOR FOR SELECT 1 / (id - 1) FROM parent;;FETCH c",
    "PREPARE p AS SELECT 1 / ($1 - 1);;EXECUTE p(1)",
    "PREPARE p AS SELECT id FROM parent;;EXECUTE q",
    "SET statement_timeout = '1s';;SELECT pg_sleep(600)",
];

/// Statements of a user who may do nothing.
const FORBIDDEN: [&str; 8] = [
    "SELECT * FROM closed",
    "INSERT INTO closed VALUES (1)",
    "UPDATE closed SET id = 1",
    "TRUNCATE closed",
    "DROP TABLE closed",
    "ALTER TABLE closed ADD x int",
    "COPY closed TO STDOUT",
    "CREATE TABLE public.mine (id int)",
];

/// COPY statements, with the data for each.
const COPIES: [(&str, &str); 6] = [
    ("COPY child FROM STDIN", "1\t1\tone\n1\tx\ttwo\n"),
    ("COPY child FROM STDIN", "1\t1\tone\n1\t-1\ttwo\n"),
    ("COPY child FROM STDIN", "1\t1\tone\n88\t1\ttwo\n"),
    ("COPY child FROM STDIN", "1\t1\n"),
    ("COPY parent FROM STDIN", "2\n3\n2\n"),
    ("COPY guarded FROM STDIN", "1\n2\n"),
];

/// Every field of an error, the place in the server's source included.
fn fields(error: &DbError) -> String {
    let position = match error.position() {
        None => "none".to_owned(),
        Some(ErrorPosition::Original(at)) => at.to_string(),
        Some(ErrorPosition::Internal { position, query }) => format!("{position} in {query:?}"),
    };
    format!(
        "{} {} {:?}\n  detail {:?}\n  hint {:?}\n  position {position}\n  where {:?}\n  schema {:?} table {:?} column {:?} datatype {:?} constraint {:?}\n  at {:?} {:?} {:?}",
        error.severity(),
        error.code().code(),
        error.message(),
        error.detail(),
        error.hint(),
        error.where_(),
        error.schema(),
        error.table(),
        error.column(),
        error.datatype(),
        error.constraint(),
        error.file(),
        error.line(),
        error.routine()
    )
}

#[track_caller]
fn said(what: &str, result: Result<(), Error>) -> String {
    match result {
        Ok(()) => panic!("went through: {what}"),
        Err(error) => match error.as_db_error() {
            Some(error) => format!("{what}\n  {}", fields(error)),
            None => panic!("{what}: {error}"),
        },
    }
}

/// What the server says to each of the statements, in both protocols.
fn answers(server: &Server) -> Vec<String> {
    let mut all = Vec::new();
    let users = FAILING
        .map(|sql| (SUPERUSER, sql))
        .into_iter()
        .chain(FORBIDDEN.map(|sql| ("nobody_special", sql)));
    for (user, sql) in users {
        for simple in [true, false] {
            // Each statement has a session of its own, so that nothing that one leaves
            // behind reaches the next.
            let mut client = connect(server, DATABASE, user);
            let mut statements: Vec<&str> = sql.split(";;").collect();
            let last = statements.pop().expect("a statement");
            for statement in statements {
                // One of them aborts the transaction on purpose.
                let _ = client.batch_execute(statement);
            }
            let result = if simple {
                client.batch_execute(last)
            } else {
                client.query(last, &[]).map(|_| ())
            };
            all.push(said(&format!("{user}, simple {simple}: {sql}"), result));
        }
    }
    for (sql, data) in COPIES {
        all.push(copy(server, sql, data));
    }
    all.push(cancelled(server));
    all
}

/// Runs COPY by psql, which reports what the driver does not.
fn copy(server: &Server, sql: &str, data: &str) -> String {
    let script = format!("\\set VERBOSITY verbose\n{sql};\n{data}\\.\n");
    let file = server.socket_directory().join("copy.sql");
    std::fs::write(&file, script).expect("a script");
    let output = server
        .psql(DATABASE, SUPERUSER, &["--file".into(), file.into_os_string()])
        .expect("psql runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("ERROR"), "went through: {sql}");
    format!("{sql}\n{}", text.replace(&server.socket_directory().display().to_string(), ""))
}

/// A statement that is cancelled in the middle of nested functions.
fn cancelled(server: &Server) -> String {
    let mut client: Client = connect(server, DATABASE, SUPERUSER);
    let backend = backend_of(&mut client);
    let mut beside = connect(server, DATABASE, SUPERUSER);
    let canceller = std::thread::spawn(move || {
        wait_for_event(&mut beside, backend, "PgSleep");
        run(&mut beside, &format!("SELECT pg_cancel_backend({backend})"));
    });
    let result = client
        .batch_execute("DO $$ BEGIN PERFORM dynamic('SELECT pg_sleep(600) FROM parent'); END $$");
    canceller.join().expect("the thread ends");
    said("cancelled", result)
}

#[test]
fn every_field_is_the_same_with_the_library_and_without() {
    let without = bare_server("errors").start().expect("a server");
    run(&mut empty_database(&without, DATABASE), OBJECTS);
    let expected = answers(&without);

    let with = server("errors").start().expect("a server");
    let mut client = empty_database(&with, DATABASE);
    run(&mut client, OBJECTS);
    // First in a database without the extension, then with it and a governed table.
    compare("preloaded", &expected, &answers(&with));
    run(
        &mut client,
        "CREATE EXTENSION spyne; CREATE TABLE facts (id int); SELECT FROM spyne_register('facts')",
    );
    compare("installed", &expected, &answers(&with));
    run(&mut client, "SET spyne.enforcement = off");
    // What the library says itself is not empty, so the comparison could fail.
    let own = client.batch_execute("RESET spyne.enforcement; INSERT INTO facts VALUES (1)");
    assert!(said("facts", own).contains("25006"));
}

#[track_caller]
fn compare(when: &str, expected: &[String], found: &[String]) {
    assert_eq!(expected.len(), found.len());
    let different: Vec<String> = expected
        .iter()
        .zip(found)
        .filter(|(expected, found)| expected != found)
        .map(|(expected, found)| format!("without: {expected}\nwith:    {found}"))
        .collect();
    assert!(
        different.is_empty(),
        "{when}: {} of {} differ\n{}",
        different.len(),
        expected.len(),
        different.join("\n\n")
    );
}

/// Errors that pass through a governed table's own statements are Postgres's, too.
#[test]
fn errors_on_governed_tables_keep_their_fields() {
    let govern = "SELECT FROM spyne_set_system_mode('INGESTION_READY', 'test')";
    let without = bare_server("errors").start().expect("a server");
    run(&mut empty_database(&without, DATABASE), OBJECTS);
    let expected = answers(&without);
    let with = server("errors").start().expect("a server");
    let mut client = empty_database(&with, DATABASE);
    run(&mut client, OBJECTS);
    run(&mut client, "CREATE EXTENSION spyne");
    run(&mut client, govern);
    for table in ["parent", "child", "later", "booking", "guarded"] {
        run(&mut client, &format!("SELECT FROM spyne_register('{table}', state => 'SHADOW')"));
        run(&mut client, &format!("SELECT FROM spyne_promote('{table}')"));
    }
    // DDL on a governed table has rules of its own, and governed views show up as dependents.
    let about_rows = |line: &&String| {
        !["ALTER TABLE", "DROP TABLE", "TRUNCATE"].iter().any(|word| line.contains(word))
    };
    let expected: Vec<String> = expected.iter().filter(about_rows).cloned().collect();
    let found: Vec<String> = answers(&with).iter().filter(about_rows).cloned().collect();
    compare("governed", &expected, &found);
}
