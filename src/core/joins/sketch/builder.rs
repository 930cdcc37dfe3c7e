//! A sketch that grows, value by value.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::bytes::{Header, read_entries, write_entries};
use super::sample::{K, Numbers, Sketch};
use crate::kernel::digest::spread;

/// The most entries of a sketch while it grows.
const ROOM: usize = 2 * K;

/// One value that a sketch is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Null,
    /// A whole number, or a time in microseconds. The range of these is kept too.
    Whole(i64),
    /// A number that is not whole. A column that has any is no key.
    Fraction,
    /// The hash of anything else.
    Hashed(u64),
}

/// A hasher that passes on what is a hash already.
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
    /// The hashes that are kept, and how often each occurred. The counts are exact,
    /// because a hash that is kept now has been below the threshold from the beginning.
    kept: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    /// The largest hash that is kept; None while all are.
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

    /// Drops all but the K smallest hashes.
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

    /// Merges the sketch of another part of the same column into this one.
    pub fn merge(&mut self, other: Builder) {
        self.values += other.values;
        self.nulls += other.nulls;
        self.fractions += other.fractions;
        self.range = match (self.range, other.range) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        // Values that the other sketch has not kept are not counted here either.
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
        self.header().write(&mut bytes);
        write_entries(&mut bytes, self.kept.iter());
        bytes
    }

    fn header(&self) -> Header {
        Header {
            values: self.values,
            nulls: self.nulls,
            fractions: self.fractions,
            range: self.range,
            threshold: self.threshold,
        }
    }

    /// Reads a state; None where these bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Builder> {
        let (head, rest) = Header::read(bytes)?;
        let kept = read_entries(rest)?.into_iter().collect();
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
