//! A sample of a column's distinct values that is small, and comparable with
//! that of any other column.
//!
//! Each value is hashed by the same function, and the K smallest hashes are kept
//! (bottom-k or KMV sketch: Bar-Yossef et al., "Counting distinct elements in a
//! data stream", RANDOM 2002; Beyer et al., "On synopses for distinct-value
//! estimation under multiset operations", SIGMOD 2007). Because the hash decides
//! which values are kept, two columns keep the same values wherever both have
//! them: below the smaller of the two thresholds, what the one has and the other
//! lacks is seen exactly. That is what tells whether a column's values lie in
//! another's, without joining the two (approximate inclusion dependencies, as in
//! Kruse et al., "Fast approximate discovery of inclusion dependencies", BTW 2017).

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Distinct values that a sketch keeps. Up to as many, everything is exact;
/// beyond, shares have a standard error of about 1 / sqrt(K), two percent.
pub const K: usize = 2048;

/// Entries of a sketch while it grows.
const ROOM: usize = 2 * K;

/// Spreads a number over 64 bits, so that each has one image and can be found
/// from it: the finalizer of Steele et al., "Fast splittable pseudorandom number
/// generators" (OOPSLA 2014), by the constants of David Stafford's mix 13.
pub fn spread(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number that [`spread`] has made a hash of.
pub fn gathered(hash: u64) -> u64 {
    let z = unshifted(hash, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let z = unshifted(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
    unshifted(z, 30).wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

/// Undoes `z ^ (z >> by)`.
fn unshifted(z: u64, by: u32) -> u64 {
    z ^ (z >> by) ^ (z >> (2 * by))
}

/// The hash of a text: FNV-1a, spread.
pub fn of_bytes(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    spread(hash)
}

/// The hash of several values in their order.
pub fn of_several(hashes: impl IntoIterator<Item = u64>) -> u64 {
    hashes.into_iter().fold(0, |all: u64, hash| spread(all.rotate_left(17) ^ hash))
}

/// One value, as the sketch takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Null,
    /// A whole number, or a time in microseconds: its range is kept too.
    Whole(i64),
    /// A number that is not whole: what has any is no key.
    Fraction,
    /// The hash of anything else.
    Hashed(u64),
}

/// Hashes need no hashing.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 is hashed here")
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash.rotate_right(7);
    }
}

/// A sketch that grows. At most 2 K entries: 140 KB with the table around them.
#[derive(Clone, Default)]
pub struct Builder {
    values: u64,
    nulls: u64,
    fractions: u64,
    range: Option<(i64, i64)>,
    /// Kept hashes, and how often each was met: exact, because a hash that is
    /// kept now has been below the threshold from the beginning.
    kept: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    /// Hashes above are not kept.
    threshold: Option<u64>,
}

impl Builder {
    pub fn add(&mut self, value: Value) {
        let hash = match value {
            Value::Null => {
                self.nulls += 1;
                return;
            }
            Value::Fraction => {
                self.values += 1;
                self.fractions += 1;
                return;
            }
            Value::Whole(number) => {
                let (low, high) = self.range.unwrap_or((number, number));
                self.range = Some((low.min(number), high.max(number)));
                spread(number as u64)
            }
            Value::Hashed(hash) => hash,
        };
        self.values += 1;
        self.keep(hash, 1);
    }

    fn keep(&mut self, hash: u64, times: u32) {
        if self.threshold.is_some_and(|threshold| hash > threshold) {
            return;
        }
        let count = self.kept.entry(hash).or_insert(0);
        *count = count.saturating_add(times);
        if self.kept.len() >= ROOM {
            self.cut();
        }
    }

    /// Leaves the K smallest hashes.
    fn cut(&mut self) {
        if self.kept.len() <= K {
            return;
        }
        let mut hashes: Vec<u64> = self.kept.keys().copied().collect();
        let (_, threshold, _) = hashes.select_nth_unstable(K - 1);
        let threshold = *threshold;
        self.kept.retain(|hash, _| *hash <= threshold);
        self.threshold = Some(threshold);
    }

    /// What two parts of the same column have together.
    pub fn merge(&mut self, other: Builder) {
        self.values += other.values;
        self.nulls += other.nulls;
        self.fractions += other.fractions;
        self.range = match (self.range, other.range) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        // What the other did not keep is not counted here either.
        if let Some(threshold) = other.threshold {
            let lower = self.threshold.map_or(threshold, |own| own.min(threshold));
            self.kept.retain(|hash, _| *hash <= lower);
            self.threshold = Some(lower);
        }
        for (hash, times) in other.kept {
            self.keep(hash, times);
        }
    }

    pub fn finish(mut self) -> Sketch {
        self.cut();
        let repeated = self.kept.values().filter(|times| **times > 1).count() as u64;
        let mut kept: Vec<(u64, u32)> = self.kept.into_iter().collect();
        kept.sort_unstable();
        let (hashes, times) = kept.into_iter().unzip();
        Sketch {
            values: self.values,
            nulls: self.nulls,
            fractions: self.fractions,
            range: self.range,
            repeated,
            threshold: self.threshold,
            hashes,
            times,
            numbers: Numbers::default(),
        }
    }

    /// The state of a parallel worker, for its leader.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + 12 * self.kept.len());
        header(&mut bytes, self.values, self.nulls, self.fractions, self.range, self.threshold);
        for (hash, times) in &self.kept {
            bytes.extend(hash.to_le_bytes());
            bytes.extend(times.to_le_bytes());
        }
        bytes
    }

    /// None where these bytes are no state.
    pub fn from_bytes(bytes: &[u8]) -> Option<Builder> {
        let (head, rest) = Header::read(bytes)?;
        let kept = entries(rest)?.into_iter().collect();
        Some(Builder {
            values: head.values,
            nulls: head.nulls,
            fractions: head.fractions,
            range: head.range,
            kept,
            threshold: head.threshold,
        })
    }
}

/// What the K smallest hashes of a column tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// Values that are not null.
    pub values: u64,
    pub nulls: u64,
    /// Values that are numbers and not whole.
    pub fractions: u64,
    /// The smallest and largest value, of numbers and times.
    pub range: Option<(i64, i64)>,
    /// How many of the kept values occur more than once.
    pub repeated: u64,
    /// Hashes above are not kept; None where all are.
    pub threshold: Option<u64>,
    /// The kept hashes, ascending.
    pub hashes: Vec<u64>,
    /// How often each was met.
    times: Vec<u32>,
    numbers: Numbers,
}

/// What of a column lies in another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlap {
    /// Distinct values that could be compared, and rows that have them.
    pub values: u64,
    pub rows: u64,
    /// Those of them that are in the other column.
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

/// What the hashes of numbers were made of: found out once.
#[derive(Clone, Debug, Default)]
struct Numbers(OnceCell<Vec<i64>>);

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
                // All kept values are there once: so are, very likely, the others.
                match self.repeated {
                    0 => self.values as f64,
                    _ => estimate.min(self.values as f64),
                }
            }
        }
    }

    /// Whether no value repeats, as far as is seen.
    pub fn is_unique(&self) -> bool {
        self.values > 0 && self.repeated == 0 && self.fractions == 0
    }

    /// What of this column lies in the other, as far as the two samples can tell.
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

    /// What of all that is kept is there, where it was looked up.
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

    /// Only these hashes.
    pub fn of_hashes(mut hashes: Vec<u64>) -> Sketch {
        hashes.sort_unstable();
        let times = vec![1; hashes.len()];
        Sketch { hashes, times, ..Sketch::default() }
    }

    /// Leaves at most `most` hashes.
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
        header(&mut bytes, self.values, self.nulls, self.fractions, self.range, self.threshold);
        bytes.extend(self.repeated.to_le_bytes());
        for (hash, times) in self.hashes.iter().zip(&self.times) {
            bytes.extend(hash.to_le_bytes());
            bytes.extend(times.to_le_bytes());
        }
        bytes
    }

    /// None where these bytes are no sketch.
    pub fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        let (head, rest) = Header::read(bytes)?;
        let (repeated, rest) = rest.split_at_checked(8)?;
        let repeated = u64::from_le_bytes(repeated.try_into().ok()?);
        let (hashes, times) = entries(rest)?.into_iter().unzip();
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

/// Hashes and how often each was met.
fn entries(bytes: &[u8]) -> Option<Vec<(u64, u32)>> {
    bytes
        .chunks(12)
        .map(|entry| {
            let (hash, times) = entry.split_at_checked(8)?;
            let hash = u64::from_le_bytes(hash.try_into().ok()?);
            Some((hash, u32::from_le_bytes(times.try_into().ok()?)))
        })
        .collect()
}

/// What a state and a sketch begin with.
struct Header {
    values: u64,
    nulls: u64,
    fractions: u64,
    range: Option<(i64, i64)>,
    threshold: Option<u64>,
}

const HEADER: usize = 1 + 6 * 8;

fn header(
    into: &mut Vec<u8>,
    values: u64,
    nulls: u64,
    fractions: u64,
    range: Option<(i64, i64)>,
    threshold: Option<u64>,
) {
    into.push(u8::from(range.is_some()) | u8::from(threshold.is_some()) << 1);
    let (low, high) = range.unwrap_or_default();
    let fields = [values, nulls, fractions, low as u64, high as u64, threshold.unwrap_or_default()];
    fields.iter().for_each(|field| into.extend(field.to_le_bytes()));
}

impl Header {
    fn read(bytes: &[u8]) -> Option<(Header, &[u8])> {
        let (head, rest) = bytes.split_at_checked(HEADER)?;
        let field = |at: usize| -> Option<u64> {
            let from = 1 + at * 8;
            Some(u64::from_le_bytes(head.get(from..from + 8)?.try_into().ok()?))
        };
        let header = Header {
            values: field(0)?,
            nulls: field(1)?,
            fractions: field(2)?,
            range: (head[0] & 1 != 0).then_some((field(3)? as i64, field(4)? as i64)),
            threshold: (head[0] & 2 != 0).then_some(field(5)?),
        };
        Some((header, rest))
    }
}

/// Bytes in hexadecimal digits, as bytea is written.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").unwrap_or(text).as_bytes();
    let digit = |c: u8| (c as char).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| {
            let [high, low] = pair else { return None };
            Some((digit(*high)? * 16 + digit(*low)?) as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(numbers: impl IntoIterator<Item = i64>) -> Sketch {
        let mut builder = Builder::default();
        numbers.into_iter().for_each(|n| builder.add(Value::Whole(n)));
        builder.finish()
    }

    #[test]
    fn a_number_is_found_from_its_hash() {
        for number in [0, 1, 2, 41, u64::MAX, 1 << 63, 0x1234_5678_9abc_def0] {
            assert_eq!(gathered(spread(number)), number);
        }
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
