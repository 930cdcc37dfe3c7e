//! What comparisons and computations take for granted.

use super::super::super::query::columns::without_casts;
use super::super::super::query::{Call, Expr, ExprKind, Form, SublinkKind, Volatility};
use super::{Level, is_column};

// pg_type's fixed OIDs.
const INTEGERS: [u32; 3] = [20, 21, 23];
const TEXTS: [u32; 3] = [25, 1042, 1043];
const DATE: u32 = 1082;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;

/// `x NOT IN (...)` is never true once there is a NULL among the values.
pub(super) fn not_in_nullable(level: &Level, into: &mut Vec<String>) {
    level.each_expression(&mut |e| match &e.kind {
        ExprKind::Not(inner) => {
            let ExprKind::Sublink(link) = &inner.kind else {
                return;
            };
            let Some(value) = link.query.targets.iter().find(|t| !t.hidden) else {
                return;
            };
            if link.kind != SublinkKind::Any {
                return;
            }
            let outer: Vec<_> =
                level.scope.outer.iter().copied().chain([level.scope.query]).collect();
            let scope = super::Scope::new(&link.query, &outer);
            let inside = Level {
                subject: level.subject,
                scope,
                structure: super::Structure::of(scope, level.subject.relations),
            };
            let filtered = link.query.filters.iter().any(|f| {
                matches!(&f.kind, ExprKind::NullTest { operand, is_null: false } if operand.kind == value.expr.kind)
            });
            if inside.may_be_null(&value.expr) == Some(true)
                && !filtered
                && let Some(column) = inside.column_label(&value.expr)
            {
                into.push(format!(
                    "NOT IN finds nothing as soon as one {column} is NULL, which it may be; NOT EXISTS would."
                ));
            }
        }
        ExprKind::Call(call) if call.form == Form::AllOf && call.name == "<>" => {
            let has_null = call.arguments.iter().any(|a| {
                a.any(|e| matches!(&e.kind, ExprKind::Constant(None)))
                    || matches!(&without_casts(a).kind, ExprKind::Constant(Some(list))
                        if list.starts_with('{') && list.trim_matches(['{', '}']).split(',').any(|v| v == "NULL"))
            });
            if has_null {
                into.push("NOT IN with a NULL in its list finds nothing.".to_string());
            }
        }
        _ => {}
    });
}

/// The quotient of two integers is cut off.
pub(super) fn integer_division(level: &Level, into: &mut Vec<String>) {
    level.each_expression(&mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && call.form == Form::Operator
            && call.name == "/"
            && call.arguments.len() == 2
            && call.arguments.iter().all(|a| INTEGERS.contains(&a.type_oid))
        {
            let names: Vec<String> = call.arguments.iter().map(|a| short(level, a)).collect();
            into.push(format!(
                "{} / {} divides integers: what is behind the point is cut off.",
                names[0], names[1]
            ));
        }
    });
}

fn short(level: &Level, expr: &Expr) -> String {
    match &without_casts(expr).kind {
        ExprKind::Constant(Some(value)) => value.clone(),
        ExprKind::Parameter(n) => format!("${n}"),
        ExprKind::Aggregate(_) | ExprKind::Window(_) => without_casts(expr).text.clone(),
        _ => level.column_label(expr).unwrap_or_else(|| "(...)".to_string()),
    }
}

/// What gives another answer at another time, or to another session.
pub(super) fn not_reproducible(level: &Level, into: &mut Vec<String>) {
    level.each_expression(&mut |e| {
        let found = match &e.kind {
            ExprKind::Other { name, .. }
                if matches!(
                    name.as_str(),
                    "CURRENT_DATE"
                        | "CURRENT_TIME"
                        | "CURRENT_TIMESTAMP"
                        | "LOCALTIME"
                        | "LOCALTIMESTAMP"
                ) =>
            {
                Some(format!("{name} is another at each run: the result cannot be reproduced."))
            }
            ExprKind::Call(call) if call.form == Form::Function && call.built_in => changing(call),
            ExprKind::Call(call)
                if matches!(call.form, Form::ExplicitCast | Form::ImplicitCast) =>
            {
                zone_dependent(call, e.type_oid)
            }
            _ => None,
        };
        into.extend(found);
    });
}

fn changing(call: &Call) -> Option<String> {
    const CHANGING: &[&str] = &[
        "now",
        "random",
        "clock_timestamp",
        "statement_timestamp",
        "transaction_timestamp",
        "timeofday",
        "gen_random_uuid",
        "random_normal",
        "age",
    ];
    // age(t) counts from today; age(a, b) does not.
    let changes = CHANGING.contains(&call.name.as_str())
        && call.volatility != Volatility::Immutable
        && !(call.name == "age" && call.arguments.len() != 1);
    changes.then(|| {
        format!("{}() is another at each run: the result cannot be reproduced.", call.name)
    })
}

fn zone_dependent(call: &Call, to: u32) -> Option<String> {
    let from = call.arguments.first()?.type_oid;
    let plain = |t: u32| t == DATE || t == TIMESTAMP || TEXTS.contains(&t);
    let depends = (from == TIMESTAMPTZ && plain(to)) || (plain(from) && to == TIMESTAMPTZ);
    let constant = matches!(&call.arguments.first()?.kind, ExprKind::Constant(_));
    (depends && !constant).then(|| {
        "A cast between timestamptz and a type without a time zone depends on the session's TimeZone."
            .to_string()
    })
}

/// `t BETWEEN date AND date` on a timestamp ends at midnight of the last day.
pub(super) fn between_date_bound(level: &Level, into: &mut Vec<String>) {
    let all: Vec<&Expr> =
        level.scope.query.filters.iter().chain(level.scope.query.join_conditions()).collect();
    let bound = |expr: &Expr, operator: &str| -> Option<(Expr, String)> {
        let ExprKind::Call(call) = &expr.kind else {
            return None;
        };
        let [column, value] = &call.arguments[..] else {
            return None;
        };
        let stamp = [TIMESTAMP, TIMESTAMPTZ].contains(&without_casts(column).type_oid);
        if call.name != operator || !is_column(column) || !stamp {
            return None;
        }
        match &without_casts(value).kind {
            ExprKind::Constant(Some(text)) => Some((without_casts(column).clone(), text.clone())),
            _ => None,
        }
    };
    for upper in &all {
        let Some((column, text)) = bound(upper, "<=") else {
            continue;
        };
        let midnight = !text.contains(':') || text.contains(" 00:00:00");
        let has_lower =
            all.iter().any(|l| bound(l, ">=").is_some_and(|(c, _)| c.kind == column.kind));
        if midnight
            && has_lower
            && let Some(name) = level.column_label(&column)
        {
            let day = text.split(' ').next().unwrap_or(&text);
            into.push(format!(
                "{name} has a time of day: the upper bound {day} ends at its midnight, and leaves out the rest of that day."
            ));
        }
    }
}

/// A comparison that an index on the column cannot serve, since the column is
/// cast or computed with first.
pub(super) fn cast_stops_index(level: &Level, into: &mut Vec<String>) {
    let conditions = level.scope.query.filters.iter().chain(level.scope.query.join_conditions());
    for condition in conditions {
        let ExprKind::Call(comparison) = &condition.kind else {
            continue;
        };
        for side in &comparison.arguments {
            let ExprKind::Call(call) = &side.kind else {
                continue;
            };
            // A binary-compatible cast changes nothing, and indexes know.
            let converts = matches!(call.form, Form::ExplicitCast | Form::ImplicitCast)
                && call.name != "binary";
            let [column] = &call.arguments[..] else {
                continue;
            };
            let Some(base) = level.scope.base_column(column).filter(|_| is_column(column)) else {
                continue;
            };
            let indexed = level
                .subject
                .relations
                .get(base.relation)
                .is_some_and(|r| r.indexed.contains(&base.column));
            if converts
                && indexed
                && let Some(name) = level.column_label(column)
            {
                into.push(format!(
                    "{name} is cast before it is compared ({}), so its index is of no use there.",
                    condition.text
                ));
            }
        }
    }
}
