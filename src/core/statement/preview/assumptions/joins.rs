//! Assumptions about rows that joins leave out.

use super::nulls::{may_bring_null, rejects_null};
use crate::statement::preview::level::Level;
use crate::statement::preview::sources::{conditions, sources_among};
use crate::statement::query::{Expr, ExprKind, Form, From, Join, JoinKind};

/// The two sources that a comparison compares, one on each side.
fn compared(level: &Level, condition: &Expr) -> Option<(usize, usize)> {
    const COMPARISONS: &[&str] = &["=", "<", "<=", ">", ">="];
    let ExprKind::Call(call) = &condition.kind else {
        return None;
    };
    let [left, right] = &call.arguments[..] else {
        return None;
    };
    let compares =
        call.form == Form::Operator && call.built_in && COMPARISONS.contains(&call.name.as_str());
    let source = |e: &Expr| match sources_among(&level.scope.columns_in(e))[..] {
        [only] => Some(only),
        _ => None,
    };
    source(left).zip(source(right)).filter(|(a, b)| compares && a != b)
}

/// Two sources, the conditions between them, and whether NULL may fail them.
type Pair = ((usize, usize), Vec<String>, bool);

/// An inner join drops rows without a match, and rows whose key is NULL.
pub(super) fn inner_join_drops(level: &Level, into: &mut Vec<String>) {
    let mut pairs: Vec<Pair> = Vec::new();
    let inner = conditions(level.scope.query).into_iter().filter(|(_, outer)| outer.is_none());
    for (condition, _) in inner {
        let Some((a, b)) = compared(level, condition) else {
            continue;
        };
        let nullable = condition
            .operands()
            .iter()
            .any(|side| may_bring_null(level.scope, level.subject.relations, side) != Some(false));
        let pair = (a.min(b), a.max(b));
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
            level.structure.shown(a),
            level.structure.shown(b),
            conditions.join(" AND ")
        ));
    }
}

/// A condition that rejects NULL undoes an outer join: one in WHERE, or in an inner
/// join around it.
pub(super) fn outer_join_turned_inner(level: &Level, into: &mut Vec<String>) {
    fn go<'q>(item: &'q From, above: &[&'q Expr], see: &mut dyn FnMut(&'q Join, &[&'q Expr])) {
        match item {
            From::Source(_) => {}
            From::Join(join) => {
                let mut within = above.to_vec();
                match join.kind {
                    JoinKind::Inner => within.extend(&join.conditions),
                    _ => see(join, above),
                }
                go(&join.left, &within, see);
                go(&join.right, &within, see);
            }
            From::Nested(items, conditions) => {
                let within: Vec<&Expr> = above.iter().copied().chain(conditions).collect();
                items.iter().for_each(|i| go(i, &within, see));
            }
        }
    }
    let query = level.scope.query;
    let filters: Vec<&Expr> = query.filters.iter().collect();
    let mut see = |join: &Join, above: &[&Expr]| {
        let (left, right) = (join.left.sources(), join.right.sources());
        let optional = match join.kind {
            JoinKind::Left => vec![right],
            JoinKind::Right => vec![left],
            _ => vec![left, right],
        };
        for sources in optional {
            let of_them = |e: &Expr| {
                level.scope.local_source(e).is_some_and(|(source, _)| sources.contains(&source))
            };
            let Some(condition) = above.iter().find(|c| rejects_null(c, &of_them)) else {
                continue;
            };
            let named: Vec<usize> = sources_among(&level.scope.columns_in(condition))
                .into_iter()
                .filter(|s| sources.contains(s))
                .collect();
            let Some(source) = named.first() else {
                continue;
            };
            let shown = level.structure.shown(*source);
            let place = match query.filters.contains(condition) {
                true => "in WHERE",
                false => "in a later join",
            };
            into.push(match join.kind {
                JoinKind::Full => format!(
                    "The FULL JOIN does not keep the rows without a match in {shown}: {} {place} leaves them out.",
                    condition.text
                ),
                kind => format!(
                    "The {} JOIN of {shown} behaves like an inner one there: {} {place} leaves out the rows without a match.",
                    kind.as_str(),
                    condition.text
                ),
            });
        }
    };
    query.from.iter().for_each(|item| go(item, &filters, &mut see));
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn an_inner_join_drops_rows() {
        assert_eq!(
            says(
                "SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id",
                "INNER_JOIN_DROPS"
            ),
            [
                "Rows of public.customer and public.orders that have no match in each other (o.customer_id = c.id) are left out."
            ]
        );
        assert_eq!(
            says(
                "SELECT 1 FROM orders o, payment p WHERE o.customer_id = p.customer_id AND o.id >= p.amount",
                "INNER_JOIN_DROPS"
            ),
            [
                "Rows of public.orders and public.payment that have no match in each other (o.customer_id = p.customer_id AND o.id >= p.amount) are left out, and so are rows where a joined column is NULL."
            ]
        );
        let twice = "SELECT 1 FROM customer c JOIN customer d ON d.id = c.region";
        assert!(
            says(twice, "INNER_JOIN_DROPS")[0]
                .contains("public.customer (c) and public.customer (d)")
        );
        for sql in [
            "SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id",
            "SELECT 1 FROM customer c CROSS JOIN orders o WHERE c.id = 5",
        ] {
            assert!(says(sql, "INNER_JOIN_DROPS").is_empty(), "{sql}");
        }
    }

    #[test]
    fn a_condition_turns_an_outer_join_inner() {
        let sql = "SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 10";
        assert_eq!(
            says(sql, "OUTER_JOIN_TURNED_INNER"),
            [
                "The LEFT JOIN of public.orders behaves like an inner one there: o.amount > 10 in WHERE leaves out the rows without a match."
            ]
        );
        let later = "SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id JOIN line l ON l.order_id = o.id";
        assert_eq!(
            says(later, "OUTER_JOIN_TURNED_INNER"),
            [
                "The LEFT JOIN of public.orders behaves like an inner one there: l.order_id = o.id in a later join leaves out the rows without a match."
            ]
        );
        let full = "SELECT 1 FROM customer c FULL JOIN orders o ON o.customer_id = c.id WHERE o.amount > 10";
        assert_eq!(
            says(full, "OUTER_JOIN_TURNED_INNER"),
            [
                "The FULL JOIN does not keep the rows without a match in public.orders: o.amount > 10 in WHERE leaves them out."
            ]
        );
        for (filter, turned) in [
            ("o.id IS NOT NULL", true),
            ("o.id + 1 > 5", true),
            ("o.amount IN (1, 2)", true),
            ("o.amount = 1 OR o.amount = 2", true),
            ("NOT o.amount = 1", true),
            ("o.id IS NULL", false),
            ("COALESCE(o.amount, 0) > 10", false),
            ("o.amount > 10 OR o.id IS NULL", false),
            ("o.amount = 1 OR c.id = 2", false),
            ("o.amount NOT IN (SELECT amount FROM payment)", false),
            ("c.id > 5", false),
        ] {
            let sql = format!(
                "SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE {filter}"
            );
            assert_eq!(!says(&sql, "OUTER_JOIN_TURNED_INNER").is_empty(), turned, "{sql}");
        }
    }
}
