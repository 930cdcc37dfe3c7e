//! Corrections of TPC-H queries: each type applied, and near misses refused.

use serde_json::json;

use super::format::format;
use super::names::{Replaced, resolve_names};
use super::*;
use crate::kernel::names::Address;

/// Texts as in the TPC-H specification, with its validation parameters.
pub(super) const Q1: &str = "select l_returnflag, l_linestatus, sum(l_quantity) as sum_qty, \
  sum(l_extendedprice) as sum_base_price, sum(l_extendedprice * (1 - l_discount)) as sum_disc_price, \
  avg(l_quantity) as avg_qty, count(*) as count_order from lineitem \
  where l_shipdate <= date '1998-12-01' - interval '90' day \
  group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus;";
pub(super) const Q3: &str = "select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, \
  o_orderdate, o_shippriority from customer, orders, lineitem \
  where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey \
  and o_orderdate < date '1995-03-15' and l_shipdate > date '1995-03-15' \
  group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10";
pub(super) const Q5: &str = "select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue \
  from customer, orders, lineitem, supplier, nation, region \
  where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey \
  and c_nationkey = s_nationkey and s_nationkey = n_nationkey and n_regionkey = r_regionkey \
  and r_name = 'ASIA' and o_orderdate >= date '1994-01-01' \
  and o_orderdate < date '1994-01-01' + interval '1' year group by n_name order by revenue desc";
/// With JOIN for the commas.
pub(super) const Q10: &str = "select c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) as revenue, \
  c_acctbal, n_name, c_address, c_phone, c_comment from customer c \
  join orders o on c_custkey = o_custkey join lineitem on l_orderkey = o_orderkey \
  inner join nation n on c_nationkey = n_nationkey \
  where o_orderdate >= date '1993-10-01' and o_orderdate < date '1993-10-01' + interval '3' month \
  and l_returnflag = 'R' group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment \
  order by revenue desc limit 20";
pub(super) const Q13: &str = "select c_count, count(*) as custdist from ( \
  select c_custkey, count(o_orderkey) from customer left outer join orders on \
  c_custkey = o_custkey and o_comment not like '%special%requests%' group by c_custkey \
  ) as c_orders (c_custkey, c_count) group by c_count order by custdist desc, c_count desc";
pub(super) const Q18: &str = "select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) \
  from customer, orders, lineitem where o_orderkey in ( \
  select l_orderkey from lineitem group by l_orderkey having sum(l_quantity) > 300) \
  and c_custkey = o_custkey and o_orderkey = l_orderkey \
  group by c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice \
  order by o_totalprice desc, o_orderdate limit 100";

fn version(name: &str, version: &str) -> Option<Address> {
    (name == "customer" && version == "v2").then(|| Address::new("public", "customer__v2"))
}

fn fix(sql: &str, asked: serde_json::Value) -> Result<Corrected> {
    let mut asked = asked;
    asked["reason"] = json!("because");
    correct(sql, &read(&asked)?, &version)
}

/// The corrected statement; that it reads back is checked by `correct`.
#[track_caller]
fn done(sql: &str, asked: serde_json::Value) -> String {
    let corrected = fix(sql, asked).unwrap_or_else(|error| panic!("{error}: {error:?}"));
    assert!(corrected.applied.iter().all(|sentence| sentence.ends_with('.')));
    corrected.sql
}

#[track_caller]
fn refused(sql: &str, asked: serde_json::Value, detail: &str) -> SpyneError {
    let error = fix(sql, asked).expect_err("it should be refused");
    assert!(error.detail.contains(detail), "{error:?}");
    assert!(!error.hint.is_empty(), "{error:?}");
    error
}

#[track_caller]
fn has(sql: &str, part: &str) {
    assert!(sql.contains(part), "no {part} in {sql}");
}

#[test]
fn the_queries_are_written_back_as_they_were() {
    for sql in [Q1, Q3, Q5, Q10, Q13, Q18] {
        parse::faithful_statement(sql).unwrap();
    }
    // sqlparser reads these, but would write a comment, and another order.
    for sql in ["select - -1", "select a from t offset 3 limit 5"] {
        refused(sql, json!({"type": "LIMIT", "to": 1}), "cannot write back");
    }
}

#[test]
fn a_join_changes_its_kind_and_keeps_its_condition() {
    let to = |table: &str, to: &str| json!({"type": "JOIN_TYPE", "table": table, "to": to});
    has(
        &done(Q10, to("orders", "LEFT")),
        "LEFT JOIN orders o ON c_custkey = o_custkey JOIN lineitem",
    );
    has(&done(Q10, to("N", "full outer join")), "FULL JOIN nation n ON");
    has(&done(Q13, to("orders", "INNER")), "FROM customer INNER JOIN orders ON c_custkey");
    let error = refused(Q10, to("customer", "LEFT"), "the first table");
    has(&error.hint, "orders o; lineitem; nation n");
    assert_eq!(error.message, "correction 1 (JOIN_TYPE) does not apply");
    refused(Q3, to("orders", "LEFT"), "with a comma");
    refused(Q10, to("orders", "CROSS"), "has a condition");
    refused(Q10, to("orders", "INNER"), "already");
    refused(Q10, to("region", "LEFT"), "joins no table region");
    refused("select * from a join b x on true join b y on true", to("b", "LEFT"), "2 times");
    refused("select * from a cross join b", to("b", "LEFT"), "no condition");
    refused("delete from orders", to("orders", "LEFT"), "no query");
}

#[test]
fn filters_are_added_removed_and_replaced() {
    let add = |filter: &str| json!({"type": "FILTER", "action": "add", "filter": filter});
    let remove = |filter: &str| json!({"type": "FILTER", "action": "remove", "filter": filter});
    has(
        &done(Q5, add("c_acctbal > 0 or c_name is null")),
        "AND (c_acctbal > 0 OR c_name IS NULL) GROUP",
    );
    has(&done(Q1, add("sum(l_quantity) > 5")), "HAVING sum(l_quantity) > 5 ORDER BY");
    has(&done("select 1 from t where a or b", add("c and d")), "WHERE (a OR b) AND c AND d");
    let less = done(Q3, remove("((C_MktSegment) = 'BUILDING')"));
    has(&less, "WHERE c_custkey = o_custkey AND l_orderkey");
    has(
        &done(Q13, remove("o_comment not like '%special%requests%'")),
        "ON c_custkey = o_custkey GROUP",
    );
    let swap = json!({"type": "FILTER", "action": "replace", "filter": "sum(l_quantity) > 300", "with": "sum(l_quantity) > 312"});
    has(&done(Q18, swap), "HAVING sum(l_quantity) > 312) AND c_custkey");
    let gone = done(Q1, remove("l_shipdate <= date '1998-12-01' - interval '90' day"));
    has(&gone, "FROM lineitem GROUP BY");
    let error = refused(Q3, remove("c_mktsegment = 'building'"), "No condition of the statement");
    has(&error.hint, "c_mktsegment = 'BUILDING'; c_custkey = o_custkey");
    refused(Q3, add("C_CUSTKEY = o_custkey"), "already");
    refused(Q3, add("1 = 1; drop table t"), "is not a condition");
    refused("select 1 from t where a = 1 and b and (a = 1)", remove("a = 1"), "2 times");
    refused(
        "select * from a join b on a.x = b.x",
        remove("a.x = b.x"),
        "whole condition of a join",
    );
    refused("select 1 union select 2", add("true"), "UNION");
}

#[test]
fn writes_take_filters_and_nothing_else() {
    let add = json!({"type": "FILTER", "action": "add", "filter": "b = 2"});
    assert_eq!(done("update t set a = 1", add.clone()), "UPDATE t SET a = 1 WHERE b = 2");
    assert_eq!(
        done("delete from t where a = 1", add.clone()),
        "DELETE FROM t WHERE a = 1 AND b = 2"
    );
    has(
        &done("with x as (select 1) delete from t where a = 1", add.clone()),
        "WHERE a = 1 AND b = 2",
    );
    let remove = json!({"type": "FILTER", "action": "remove", "filter": "B=2"});
    assert_eq!(done("update t set a = 1 where b = 2", remove), "UPDATE t SET a = 1");
    refused("update t set a = 1", json!({"type": "LIMIT", "to": 5}), "no query");
    refused("insert into t values (1)", add, "no query");
}

#[test]
fn metrics_change_in_all_lists_of_one_query() {
    let to = |from: &str, to: &str| json!({"type": "METRIC", "from": from, "to": to});
    let revenue = to("SUM(l_extendedprice * (1 - l_discount))", "avg(l_extendedprice)");
    for sql in [Q3, Q5, Q10] {
        has(&done(sql, revenue.clone()), "avg(l_extendedprice) AS revenue");
    }
    has(
        &done(Q13, to("count(o_orderkey)", "count(distinct o_orderkey)")),
        "count(DISTINCT o_orderkey) FROM",
    );
    let outer = done(Q18, to("sum(l_quantity)", "max(l_quantity)"));
    has(&outer, "max(l_quantity) FROM customer");
    has(&outer, "HAVING sum(l_quantity) > 300");
    let all = "select 2 * sum(a) from t having sum(A) > 1 order by sum(a)";
    assert_eq!(
        done(all, to("sum(a)", "sum(a) + sum(b)")),
        "SELECT 2 * (sum(a) + sum(b)) FROM t HAVING (sum(a) + sum(b)) > 1 ORDER BY sum(a) + sum(b)"
    );
    let error = refused(Q1, to("sum(l_tax)", "avg(l_tax)"), "has sum(l_tax)");
    has(&error.hint, "sum(l_quantity); sum(l_extendedprice)");
    refused(Q1, to("l_quantity", "l_tax"), "no aggregate");
}

#[test]
fn columns_change_in_the_outermost_query() {
    let to = |from: &str, to: &str| json!({"type": "COLUMN", "from": from, "to": to});
    let add = |column: &str| json!({"type": "COLUMN", "action": "add", "column": column});
    let remove = |column: &str| json!({"type": "COLUMN", "action": "remove", "column": column});
    let q18 = done(Q18, to("c_name", "c_phone"));
    has(&q18, "SELECT c_phone, c_custkey");
    has(&q18, "GROUP BY c_phone, c_custkey");
    has(&done(Q1, to("l_quantity", "l_tax + 1")), "sum(l_tax + 1) AS sum_qty");
    has(&done(Q3, to("o_orderdate", "l_shipdate")), "ORDER BY revenue DESC, l_shipdate LIMIT");
    has(&done(Q5, add("count(*) as orders")), "AS revenue, count(*) AS orders FROM");
    has(&done(Q10, remove("c_phone")), "c_address, c_comment FROM");
    has(&done(Q10, remove("c_phone")), "c_acctbal, c_phone, n_name");
    assert_eq!(
        done("select a, b, c from t order by 3", remove("a")),
        "SELECT b, c FROM t ORDER BY 2"
    );
    refused("select a, b from t order by 1", remove("a"), "refers to it");
    refused(Q3, remove("revenue"), "refers to it: revenue");
    refused(Q13, to("c_custkey", "c_name"), "outermost query does not use");
    let error = refused(Q10, to("c_nam", "c_name"), "c_nam");
    has(&error.hint, "c_custkey; c_name");
    refused(Q10, add("c_phone"), "already");
    refused("select a from t", remove("a"), "whole SELECT list");
    assert_eq!(
        done("select x as a from t where a > 1 order by a", to("a", "b")),
        "SELECT x AS a FROM t WHERE b > 1 ORDER BY a"
    );
}

#[test]
fn groups_and_orders_are_edited() {
    let to = |kind: &str, action: &str, columns: &[&str]| json!({"type": kind, "action": action, "columns": columns});
    has(&done(Q5, to("GROUP_BY", "add", &["r_name"])), "GROUP BY n_name, r_name ORDER");
    has(&done(Q1, to("GROUP_BY", "remove", &["L_LINESTATUS"])), "GROUP BY l_returnflag ORDER");
    has(
        &done(Q1, to("GROUP_BY", "replace", &["rollup(l_returnflag, l_linestatus)"])),
        "GROUP BY ROLLUP (l_returnflag, l_linestatus)",
    );
    has(&done(Q13, to("ORDER_BY", "remove", &["c_count"])), "ORDER BY custdist DESC");
    has(
        &done(Q1, to("ORDER_BY", "replace", &["count_order desc nulls last"])),
        "ORDER BY count_order DESC NULLS LAST",
    );
    has(
        &done("select a from t union select b from u", to("ORDER_BY", "add", &["1 desc"])),
        "ORDER BY 1 DESC",
    );
    let error = refused(Q5, to("GROUP_BY", "remove", &["r_name"]), "GROUP BY has no r_name");
    assert_eq!(error.hint, "GROUP BY is: n_name");
    refused(Q3, to("ORDER_BY", "remove", &["revenue asc"]), "has no revenue asc");
    refused(Q3, to("ORDER_BY", "add", &["REVENUE"]), "already");
    refused(Q3, to("GROUP_BY", "add", &["a, b"]), "not one element");
    refused("select 1 union select 2", to("GROUP_BY", "add", &["a"]), "UNION");
}

#[test]
fn limits_are_set_changed_and_removed() {
    let to = |rows: serde_json::Value| json!({"type": "LIMIT", "to": rows});
    assert!(done(Q18, to(json!(5))).ends_with("LIMIT 5"));
    assert!(done(Q1, to(json!(5))).ends_with("l_linestatus LIMIT 5"));
    assert!(done(Q3, to(json!(null))).ends_with("o_orderdate"));
    has(&done("select 1 limit 2 offset 3", to(json!(4))), "LIMIT 4 OFFSET 3");
    has(&done("select 1 union select 2", to(json!(4))), "LIMIT 4");
    let ties = "select a from t order by a fetch first 3 rows with ties";
    has(&done(ties, to(json!(4))), "FETCH FIRST 4 ROWS WITH TIES");
    has(&done("select a from t fetch next row only", to(json!(4))), "FETCH FIRST 4 ROWS ONLY");
    refused(Q3, to(json!(10)), "10 already");
    refused(Q1, to(json!(null)), "has no limit");
    refused(Q1, to(json!(-1)), "-1");
}

#[test]
fn another_version_keeps_the_name_for_columns() {
    let to = |table: &str, to: &str| json!({"type": "TABLE_VERSION", "table": table, "to": to});
    has(&done(Q3, to("customer", "v2")), "FROM public.customer__v2 AS customer, orders");
    has(&done(Q10, to("c", "v2")), "FROM public.customer__v2 c JOIN");
    has(&done(Q13, to("CUSTOMER", "v2")), "public.customer__v2 AS customer LEFT OUTER JOIN");
    refused(Q3, to("customer", "v9"), "no version v9 of customer");
    let error = refused(Q1, to("customer", "v2"), "reads no table customer");
    assert_eq!(error.hint, "Its tables are: lineitem");
    refused(
        "with customer as (select 1) select * from customer",
        to("customer", "v2"),
        "reads no table",
    );
}

#[test]
fn corrections_follow_each_other_and_are_refused_whole() {
    let both = read(&json!([
        {"type": "LIMIT", "to": 5, "reason": "few"},
        {"type": "FILTER", "action": "remove", "filter": "x = 1", "reason": "wrong"},
    ]))
    .unwrap();
    let corrected = correct("select x from t where x = 1", &both, &version).unwrap();
    assert_eq!(corrected.sql, "SELECT x FROM t LIMIT 5");
    assert_eq!(
        corrected.applied,
        ["Set the limit to 5 rows.", "Removed the filter x = 1 from WHERE."]
    );
    let error = correct("select x from t", &both, &version).unwrap_err();
    assert_eq!(error.message, "correction 2 (FILTER) does not apply");
    assert_eq!(error.code, Code::InvalidParameter);
}

#[test]
fn bad_requests_say_what_is_wrong() {
    let wrong = |value: serde_json::Value, part: &str| {
        let error = read(&value).unwrap_err();
        let text = format!("{} {} {}", error.message, error.detail, error.hint);
        assert!(text.contains(part), "{text}");
    };
    wrong(json!([]), "there is no correction");
    wrong(json!([1]), "correction 1 is not an object");
    wrong(json!({"type": "JOIN"}), "There is no type \"JOIN\"");
    wrong(json!({"reason": "x"}), "The field type is missing");
    wrong(json!({"type": "LIMIT", "to": 1}), "The field reason is missing");
    wrong(json!({"type": "LIMIT", "to": 1, "reason": " "}), "The field reason is empty");
    wrong(json!({"type": "LIMIT", "reason": "x"}), "The field to is missing");
    wrong(
        json!({"type": "FILTER", "action": "drop", "filter": "x", "reason": "x"}),
        "no action drop",
    );
    wrong(
        json!({"type": "FILTER", "action": "add", "filtr": "x", "reason": "x"}),
        "no field filtr",
    );
    wrong(
        json!({"type": "ORDER_BY", "action": "add", "columns": [], "reason": "x"}),
        "columns is not",
    );
    wrong(
        json!({"type": "JOIN_TYPE", "table": "t", "to": "OUTER", "reason": "x"}),
        "no join OUTER",
    );
}

#[test]
fn statements_that_cannot_be_corrected_say_why() {
    let limit = json!({"type": "LIMIT", "to": 1});
    refused("select 1; select 2", limit.clone(), "2 statements");
    refused("  ", limit.clone(), "no statement");
    refused("selct 1", limit.clone(), "cannot be read");
    let many = format!("select 1 from t where {}", vec!["a"; 400].join(" and "));
    refused(&many, limit.clone(), "more than 300");
    let lists = format!("select {}", vec!["case when a = 1 then 2 end as b"; 500].join(", "));
    has(&done(&lists, limit.clone()), "LIMIT 1");
}

/// A backend's stack is 8 MB; half of it must do.
#[test]
fn the_deepest_statements_fit_on_the_stack() {
    let deep = || {
        let chain = vec!["a"; 290].join(" and ");
        let where_chain = format!("select a from t where {chain}");
        let cases = [
            json!({"type": "LIMIT", "to": 1}),
            json!({"type": "FILTER", "action": "add", "filter": "b"}),
            json!({"type": "COLUMN", "from": "a", "to": "b"}),
        ];
        for case in cases {
            done(&where_chain, case);
        }
        assert!(format(&where_chain).is_some());
        assert!(resolve_names(&where_chain, &|_| Some(Address::new("s", "t2"))).is_some());
        for depth in [10, 20, 40, 60, 500] {
            let nested = format!("{}1{}", "select (".repeat(depth), ")".repeat(depth));
            let _ = fix(&nested, json!({"type": "LIMIT", "to": 1}));
            let nested = format!("select {}1{}", "(".repeat(depth), ")".repeat(depth));
            let _ = fix(&nested, json!({"type": "LIMIT", "to": 1}));
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(deep).unwrap().join().unwrap();
}

const STACK: usize = 4 << 20;

#[test]
fn logical_names_are_resolved_but_common_tables_are_not() {
    let lookup = |name: &[String]| match name {
        [one] if one == "customer" => Some(Address::new("s", "Customer 2")),
        [schema, _] if schema == "old" => Some(Address::new("s", "orders_3")),
        _ => None,
    };
    let sql = |sql: &str| resolve_names(sql, &lookup).map(|resolved| resolved.sql);
    let is = |given: &str, wanted: &str| assert_eq!(sql(given).as_deref(), Some(wanted));
    is("select customer.a from Customer", "SELECT customer.a FROM s.\"Customer 2\" AS Customer");
    is("select c.a from customer c", "SELECT c.a FROM s.\"Customer 2\" c");
    is("select old.orders.a from old.orders", "SELECT orders.a FROM s.orders_3 AS orders");
    is(
        "with customer as (select * from customer) select * from customer",
        "WITH customer AS (SELECT * FROM s.\"Customer 2\" AS customer) SELECT * FROM customer",
    );
    is("insert into customer values (1)", "INSERT INTO s.\"Customer 2\" AS customer VALUES (1)");
    is("update customer set a = 1", "UPDATE s.\"Customer 2\" AS customer SET a = 1");
    is("delete from customer where a = 1", "DELETE FROM s.\"Customer 2\" AS customer WHERE a = 1");
    for untouched in [
        "select * from \"Customer\"",
        "with recursive customer as (select 1 union select * from customer) select * from customer",
        "select * from only customer",
        "select * from customer(1)",
        "not sql",
    ] {
        assert_eq!(sql(untouched), None, "{untouched}");
    }
    assert!(sql(Q13).unwrap().contains("AS customer LEFT OUTER JOIN orders"));
    let resolved = resolve_names(Q3, &lookup).unwrap();
    assert_eq!(
        resolved.replaced,
        [Replaced { name: "customer".into(), table: Address::new("s", "Customer 2") }]
    );
}

#[test]
fn a_statement_is_laid_out_line_by_line() {
    assert_eq!(
        format("select a, sum(b) from t join u using (x) where a = 1 and (b or c) and d in (select 1) group by a having sum(b) > 1 order by a desc limit 5").unwrap(),
        "SELECT\n  a,\n  sum(b)\nFROM\n  t\n  JOIN u USING (x)\nWHERE\n  a = 1\n  AND (b OR c)\n  AND d IN (\n    SELECT\n      1\n  )\nGROUP BY\n  a\nHAVING\n  sum(b) > 1\nORDER BY\n  a DESC\nLIMIT 5"
    );
    for sql in [Q1, Q3, Q5, Q10, Q13, Q18] {
        let text = format(sql).unwrap();
        assert!(text.lines().count() > 10, "{text}");
    }
    let rare = "with recursive x(a) as materialized (select 1 union all (select 2)) \
      select distinct on (a) a, '\n' from x natural left join lateral (select 3) y cross join z window w as (order by a) for update";
    assert!(format(rare).unwrap().lines().count() > 10, "{}", format(rare).unwrap());
    assert_eq!(format("not sql"), None);
}
