//! What joins leave out.

use super::super::super::query::columns::Scope;
use super::super::super::query::{Call, Expr, ExprKind, Form, From, Join, JoinKind};
use super::Level;

/// The inner joins of a level: every condition `a.x = b.y` that is not under an
/// outer join's ON.
fn inner_equalities<'q>(level: &Level<'q>) -> Vec<&'q Expr> {
    fn collect<'q>(item: &'q From, into: &mut Vec<&'q Expr>) {
        match item {
            From::Source(_) => {}
            From::Join(join) => {
                collect(&join.left, into);
                collect(&join.right, into);
                if join.kind == JoinKind::Inner {
                    into.extend(&join.conditions);
                }
            }
            From::Nested(items, conditions) => {
                items.iter().for_each(|i| collect(i, into));
                into.extend(conditions);
            }
        }
    }
    let mut all = Vec::new();
    let query = level.scope.query;
    query.from.iter().for_each(|item| collect(item, &mut all));
    all.extend(&query.filters);
    all
}

fn equality(expr: &Expr) -> Option<&Call> {
    match &expr.kind {
        ExprKind::Call(call) if call.form == Form::Operator && call.name == "=" => Some(call),
        _ => None,
    }
}

/// Rows without a match are gone, and so are those whose key is NULL.
pub(super) fn inner_join_drops(level: &Level, into: &mut Vec<String>) {
    let mut pairs: Vec<((usize, usize), Vec<String>, bool)> = Vec::new();
    for condition in inner_equalities(level) {
        let Some(call) = equality(condition) else {
            continue;
        };
        let [left, right] = &call.arguments[..] else {
            continue;
        };
        let sides = level.scope.local_source(left).zip(level.scope.local_source(right));
        let Some((a, b)) = sides.filter(|(a, b)| a.0 != b.0) else {
            continue;
        };
        let nullable = [left, right].iter().any(|side| level.may_be_null(side) != Some(false));
        let pair = (a.0.min(b.0), a.0.max(b.0));
        match pairs.iter_mut().find(|(known, ..)| *known == pair) {
            Some((_, conditions, any)) => {
                conditions.push(condition.text.clone());
                *any |= nullable;
            }
            None => pairs.push((pair, vec![condition.text.clone()], nullable)),
        }
    }
    for ((a, b), conditions, nullable) in pairs {
        let keys = if nullable { ", and so are rows where a joined column is NULL" } else { "" };
        into.push(format!(
            "Rows of {} and {} that have no match in each other ({}) are left out{keys}.",
            level.structure.label(a),
            level.structure.label(b),
            conditions.join(" AND ")
        ));
    }
}

/// A condition in WHERE that NULL does not pass undoes an outer join.
pub(super) fn outer_join_turned_inner(level: &Level, into: &mut Vec<String>) {
    fn outer_joins<'q>(item: &'q From, into: &mut Vec<&'q Join>) {
        match item {
            From::Source(_) => {}
            From::Join(join) => {
                outer_joins(&join.left, into);
                outer_joins(&join.right, into);
                if join.kind != JoinKind::Inner {
                    into.push(join);
                }
            }
            From::Nested(items, _) => items.iter().for_each(|i| outer_joins(i, into)),
        }
    }
    let mut joins = Vec::new();
    level.scope.query.from.iter().for_each(|item| outer_joins(item, &mut joins));
    for join in joins {
        let mut optional = Vec::new();
        if matches!(join.kind, JoinKind::Left | JoinKind::Full) {
            sources(&join.right, &mut optional);
        }
        if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
            sources(&join.left, &mut optional);
        }
        for condition in &level.scope.query.filters {
            let Some(source) = rejects_null(condition, level.scope, &optional) else {
                continue;
            };
            into.push(format!(
                "The {} JOIN of {} behaves like an inner one there: {} in WHERE leaves out the rows without a match.",
                join.kind.as_str(),
                level.structure.label(source),
                condition.text
            ));
            break;
        }
    }
}

fn sources(item: &From, into: &mut Vec<usize>) {
    match item {
        From::Source(number) => into.push(*number),
        From::Join(join) => {
            sources(&join.left, into);
            sources(&join.right, into);
        }
        From::Nested(items, _) => items.iter().for_each(|i| sources(i, into)),
    }
}

/// The optional source whose missing rows a condition surely leaves out: it
/// compares a column of it, by an operator of Postgres's own that returns NULL
/// for NULL, or asks for NOT NULL.
fn rejects_null(condition: &Expr, scope: Scope, optional: &[usize]) -> Option<usize> {
    let column = |expr: &Expr| {
        scope.local_source(expr).map(|(source, _)| source).filter(|s| optional.contains(s))
    };
    match &condition.kind {
        ExprKind::NullTest { operand, is_null: false } => column(operand),
        ExprKind::Call(call) => {
            const STRICT: &[&str] = &[
                "=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*",
            ];
            let compares = matches!(call.form, Form::Operator | Form::AnyOf)
                && call.built_in
                && STRICT.contains(&call.name.as_str());
            match compares {
                true => call.arguments.iter().find_map(column),
                false => None,
            }
        }
        _ => None,
    }
}
