//! Assumptions that computations make.

use crate::statement::preview::level::Level;
use crate::statement::query::columns::without_casts;
use crate::statement::query::{Expr, ExprKind, Form};

/// pg_type's OIDs of int8, int2 and int4.
const INTEGERS: [u32; 3] = [20, 21, 23];

/// The quotient of two integers is truncated.
pub(super) fn integer_division(level: &Level, into: &mut Vec<String>) {
    level.each_expression(&mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && call.form == Form::Operator
            && call.built_in
            && call.name == "/"
            && let [dividend, divisor] = &call.arguments[..]
            && call.arguments.iter().all(|a| INTEGERS.contains(&a.type_oid))
            && !comes_out_even(dividend, divisor)
        {
            into.push(format!(
                "{} / {} divides integers: what is behind the point is cut off.",
                level.short(dividend),
                level.short(divisor)
            ));
        }
    });
}

/// Whether a division truncates nothing: one of two constants without a remainder, or a
/// division by one.
fn comes_out_even(dividend: &Expr, divisor: &Expr) -> bool {
    let constant = |e: &Expr| match &without_casts(e).kind {
        ExprKind::Constant(Some(text)) => text.parse::<i64>().ok(),
        _ => None,
    };
    match (constant(dividend), constant(divisor)) {
        (_, Some(1 | -1)) => true,
        (Some(a), Some(b)) => b != 0 && a % b == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn a_quotient_of_integers_is_cut_off() {
        assert_eq!(
            says("SELECT amount / 2 FROM orders", "INTEGER_DIVISION"),
            ["public.orders.amount / 2 divides integers: what is behind the point is cut off."]
        );
        for sql in [
            "SELECT amount::numeric / 2 FROM orders",
            "SELECT amount / 1 FROM orders",
            "SELECT 10 / 5",
        ] {
            assert!(says(sql, "INTEGER_DIVISION").is_empty(), "{sql}");
        }
    }
}
