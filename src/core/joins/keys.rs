//! Finds the columns of a table that could be its key, and how much they look like the
//! key by which others refer to it.
//!
//! After the features of Jiang and Naumann, "Holistic primary key and foreign
//! key detection" (JIIS 2020): what is declared, the name, the position, the type
//! and the length of the values. A table is referred to by one key; another one
//! that is unique too is an accident or an alternative.

use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::table::{Class, Column, Table};
use super::weights;

/// The average number of bytes beyond which a text is no key.
const LONG: f64 = 40.0;

/// The average number of bytes beyond which nothing is a key.
const TOO_LONG: f64 = 64.0;

/// The share of distinct values, by statistics, from which on a column may be
/// unique.
const NEARLY_UNIQUE: f64 = 0.85;

/// The share of rows without a value, by statistics, from which on a column is no
/// key.
const SOME_NULLS: f64 = 0.01;

/// The most columns that are tried as parts of a key, in a table where no single column
/// is one.
const MOST_FIRST: usize = 8;

/// The most keys of one table that are considered.
const MOST_KEYS: usize = 12;

/// How much these columns of a table look like its key, in log-odds.
pub fn likeness(scope: &DiscoveryScope, at: usize, columns: &[usize]) -> f64 {
    let table = &scope.tables[at];
    let declared = if table.is_primary_key(columns) {
        weights::KEY_PRIMARY.weight
    } else if table.declares(columns) {
        weights::KEY_UNIQUE.weight
    } else {
        0.0
    };
    let each = columns.iter().map(|column| {
        by_name(scope, at, *column, columns.len()) + by_type(&table.columns[*column])
    });
    let average = each.sum::<f64>() / columns.len().max(1) as f64;
    declared + average + by_place(columns)
}

fn by_name(scope: &DiscoveryScope, at: usize, column: usize, width: usize) -> f64 {
    let names = &scope.names;
    let is_key = names.column(at, column).is_key();
    let row = match () {
        () if names.is_own_key(at, column) => weights::KEY_OF_ITS_TABLE,
        () if is_key && (column == 0 || width > 1) => weights::KEY_BY_NAME,
        // The column is named after something else and is not the first, so it refers
        // to that.
        () if is_key => weights::KEY_OF_ANOTHER,
        () if scope.is_measure(at, column) && width == 1 => weights::KEY_MEASURE,
        () if scope.is_measure(at, column) => weights::KEY_MEASURE_OF_SEVERAL,
        () => return 0.0,
    };
    row.weight
}

fn by_type(column: &Column) -> f64 {
    let width = column.statistics.as_ref().map_or(8.0, |s| s.width);
    let row = match column.class {
        Some(Class::Number | Class::Uuid) => weights::KEY_NUMBER,
        Some(Class::Text) if width > LONG => weights::KEY_LONG_TEXT,
        Some(Class::Text) => return 0.0,
        Some(Class::Time) => weights::KEY_DATE,
        Some(Class::Instant) => weights::KEY_INSTANT,
        Some(Class::Other(_)) => weights::KEY_OTHER_TYPE,
        None => weights::KEY_NO_TYPE,
    };
    row.weight
}

/// The weight of the position: keys come first in a table.
fn by_place(columns: &[usize]) -> f64 {
    match columns.iter().min().copied().unwrap_or(0) {
        0 => weights::KEY_FIRST.weight,
        first => (weights::KEY_LATER.weight * first as f64).max(weights::KEY_LAST.weight),
    }
}

/// The columns of a table that may be keys by themselves, by what is declared and by
/// statistics.
pub fn by_statistics(table: &Table) -> Vec<usize> {
    let may_be = |column: &usize| {
        let of = &table.columns[*column];
        if of.class.is_none() || table.declares(&[*column]) {
            return of.class.is_some();
        }
        let (Some(statistics), Some(rows)) = (&of.statistics, table.rows) else {
            return true;
        };
        statistics.null_share < SOME_NULLS
            && statistics.width <= TOO_LONG
            && statistics.distinct_of(rows) >= NEARLY_UNIQUE * rows
    };
    (0..table.columns.len()).filter(may_be).collect()
}

/// The columns that may form a key together: those of declared keys, else the first
/// columns of a table in which no single column is a key. `keys` are the columns that
/// may be keys by themselves.
pub fn parts(scope: &DiscoveryScope, at: usize, keys: &[usize]) -> Vec<usize> {
    let table = &scope.tables[at];
    let mut parts: Vec<usize> = Vec::new();
    for column in table.keys.iter().filter(|key| key.len() > 1).flatten() {
        let is_new = !keys.contains(column) && !parts.contains(column);
        if is_new && table.columns[*column].class.is_some() {
            parts.push(*column);
        }
    }
    let single = keys.iter().any(|c| {
        table.declares(&[*c]) || scope.names.is_own_key(at, *c) || !scope.is_measure(at, *c)
    });
    if !single || !keys.is_empty() && table.rows.is_none() {
        let can_be = |column: &Column| {
            let class = column.class;
            matches!(class, Some(Class::Number | Class::Text | Class::Uuid | Class::Time))
                && column.statistics.as_ref().is_none_or(|s| s.width <= TOO_LONG)
        };
        let first: Vec<usize> = (0..table.columns.len())
            .filter(|c| !keys.contains(c) && !parts.contains(c))
            .filter(|c| can_be(&table.columns[*c]))
            .take(MOST_FIRST)
            .collect();
        parts.extend(first);
    }
    parts
}

/// The columns of each table that are keys by themselves; in a table without rows,
/// those that could be.
pub fn of_tables(scope: &DiscoveryScope, samples: &Samples) -> Vec<Vec<usize>> {
    (0..scope.tables.len()).map(|at| of_table(scope, samples, at)).collect()
}

fn of_table(scope: &DiscoveryScope, samples: &Samples, at: usize) -> Vec<usize> {
    let table = &scope.tables[at];
    let is_key = |column: &usize| match samples.of(at, &[*column]) {
        Some(sketch) if sketch.values + sketch.nulls > 0 => {
            sketch.is_key() || table.declares(&[*column])
        }
        Some(_) => {
            table.declares(&[*column]) || scope.names.is_own_key(at, *column) || *column == 0
        }
        None => table.declares(&[*column]),
    };
    let mut found: Vec<usize> = (0..table.columns.len())
        .filter(|column| table.columns[*column].class.is_some())
        .filter(is_key)
        .collect();
    // Others refer to a table by few keys, so where many columns are unique the
    // likeliest are kept.
    found.sort_by(|a, b| {
        let of = |column: usize| (table.declares(&[column]), likeness(scope, at, &[column]));
        let ((first, one), (second, other)) = (of(*a), of(*b));
        second.cmp(&first).then(other.total_cmp(&one)).then(a.cmp(b))
    });
    found.truncate(MOST_KEYS);
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_by_which_a_table_is_known_comes_first() {
        let column = |name: &str, class| Column {
            name: name.into(),
            class: Some(class),
            ..Column::default()
        };
        let mut scope = DiscoveryScope::new(vec![Table {
            name: "airports".into(),
            columns: vec![
                column("id", Class::Number),
                column("iata_code", Class::Text),
                column("name", Class::Text),
                column("opened_at", Class::Instant),
            ],
            ..Table::default()
        }]);
        let of = |scope: &DiscoveryScope, column: usize| likeness(scope, 0, &[column]);
        assert!(of(&scope, 0) > of(&scope, 1));
        assert!(of(&scope, 1) > of(&scope, 2));
        assert!(of(&scope, 2) > of(&scope, 3));
        // A declared key counts more than a name.
        scope.tables[0].keys = vec![vec![1]];
        scope.tables[0].has_primary_key = true;
        assert!(of(&scope, 1) > of(&scope, 0));
    }
}
