//! Tells how far a long call is.

use std::time::{Duration, Instant};

use crate::report;

/// The time between two messages.
const EVERY: Duration = Duration::from_secs(2);

/// Tells every two seconds how far a call is, and lets the call be cancelled.
pub struct Progress {
    what: &'static str,
    of: usize,
    done: usize,
    last: Instant,
}

impl Progress {
    /// The progress of a call that has `of` steps; `what` names them.
    pub fn new(what: &'static str, of: usize) -> Progress {
        Progress { what, of, done: 0, last: Instant::now() }
    }

    /// Notes that one more step is done.
    pub fn step(&mut self) {
        pgrx::check_for_interrupts!();
        self.done += 1;
        if self.last.elapsed() > EVERY {
            report::notice(&format!("spyne: {} of {} {}", self.done, self.of, self.what));
            self.last = Instant::now();
        }
    }
}
