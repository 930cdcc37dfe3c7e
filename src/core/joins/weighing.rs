//! From what was read to candidates: each pair weighed by itself, then all of
//! them pruned together.

use std::collections::HashMap;

use super::candidates::{Sketches, is_key_in_fact, is_measure};
use super::choose::{Scored, choose};
use super::evidence::{Facts, Measured, Part, Weighed, measure, weigh};
use super::names::Names;
use super::{Class, Pair, Table, keys};

/// A column and the one in step, each by table and number.
type Step = ((usize, usize), (usize, usize));

/// What was read, and what it is of.
pub struct Read<'a> {
    pub tables: &'a [Table],
    pub names: &'a Names,
    pub sketches: &'a Sketches,
    /// The columns of each table that are keys by themselves.
    pub keys: &'a [Vec<usize>],
}

/// A candidate.
#[derive(Clone, Debug)]
pub struct Decided {
    pub pair: Pair,
    pub facts: Facts,
    pub weighed: Weighed,
}

/// The pairs that are weighed, by what refers.
pub struct Index<'a>(HashMap<(usize, Vec<usize>), Vec<&'a Pair>>);

impl<'a> Index<'a> {
    pub fn new(pairs: &'a [(Pair, Option<Measured>)]) -> Index<'a> {
        let mut index: HashMap<(usize, Vec<usize>), Vec<&Pair>> = HashMap::new();
        for (pair, _) in pairs {
            index.entry((pair.child, pair.columns.clone())).or_default().push(pair);
        }
        Index(index)
    }

    fn of(&self, child: usize, columns: &[usize]) -> &[&Pair] {
        self.0.get(&(child, columns.to_vec())).map_or(&[], Vec::as_slice)
    }

    fn has(&self, pair: &Pair) -> bool {
        self.of(pair.child, &pair.columns).contains(&pair)
    }
}

/// The distinct values of a column by statistics, where they say more than the
/// sample of some rows.
pub fn known_distinct(table: &Table, columns: &[usize]) -> Option<f64> {
    let [column] = columns else {
        return None;
    };
    let statistics = table.columns[*column].statistics.as_ref()?;
    Some(match statistics.distinct {
        d if d < 0.0 => -d * table.rows?,
        d => d,
    })
}

/// Weighs the pairs, and leaves those that make sense together and are at least as
/// likely as `least`. `measured` is what was measured of each, where the samples
/// alone do not tell.
pub fn decide(
    read: &Read,
    pairs: Vec<(Pair, Option<Measured>)>,
    least: f64,
    mut step: impl FnMut(),
) -> Vec<Decided> {
    let index = Index::new(&pairs);
    let declared: Vec<Pair> = declared(read.tables);
    let mut all: Vec<Decided> = Vec::new();
    for pair in &declared {
        if !index.has(pair) {
            all.push(decided(read, pair, None, &declared, &index));
        }
    }
    for (pair, measured) in &pairs {
        step();
        all.push(decided(read, pair, measured.clone(), &declared, &index));
    }
    let likely: Vec<Scored> =
        all.iter().filter(|d| d.weighed.confidence >= least).map(|d| scored(read, d)).collect();
    let by_pair: HashMap<&Pair, &Decided> = all.iter().map(|d| (&d.pair, d)).collect();
    let chosen: Vec<Decided> = choose(likely)
        .into_iter()
        .filter_map(|scored| by_pair.get(&scored.pair).map(|d| (*d).clone()))
        .collect();
    without_shortcuts(to_what_is_extended(chosen, &all))
}

/// A name that fits this well means the very table.
const MEANT: f64 = 0.8;

/// Where a table extends another, row by row, others refer to the one that is
/// extended, unless they call the extension by its name.
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
                evidence: "extended",
                weight: 0.0,
                says: "its values are those of a table that extends what it refers to".into(),
            });
            found.weighed.confidence = s.weighed.confidence;
        }
        Some(found)
    };
    chosen.iter().map(|s| moved(s).unwrap_or_else(|| s.clone())).collect()
}

/// A column of several that refer to a part of something refers to the whole of it
/// through that: who names a line of an order has named the order. Where each of the
/// columns refers to something of its own, as in TPC-H's lineitem, they stay.
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

fn scored(read: &Read, decided: &Decided) -> Scored {
    let pair = &decided.pair;
    let sum: f64 = decided.weighed.parts.iter().map(|p| p.weight).sum();
    Scored {
        score: sum,
        confidence: decided.weighed.confidence,
        declared: decided.facts.declared,
        child_is_key: decided.facts.child_is_key,
        own_key: pair.key.iter().map(|c| read.names.own_key(pair.parent, *c)).fold(1.0, f64::min),
        heir: decided.facts.heir,
        akin: read.names.is_akin(pair.child, pair.parent),
        containment: decided.facts.measured.containment.unwrap_or(0.0),
        child_distinct: decided.facts.measured.child_distinct,
        parent_distinct: decided.facts.measured.parent_distinct,
        parent_columns: read.tables[pair.parent].columns.len(),
        names: decided.facts.names.unwrap_or(0.0),
        pair: pair.clone(),
    }
}

/// The declared foreign keys between these tables.
fn declared(tables: &[Table]) -> Vec<Pair> {
    let mut found = Vec::new();
    for (child, table) in tables.iter().enumerate() {
        for reference in &table.references {
            let Some(parent) = tables.iter().position(|t| t.oid == reference.parent) else {
                continue;
            };
            let key: Option<Vec<usize>> =
                reference.parent_columns.iter().map(|c| tables[parent].column(c)).collect();
            if let Some(key) = key {
                found.push(Pair { child, columns: reference.columns.clone(), parent, key });
            }
        }
    }
    found
}

fn decided(
    read: &Read,
    pair: &Pair,
    measured: Option<Measured>,
    declared: &[Pair],
    index: &Index,
) -> Decided {
    let facts = facts(read, pair, measured, declared.contains(pair), index);
    let weighed = weigh(&facts);
    Decided { pair: pair.clone(), facts, weighed }
}

/// All that is known of one pair. Also for one that was proposed by hand.
pub fn facts(
    read: &Read,
    pair: &Pair,
    measured: Option<Measured>,
    declared: bool,
    index: &Index,
) -> Facts {
    let (tables, names) = (read.tables, read.names);
    let table = &tables[pair.parent];
    let of = |at: usize, columns: &[usize]| read.sketches.get(&(at, columns.to_vec()));
    let measured = measured.unwrap_or_else(|| {
        match (of(pair.child, &pair.columns), of(pair.parent, &pair.key)) {
            (Some(child), Some(parent)) if child.values > 0 && parent.values > 0 => {
                let known = known_distinct(&tables[pair.child], &pair.columns);
                measure(child, parent, known)
            }
            (child, _) => Measured {
                child_unique: child.is_some_and(is_key_in_fact),
                null_share: child
                    .map_or(0.0, |c| c.nulls as f64 / (c.values + c.nulls).max(1) as f64),
                ..Measured::default()
            },
        }
    });
    let steps: Vec<Step> = pair
        .columns
        .iter()
        .zip(&pair.key)
        .map(|(column, key)| ((pair.child, *column), (pair.parent, *key)))
        .collect();
    let likeness = |steps: &[Step]| {
        let all: f64 = match steps {
            [(child, parent)] => names.resemblance(*child, *parent),
            several => several.iter().map(|(c, p)| names.part_resemblance(*c, *p)).sum(),
        };
        all / steps.len().max(1) as f64
    };
    let single = pair.columns.len() == 1;
    // A key that is itself called for the key that it refers to stands for it: who
    // says businessentityid may mean the employee.
    let heir = single
        && names.are_namesakes(steps[0].0, steps[0].1)
        && index.of(pair.parent, &pair.key).iter().any(|other| {
            other.parent != pair.child
                && names
                    .are_namesakes((other.child, other.columns[0]), (other.parent, other.key[0]))
        });
    let named = names.are_informative().then(|| match likeness(&steps) {
        n if heir => n.max(0.95),
        n if single
            && tables[pair.child].columns[pair.columns[0]].class == Some(Class::Time)
            && names.is_calendar(pair.parent) =>
        {
            n.max(0.7)
        }
        n => n,
    });
    let own = keys::likeness(table, pair.parent, &pair.key, names);
    let better = read.keys[pair.parent].iter().any(|other| {
        !pair.key.contains(other)
            && keys::likeness(table, pair.parent, &[*other], names) > own + 0.3
    });
    let child = names.column(pair.child, pair.columns[0]);
    Facts {
        heir,
        declared,
        names: named,
        named_elsewhere: single && named.is_some_and(|n| named_elsewhere(read, pair, n, index)),
        polymorphic: single && names.has_type_beside(pair.child, pair.columns[0]),
        called_key: child.is_key(),
        called_measure: single
            && is_measure(&tables[pair.child], pair.child, pair.columns[0], names),
        key_called_measure: pair.key.iter().all(|c| is_measure(table, pair.parent, *c, names)),
        within_table: pair.child == pair.parent,
        has_time: pair.columns.len() > 1
            && pair
                .columns
                .iter()
                .any(|c| tables[pair.child].columns[*c].class == Some(Class::Time)),
        key_likeness: own,
        has_better_key: better,
        key_declared: table.declares(&pair.key),
        key_called_key: pair.key.iter().all(|c| names.column(pair.parent, *c).is_key()),
        child_is_key: is_main_key(read, pair.child, &pair.columns),
        child_is_own_key: names.are_informative()
            && pair.columns.iter().all(|c| names.own_key(pair.child, *c) >= 0.97),
        width: pair.columns.len(),
        explained: pair.columns.iter().all(|column| {
            index.of(pair.child, &[*column]).iter().any(|other| other.parent != pair.parent)
        }),
        measured,
    }
}

/// Whether a column's name speaks of another table, or of another key, more than
/// of this.
fn named_elsewhere(read: &Read, pair: &Pair, named: f64, index: &Index) -> bool {
    if named >= 0.8 {
        return false;
    }
    let (child, column) = (pair.child, pair.columns[0]);
    let name = read.names.column(child, column);
    // It is called for its own table.
    if child != pair.parent
        && named < 0.7
        && name.is_key()
        && read.names.own_key(child, column) >= 0.65
    {
        return true;
    }
    if read.names.named_table(name).is_some_and(|other| other != pair.parent && other != child) {
        return true;
    }
    index.of(child, &pair.columns).iter().any(|other| {
        other.parent != pair.parent
            && read.names.resemblance((child, column), (other.parent, other.key[0])) > named + 0.2
    })
}

/// Whether columns are that key of their table by which it is known.
fn is_main_key(read: &Read, at: usize, columns: &[usize]) -> bool {
    let table = &read.tables[at];
    if table.is_primary_key(columns) {
        return true;
    }
    let [column] = columns else {
        return false;
    };
    if !read.keys[at].contains(column) || table.has_primary_key {
        return false;
    }
    let own = keys::likeness(table, at, columns, read.names);
    !read.keys[at]
        .iter()
        .any(|other| other != column && keys::likeness(table, at, &[*other], read.names) > own)
}
