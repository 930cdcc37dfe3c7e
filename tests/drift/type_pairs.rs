//! Every pair of common types: what becomes of values, and what is said of it.

use std::collections::BTreeSet;
use std::fs;

use postgres::Client;
use serde_json::{Value, json};
use spyne_tests::default_server;
use spyne_tests::fixture::{empty_database, run};
use xtask::place;

/// Values of each type of tests/drift/type_pairs.txt, extreme ones included.
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
        // A value that the old type cannot read has changed.
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
    // What a feed that describes each type is told, compared with a table that has all
    // of them.
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
