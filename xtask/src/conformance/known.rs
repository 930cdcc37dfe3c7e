//! The differences that are known, and why they are right.
//!
//! An entry of the list is one place where a test's output differs:
//!
//! ```text
//! regress/opr_sanity 15 16 17
//!     because the test lists every function that runs as its owner
//!     - (0 rows)
//!     + (1 row)
//! ```
//!
//! It names the test, the majors of PostgreSQL on which it differs, the reason, and the lines that
//! differ in their order. Spaces at the end of a line do not count, and `OID` stands for a number
//! that the server has given to an object.

use anyhow::{Context, Result, bail};
use xtask::majors::SUPPORTED_MAJORS;

/// The first number that a server gives to an object which is not its own.
const FIRST_OID: u32 = 16384;

/// One entry of the list.
#[derive(Debug, Default, PartialEq)]
pub struct Known {
    test: String,
    majors: Vec<u32>,
    reason: String,
    lines: Vec<String>,
}

impl Known {
    /// The test whose output differs there, if it does so on this major.
    pub fn test_on(&self, major: u32) -> Option<&str> {
        self.majors.contains(&major).then_some(self.test.as_str())
    }
}

/// What the list says of one test's differences.
#[derive(Debug, Default, PartialEq)]
pub struct Verdict {
    /// The reasons of those that it names.
    pub explained: Vec<String>,
    /// Whether there are others.
    pub is_unexplained: bool,
    /// The reasons of entries whose difference was not there.
    pub unseen: Vec<String>,
}

/// Reads the list. An entry that lacks something is an error.
pub fn parse(text: &str) -> Result<Vec<Known>> {
    let mut entries: Vec<Known> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(part) = line.strip_prefix("    ") else {
            entries.push(heading(line)?);
            continue;
        };
        let entry = entries.last_mut().with_context(|| format!("no test before {line:?}"))?;
        if let Some(reason) = part.strip_prefix("because ") {
            entry.reason = reason.trim().to_owned();
        } else if let Some(sign) = part.chars().next().filter(|sign| ['-', '+'].contains(sign)) {
            // An empty line may have lost the space behind its sign.
            let changed = part[1..].strip_prefix(' ').unwrap_or(&part[1..]);
            entry.lines.push(normalised(&format!("{sign}{changed}")));
        } else {
            bail!("{line:?} is neither a reason nor a line that differs");
        }
    }
    for entry in &entries {
        if entry.reason.is_empty() || entry.lines.is_empty() {
            bail!("an entry of {} lacks its reason or its lines", entry.test);
        }
    }
    Ok(entries)
}

fn heading(line: &str) -> Result<Known> {
    let mut fields = line.split_whitespace();
    let test = fields.next().unwrap_or_default().to_owned();
    let majors: Vec<u32> = fields
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{line:?} should name a test and majors"))?;
    if majors.is_empty() || majors.iter().any(|major| !SUPPORTED_MAJORS.contains(major)) {
        bail!("{line:?} names no majors, or unknown ones");
    }
    Ok(Known { test, majors, ..Known::default() })
}

/// Holds the lines in which a test differs against the list.
pub fn judge(known: &[Known], test: &str, major: u32, differences: &[String]) -> Verdict {
    let mut left: Vec<String> = differences.iter().map(|line| normalised(line)).collect();
    let mut verdict = Verdict::default();
    for entry in known {
        if entry.test_on(major) != Some(test) {
            continue;
        }
        let length = entry.lines.len();
        match left.windows(length).position(|lines| lines == entry.lines) {
            Some(start) => {
                left.drain(start..start + length);
                verdict.explained.push(entry.reason.clone());
            }
            None => verdict.unseen.push(entry.reason.clone()),
        }
    }
    verdict.is_unexplained = !left.is_empty();
    verdict
}

/// The line without spaces at its end, and with `OID` for the number of an object.
fn normalised(line: &str) -> String {
    let mut text = String::new();
    let mut number = String::new();
    for character in line.trim_end().chars().map(Some).chain([None]) {
        if let Some(digit) = character.filter(char::is_ascii_digit) {
            number.push(digit);
            continue;
        }
        // With more digits the table around it would be wider, and differ anyhow.
        let is_oid = number.len() == 5 && number.parse().is_ok_and(|value: u32| value >= FIRST_OID);
        text.push_str(if is_oid { "OID" } else { &number });
        number.clear();
        text.extend(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge, normalised, parse};

    const LIST: &str = "# remark\nregress/a 15 17\n    because of this\n    -  (0 rows)\n    +  OID | x\n    + (1 row)\n\n\
                        regress/a 15\n    because of that\n    + two\n";

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn verdict(explained: &[&str], is_unexplained: bool, unseen: &[&str]) -> Verdict {
        let owned = |reasons: &[&str]| reasons.iter().map(|reason| (*reason).to_owned()).collect();
        Verdict { explained: owned(explained), is_unexplained, unseen: owned(unseen) }
    }

    #[test]
    fn what_the_list_names_is_explained_and_nothing_else() {
        let known = parse(LIST).unwrap();
        let first = "- (0 rows)\n+ 16611 | x  \n+(1 row)\n";
        let judged = |test: &str, major: u32, text: &str| judge(&known, test, major, &lines(text));
        assert_eq!(judged("regress/a", 17, first), verdict(&["of this"], false, &[]));
        assert_eq!(
            judged("regress/a", 15, &format!("{first}+two\n")),
            verdict(&["of this", "of that"], false, &[])
        );
        // One line more, before, between or after.
        for text in [format!("+more\n{first}"), format!("{first}+more\n")] {
            assert_eq!(judged("regress/a", 17, &text), verdict(&["of this"], true, &[]));
        }
        let torn = "- (0 rows)\n+more\n+ 16611 | x\n+(1 row)\n";
        assert_eq!(judged("regress/a", 17, torn), verdict(&[], true, &["of this"]));
        // Another test, and another major.
        assert_eq!(judged("regress/b", 17, first), verdict(&[], true, &[]));
        assert_eq!(judged("regress/a", 18, first), verdict(&[], true, &[]));
    }

    #[test]
    fn what_is_not_seen_any_more_is_told() {
        let known = parse(LIST).unwrap();
        assert_eq!(
            judge(&known, "regress/a", 15, &[]),
            verdict(&[], false, &["of this", "of that"])
        );
        assert_eq!(judge(&known, "regress/a", 18, &[]), verdict(&[], false, &[]));
    }

    #[test]
    fn an_entry_needs_all_its_parts() {
        for wrong in [
            "regress/a 15\n    + one\n",
            "regress/a 15\n    because\n    + one\n",
            "regress/a 15\n    because of this\n",
            "regress/a\n    because of this\n    + one\n",
            "regress/a 14\n    because of this\n    + one\n",
            "regress/a fifteen\n    because of this\n    + one\n",
            "    because of this\n",
            "regress/a 15\n    because of this\n    one\n",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(
            parse("regress/a 15\n    because of this\n    -\n    + one\n").unwrap()[0].lines,
            ["-", "+one"]
        );
        assert_eq!(parse("# nothing is known\n").unwrap(), []);
    }

    #[test]
    fn numbers_of_objects_do_not_count() {
        assert_eq!(normalised("+ 16384 | a1 | 99999  "), "+ OID | a1 | OID");
        assert_eq!(normalised("- 16383 | 123456 | 1"), "- 16383 | 123456 | 1");
    }
}
