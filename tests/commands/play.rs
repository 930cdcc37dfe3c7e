//! Plays a situation: shows what a command would do, does it, and compares.

use std::collections::BTreeMap;

use postgres::error::DbError;
use postgres::{Client, SimpleQueryMessage};
use spyne_tests::fixture::{db_error, rows, run};

use crate::scene::{Call, Situation};

/// The result of a call: its rows with the names of their columns, or its refusal.
type Outcome = Result<Vec<Vec<(String, Option<String>)>>, Box<DbError>>;

/// The result of a situation, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    Refused,
    /// The dry run shows blockers, which a real run is refused for.
    Blocked,
}

/// Plays the situation, and undoes everything afterwards.
///
/// # Errors
/// What is wrong, in words.
pub fn play(client: &mut Client, situation: &Situation) -> Result<Verdict, String> {
    let verdict = made(client, situation).and_then(|()| {
        run(client, "BEGIN");
        compared(client, &situation.call)
    });
    run(client, "ROLLBACK; RESET ALL; DISCARD TEMP; CALL watch.clear()");
    verdict.map_err(|fault| {
        let Call { function, arguments, role } = &situation.call;
        format!(
            "situation {} ({}):\n{}\n  {role}: {function}({arguments})\n{fault}",
            situation.number,
            situation.about.join(", "),
            situation.setup.iter().map(|sql| format!("  {sql};")).collect::<Vec<_>>().join("\n"),
        )
    })
}

fn made(client: &mut Client, situation: &Situation) -> Result<(), String> {
    for sql in &situation.setup {
        if let Err(error) = client.batch_execute(sql) {
            return Err(format!("it cannot be made: {}\nin {sql}", said(db_error(&error))));
        }
    }
    Ok(())
}

fn compared(client: &mut Client, call: &Call) -> Result<Verdict, String> {
    let arguments = filled(client, &call.arguments);
    let statement =
        |dry: bool| format!("SELECT * FROM {}({arguments}, dry_run => {dry})", call.function);
    let before = rows(client, "SELECT watch.world()");
    let shown = outcome(client, call.role, &statement(true));
    unchanged(client, &before)?;
    let done = outcome(client, call.role, &statement(false));
    if let Err(error) = &done
        && NONSENSE.contains(&error.code().code())
    {
        return Err(format!("the call cannot be understood: {}", said(error)));
    }
    let wrote = rows(client, WRITTEN) == "t";
    match (&shown, &done) {
        (Ok(shown), Ok(done)) => {
            same_rows(call.function, shown, done)?;
            // Where every table of a schema is skipped, nothing is written.
            match wrote || done.is_empty() || call.function == "spyne_register_schema" {
                true => Ok(Verdict::Done),
                false => Err("the real run has written nothing".into()),
            }
        }
        (Err(shown), Err(done)) if told(shown) == told(done) => Ok(Verdict::Refused),
        (Err(shown), Err(done)) => {
            Err(format!("dry run: {}\nreal run: {}", said(shown), said(done)))
        }
        (Ok(shown), Err(done)) => blocked(shown, done),
        (Err(shown), Ok(_)) => {
            Err(format!("the real run goes through, the dry run is refused: {}", said(shown)))
        }
    }
}

/// The SQLSTATEs of syntax errors, and of functions and columns that do not exist. A
/// refusal must be one of the command's own.
const NONSENSE: [&str; 3] = ["42601", "42703", "42883"];

/// Replaces queries in braces by their values.
fn filled(client: &mut Client, arguments: &str) -> String {
    let Some((before, rest)) = arguments.split_once('{') else { return arguments.to_string() };
    let (query, after) = rest.split_once('}').expect("a query ends with a brace");
    match rows(client, query) {
        nothing if nothing.is_empty() || nothing == "-" => format!("{before}NULL{after}"),
        value => format!("{before}{value}{after}"),
    }
}

/// Whether anything was written in this transaction, whatever was undone since.
const WRITTEN: &str = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";

/// Checks that nothing has changed, and that no other session has to wait.
fn unchanged(client: &mut Client, before: &str) -> Result<(), String> {
    let locks = rows(client, "SELECT held FROM watch.strong_locks ORDER BY held");
    if !locks.is_empty() {
        return Err(format!("the dry run holds {locks}"));
    }
    let written = rows(client, WRITTEN) == "t";
    let after = rows(client, "SELECT watch.world()");
    let differ: Vec<&str> =
        after.lines().filter(|line| !before.lines().any(|other| other == *line)).collect();
    match (differ.is_empty(), written) {
        (true, false) => Ok(()),
        (true, true) => Err("the dry run has written something".into()),
        _ => Err(format!("the dry run has changed {}", differ.join(", "))),
    }
}

/// Runs a call as somebody, and undoes it where it is refused.
fn outcome(client: &mut Client, role: &str, statement: &str) -> Outcome {
    run(client, "SAVEPOINT called");
    run(client, &format!("SET LOCAL ROLE {role}"));
    let result = client.simple_query(statement);
    let back = match &result {
        Ok(_) => "SET LOCAL ROLE NONE; RELEASE called",
        Err(_) => "ROLLBACK TO called; RELEASE called",
    };
    run(client, back);
    match result {
        Ok(messages) => Ok(messages.iter().filter_map(cells).collect()),
        Err(error) => Err(Box::new(db_error(&error).clone())),
    }
}

fn cells(message: &SimpleQueryMessage) -> Option<Vec<(String, Option<String>)>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let cell = |at: usize| (row.columns()[at].name().to_string(), row.get(at).map(str::to_string));
    Some((0..row.len()).map(cell).collect())
}

type Rows = [Vec<(String, Option<String>)>];

/// Checks that the dry run has shown what was done. A shadow that is not there yet has no address.
fn same_rows(function: &str, shown: &Rows, done: &Rows) -> Result<(), String> {
    let made = |(column, value): &(String, Option<String>)| {
        function == "spyne_create_shadow" && column == "relation" && value.is_none()
    };
    let same = |shown: &Vec<_>, done: &Vec<_>| {
        shown.len() == done.len() && shown.iter().zip(done).all(|(a, b)| a == b || made(a))
    };
    if shown.len() == done.len() && shown.iter().zip(done).all(|(a, b)| same(a, b)) {
        return Ok(());
    }
    Err(format!("dry run:\n{}\nreal run:\n{}", table(shown), table(done)))
}

fn table(rows: &Rows) -> String {
    let line = |row: &Vec<(String, Option<String>)>| {
        let cells: Vec<&str> =
            row.iter().map(|(_, value)| value.as_deref().unwrap_or("-")).collect();
        format!("  {}", cells.join("|"))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Checks that the dry run has shown the very blockers that the real run is refused for.
fn blocked(shown: &Rows, done: &DbError) -> Result<Verdict, String> {
    let of = |row: &Vec<(String, Option<String>)>, column: &str| {
        let cell = row.iter().find(|(name, _)| name == column);
        cell.and_then(|(_, value)| value.clone()).unwrap_or_default()
    };
    let blockers: Vec<String> = shown
        .iter()
        .filter(|row| of(row, "kind") == "blocker")
        .map(|row| {
            format!("{}: {}. {}", of(row, "object"), of(row, "detail"), of(row, "statement"))
        })
        .collect();
    let listed = done.detail().unwrap_or_default();
    match !blockers.is_empty() && done.code().code() == "55000" && blockers.join("\n") == listed {
        true => Ok(Verdict::Blocked),
        false => Err(format!("dry run:\n{}\nreal run is refused: {}", table(shown), said(done))),
    }
}

/// The parts of a refusal that are compared.
fn told(error: &DbError) -> (&str, &str, Option<&str>, Option<&str>) {
    (error.code().code(), error.message(), error.detail(), error.hint())
}

fn said(error: &DbError) -> String {
    let (code, message, detail, hint) = told(error);
    format!("{code} {message}\n  DETAIL {}\n  HINT {}", detail.unwrap_or("-"), hint.unwrap_or("-"))
}

/// How often each function had which result.
#[derive(Default)]
pub struct Count(BTreeMap<&'static str, [usize; 3]>);

impl Count {
    pub fn add(&mut self, function: &'static str, verdict: Verdict) {
        self.0.entry(function).or_default()[verdict as usize] += 1;
    }

    /// For each function, how often it was done, refused, and blocked.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, [usize; 3])> {
        self.0.iter().map(|(function, counts)| (*function, *counts))
    }
}
