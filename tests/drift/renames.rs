//! Renames with known answers.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use spyne_tests::default_server;
use spyne_tests::fixture::{empty_database, run};

use super::cases::data;

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
    // Finding nothing would be precise too.
    assert!(f64::from(right) / answers as f64 >= 0.3, "{right} of {answers} found");
}
