//! Looks values that a sample keeps up in all of the key that they may refer to, where
//! the two samples do not decide. It takes one pass over each key, for all columns that
//! may refer to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::measure::{Measured, measured};
use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::table::Pair;

/// The measures of pairs by look-ups: the fifth value of a discovery.
pub type Told = HashMap<Pair, Measured>;

/// Values to look for in a key.
#[derive(Clone, Debug)]
pub struct KeyLookup {
    pub table: usize,
    pub key: Vec<usize>,
    /// The hashes of the values, ascending.
    pub wanted: Vec<u64>,
    pairs: Vec<Pair>,
}

/// The look-ups for these pairs, one for each key.
pub fn lookups(samples: &Samples, pairs: &[&Pair]) -> Vec<KeyLookup> {
    let mut by_key: BTreeMap<(usize, &[usize]), Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        by_key.entry((pair.parent, &pair.key)).or_default().push((*pair).clone());
    }
    by_key
        .into_iter()
        .map(|((table, key), pairs)| {
            let mut wanted: Vec<u64> = pairs
                .iter()
                .filter_map(|pair| samples.of(pair.child, &pair.columns))
                .flat_map(|sketch| sketch.hashes.iter().copied())
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            KeyLookup { table, key: key.to_vec(), wanted, pairs }
        })
        .collect()
}

impl KeyLookup {
    /// The measures of the pairs, where these hashes were found.
    pub fn told(&self, scope: &DiscoveryScope, samples: &Samples, found: &HashSet<u64>) -> Told {
        let of = |pair: &Pair| {
            let (child, parent) = samples.both(pair)?;
            let overlap = child.where_found(|hash| found.contains(hash));
            let known = scope.tables[pair.child].known_distinct(&pair.columns);
            Some((pair.clone(), measured(child, parent, overlap, known)))
        };
        self.pairs.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::testing::{numbers, shop};

    #[test]
    fn what_the_samples_cannot_tell_is_told_by_all_of_the_key() {
        let scope = DiscoveryScope::new(shop());
        let mut samples = Samples::default();
        samples.add(0, vec![0], numbers(1..=1_000_000));
        samples.add(1, vec![1], numbers(1..=20));
        samples.add(1, vec![2], numbers(11..=30));
        let pair = |column| Pair { child: 1, columns: vec![column], parent: 0, key: vec![0] };
        let pairs = [pair(1), pair(2)];
        let lookups = lookups(&samples, &[&pairs[0], &pairs[1]]);
        // One look-up serves both pairs.
        assert_eq!(lookups.len(), 1);
        assert_eq!(lookups[0].wanted.len(), 30);
        let first: HashSet<u64> = numbers(1..=20).hashes.iter().copied().collect();
        let told = lookups[0].told(&scope, &samples, &first);
        assert_eq!(told[&pairs[0]].containment, Some(1.0));
        assert_eq!(told[&pairs[1]].containment, Some(0.5));
    }
}
