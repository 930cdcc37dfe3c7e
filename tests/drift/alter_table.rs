//! Every form of ALTER TABLE, and the remedies for what it changes.

use std::collections::BTreeSet;

use postgres::Client;
use serde_json::Value;
use spyne_tests::default_server;
use spyne_tests::fixture::{empty_database, run};

use super::cases::{AlterTable, SHAPE, data};

type Changes = BTreeSet<(String, Option<String>, String)>;

/// The drift that is found of a table, and the remedies for it.
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
    println!("{} cases are of later majors", cases.iter().filter(|c| !c.is_for(major)).count());
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.is_for(major)) {
        let what = format!("{at}: {} ({})", case.form, case.about);
        // Each case is in a transaction of its own, because cases use the same names.
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
            // Enforcement is off, so that the comparison finds the changes and no event
            // trigger settles them. The governed view would keep Postgres from changing
            // types.
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
            if !case.is_undoable_on(major) {
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
