//! Whole statements that many rules look at together.

use super::testing::{judged_over, says, shop, tpch, warns};

#[test]
fn the_queries_of_tpch_fall_into_no_trap() {
    let text = include_str!("../../../../tests/tpch/queries.sql");
    let queries: Vec<&str> = text
        .split("-- Q")
        .skip(1)
        .filter_map(|q| q.split_once('\n').map(|(_, sql)| sql.trim()))
        .filter(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH"))
        .collect();
    assert_eq!(queries.len(), 22);
    for sql in queries {
        let (assumptions, guardrails) = judged_over(sql, &tpch());
        for code in ["FAN_TRAP", "CHASM_TRAP", "NOT_IN_NULLABLE", "CAST_STOPS_INDEX"] {
            let found: Vec<_> = assumptions.iter().filter(|a| a.code == code).collect();
            assert!(found.is_empty(), "{sql}\n{found:?}");
        }
        assert!(guardrails.is_empty(), "{sql}\n{guardrails:?}");
    }
}

#[test]
fn a_chain_of_ctes_does_not_take_exponential_time() {
    let mut sql = "WITH c0 AS (SELECT id FROM customer)".to_string();
    for n in 1..40 {
        let below = n - 1;
        sql += &format!(
            ", c{n} AS (SELECT a.id FROM c{below} a JOIN c{below} b ON a.id = b.id AND a.id > 5)"
        );
    }
    sql += " SELECT sum(o.amount) FROM orders o JOIN c39 ON c39.id = o.customer_id";
    let started = std::time::Instant::now();
    assert_eq!(says(&sql, "FAN_TRAP"), [""; 0]);
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn of_tables_without_keys_and_statistics_nothing_is_claimed() {
    let mut relations = shop();
    let sql = [
        "SELECT sum(b.id) FROM b JOIN a ON a.id = b.a_id",
        "SELECT sum(k.v) FROM k JOIN b ON b.a_id = k.id",
    ];
    let traps = |sql: &str, relations: &_| judged_over(sql, relations).1.len();
    assert_eq!([traps(sql[0], &relations), traps(sql[1], &relations)], [1, 1]);
    for relation in relations.0.values_mut() {
        relation.columns.iter_mut().for_each(|c| c.null_fraction = None);
    }
    // It cannot be told which of a and b is the many side; that k is not can be told.
    assert_eq!([traps(sql[0], &relations), traps(sql[1], &relations)], [0, 1]);
}

#[test]
fn what_a_view_holds_is_looked_at_under_its_name() {
    let sql = "SELECT sum(w.credit) FROM worth w JOIN orders o ON o.customer_id = w.id";
    assert_eq!(
        warns(sql, "AMBIGUOUS_AGGREGATE"),
        [
            "sum(w.credit) takes rows of public.worth several times, once for each matching row of public.orders."
        ]
    );
}
