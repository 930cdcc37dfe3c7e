//! Choices that are the same in each run.

use spyne_core::kernel::digest::spread;

/// A source of choices: one seed, one sequence.
pub struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance { seed: spread(seed), drawn: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.drawn += 1;
        (spread(self.seed ^ self.drawn) % bound.max(1) as u64) as usize
    }

    /// True in `percent` of a hundred draws, on average.
    pub fn in_hundred(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn of<T: Copy>(&mut self, several: &[T]) -> T {
        several[self.below(several.len())]
    }
}
