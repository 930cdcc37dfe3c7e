//! Which columns are worth reading, and which pairs of them worth weighing.
//!
//! Cheapest first: types, declared keys and statistics decide what is read at all
//! (the pruning by statistics of Chen et al., PVLDB 2014); the samples of what was
//! read then leave few pairs of the many that there could be.

use std::collections::HashMap;

use super::evidence::{measure, too_few};
use super::names::Names;
use super::sketch::Sketch;
use super::{Class, Column, Pair, Statistics, Table, keys};

/// Beyond this many bytes on average nothing is a key.
const TOO_LONG: f64 = 64.0;

/// The share of distinct values, by statistics, from which on a column may be
/// unique.
const NEARLY_UNIQUE: f64 = 0.85;

/// The share of rows whose value must be in a key to be weighed at all.
const MOSTLY_WITHIN: f64 = 0.8;

/// The columns of a table to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Those that may be keys: a key is known only by all of its values.
    pub whole: Vec<usize>,
    /// Those that may refer to one: a sample of rows is enough.
    pub sampled: Vec<usize>,
}

impl Reading {
    /// Sees to it that columns are read.
    pub fn want(&mut self, columns: &[usize], whole: bool) {
        for column in columns {
            if whole && !self.whole.contains(column) {
                self.sampled.retain(|c| c != column);
                self.whole.push(*column);
            }
            if !whole && !self.whole.contains(column) && !self.sampled.contains(column) {
                self.sampled.push(*column);
            }
        }
    }
}

/// A column that others may refer to: by itself, or as part of a key.
struct Target<'a> {
    table: usize,
    column: usize,
    statistics: Option<&'a Statistics>,
    rows: Option<f64>,
}

/// What to read of each table.
pub fn readings(tables: &[Table], names: &Names) -> Vec<Reading> {
    let mut targets: HashMap<Class, Vec<Target>> = HashMap::new();
    let mut readings: Vec<Reading> = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let mut keys: Vec<usize> =
            (0..table.columns.len()).filter(|c| may_be_key(table, *c)).collect();
        // What describes a row, in a table that has a key by name, is referred to by
        // nothing but copies.
        let has_key = keys.iter().any(|c| names.is_own_key(at, *c) || table.declares(&[*c]));
        keys.retain(|c| {
            let described = is_measure(table, at, *c, names) && !table.declares(&[*c]);
            !(has_key && names.are_informative() && described)
        });
        let parts = key_parts(table, at, &keys, names);
        for column in keys.iter().chain(&parts) {
            let of = &table.columns[*column];
            if let Some(class) = of.class {
                targets.entry(class).or_default().push(Target {
                    table: at,
                    column: *column,
                    statistics: of.statistics.as_ref(),
                    rows: table.rows,
                });
            }
        }
        readings.push(Reading { whole: keys, sampled: parts });
    }
    for (at, table) in tables.iter().enumerate() {
        for (column, of) in table.columns.iter().enumerate() {
            let reading = &mut readings[at];
            if reading.whole.contains(&column) || reading.sampled.contains(&column) {
                continue;
            }
            let known = of.class.and_then(|class| targets.get(&class));
            let fits = known.into_iter().flatten().any(|target| {
                (target.table, target.column) != (at, column) && may_lie_in(of, table, target)
            });
            if fits {
                reading.sampled.push(column);
            }
        }
    }
    readings
}

/// Whether a column is called as measures and descriptions are.
pub fn is_measure(table: &Table, at: usize, column: usize, names: &Names) -> bool {
    names.column(at, column).is_measure(table.columns[column].class == Some(Class::Text))
}

/// Whether a column may be a key, by what is declared and by statistics.
fn may_be_key(table: &Table, column: usize) -> bool {
    let of = &table.columns[column];
    if of.class.is_none() {
        return false;
    }
    if table.declares(&[column]) {
        return true;
    }
    let (Some(statistics), Some(rows)) = (&of.statistics, table.rows) else {
        return true;
    };
    statistics.null_share < 0.01
        && statistics.width <= TOO_LONG
        && distinct(statistics, rows) >= NEARLY_UNIQUE * rows
}

/// The columns that may make a key together: those of declared keys, else the
/// first ones of a table in which no column is a key by itself.
fn key_parts(table: &Table, at: usize, keys: &[usize], names: &Names) -> Vec<usize> {
    let declared: Vec<usize> = table
        .keys
        .iter()
        .filter(|key| key.len() > 1)
        .flatten()
        .copied()
        .filter(|c| !keys.contains(c))
        .collect();
    let mut parts: Vec<usize> = Vec::new();
    for column in declared {
        if table.columns[column].class.is_some() && !parts.contains(&column) {
            parts.push(column);
        }
    }
    let single = keys.iter().any(|c| {
        table.declares(&[*c]) || names.is_own_key(at, *c) || !is_measure(table, at, *c, names)
    });
    if !single || !keys.is_empty() && table.rows.is_none() {
        let first = (0..table.columns.len())
            .filter(|c| !keys.contains(c) && !parts.contains(c))
            .filter(|c| {
                matches!(
                    table.columns[*c].class,
                    Some(Class::Number | Class::Text | Class::Uuid | Class::Time)
                )
            })
            .filter(|c| table.columns[*c].statistics.as_ref().is_none_or(|s| s.width <= TOO_LONG))
            .take(8);
        let first: Vec<usize> = first.collect();
        parts.extend(first);
    }
    parts
}

fn distinct(statistics: &Statistics, rows: f64) -> f64 {
    match statistics.distinct {
        d if d < 0.0 => -d * rows,
        d => d,
    }
}

/// Whether, by statistics, a column's values may lie in another's.
fn may_lie_in(of: &Column, table: &Table, target: &Target) -> bool {
    let (Some(own), Some(its)) = (&of.statistics, target.statistics) else {
        return true;
    };
    if let (Some(rows), Some(there)) = (table.rows, target.rows)
        && distinct(own, rows) > 2.0 * distinct(its, there) + 10.0
    {
        return false;
    }
    if let (Some(low), Some(high), Some(lowest), Some(highest)) =
        (own.low, own.high, its.low, its.high)
    {
        // Statistics know the values of some rows only.
        let slack = 0.05 * (highest - lowest) + 2.0;
        let overlap = high.min(highest + slack) - low.max(lowest - slack);
        return overlap >= 0.5 * (high - low);
    }
    // Of some of a key's values the average is not far from that of all.
    own.width <= 2.0 * its.width + 6.0 && its.width <= 2.0 * own.width + 6.0
}

/// Keys of one table that are looked at.
const MOST_KEYS: usize = 12;

/// Keys that one column may refer to that are weighed.
const MOST_PARENTS: usize = 40;

/// The samples of all columns that were read.
pub type Sketches = HashMap<(usize, Vec<usize>), Sketch>;

/// Whether a column is unique in fact and always there.
pub fn is_key_in_fact(sketch: &Sketch) -> bool {
    sketch.is_unique() && sketch.nulls * 100 <= sketch.values
}

/// The columns of a table that are keys by themselves; of a table without rows,
/// those that could be.
pub fn single_keys(table: &Table, at: usize, sketches: &Sketches, names: &Names) -> Vec<usize> {
    let mut found: Vec<usize> = (0..table.columns.len())
        .filter(|column| table.columns[*column].class.is_some())
        .filter(|column| match sketches.get(&(at, vec![*column])) {
            Some(sketch) if sketch.values + sketch.nulls > 0 => {
                is_key_in_fact(sketch) || table.declares(&[*column])
            }
            Some(_) => table.declares(&[*column]) || names.is_own_key(at, *column) || *column == 0,
            None => table.declares(&[*column]),
        })
        .collect();
    // A table is not referred to by more: where many columns are unique, the likeliest.
    found.sort_by(|a, b| {
        let of = |column: usize| {
            (table.declares(&[column]), keys::likeness(table, at, &[column], names))
        };
        let ((first, one), (second, other)) = (of(*a), of(*b));
        second.cmp(&first).then(other.total_cmp(&one)).then(a.cmp(b))
    });
    found.truncate(MOST_KEYS);
    found.sort_unstable();
    found
}

/// A pair of single columns to be weighed, or to be looked at again.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub pair: Pair,
    /// The samples cannot tell: what the child keeps must be looked for in all of
    /// the parent.
    pub undecided: bool,
}

/// The pairs of single columns of which most values lie in a key. `of_tables` are the
/// keys of each table. Where there are no values, those whose names speak of each
/// other by at least `named`.
pub fn pairs(
    tables: &[Table],
    of_tables: &[Vec<usize>],
    sketches: &Sketches,
    names: &Names,
    mut step: impl FnMut(),
) -> Vec<Found> {
    let mut by_class: HashMap<Class, Vec<(usize, usize)>> = HashMap::new();
    for (at, of) in of_tables.iter().enumerate() {
        for column in of {
            if let Some(class) = tables[at].columns[*column].class {
                by_class.entry(class).or_default().push((at, *column));
            }
        }
    }
    let mut found = Vec::new();
    for (child, table) in tables.iter().enumerate() {
        for (column, of) in table.columns.iter().enumerate() {
            step();
            let Some(class) = of.class else {
                continue;
            };
            let before = found.len();
            let own = sketches.get(&(child, vec![column]));
            for (parent, key) in by_class.get(&class).into_iter().flatten() {
                if (child, column) == (*parent, *key) {
                    continue;
                }
                let theirs = sketches.get(&(*parent, vec![*key]));
                let undecided = match (own, theirs) {
                    (Some(own), Some(theirs)) if own.values > 0 && theirs.values > 0 => {
                        if own.fractions > 0 || !starts_within(own, theirs) {
                            continue;
                        }
                        let undecided = is_undecided(own, theirs);
                        if !undecided && !mostly_within(own, theirs) {
                            continue;
                        }
                        if undecided && !in_range(own, theirs) {
                            continue;
                        }
                        // Numbers in a key of 1 to n, by another name: never likely enough.
                        let weak = || measure(own, theirs, None).surprise < 0.5;
                        if !undecided
                            && names.are_informative()
                            && names.resemblance((child, column), (*parent, *key)) < 0.45
                            && class == Class::Number
                            && weak()
                        {
                            continue;
                        }
                        undecided
                    }
                    // Nothing to compare: names alone. What has values refers to no
                    // empty table.
                    (own, theirs)
                        if own.is_none_or(is_empty) && (own.is_some() || theirs.is_some()) =>
                    {
                        if names.resemblance((child, column), (*parent, *key)) < 0.75 {
                            continue;
                        }
                        false
                    }
                    _ => continue,
                };
                found.push(Found {
                    pair: Pair { child, columns: vec![column], parent: *parent, key: vec![*key] },
                    undecided,
                });
            }
            if found.len() - before > MOST_PARENTS {
                let named = |one: &Found| {
                    names.resemblance((child, column), (one.pair.parent, one.pair.key[0]))
                };
                let mut likeliest: Vec<(f64, Found)> =
                    found.drain(before..).map(|one| (named(&one), one)).collect();
                likeliest.sort_by(|a, b| b.0.total_cmp(&a.0));
                found.extend(likeliest.into_iter().take(MOST_PARENTS).map(|(_, one)| one));
            }
        }
    }
    found
}

/// Whether the samples of two columns tell too little, see
/// [`super::evidence::Measured::is_undecided`].
pub(super) fn is_undecided(own: &Sketch, theirs: &Sketch) -> bool {
    too_few(own.within(theirs).values, own.distinct())
}

pub(super) fn mostly_within(own: &Sketch, theirs: &Sketch) -> bool {
    own.within(theirs).share() >= Some(MOSTLY_WITHIN)
}

fn is_empty(sketch: &Sketch) -> bool {
    sketch.values == 0
}

/// Whether the first values that both samples can tell about are mostly there:
/// most pairs fail here.
pub(super) fn starts_within(child: &Sketch, parent: &Sketch) -> bool {
    let first = child.hashes.iter().take(32);
    let told: Vec<&u64> = first.filter(|h| parent.threshold.is_none_or(|t| **h <= t)).collect();
    let found = told.iter().filter(|h| parent.hashes.binary_search(h).is_ok()).count();
    told.len() < 8 || found * 3 >= told.len()
}

/// Whether a column's numbers lie between the key's, but for a few.
pub(super) fn in_range(child: &Sketch, parent: &Sketch) -> bool {
    let (Some((low, high)), true) = (parent.range, child.range.is_some()) else {
        return child.range.is_none();
    };
    let numbers = child.numbers();
    let inside = numbers.iter().filter(|n| (low..=high).contains(*n)).count();
    inside * 10 >= numbers.len() * 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::names::Named;
    use crate::joins::sketch::{Builder, Value};

    fn column(name: &str, distinct: f64, low: f64, high: f64) -> Column {
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

    fn shop() -> Vec<Table> {
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

    fn names(tables: &[Table]) -> Names {
        let named: Vec<Named> = tables
            .iter()
            .map(|t| Named {
                table: &t.name,
                columns: t.columns.iter().map(|c| c.name.as_str()).collect(),
            })
            .collect();
        Names::new(&named)
    }

    #[test]
    fn statistics_leave_out_what_cannot_match() {
        let tables = shop();
        let readings = readings(&tables, &names(&tables));
        assert_eq!(readings[0].whole, [0]);
        assert_eq!(readings[1].whole, [0]);
        // 4,000 values up to 900,000 are in neither key.
        assert_eq!(readings[1].sampled, [1]);
        // Ages may be customers' numbers: that is for the data to say.
        assert_eq!(readings[0].sampled, [1]);
    }

    #[test]
    fn without_statistics_everything_is_read() {
        let mut tables = shop();
        tables.iter_mut().for_each(|t| {
            t.rows = None;
            t.columns.iter_mut().for_each(|c| c.statistics = None);
        });
        let readings = readings(&tables, &names(&tables));
        assert_eq!(readings[1].whole, [0, 1, 2]);
    }

    #[test]
    fn pairs_are_those_whose_values_lie_in_a_key() {
        let tables = shop();
        let sketch = |numbers: Vec<i64>| {
            let mut builder = Builder::default();
            numbers.into_iter().for_each(|n| builder.add(Value::Whole(n)));
            builder.finish()
        };
        let mut sketches = Sketches::new();
        sketches.insert((0, vec![0]), sketch((1..=1000).collect()));
        sketches.insert((0, vec![1]), sketch((0..1000).map(|n| 18 + n % 60).collect()));
        sketches.insert((1, vec![0]), sketch((100_001..=105_000).collect()));
        sketches.insert((1, vec![1]), sketch((0..5000).map(|n| 1 + n % 900).collect()));
        let names = names(&tables);
        let keys: Vec<Vec<usize>> = tables
            .iter()
            .enumerate()
            .map(|(at, t)| single_keys(t, at, &sketches, &names))
            .collect();
        assert_eq!(keys, [vec![0], vec![0]]);
        let found: Vec<(usize, usize)> = pairs(&tables, &keys, &sketches, &names, || {})
            .into_iter()
            .map(|f| (f.pair.child, f.pair.columns[0]))
            .collect();
        // Ages lie in it too, and are called for something else.
        assert_eq!(found, [(1, 1)]);
    }
}
