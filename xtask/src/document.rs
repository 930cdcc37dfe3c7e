//! Running a document: each of its blocks marked `sql`, statement by statement, and the comparison
//! of what psql prints with what the document says.
//!
//! A statement that must fail says so behind its semicolon: `-- ERROR 25006`. A block marked
//! `text` right after one marked `sql` is what psql prints, times aside.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

/// The text before the SQLSTATE of each statement in what psql prints.
const MARK: &str = "@@ ended with ";
const SUCCESS: &str = "00000";
/// Blocks of `sh` are for the reader to run, and are not run here.
const LANGUAGES: [&str; 3] = ["sql", "text", "sh"];

/// A fenced block; lines are counted from 1.
struct Block {
    language: String,
    /// The line of the opening fence.
    opens: usize,
    /// The line of the closing fence.
    closes: usize,
    body: String,
}

struct Statement {
    line: usize,
    text: String,
    /// The SQLSTATE that the document promises.
    promised: String,
}

/// What came of running a document.
pub struct Run {
    /// How many statements ran.
    pub statements: usize,
    /// `line: what is wrong`.
    pub problems: Vec<String>,
    /// The same, for outputs that have changed.
    pub outdated: Vec<String>,
    /// The document with its outputs as they were.
    pub blessed: String,
}

/// Runs a document's SQL by `psql`, a command that connects to an empty database, and compares
/// what the document says with what happened.
///
/// # Errors
/// Where a block is not closed, or psql cannot be run to its end.
pub fn run(psql: Command, text: &str) -> Result<Run> {
    let mut problems = Vec::new();
    let blocks = blocks(text)?;
    for block in &blocks {
        if !LANGUAGES.contains(&block.language.as_str()) {
            let known = LANGUAGES.join(", ");
            problems.push(format!("{}: a block is one of {known}", block.opens));
        }
    }
    let sql: Vec<&Block> = blocks.iter().filter(|block| block.language == "sql").collect();
    let mut sessions: Vec<Vec<Statement>> = Vec::new();
    for block in &sql {
        let (statements, rest) = statements(block);
        if !rest.trim().is_empty() {
            problems.push(format!("{}: no semicolon after: {}", block.opens, rest.trim()));
        }
        sessions.push(statements);
    }
    let ended = ended(psql, sessions.iter().flatten())?;
    let mut ended = ended.into_iter();
    let mut outputs = Vec::new();
    for (block, statements) in sql.iter().zip(&sessions) {
        let mut printed = String::new();
        for statement in statements {
            let (output, state) = ended.next().context("psql ended early")?;
            if state != statement.promised {
                problems.push(format!(
                    "{}: ended with {state}, not {}:\n{output}",
                    statement.line, statement.promised
                ));
            }
            printed.push_str(&output);
        }
        outputs.push((block.closes, tidy(&printed)));
    }
    let mut outdated = Vec::new();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for shown in blocks.iter().filter(|block| block.language == "text").rev() {
        let before = text.lines().take(shown.opens - 1);
        let Some(last) = before.enumerate().filter(|(_, line)| !line.is_empty()).last() else {
            continue;
        };
        let Some((_, printed)) = outputs.iter().find(|(closes, _)| *closes == last.0 + 1) else {
            continue;
        };
        let same = |text: &str| without_times(&in_one_majors_words(text));
        if same(&tidy(&shown.body)) != same(printed) {
            outdated.push(format!("{}: what is printed is\n{printed}", shown.opens));
            let body = printed.lines().map(str::to_owned);
            lines.splice(shown.opens..shown.closes - 1, body);
        }
    }
    Ok(Run {
        statements: sessions.iter().map(Vec::len).sum(),
        problems,
        outdated,
        blessed: lines.join("\n") + "\n",
    })
}

fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (line, number) in text.lines().zip(1..) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                let language = language.trim().to_owned();
                open = Some(Block { language, opens: number, closes: 0, body: String::new() });
            }
            (Some(_), Some(block)) => found.push(Block { closes: number, ..block }),
            (None, Some(mut block)) => {
                block.body.push_str(line);
                block.body.push('\n');
                open = Some(block);
            }
            (None, None) if line.trim_start().starts_with("```") => {
                bail!("line {number}: an indented block would not be run")
            }
            (None, None) => {}
        }
    }
    match open {
        Some(block) => bail!("the block of line {} has no end", block.opens),
        None => Ok(found),
    }
}

/// The statements of a block, and what follows the last of them.
fn statements(block: &Block) -> (Vec<Statement>, String) {
    let body = block.body.as_str();
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let skip = |opening: usize, end: &str| {
            rest[opening..].find(end).map_or(rest.len(), |found| opening + found + end.len())
        };
        at += match rest.as_bytes()[0] {
            b'\'' => skip(1, "'"),
            b'"' => skip(1, "\""),
            b'-' if rest.starts_with("--") => skip(2, "\n"),
            b'$' if rest.starts_with("$$") => skip(2, "$$"),
            b';' => {
                let remark = rest[1..].lines().next().unwrap_or_default().trim();
                let text = &body[start..=at];
                let before = body[..at].lines().count();
                let promised = remark.strip_prefix("-- ERROR ").unwrap_or(SUCCESS);
                found.push(Statement {
                    line: block.opens + before,
                    text: text.trim().to_owned(),
                    promised: promised.split_whitespace().next().unwrap_or_default().to_owned(),
                });
                start = at + 1;
                1
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    let code = |line: &&str| !line.trim().starts_with("--") && !line.trim().is_empty();
    let rest: Vec<&str> = body[start..].lines().filter(code).collect();
    (found, rest.join("\n"))
}

/// What psql printed for each statement, and the SQLSTATE it ended with.
fn ended<'a>(
    mut command: Command,
    statements: impl Iterator<Item = &'a Statement>,
) -> Result<Vec<(String, String)>> {
    let script: String =
        statements.map(|s| format!("{}\n\\echo '{MARK}' :SQLSTATE\n", s.text)).collect();
    command.args(["--no-psqlrc", "--quiet", "--pset=pager=off"]);
    // Errors are printed between the results, in the order in which they happen.
    let (mut reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("starting psql")?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut input = child.stdin.take().context("psql without an input")?;
    let feeder = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let mut printed = String::new();
    reader.read_to_string(&mut printed)?;
    feeder.join().map_err(|_| anyhow!("writing to psql failed"))??;
    child.wait()?;
    let mut found = Vec::new();
    let mut output = String::new();
    for line in printed.lines() {
        match line.strip_prefix(MARK) {
            Some(state) => found.push((std::mem::take(&mut output), state.trim().to_owned())),
            None => {
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    Ok(found)
}

/// Without blanks at the ends of lines, and without empty lines at the end.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// What Postgres itself says in other words since some major, and what it said before: the
/// documents show one of them.
const WORDS: [(&str, &str); 1] = [
    // Since 18.
    ("CONTEXT:  PL/pgSQL expression \"", "CONTEXT:  SQL expression \""),
];

/// In the words of the earlier majors.
fn in_one_majors_words(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (since, before)| text.replace(since, before))
}

/// With every `2026-01-31 12:34` the same.
fn without_times(text: &str) -> String {
    const SHAPE: &str = "0000-00-00 00:00";
    let fits = |at: usize| {
        let piece = text.as_bytes().get(at..at + SHAPE.len());
        piece.is_some_and(|piece| {
            piece.iter().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => *byte == other,
            })
        })
    };
    let mut plain = String::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if fits(at) {
            plain.push_str(SHAPE);
            at += SHAPE.len();
        } else {
            plain.push(letter);
            at += letter.len_utf8();
        }
    }
    plain
}
