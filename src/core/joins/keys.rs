//! How much columns look like the key by which others refer to their table.
//!
//! After the features of Jiang and Naumann, "Holistic primary key and foreign
//! key detection" (JIIS 2020): what is declared, the name, the position, the type
//! and the length of the values. A table is referred to by one key; another one
//! that is unique too is an accident or an alternative.

use super::candidates::is_measure;
use super::names::Names;
use super::{Class, Table};

/// Beyond this many bytes on average a text is no key.
const LONG: f64 = 40.0;

/// How much these columns of a table look like its key, in log-odds.
pub fn likeness(table: &Table, at: usize, columns: &[usize], names: &Names) -> f64 {
    let declared = if table.is_primary_key(columns) {
        3.0
    } else if table.declares(columns) {
        1.0
    } else {
        0.0
    };
    let each = columns.iter().map(|column| {
        let name = names.column(at, *column);
        let named = match name {
            _ if names.is_own_key(at, *column) => 1.2,
            name if name.is_key() && (*column == 0 || columns.len() > 1) => 0.5,
            // Called for something else, and not the first: it refers.
            name if name.is_key() => -0.8,
            _ if is_measure(table, at, *column, names) && columns.len() == 1 => -1.0,
            _ if is_measure(table, at, *column, names) => -0.5,
            _ => 0.0,
        };
        named + of_type(table, *column)
    });
    let average = each.sum::<f64>() / columns.len().max(1) as f64;
    // Keys come first in a table.
    let first = columns.iter().min().copied().unwrap_or(0);
    let place = if first == 0 { 0.6 } else { -(0.1 * first as f64).min(0.5) };
    declared + average + place
}

fn of_type(table: &Table, column: usize) -> f64 {
    let column = &table.columns[column];
    let width = column.statistics.as_ref().map_or(8.0, |s| s.width);
    match column.class {
        Some(Class::Number | Class::Uuid) => 0.2,
        Some(Class::Text) if width > LONG => -1.5,
        Some(Class::Text) => 0.0,
        Some(Class::Time) => -0.6,
        Some(Class::Instant) => -2.0,
        Some(Class::Other(_)) => -0.5,
        None => -3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::Column;
    use crate::joins::names::Named;

    #[test]
    fn the_key_by_which_a_table_is_known_comes_first() {
        let column = |name: &str, class| Column {
            name: name.into(),
            class: Some(class),
            ..Column::default()
        };
        let mut table = Table {
            name: "airports".into(),
            columns: vec![
                column("id", Class::Number),
                column("iata_code", Class::Text),
                column("name", Class::Text),
                column("opened_at", Class::Instant),
            ],
            ..Table::default()
        };
        let names = Names::new(&[Named {
            table: "airports",
            columns: table.columns.iter().map(|c| c.name.as_str()).collect(),
        }]);
        let of = |table: &Table, column: usize| likeness(table, 0, &[column], &names);
        assert!(of(&table, 0) > of(&table, 1));
        assert!(of(&table, 1) > of(&table, 2));
        assert!(of(&table, 2) > of(&table, 3));
        // What is declared counts more than how it is called.
        table.keys = vec![vec![1]];
        table.has_primary_key = true;
        assert!(of(&table, 1) > of(&table, 0));
    }
}
