//! Keys of several columns, and what may refer to them.
//!
//! Sets of columns are read together, in rounds that narrow each other: sets that may
//! be keys in some rows ([`probes`]), in all rows ([`key_readings`]), and sets that
//! refer to those that are keys ([`that_are_keys`], [`child_readings`]).

use std::collections::HashSet;

use super::compare::{Comparison, Several};
use super::measure::{Glance, Measured, glance, measure};
use super::reading::Reading;
use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::sketch::K;
use super::table::{Pair, Table};

/// The most columns of a composite key that is not declared.
const WIDEST: usize = 3;

/// The most ways to match one composite key that are tried.
const MOST_WAYS: usize = 12;

/// The number of first columns of a table that are considered as parts of its keys.
const MOST_PARTS: usize = 10;

/// The most columns that are tried for one column of a key.
const MOST_OPTIONS: usize = 3;

/// The most columns of an undeclared key that are combined.
const MOST_MATCHED: usize = 5;

/// The most sets of columns that are tried for one pair of tables.
const MOST_TRIED: usize = 40;

/// The likeness that the names of two corresponding columns must have, where names say
/// anything.
const NAMED: f64 = 0.45;
const NAMED_UNDECLARED: f64 = 0.66;

/// The average number of bytes up to which a first column is a key by itself.
const SHORT: f64 = 40.0;

/// The rows of a sample that shows whether anything repeats.
const A_FEW_ROWS: f64 = 100_000.0;

/// The share of rows whose combination of values must be in the key, where each value
/// is by itself.
const TOGETHER: f64 = 0.95;

/// The sets of several columns that a table can be referred to by.
struct Keys<'a> {
    parent: usize,
    declared: Vec<&'a [usize]>,
    /// Columns that may form a key together; none where a single column is a key.
    parts: Vec<usize>,
}

impl Comparison<'_> {
    /// The pairs of several columns to weigh, for each two tables: each column lies in
    /// the corresponding one, and the names suggest it, where they say anything.
    pub fn several(&self) -> impl Iterator<Item = Vec<Several>> + '_ {
        let tables = || 0..self.scope.tables.len();
        tables().flat_map(move |parent| {
            let keys = self.keys_of(parent);
            tables().map(move |child| self.between(child, &keys))
        })
    }

    fn keys_of(&self, parent: usize) -> Keys<'_> {
        let table = &self.scope.tables[parent];
        let single = &self.keys()[parent];
        let declared: Vec<&[usize]> =
            table.keys.iter().filter(|key| key.len() > 1).map(Vec::as_slice).collect();
        let has_single = single.iter().any(|c| {
            table.declares(&[*c])
                || self.scope.names.is_own_key(parent, *c)
                || *c == 0 && is_short(table, *c)
        });
        let is_part = |column: &usize| {
            let sketch = self.samples.of(parent, &[*column]);
            sketch.is_some_and(|s| s.values > 0 && s.nulls == 0 && s.fractions == 0)
        };
        let parts = match declared.is_empty() && !has_single {
            true => (0..table.columns.len())
                .filter(|c| !single.contains(c))
                .filter(is_part)
                .take(MOST_PARTS)
                .collect(),
            false => Vec::new(),
        };
        Keys { parent, declared, parts }
    }

    fn between(&self, child: usize, keys: &Keys) -> Vec<Several> {
        let parent = keys.parent;
        if child == parent && keys.declared.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Several> = Vec::new();
        for key in &keys.declared {
            found.extend(self.ways(child, parent, key).into_iter().map(|columns| Several {
                pair: Pair { child, columns, parent, key: key.to_vec() },
                stays: true,
            }));
        }
        if keys.parts.len() > 1 {
            found.extend(self.undeclared(child, parent, &keys.parts));
        }
        found
    }

    /// The columns of `child` that may stand for one column of a key, best first.
    fn options(&self, child: usize, parent: (usize, usize)) -> Vec<(usize, f64)> {
        let (scope, names) = (self.scope, &self.scope.names);
        let class = scope.column(parent.0, parent.1).class;
        let Some(theirs) = self.samples.of(parent.0, &[parent.1]) else {
            return Vec::new();
        };
        let mut all: Vec<(usize, f64)> = (0..scope.tables[child].columns.len())
            .filter(|column| {
                scope.column(child, *column).class == class && (child, *column) != parent
            })
            .filter_map(|column| {
                let own = self.samples.of(child, &[column])?;
                if own.values == 0 || glance(own, theirs) == Glance::Apart {
                    return None;
                }
                let named = match names.are_informative() {
                    true => names.part_resemblance((child, column), parent),
                    // Where names say nothing, the column that covers more comes first.
                    false => 0.5 + 0.4 * measure(own, theirs, None).coverage,
                };
                (named >= NAMED).then_some((column, named))
            })
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(MOST_OPTIONS);
        all
    }

    /// The ways in which columns of a table may stand for those of a key.
    fn ways(&self, child: usize, parent: usize, key: &[usize]) -> Vec<Vec<usize>> {
        let options: Vec<Vec<(usize, f64)>> =
            key.iter().map(|column| self.options(child, (parent, *column))).collect();
        let mut ways = combinations(&options.iter().map(Vec::as_slice).collect::<Vec<_>>());
        // The key of a table does not refer to itself.
        ways.retain(|way| (child, &way[..]) != (parent, key));
        ways
    }

    /// As [`Self::ways`], for keys that nobody has declared: as many columns of the key
    /// as the names suggest most.
    fn undeclared(&self, child: usize, parent: usize, parts: &[usize]) -> Vec<Several> {
        let least = if self.scope.names.are_informative() { NAMED_UNDECLARED } else { 0.0 };
        let mut matched: Vec<(usize, Vec<(usize, f64)>)> = parts
            .iter()
            .map(|part| {
                let mut options = self.options(child, (parent, *part));
                options.retain(|(_, named)| *named >= least);
                (*part, options)
            })
            .filter(|(_, options)| !options.is_empty())
            .collect();
        matched.sort_by(|a, b| b.1[0].1.total_cmp(&a.1[0].1).then(a.0.cmp(&b.0)));
        matched.truncate(MOST_MATCHED);
        let mut found: Vec<Several> = Vec::new();
        for places in sets_of(matched.len()) {
            let key: Vec<usize> = places.iter().map(|at| matched[*at].0).collect();
            let options: Vec<&[(usize, f64)]> =
                places.iter().map(|at| matched[*at].1.as_slice()).collect();
            if !self.may_be_unique(parent, &key) {
                continue;
            }
            found.extend(combinations(&options).into_iter().map(|columns| {
                let mut steps: Vec<(usize, usize)> = key.iter().copied().zip(columns).collect();
                steps.sort_unstable();
                let (key, columns) = steps.into_iter().unzip();
                Several { pair: Pair { child, columns, parent, key }, stays: false }
            }));
        }
        found.truncate(MOST_TRIED);
        found
    }

    /// Whether there are as many combinations of values as rows.
    fn may_be_unique(&self, parent: usize, key: &[usize]) -> bool {
        let sketches = || key.iter().filter_map(|c| self.samples.of(parent, &[*c]));
        let rows = sketches().map(|s| s.values).max().unwrap_or(0);
        let combinations: f64 = sketches().map(|s| s.distinct().max(1.0)).product();
        combinations >= 0.9 * rows as f64
    }
}

fn is_short(table: &Table, column: usize) -> bool {
    table.columns[column].statistics.as_ref().is_none_or(|s| s.width <= SHORT)
}

/// All ways to take one option of each list, none twice.
fn combinations(options: &[&[(usize, f64)]]) -> Vec<Vec<usize>> {
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for step in options {
        ways = ways
            .iter()
            .flat_map(|way| {
                step.iter()
                    .filter(|(option, _)| !way.contains(option))
                    .map(|(option, _)| [&way[..], &[*option]].concat())
            })
            .take(MOST_WAYS)
            .collect();
    }
    ways
}

/// The sets of two and three out of `count` columns.
fn sets_of(count: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for first in 0..count {
        for second in first + 1..count {
            sets.push(vec![first, second]);
            sets.extend((second + 1..count).map(|third| vec![first, second, third]));
        }
    }
    sets.retain(|set| set.len() <= WIDEST);
    sets
}

/// The pairs that were found, each once, and those that were proposed.
pub fn with_proposed(found: Vec<Several>, proposed: &[Pair]) -> Vec<Several> {
    let mut seen = HashSet::new();
    let asked = |pair: &Pair| proposed.contains(pair);
    let mut all: Vec<Several> = found
        .into_iter()
        .filter(|one| seen.insert(one.pair.clone()))
        .map(|one| Several { stays: one.stays || asked(&one.pair), ..one })
        .collect();
    let wide = proposed.iter().filter(|pair| pair.columns.len() > 1);
    let missing = wide.filter(|pair| seen.insert((*pair).clone()));
    all.extend(missing.map(|pair| Several { pair: pair.clone(), stays: true }));
    all
}

/// The undeclared keys of large tables, to be read in some rows: a combination that
/// repeats there is no key.
pub fn probes(scope: &DiscoveryScope, several: &[Several]) -> Vec<Reading> {
    let is_large = |table: &Table| table.guessed_rows.is_some_and(|rows| rows > 2.0 * A_FEW_ROWS);
    let undeclared = |table: usize, set: &[usize]| {
        is_large(&scope.tables[table]) && !scope.tables[table].declares(set)
    };
    together(
        scope,
        several.iter().map(|s| (s.pair.parent, &s.pair.key)),
        Some(A_FEW_ROWS),
        undeclared,
    )
}

/// The keys, to be read in all rows, without those that a probe has ruled out, and
/// those that were read.
pub fn key_readings(
    scope: &DiscoveryScope,
    several: &[Several],
    probed: &Samples,
    read: &Samples,
) -> Vec<Reading> {
    let wanted = |table: usize, set: &[usize]| {
        let repeats = probed.of(table, set).is_some_and(|sketch| sketch.repeated > 0);
        !repeats && read.of(table, set).is_none()
    };
    together(scope, several.iter().map(|s| (s.pair.parent, &s.pair.key)), None, wanted)
}

/// The columns that may refer to the keys, to be read in about `rows` rows.
pub fn child_readings(
    scope: &DiscoveryScope,
    several: &[Several],
    read: &Samples,
    rows: f64,
) -> Vec<Reading> {
    let wanted = |table: usize, set: &[usize]| read.of(table, set).is_none();
    together(scope, several.iter().map(|s| (s.pair.child, &s.pair.columns)), Some(rows), wanted)
}

/// The sets of columns of each table that are wanted, each once.
fn together<'a>(
    scope: &DiscoveryScope,
    sets: impl Iterator<Item = (usize, &'a Vec<usize>)>,
    rows: Option<f64>,
    wanted: impl Fn(usize, &[usize]) -> bool,
) -> Vec<Reading> {
    let mut of_tables: Vec<Vec<Vec<usize>>> = vec![Vec::new(); scope.tables.len()];
    for (table, set) in sets.filter(|(table, set)| wanted(*table, set)) {
        of_tables[table].push(set.clone());
    }
    let reading = |(table, mut sets): (usize, Vec<Vec<usize>>)| {
        sets.sort();
        sets.dedup();
        (!sets.is_empty()).then_some(Reading { table, sets, rows, keep: K })
    };
    of_tables.into_iter().enumerate().filter_map(reading).collect()
}

/// The pairs that refer to a key, in fact or as declared. Of sets of columns of the
/// same tables, only those of which no column can be left out.
pub fn that_are_keys(several: Vec<Several>, samples: &Samples) -> Vec<Several> {
    let is_key = |one: &Several| {
        let key = samples.of(one.pair.parent, &one.pair.key);
        one.stays || key.is_some_and(|sketch| sketch.is_key())
    };
    narrowest(several.into_iter().filter(is_key).collect())
}

/// Of sets of columns that are keys of the same table, those of which no column can be
/// left out: where the values of a narrower set do not lie in the key together, those
/// of a wider set do not either.
fn narrowest(all: Vec<Several>) -> Vec<Several> {
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
    let needed = |one: &Several| one.stays || !all.iter().any(|narrow| contains(one, narrow));
    all.iter().filter(|one| needed(one)).cloned().collect()
}

/// Whether the values of a pair lie in the key together; `measured` is the result of a
/// look-up.
pub fn is_held(one: &Several, samples: &Samples, measured: Option<&Measured>, asked: bool) -> bool {
    let Some((child, parent)) = samples.both(&one.pair) else {
        return false;
    };
    if child.values == 0 || parent.values == 0 {
        return one.stays;
    }
    let share = match measured {
        Some(measured) => measured.containment,
        None => child.within(parent).share(),
    };
    asked || share >= Some(TOGETHER)
}
