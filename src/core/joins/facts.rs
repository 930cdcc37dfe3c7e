//! Collects the evidence for one pair from names, samples and the other pairs.

use std::collections::HashMap;

use super::evidence::PairFacts;
use super::keys;
use super::measure::{Measured, measure};
use super::samples::Samples;
use super::scope::DiscoveryScope;
use super::table::{Class, Pair};
use super::weights::{KEY_CLEARLY_LIKELIER, MEANT};

/// A column, by the numbers of its table and itself.
type Place = (usize, usize);

/// How much the name of a column suggests each of several keys with one name that it
/// may mean.
const ANY_OF_THEM: f64 = 0.95;

/// How much a date column suggests a calendar, whatever its name is.
const OF_A_CALENDAR: f64 = 0.7;

/// The likeness below which a name means another table, where it is named as the key of
/// its own.
const NOT_MEANT: f64 = 0.7;
const OWN_KEY: f64 = 0.65;

/// The lead in likeness by which a name means another key.
const CLEARLY_BETTER: f64 = 0.2;

/// The likeness from which on a key is named after its own table.
const CALLED_FOR_ITS_TABLE: f64 = 0.97;

/// What the facts of a pair are collected from.
pub struct Sources<'a> {
    pub scope: &'a DiscoveryScope,
    pub samples: &'a Samples,
    /// The columns of each table that are keys by themselves.
    pub keys: &'a [Vec<usize>],
    pub index: Index<'a>,
}

/// The pairs that are weighed, by their referring columns.
pub struct Index<'a>(HashMap<(usize, &'a [usize]), Vec<&'a Pair>>);

impl<'a> Index<'a> {
    pub fn new(pairs: impl Iterator<Item = &'a Pair>) -> Index<'a> {
        let mut index: HashMap<(usize, &[usize]), Vec<&Pair>> = HashMap::new();
        for pair in pairs {
            index.entry((pair.child, &pair.columns)).or_default().push(pair);
        }
        Index(index)
    }

    fn of<'b>(&'b self, child: usize, columns: &'b [usize]) -> &'b [&'a Pair] {
        self.0.get(&(child, columns)).map_or(&[], Vec::as_slice)
    }

    pub fn has(&self, pair: &Pair) -> bool {
        self.of(pair.child, &pair.columns).contains(&pair)
    }
}

impl Sources<'_> {
    /// The evidence for a pair. `measured` is the result of a look-up; `declared` says
    /// whether there is a foreign key.
    pub fn facts(&self, pair: &Pair, measured: Option<Measured>, declared: bool) -> PairFacts {
        let (scope, names) = (self.scope, &self.scope.names);
        let table = &scope.tables[pair.parent];
        let measured = measured.unwrap_or_else(|| self.measured(pair));
        let single = pair.columns.len() == 1;
        let first = (pair.child, pair.columns[0]);
        let heir = single && self.is_heir(pair);
        let named = names.are_informative().then(|| self.named(pair, heir));
        let own = keys::likeness(scope, pair.parent, &pair.key);
        let is_time = |c: &usize| scope.column(pair.child, *c).class == Some(Class::Time);
        PairFacts {
            heir,
            declared,
            names: named,
            named_elsewhere: single && named.is_some_and(|n| self.is_named_elsewhere(pair, n)),
            polymorphic: single && names.has_type_beside(first.0, first.1),
            called_key: names.column(first.0, first.1).is_key(),
            called_measure: single && scope.is_measure(first.0, first.1),
            key_called_measure: pair.key.iter().all(|c| scope.is_measure(pair.parent, *c)),
            within_table: pair.child == pair.parent,
            has_time: !single && pair.columns.iter().any(is_time),
            key_likeness: own,
            has_better_key: self.has_better_key(pair, own),
            key_declared: table.declares(&pair.key),
            key_called_key: pair.key.iter().all(|c| names.column(pair.parent, *c).is_key()),
            child_is_key: self.is_main_key(pair.child, &pair.columns),
            child_is_own_key: names.are_informative()
                && pair
                    .columns
                    .iter()
                    .all(|c| names.own_key(pair.child, *c) >= CALLED_FOR_ITS_TABLE),
            width: pair.columns.len(),
            explained: self.is_explained(pair),
            measured,
        }
    }

    /// The measures of a pair by the samples.
    fn measured(&self, pair: &Pair) -> Measured {
        match self.samples.both(pair) {
            Some((child, parent)) if child.values > 0 && parent.values > 0 => {
                let known = self.scope.tables[pair.child].known_distinct(&pair.columns);
                measure(child, parent, known)
            }
            _ => {
                let child = self.samples.of(pair.child, &pair.columns);
                Measured {
                    child_unique: child.is_some_and(|c| c.is_key()),
                    null_share: child.map_or(0.0, |c| c.null_share()),
                    ..Measured::default()
                }
            }
        }
    }

    /// Whether the key stands for another key that it refers to and is named after: a
    /// column businessentityid may mean the employee.
    fn is_heir(&self, pair: &Pair) -> bool {
        let are_namesakes = |one: Place, other: Place| self.scope.names.are_namesakes(one, other);
        are_namesakes((pair.child, pair.columns[0]), (pair.parent, pair.key[0]))
            && self.index.of(pair.parent, &pair.key).iter().any(|other| {
                other.parent != pair.child
                    && are_namesakes((other.child, other.columns[0]), (other.parent, other.key[0]))
            })
    }

    /// How much the names suggest the pair, 0 to 1.
    fn named(&self, pair: &Pair, heir: bool) -> f64 {
        let (scope, names) = (self.scope, &self.scope.names);
        let steps = || pair.columns.iter().zip(&pair.key);
        let place = |(column, key): (&usize, &usize)| ((pair.child, *column), (pair.parent, *key));
        let [column] = pair.columns[..] else {
            let each = steps().map(place).map(|(own, its)| names.part_resemblance(own, its));
            return each.sum::<f64>() / pair.columns.len().max(1) as f64;
        };
        let likeness = names.resemblance((pair.child, column), (pair.parent, pair.key[0]));
        let is_date = scope.column(pair.child, column).class == Some(Class::Time);
        match likeness {
            n if heir => n.max(ANY_OF_THEM),
            n if is_date && names.is_calendar(pair.parent) => n.max(OF_A_CALENDAR),
            n => n,
        }
    }

    /// Whether the name of a column suggests another table or key more than this one,
    /// which it suggests by `named`.
    fn is_named_elsewhere(&self, pair: &Pair, named: f64) -> bool {
        if named >= MEANT {
            return false;
        }
        let names = &self.scope.names;
        let (child, column) = (pair.child, pair.columns[0]);
        let name = names.column(child, column);
        // The column is named after its own table.
        if child != pair.parent
            && named < NOT_MEANT
            && name.is_key()
            && names.own_key(child, column) >= OWN_KEY
        {
            return true;
        }
        if names.named_table(name).is_some_and(|other| other != pair.parent && other != child) {
            return true;
        }
        self.index.of(child, &pair.columns).iter().any(|other| {
            other.parent != pair.parent
                && names.resemblance((child, column), (other.parent, other.key[0]))
                    > named + CLEARLY_BETTER
        })
    }

    /// Whether the table has a likelier key than this, whose likeness is `own`.
    fn has_better_key(&self, pair: &Pair, own: f64) -> bool {
        self.keys[pair.parent].iter().any(|other| {
            !pair.key.contains(other)
                && keys::likeness(self.scope, pair.parent, &[*other])
                    > own + KEY_CLEARLY_LIKELIER.weight
        })
    }

    /// Whether columns are the main key of their table.
    fn is_main_key(&self, at: usize, columns: &[usize]) -> bool {
        let table = &self.scope.tables[at];
        if table.is_primary_key(columns) {
            return true;
        }
        let [column] = columns else {
            return false;
        };
        if !self.keys[at].contains(column) || table.has_primary_key {
            return false;
        }
        let own = keys::likeness(self.scope, at, columns);
        !self.keys[at]
            .iter()
            .any(|other| other != column && keys::likeness(self.scope, at, &[*other]) > own)
    }

    /// Whether each of the columns refers to another table by itself.
    fn is_explained(&self, pair: &Pair) -> bool {
        pair.columns.iter().all(|column| {
            self.index.of(pair.child, &[*column]).iter().any(|other| other.parent != pair.parent)
        })
    }
}
