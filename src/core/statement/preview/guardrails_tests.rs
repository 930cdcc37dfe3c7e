//! Each guardrail: what raises it, and what nearly does.

use super::*;
use crate::statement::query::Query;

#[test]
fn a_join_that_explodes_is_found_in_a_plan() {
    use crate::statement::query::relations::Relations;
    let leaf = |rows| PlanNode { rows, ..PlanNode::default() };
    let join = |rows| PlanNode {
        is_join: true,
        rows,
        children: vec![leaf(10.0), leaf(20.0)],
        ..PlanNode::default()
    };
    let query = Query::default();
    let relations = Relations::default();
    let judged = |plan: &PlanNode| {
        guardrails(&Subject {
            query: &query,
            relations: &relations,
            plan: Some(plan),
            limits: Default::default(),
            joins: &[],
        })
    };
    assert!(judged(&join(20_000.0)).is_empty());
    let found = judged(&join(20_001.0));
    assert_eq!(found[0].code, "EXPLOSIVE_JOIN");
    assert!(found[0].message.contains("20,001 rows"), "{}", found[0].message);
    let large = PlanNode { children: vec![leaf(9e6)], ..join(10_000_001.0) };
    assert_eq!(judged(&large).len(), 1);
}

#[test]
fn an_unaccepted_join_stops_only_where_it_is_asked_to() {
    use crate::statement::query::relations::Relations;
    let query = Query::default();
    let relations = Relations::default();
    let joins = [crate::statement::preview::subject::JoinFact {
        left: "a".into(),
        right: "b".into(),
        standing: crate::statement::preview::subject::Standing::Unknown,
    }];
    let mut limits = crate::statement::preview::subject::Limits::default();
    let judged = |limits| {
        guardrails(&Subject {
            query: &query,
            relations: &relations,
            plan: None,
            limits,
            joins: &joins,
        })
    };
    assert_eq!(judged(limits)[0].severity, GuardrailSeverity::Warning);
    limits.require_accepted_joins = true;
    assert_eq!(judged(limits)[0].severity, GuardrailSeverity::Stop);
}

use crate::statement::preview::testing::{judged, judged_over, shop, warns};

#[test]
fn sources_that_nothing_connects_are_a_product() {
    assert_eq!(
        warns("SELECT 1 FROM customer c, orders o", "EXPLOSIVE_JOIN"),
        [
            "Nothing connects public.customer and public.orders: each row of one is combined with each row of the other."
        ]
    );
    assert_eq!(
        warns(
            "SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id, payment p",
            "EXPLOSIVE_JOIN"
        )
        .len(),
        1
    );
    let by_chance = "SELECT 1 FROM customer c, orders o WHERE c.region = 1 AND o.amount = 1";
    assert_eq!(warns(by_chance, "EXPLOSIVE_JOIN").len(), 1);
    for sql in [
        "SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id JOIN payment p ON p.customer_id = c.id WHERE c.id = 5",
        "SELECT 1 FROM orders o, payment p WHERE o.customer_id = 5 AND p.customer_id = 5",
        "SELECT 1 FROM customer c, orders o WHERE EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = c.id AND p.id = o.id)",
        "SELECT 1 FROM customer c, (SELECT max(amount) FROM orders) m",
        "SELECT 1 FROM customer c, orders o WHERE o.id = 5",
        "SELECT 1 FROM customer c, generate_series(1, 12) m",
        "SELECT 1 FROM customer c, (VALUES (1), (2)) v (n)",
        "SELECT 1 FROM customer c, LATERAL (SELECT * FROM orders o WHERE o.customer_id = c.id) x",
        "SELECT 1 FROM customer c, generate_series(1, c.region) u, orders o WHERE o.customer_id = u.u",
        "WITH months AS (SELECT m FROM generate_series(1, 12) m) SELECT 1 FROM customer c CROSS JOIN months",
        "SELECT 1 FROM customer c WHERE id IN (SELECT id FROM orders)",
        "SELECT id FROM customer UNION ALL SELECT id FROM orders",
        "INSERT INTO orders SELECT * FROM payment",
        "DELETE FROM orders USING customer WHERE orders.customer_id = customer.id",
    ] {
        assert_eq!(warns(sql, "EXPLOSIVE_JOIN"), [""; 0], "{sql}");
    }
}

#[test]
fn an_aggregate_over_repeated_rows_is_stopped() {
    let sql = "SELECT sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id";
    let (_, found) = judged(sql);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&*found[0].code, found[0].severity),
        ("AMBIGUOUS_AGGREGATE", GuardrailSeverity::Stop)
    );
    assert_eq!(
        found[0].message,
        "sum(c.credit) takes rows of public.customer several times, once for each matching row of public.orders."
    );
    assert!(judged(&sql.replace("sum", "max")).1.is_empty());
}

#[test]
fn a_write_of_every_row_is_stopped() {
    assert_eq!(
        warns("DELETE FROM payment", "WRITE_WITHOUT_WHERE"),
        ["DELETE without WHERE changes every row of public.payment."]
    );
    for sql in [
        "UPDATE payment SET amount = 0",
        "DELETE FROM payment WHERE true",
        "DELETE FROM payment WHERE 1 = 1",
        "DELETE FROM payment USING customer WHERE customer.id = 5",
        "UPDATE payment SET amount = 0 WHERE EXISTS (SELECT 1 FROM customer)",
        "UPDATE payment SET amount = 0 WHERE true OR id = 5",
        "DELETE FROM payment WHERE id = id",
        "DELETE FROM payment WHERE id IS NOT NULL AND 2 = 2",
    ] {
        assert_eq!(warns(sql, "WRITE_WITHOUT_WHERE").len(), 1, "{sql}");
    }
    for sql in [
        "DELETE FROM payment WHERE id = 5",
        "DELETE FROM payment WHERE customer_id IS NOT NULL",
        "DELETE FROM payment WHERE false OR id = 5",
        "DELETE FROM payment USING customer WHERE payment.customer_id = customer.id",
        "DELETE FROM payment WHERE EXISTS (SELECT 1 FROM customer c WHERE c.id = payment.customer_id)",
        "SELECT * FROM payment",
    ] {
        assert!(warns(sql, "WRITE_WITHOUT_WHERE").is_empty(), "{sql}");
    }
}

#[test]
fn a_read_that_may_write_is_told() {
    assert_eq!(
        warns("SELECT log_it(id) FROM payment", "VOLATILE_FUNCTION"),
        ["log_it() is VOLATILE: it may change something, although this is a read."]
    );
    assert_eq!(warns("SELECT nextval('s')", "VOLATILE_FUNCTION").len(), 1);
    assert!(warns("SELECT random(), abs(id) FROM payment", "VOLATILE_FUNCTION").is_empty());
}

#[test]
fn states_and_statistics_are_told() {
    let codes = |change: fn(&mut Relation)| -> Vec<String> {
        let mut relations = shop();
        relations.0.values_mut().filter(|r| r.name == "payment").for_each(change);
        let (_, found) = judged_over("SELECT id FROM payment", &relations);
        found.iter().map(|g| g.code.to_string()).collect()
    };
    assert!(codes(|_| {}).is_empty());
    assert_eq!(codes(|r| r.state = Some(State::Shadow)), ["SHADOW_TABLE"]);
    assert_eq!(codes(|r| r.state = Some(State::Deprecated)), ["DEPRECATED_TABLE"]);
    assert!(codes(|r| r.state = Some(State::Active)).is_empty());
    assert_eq!(codes(|r| r.estimated_rows = None), ["STALE_STATISTICS"]);
    let grown = |r: &mut Relation| {
        (r.changed_rows, r.analyzed_pages, r.pages) = (Some(1021.0), Some(1.0), Some(6.0));
    };
    assert_eq!(codes(grown), ["STALE_STATISTICS"]);
    // The count alone proves nothing: see `statistics`.
    let counted = |r: &mut Relation| {
        (r.changed_rows, r.analyzed_pages, r.pages) = (Some(1021.0), Some(6.0), Some(6.0));
    };
    assert!(codes(counted).is_empty());
}
