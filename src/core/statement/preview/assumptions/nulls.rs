//! NULL: which columns may hold it, and which conditions reject it.

use crate::statement::preview::level::{Level, shown_column};
use crate::statement::preview::sources::{conditions, cte, nullable};
use crate::statement::query::columns::Scope;
use crate::statement::query::relations::Relations;
use crate::statement::query::{
    Call, Expr, ExprKind, Form, Query, SourceKind, Sublink, SublinkKind,
};

/// Whether a column may hold NULL at the point where its level uses it, after joins and
/// conditions. None where that is unknown.
pub(super) fn may_be_null(scope: Scope, relations: &Relations, expr: &Expr) -> Option<bool> {
    let (number, column) = scope.local_source(expr)?;
    let of_source = |e: &Expr| scope.local_source(e).is_some_and(|(s, _)| s == number);
    let of_column = |e: &Expr| scope.local_source(e) == Some((number, column));
    let unmatched = nullable(scope.query, number)
        && !scope.query.filters.iter().any(|c| rejects_null(c, &of_source));
    if unmatched {
        return Some(true);
    }
    let inner = conditions(scope.query).into_iter().filter(|(_, outer)| outer.is_none());
    match inner.map(|(condition, _)| condition).any(|c| rejects_null(c, &of_column)) {
        true => Some(false),
        false => holds_null(scope, relations, number, column),
    }
}

/// Whether a column may bring NULL into the joins and conditions of its level.
pub(super) fn may_bring_null(scope: Scope, relations: &Relations, expr: &Expr) -> Option<bool> {
    let (number, column) = scope.local_source(expr)?;
    match nullable(scope.query, number) {
        true => Some(true),
        false => holds_null(scope, relations, number, column),
    }
}

/// Whether a column of a source may hold NULL.
fn holds_null(scope: Scope, relations: &Relations, number: usize, column: i32) -> Option<bool> {
    let within = |query: &Query, around: Scope| -> Option<bool> {
        if query.set_operation.is_some() || query.grouping_sets {
            return None;
        }
        let place = usize::try_from(column).ok()?.checked_sub(1)?;
        let output = *query.outputs().get(place)?;
        let outer: Vec<&Query> = around.outer.iter().copied().chain([around.query]).collect();
        may_be_null(Scope::new(query, &outer), relations, &output.expr)
    };
    let source = scope.query.source(number)?;
    match &source.kind {
        SourceKind::Table(_) if column < 1 => Some(false),
        SourceKind::Table(oid) => Some(!relations.get(*oid)?.column(column)?.not_null),
        SourceKind::Subquery { query, .. } => within(query, scope),
        SourceKind::Cte { recursive_reference: false, .. } => {
            let (query, there) = cte(scope, &source.kind)?;
            within(query, there)
        }
        _ => None,
    }
}

/// Whether a condition is never true where all expressions that `is` picks are NULL.
pub(super) fn rejects_null(condition: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    match &condition.kind {
        ExprKind::NullTest { operand, is_null: false } => yields_null(operand, is),
        ExprKind::And(parts) => parts.iter().any(|p| rejects_null(p, is)),
        ExprKind::Or(parts) => parts.iter().all(|p| rejects_null(p, is)),
        ExprKind::Not(negated) => rejects_null_negated(negated, is),
        ExprKind::Column { .. } => is(condition),
        ExprKind::Call(call) => compares(call) && call.arguments.iter().any(|a| yields_null(a, is)),
        // NULL is in no set, also not in an empty one.
        ExprKind::Sublink(link) if link.kind == SublinkKind::Any => {
            link.test.as_ref().is_some_and(|test| rejects_null(test, is))
        }
        _ => false,
    }
}

/// Whether `NOT condition` is never true where all expressions that `is` picks are
/// NULL.
fn rejects_null_negated(condition: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    match &condition.kind {
        ExprKind::NullTest { operand, is_null: true } => yields_null(operand, is),
        ExprKind::And(parts) => parts.iter().all(|p| rejects_null_negated(p, is)),
        ExprKind::Or(parts) => parts.iter().any(|p| rejects_null_negated(p, is)),
        ExprKind::Column { .. } => is(condition),
        ExprKind::Call(call) => rejects_null(condition, is) && never_empty(call),
        _ => false,
    }
}

/// Whether a call is a comparison of Postgres's own that is NULL for NULL.
fn compares(call: &Call) -> bool {
    const STRICT: &[&str] =
        &["=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*"];
    let comparison = call.built_in && STRICT.contains(&call.name.as_str());
    match call.form {
        Form::Operator | Form::AnyOf => comparison,
        Form::AllOf => comparison && never_empty(call),
        _ => false,
    }
}

/// Whether a list has elements: a comparison with every element of an empty list is
/// true.
fn never_empty(call: &Call) -> bool {
    match call.form {
        Form::AnyOf | Form::AllOf => call.arguments.get(1).is_some_and(|set| match &set.kind {
            ExprKind::Constant(Some(elements)) => elements != "{}",
            ExprKind::Other { name, operands } => name == "ARRAY" && !operands.is_empty(),
            _ => false,
        }),
        _ => true,
    }
}

/// Whether an expression is NULL where what `is` picks is NULL: it is that expression,
/// or is computed from it by operations that make NULL of NULL.
fn yields_null(expr: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    const OPERATORS: &[&str] = &["+", "-", "*", "/", "%"];
    const FUNCTIONS: &[&str] = &[
        "abs",
        "btrim",
        "date",
        "date_part",
        "date_trunc",
        "extract",
        "left",
        "length",
        "lower",
        "ltrim",
        "right",
        "round",
        "rtrim",
        "substr",
        "substring",
        "upper",
    ];
    if is(expr) {
        return true;
    }
    let ExprKind::Call(call) = &expr.kind else {
        return false;
    };
    let strict = call.built_in
        && match call.form {
            Form::Operator => OPERATORS.contains(&call.name.as_str()),
            Form::Function => FUNCTIONS.contains(&call.name.as_str()),
            Form::ExplicitCast | Form::ImplicitCast => true,
            Form::AnyOf | Form::AllOf => false,
        };
    strict && call.arguments.iter().any(|a| yields_null(a, is))
}

/// `x NOT IN (...)` is never true once there is a NULL among the values.
pub(super) fn not_in_nullable(level: &Level, into: &mut Vec<String>) {
    level.each_expression(&mut |e| match &e.kind {
        ExprKind::Not(inner) => {
            if let ExprKind::Sublink(link) = &inner.kind
                && link.kind == SublinkKind::Any
            {
                among_values(level, link, "NOT IN", into);
            }
        }
        ExprKind::Sublink(link) if link.kind == SublinkKind::All => {
            if matches!(link.test.as_ref().map(|t| &t.kind), Some(ExprKind::Call(c)) if c.name == "<>")
            {
                among_values(level, link, "<> ALL", into);
            }
        }
        ExprKind::Call(call) if call.form == Form::AllOf && call.name == "<>"
            && call.arguments.get(1).is_some_and(lists_null) => {
                into.push("NOT IN with a NULL in its list finds nothing.".to_string());
            }
        _ => {}
    });
}

fn among_values(level: &Level, link: &Sublink, form: &str, into: &mut Vec<String>) {
    let outer: Vec<_> = level.scope.outer.iter().copied().chain([level.scope.query]).collect();
    let scope = Scope::new(&link.query, &outer);
    for value in link.query.outputs() {
        if may_be_null(scope, level.subject.relations, &value.expr) == Some(true)
            && let Some(column) = shown_column(level.subject, scope, &value.expr)
        {
            into.push(format!(
                "{form} finds nothing as soon as one {column} is NULL, which it may be; NOT EXISTS would."
            ));
        }
    }
}

/// Whether the list of a NOT IN has a NULL in it.
fn lists_null(list: &Expr) -> bool {
    use crate::statement::query::columns::without_casts;
    let is_null = |e: &Expr| matches!(without_casts(e).kind, ExprKind::Constant(None));
    match &without_casts(list).kind {
        ExprKind::Other { name, operands } if name == "ARRAY" => operands.iter().any(is_null),
        // Postgres writes an array so that a text that spells NULL is in quotes.
        ExprKind::Constant(Some(array)) => {
            let mut quoted = false;
            let mut escaped = false;
            let bare: String = array
                .chars()
                .filter(|c| {
                    let quote = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    quoted ^= quote;
                    !quoted
                })
                .collect();
            bare.trim_matches(['{', '}']).split(',').any(|v| v == "NULL")
        }
        _ => false,
    }
}

/// The NULLs that an aggregate leaves out of its column, in words; None where there are
/// none.
pub(super) fn left_out(level: &Level, argument: &Expr) -> Option<String> {
    (may_be_null(level.scope, level.subject.relations, argument) == Some(true))
        .then(|| level.shown_column(argument))?
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;
    use crate::statement::query::{Expr, ExprKind};

    #[test]
    fn not_in_finds_nothing_once_there_is_a_null() {
        assert_eq!(
            says(
                "SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM payment)",
                "NOT_IN_NULLABLE"
            ),
            [
                "NOT IN finds nothing as soon as one public.payment.customer_id is NULL, which it may be; NOT EXISTS would."
            ]
        );
        assert_eq!(
            says("SELECT 1 FROM customer WHERE id NOT IN (1, NULL)", "NOT_IN_NULLABLE"),
            ["NOT IN with a NULL in its list finds nothing."]
        );
        for sql in [
            "SELECT 1 FROM customer WHERE id IN (SELECT customer_id FROM payment)",
            "SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)",
            "SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM payment WHERE customer_id IS NOT NULL)",
            "SELECT 1 FROM customer WHERE id NOT IN (1, 2)",
        ] {
            assert!(says(sql, "NOT_IN_NULLABLE").is_empty(), "{sql}");
        }
    }

    #[test]
    fn a_null_in_an_array_is_told_from_the_word() {
        let listed = |text: &str| {
            super::lists_null(&Expr {
                kind: ExprKind::Constant(Some(text.into())),
                ..Expr::default()
            })
        };
        assert!(listed("{1,NULL}"));
        assert!(!listed(r#"{"a,NULL,b"}"#));
        assert!(!listed(r#"{"NULL"}"#));
        assert!(!listed(r#"{"\",NULL,"}"#));
    }
}
