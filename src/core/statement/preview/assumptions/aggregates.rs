//! Assumptions that sums, counts and averages make.

use super::nulls;
use crate::statement::preview::level::Level;
use crate::statement::preview::traps::{Chasm, aggregates, traps};
use crate::statement::preview::wording::list;

/// A sum or count over a one-to-many join.
pub(super) fn fan_trap(level: &Level, into: &mut Vec<String>) {
    for trap in traps(level).into_iter().filter(|t| !t.fans.is_empty()) {
        let has = if trap.fans.len() > 1 { "have" } else { "has" };
        into.push(format!(
            "{} takes each row of {} as often as {} {has} rows that match it: a one-to-many join.",
            trap.aggregate,
            trap.counted,
            list(&trap.fans)
        ));
    }
}

/// A sum or count over two many-sides of one table.
pub(super) fn chasm_trap(level: &Level, into: &mut Vec<String>) {
    for trap in traps(level) {
        for Chasm { other, hub } in &trap.chasms {
            into.push(format!(
                "{} takes each row of {} once for every row of {other} that belongs to the same row of {hub}: two many-sides are joined through it.",
                trap.aggregate, trap.counted
            ));
        }
    }
}

/// `count(column)` of a column that may be NULL.
pub(super) fn count_skips_nulls(level: &Level, into: &mut Vec<String>) {
    nulls(level, "count", into, |text, column| {
        format!("{text} does not count the rows where {column} is NULL.")
    });
}

/// `avg(column)` of a column that may be NULL.
pub(super) fn avg_ignores_nulls(level: &Level, into: &mut Vec<String>) {
    nulls(level, "avg", into, |text, column| {
        format!("{text} leaves out the rows where {column} is NULL; it does not take them for 0.")
    });
}

fn nulls(level: &Level, name: &str, into: &mut Vec<String>, sentence: fn(&str, &str) -> String) {
    for (aggregate, text) in aggregates(level) {
        if let [argument] = &aggregate.arguments[..]
            && aggregate.name == name
            && let Some(column) = nulls::left_out(level, argument)
        {
            into.push(sentence(text, &column));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn a_sum_over_a_one_to_many_join_repeats() {
        let sql = "SELECT sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id";
        assert_eq!(
            says(sql, "FAN_TRAP"),
            [
                "sum(c.credit) takes each row of public.customer as often as public.orders has rows that match it: a one-to-many join."
            ]
        );
        assert!(says(sql, "CHASM_TRAP").is_empty());
        let left = "SELECT count(c.id), avg(c.credit) FROM orders o RIGHT JOIN customer c ON o.customer_id = c.id";
        assert_eq!(says(left, "FAN_TRAP").len(), 2);
    }

    #[test]
    fn what_takes_each_row_once_is_no_fan_trap() {
        for sql in [
            // Sums over the many side, and aggregates that repetition does not change.
            "SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id",
            "SELECT sum(o.amount) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id",
            "SELECT count(*), count(1), max(c.credit), count(DISTINCT c.id) FROM customer c JOIN orders o ON o.customer_id = c.id",
            "SELECT sum(CASE WHEN c.credit > 5 THEN 1 ELSE 0 END) FROM customer c JOIN orders o ON o.customer_id = c.id",
            // Both columns of a key of two; a constant does as well.
            "SELECT sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id AND l.number = 1",
            // The other side has one row for each row.
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, sum(amount) AS paid FROM payment GROUP BY customer_id) p ON p.customer_id = c.id",
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT DISTINCT customer_id FROM orders) p ON p.customer_id = c.id",
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT DISTINCT ON (customer_id) customer_id, amount FROM orders ORDER BY customer_id, id) p ON p.customer_id = c.id",
            "WITH p AS (SELECT customer_id, count(*) AS n FROM payment GROUP BY customer_id) SELECT sum(c.credit) FROM customer c LEFT JOIN p ON p.customer_id = c.id",
            "SELECT sum(c.credit) FROM customer c, LATERAL (SELECT o.amount FROM orders o WHERE o.customer_id = c.id ORDER BY o.id LIMIT 1) x",
            "SELECT sum(c.credit) FROM customer c, (SELECT max(amount) AS m FROM payment) x WHERE c.credit < x.m",
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY id) AS n FROM orders) o ON o.customer_id = c.id AND o.n = 1",
            "SELECT sum(o.amount) FROM orders o JOIN (VALUES (1, 2), (3, 4)) v (a, b) ON v.a = o.customer_id",
            // The subquery has the key of the table that it selects from.
            "SELECT sum(p.amount) FROM payment p JOIN (SELECT o.id, c.region FROM orders o JOIN customer c ON c.id = o.customer_id) x ON x.id = p.customer_id",
            // A comparison with a computed value; a comparison in every branch of an
            // OR.
            "SELECT sum(o.amount) FROM orders o JOIN customer c ON c.id = abs(o.customer_id)",
            "SELECT sum(o.amount) FROM orders o, customer c WHERE (c.id = o.customer_id AND o.amount > 5) OR (c.id = o.customer_id AND c.credit > 5)",
            // Within a group there is one order.
            "SELECT o.id, sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY o.id",
        ] {
            assert_eq!(says(sql, "FAN_TRAP"), [""; 0], "{sql}");
            assert_eq!(says(sql, "CHASM_TRAP"), [""; 0], "{sql}");
        }
    }

    #[test]
    fn a_trap_is_seen_inside_a_subquery() {
        let told = "takes each row of public.customer as often as public.orders has rows that match it: a one-to-many join.";
        for (text, sql) in [
            (
                "sum(credit)",
                "SELECT sum(s.credit) FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s",
            ),
            (
                "sum(worth)",
                "SELECT sum(t.worth) FROM (SELECT credit + 1 AS worth FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s) t",
            ),
            (
                "sum(credit)",
                "WITH j AS (SELECT credit, country FROM customer c JOIN orders o ON o.customer_id = c.id) SELECT j.country, sum(j.credit) FROM j GROUP BY j.country",
            ),
        ] {
            assert_eq!(says(sql, "FAN_TRAP"), [format!("{text} {told}")], "{sql}");
        }
        for sql in [
            // A sum over the many side itself, a group for each of its rows, and rows
            // that were aggregated before.
            "SELECT sum(s.amount) FROM (SELECT amount FROM customer c JOIN orders o ON o.customer_id = c.id) s",
            "SELECT s.order_id, sum(s.credit) FROM (SELECT o.id AS order_id, credit FROM customer c JOIN orders o ON o.customer_id = c.id) s GROUP BY s.order_id",
            "SELECT sum(s.credit) FROM (SELECT DISTINCT c.id, credit FROM customer c JOIN orders o ON o.customer_id = c.id) s",
            "SELECT sum(s.credit) FROM (SELECT c.id, max(credit) AS credit FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY c.id) s",
            "SELECT max(s.credit) FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s",
            "SELECT sum(s.credit) FROM (SELECT credit FROM customer) s",
        ] {
            assert_eq!(says(sql, "FAN_TRAP"), [""; 0], "{sql}");
        }
    }

    #[test]
    fn what_is_not_unique_repeats() {
        for sql in [
            "SELECT sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id",
            "SELECT o.customer_id, sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id GROUP BY o.customer_id",
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, amount FROM payment GROUP BY customer_id, amount) p ON p.customer_id = c.id",
            "SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id FROM orders UNION ALL SELECT customer_id FROM payment) p ON p.customer_id = c.id",
            "SELECT sum(o.amount) FROM orders o JOIN (customer c LEFT JOIN payment p ON c.id = 5 AND p.id = c.credit) ON c.region = o.customer_id",
        ] {
            let found = says(sql, "FAN_TRAP").len();
            assert_eq!(found, 1, "{sql}");
        }
    }

    #[test]
    fn two_many_sides_of_one_parent_are_a_chasm() {
        let sql = "SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id JOIN payment p ON p.customer_id = c.id";
        assert_eq!(
            says(sql, "CHASM_TRAP"),
            [
                "sum(o.amount) takes each row of public.orders once for every row of public.payment that belongs to the same row of public.customer: two many-sides are joined through it."
            ]
        );
        assert!(says(sql, "FAN_TRAP").is_empty());
        // Two parents of one many-side are a star, not a chasm.
        let star = "SELECT sum(p.amount) FROM payment p JOIN customer c ON c.id = p.customer_id JOIN orders o ON o.id = p.amount";
        assert!(says(star, "CHASM_TRAP").is_empty() && says(star, "FAN_TRAP").is_empty());
    }

    #[test]
    fn a_count_of_a_column_skips_nulls() {
        assert_eq!(
            says("SELECT count(country) FROM customer", "COUNT_SKIPS_NULLS"),
            ["count(country) does not count the rows where public.customer.country is NULL."]
        );
        let optional =
            "SELECT count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id";
        assert_eq!(says(optional, "COUNT_SKIPS_NULLS").len(), 1);
        for sql in [
            "SELECT count(*), count(id), count(1) FROM customer",
            "SELECT count(country) FROM customer WHERE country = 'PE'",
            "SELECT count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 5",
            "SELECT count(country) FROM (SELECT country FROM customer WHERE country IS NOT NULL) x",
        ] {
            assert!(says(sql, "COUNT_SKIPS_NULLS").is_empty(), "{sql}");
        }
    }

    #[test]
    fn an_average_leaves_nulls_out() {
        assert_eq!(
            says("SELECT avg(amount) FROM payment", "AVG_IGNORES_NULLS"),
            [
                "avg(amount) leaves out the rows where public.payment.amount is NULL; it does not take them for 0."
            ]
        );
        assert!(says("SELECT avg(amount) FROM orders", "AVG_IGNORES_NULLS").is_empty());
        assert!(
            says("SELECT avg(COALESCE(amount, 0)) FROM payment", "AVG_IGNORES_NULLS").is_empty()
        );
    }
}
