//! Comparisons that an index cannot serve.

use crate::statement::preview::level::{Level, is_column};
use crate::statement::preview::sources::conditions;
use crate::statement::query::{Expr, ExprKind, Form};

/// A comparison that an index on the column cannot serve, since the column is
/// cast or computed with first.
pub(super) fn cast_stops_index(level: &Level, into: &mut Vec<String>) {
    for (condition, _) in conditions(level.scope.query) {
        within(level, condition, &condition.text, into);
    }
}

fn within(level: &Level, condition: &Expr, text: &str, into: &mut Vec<String>) {
    const INDEXABLE: &[&str] = &["=", "<", "<=", ">", ">="];
    match &condition.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().for_each(|p| within(level, p, text, into));
        }
        ExprKind::Call(call)
            if matches!(call.form, Form::Operator | Form::AnyOf)
                && INDEXABLE.contains(&call.name.as_str()) =>
        {
            call.arguments.iter().for_each(|side| compared(level, side, text, into));
        }
        _ => {}
    }
}

fn compared(level: &Level, side: &Expr, text: &str, into: &mut Vec<String>) {
    let ExprKind::Call(call) = &side.kind else {
        return;
    };
    let how = match call.form {
        // A binary-compatible cast changes nothing, and indexes know.
        Form::ExplicitCast | Form::ImplicitCast if call.name != "binary" => "is cast".to_string(),
        Form::Function => format!("goes through {}()", call.name),
        _ => return,
    };
    let columns = call.arguments.iter().filter(|a| is_column(a));
    for column in columns {
        let Some(base) = level.scope.base_column(column) else {
            continue;
        };
        let indexed = level
            .subject
            .relations
            .get(base.relation)
            .is_some_and(|r| r.indexed.contains(&base.column));
        if indexed && let Some(name) = level.shown_column(column) {
            into.push(format!(
                "{name} {how} before it is compared ({text}), so an index on the column itself is of no use there."
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn a_cast_keeps_an_index_from_its_use() {
        assert_eq!(
            says("SELECT 1 FROM customer WHERE id::numeric = 1.0", "CAST_STOPS_INDEX"),
            [
                "public.customer.id is cast before it is compared ((id)::numeric = 1.0), so an index on the column itself is of no use there."
            ]
        );
        assert_eq!(
            says("SELECT 1 FROM customer WHERE abs(id) = 5", "CAST_STOPS_INDEX"),
            [
                "public.customer.id goes through abs() before it is compared (abs(id) = 5), so an index on the column itself is of no use there."
            ]
        );
        for sql in [
            "SELECT 1 FROM customer WHERE id = 1",
            // The column has no index, or no index could serve.
            "SELECT 1 FROM customer WHERE region::numeric = 1.0",
            "SELECT 1 FROM customer WHERE abs(id) <> 5",
        ] {
            assert!(says(sql, "CAST_STOPS_INDEX").is_empty(), "{sql}");
        }
    }
}
