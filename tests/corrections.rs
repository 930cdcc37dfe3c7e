//! spyne_correct on TPC-H: each type on five of its queries, compared with the same change made by
//! hand, and what does not apply.

use std::collections::BTreeMap;

use postgres::{Client, SimpleQueryMessage};
use serde_json::{Value, json};
use spyne_tests::fixture::{refused, rows, run};
use spyne_tests::tpch;

/// A correction of a query, and the same by hand: a part of its text, and what takes its place.
struct Case {
    query: &'static str,
    correction: Value,
    from: &'static str,
    to: &'static str,
}

fn case(query: &'static str, correction: Value, from: &'static str, to: &'static str) -> Case {
    Case { query, correction, from, to }
}

/// TPC-H writes its joins with commas, all but one: these are some of them with JOIN.
const JOINED: &[(&str, &str)] = &[
    (
        "Q3 joined",
        "SELECT c_mktsegment, count(*) AS rows, count(o_orderkey) AS placed
         FROM customer JOIN orders ON c_custkey = o_custkey AND o_orderdate < date '1995-03-15'
         GROUP BY c_mktsegment",
    ),
    (
        "Q10 joined",
        "SELECT c_custkey, count(o_orderkey) AS placed, n_name
         FROM customer JOIN orders ON c_custkey = o_custkey JOIN nation ON c_nationkey = n_nationkey
         GROUP BY c_custkey, n_name",
    ),
    (
        "Q12 joined",
        "SELECT o_orderpriority, l_shipmode, count(*) AS lines
         FROM orders JOIN lineitem ON o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP')
         GROUP BY o_orderpriority, l_shipmode",
    ),
    (
        "Q14 joined",
        "SELECT p_type, sum(l_extendedprice * (1 - l_discount)) AS revenue
         FROM part LEFT JOIN lineitem ON l_partkey = p_partkey AND l_shipdate >= date '1998-09-01'
         GROUP BY p_type",
    ),
];

fn cases() -> Vec<Case> {
    let join = |table: &str, to: &str| json!({"type": "JOIN_TYPE", "table": table, "to": to});
    let filter =
        |action: &str, filter: &str| json!({"type": "FILTER", "action": action, "filter": filter});
    let replaced = |filter: &str, with: &str| json!({"type": "FILTER", "action": "replace", "filter": filter, "with": with});
    let metric = |from: &str, to: &str| json!({"type": "METRIC", "from": from, "to": to});
    let column = |from: &str, to: &str| json!({"type": "COLUMN", "from": from, "to": to});
    let group = |action: &str, columns: &[&str]| json!({"type": "GROUP_BY", "action": action, "columns": columns});
    let order = |action: &str, columns: &[&str]| json!({"type": "ORDER_BY", "action": action, "columns": columns});
    let limit = |to: Value| json!({"type": "LIMIT", "to": to});
    let version = |table: &str| json!({"type": "TABLE_VERSION", "table": table, "to": "v1.1"});
    vec![
        case("Q3 joined", join("orders", "LEFT"), "JOIN orders", "LEFT JOIN orders"),
        case("Q10 joined", join("orders", "LEFT"), "JOIN orders", "LEFT JOIN orders"),
        case("Q12 joined", join("lineitem", "FULL"), "JOIN lineitem", "FULL JOIN lineitem"),
        case("Q13", join("orders", "INNER"), "LEFT OUTER JOIN", "INNER JOIN"),
        case("Q14 joined", join("lineitem", "INNER"), "LEFT JOIN", "INNER JOIN"),
        case("Q1", filter("add", "l_quantity > 10"), "GROUP BY", "AND l_quantity > 10 GROUP BY"),
        case(
            "Q3",
            filter("remove", "c_mktsegment = 'BUILDING'"),
            "c_mktsegment = 'BUILDING' AND",
            "",
        ),
        case(
            "Q5",
            replaced("r_name = 'ASIA'", "r_name IN ('ASIA', 'EUROPE')"),
            "r_name = 'ASIA'",
            "r_name IN ('ASIA', 'EUROPE')",
        ),
        case("Q6", filter("remove", "l_quantity < 24"), "AND l_quantity < 24", ""),
        case(
            "Q12",
            replaced("l_shipdate < l_commitdate", "l_shipdate >= l_commitdate"),
            "AND l_shipdate < l_commitdate",
            "AND l_shipdate >= l_commitdate",
        ),
        case(
            "Q1",
            metric("avg(l_quantity)", "max(l_quantity)"),
            "avg(l_quantity)",
            "max(l_quantity)",
        ),
        case(
            "Q3",
            metric("sum(l_extendedprice * (1 - l_discount))", "sum(l_extendedprice)"),
            "sum(l_extendedprice * (1 - l_discount))",
            "sum(l_extendedprice)",
        ),
        case(
            "Q4",
            metric("count(*)", "count(DISTINCT o_custkey)"),
            "count(*)",
            "count(DISTINCT o_custkey)",
        ),
        case(
            "Q6",
            metric("sum(l_extendedprice * l_discount)", "avg(l_extendedprice * l_discount)"),
            "sum(",
            "avg(",
        ),
        case(
            "Q16",
            metric("count(DISTINCT ps_suppkey)", "count(*)"),
            "count(DISTINCT ps_suppkey)",
            "count(*)",
        ),
        case(
            "Q2",
            column("s_phone", "s_nationkey"),
            "s_address, s_phone",
            "s_address, s_nationkey",
        ),
        case(
            "Q10",
            json!({"type": "COLUMN", "action": "remove", "column": "c_comment"}),
            "c_phone, c_comment\nFROM",
            "c_phone\nFROM",
        ),
        case(
            "Q15",
            json!({"type": "COLUMN", "action": "add", "column": "s_acctbal"}),
            "s_phone, total_revenue",
            "s_phone, total_revenue, s_acctbal",
        ),
        case("Q20", column("s_address", "s_phone"), "s_address", "s_phone"),
        case(
            "Q18",
            json!({"type": "COLUMN", "action": "remove", "column": "o_orderdate"}),
            "o_orderkey, o_orderdate, o_totalprice, sum",
            "o_orderkey, o_totalprice, sum",
        ),
        case(
            "Q1",
            group("add", &["l_shipmode"]),
            "l_linestatus\nORDER",
            "l_linestatus, l_shipmode\nORDER",
        ),
        case(
            "Q3",
            group("add", &["l_linenumber"]),
            "o_shippriority\nORDER",
            "o_shippriority, l_linenumber\nORDER",
        ),
        case(
            "Q5",
            group("add", &["c_mktsegment"]),
            "GROUP BY n_name",
            "GROUP BY n_name, c_mktsegment",
        ),
        case(
            "Q12",
            group("add", &["o_orderpriority"]),
            "GROUP BY l_shipmode",
            "GROUP BY l_shipmode, o_orderpriority",
        ),
        case(
            "Q16",
            group("replace", &["p_type", "p_size", "p_brand", "p_container"]),
            "GROUP BY p_brand, p_type, p_size",
            "GROUP BY p_type, p_size, p_brand, p_container",
        ),
        case(
            "Q1",
            order("replace", &["count_order DESC"]),
            "ORDER BY l_returnflag, l_linestatus",
            "ORDER BY count_order DESC",
        ),
        case(
            "Q2",
            order("remove", &["s_acctbal DESC"]),
            "ORDER BY s_acctbal DESC, n_name",
            "ORDER BY n_name",
        ),
        case(
            "Q10 joined",
            order("add", &["placed DESC", "c_custkey"]),
            "GROUP BY c_custkey, n_name",
            "GROUP BY c_custkey, n_name ORDER BY placed DESC, c_custkey",
        ),
        case(
            "Q4",
            order("replace", &["order_count", "o_orderpriority"]),
            "ORDER BY o_orderpriority",
            "ORDER BY order_count, o_orderpriority",
        ),
        case(
            "Q13",
            order("replace", &["c_count"]),
            "ORDER BY custdist DESC, c_count DESC",
            "ORDER BY c_count",
        ),
        case("Q2", limit(json!(2)), "LIMIT 100", "LIMIT 2"),
        case("Q3", limit(Value::Null), "LIMIT 10", ""),
        case("Q10", limit(json!(3)), "LIMIT 20", "LIMIT 3"),
        case("Q11", limit(json!(5)), "ORDER BY value DESC", "ORDER BY value DESC LIMIT 5"),
        case(
            "Q13",
            limit(json!(5)),
            "custdist DESC, c_count DESC",
            "custdist DESC, c_count DESC LIMIT 5",
        ),
        case("Q3", version("customer"), "FROM customer", "FROM spyne_shadow.customer"),
        case("Q4", version("orders"), "FROM orders", "FROM spyne_shadow.orders"),
        case("Q13", version("customer"), "FROM customer", "FROM spyne_shadow.customer"),
        case("Q16", version("partsupp"), "FROM partsupp", "FROM spyne_shadow.partsupp"),
        case(
            "Q20",
            version("nation"),
            "FROM supplier, nation",
            "FROM supplier, spyne_shadow.nation",
        ),
    ]
}

fn texts() -> BTreeMap<String, String> {
    let joined = JOINED.iter().map(|(name, sql)| ((*name).to_string(), (*sql).to_string()));
    tpch::queries().into_iter().chain(joined).collect()
}

/// The rows of a query: as they come where it orders them, else sorted.
fn result(client: &mut Client, sql: &str) -> Vec<String> {
    let answer = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let mut rows: Vec<String> = answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let fields = (0..row.len()).map(|n| row.get(n).unwrap_or("NULL"));
                Some(fields.collect::<Vec<_>>().join("|"))
            }
            _ => None,
        })
        .collect();
    if !sql.contains("ORDER BY") {
        rows.sort();
    }
    rows
}

/// Staging holds another version of four tables, each half of the one in use.
fn stage(admin: &mut Client) {
    run(admin, "SELECT FROM spyne_set_system_mode('INGESTION_READY', 'a test')");
    for (table, key) in [
        ("customer", "c_custkey"),
        ("orders", "o_orderkey"),
        ("partsupp", "ps_partkey"),
        ("nation", "n_nationkey"),
    ] {
        run(
            admin,
            &format!(
                "SELECT FROM spyne_create_shadow('{table}');
                 INSERT INTO spyne_shadow.{table} SELECT * FROM {table} WHERE {key} % 2 = 0"
            ),
        );
    }
}

#[test]
fn a_corrected_query_returns_what_the_same_change_by_hand_does() {
    let (server, mut admin) = tpch::server();
    stage(&mut admin);
    let texts = texts();
    let mut engineer = tpch::user(&server, "engineer");
    let mut types: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Case { query, mut correction, from, to } in cases() {
        let sql = &texts[query];
        let by_hand = sql.replacen(from, to, 1);
        assert_ne!(*sql, by_hand, "{query} holds no {from}");
        correction["reason"] = json!("a test");
        let id: String = engineer
            .query_one(
                "SELECT preview_id::text FROM spyne_preview($1, override => '{AMBIGUOUS_AGGREGATE}', reason => 'a test')",
                &[sql],
            )
            .unwrap_or_else(|error| panic!("{query}: {error:?}"))
            .get(0);
        let corrected = engineer
            .query_one(
                "SELECT preview_id::text, sql FROM spyne_correct($1, $2)",
                &[&id, &correction],
            )
            .unwrap_or_else(|error| panic!("{query} {correction}: {error:?}"));
        let (new, corrected): (String, String) = (corrected.get(0), corrected.get(1));
        assert_ne!(id, new);
        // The admin is not bound by the rule.
        let expected = result(&mut admin, &by_hand);
        assert!(result(&mut admin, &corrected) == expected, "{query} {correction}\n{corrected}");
        assert!(expected != result(&mut admin, sql), "{query} {correction}: no change to see");
        let kept = format!(
            "SELECT c.corrections -> 0 ->> 'reason', p.sql = $sql${corrected}$sql$
             FROM spyne.query_corrections c JOIN spyne.query_previews p ON p.preview_id = c.new_preview_id
             WHERE corrected = '{id}' AND new_preview_id = '{new}'"
        );
        assert_eq!(rows(&mut admin, &kept), "a test|t", "{query} {correction}");
        let name = correction["type"].as_str().expect("a type").to_string();
        types.entry(name).or_default().push(query);
    }
    assert_eq!(types.len(), 8);
    for (name, mut queries) in types {
        queries.dedup();
        assert!(queries.len() >= 5, "{name}: {queries:?}");
    }
}

#[test]
fn a_correction_that_does_not_apply_is_refused_whole() {
    let (server, mut admin) = tpch::server();
    let texts = texts();
    let mut engineer = tpch::user(&server, "engineer");
    let good = json!({"type": "LIMIT", "to": 3, "reason": "a test"});
    for (query, wrong, reason) in [
        ("Q3", json!({"type": "JOIN_TYPE", "table": "orders", "to": "LEFT"}), "comma"),
        ("Q13", json!({"type": "JOIN_TYPE", "table": "nation", "to": "LEFT"}), "no table nation"),
        ("Q13", json!({"type": "JOIN_TYPE", "table": "orders", "to": "SIDEWAYS"}), "SIDEWAYS"),
        (
            "Q1",
            json!({"type": "FILTER", "action": "remove", "filter": "l_quantity > 10"}),
            "No condition",
        ),
        (
            "Q5",
            json!({"type": "FILTER", "action": "replace", "filter": "r_name = 'ASIE'", "with": "true"}),
            "No condition",
        ),
        (
            "Q6",
            json!({"type": "METRIC", "from": "avg(l_quantity)", "to": "max(l_quantity)"}),
            "avg(l_quantity)",
        ),
        ("Q20", json!({"type": "COLUMN", "from": "s_fax", "to": "s_phone"}), "s_fax"),
        (
            "Q12",
            json!({"type": "GROUP_BY", "action": "remove", "columns": ["l_shipdate"]}),
            "l_shipdate",
        ),
        (
            "Q4",
            json!({"type": "ORDER_BY", "action": "remove", "columns": ["o_custkey"]}),
            "o_custkey",
        ),
        ("Q1", json!({"type": "LIMIT", "to": -1}), "-1"),
        ("Q3", json!({"type": "TABLE_VERSION", "table": "customer", "to": "v9"}), "v9"),
        ("Q3", json!({"type": "TABLE_VERSION", "table": "part", "to": "v1"}), "part"),
        ("Q3", json!({"type": "SPELLING"}), "SPELLING"),
    ] {
        let id: String = engineer
            .query_one("SELECT preview_id::text FROM spyne_preview($1)", &[&texts[query]])
            .expect("a preview")
            .get(0);
        let before = rows(&mut admin, "SELECT count(*) FROM spyne.query_previews");
        let mut wrong = wrong;
        wrong["reason"] = json!("a test");
        let both = json!([good, wrong]);
        let error = refused(
            engineer.query("SELECT FROM spyne_correct($1, $2)", &[&id, &both]).map(|_| ()),
            "22023",
        );
        let said = format!("{} {}", error.message(), error.detail().unwrap_or_default());
        assert!(said.contains(reason), "{query} {wrong}: {error:?}");
        assert_eq!(
            rows(&mut admin, "SELECT count(*) FROM spyne.query_previews"),
            before,
            "{wrong}"
        );
        // Without a reason none applies.
        let mut silent = good.clone();
        silent.as_object_mut().expect("an object").remove("reason");
        refused(
            engineer.query("SELECT FROM spyne_correct($1, $2)", &[&id, &silent]).map(|_| ()),
            "22023",
        );
    }
    assert_eq!(rows(&mut admin, "SELECT count(*) FROM spyne.query_corrections"), "0");
    // Another's preview is not there to be corrected.
    let mut analyst = tpch::user(&server, "analyst");
    let id: String = engineer
        .query_one("SELECT preview_id::text FROM spyne_preview($1)", &[&texts["Q1"]])
        .expect("a preview")
        .get(0);
    refused(analyst.query("SELECT FROM spyne_correct($1, $2)", &[&id, &good]).map(|_| ()), "22023");
}
