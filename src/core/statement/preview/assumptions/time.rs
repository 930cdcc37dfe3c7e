//! Assumptions about clocks, time zones, and the end of a day.

use crate::statement::preview::level::{Level, is_column};
use crate::statement::preview::sources::conditions;
use crate::statement::query::columns::without_casts;
use crate::statement::query::{Call, Expr, ExprKind, Form, Volatility};

// pg_type's fixed OIDs.
const DATE: u32 = 1082;
const TIME: u32 = 1083;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const TEXTS: [u32; 3] = [25, 1042, 1043];

/// Functions that return something else at another time, or in another session.
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
            ExprKind::Other { name, .. } if name == "TABLESAMPLE" => Some(
                "TABLESAMPLE without REPEATABLE takes other rows at each run: the result cannot be reproduced."
                    .to_string(),
            ),
            ExprKind::Call(call) if !call.built_in => None,
            ExprKind::Call(call) => match call.form {
                Form::Function => changing(call).or_else(|| takes_apart(level, call)),
                Form::Operator => compares_zones(level, call),
                Form::ExplicitCast | Form::ImplicitCast => casts_zone(level, call, e.type_oid),
                Form::AnyOf | Form::AllOf => None,
            },
            _ => None,
        };
        into.extend(found);
    });
}

fn changing(call: &Call) -> Option<String> {
    const CHANGING: &[&str] = &[
        "now",
        "random",
        "random_normal",
        "clock_timestamp",
        "statement_timestamp",
        "transaction_timestamp",
        "timeofday",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
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

/// The day, the hour and the text of a timestamptz depend on the session's time zone.
fn takes_apart(level: &Level, call: &Call) -> Option<String> {
    let [first, second] = &call.arguments[..] else {
        return None;
    };
    let of = match call.name.as_str() {
        "to_char" => first,
        "date_trunc" | "date_part" | "extract" => {
            // Fields that are the same in every time zone.
            const SAME: &[&str] = &["epoch", "second", "milliseconds", "microseconds", "julian"];
            match &without_casts(first).kind {
                ExprKind::Constant(Some(field)) if !SAME.contains(&field.as_str()) => second,
                _ => return None,
            }
        }
        _ => return None,
    };
    (of.type_oid == TIMESTAMPTZ).then(|| {
        format!("{}() of {} depends on the session's TimeZone.", call.name, shown(level, of))
    })
}

/// A comparison of a timestamptz with a date takes the date to begin at midnight in the
/// session's time zone.
fn compares_zones(level: &Level, call: &Call) -> Option<String> {
    const COMPARISONS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];
    let [left, right] = &call.arguments[..] else {
        return None;
    };
    let zoned =
        |a: &Expr, b: &Expr| a.type_oid == TIMESTAMPTZ && [DATE, TIMESTAMP].contains(&b.type_oid);
    let mixed =
        COMPARISONS.contains(&call.name.as_str()) && (zoned(left, right) || zoned(right, left));
    mixed.then(|| {
        format!(
            "{} and {} are compared in the session's TimeZone: one has a time zone, the other has none.",
            shown(level, left),
            shown(level, right)
        )
    })
}

fn casts_zone(level: &Level, call: &Call, to: u32) -> Option<String> {
    let from = call.arguments.first()?;
    let plain = |t: u32| [DATE, TIMESTAMP].contains(&t) || TEXTS.contains(&t);
    let leaves = from.type_oid == TIMESTAMPTZ && (plain(to) || to == TIME);
    let enters = plain(from.type_oid) && to == TIMESTAMPTZ;
    let constant = matches!(&from.kind, ExprKind::Constant(_));
    ((leaves || enters) && !constant).then(|| {
        // A text may name its time zone.
        let depends =
            if enters && TEXTS.contains(&from.type_oid) { "may depend" } else { "depends" };
        format!(
            "The cast of {} from {} to {} {depends} on the session's TimeZone.",
            shown(level, from),
            type_name(from.type_oid),
            type_name(to)
        )
    })
}

fn type_name(oid: u32) -> &'static str {
    match oid {
        DATE => "date",
        TIME => "time",
        TIMESTAMP => "timestamp",
        TIMESTAMPTZ => "timestamptz",
        _ => "text",
    }
}

fn shown(level: &Level, expr: &Expr) -> String {
    match &without_casts(expr).kind {
        ExprKind::Other { name, .. }
            if name.starts_with("CURRENT_") || name.starts_with("LOCAL") =>
        {
            name.clone()
        }
        ExprKind::Call(call) if call.form == Form::Function => format!("{}(...)", call.name),
        _ => level.short(expr),
    }
}

/// `t BETWEEN date AND date` on a timestamp ends at midnight of the last day.
pub(super) fn between_date_bound(level: &Level, into: &mut Vec<String>) {
    let mut all: Vec<&Expr> = Vec::new();
    for (condition, _) in conditions(level.scope.query) {
        match &condition.kind {
            ExprKind::And(parts) => all.extend(parts),
            _ => all.push(condition),
        }
    }
    for upper in &all {
        let Some((column, value)) = bound(upper, "<=", ">=") else {
            continue;
        };
        let has_lower = all.iter().any(|lower| {
            [bound(lower, ">=", "<="), bound(lower, ">", "<")]
                .into_iter()
                .flatten()
                .any(|(c, _)| without_casts(c).kind == without_casts(column).kind)
        });
        if has_lower
            && let Some(day) = day_of(value)
            && let Some(name) = level.shown_column(column)
        {
            into.push(format!(
                "{name} has a time of day: the upper bound {day} ends at its midnight, and leaves out the rest of that day."
            ));
        }
    }
}

/// A timestamp and what it is compared with, whichever side it is on.
fn bound<'e>(expr: &'e Expr, operator: &str, flipped: &str) -> Option<(&'e Expr, &'e Expr)> {
    let ExprKind::Call(call) = &expr.kind else {
        return None;
    };
    let [left, right] = &call.arguments[..] else {
        return None;
    };
    // A cast to date removes the time of day.
    let stamps = [TIMESTAMP, TIMESTAMPTZ];
    let stamp = |e: &Expr| {
        is_column(e) && stamps.contains(&e.type_oid) && stamps.contains(&without_casts(e).type_oid)
    };
    match call.form == Form::Operator {
        true if call.name == operator && stamp(left) => Some((left, right)),
        true if call.name == flipped && stamp(right) => Some((right, left)),
        _ => None,
    }
}

/// The day at whose beginning a bound lies.
fn day_of(value: &Expr) -> Option<String> {
    let inner = without_casts(value);
    match &inner.kind {
        ExprKind::Constant(Some(text)) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            let (day, time) = text.split_once(' ').unwrap_or((text, ""));
            let midnight = match time.strip_prefix("00:00:00") {
                Some(zone) => !zone.starts_with('.'),
                None => inner.type_oid == DATE,
            };
            midnight.then(|| day.to_string())
        }
        ExprKind::Parameter(n) if inner.type_oid == DATE => Some(format!("${n}")),
        ExprKind::Other { name, .. } if name == "CURRENT_DATE" => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn clocks_cannot_be_reproduced() {
        assert_eq!(
            says("SELECT 1 FROM orders WHERE placed_at > current_date", "NOT_REPRODUCIBLE"),
            ["CURRENT_DATE is another at each run: the result cannot be reproduced."]
        );
        assert_eq!(
            says("SELECT now()", "NOT_REPRODUCIBLE"),
            ["now() is another at each run: the result cannot be reproduced."]
        );
        assert!(
            says("SELECT 1 FROM orders WHERE placed_at > date '2026-01-01'", "NOT_REPRODUCIBLE")
                .is_empty()
        );
    }

    #[test]
    fn time_zones_are_the_sessions() {
        assert_eq!(
            says("SELECT seen_at::date FROM orders", "NOT_REPRODUCIBLE"),
            [
                "The cast of public.orders.seen_at from timestamptz to date depends on the session's TimeZone."
            ]
        );
        assert_eq!(
            says("SELECT date_trunc('day', seen_at) FROM orders", "NOT_REPRODUCIBLE"),
            ["date_trunc() of public.orders.seen_at depends on the session's TimeZone."]
        );
        assert_eq!(
            says("SELECT 1 FROM orders WHERE seen_at >= date '2026-01-01'", "NOT_REPRODUCIBLE"),
            [
                "public.orders.seen_at and 2026-01-01 are compared in the session's TimeZone: one has a time zone, the other has none."
            ]
        );
        for sql in [
            "SELECT placed_at::date, date_trunc('day', placed_at) FROM orders",
            "SELECT extract(epoch FROM seen_at) FROM orders",
        ] {
            assert!(says(sql, "NOT_REPRODUCIBLE").is_empty(), "{sql}");
        }
    }

    #[test]
    fn the_last_day_ends_at_its_midnight() {
        assert_eq!(
            says(
                "SELECT 1 FROM orders WHERE placed_at BETWEEN date '2026-01-01' AND date '2026-01-31'",
                "BETWEEN_DATE_BOUND"
            ),
            [
                "public.orders.placed_at has a time of day: the upper bound 2026-01-31 ends at its midnight, and leaves out the rest of that day."
            ]
        );
        for (condition, raised) in [
            (
                "placed_at >= date '2026-01-01' AND timestamp '2026-01-31 00:00:00' >= placed_at",
                true,
            ),
            ("placed_at >= date '2026-01-01' AND placed_at < date '2026-02-01'", false),
            (
                "placed_at BETWEEN timestamp '2026-01-01 00:00:00' AND timestamp '2026-01-31 23:59:59'",
                false,
            ),
            ("placed_at BETWEEN timestamp '2026-01-01 00:00:00' AND timestamp 'infinity'", false),
            ("placed_at <= date '2026-01-31'", false),
            ("amount BETWEEN 1 AND 5", false),
        ] {
            let sql = format!("SELECT 1 FROM orders WHERE {condition}");
            assert_eq!(!says(&sql, "BETWEEN_DATE_BOUND").is_empty(), raised, "{sql}");
        }
    }
}
