//! Chooses, among the pairs that are likely by themselves, those that make sense
//! together.

use std::collections::{HashMap, HashSet};

use super::table::Pair;
use super::weights::{ALIKE, CLEARLY_NEARER};

/// A pair that was weighed.
#[derive(Clone, Debug)]
pub struct Scored {
    pub pair: Pair,
    /// The log-odds of the pair's confidence, and what else tells two parents apart.
    pub score: f64,
    pub confidence: f64,
    pub declared: bool,
    /// Whether the referring columns are the key of their own table.
    pub child_is_key: bool,
    /// How much the key is named after its own table: 0 to 1.
    pub own_key: f64,
    /// Whether the key refers to another key of the same name, so that either could be
    /// meant.
    pub heir: bool,
    /// Whether the referring table is named after the other.
    pub akin: bool,
    pub containment: f64,
    pub child_distinct: f64,
    pub parent_distinct: f64,
    /// The number of columns of the parent. Of two tables that share a key, the one
    /// that says more of its rows is the main one.
    pub parent_columns: usize,
    /// How much the names of the two tables and their columns suggest the pair.
    pub names: f64,
}

/// The pairs that are kept, the likeliest first.
///
/// - Columns refer to one parent: a value that lies in several keys means one.
/// - A key that lies in another table's key and the other way round refers in one
///   direction.
/// - Declared ones stay, whatever else.
pub fn choose(all: Vec<Scored>) -> Vec<Scored> {
    let degree = referring(&all);
    let all = one_direction(all, &degree);
    let mut by_child: HashMap<(usize, Vec<usize>), Vec<Scored>> = HashMap::new();
    for scored in all {
        let mut columns = scored.pair.columns.clone();
        columns.sort_unstable();
        by_child.entry((scored.pair.child, columns)).or_default().push(scored);
    }
    let mut kept: Vec<Scored> = Vec::new();
    for (_, mut rivals) in by_child {
        if rivals.iter().any(|r| r.declared) {
            rivals.retain(|r| r.declared);
            kept.extend(rivals);
            continue;
        }
        let best = rivals.iter().map(|r| r.score).fold(f64::MIN, f64::max);
        rivals.retain(|r| r.score > best - ALIKE.weight);
        rivals.sort_by(|a, b| order(a, b, &degree));
        kept.extend(rivals.into_iter().next());
    }
    kept.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then_with(|| (a.pair.child, &a.pair.columns).cmp(&(b.pair.child, &b.pair.columns)))
    });
    kept
}

/// How many tables refer to each table, by columns that are no keys themselves.
fn referring(all: &[Scored]) -> HashMap<usize, usize> {
    let mut tables: HashMap<usize, HashSet<usize>> = HashMap::new();
    for scored in all.iter().filter(|s| !s.child_is_key && s.confidence >= 0.5) {
        tables.entry(scored.pair.parent).or_default().insert(scored.pair.child);
    }
    tables.into_iter().map(|(table, from)| (table, from.len())).collect()
}

/// The order of two parents for the same columns that have nearly the same score.
fn order(a: &Scored, b: &Scored, degree: &HashMap<usize, usize>) -> std::cmp::Ordering {
    let of = |s: &Scored| degree.get(&s.pair.parent).copied().unwrap_or(0);
    let tenths = |x: f64| (x * 10.0).round();
    let chain = if a.heir || b.heir { nearest(a, b) } else { std::cmp::Ordering::Equal };
    chain
        .then_with(|| b.akin.cmp(&a.akin))
        .then_with(|| tenths(b.names).total_cmp(&tenths(a.names)))
        .then_with(|| nearest(a, b))
        .then_with(|| tenths(b.own_key).total_cmp(&tenths(a.own_key)))
        .then_with(|| tenths(b.score).total_cmp(&tenths(a.score)))
        .then_with(|| of(b).cmp(&of(a)))
        .then_with(|| b.parent_columns.cmp(&a.parent_columns))
        .then_with(|| a.pair.parent.cmp(&b.pair.parent))
}

/// The order of two keys by size. Of two sets from which the values may come, the
/// smaller is likelier, by the ratio of their sizes for each value (the size principle
/// of Tenenbaum and Griffiths, BBS 2001). In a chain of keys with one name that
/// decides; otherwise names come first.
fn nearest(a: &Scored, b: &Scored) -> std::cmp::Ordering {
    let values = a.child_distinct.min(b.child_distinct);
    let ratio = (b.parent_distinct.max(1.0) / a.parent_distinct.max(1.0)).ln() * values;
    let both = a.containment.min(b.containment) >= 0.999;
    match (both, ratio) {
        (true, r) if r >= CLEARLY_NEARER.weight => std::cmp::Ordering::Less,
        (true, r) if r <= -CLEARLY_NEARER.weight => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
    }
}

/// Keeps one of two pairs that are each other's inverse.
fn one_direction(all: Vec<Scored>, degree: &HashMap<usize, usize>) -> Vec<Scored> {
    let rank = |s: &Scored| {
        let parent = degree.get(&s.pair.parent).copied().unwrap_or(0);
        ((s.own_key * 10.0).round() as i64, parent, s.parent_columns)
    };
    let inverse = |s: &Scored, o: &Scored| {
        s.pair.child == o.pair.parent
            && s.pair.parent == o.pair.child
            && s.pair.columns == o.pair.key
            && s.pair.key == o.pair.columns
    };
    let mut by_child: HashMap<(usize, &[usize]), Vec<&Scored>> = HashMap::new();
    for scored in &all {
        by_child.entry((scored.pair.child, &scored.pair.columns[..])).or_default().push(scored);
    }
    let loses = |s: &Scored| {
        let back = by_child.get(&(s.pair.parent, &s.pair.key[..]));
        back.into_iter().flatten().any(|o| {
            inverse(s, o)
                && !s.declared
                && (o.declared
                    || o.score > s.score + ALIKE.weight
                    || (o.score > s.score - ALIKE.weight
                        && (rank(o), s.pair.parent) > (rank(s), o.pair.parent)))
        })
    };
    all.iter().filter(|s| !loses(s)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(child: usize, column: usize, parent: usize, score: f64) -> Scored {
        Scored {
            pair: Pair { child, columns: vec![column], parent, key: vec![0] },
            score,
            confidence: 1.0 / (1.0 + (-score).exp()),
            declared: false,
            child_is_key: false,
            own_key: 0.0,
            heir: false,
            akin: false,
            containment: 1.0,
            child_distinct: 100.0,
            parent_distinct: 200.0,
            parent_columns: 3,
            names: 0.5,
        }
    }

    fn parents(all: Vec<Scored>) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> =
            choose(all).into_iter().map(|s| (s.pair.child, s.pair.parent)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_column_refers_to_one_parent() {
        assert_eq!(parents(vec![scored(0, 1, 1, 2.0), scored(0, 1, 2, 4.0)]), [(0, 2)]);
        // Another column of the same table refers to the other parent.
        assert_eq!(parents(vec![scored(0, 1, 1, 2.0), scored(0, 2, 2, 4.0)]), [(0, 1), (0, 2)]);
    }

    #[test]
    fn a_chain_of_keys_goes_to_the_nearest() {
        let near = Scored {
            parent_distinct: 110.0,
            heir: true,
            child_is_key: true,
            ..scored(0, 0, 1, 2.0)
        };
        let far = Scored { own_key: 1.0, child_is_key: true, ..scored(0, 0, 2, 2.4) };
        assert_eq!(parents(vec![near, far]), [(0, 1)]);
    }

    #[test]
    fn what_is_declared_stays() {
        let declared = Scored { declared: true, ..scored(0, 1, 1, 1.0) };
        assert_eq!(parents(vec![declared, scored(0, 1, 2, 9.0)]), [(0, 1)]);
    }

    #[test]
    fn two_keys_with_the_same_values_refer_in_one_direction() {
        let there = scored(0, 0, 1, 2.0);
        let back = Scored { parent_columns: 9, ..scored(1, 0, 0, 2.0) };
        assert_eq!(parents(vec![there, back]), [(1, 0)]);
    }
}
