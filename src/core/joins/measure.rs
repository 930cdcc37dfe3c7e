//! Compares two samples of values.

use serde::Serialize;

use super::sketch::{Overlap, Sketch};
use super::weights::SURPRISING;

/// Compares two samples of values.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// The share of the referring side's rows with a value that is in the key;
    /// None where it has no values, or none that could be compared.
    pub containment: Option<f64>,
    /// The same share, of its distinct values.
    pub value_share: f64,
    /// The number of distinct values that were compared.
    pub compared: u64,
    /// The share of the key's values that are referred to, at least.
    pub coverage: f64,
    /// The share of the key's values between the smallest and the largest that are
    /// referred to; None for values without an order here.
    pub range: Option<f64>,
    /// How surprising the containment is, 0 to 1: not at all for small numbers in a key
    /// of 1 to n.
    pub surprise: f64,
    /// Distinct values of the referring side, and of the key.
    pub child_distinct: f64,
    pub parent_distinct: f64,
    /// The share of rows of the referring side without a value.
    pub null_share: f64,
    pub child_unique: bool,
}

/// The number of compared values below which a containment is undecided while there are
/// more.
const TOO_FEW: u64 = 24;

/// Whether `compared` values of `distinct` are too few to decide.
fn too_few(compared: u64, distinct: f64) -> bool {
    (compared as f64) < distinct && compared < TOO_FEW
}

impl Measured {
    /// Whether too few values could be compared to decide.
    pub fn is_undecided(&self) -> bool {
        too_few(self.compared, self.child_distinct)
    }

    /// Whether the containment is evidence: not any number of this size would lie in
    /// the key.
    pub fn is_surprising(&self) -> bool {
        self.surprise >= SURPRISING
    }
}

/// The share of rows whose value must be in a key to be weighed at all.
const MOSTLY_WITHIN: f64 = 0.8;

/// What a quick comparison of two samples shows. It rules most pairs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    /// Too many values of the child are not in the parent.
    Apart,
    /// Most rows of the child have a value that is in the parent.
    Within,
    /// Too few values could be compared to decide.
    Undecided,
}

/// Compares two samples quickly, neither of which is empty: whether the values of
/// `child` lie in `parent`.
pub fn glance(child: &Sketch, parent: &Sketch) -> Glance {
    if child.fractions > 0 || !starts_within(child, parent) {
        return Glance::Apart;
    }
    let overlap = child.within(parent);
    match too_few(overlap.values, child.distinct()) {
        true if in_range(child, parent) => Glance::Undecided,
        false if overlap.share() >= Some(MOSTLY_WITHIN) => Glance::Within,
        _ => Glance::Apart,
    }
}

/// Compares the samples of two columns, or of two sets of columns. `child_distinct` is
/// the number by statistics, where the sample is of some rows only.
pub fn measure(child: &Sketch, parent: &Sketch, child_distinct: Option<f64>) -> Measured {
    measured(child, parent, child.within(parent), child_distinct)
}

/// As [`measure`], where a look-up has found which values of the child are in the
/// parent.
pub fn measured(
    child: &Sketch,
    parent: &Sketch,
    overlap: Overlap,
    child_distinct: Option<f64>,
) -> Measured {
    let own = child.distinct();
    let distinct = child_distinct.map_or(own, |known| known.max(own));
    let there = parent.distinct().max(1.0);
    Measured {
        containment: overlap.share(),
        value_share: overlap.value_share(),
        compared: overlap.values,
        coverage: (overlap.value_share() * distinct / there).min(1.0),
        range: overlap.range.and_then(|range| span(range, parent)),
        surprise: surprise(&overlap, parent),
        child_distinct: distinct,
        parent_distinct: parent.distinct(),
        null_share: child.null_share(),
        child_unique: child.is_unique(),
    }
}

/// The share of the key's values that lie between the smallest and the largest of
/// those that are referred to (the feature "out of range" of Rostin et al., turned
/// around).
fn span((low, high): (i64, i64), parent: &Sketch) -> Option<f64> {
    let numbers = parent.numbers();
    if numbers.is_empty() {
        return None;
    }
    let from = numbers.partition_point(|n| *n < low);
    let to = numbers.partition_point(|n| *n <= high);
    Some(to.saturating_sub(from) as f64 / numbers.len() as f64)
}

/// How surprising it is that the values lie in the key. Where the key has nearly all
/// numbers between its smallest and its largest, any number does.
fn surprise(overlap: &Overlap, parent: &Sketch) -> f64 {
    let found = overlap.values_found as f64;
    let per_value = match overlap.range.zip(parent.range) {
        // A text or uuid does not lie in another column by chance, but a few short
        // codes may.
        None => 2.0,
        Some(((low, high), _)) => {
            let numbers = parent.numbers();
            let step = numbers
                .windows(2)
                .map(|pair| pair[1].abs_diff(pair[0]))
                .fold(0, greatest_common_divisor)
                .max(1);
            // A sample shows only the spread of the values, because its steps are too
            // wide.
            let step = if parent.threshold.is_some() { unit(step) } else { step };
            let from = numbers.partition_point(|n| *n < low);
            let to = numbers.partition_point(|n| *n <= high);
            let kept = to.saturating_sub(from) as f64;
            // In so small a range the sample keeps too few values.
            if parent.threshold.is_some() && kept < 8.0 {
                return 0.0;
            }
            // Where there is only a sample, the key is taken to be as dense as it may
            // be.
            let kept = match parent.threshold {
                Some(_) => kept + 2.0 * kept.sqrt() + 2.0,
                None => kept,
            };
            let there = kept * parent.distinct() / numbers.len().max(1) as f64;
            let places = high.abs_diff(low) as f64 / step as f64 + 1.0;
            (1.0 / (there / places).clamp(1e-6, 1.0)).ln()
        }
    };
    1.0 - (-(per_value * found) / 12.0).exp()
}

/// A day, where the step between sampled values is a number of days; else one.
fn unit(step: u64) -> u64 {
    const DAY: u64 = 86_400_000_000;
    if step.is_multiple_of(DAY) { DAY } else { 1 }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Whether most of the first values that both samples can decide on are in both. Most
/// pairs fail here.
fn starts_within(child: &Sketch, parent: &Sketch) -> bool {
    let first = child.hashes.iter().take(32);
    let told: Vec<&u64> = first.filter(|h| parent.threshold.is_none_or(|t| **h <= t)).collect();
    let found = told.iter().filter(|h| parent.hashes.binary_search(h).is_ok()).count();
    told.len() < 8 || found * 3 >= told.len()
}

/// Whether nearly all numbers of a column lie between the smallest and the largest of
/// the key.
fn in_range(child: &Sketch, parent: &Sketch) -> bool {
    let (Some((low, high)), true) = (parent.range, child.range.is_some()) else {
        return child.range.is_none();
    };
    let numbers = child.numbers();
    let inside = numbers.iter().filter(|n| (low..=high).contains(*n)).count();
    inside * 10 >= numbers.len() * 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::sketch::{Builder, Value};
    use crate::kernel::digest::of_bytes;

    fn numbers(all: impl IntoIterator<Item = i64>) -> Sketch {
        let mut builder = Builder::default();
        all.into_iter().for_each(|n| builder.add(Value::Whole(n)));
        builder.finish()
    }

    fn texts(all: impl IntoIterator<Item = String>) -> Sketch {
        let mut builder = Builder::default();
        all.into_iter().for_each(|t| builder.add(Value::Hashed(of_bytes(t.as_bytes()))));
        builder.finish()
    }

    #[test]
    fn small_numbers_in_a_key_of_one_to_n_say_little() {
        let small = measure(&numbers((0..500).map(|n| n % 7 + 1)), &numbers(1..=1000), None);
        assert_eq!(small.containment, Some(1.0));
        assert!(small.surprise < 0.01 && small.range < Some(0.01));
        let sparse = measure(
            &numbers((0..500).map(|n| n * 97)),
            &numbers((0..1000).map(|n| n * 97 + i64::from(n % 2 == 1 && n > 500))),
            None,
        );
        assert!(sparse.surprise > 0.9, "{}", sparse.surprise);
    }

    #[test]
    fn texts_in_a_key_say_much() {
        let key = texts((0..300).map(|n| format!("C{n:05}")));
        let child = texts((0..90).map(|n| format!("C{:05}", n * 3)));
        let measured = measure(&child, &key, None);
        assert!(measured.surprise > 0.99);
        assert!((measured.coverage - 0.3).abs() < 0.01);
    }

    #[test]
    fn what_cannot_be_told_is_undecided() {
        let few = measure(&numbers(1..=20), &numbers(1..=1_000_000), None);
        assert!(few.is_undecided(), "{few:?}");
        assert!(!measure(&numbers(1..=20), &numbers(1..=1000), None).is_undecided());
    }
}
