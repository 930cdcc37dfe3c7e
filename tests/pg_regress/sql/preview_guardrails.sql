-- Each guardrail: a statement that raises it, and near misses that do not. A
-- stop does not run until it is overridden with a reason.
SET spyne.require_preview = users;
CREATE SCHEMA pv_guard;
GRANT ALL ON SCHEMA pv_guard TO PUBLIC;
SET search_path = pv_guard, public;
CREATE TABLE customer (id integer PRIMARY KEY, country text, credit integer NOT NULL);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, amount integer NOT NULL);
CREATE TABLE flag (kind integer NOT NULL);
CREATE TABLE large (id bigint PRIMARY KEY, v integer);
CREATE TABLE old (id integer PRIMARY KEY);
CREATE TABLE loose (id integer PRIMARY KEY);
CREATE TABLE fresh (id integer PRIMARY KEY);
CREATE TABLE fixed (id integer PRIMARY KEY);
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent ON DELETE CASCADE);
INSERT INTO customer SELECT g, 'c' || g % 7, g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g % 90 + 1, g FROM generate_series(1, 300) g;
INSERT INTO flag SELECT 1 FROM generate_series(1, 3000);
INSERT INTO large SELECT g, g FROM generate_series(1, 500) g;
ANALYZE customer, orders, flag, large, old, loose, fixed, parent, child;
GRANT ALL ON ALL TABLES IN SCHEMA pv_guard TO PUBLIC;
-- A function of a user's own that may write, and one that says it does not.
CREATE FUNCTION may_write() RETURNS integer LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION only_reads() RETURNS integer LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
SELECT count(*) > 0 AS registered FROM unnest('{customer,orders,flag,large,old,fresh,parent,child}'::text[]) name, spyne_register(name::regclass, 'pv_guard_' || name, 'SHADOW');
SELECT count(*) > 0 AS promoted FROM unnest('{customer,orders,flag,large,old,fresh,parent,child}'::text[]) name, spyne_promote(name::regclass);
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('old', 'a test');
SELECT FROM spyne_register('fixed', 'pv_guard_fixed', 'READ_ONLY');
CREATE VIEW joined AS SELECT c.country, c.credit FROM customer c JOIN orders o ON o.customer_id = c.id;
GRANT SELECT ON joined TO PUBLIC;
CREATE TABLE staged (id integer PRIMARY KEY);
GRANT ALL ON staged TO PUBLIC;
ANALYZE staged;
SELECT FROM spyne_register('staged', 'pv_guard_staged', 'SHADOW');
SET spyne.large_table_rows = 400;
CREATE TEMPORARY TABLE cases (n serial, code text, raises boolean, query text);
GRANT ALL ON cases TO PUBLIC;
INSERT INTO cases (code, raises, query) VALUES
('EXPLOSIVE_JOIN', true, 'SELECT c.id, o.id FROM customer c, orders o'),
('EXPLOSIVE_JOIN', true, 'SELECT c.id FROM customer c JOIN orders o ON c.credit > 5 AND o.amount > 7'),
('EXPLOSIVE_JOIN', true, 'SELECT 1 FROM flag a JOIN flag b USING (kind)'),
('EXPLOSIVE_JOIN', false, 'SELECT c.id FROM customer c JOIN orders o ON c.id = 5 AND o.amount > 7'),
('EXPLOSIVE_JOIN', false, 'SELECT c.id FROM customer c, orders o WHERE o.customer_id = c.id'),
('EXPLOSIVE_JOIN', false, 'SELECT c.id FROM customer c, LATERAL (SELECT id FROM orders o WHERE o.customer_id = c.id) x'),
('EXPLOSIVE_JOIN', false, 'SELECT c.id, m.most FROM customer c, (SELECT max(amount) AS most FROM orders) m'),
('EXPLOSIVE_JOIN', false, 'SELECT 1 FROM flag a JOIN flag b USING (kind) WHERE a.kind = 2'),
('AMBIGUOUS_AGGREGATE', true, 'SELECT sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('AMBIGUOUS_AGGREGATE', true, 'SELECT sum(s.credit) FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s'),
('AMBIGUOUS_AGGREGATE', true, 'SELECT sum(credit) FROM joined'),
('AMBIGUOUS_AGGREGATE', false, 'SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('WRITE_WITHOUT_WHERE', true, 'UPDATE customer SET credit = 0'),
('WRITE_WITHOUT_WHERE', true, 'DELETE FROM customer'),
('WRITE_WITHOUT_WHERE', true, 'WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone'),
('WRITE_WITHOUT_WHERE', true, 'DELETE FROM orders WHERE true'),
('WRITE_WITHOUT_WHERE', true, 'DELETE FROM orders USING (SELECT 1) x'),
('WRITE_WITHOUT_WHERE', true, 'UPDATE orders SET amount = 1 WHERE EXISTS (SELECT 1)'),
('WRITE_WITHOUT_WHERE', true, 'MERGE INTO orders USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE'),
('WRITE_WITHOUT_WHERE', false, 'MERGE INTO orders USING (SELECT 1 AS id) x ON x.id = orders.id WHEN MATCHED THEN DELETE'),
('WRITE_WITHOUT_WHERE', false, 'DELETE FROM orders USING customer c WHERE c.id = orders.customer_id'),
('WRITE_WITHOUT_WHERE', false, 'UPDATE customer SET credit = 0 WHERE id = 1'),
('WRITE_WITHOUT_WHERE', false, 'INSERT INTO customer SELECT id + 1000, country, credit FROM customer WHERE id < 3'),
('SHADOW_TABLE', true, 'SELECT id FROM staged'),
('SHADOW_TABLE', false, 'SELECT id FROM customer'),
('MISSING_FILTER', true, 'SELECT id FROM large'),
('MISSING_FILTER', true, 'SELECT sum(v) FROM large LIMIT 1'),
('MISSING_FILTER', false, 'SELECT id FROM large WHERE id < 10'),
('MISSING_FILTER', false, 'SELECT id FROM large ORDER BY id LIMIT 10'),
('MISSING_FILTER', false, 'SELECT id FROM customer'),
('VOLATILE_FUNCTION', true, 'SELECT may_write() FROM customer'),
('VOLATILE_FUNCTION', true, 'SELECT id FROM customer WHERE nextval(''pg_temp.counter'') > 0'),
('VOLATILE_FUNCTION', false, 'SELECT only_reads() FROM customer'),
('VOLATILE_FUNCTION', false, 'SELECT random() FROM customer'),
('DEPRECATED_TABLE', true, 'SELECT id FROM old'),
('DEPRECATED_TABLE', false, 'SELECT id FROM customer'),
('STALE_STATISTICS', true, 'SELECT id FROM fresh'),
('STALE_STATISTICS', false, 'SELECT id FROM customer'),
('UNGOVERNED_TABLE', true, 'SELECT c.id FROM customer c JOIN loose l ON l.id = c.id'),
('UNGOVERNED_TABLE', false, 'SELECT id FROM loose'),
('FOREIGN_KEYS_REACH', true, 'DELETE FROM parent WHERE id = 1'),
('FOREIGN_KEYS_REACH', false, 'DELETE FROM child WHERE id = 1'),
('FOREIGN_KEYS_REACH', false, 'INSERT INTO parent VALUES (1)');
SET ROLE regress_engineer;
CREATE TEMPORARY SEQUENCE counter;
CREATE TEMPORARY TABLE said AS
SELECT c.n, c.code, c.raises, c.query, p.requires_confirmation AS stops, g.severity, g.message, g.remedy
FROM cases c, spyne_preview(c.query, include_deprecated => true) p
LEFT JOIN LATERAL (SELECT g ->> 'severity' AS severity, g ->> 'message' AS message, g ->> 'remedy' AS remedy
                   FROM jsonb_array_elements(p.guardrails) g WHERE g ->> 'code' = c.code) g ON true;
\pset format unaligned
\pset recordsep '\n\n'
\pset tuples_only on
\pset fieldsep '\n'
SELECT code || ', ' || severity, query, message, remedy FROM said WHERE raises ORDER BY n;
\pset recordsep '\n'
\pset tuples_only off
\pset fieldsep '|'
\pset format aligned
-- Where it should be silent it is, and the other way round; what stops, stops.
SELECT code, raises, query, message FROM said WHERE raises <> (message IS NOT NULL) ORDER BY n;
SELECT code, query, stops FROM said WHERE raises AND stops <> (severity = 'stop') ORDER BY n;
SELECT code FROM cases GROUP BY code HAVING NOT (bool_or(raises) AND bool_or(NOT raises));
-- Limits are settings, and not for those whom they bind.
SET spyne.max_fan_out = 5000;
RESET ROLE;
SET spyne.max_fan_out = 5000;
SELECT g ->> 'message' AS message FROM spyne_preview('SELECT 1 FROM flag a JOIN flag b USING (kind)'), jsonb_array_elements(guardrails) g WHERE g ->> 'severity' = 'stop';
SET spyne.max_join_rows = 1000;
SELECT g ->> 'message' AS message FROM spyne_preview('SELECT 1 FROM flag a JOIN flag b USING (kind)'), jsonb_array_elements(guardrails) g WHERE g ->> 'severity' = 'stop';
RESET spyne.max_fan_out;
RESET spyne.max_join_rows;
SELECT * FROM (VALUES ('spyne.max_fan_out'), ('spyne.max_join_rows'), ('spyne.large_table_rows'), ('spyne.require_accepted_joins')) x(name), LATERAL (SELECT context, vartype FROM pg_settings s WHERE s.name = x.name) s;
-- Only accepted joins may run where that is required; nobody can accept one yet.
SET spyne.require_accepted_joins = on;
SET ROLE regress_engineer;
SELECT requires_confirmation, g ->> 'severity' AS severity, g ->> 'message' AS message
FROM spyne_preview('SELECT o.amount FROM customer c JOIN orders o ON o.customer_id = c.id'), jsonb_array_elements(guardrails) g WHERE g ->> 'code' = 'UNACCEPTED_JOIN';
SELECT requires_confirmation, guardrails FROM spyne_preview('SELECT amount FROM orders WHERE id = 1');
RESET ROLE;
RESET spyne.require_accepted_joins;
SET ROLE regress_engineer;
SELECT requires_confirmation, guardrails FROM spyne_preview('SELECT o.amount FROM customer c JOIN orders o ON o.customer_id = c.id');
-- A stop stops each way of running it.
\set VERBOSITY terse
PREPARE gone AS DELETE FROM orders;
SELECT requires_confirmation FROM unnest(ARRAY['DELETE FROM orders', 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) DELETE FROM orders', 'EXECUTE gone']) q, spyne_preview(q);
DELETE FROM orders;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM spyne_execute((SELECT preview_id FROM spyne.query_previews WHERE sql = 'DELETE FROM orders'));
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) DELETE FROM orders;
EXECUTE gone;
SELECT requires_confirmation FROM spyne_preview('DELETE FROM orders', override => '{EXPLOSIVE_JOIN}', reason => 'another stop');
DELETE FROM orders;
SELECT count(*) FROM spyne_preview('DELETE FROM orders', override => '{write_without_where}');
SELECT count(*) FROM spyne_preview('DELETE FROM orders', override => '{write_without_where}', reason => '  ');
SELECT count(*) FROM spyne_preview('DELETE FROM orders', override => '{WRITE_WITHOUT_WHEER}', reason => 'all of it');
SELECT requires_confirmation FROM spyne_preview('DELETE FROM orders', override => '{write_without_where}', reason => 'all of it');
BEGIN;
DELETE FROM orders;
ROLLBACK;
-- On record.
SELECT overrides, reason FROM spyne.query_previews WHERE sql = 'DELETE FROM orders' AND overrides <> '{}' ORDER BY created_at;
\set VERBOSITY default
-- What the state forbids is refused already here, unless it is only explained.
SELECT * FROM spyne_preview('DELETE FROM fixed WHERE id = 1');
SELECT statement FROM spyne_preview('EXPLAIN DELETE FROM fixed WHERE id = 1');
-- Nothing is stored by spyne_validate, which says the same.
SELECT code, severity FROM spyne_validate('DELETE FROM orders');
SELECT count(*) FROM spyne.query_previews WHERE sql LIKE 'SELECT validated%';
SELECT count(*) FROM spyne_validate('SELECT validated.id FROM customer validated');
SELECT count(*) FROM spyne.query_previews WHERE sql LIKE 'SELECT validated%';
RESET ROLE;
DELETE FROM large;
RESET spyne.large_table_rows;
RESET search_path;
CALL regress.remove('pv_guard');
