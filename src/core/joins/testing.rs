//! Tables that the tests of several modules look at.

use super::sketch::{Builder, Sketch, Value};
use super::table::{Class, Column, Statistics, Table};

/// A column of numbers, with statistics.
pub fn column(name: &str, distinct: f64, low: f64, high: f64) -> Column {
    Column {
        name: name.into(),
        data_type: "integer".into(),
        class: Some(Class::Number),
        base: 23,
        is_shown: true,
        statistics: Some(Statistics {
            distinct,
            width: 4.0,
            low: Some(low),
            high: Some(high),
            ..Statistics::default()
        }),
    }
}

/// Customers, and orders that refer to them.
pub fn shop() -> Vec<Table> {
    let table = |name: &str, rows: f64, columns: Vec<Column>| Table {
        name: name.into(),
        rows: Some(rows),
        columns,
        ..Table::default()
    };
    vec![
        table(
            "customers",
            1000.0,
            vec![column("id", -1.0, 1.0, 1000.0), column("age", 60.0, 18.0, 90.0)],
        ),
        table(
            "orders",
            5000.0,
            vec![
                column("id", -1.0, 100_001.0, 105_000.0),
                column("customer_id", 900.0, 1.0, 1000.0),
                column("cents", 4000.0, 5.0, 900_000.0),
            ],
        ),
    ]
}

/// The sketch of a column of numbers.
pub fn numbers(all: impl IntoIterator<Item = i64>) -> Sketch {
    let mut builder = Builder::default();
    all.into_iter().for_each(|n| builder.add(Value::Whole(n)));
    builder.finish()
}
