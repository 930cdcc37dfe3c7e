//! Finds the pairs of columns that are worth weighing, by the samples of each column
//! and each key.

use std::collections::HashMap;

use super::keys;
use super::measure::{Glance, glance, measure};
use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::sketch::Sketch;
use super::table::{Class, Pair};

/// The most keys for one column that are weighed.
const MOST_PARENTS: usize = 40;

/// The likeness of names below which a pair of number columns is never likely enough,
/// where the containment says nothing.
const NAMES_SAY_NOTHING: f64 = 0.45;

/// The likeness that names must have where there is no other evidence.
const NAMES_ALONE: f64 = 0.75;

/// The pairs that remain to be weighed: the fourth value of a discovery.
pub struct Compared {
    /// The columns of each table that are keys by themselves.
    pub keys: Vec<Vec<usize>>,
    /// Pairs of single columns.
    pub single: Vec<ComparedPair>,
    /// Pairs of several columns.
    pub several: Vec<Several>,
}

impl Compared {
    /// The pairs that the samples do not decide.
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
pub struct ComparedPair {
    pub pair: Pair,
    /// Whether the samples do not decide: then the values that the child's sample keeps
    /// must be looked up in all of the parent.
    pub undecided: bool,
}

/// Several columns of a table that may refer to as many of another, which may be
/// a key together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Several {
    pub pair: Pair,
    /// Whether the pair stays in any case: the key is declared, or somebody has
    /// proposed the pair.
    pub stays: bool,
}

/// The samples and the keys that were found in them, to be compared.
pub struct Comparison<'a> {
    pub(super) scope: &'a DiscoveryScope,
    pub(super) samples: &'a Samples,
    keys: Vec<Vec<usize>>,
    /// The keys of one column, by the class of their values: table and column.
    by_class: HashMap<Class, Vec<(usize, usize)>>,
}

impl<'a> Comparison<'a> {
    pub fn new(scope: &'a DiscoveryScope, samples: &'a Samples) -> Comparison<'a> {
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

    /// For each column, the pairs of which most values lie in a key. Where there are no
    /// values, the pairs whose names suggest them.
    pub fn single(&self) -> impl Iterator<Item = Vec<ComparedPair>> + '_ {
        self.scope.columns().map(|(child, column)| self.of_column(child, column))
    }

    fn of_column(&self, child: usize, column: usize) -> Vec<ComparedPair> {
        let class = self.scope.column(child, column).class;
        let keys = class.and_then(|class| self.by_class.get(&class));
        let own = self.samples.of(child, &[column]);
        let mut found: Vec<ComparedPair> = Vec::new();
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
                // There is nothing to compare, so only names decide. A column with
                // values does not refer to an empty table.
                (own, theirs)
                    if own.is_none_or(is_empty)
                        && (own.is_some() || theirs.is_some())
                        && self.named(&pair) >= NAMES_ALONE =>
                {
                    false
                }
                _ => continue,
            };
            found.push(ComparedPair { pair, undecided });
        }
        self.likeliest(found)
    }

    /// Whether numbers lie in a key of 1 to n by chance, by their names.
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

    /// The keys whose names suggest the column most, where there are too many.
    fn likeliest(&self, found: Vec<ComparedPair>) -> Vec<ComparedPair> {
        if found.len() <= MOST_PARENTS {
            return found;
        }
        let mut by_name: Vec<(f64, ComparedPair)> =
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
        let scope = DiscoveryScope::new(shop());
        let mut samples = Samples::default();
        samples.add(0, vec![0], numbers(1..=1000));
        samples.add(0, vec![1], numbers((0..1000).map(|n| 18 + n % 60)));
        samples.add(1, vec![0], numbers(100_001..=105_000));
        samples.add(1, vec![1], numbers((0..5000).map(|n| 1 + n % 900)));
        let comparison = Comparison::new(&scope, &samples);
        assert_eq!(comparison.keys(), [vec![0], vec![0]]);
        let found: Vec<(usize, usize)> =
            comparison.single().flatten().map(|f| (f.pair.child, f.pair.columns[0])).collect();
        // Ages lie in the key too, but their name says something else.
        assert_eq!(found, [(1, 1)]);
    }
}
