//! What a part of the suite found.

use std::fmt;

/// How many tests went well, which did not, and which were skipped, each with the reason.
#[derive(Debug, Default, PartialEq)]
pub struct Tally {
    pub passed: usize,
    pub failed: Vec<String>,
    pub skipped: Vec<String>,
}

impl Tally {
    /// Adds what a part found, whose tests are then named with the part before them.
    pub fn add(&mut self, part: &str, other: Tally) {
        let named =
            |names: Vec<String>| names.into_iter().map(move |name| format!("{part}: {name}"));
        self.passed += other.passed;
        self.failed.extend(named(other.failed));
        self.skipped.extend(named(other.skipped));
    }

    /// Adds what another piece of the same part found.
    pub fn merge(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
    }

    /// Whether no test ran.
    pub fn is_empty(&self) -> bool {
        self.passed + self.failed.len() == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() && self.skipped.is_empty() {
            return Ok(());
        }
        write!(f, "{} passed, {} failed", self.passed, self.failed.len())?;
        match self.skipped.len() {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(passed: usize, failed: &[&str], skipped: &[&str]) -> Tally {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Tally { passed, failed: owned(failed), skipped: owned(skipped) }
    }

    #[test]
    fn a_part_names_its_tests() {
        let mut total = tally(1, &[], &["a"]);
        total.merge(tally(1, &["b"], &[]));
        total.add("pg18 client", tally(2, &["c"], &["d: why"]));
        let expected = tally(4, &["b", "pg18 client: c"], &["a", "pg18 client: d: why"]);
        assert_eq!(total, expected);
    }

    #[test]
    fn what_was_found_is_said_in_short() {
        assert_eq!(tally(2, &["c"], &[]).to_string(), "2 passed, 1 failed");
        assert_eq!(tally(2, &[], &["d"]).to_string(), "2 passed, 0 failed, 1 skipped");
        assert_eq!(tally(0, &[], &[]).to_string(), "");
    }
}
