//! The guide between two versions, which is followed on a table of the old shape.

use postgres::Client;
use serde_json::Value;
use spyne_tests::default_server;
use spyne_tests::fixture::{empty_database, run};

use super::cases::{AlterTable, SHAPE, data};

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
    let major = server.toolchain().major;
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.is_for(major)) {
        // Types, servers and parents have names of their own, so a second table would
        // not be the same.
        let text = format!("{}; {}", case.setup, case.ddl).to_uppercase();
        let more = [
            "CREATE TYPE",
            "CREATE DOMAIN",
            "CREATE SERVER",
            "CREATE COLLATION",
            "CREATE ACCESS METHOD",
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

/// Makes a table of the old shape, changes it, takes the change as a version, and
/// follows the guide on another table of the old shape. Returns false where the change
/// makes no version.
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
    // The guide is followed on the other table, from its old shape.
    client
        .batch_execute(&format!(
            "SET LOCAL spyne.enforcement = off; SET LOCAL search_path = d{at}, public"
        ))
        .map_err(fails)?;
    let here = |sql: &str| sql.replace(&format!("\"c{at}\"."), &format!("\"d{at}\"."));
    // A guide need not change rows that do not fit.
    client.batch_execute(&format!("TRUNCATE {target} CASCADE")).map_err(fails)?;
    // Objects that the case has put on the table can be in the way of a guide that
    // knows nothing of them.
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
