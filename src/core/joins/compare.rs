//! Which pairs of columns are worth weighing: what the samples say of each column
//! and each key.

use std::collections::HashMap;

use super::keys;
use super::measure::{Glance, glance, measure};
use super::samples::Samples;
use super::scope::Scope;
use super::sketch::Sketch;
use super::table::{Class, Pair};

/// Keys that one column may refer to that are weighed.
const MOST_PARENTS: usize = 40;

/// Names that speak of each other less than this, of numbers whose containment says
/// nothing, are never likely enough.
const NAMES_SAY_NOTHING: f64 = 0.45;

/// How much names must speak of each other where they are all there is.
const NAMES_ALONE: f64 = 0.75;

/// What the samples leave to be weighed: the fourth value of a discovery.
pub struct Compared {
    /// The columns of each table that are keys by themselves.
    pub keys: Vec<Vec<usize>>,
    /// Single columns that may refer to one of them.
    pub single: Vec<Found>,
    /// Several columns that may refer to as many.
    pub several: Vec<Several>,
}

impl Compared {
    /// The pairs of which the samples tell too little.
    pub fn undecided(&self, samples: &Samples) -> Vec<&Pair> {
        let tells_little = |pair: &&Pair| {
            let both = samples.both(pair);
            both.is_some_and(|(child, parent)| measure(child, parent, None).is_undecided())
        };
        let single = self.single.iter().filter(|found| found.undecided).map(|found| &found.pair);
        let several = self.several.iter().map(|several| &several.pair).filter(tells_little);
        single.chain(several).collect()
    }
}

/// A pair of single columns to be weighed, or to be looked at again.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub pair: Pair,
    /// The samples cannot tell: what the child keeps must be looked for in all of
    /// the parent.
    pub undecided: bool,
}

/// Several columns of a table that may refer to as many of another, which may be
/// a key together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Several {
    pub pair: Pair,
    /// The key is declared, or somebody has proposed the pair.
    pub stays: bool,
}

/// The samples and the keys that were found in them, to be compared.
pub struct Comparison<'a> {
    pub(super) scope: &'a Scope,
    pub(super) samples: &'a Samples,
    keys: Vec<Vec<usize>>,
    /// The keys of one column, by what they can be compared with: table and column.
    by_class: HashMap<Class, Vec<(usize, usize)>>,
}

impl<'a> Comparison<'a> {
    pub fn new(scope: &'a Scope, samples: &'a Samples) -> Comparison<'a> {
        let keys = keys::of_tables(scope, samples);
        let mut by_class: HashMap<Class, Vec<(usize, usize)>> = HashMap::new();
        for (at, of) in keys.iter().enumerate() {
            for column in of {
                if let Some(class) = scope.column(at, *column).class {
                    by_class.entry(class).or_default().push((at, *column));
                }
            }
        }
        Comparison { scope, samples, keys, by_class }
    }

    /// The columns of each table that are keys by themselves.
    pub fn keys(&self) -> &[Vec<usize>] {
        &self.keys
    }

    /// Column by column, the pairs of which most values lie in a key. Where there are
    /// no values, those whose names speak of each other.
    pub fn single(&self) -> impl Iterator<Item = Vec<Found>> + '_ {
        self.scope.columns().map(|(child, column)| self.of_column(child, column))
    }

    fn of_column(&self, child: usize, column: usize) -> Vec<Found> {
        let class = self.scope.column(child, column).class;
        let keys = class.and_then(|class| self.by_class.get(&class));
        let own = self.samples.of(child, &[column]);
        let mut found: Vec<Found> = Vec::new();
        for (parent, key) in keys.into_iter().flatten() {
            let pair = Pair { child, columns: vec![column], parent: *parent, key: vec![*key] };
            if (child, column) == (*parent, *key) {
                continue;
            }
            let theirs = self.samples.of(*parent, &[*key]);
            let undecided = match (own, theirs) {
                (Some(own), Some(theirs)) if own.values > 0 && theirs.values > 0 => {
                    match glance(own, theirs) {
                        Glance::Apart => continue,
                        Glance::Within if self.is_chance(&pair, own, theirs) => continue,
                        glance => glance == Glance::Undecided,
                    }
                }
                // Nothing to compare: names alone. What has values refers to no
                // empty table.
                (own, theirs)
                    if own.is_none_or(is_empty)
                        && (own.is_some() || theirs.is_some())
                        && self.named(&pair) >= NAMES_ALONE =>
                {
                    false
                }
                _ => continue,
            };
            found.push(Found { pair, undecided });
        }
        self.likeliest(found)
    }

    /// Whether numbers lie in a key of 1 to n, and are called for something else.
    fn is_chance(&self, pair: &Pair, own: &Sketch, theirs: &Sketch) -> bool {
        self.scope.names.are_informative()
            && self.scope.column(pair.child, pair.columns[0]).class == Some(Class::Number)
            && self.named(pair) < NAMES_SAY_NOTHING
            && !measure(own, theirs, None).is_surprising()
    }

    fn named(&self, pair: &Pair) -> f64 {
        let (column, key) = ((pair.child, pair.columns[0]), (pair.parent, pair.key[0]));
        self.scope.names.resemblance(column, key)
    }

    /// Of too many keys for one column, those of which its name speaks most.
    fn likeliest(&self, found: Vec<Found>) -> Vec<Found> {
        if found.len() <= MOST_PARENTS {
            return found;
        }
        let mut by_name: Vec<(f64, Found)> =
            found.into_iter().map(|one| (self.named(&one.pair), one)).collect();
        by_name.sort_by(|a, b| b.0.total_cmp(&a.0));
        by_name.into_iter().take(MOST_PARENTS).map(|(_, one)| one).collect()
    }
}

fn is_empty(sketch: &Sketch) -> bool {
    sketch.values == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::testing::{numbers, shop};

    #[test]
    fn pairs_are_those_whose_values_lie_in_a_key() {
        let scope = Scope::new(shop());
        let mut samples = Samples::default();
        samples.add(0, vec![0], numbers(1..=1000));
        samples.add(0, vec![1], numbers((0..1000).map(|n| 18 + n % 60)));
        samples.add(1, vec![0], numbers(100_001..=105_000));
        samples.add(1, vec![1], numbers((0..5000).map(|n| 1 + n % 900)));
        let comparison = Comparison::new(&scope, &samples);
        assert_eq!(comparison.keys(), [vec![0], vec![0]]);
        let found: Vec<(usize, usize)> =
            comparison.single().flatten().map(|f| (f.pair.child, f.pair.columns[0])).collect();
        // Ages lie in it too, and are called for something else.
        assert_eq!(found, [(1, 1)]);
    }
}
