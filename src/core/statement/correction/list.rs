//! The corrections GROUP_BY, ORDER_BY and LIMIT.

use sqlparser::ast::{Expr, GroupByExpr, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query};
use sqlparser::ast::{SetExpr, Statement, Value};

use super::parse::{self, Pattern};
use super::request::Change;
use super::{CorrectionRefusal, Outcome, listed, scope};

pub(super) fn group_by(statement: &mut Statement, change: &Change) -> Outcome {
    let select = scope::select(&mut scope::query(statement)?.body)?;
    let GroupByExpr::Expressions(list, modifiers) = &mut select.group_by else {
        return Err(not_postgres("GROUP BY ALL"));
    };
    if !modifiers.is_empty() {
        return Err(not_postgres("GROUP BY ... WITH"));
    }
    edit("GROUP BY", list, change, parse::grouping, |one, other| Pattern::new(one).matches(other))
}

pub(super) fn order_by(statement: &mut Statement, change: &Change) -> Outcome {
    let query = outer(scope::query(statement)?);
    let mut list = match query.order_by.take() {
        None => Vec::new(),
        Some(OrderBy { kind: OrderByKind::Expressions(list), interpolate: None }) => list,
        Some(_) => return Err(not_postgres("ORDER BY ALL")),
    };
    // An element that is given without a direction matches either direction.
    let same = |wanted: &OrderByExpr, other: &OrderByExpr| {
        let plain = parse::ordering(&wanted.expr.to_string()).ok();
        let any = plain.is_some_and(|plain| plain.options == wanted.options);
        (any || wanted.options == other.options) && Pattern::new(&wanted.expr).matches(&other.expr)
    };
    let sentence = edit("ORDER BY", &mut list, change, parse::ordering, same)?;
    query.order_by = match list.is_empty() {
        true => None,
        false => Some(OrderBy { kind: OrderByKind::Expressions(list), interpolate: None }),
    };
    Ok(sentence)
}

fn not_postgres(what: &str) -> CorrectionRefusal {
    CorrectionRefusal::new(
        format!("The statement has {what}, which Postgres does not."),
        "Write the statement as it should be, and preview that.",
    )
}

/// The query inside parentheses around all of it.
fn outer(query: &mut Query) -> &mut Query {
    let bare = query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty();
    match bare && matches!(*query.body, SetExpr::Query(_)) {
        false => query,
        true => match &mut *query.body {
            SetExpr::Query(inner) => outer(inner),
            _ => unreachable!("it was looked at above"),
        },
    }
}

fn edit<T: Clone + PartialEq + std::fmt::Display>(
    clause: &str,
    list: &mut Vec<T>,
    change: &Change,
    read: fn(&str) -> Result<T, String>,
    same: impl Fn(&T, &T) -> bool,
) -> Outcome {
    let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
    let hint = match shown.is_empty() {
        true => format!("The statement has no {clause}."),
        false => format!("{clause} is: {}", listed(&shown)),
    };
    let refused = |detail: String| CorrectionRefusal::new(detail, hint.clone());
    let read_all = |columns: &[String]| -> Result<Vec<T>, CorrectionRefusal> {
        columns
            .iter()
            .map(|column| {
                read(column)
                    .map_err(|why| refused(format!("{column} cannot stand in {clause}. {why}")))
            })
            .collect()
    };
    match change {
        Change::Add(columns) => {
            for (element, column) in read_all(columns)?.into_iter().zip(columns) {
                // The direction does not matter, because a second element for the same
                // column has no effect.
                if list.iter().any(|known| same(&element, known) || same(known, &element)) {
                    return Err(refused(format!("{column} is in {clause} already.")));
                }
                list.push(element);
            }
            Ok(format!("Added {} to {clause}.", columns.join(", ")))
        }
        Change::Remove(columns) => {
            for (element, column) in read_all(columns)?.into_iter().zip(columns) {
                let found: Vec<usize> =
                    (0..list.len()).filter(|index| same(&element, &list[*index])).collect();
                match found.as_slice() {
                    [index] => drop(list.remove(*index)),
                    [] => return Err(refused(format!("{clause} has no {column}."))),
                    more => {
                        return Err(refused(format!(
                            "{clause} has {column} {} times.",
                            more.len()
                        )));
                    }
                }
            }
            Ok(format!("Removed {} from {clause}.", columns.join(", ")))
        }
        Change::Replace(columns) => {
            let new = read_all(columns)?;
            if new == *list {
                return Err(refused(format!("{clause} is {} already.", columns.join(", "))));
            }
            *list = new;
            Ok(match shown.is_empty() {
                true => format!("Set {clause} to {}.", columns.join(", ")),
                false => {
                    format!("Replaced {clause} {} by {}.", shown.join(", "), columns.join(", "))
                }
            })
        }
    }
}

pub(super) fn limit(statement: &mut Statement, to: Option<u64>) -> Outcome {
    let query = outer(scope::query(statement)?);
    let wanted = to.map(|rows| Expr::Value(Value::Number(rows.to_string(), false).into()));
    let (old, offset) = match query.limit_clause.take() {
        None => (None, None),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            (limit, offset)
        }
        Some(_) => return Err(not_postgres("LIMIT with two numbers")),
    };
    // FETCH FIRST is the standard's form of LIMIT; its WITH TIES must not be lost.
    let old = match &query.fetch {
        Some(fetch) => fetch.quantity.clone().or_else(|| parse::expression("1").ok()),
        None => old,
    };
    if old == wanted {
        return Err(CorrectionRefusal::new(
            match to {
                Some(rows) => format!("The limit is {rows} already."),
                None => "The statement has no limit.".to_string(),
            },
            "Name another number of rows, or leave this correction out.",
        ));
    }
    let mut limit = None;
    match (&mut query.fetch, wanted) {
        (Some(fetch), Some(rows)) => fetch.quantity = Some(rows),
        (_, wanted) => {
            query.fetch = None;
            limit = wanted;
        }
    }
    query.limit_clause = match (&limit, &offset) {
        (None, None) => None,
        _ => Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() }),
    };
    Ok(match (old, to) {
        (None, Some(rows)) => format!("Set the limit to {rows} rows."),
        (Some(old), Some(rows)) => format!("Changed the limit from {old} to {rows} rows."),
        (old, None) => {
            format!("Removed the limit of {} rows.", old.map_or(String::new(), |o| o.to_string()))
        }
    })
}
