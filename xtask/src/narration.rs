//! Turns a SQL file into a session that a person can follow.
//!
//! The file is plain SQL. Its comments are the narration; its statements are shown as
//! they are and then run by psql. A comment `-- [refused]` says that the next statement
//! must fail. The session stops where a statement fails that should not, or where one
//! does not fail that should.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const REFUSED: &str = "[refused]";

/// One step of the session.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A paragraph of narration.
    Told(String),
    /// A statement, and whether it must fail.
    Run { statement: String, refused: bool },
}

/// Plays the file to the person through the given psql command.
pub fn play(psql: &mut Command, file: &str, coloured: bool) -> Result<()> {
    psql.args(["--no-psqlrc", "--quiet"]);
    psql.args(["--set=ON_ERROR_STOP=1", "--pset=pager=off", "--pset=linestyle=unicode"]);
    psql.args(["--pset=null=(null)", "--pset=border=1"]);
    // Errors are printed between the results, in the order in which they happen.
    let (reader, writer) = std::io::pipe()?;
    psql.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = psql.spawn().context("starting psql")?;
    // psql alone must hold the pipe's other end, or reading it never ends.
    psql.stdout(Stdio::null()).stderr(Stdio::null());
    let mut input = child.stdin.take().expect("the input is a pipe");
    let script = script(&steps(file), coloured);
    let feeder = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let mut reader = reader;
    std::io::copy(&mut reader, &mut std::io::stdout())?;
    // psql stops reading where a statement goes wrong, which its exit code says better.
    let _ = feeder.join();
    let status = child.wait()?;
    if !status.success() {
        bail!("the session went otherwise than it should ({status})");
    }
    Ok(())
}

fn steps(file: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    let mut statement = String::new();
    let mut refused = false;
    for line in file.lines() {
        if statement.is_empty() {
            if let Some(comment) = line.strip_prefix("--") {
                match comment.trim() {
                    REFUSED => refused = true,
                    text => told.push(text),
                }
                continue;
            }
            if !told.is_empty() {
                steps.push(Step::Told(told.join("\n")));
                told.clear();
            }
            if line.trim().is_empty() {
                continue;
            }
        }
        statement.push_str(line);
        statement.push('\n');
        // A statement ends where a line does; the file has no function bodies.
        if line.trim_end().ends_with(';') || line.starts_with('\\') {
            let statement = std::mem::take(&mut statement).trim_end().to_owned();
            steps.push(Step::Run { statement, refused: std::mem::take(&mut refused) });
        }
    }
    if !told.is_empty() {
        steps.push(Step::Told(told.join("\n")));
    }
    steps
}

fn script(steps: &[Step], coloured: bool) -> String {
    let (told, shown, plain) =
        if coloured { ("\x1b[36m", "\x1b[1;33m", "\x1b[0m") } else { ("", "", "") };
    let mut script = String::new();
    for step in steps {
        match step {
            Step::Told(text) => {
                script.push_str("\\echo\n");
                for line in text.lines() {
                    script.push_str(&echo(&format!("{told}-- {line}{plain}")));
                }
            }
            Step::Run { statement, refused } => {
                for (number, line) in statement.lines().enumerate() {
                    let prompt = if number == 0 { "spyne=#" } else { "spyne-#" };
                    script.push_str(&echo(&format!("{prompt} {shown}{line}{plain}")));
                }
                if *refused {
                    script.push_str("\\set ON_ERROR_STOP 0\n");
                }
                script.push_str(statement);
                script.push('\n');
                if *refused {
                    script.push_str(
                        "\\set ON_ERROR_STOP 1\n\\if :ERROR\n\\else\n\
                         DO $$ BEGIN RAISE 'this should have been refused'; END $$;\n\\endif\n\
                         \\echo\n",
                    );
                }
            }
        }
    }
    script
}

/// A line for psql to print: in its quotes, quotes are doubled and backslashes too.
fn echo(line: &str) -> String {
    format!("\\echo '{}'\n", line.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{Step, echo, steps};

    #[test]
    fn comments_are_told_and_statements_run() {
        let file = "-- First\n-- things\nSELECT 1\n  + 1;\n\n-- No:\n-- [refused]\nDROP TABLE a;\n";
        let expected = [
            Step::Told("First\nthings".into()),
            Step::Run { statement: "SELECT 1\n  + 1;".into(), refused: false },
            Step::Told("No:".into()),
            Step::Run { statement: "DROP TABLE a;".into(), refused: true },
        ];
        assert_eq!(steps(file), expected);
    }

    #[test]
    fn what_is_shown_is_not_interpreted() {
        assert_eq!(echo(r"it's \d"), "\\echo 'it''s \\\\d'\n");
    }
}
