//! The samples of the columns that were read.

use std::collections::HashMap;

use super::sketch::Sketch;
use super::table::Pair;

/// A sketch of each column, and of each set of columns as one, that was read.
#[derive(Clone, Debug, Default)]
pub struct Samples(HashMap<usize, HashMap<Vec<usize>, Sketch>>);

impl Samples {
    /// The sketch of these columns of a table, in this order.
    pub fn of(&self, table: usize, columns: &[usize]) -> Option<&Sketch> {
        self.0.get(&table)?.get(columns)
    }

    /// The sketches of both sides of a pair.
    pub fn both(&self, pair: &Pair) -> Option<(&Sketch, &Sketch)> {
        self.of(pair.child, &pair.columns).zip(self.of(pair.parent, &pair.key))
    }

    pub fn add(&mut self, table: usize, columns: Vec<usize>, sketch: Sketch) {
        self.0.entry(table).or_default().insert(columns, sketch);
    }

    /// These samples, with those of another round.
    pub fn and(mut self, other: Samples) -> Samples {
        for (table, sketches) in other.0 {
            self.0.entry(table).or_default().extend(sketches);
        }
        self
    }
}
