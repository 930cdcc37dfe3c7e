-- This database holds TPC-H: customers, their orders, what they ordered.
-- spyne takes the tables under governance as they are. Nothing is copied or moved.
SELECT relation, name, state, version, outcome FROM spyne_register_schema('public');

-- Ann may look at data. So she gets a role of spyne's, and nothing else.
CREATE ROLE ann;
GRANT spyne_analyst TO ann;

-- She reads governed.<name>: the one address of a table's current version, whichever that is.
SET ROLE ann;
SELECT c_mktsegment, count(*), round(avg(c_acctbal), 2) AS average_balance
FROM governed.customer GROUP BY 1 ORDER BY 1;
RESET ROLE;

-- A table that is READ_ONLY is read-only for everyone. This session is a superuser's:
-- [refused]
UPDATE customer SET c_acctbal = 0 WHERE c_custkey = 1;

-- New data goes into a shadow. Ingestion is opened first, with a reason.
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'demo load');
SELECT * FROM spyne_create_shadow('customer');

-- The shadow is a table like any other, and only engineers and admins see it. It gets the
-- customers, with one segment renamed.
INSERT INTO spyne_shadow.customer
SELECT c_custkey, c_name, c_address, c_nationkey, c_phone, c_acctbal,
       replace(c_mktsegment, 'MACHINERY', 'MACHINES'), c_comment
FROM customer;
ANALYZE spyne_shadow.customer;

-- Would a promotion go through? A dry run tells, and changes nothing.
SELECT seq, kind, object, detail FROM spyne_promote('spyne_shadow.customer', dry_run => true);

-- public.customer is taken: the READ_ONLY table stays there, as a fallback. So the new version
-- gets another schema.
CREATE SCHEMA curated;
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', dry_run => true, target_schema => 'curated');

-- Now for real:
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', target_schema => 'curated', reason => 'segment renamed');

-- Ann's query has not changed. What it reads has:
SET ROLE ann;
SELECT c_mktsegment, count(*), round(avg(c_acctbal), 2) AS average_balance
FROM governed.customer GROUP BY 1 ORDER BY 1;
RESET ROLE;

-- Where a name has an ACTIVE version, the next one swaps places with it, in one transaction and
-- without touching a row.
SELECT * FROM spyne_create_shadow('customer');
INSERT INTO spyne_shadow.customer SELECT * FROM curated.customer WHERE c_acctbal >= 0;
ANALYZE spyne_shadow.customer;
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', reason => 'customers in credit only');
SELECT count(*) FROM governed.customer;

-- Erin is an engineer and queries the tables themselves. Who does that looks first:
CREATE ROLE erin;
GRANT spyne_engineer TO erin;
GRANT USAGE ON SCHEMA curated TO erin;
GRANT SELECT, UPDATE ON curated.customer, orders TO erin;
SET ROLE erin;
-- [refused]
SELECT c_mktsegment, sum(c_acctbal) FROM curated.customer JOIN orders ON o_custkey = c_custkey GROUP BY c_mktsegment;

-- The HINT is the call to make. Here it is as a text to read: one row for each order, and so
-- each balance is summed as often as its customer has ordered. That is a stop.
\pset format unaligned
\pset tuples_only on
SELECT spyne_preview_text($$SELECT c_mktsegment, sum(c_acctbal) FROM curated.customer JOIN orders ON o_custkey = c_custkey GROUP BY c_mktsegment$$);
\pset tuples_only off
\pset format aligned
-- [refused]
SELECT c_mktsegment, sum(c_acctbal) FROM curated.customer JOIN orders ON o_custkey = c_custkey GROUP BY c_mktsegment;

-- If it is meant, she says so, and why. Both are kept, and the query runs as it always did.
SELECT requires_confirmation
FROM spyne_preview($$SELECT c_mktsegment, sum(c_acctbal) FROM curated.customer JOIN orders ON o_custkey = c_custkey GROUP BY c_mktsegment$$,
                   override => '{AMBIGUOUS_AGGREGATE}', reason => 'weighted by orders on purpose');
SELECT c_mktsegment, sum(c_acctbal) FROM curated.customer JOIN orders ON o_custkey = c_custkey GROUP BY c_mktsegment;

-- A write can be tried: a dry run makes the change, counts, shows, and rolls it back.
SELECT estimated_rows AS rows, dry_run_result -> 'before' -> 0 -> 'c_acctbal' AS before, dry_run_result -> 'after' -> 0 -> 'c_acctbal' AS after
FROM spyne_preview('UPDATE curated.customer SET c_acctbal = c_acctbal + 10 WHERE c_custkey = 2', dry_run => true);
UPDATE curated.customer SET c_acctbal = c_acctbal + 10 WHERE c_custkey = 2;

-- And a previewed write runs once.
-- [refused]
UPDATE curated.customer SET c_acctbal = c_acctbal + 10 WHERE c_custkey = 2;

-- A read may repeat, until something in it changes. She looks at a count of debtors ...
SELECT requires_confirmation FROM spyne_preview('SELECT count(*) FROM curated.customer WHERE c_acctbal < 0');
SELECT count(*) FROM curated.customer WHERE c_acctbal < 0;
RESET ROLE;

-- That was a mistake: debtors are customers too. The former version is still there, and comes
-- back the same way.
SELECT seq, kind, object, detail
FROM spyne_restore('curated."customer__v1.1"', reason => 'debtors are customers too');
SELECT count(*) FROM governed.customer;

-- ... and what Erin has looked at is not the table that stands there now. It is stale, and says why.
SET ROLE erin;
-- [refused]
SELECT count(*) FROM curated.customer WHERE c_acctbal < 0;
RESET ROLE;

-- A column gets a better name. Postgres would do it at once, and whoever reads the old one would
-- find out. Not in a table that is in use:
-- [refused]
ALTER TABLE curated.customer RENAME COLUMN c_phone TO c_telephone;

-- The way round it: a shadow has the new name, and takes the table's place in one transaction.
SELECT relation, version FROM spyne_create_shadow('customer');
INSERT INTO spyne_shadow.customer SELECT * FROM curated.customer;
ALTER TABLE spyne_shadow.customer RENAME COLUMN c_phone TO c_telephone;
ANALYZE spyne_shadow.customer;
SELECT kind, detail
FROM spyne_promote('spyne_shadow.customer', accept_breaking => true, reason => 'a better name')
WHERE kind = 'warning' OR detail LIKE '%version%';

-- A change that hurts nobody is a version of its own, and governed.customer has it at once.
ALTER TABLE curated.customer ADD COLUMN c_email text;
SELECT version, severity, status, new_version FROM spyne.drift_reports ORDER BY report_id;

-- The feed that fills it announces another schema. What does that change?
SELECT change_type, "column", new_name, severity, detail
FROM spyne_detect_drift('customer', '{"columns": [
    {"name": "custkey",    "data_type": "bigint"}, {"name": "c_name", "data_type": "text"},
    {"name": "c_address",  "data_type": "text"},   {"name": "c_nationkey", "data_type": "int"},
    {"name": "c_tel",      "data_type": "text"},   {"name": "c_acctbal", "data_type": "numeric(17,4)"},
    {"name": "c_mktsegment", "data_type": "char(10)"}, {"name": "c_email", "data_type": "text"}]}')
ORDER BY severity, "column";

-- A delivery of the same data, as it comes: eight tables without a key, and nothing that says how
-- they belong together.
CREATE SCHEMA delivery;
CREATE TABLE delivery.d_region AS TABLE region;
CREATE TABLE delivery.d_nation AS TABLE nation;
CREATE TABLE delivery.d_supplier AS TABLE supplier;
CREATE TABLE delivery.d_part AS TABLE part;
CREATE TABLE delivery.d_partsupp AS TABLE partsupp;
CREATE TABLE delivery.d_orders AS TABLE orders;
CREATE TABLE delivery.d_lineitem AS TABLE lineitem;
CREATE TABLE delivery.d_customer AS TABLE curated.customer;
ANALYZE;
SELECT count(*) AS governed FROM spyne_register_schema('delivery');

-- How do they? spyne finds it in the data: every reference of TPC-H, also the one of two columns.
SELECT candidate_id, condition, confidence, confidence_level FROM spyne_discover_joins('{delivery}');

-- Each comes with what speaks for it. This one is accepted, for a reason; first it is counted
-- on all rows.
SELECT part ->> 'evidence' AS evidence, part ->> 'weight' AS weight, part ->> 'says' AS says
FROM spyne.join_candidates, jsonb_array_elements(evidence -> 'parts') part
WHERE condition = 'd_orders.o_custkey = d_customer.c_custkey';
SELECT cardinality, orphan_percent, fan_out_average, fan_out_max, parent_key_unique, warnings, blockers
FROM spyne_join_candidates('delivery.d_lineitem', 'delivery.d_partsupp') c, spyne_validate_join(c.candidate_id, 0);
SELECT j.join_id, j.cardinality, j.join_type
FROM spyne_join_candidates('delivery.d_lineitem', 'delivery.d_partsupp') c,
     spyne_accept_join(c.candidate_id, 'a line is delivered from one supplier''s stock of a part') j;

-- The others too, and the picture of them, for Mermaid:
SELECT count(*) AS accepted
FROM spyne_join_candidates() c, spyne_accept_join(c.candidate_id, 'as the specification has it')
WHERE c.confidence_level = 'HIGH' AND c.condition NOT LIKE '%d_partsupp.ps_suppkey';
\pset format unaligned
\pset tuples_only on
SELECT spyne_join_graph();
\pset tuples_only off
\pset format aligned

-- A preview names the accepted joins of a query, and warns of those that nobody has accepted.
SELECT join_versions, g ->> 'code' AS code, g ->> 'message' AS message
FROM spyne_preview($$SELECT count(*) FROM delivery.d_lineitem JOIN delivery.d_partsupp ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey
                     JOIN delivery.d_orders ON o_orderkey = l_orderkey JOIN delivery.d_nation ON n_nationkey = o_shippriority$$)
LEFT JOIN jsonb_array_elements(guardrails) g ON g ->> 'code' = 'UNACCEPTED_JOIN';

-- Each run is on record, with what was known before it.
SELECT e.user_name, p.statement, e.result_count, p.overrides, p.reason
FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id) ORDER BY e.execution_id;

-- Everything that has happened to it, and why:
SELECT h.logical_name, h.version, h.from_state, h.to_state, h.reason
FROM spyne.table_state_history AS h WHERE h.logical_name = 'customer' ORDER BY h.id;

-- Last, what still leads around governance in this very database, and how to close it:
SELECT severity, gap, object, remedy FROM spyne_coverage();
