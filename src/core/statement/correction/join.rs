//! The correction JOIN_TYPE: another kind of join on the same condition.

use std::ops::ControlFlow;

use sqlparser::ast::{Join, JoinConstraint, JoinOperator, Select, Statement, TableFactor};
use sqlparser::ast::{VisitMut, VisitorMut};

use super::conditions::{constraint, for_each_join};
use super::parse;
use super::request::SqlJoin;
use super::{CorrectionRefusal, Outcome, listed, scope};

pub(super) fn change(statement: &mut Statement, table: &str, to: SqlJoin) -> Outcome {
    scope::check_select(statement)?;
    let wanted = parse::name(table).map_err(|why| {
        CorrectionRefusal::new(
            format!("{table} is not the name of a table. {why}"),
            "Name a joined table.",
        )
    })?;
    let mut joined: Vec<Names> = Vec::new();
    let mut first: Vec<(Names, bool)> = Vec::new();
    each_select(statement, &mut |select| {
        let listed = select.from.len() > 1;
        for element in &mut select.from {
            first.push((Names::of(&element.relation), listed));
            for_each_join(element, &mut |join| {
                joined.push(Names::of(&join.relation));
                Ok(())
            })?;
        }
        Ok(())
    })?;
    let mut found: Vec<usize> = matching(&joined, |names| names.goes_by(&wanted));
    if found.is_empty() {
        found = matching(&joined, |names| names.is(&wanted));
    }
    let [target] = found.as_slice() else {
        return Err(not_one(table, &wanted, found.len(), &joined, &first));
    };
    let (mut index, mut sentence) = (0, String::new());
    each_select(statement, &mut |select| {
        for element in &mut select.from {
            for_each_join(element, &mut |join| {
                if index == *target {
                    sentence = turn(join, to, &joined[index].shown)?;
                }
                index += 1;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(sentence)
}

fn matching(joined: &[Names], test: impl Fn(&Names) -> bool) -> Vec<usize> {
    (0..joined.len()).filter(|index| test(&joined[*index])).collect()
}

fn turn(join: &mut Join, to: SqlJoin, table: &str) -> Outcome {
    let Some(from) = current(&join.join_operator) else {
        return Err(CorrectionRefusal::new(
            format!("The join of {table} is of a kind that Postgres does not have."),
            "Write the statement as it should be, and preview that.",
        ));
    };
    if from == to {
        return Err(CorrectionRefusal::new(
            format!("{table} is joined by {} JOIN already.", to.name()),
            "Name another join, or leave this correction out.",
        ));
    }
    let on = constraint(&mut join.join_operator).map_or(JoinConstraint::None, |on| on.clone());
    let has_condition = on != JoinConstraint::None;
    if to == SqlJoin::Cross && has_condition {
        return Err(CorrectionRefusal::new(
            format!("The join of {table} has a condition, and a CROSS JOIN cannot have one."),
            "Join every row to every other by writing that statement, and preview it.",
        ));
    }
    if to != SqlJoin::Cross && !has_condition {
        return Err(CorrectionRefusal::new(
            format!(
                "The CROSS JOIN of {table} has no condition that {} JOIN could use.",
                to.name()
            ),
            format!("Write the statement with {} JOIN ... ON, and preview that.", to.name()),
        ));
    }
    join.join_operator = match to {
        SqlJoin::Inner => JoinOperator::Inner(on),
        SqlJoin::Left => JoinOperator::Left(on),
        SqlJoin::Right => JoinOperator::Right(on),
        SqlJoin::Full => JoinOperator::FullOuter(on),
        SqlJoin::Cross => JoinOperator::CrossJoin(on),
    };
    Ok(format!("{table} is now joined by {} JOIN instead of {} JOIN.", to.name(), from.name()))
}

fn current(operator: &JoinOperator) -> Option<SqlJoin> {
    match operator {
        JoinOperator::Join(_) | JoinOperator::Inner(_) => Some(SqlJoin::Inner),
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => Some(SqlJoin::Left),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Some(SqlJoin::Right),
        JoinOperator::FullOuter(_) => Some(SqlJoin::Full),
        JoinOperator::CrossJoin(_) => Some(SqlJoin::Cross),
        _ => None,
    }
}

fn not_one(
    table: &str,
    wanted: &[String],
    times: usize,
    joined: &[Names],
    first: &[(Names, bool)],
) -> CorrectionRefusal {
    let tables: Vec<String> = joined.iter().map(|names| names.shown.clone()).collect();
    let hint = match tables.is_empty() {
        true => "The statement has no JOIN. Write it with one, and preview that.".to_string(),
        false => format!("The joined tables are: {}", listed(&tables)),
    };
    let other = first.iter().find(|(names, _)| names.goes_by(wanted) || names.is(wanted));
    let detail = match (times, other) {
        (0, Some((_, true))) => format!(
            "{table} is listed in FROM with a comma, and what joins it is in WHERE; there is no JOIN to change."
        ),
        (0, Some((_, false))) => {
            format!("{table} is the first table of its FROM; others are joined to it.")
        }
        (0, None) => format!("The statement joins no table {table}."),
        (times, _) => format!("The statement joins {table} {times} times."),
    };
    CorrectionRefusal::new(detail, hint)
}

/// The names of a joined table.
struct Names {
    alias: Option<String>,
    name: Vec<String>,
    /// The name for people.
    shown: String,
}

impl Names {
    fn of(factor: &TableFactor) -> Self {
        let (name, alias) = match factor {
            TableFactor::Table { name, alias, .. } => {
                (parse::folded_name(name).unwrap_or_default(), alias)
            }
            TableFactor::Derived { alias, .. }
            | TableFactor::NestedJoin { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::TableFunction { alias, .. } => (Vec::new(), alias),
            _ => (Vec::new(), &None),
        };
        let shown = match (alias, factor) {
            (Some(alias), TableFactor::Table { name, .. }) => format!("{name} {}", alias.name),
            (Some(alias), _) => alias.name.to_string(),
            (None, TableFactor::Table { name, .. }) => name.to_string(),
            (None, _) => "a table in parentheses".to_string(),
        };
        Names { alias: alias.as_ref().map(|alias| parse::folded(&alias.name)), name, shown }
    }

    /// Whether columns of the table are qualified by this name.
    fn goes_by(&self, wanted: &[String]) -> bool {
        match &self.alias {
            Some(alias) => wanted == std::slice::from_ref(alias),
            None => self.is(wanted),
        }
    }

    fn is(&self, wanted: &[String]) -> bool {
        !self.name.is_empty() && self.name.ends_with(wanted)
    }
}

/// Calls `each` for every SELECT of the statement, subqueries included.
fn each_select(
    statement: &mut Statement,
    each: &mut dyn FnMut(&mut Select) -> Result<(), CorrectionRefusal>,
) -> Result<(), CorrectionRefusal> {
    struct Selects<'a>(&'a mut dyn FnMut(&mut Select) -> Result<(), CorrectionRefusal>);
    impl VisitorMut for Selects<'_> {
        type Break = Box<CorrectionRefusal>;

        fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Box<CorrectionRefusal>> {
            match (self.0)(select) {
                Ok(()) => ControlFlow::Continue(()),
                Err(refusal) => ControlFlow::Break(Box::new(refusal)),
            }
        }
    }
    match VisitMut::visit(statement, &mut Selects(each)) {
        ControlFlow::Break(refusal) => Err(*refusal),
        ControlFlow::Continue(()) => Ok(()),
    }
}
