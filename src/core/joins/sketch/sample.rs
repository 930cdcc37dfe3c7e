//! A finished sketch, and the comparison of two.

use std::cell::OnceCell;

use super::bytes::{Header, read_entries, write_entries};
use crate::kernel::digest::gathered;

/// The most distinct values that a sketch keeps. Up to that number everything is exact;
/// beyond, shares have a standard error of about 1 / sqrt(K), two percent.
pub const K: usize = 2048;

/// The K smallest hashes of a column, and what was counted with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// The number of values that are not null.
    pub values: u64,
    pub nulls: u64,
    /// The number of values that are numbers and not whole.
    pub fractions: u64,
    /// The smallest and the largest value of numbers and times.
    pub range: Option<(i64, i64)>,
    /// How many of the kept values occur more than once.
    pub repeated: u64,
    /// The largest hash that is kept; None where all are.
    pub threshold: Option<u64>,
    /// The kept hashes, ascending.
    pub hashes: Vec<u64>,
    /// How often each value occurred.
    pub(super) times: Vec<u32>,
    pub(super) numbers: Numbers,
}

/// The part of a column that lies in another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlap {
    /// The number of distinct values that could be compared, and of rows that have
    /// them.
    pub values: u64,
    pub rows: u64,
    /// The number of those that are in the other column.
    pub values_found: u64,
    pub rows_found: u64,
    /// The smallest and the largest number that was found.
    pub range: Option<(i64, i64)>,
}

impl Overlap {
    /// The share of rows whose value is found; None where none could be compared.
    pub fn share(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.rows_found as f64 / self.rows as f64)
    }

    /// The share of distinct values that is found.
    pub fn value_share(&self) -> f64 {
        self.values_found as f64 / self.values.max(1) as f64
    }
}

/// The numbers that the hashes were made of, worked out once.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(OnceCell<Vec<i64>>);

impl PartialEq for Numbers {
    fn eq(&self, _: &Numbers) -> bool {
        true
    }
}

impl Sketch {
    /// The number of distinct values: exact while all are kept, else the
    /// estimate (K - 1) / U(K), where U(K) is the K-th smallest hash as a share
    /// of all hashes (Beyer et al. 2007, the unbiased estimator).
    pub fn distinct(&self) -> f64 {
        match self.threshold {
            None => self.hashes.len() as f64,
            Some(threshold) => {
                let share = (threshold as f64 + 1.0) / 2f64.powi(64);
                let estimate = (self.hashes.len() as f64 - 1.0) / share;
                // All kept values occur once, so very likely the others do too.
                match self.repeated {
                    0 => self.values as f64,
                    _ => estimate.min(self.values as f64),
                }
            }
        }
    }

    /// Whether no value repeats, as far as the sketch shows.
    pub fn is_unique(&self) -> bool {
        self.values > 0 && self.repeated == 0 && self.fractions == 0
    }

    /// Whether a column is unique and never null in fact, whatever is declared.
    pub fn is_key(&self) -> bool {
        self.is_unique() && self.nulls * 100 <= self.values
    }

    /// The share of rows without a value.
    pub fn null_share(&self) -> f64 {
        self.nulls as f64 / (self.values + self.nulls).max(1) as f64
    }

    /// The part of this column that lies in the other, as far as the two samples can
    /// tell.
    pub fn within(&self, other: &Sketch) -> Overlap {
        let told = match other.threshold {
            None => self.hashes.len(),
            Some(threshold) => self.hashes.partition_point(|hash| *hash <= threshold),
        };
        // Both are sorted: one pass.
        let mut theirs = other.hashes.iter().peekable();
        self.overlap(told, |own| {
            while theirs.next_if(|their| *their < own).is_some() {}
            theirs.peek() == Some(&own)
        })
    }

    /// The part of the kept values that a look-up has found.
    pub fn where_found(&self, is_there: impl Fn(&u64) -> bool) -> Overlap {
        self.overlap(self.hashes.len(), is_there)
    }

    fn overlap(&self, told: usize, mut is_there: impl FnMut(&u64) -> bool) -> Overlap {
        let mut overlap = Overlap::default();
        for (hash, times) in self.hashes[..told].iter().zip(&self.times) {
            overlap.values += 1;
            overlap.rows += u64::from(*times);
            if is_there(hash) {
                overlap.values_found += 1;
                overlap.rows_found += u64::from(*times);
                if self.range.is_some() {
                    let number = gathered(*hash) as i64;
                    let (low, high) = overlap.range.unwrap_or((number, number));
                    overlap.range = Some((low.min(number), high.max(number)));
                }
            }
        }
        overlap
    }

    /// The kept values of a column of whole numbers, in their order.
    pub fn numbers(&self) -> &[i64] {
        self.numbers.0.get_or_init(|| {
            let mut numbers: Vec<i64> = match self.range {
                Some(_) => self.hashes.iter().map(|hash| gathered(*hash) as i64).collect(),
                None => Vec::new(),
            };
            numbers.sort_unstable();
            numbers
        })
    }

    /// A sketch of these hashes only.
    pub fn of_hashes(mut hashes: Vec<u64>) -> Sketch {
        hashes.sort_unstable();
        let times = vec![1; hashes.len()];
        Sketch { hashes, times, ..Sketch::default() }
    }

    /// Drops hashes beyond `most`.
    pub fn shrink(&mut self, most: usize) {
        if self.hashes.len() > most && most > 0 {
            self.hashes.truncate(most);
            self.hashes.shrink_to_fit();
            self.times.truncate(most);
            self.times.shrink_to_fit();
            self.threshold = self.hashes.last().copied();
            self.numbers = Numbers::default();
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(72 + 12 * self.hashes.len());
        let head = Header {
            values: self.values,
            nulls: self.nulls,
            fractions: self.fractions,
            range: self.range,
            threshold: self.threshold,
        };
        head.write(&mut bytes);
        bytes.extend(self.repeated.to_le_bytes());
        write_entries(&mut bytes, self.hashes.iter().zip(&self.times));
        bytes
    }

    /// Reads a sketch; None where these bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        let (head, rest) = Header::read(bytes)?;
        let (repeated, rest) = rest.split_at_checked(8)?;
        let repeated = u64::from_le_bytes(repeated.try_into().ok()?);
        let (hashes, times) = read_entries(rest)?.into_iter().unzip();
        Some(Sketch {
            values: head.values,
            nulls: head.nulls,
            fractions: head.fractions,
            range: head.range,
            repeated,
            threshold: head.threshold,
            hashes,
            times,
            numbers: Numbers::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::sketch::{Builder, Value};

    fn sketch(numbers: impl IntoIterator<Item = i64>) -> Sketch {
        let mut builder = Builder::default();
        numbers.into_iter().for_each(|n| builder.add(Value::Whole(n)));
        builder.finish()
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let few = sketch((0..1000).map(|n| n % 10));
        assert_eq!((few.values, few.distinct(), few.repeated), (1000, 10.0, 10));
        assert_eq!(few.range, Some((0, 9)));
        assert!(!few.is_unique());
    }

    #[test]
    fn many_values_are_estimated_within_a_few_percent() {
        let many = sketch((0..500_000).map(|n| n % 100_000));
        assert!((many.distinct() / 100_000.0 - 1.0).abs() < 0.08, "{}", many.distinct());
        assert_eq!(many.hashes.len(), K);
        let all = sketch(0..300_000);
        assert!(all.is_unique());
        assert_eq!(all.distinct(), 300_000.0);
    }

    #[test]
    fn what_lies_within_is_seen_without_a_join() {
        let (parent, child) = (sketch(0..200_000), sketch((0..50_000).map(|n| n * 3)));
        let all = child.within(&parent);
        assert_eq!(all.share(), Some(1.0));
        assert!(all.values > 100, "{all:?}");
        // Every tenth value has no parent.
        let orphans = sketch((0..50_000).map(|n| if n % 10 == 0 { -n - 1 } else { n }));
        let share = orphans.within(&parent).value_share();
        assert!((share - 0.9).abs() < 0.06, "{share}");
    }

    #[test]
    fn rows_count_as_often_as_they_are_there() {
        // One value in a hundred rows has no parent, and each such row its own.
        let child = sketch((0..1000).map(|n| if n % 100 == 0 { 5000 + n } else { n % 20 }));
        let overlap = child.within(&sketch(0..50));
        assert_eq!(overlap.share(), Some(0.99));
        assert!(overlap.value_share() < 0.7);
        assert_eq!(overlap.range, Some((0, 19)));
    }

    #[test]
    fn parts_make_the_whole_in_any_order() {
        let whole = sketch((0..60_000).map(|n| n % 25_000));
        let mut parts: Vec<Builder> = (0..3)
            .map(|part| {
                let mut builder = Builder::default();
                (0..60_000)
                    .filter(|n| n % 3 == part)
                    .for_each(|n| builder.add(Value::Whole(n % 25_000)));
                Builder::from_bytes(&builder.to_bytes()).expect("a state")
            })
            .collect();
        let mut all = parts.pop().expect("three");
        parts.into_iter().for_each(|part| all.merge(part));
        let merged = all.finish();
        assert_eq!(merged.hashes, whole.hashes);
        assert_eq!(merged.repeated, whole.repeated);
        assert_eq!(Sketch::from_bytes(&merged.to_bytes()), Some(merged));
    }

    #[test]
    fn damaged_bytes_are_no_sketch() {
        let bytes = sketch(0..10).to_bytes();
        assert_eq!(Sketch::from_bytes(&bytes[..bytes.len() - 3]), None);
        assert_eq!(Sketch::from_bytes(&[]), None);
        assert!(Builder::from_bytes(&bytes[..20]).is_none());
    }

    #[test]
    fn kept_numbers_are_the_values_themselves() {
        assert_eq!(sketch([5, -3, 9]).numbers(), [-3, 5, 9]);
    }
}
