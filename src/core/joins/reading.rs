//! Chooses which columns to read: the second value of a discovery.
//!
//! Types, declared keys and statistics decide that before anything is read (the pruning
//! by statistics of Chen et al., PVLDB 2014).

use std::collections::HashMap;

use super::keys;
use super::scope::DiscoveryScope;
use super::sketch::K;
use super::table::{Class, Column, Pair, Statistics, Table};

/// The memory that the samples of one discovery may take, in bytes.
const MEMORY: usize = 64 << 20;

/// The bytes of a value that is kept: its hash, and how often it occurs.
const ENTRY: usize = 12;

/// The least number of values that a sample keeps, however many columns there are.
const LEAST_KEPT: usize = 64;

/// Sets of columns of one table, to be read in one pass. Each set is read as one
/// value.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub table: usize,
    pub sets: Vec<Vec<usize>>,
    /// About how many rows to read; None for all.
    pub rows: Option<f64>,
    /// The most distinct values to keep of each set.
    pub keep: usize,
}

/// The columns of a table to read by themselves.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    /// Columns that may be keys. All rows are read, because a key is known only by all
    /// of its values.
    whole: Vec<usize>,
    /// Columns that may refer to a key, of which a sample of rows is enough.
    sampled: Vec<usize>,
}

impl Wanted {
    /// Adds columns that are to be read.
    fn want(&mut self, columns: &[usize], whole: bool) {
        for column in columns {
            if whole && !self.whole.contains(column) {
                self.sampled.retain(|c| c != column);
                self.whole.push(*column);
            }
            if !whole && !self.has(*column) {
                self.sampled.push(*column);
            }
        }
    }

    fn has(&self, column: usize) -> bool {
        self.whole.contains(&column) || self.sampled.contains(&column)
    }
}

/// A column that others may refer to: by itself, or as part of a key.
struct Target<'a> {
    table: usize,
    column: usize,
    statistics: Option<&'a Statistics>,
    rows: Option<f64>,
}

/// The columns of each table to read: all rows of columns that may be keys, and about
/// `rows` of those that may refer to one. The columns of `proposed` pairs are among
/// them.
pub fn choose(scope: &DiscoveryScope, proposed: &[Pair], rows: f64) -> Vec<Reading> {
    let mut wanted = columns(scope);
    for pair in proposed {
        wanted[pair.parent].want(&pair.key, true);
        wanted[pair.child].want(&pair.columns, false);
    }
    let count: usize = wanted.iter().map(|w| w.whole.len() + w.sampled.len()).sum();
    let keep = (MEMORY / ENTRY / count.max(1)).clamp(LEAST_KEPT, K);
    let mut readings = Vec::new();
    for (table, wanted) in wanted.into_iter().enumerate() {
        for (columns, rows) in [(wanted.whole, None), (wanted.sampled, Some(rows))] {
            if !columns.is_empty() {
                let sets = columns.into_iter().map(|c| vec![c]).collect();
                readings.push(Reading { table, sets, rows, keep });
            }
        }
    }
    readings
}

fn columns(scope: &DiscoveryScope) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> =
        (0..scope.tables.len()).map(|at| keys_and_parts(scope, at)).collect();
    let mut targets: HashMap<Class, Vec<Target>> = HashMap::new();
    for (at, (table, wanted)) in scope.tables.iter().zip(&wanted).enumerate() {
        for column in wanted.whole.iter().chain(&wanted.sampled) {
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
    }
    for (at, column) in scope.columns() {
        let (table, of) = (&scope.tables[at], scope.column(at, column));
        let known = of.class.and_then(|class| targets.get(&class));
        let fits = |target: &Target| {
            (target.table, target.column) != (at, column) && may_lie_in(of, table, target)
        };
        if !wanted[at].has(column) && known.into_iter().flatten().any(fits) {
            wanted[at].sampled.push(column);
        }
    }
    wanted
}

/// The columns that others may refer to.
fn keys_and_parts(scope: &DiscoveryScope, at: usize) -> Wanted {
    let table = &scope.tables[at];
    let mut whole = keys::by_statistics(table);
    // A column that describes a row, in a table that has a key by name, is referred to
    // only by copies.
    let has_key = whole.iter().any(|c| scope.names.is_own_key(at, *c) || table.declares(&[*c]));
    whole.retain(|c| {
        let described = scope.is_measure(at, *c) && !table.declares(&[*c]);
        !(has_key && scope.names.are_informative() && described)
    });
    let sampled = keys::parts(scope, at, &whole);
    Wanted { whole, sampled }
}

/// Whether, by statistics, a column's values may lie in another's.
fn may_lie_in(of: &Column, table: &Table, target: &Target) -> bool {
    let (Some(own), Some(its)) = (&of.statistics, target.statistics) else {
        return true;
    };
    if let (Some(rows), Some(there)) = (table.rows, target.rows)
        && own.distinct_of(rows) > 2.0 * its.distinct_of(there) + 10.0
    {
        return false;
    }
    if let (Some(low), Some(high), Some(lowest), Some(highest)) =
        (own.low, own.high, its.low, its.high)
    {
        // Statistics are made from some rows only.
        let slack = 0.05 * (highest - lowest) + 2.0;
        let overlap = high.min(highest + slack) - low.max(lowest - slack);
        return overlap >= 0.5 * (high - low);
    }
    // The average length of some of a key's values is close to that of all.
    own.width <= 2.0 * its.width + 6.0 && its.width <= 2.0 * own.width + 6.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::testing::shop;

    /// The table, the columns, and whether all rows are read.
    fn chosen(scope: &DiscoveryScope) -> Vec<(usize, Vec<usize>, bool)> {
        choose(scope, &[], 1000.0)
            .into_iter()
            .map(|r| (r.table, r.sets.concat(), r.rows.is_none()))
            .collect()
    }

    #[test]
    fn statistics_leave_out_what_cannot_match() {
        // The 4,000 values up to 900,000 are in neither key. Ages may be customers'
        // numbers, which only the data can tell.
        let expected =
            [(0, vec![0], true), (0, vec![1], false), (1, vec![0], true), (1, vec![1], false)];
        assert_eq!(chosen(&DiscoveryScope::new(shop())), expected);
    }

    #[test]
    fn without_statistics_everything_is_read() {
        let mut tables = shop();
        tables.iter_mut().for_each(|t| {
            t.rows = None;
            t.columns.iter_mut().for_each(|c| c.statistics = None);
        });
        let chosen = chosen(&DiscoveryScope::new(tables));
        assert!(chosen.contains(&(1, vec![0, 1, 2], true)), "{chosen:?}");
    }

    #[test]
    fn what_is_proposed_is_read_and_memory_is_bounded() {
        let scope = DiscoveryScope::new(shop());
        let pair = Pair { child: 1, columns: vec![2], parent: 0, key: vec![1] };
        let readings = choose(&scope, &[pair], 1000.0);
        let sets: Vec<&Vec<usize>> = readings.iter().flat_map(|r| &r.sets).collect();
        assert_eq!(sets.len(), 5);
        assert!(readings.iter().all(|r| r.keep == K));
        let column = scope.tables[1].columns[1].clone();
        let mut wide = shop();
        wide[1].columns.extend(std::iter::repeat_n(column, 20_000));
        let readings = choose(&DiscoveryScope::new(wide), &[], 1000.0);
        let kept: usize = readings.iter().map(|r| r.sets.len() * r.keep).sum();
        assert!(kept * ENTRY <= MEMORY, "{kept}");
    }
}
