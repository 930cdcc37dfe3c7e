//! Drift against a real server: every form of ALTER TABLE, every pair of common types, renames
//! with known answers, SQL that is given as a remedy or guide and run, and what DDL in several
//! sessions leaves behind.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use postgres::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use spyne_tests::fixture::{connect, empty_database, refused, rows, run};
use spyne_tests::{SUPERUSER, default_server};
use xtask::place;

fn data<T: for<'de> Deserialize<'de>>(file: &str) -> T {
    let path = place::repository().join("tests/drift").join(file);
    let text = fs::read_to_string(&path).expect("test data");
    serde_json::from_str(&text).expect("test data as JSON")
}

/// A case of tests/drift/alter_table.json.
#[derive(Deserialize)]
struct AlterTable {
    form: String,
    about: String,
    setup: String,
    ddl: String,
    changes: BTreeSet<(String, Option<String>, String)>,
    /// Whether ALTER TABLE can give the old shape back.
    undoable: bool,
    /// The last major of PostgreSQL on which it can do so on the table itself: later
    /// ones want it done on the parent.
    undoable_until: Option<u32>,
    /// The first major of PostgreSQL that has the statement.
    since: Option<u32>,
    #[serde(default = "t")]
    target: String,
}

fn t() -> String {
    "t".into()
}

/// The shape of a table by names: what a remedy promises to give back.
const SHAPE: &str = "SELECT jsonb_build_object(
    'columns', (SELECT jsonb_object_agg(c ->> 'name', c - 'attnum' - 'marks') FROM jsonb_array_elements(s -> 'columns') c),
    'constraints', (SELECT jsonb_agg(k - 'refers' - 'mark' ORDER BY k ->> 'definition') FROM jsonb_array_elements(s -> 'constraints') k))
    FROM spyne.schema_snapshot($1::text::regclass::oid) s";

type Changes = BTreeSet<(String, Option<String>, String)>;

fn found(client: &mut Client, table: &str) -> (Changes, Vec<String>) {
    let mut changes = Changes::new();
    let mut remedies = Vec::new();
    let sql = "SELECT change_type, \"column\", severity, remedy FROM spyne_detect_drift($1::text::regclass)";
    for row in client.query(sql, &[&table]).expect("drift") {
        changes.insert((row.get(0), row.get(1), row.get(2)));
        remedies.push(row.get(3));
    }
    (changes, remedies)
}

#[test]
fn every_form_of_alter_table_is_told_as_it_is_and_undone_by_its_remedy() {
    let cases: Vec<AlterTable> = data("alter_table.json");
    assert!(cases.len() >= 110);
    let server = default_server("drift_forms").start().expect("a server");
    let mut client = empty_database(&server, "forms");
    run(&mut client, "CREATE EXTENSION spyne");
    let mut faults = Vec::new();
    let major = server.toolchain().major;
    let known = |case: &&AlterTable| case.since.is_none_or(|since| since <= major);
    println!("{} cases are of later majors", cases.iter().filter(|case| !known(case)).count());
    for (at, case) in cases.iter().filter(known).enumerate() {
        let what = format!("{at}: {} ({})", case.form, case.about);
        // Each in a transaction of its own: the names they make are used again.
        let mut outcome = || -> Result<(), String> {
            let fails = |e: postgres::Error| {
                e.as_db_error().map_or_else(
                    || e.to_string(),
                    |d| format!("{}: {}", d.message(), d.detail().unwrap_or("")),
                )
            };
            let mut go = |sql: &str| client.batch_execute(sql).map_err(fails);
            go(&format!(
                "BEGIN; SET LOCAL client_min_messages = error; CREATE SCHEMA c{at}; SET LOCAL search_path = c{at}, public"
            ))?;
            go(&case.setup).map_err(|e| format!("setup: {e}"))?;
            go(&format!("SELECT spyne_register('{}')", case.target))
                .map_err(|e| format!("register: {e}"))?;
            let shape = |client: &mut Client| -> Result<Value, String> {
                Ok(client.query_one(SHAPE, &[&case.target]).map_err(fails)?.get(0))
            };
            let before = shape(&mut client)?;
            // As if the event triggers were not there: what the comparison finds.
            // The governed view would keep Postgres from changing types.
            let mut go = |sql: &str| client.batch_execute(sql).map_err(fails);
            go(&format!(
                "SET LOCAL spyne.enforcement = off; DROP VIEW governed.{} CASCADE",
                case.target
            ))?;
            go(&case.ddl).map_err(|e| format!("ddl: {e}"))?;
            go("SET LOCAL spyne.enforcement = enforce; SAVEPOINT looked")?;
            let (changes, remedies) = found(&mut client, &case.target);
            if changes != case.changes {
                let missing: Vec<_> = case.changes.difference(&changes).collect();
                let surplus: Vec<_> = changes.difference(&case.changes).collect();
                return Err(format!(
                    "missing {missing:?}, surplus {surplus:?}\n      by {}",
                    case.ddl
                ));
            }
            if !case.undoable || case.undoable_until.is_some_and(|last| last < major) {
                return Ok(());
            }
            let mut go = |sql: &str| client.batch_execute(sql).map_err(fails);
            go("ROLLBACK TO looked; SET LOCAL spyne.enforcement = off")?;
            for remedy in &remedies {
                go(remedy).map_err(|e| format!("remedy {remedy}: {e}"))?;
            }
            let after = shape(&mut client)?;
            match before == after {
                true => Ok(()),
                false => Err(format!("remedies {remedies:?} give\n      {after}\n   not{before}")),
            }
        };
        if let Err(fault) = outcome() {
            faults.push(format!("{what}\n   {fault}"));
        }
        client.batch_execute("ROLLBACK").expect("the end of a case");
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Values of each type of tests/drift/type_pairs.txt, the extreme ones among them.
fn samples(data_type: &str) -> &'static [&'static str] {
    match data_type {
        "smallint" => &["0", "-1", "32767", "-32768"],
        "integer" => &["0", "16777217", "2147483647", "-2147483648"],
        "bigint" => &["0", "9007199254740993", "9223372036854775807", "-9223372036854775808"],
        "numeric" => &["0", "0.1", "12345678901234567890.0123456789", "NaN", "Infinity"],
        "numeric(5,0)" => &["0", "99999", "-99999", "NaN"],
        "numeric(8,2)" => &["0.01", "999999.99", "-999999.99"],
        "numeric(10,2)" => &["0.01", "99999999.99"],
        "numeric(10,4)" => &["0.0001", "999999.9999"],
        "numeric(20,0)" => &["0", "99999999999999999999", "NaN"],
        "real" => &["0", "0.1", "1e-30", "3.4e38", "16777216"],
        "double precision" => &["0.1", "1e300", "9007199254740992", "1e-300"],
        "money" => &["1.50"],
        "boolean" => &["true"],
        "text" | "character varying" => &[
            "a",
            "b ",
            "a b ",
            "twenty-one characters",
            "0123456789012345678901234567890123456789012345678901234567890123456789",
        ],
        "character varying(10)" => &["a ", "ten chars!", "😀😀😀😀😀😀😀😀😀😀"],
        "character varying(20)" => {
            &["a ", "twenty characters !!", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"]
        }
        "character(1)" => &["a", "é"],
        "character(10)" => &["a", "ten chars!"],
        "name" => &["a", "b ", "0123456789012345678901234567890123456789012345678901234567890123"],
        "bytea" => &["\\x00ff"],
        "date" => &["2000-02-29", "0044-03-15 BC", "infinity"],
        "timestamp without time zone" => &["2000-02-29 12:34:56.789012", "infinity"],
        "timestamp(0) without time zone" => &["2000-02-29 12:34:56", "2000-01-01 00:00:00"],
        "timestamp with time zone" => &["2000-02-29 12:34:56.789012+02"],
        "timestamp(3) with time zone" => &["2000-02-29 12:34:56.789+02"],
        "time without time zone" => &["12:34:56.789012"],
        "time with time zone" => &["12:34:56.789012+02"],
        "interval" => &["1 mon 2 days 03:04:05.678901"],
        "interval(0)" => &["1 mon 2 days 03:04:05"],
        "uuid" => &["00000000-0000-0000-0000-000000000001"],
        "json" | "jsonb" => &["{\"a\": 1}"],
        "xml" => &["<a/>"],
        "inet" => &["10.1.2.3/8", "::1"],
        "cidr" => &["10.0.0.0/8"],
        "macaddr" => &["08:00:2b:01:02:03"],
        "bit(8)" => &["00000001"],
        "bit varying(8)" => &["1", "00000001"],
        "bit varying" => &["1", "000000000001"],
        "integer[]" => &["{1,2147483647}", "{}", "{{1,2},{3,4}}"],
        "bigint[]" => &["{1,9223372036854775807}"],
        "text[]" => &["{a,b}"],
        "oid" => &["4294967295"],
        "int4range" => &["[1,5)"],
        other => panic!("no values of type {other}"),
    }
}

fn is_float(data_type: &str) -> bool {
    matches!(data_type, "real" | "double precision")
}

/// What becomes of a value that is stored into a column of another type and read back.
#[derive(Debug, PartialEq)]
enum Fate {
    Kept,
    Changed,
    Refused,
}

fn store(client: &mut Client, value: &str, from: &str, to: &str) -> Fate {
    run(client, "SAVEPOINT tried");
    // An assignment, as ALTER TABLE ... TYPE without USING makes it.
    let stored = client.batch_execute(&format!(
        "CREATE TEMP TABLE kept (v {to}) ON COMMIT DROP; INSERT INTO kept VALUES (CAST('{value}' AS {from}))"
    ));
    let fate = match stored {
        Err(_) => Fate::Refused,
        // What the old type cannot read is another value.
        Ok(()) => match client.query_one(
            &format!("SELECT CAST(v AS {from})::text = CAST('{value}' AS {from})::text FROM kept"),
            &[],
        ) {
            Ok(row) if row.get(0) => Fate::Kept,
            _ => Fate::Changed,
        },
    };
    run(client, "ROLLBACK TO tried");
    fate
}

#[test]
fn every_pair_of_common_types_does_with_values_what_it_is_said_to() {
    let path = place::repository().join("tests/drift/type_pairs.txt");
    let text = fs::read_to_string(path).expect("the pairs");
    let lines = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('|'));
    let table: Vec<(&str, Vec<char>)> =
        lines.map(|(name, marks)| (name.trim(), marks.trim().chars().collect())).collect();
    let server = default_server("drift_types").start().expect("a server");
    let mut client = empty_database(&server, "types");
    run(&mut client, "CREATE EXTENSION spyne");
    run(&mut client, "BEGIN");
    let mut faults = Vec::new();
    for (from, marks) in &table {
        for ((to, _), mark) in table.iter().zip(marks) {
            let fates: Vec<Fate> = match mark {
                'W' | 'c' | 'l' => {
                    samples(from).iter().map(|v| store(&mut client, v, from, to)).collect()
                }
                _ => continue,
            };
            let any = |wanted: Fate| fates.contains(&wanted);
            let right = match mark {
                'W' => !any(Fate::Refused) && !any(Fate::Changed),
                'c' => any(Fate::Refused) && !any(Fate::Changed),
                // A decimal fraction is no binary one, even where it is shown the same.
                _ if from.starts_with("numeric(") && is_float(to) => true,
                _ => any(Fate::Changed),
            };
            if !right {
                faults.push(format!("{from} to {to} is not {mark}: {fates:?}"));
            }
        }
    }
    run(&mut client, "ROLLBACK");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // What a feed that describes each type is told, against a table that has them all.
    let columns: Vec<String> =
        table.iter().enumerate().map(|(at, (name, _))| format!("c{at} {name}")).collect();
    run(&mut client, &format!("CREATE TABLE every ({})", columns.join(", ")));
    run(&mut client, "SELECT spyne_register('every')");
    for (column, (to, _)) in table.iter().enumerate() {
        let described: Vec<Value> =
            (0..table.len()).map(|at| json!({"name": format!("c{at}"), "data_type": to})).collect();
        let sql = "SELECT \"column\", severity FROM spyne_detect_drift('every', $1) WHERE change_type = 'TYPE_CHANGE'";
        let told = client.query(sql, &[&json!({ "columns": described })]).expect("a comparison");
        let told: BTreeSet<(String, String)> = told.iter().map(|r| (r.get(0), r.get(1))).collect();
        let expected: BTreeSet<(String, String)> = table
            .iter()
            .enumerate()
            .filter_map(|(at, (_, marks))| {
                let severity = match marks[column] {
                    '=' => return None,
                    'W' => "COMPATIBLE",
                    _ => "BREAKING",
                };
                Some((format!("c{at}"), severity.to_string()))
            })
            .collect();
        assert_eq!(told, expected, "to {to}");
    }
}

/// A case of tests/drift/renames.json and renames_more.json: schemas from many trades, with the renames that are true.
#[derive(Deserialize)]
struct Renames {
    about: String,
    old: Vec<(String, String)>,
    new: Vec<(String, String)>,
    renames: BTreeSet<(String, String)>,
}

#[test]
fn suggested_renames_are_right_nineteen_times_in_twenty() {
    let mut cases: Vec<Renames> = data("renames.json");
    cases.extend(data::<Vec<Renames>>("renames_more.json"));
    let server = default_server("drift_renames").start().expect("a server");
    let mut client = empty_database(&server, "renames");
    run(&mut client, "CREATE EXTENSION spyne");
    let (mut right, mut wrong, mut answers) = (0, Vec::new(), 0);
    for (at, case) in cases.iter().enumerate() {
        let columns: Vec<String> =
            case.old.iter().map(|(n, t)| format!("\"{}\" {t}", n.replace('"', "\"\""))).collect();
        run(&mut client, &format!("CREATE TABLE t{at} ({})", columns.join(", ")));
        run(&mut client, &format!("SELECT spyne_register('t{at}')"));
        let described: Vec<Value> =
            case.new.iter().map(|(n, t)| json!({"name": n, "data_type": t})).collect();
        let sql = "SELECT old_name, new_name, detail FROM spyne_detect_drift($1, $2) WHERE change_type = 'RENAME'";
        let schema = json!({ "columns": described });
        for row in client.query(sql, &[&format!("t{at}"), &schema]).expect("a comparison") {
            let pair: (String, String) = (row.get(0), row.get(1));
            match case.renames.contains(&pair) {
                true => right += 1,
                false => wrong.push(format!("{}: {}", case.about, row.get::<_, String>(2))),
            }
        }
        answers += case.renames.len();
    }
    assert!(answers >= 100, "{answers} known renames");
    let precision = f64::from(right) / (f64::from(right) + wrong.len() as f64);
    println!(
        "precision {precision:.3}, recall {:.3} of {answers}",
        f64::from(right) / answers as f64
    );
    assert!(precision >= 0.95, "precision {precision:.3}; wrong:\n{}", wrong.join("\n"));
    // Silence would be precise too.
    assert!(f64::from(right) / answers as f64 >= 0.3, "{right} of {answers} found");
}

/// Statements of a guide that lead from the one shape to the other, and the view.
fn guide(client: &mut Client, name: &str, from: &str, to: &str) -> (Vec<String>, Option<String>) {
    let sql =
        "SELECT item, statement FROM spyne_diff($1, $2, $3) WHERE item <> 'change' ORDER BY seq";
    let mut statements = Vec::new();
    let mut view = None;
    for row in client.query(sql, &[&name, &from, &to]).expect("a guide") {
        match row.get(0) {
            "view" => view = Some(row.get(1)),
            _ => statements.push(row.get(1)),
        }
    }
    (statements, view)
}

/// Columns and types of a relation, in order.
const COLUMNS: &str = "SELECT coalesce(array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum), '{}')
    FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped";

#[test]
fn the_guide_between_versions_leads_from_one_shape_to_the_other() {
    let cases: Vec<AlterTable> = data("alter_table.json");
    let server = default_server("drift_guides").start().expect("a server");
    let mut client = empty_database(&server, "guides");
    run(&mut client, "CREATE EXTENSION spyne");
    let (mut faults, mut followed) = (Vec::new(), 0);
    for (at, case) in cases.iter().enumerate() {
        // Types, servers and parents have names of their own: a second table would not be alike.
        let text = format!("{}; {}", case.setup, case.ddl).to_uppercase();
        let more = [
            "CREATE TYPE",
            "CREATE DOMAIN",
            "CREATE SERVER",
            "CREATE COLLATION",
            "INHERIT",
            "PARTITION",
            " OF ",
        ];
        if case.changes.is_empty() || more.iter().any(|word| text.contains(word)) {
            continue;
        }
        match follow(&mut client, at, case) {
            Ok(true) => followed += 1,
            Ok(false) => {}
            Err(fault) => faults.push(format!("{at}: {} ({})\n   {fault}", case.form, case.about)),
        }
        client.batch_execute("ROLLBACK").expect("the end of a case");
    }
    assert!(
        faults.is_empty(),
        "{} faults, {followed} guides followed:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(followed > 150, "{followed} guides followed");
}

/// Makes a table of the old shape, changes it, takes the change as a version, and follows the guide
/// on another table of the old shape. False where the change comes to no version.
fn follow(client: &mut Client, at: usize, case: &AlterTable) -> Result<bool, String> {
    fn fails(error: postgres::Error) -> String {
        match error.as_db_error() {
            Some(db) => format!("{}: {}", db.message(), db.detail().unwrap_or("")),
            None => error.to_string(),
        }
    }
    let shape = |client: &mut Client, table: &str| -> Result<Value, String> {
        Ok(client.query_one(SHAPE, &[&table]).map_err(fails)?.get(0))
    };
    let columns = |client: &mut Client, table: &str| -> Result<Vec<String>, String> {
        Ok(client.query_one(COLUMNS, &[&table]).map_err(fails)?.get(0))
    };
    let target = &case.target;
    let name = format!("guided{at}");
    let begin = format!(
        "BEGIN; SET LOCAL client_min_messages = error; CREATE SCHEMA c{at}; CREATE SCHEMA d{at};
         SET LOCAL search_path = d{at}, public"
    );
    client.batch_execute(&begin).map_err(fails)?;
    client.batch_execute(&case.setup).map_err(fails)?;
    client.batch_execute(&format!("SET LOCAL search_path = c{at}, public")).map_err(fails)?;
    client.batch_execute(&case.setup).map_err(fails)?;
    let old_columns = columns(client, target)?;
    let change = format!(
        "SELECT spyne_register('{target}', '{name}');
         SET LOCAL spyne.enforcement = off; DROP VIEW governed.{name} CASCADE"
    );
    client.batch_execute(&change).map_err(fails)?;
    client.batch_execute(&case.ddl).map_err(|e| format!("ddl: {}", fails(e)))?;
    client
        .batch_execute(&format!(
            "SET LOCAL spyne.enforcement = enforce;
             SELECT count(*) FROM spyne_detect_drift('{target}'::regclass);
             SELECT spyne_resolve_drift(report_id, 'apply', 'to see the guide')
             FROM spyne.drift_reports WHERE logical_name = '{name}' AND status = 'open'"
        ))
        .map_err(fails)?;
    let version: String = client
        .query_one("SELECT version FROM spyne.tables WHERE logical_name = $1", &[&name])
        .map_err(fails)?
        .get(0);
    let (statements, view) = guide(client, &name, "v1", &version);
    // On the other table, from its old shape.
    client
        .batch_execute(&format!(
            "SET LOCAL spyne.enforcement = off; SET LOCAL search_path = d{at}, public"
        ))
        .map_err(fails)?;
    let here = |sql: &str| sql.replace(&format!("\"c{at}\"."), &format!("\"d{at}\"."));
    // Rows that do not fit are not the guide's to change.
    client.batch_execute(&format!("TRUNCATE {target} CASCADE")).map_err(fails)?;
    // What the case has put on the table is in the way of a guide that knows of nothing else.
    for statement in &statements {
        if let Err(error) = client.batch_execute(&here(statement)) {
            let code = error.code().map(|c| c.code().to_string()).unwrap_or_default();
            // 0A000, 2BP01: a view or policy of the case's own uses the column.
            return match matches!(code.as_str(), "0A000" | "2BP01") {
                true => Ok(false),
                false => Err(format!("{statement}: {}", fails(error))),
            };
        }
    }
    // Keys and defaults name their schema.
    let alike = |shape: Value| {
        shape.to_string().replace(&format!("c{at}."), "x.").replace(&format!("d{at}."), "x.")
    };
    let wanted = alike(shape(client, &format!("c{at}.{target}"))?);
    let reached = alike(shape(client, &format!("d{at}.{target}"))?);
    if wanted != reached {
        return Err(format!("{statements:?} give\n      {reached}\n   not{wanted}"));
    }
    if let Some(view) = view {
        client.batch_execute(&here(&view)).map_err(|e| format!("{view}: {}", fails(e)))?;
        let name = format!("{target}__v1_shape");
        let shown = columns(client, &format!("\"{name}\""))?;
        if shown != old_columns {
            return Err(format!("the view has {shown:?}, not {old_columns:?}"));
        }
    }
    Ok(true)
}

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
    // One that waited for the other would wait for ever.
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
    // The same drift, looked for by several at once, is stored once; nobody gets an error.
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
    // Another 1,600 columns, of which none is the same.
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
    // Fewer tables are looked up one by one, more in whole catalogs.
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
        // Past every trigger, as a superuser may.
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
            // The governed view is in the way of a type.
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
    // A type deep inside is another: every table that has it, by whatever way.
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
