//! How far a long call has come.

use std::time::{Duration, Instant};

use crate::report;

/// How long nothing is said.
const EVERY: Duration = Duration::from_secs(2);

/// Says every two seconds how far a call is, and lets it be cancelled.
pub struct Progress {
    what: &'static str,
    of: usize,
    done: usize,
    last: Instant,
}

impl Progress {
    /// For a call that does `of` of something.
    pub fn new(what: &'static str, of: usize) -> Progress {
        Progress { what, of, done: 0, last: Instant::now() }
    }

    /// One more is done.
    pub fn step(&mut self) {
        pgrx::check_for_interrupts!();
        self.done += 1;
        if self.last.elapsed() > EVERY {
            report::notice(&format!("spyne: {} of {} {}", self.done, self.of, self.what));
            self.last = Instant::now();
        }
    }
}
