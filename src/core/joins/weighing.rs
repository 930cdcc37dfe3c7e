//! Makes candidates of what was compared and looked up: each pair is weighed by itself,
//! then all are pruned together.

use std::collections::HashMap;

use super::choose::{Scored, choose};
use super::compare::Compared;
use super::evidence::{PairFacts, Part, Weighed, weigh};
use super::facts::{Index, Sources};
use super::lookup::Told;
use super::measure::Measured;
use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::several::is_held;
use super::table::Pair;
use super::weights::{EXTENDED, MEANT};

/// A pair that was weighed; those that are kept are the sixth value of a discovery.
#[derive(Clone, Debug)]
pub struct Decided {
    pub pair: Pair,
    pub facts: PairFacts,
    pub weighed: Weighed,
}

/// The pairs to weigh, each with the result of its look-up.
pub struct Pairs(Vec<(Pair, Option<Measured>)>);

impl Pairs {
    /// The pairs that hold by the samples and look-ups, and those that were `proposed`.
    pub fn new(compared: &Compared, samples: &Samples, told: &Told, proposed: &[Pair]) -> Pairs {
        let with = |pair: &Pair| (pair.clone(), told.get(pair).cloned());
        let single = compared.single.iter().map(|found| &found.pair);
        let several = compared
            .several
            .iter()
            .filter(|one| is_held(one, samples, told.get(&one.pair), proposed.contains(&one.pair)))
            .map(|one| &one.pair);
        let mut pairs: Vec<(Pair, Option<Measured>)> = single.chain(several).map(with).collect();
        for pair in proposed {
            if !pairs.iter().any(|(other, _)| other == pair) {
                pairs.push((pair.clone(), None));
            }
        }
        Pairs(pairs)
    }
}

/// All pairs, so that each is weighed beside the others.
pub struct Weighing<'a> {
    sources: Sources<'a>,
    pairs: &'a Pairs,
    declared: Vec<Pair>,
}

impl<'a> Weighing<'a> {
    /// `keys` are the columns of each table that are keys by themselves.
    pub fn new(
        scope: &'a DiscoveryScope,
        samples: &'a Samples,
        keys: &'a [Vec<usize>],
        pairs: &'a Pairs,
    ) -> Weighing<'a> {
        let index = Index::new(pairs.0.iter().map(|(pair, _)| pair));
        let sources = Sources { scope, samples, keys, index };
        Weighing { sources, pairs, declared: scope.declared() }
    }

    /// Weighs the pairs one after the other, declared foreign keys among them.
    pub fn each(&self) -> impl Iterator<Item = Decided> + '_ {
        let declared = self.declared.iter().filter(|pair| !self.sources.index.has(pair));
        let missing = declared.map(|pair| self.weigh(pair, None, true));
        let others = self.pairs.0.iter().map(|(pair, measured)| {
            self.weigh(pair, measured.clone(), self.declared.contains(pair))
        });
        missing.chain(others)
    }

    fn weigh(&self, pair: &Pair, measured: Option<Measured>, declared: bool) -> Decided {
        let facts = self.sources.facts(pair, measured, declared);
        Decided { pair: pair.clone(), weighed: weigh(&facts), facts }
    }

    /// The weighed pairs that make sense together and are at least as likely as
    /// `least`, the likeliest first; then those that are `proposed`, however unlikely.
    pub fn decide(&self, weighed: &[Decided], least: f64, proposed: &[Pair]) -> Vec<Decided> {
        let likely: Vec<Scored> = weighed
            .iter()
            .filter(|d| d.weighed.confidence >= least)
            .map(|d| scored(self.sources.scope, d))
            .collect();
        let by_pair: HashMap<&Pair, &Decided> = weighed.iter().map(|d| (&d.pair, d)).collect();
        let chosen: Vec<Decided> = choose(likely)
            .into_iter()
            .filter_map(|scored| by_pair.get(&scored.pair).map(|d| (*d).clone()))
            .collect();
        let mut decided = without_shortcuts(to_what_is_extended(chosen, weighed));
        for pair in proposed {
            if !decided.iter().any(|d| d.pair == *pair) {
                // A proposal is judged by its samples alone, and not by declared keys.
                decided.push(self.weigh(pair, None, false));
            }
        }
        decided
    }
}

/// Where a table extends another row by row, lets other tables refer to the one that is
/// extended, unless they name the extension.
fn to_what_is_extended(chosen: Vec<Decided>, all: &[Decided]) -> Vec<Decided> {
    let extends = |extension: &Decided, s: &Decided| {
        extension.facts.child_is_key
            && extension.pair.child == s.pair.parent
            && extension.pair.columns == s.pair.key
            && extension.pair.parent != s.pair.child
    };
    let moved = |s: &Decided| {
        if s.facts.declared || s.facts.child_is_key || s.facts.names.is_none_or(|n| n >= MEANT) {
            return None;
        }
        let base = chosen.iter().find(|extension| extends(extension, s))?;
        let mut found = all
            .iter()
            .find(|d| {
                d.pair.child == s.pair.child
                    && d.pair.columns == s.pair.columns
                    && d.pair.parent == base.pair.parent
                    && d.pair.key == base.pair.key
            })?
            .clone();
        let missing = s.weighed.confidence - found.weighed.confidence;
        if missing > 0.0 {
            found.weighed.parts.push(Part {
                evidence: EXTENDED.evidence,
                weight: EXTENDED.weight,
                says: EXTENDED.says.into(),
            });
            found.weighed.confidence = s.weighed.confidence;
        }
        Some(found)
    };
    chosen.iter().map(|s| moved(s).unwrap_or_else(|| s.clone())).collect()
}

/// Drops references that others imply. A column of several that refer to a part of
/// something refers to the whole by way of the part: a line of an order names the
/// order. Where each of the columns refers to something of its own, as in TPC-H's
/// lineitem, the references are kept.
fn without_shortcuts(chosen: Vec<Decided>) -> Vec<Decided> {
    let single = |child: usize, column: usize| {
        chosen.iter().find(move |d| d.pair.child == child && d.pair.columns == [column])
    };
    let is_shortcut = |s: &Decided| {
        let [column] = s.pair.columns[..] else {
            return false;
        };
        chosen.iter().any(|wide| {
            let parts = &wide.pair;
            let of_a_part = parts.key.iter().any(|key| single(parts.parent, *key).is_none());
            parts.columns.len() > 1
                && parts.child == s.pair.child
                && of_a_part
                && parts.columns.iter().zip(&parts.key).any(|(own, key)| {
                    *own == column
                        && single(parts.parent, *key).is_some_and(|up| {
                            up.pair.parent == s.pair.parent && up.pair.key == s.pair.key
                        })
                })
        })
    };
    chosen.iter().filter(|s| s.facts.declared || !is_shortcut(s)).cloned().collect()
}

fn scored(scope: &DiscoveryScope, decided: &Decided) -> Scored {
    let (pair, facts) = (&decided.pair, &decided.facts);
    let own_key = |c: &usize| scope.names.own_key(pair.parent, *c);
    Scored {
        score: decided.weighed.sum(),
        confidence: decided.weighed.confidence,
        declared: facts.declared,
        child_is_key: facts.child_is_key,
        own_key: pair.key.iter().map(own_key).fold(1.0, f64::min),
        heir: facts.heir,
        akin: scope.names.is_akin(pair.child, pair.parent),
        containment: facts.measured.containment.unwrap_or(0.0),
        child_distinct: facts.measured.child_distinct,
        parent_distinct: facts.measured.parent_distinct,
        parent_columns: scope.tables[pair.parent].columns.len(),
        names: facts.names.unwrap_or(0.0),
        pair: pair.clone(),
    }
}
