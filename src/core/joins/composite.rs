//! Keys of several columns, and what may refer to them.

use std::collections::HashSet;

use super::candidates::{Sketches, in_range, is_undecided, mostly_within, starts_within};
use super::evidence::measure;
use super::names::Names;
use super::{Pair, Table};

/// Columns of a composite key at most, where it is not declared.
const WIDEST: usize = 3;

/// Ways to match one composite key that are tried.
const MOST_WAYS: usize = 12;

/// The first columns of a table, where its keys are.
const MOST_PARTS: usize = 10;

/// Sets of columns that are tried for one pair of tables.
const MOST_TRIED: usize = 40;

/// Several columns of a table that may refer to as many of another, which may be
/// a key together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Several {
    pub pair: Pair,
    pub declared: bool,
}

/// The pairs of several columns to be looked at: each column lies in the one in
/// step, and the names speak of each other, where they say anything.
pub fn several(
    tables: &[Table],
    keys: &[Vec<usize>],
    sketches: &Sketches,
    names: &Names,
    mut step: impl FnMut(),
) -> Vec<Several> {
    let mut found: Vec<Several> = Vec::new();
    for (parent, table) in tables.iter().enumerate() {
        let declared: Vec<Vec<usize>> =
            table.keys.iter().filter(|key| key.len() > 1).cloned().collect();
        let has_single = keys[parent].iter().any(|c| {
            table.declares(&[*c]) || names.is_own_key(parent, *c) || *c == 0 && is_short(table, *c)
        });
        let parts: Vec<usize> = (0..table.columns.len())
            .filter(|c| !keys[parent].contains(c))
            .filter(|c| {
                sketches
                    .get(&(parent, vec![*c]))
                    .is_some_and(|s| s.values > 0 && s.nulls == 0 && s.fractions == 0)
            })
            .take(MOST_PARTS)
            .collect();
        for child in 0..tables.len() {
            step();
            if child == parent && declared.is_empty() {
                continue;
            }
            for key in &declared {
                for columns in ways(tables, sketches, names, child, parent, key) {
                    found.push(Several {
                        pair: Pair { child, columns, parent, key: key.clone() },
                        declared: true,
                    });
                }
            }
            if declared.is_empty() && !has_single && parts.len() > 1 {
                found.extend(undeclared(tables, sketches, names, child, parent, &parts));
            }
        }
    }
    let mut seen = HashSet::new();
    found.retain(|one| seen.insert(one.pair.clone()));
    found
}

fn is_short(table: &Table, column: usize) -> bool {
    table.columns[column].statistics.as_ref().is_none_or(|s| s.width <= 40.0)
}

/// The columns of `child` that may stand for one column of a key, best first.
fn options(
    tables: &[Table],
    sketches: &Sketches,
    names: &Names,
    child: usize,
    parent: (usize, usize),
) -> Vec<(usize, f64)> {
    let class = tables[parent.0].columns[parent.1].class;
    let Some(theirs) = sketches.get(&(parent.0, vec![parent.1])) else {
        return Vec::new();
    };
    let mut all: Vec<(usize, f64)> = (0..tables[child].columns.len())
        .filter(|column| {
            tables[child].columns[*column].class == class && (child, *column) != parent
        })
        .filter_map(|column| {
            let own = sketches.get(&(child, vec![column]))?;
            if own.values == 0 || own.fractions > 0 || !starts_within(own, theirs) {
                return None;
            }
            let undecided = is_undecided(own, theirs);
            if !undecided && !mostly_within(own, theirs) || undecided && !in_range(own, theirs) {
                return None;
            }
            let measured = measure(own, theirs, None);
            let named = match names.are_informative() {
                true => names.part_resemblance((child, column), parent),
                // Which covers more, where names say nothing.
                false => 0.5 + 0.4 * measured.coverage,
            };
            (named >= 0.45).then_some((column, named))
        })
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(3);
    all
}

/// The ways in which columns of a table may stand for those of a key.
fn ways(
    tables: &[Table],
    sketches: &Sketches,
    names: &Names,
    child: usize,
    parent: usize,
    key: &[usize],
) -> Vec<Vec<usize>> {
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for column in key {
        let options = options(tables, sketches, names, child, (parent, *column));
        ways = ways
            .iter()
            .flat_map(|way| {
                options
                    .iter()
                    .filter(|(option, _)| !way.contains(option))
                    .map(|(option, _)| [&way[..], &[*option]].concat())
            })
            .take(MOST_WAYS)
            .collect();
    }
    // A table's own key is no reference to itself.
    ways.retain(|way| (child, &way[..]) != (parent, key));
    ways
}

/// As [`ways`], for keys that nobody has declared: the columns of which the names
/// speak most, as many as there are.
fn undeclared(
    tables: &[Table],
    sketches: &Sketches,
    names: &Names,
    child: usize,
    parent: usize,
    parts: &[usize],
) -> Vec<Several> {
    let least = if names.are_informative() { 0.66 } else { 0.0 };
    let mut matched: Vec<(usize, Vec<(usize, f64)>)> = parts
        .iter()
        .map(|part| {
            let mut options = options(tables, sketches, names, child, (parent, *part));
            options.retain(|(_, named)| *named >= least);
            (*part, options)
        })
        .filter(|(_, options)| !options.is_empty())
        .collect();
    matched.sort_by(|a, b| b.1[0].1.total_cmp(&a.1[0].1).then(a.0.cmp(&b.0)));
    matched.truncate(5);
    let mut keys: Vec<Vec<usize>> = Vec::new();
    for first in 0..matched.len() {
        for second in first + 1..matched.len() {
            keys.push(vec![first, second]);
            keys.extend((second + 1..matched.len()).map(|third| vec![first, second, third]));
        }
    }
    let mut found: Vec<Several> = Vec::new();
    for key in keys.iter().filter(|key| key.len() <= WIDEST) {
        let mut ways: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        for at in key {
            let (part, options) = &matched[*at];
            ways = ways
                .iter()
                .flat_map(|way| {
                    options
                        .iter()
                        .filter(|(option, _)| !way.iter().any(|(_, c)| c == option))
                        .map(|(option, _)| [&way[..], &[(*part, *option)]].concat())
                })
                .take(MOST_WAYS)
                .collect();
        }
        ways.retain(|way| may_be_unique(sketches, parent, way));
        found.extend(ways.into_iter().map(|mut way| {
            way.sort_unstable();
            let (key, columns) = way.into_iter().unzip();
            Several { pair: Pair { child, columns, parent, key }, declared: false }
        }));
    }
    found.truncate(MOST_TRIED);
    found
}

/// Whether there are as many combinations of values as rows.
fn may_be_unique(sketches: &Sketches, parent: usize, set: &[(usize, usize)]) -> bool {
    let of = |column: usize| sketches.get(&(parent, vec![column]));
    let rows = set.iter().filter_map(|(c, _)| of(*c)).map(|s| s.values).max().unwrap_or(0);
    let combinations: f64 =
        set.iter().filter_map(|(c, _)| of(*c)).map(|s| s.distinct().max(1.0)).product();
    combinations >= 0.9 * rows as f64
}

/// Of sets of columns that are keys of the same table, those of which nothing can be
/// left out: where those of a narrower one do not lie in it together, those of a
/// wider one do not either.
pub fn narrowest(all: Vec<Several>) -> Vec<Several> {
    let steps = |one: &Several| -> Vec<(usize, usize)> {
        one.pair.key.iter().copied().zip(one.pair.columns.iter().copied()).collect()
    };
    let contains = |wide: &Several, narrow: &Several| {
        let own = steps(wide);
        narrow.pair.child == wide.pair.child
            && narrow.pair.parent == wide.pair.parent
            && narrow.pair.key.len() < wide.pair.key.len()
            && steps(narrow).iter().all(|step| own.contains(step))
    };
    let needed = |one: &Several| one.declared || !all.iter().any(|narrow| contains(one, narrow));
    all.iter().filter(|one| needed(one)).cloned().collect()
}
