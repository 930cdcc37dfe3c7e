//! What two runs of a test printed, compared line by line with diff, which PostgreSQL's own
//! driver takes too.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The lines that differ: those of the first with a `-` before them, those of the second with a
/// `+`, and nothing of the rest. A file that is not there counts as empty.
pub fn differences(first: &Path, second: &Path) -> Result<Vec<String>> {
    Ok(changed_lines(&diff(first, second, "--unified=0")?))
}

/// The same for a person to read, with the lines around each difference.
pub fn shown(first: &Path, second: &Path) -> Result<String> {
    diff(first, second, "--unified=3")
}

fn diff(first: &Path, second: &Path, style: &str) -> Result<String> {
    let mut command = Command::new("diff");
    command.args(["--text", "--new-file", style]).arg(first).arg(second);
    let run = command.output().context("starting diff")?;
    // 1 says that there are differences.
    if !matches!(run.status.code(), Some(0 | 1)) {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&run.stderr));
    }
    Ok(String::from_utf8_lossy(&run.stdout).into_owned())
}

/// The lines of a difference without its heading, two lines with the files' names, and without
/// what says where each part lies.
fn changed_lines(diff: &str) -> Vec<String> {
    diff.lines().skip(2).filter(|line| line.starts_with(['-', '+'])).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{changed_lines, differences};

    #[test]
    fn only_what_changed_is_kept() {
        let diff =
            "--- a\t2026\n+++ b\t2026\n@@ -1,2 +1 @@\n--- a comment\n-two\n+one\n\\ No newline\n";
        assert_eq!(changed_lines(diff), ["--- a comment", "-two", "+one"]);
        assert_eq!(changed_lines(""), [""; 0]);
    }

    #[test]
    fn a_test_that_printed_nothing_differs_in_all_its_lines() {
        let directory = tempfile::tempdir().unwrap();
        let (there, missing) = (directory.path().join("there"), directory.path().join("missing"));
        fs::write(&there, "one\ntwo\n").unwrap();
        assert_eq!(differences(&there, &missing).unwrap(), ["-one", "-two"]);
        assert_eq!(differences(&missing, &there).unwrap(), ["+one", "+two"]);
        assert_eq!(differences(&there, &there).unwrap(), [""; 0]);
    }
}
