//! The correction FILTER, which adds, removes or replaces a condition.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, SetExpr, Statement, Visit, Visitor};

use super::conditions::{Place, each_place, join, split};
use super::parse::{self, Pattern};
use super::request::Filter;
use super::{CorrectionRefusal, Outcome, listed, scope};

pub(super) fn change(statement: &mut Statement, filter: &Filter) -> Outcome {
    match filter {
        Filter::Add(filter) => add(statement, filter),
        Filter::Remove(filter) => {
            let clause = replace(statement, filter, Vec::new())?;
            Ok(format!("Removed the filter {filter} from {clause}."))
        }
        Filter::Replace { filter, with } => {
            let new = condition(with)?;
            if Pattern::new(&condition(filter)?).matches(&new) {
                return Err(CorrectionRefusal::new(
                    format!("filter and with are the same condition: {new}."),
                    "Put the condition that is wanted into with.",
                ));
            }
            let clause = replace(statement, filter, split(&new))?;
            Ok(format!("Replaced the filter {filter} in {clause} by {with}."))
        }
    }
}

fn condition(text: &str) -> Result<Expr, CorrectionRefusal> {
    parse::expression(text).map_err(|why| {
        CorrectionRefusal::new(
            format!("{text} is not a condition. {why}"),
            "Write it as it would stand in WHERE, such as order_date >= date '1995-01-01'.",
        )
    })
}

fn add(statement: &mut Statement, text: &str) -> Outcome {
    let new = condition(text)?;
    // Aggregates exist only after grouping, so such a condition goes into HAVING.
    let having = has_aggregate(&new);
    let (clause, target) = outermost(statement, having)?;
    if having && clause == "WHERE" {
        return Err(CorrectionRefusal::new(
            format!("{text} has an aggregate, and UPDATE and DELETE have no groups."),
            "Compare with a subquery: (SELECT ...).",
        ));
    }
    let existing: Vec<Expr> = target.iter().flat_map(split).collect();
    let new = split(&new);
    let known = |part: &Expr| {
        let pattern = Pattern::new(part);
        existing.iter().any(|old| pattern.matches(old))
    };
    if new.iter().all(known) {
        return Err(CorrectionRefusal::new(
            format!("{text} is in {clause} already."),
            format!("Its conditions are: {}", shown(&existing)),
        ));
    }
    *target = join(target.take(), new);
    Ok(format!("Added the filter {text} to {clause}."))
}

type Target<'a> = (&'static str, &'a mut Option<Expr>);

/// The outermost WHERE, or the HAVING of the outermost query.
fn outermost(statement: &mut Statement, having: bool) -> Result<Target<'_>, CorrectionRefusal> {
    let write = match statement {
        Statement::Update(_) | Statement::Delete(_) => true,
        Statement::Explain { statement, .. } => return outermost(statement, having),
        Statement::Query(query) => {
            matches!(*query.body, SetExpr::Update(_) | SetExpr::Delete(_))
        }
        _ => false,
    };
    if !write {
        let select = scope::select(&mut scope::query(statement)?.body)?;
        return Ok(match having {
            true => ("HAVING", &mut select.having),
            false => ("WHERE", &mut select.selection),
        });
    }
    match statement {
        Statement::Update(update) => Ok(("WHERE", &mut update.selection)),
        Statement::Delete(delete) => Ok(("WHERE", &mut delete.selection)),
        Statement::Query(query) => match &mut *query.body {
            SetExpr::Update(inner) | SetExpr::Delete(inner) => outermost(inner, having),
            body => scope::select(body).map(|select| ("WHERE", &mut select.selection)),
        },
        other => {
            scope::check_select(other).and(Err(CorrectionRefusal::new("There is no WHERE.", "")))
        }
    }
}

/// Replaces the one condition that is `text` by `new`. Returns the clause that it was
/// in.
fn replace(
    statement: &mut Statement,
    text: &str,
    new: Vec<Expr>,
) -> Result<String, CorrectionRefusal> {
    // An error about the statement comes before one about a condition that is not found
    // in it.
    outermost(statement, false)?;
    let patterns: Vec<Pattern> = split(&condition(text)?).iter().map(Pattern::new).collect();
    let mut all = Vec::new();
    let mut found = Vec::new();
    let mut index = 0;
    each_place(statement, &mut |place: Place| {
        let parts: Vec<Expr> = place.condition.iter().flat_map(split).collect();
        let times = |pattern: &Pattern| parts.iter().filter(|part| pattern.matches(part)).count();
        // All parts of `text` must be here. The rarest part says how often `text`
        // occurs.
        let matches = patterns.iter().map(times).min().unwrap_or(0);
        found.extend(std::iter::repeat_n((index, place.in_words()), matches));
        all.extend(parts);
        index += 1;
        Ok(())
    })?;
    let (wanted, place) = match found.as_slice() {
        [one] => one.clone(),
        [] => {
            return Err(CorrectionRefusal::new(
                format!("No condition of the statement is {text}."),
                match all.is_empty() {
                    true => r#"There are no filters. Use "action": "add"."#.to_string(),
                    false => format!("Its conditions are: {}", shown(&all)),
                },
            ));
        }
        several => {
            let places: Vec<String> = several.iter().map(|(_, place)| place.clone()).collect();
            return Err(CorrectionRefusal::new(
                format!(
                    "{text} is {} times in the statement: in {}.",
                    several.len(),
                    places.join(", in ")
                ),
                "Which one is meant cannot be said; write the statement as it should be, and preview that.",
            ));
        }
    };
    let mut index = 0;
    each_place(statement, &mut |place: Place| {
        if index == wanted {
            let parts: Vec<Expr> = place.condition.iter().flat_map(split).collect();
            *place.condition = join(None, spliced(parts, &patterns, &new));
        }
        index += 1;
        Ok(())
    })?;
    Ok(place)
}

/// `parts` with `new` in the place of the first of `patterns`, and without the others.
fn spliced(parts: Vec<Expr>, patterns: &[Pattern], new: &[Expr]) -> Vec<Expr> {
    let mut result = Vec::new();
    let mut placed = false;
    for part in parts {
        match patterns.iter().any(|pattern| pattern.matches(&part)) {
            false => result.push(part),
            true if placed => {}
            true => {
                placed = true;
                result.extend(new.iter().cloned());
            }
        }
    }
    result
}

fn shown(conditions: &[Expr]) -> String {
    listed(&conditions.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// The aggregates of Postgres that people filter by. A condition on an aggregate of a
/// user's goes into HAVING only by hand.
const AGGREGATES: [&str; 18] = [
    "sum",
    "avg",
    "count",
    "min",
    "max",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "array_agg",
    "string_agg",
    "bool_and",
    "bool_or",
    "every",
    "percentile_cont",
    "percentile_disc",
];

fn has_aggregate(expr: &Expr) -> bool {
    struct Find {
        depth: usize,
    }
    impl Visitor for Find {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
            let name = parse::folded_name(&function.name).and_then(|mut parts| parts.pop());
            let known = name.is_some_and(|name| AGGREGATES.contains(&name.as_str()));
            match self.depth == 0 && function.over.is_none() && known {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    Visit::visit(expr, &mut Find { depth: 0 }).is_break()
}
