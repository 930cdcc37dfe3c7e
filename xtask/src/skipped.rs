//! The tests that cannot run on a major, each with the reason, listed beside the tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use xtask::majors::parse_major;

/// The tests that are skipped on one major.
#[derive(Debug, Default, PartialEq)]
pub struct Skipped(Vec<(String, String)>);

impl Skipped {
    /// Reads `skipped.txt` in the directory of a family of tests, if there is one.
    pub fn read(directory: &Path, major: u32) -> Result<Skipped> {
        let list = directory.join("skipped.txt");
        if !list.is_file() {
            return Ok(Skipped::default());
        }
        Skipped::listed(&fs::read_to_string(&list)?, major)
            .with_context(|| list.display().to_string())
    }

    /// A line names a test, the majors that it is skipped on, and why: `merge_returning 15,16 MERGE
    /// returns rows from 17 on`. What follows a `#` is a remark.
    fn listed(text: &str, major: u32) -> Result<Skipped> {
        let mut skipped = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let mut fields = line.splitn(3, ' ').map(str::trim);
            let (Some(test), Some(majors), Some(reason)) =
                (fields.next(), fields.next(), fields.next())
            else {
                bail!("{line:?} is not a test, its majors and a reason");
            };
            let majors = majors.split(',').map(parse_major).collect::<Result<Vec<_>>>();
            if majors.with_context(|| format!("in {line:?}"))?.contains(&major) {
                skipped.push((test.to_owned(), reason.to_owned()));
            }
        }
        Ok(Skipped(skipped))
    }

    /// Why a test is skipped, if it is.
    pub fn reason(&self, test: &str) -> Option<&str> {
        let found = self.0.iter().find(|(skipped, _)| skipped == test);
        found.map(|(_, reason)| reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Skipped;

    #[test]
    fn a_test_is_skipped_on_the_majors_named_with_a_reason() {
        let text = "# new syntax\nmerge_returning 15,16 MERGE returns rows from 17 on\n\n\
                    dblink 16 no dblink # in its wheel\n";
        let on_16 = Skipped::listed(text, 16).unwrap();
        assert_eq!(on_16.reason("merge_returning"), Some("MERGE returns rows from 17 on"));
        assert_eq!(on_16.reason("dblink"), Some("no dblink"));
        assert_eq!(on_16.reason("joins"), None);
        assert_eq!(Skipped::listed(text, 17).unwrap(), Skipped::default());
    }

    #[test]
    fn a_line_without_a_reason_or_a_major_is_refused() {
        for wrong in ["merge_returning", "merge_returning 15", "merge_returning MERGE is new"] {
            assert!(Skipped::listed(wrong, 15).is_err(), "{wrong}");
        }
    }
}
