-- Previews say which joins are accepted, and stop those that are not, where asked to.
CREATE SCHEMA jp;
GRANT USAGE ON SCHEMA jp TO PUBLIC;
SET search_path = jp, public;
SET client_min_messages = error;
CREATE TABLE customer (id integer PRIMARY KEY, name text);
INSERT INTO customer SELECT g, 'c' || g FROM generate_series(1, 100) g;
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer);
INSERT INTO orders SELECT g, 1 + g % 100 FROM generate_series(1, 500) g;
CREATE TABLE part (a integer, b integer, PRIMARY KEY (a, b));
INSERT INTO part SELECT g / 10, g % 10 FROM generate_series(0, 99) g;
CREATE TABLE line (id integer, a integer, b integer);
INSERT INTO line SELECT g, g % 10, g % 7 FROM generate_series(1, 300) g;
ANALYZE;
GRANT SELECT ON ALL TABLES IN SCHEMA jp TO PUBLIC;
SELECT count(*) FROM (SELECT spyne_register(c.oid, 'jp_' || relname) FROM pg_class c WHERE relnamespace = 'jp'::regnamespace AND relkind = 'r') r;
-- Which accepted joins a statement uses, and what is said of the others.
CREATE FUNCTION seen(query text) RETURNS TABLE (join_versions text[], unaccepted text) LANGUAGE sql AS $$
    SELECT p.join_versions, (SELECT string_agg(concat_ws(' ', g ->> 'severity', CASE WHEN g ->> 'remedy' LIKE 'It is candidate%' THEN 'candidate' END), ', ')
                             FROM jsonb_array_elements(p.guardrails) g WHERE g ->> 'code' = 'UNACCEPTED_JOIN')
    FROM spyne_preview(query) p $$;
SELECT * FROM seen('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id');
-- A candidate is suggested, with the call to make.
SELECT candidate_id AS orders FROM spyne_discover_joins('{jp}') WHERE condition LIKE 'jp_orders%' \gset
SELECT candidate_id AS line FROM spyne_propose_join('line', '{a, b}', 'part', '{a, b}') \gset
SELECT * FROM seen('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id');
SELECT replace(g ->> 'remedy', :'orders', 'N') FROM spyne_preview('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id') p, jsonb_array_elements(p.guardrails) g
WHERE g ->> 'code' = 'UNACCEPTED_JOIN';
SELECT join_id FROM spyne_accept_join(:orders, 'each order has one');
SELECT join_id FROM spyne_accept_join(:line, 'by both numbers');
SELECT joins -> 0 -> 'join_id', joins -> 0 -> 'accepted_by', joins -> 0 ->> 'accepted_at' IS NOT NULL AS has_time
FROM spyne_preview('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id');
-- However it is written.
SELECT * FROM seen('SELECT count(*) FROM customer c, orders o WHERE o.customer_id = c.id AND c.name > ''c5''');
SELECT * FROM seen('SELECT count(*) FROM orders o LEFT JOIN LATERAL (SELECT * FROM customer c WHERE c.id = o.customer_id) x ON true');
SELECT * FROM seen('WITH o AS (SELECT customer_id AS who FROM orders) SELECT count(*) FROM o JOIN customer c ON c.id = o.who');
SELECT * FROM seen('SELECT count(*) FROM customer WHERE id IN (SELECT customer_id FROM orders)');
SELECT * FROM seen('SELECT count(*) FROM customer c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id)');
SELECT * FROM seen('SELECT count(*) FROM (SELECT customer_id AS id FROM orders) o NATURAL JOIN customer');
SELECT * FROM seen('SELECT count(*) FROM line JOIN part USING (a, b)');
-- Half of a composite join, other columns, an inequality, another operator: not accepted.
SELECT * FROM seen('SELECT count(*) FROM line JOIN part USING (a)');
SELECT * FROM seen('SELECT count(*) FROM line JOIN part ON line.a = part.b AND line.b = part.a');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.id = c.id');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.customer_id >= c.id');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.customer_id = c.id OR o.id = c.id');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.customer_id = c.id + 1');
CREATE FUNCTION differs(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $2';
CREATE OPERATOR jp.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = differs);
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.customer_id OPERATOR(jp.=) c.id');
SELECT * FROM seen('SELECT count(*) FROM (SELECT id AS customer_id FROM orders) AS "jp.orders" JOIN customer c ON customer_id = c.id');
DROP OPERATOR jp.= (integer, integer);
-- A cast that loses something, a comparison that is no equality, a sum, an arm of a UNION.
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN customer c ON o.customer_id::bool = c.id::bool');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN (SELECT id::bool::int AS id FROM customer) c ON o.customer_id = c.id');
SELECT * FROM seen('SELECT count(*) FROM orders o WHERE o.customer_id <> ANY (SELECT id FROM customer)');
SELECT * FROM seen('SELECT count(*) FROM orders o WHERE o.customer_id + 1 IN (SELECT id FROM customer)');
SELECT * FROM seen('SELECT count(*) FROM orders o WHERE o.customer_id IN (SELECT id FROM customer UNION SELECT id FROM line)');
SELECT * FROM seen('SELECT count(*) FROM orders o WHERE o.customer_id > ALL (SELECT id FROM customer)');
SELECT * FROM seen('SELECT count(*) FROM orders o JOIN (SELECT id + 0 AS k FROM customer) c ON o.id = c.k');
SELECT * FROM seen('SELECT count(*) FROM orders o WHERE o.id IN (SELECT id + 0 FROM customer)');
-- Columns of two rows are no row.
SELECT * FROM seen('SELECT count(*) FROM (SELECT l1.a, l2.b FROM line l1, line l2) x JOIN part ON x.a = part.a AND x.b = part.b');
SELECT * FROM seen('WITH l AS (SELECT * FROM line) SELECT count(*) FROM (SELECT l1.a, l2.b FROM l l1, l l2) x JOIN part USING (a, b)');
SELECT * FROM seen('SELECT count(*) FROM line WHERE (a, b) IN (SELECT a, b FROM part)');

-- Where it is required, what nobody has accepted is a stop.
SET spyne.require_accepted_joins = on;
SET spyne.require_preview = 'users';
SELECT * FROM seen('SELECT count(*) FROM line JOIN part USING (a, b)');
SELECT * FROM seen('SELECT count(*) FROM line JOIN part USING (a)');
SET ROLE regress_engineer;
\set VERBOSITY terse
SELECT requires_confirmation FROM spyne_preview('SELECT count(*) FROM line JOIN part USING (a)');
SELECT count(*) FROM line JOIN part USING (a);
SELECT requires_confirmation FROM spyne_preview('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id');
SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id;
SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id;
RESET ROLE;
RESET spyne.require_accepted_joins;
-- Runs are counted by join and day.
SELECT join_id, executions FROM spyne.join_usage WHERE join_id LIKE 'jp\_%';
-- What was looked at is not what it was when the join is not in force any more.
SELECT status FROM spyne_deprecate_join('jp_orders_jp_customer_v1', 'test');
SET ROLE regress_engineer;
SELECT * FROM regress.attempt('SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id') WHERE field IN ('SQLSTATE', 'detail');
SELECT count(*) FROM orders JOIN customer ON customer.id = customer_id;
RESET ROLE;

SELECT count(*) FROM (SELECT spyne_deprecate_join(join_id, 'test') FROM spyne.accepted_joins WHERE status <> 'deprecated' AND join_id LIKE 'jp\_%') d;
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT relation FROM spyne.tables WHERE logical_name LIKE 'jp\_%' LOOP PERFORM spyne_unregister(t, 'test'); END LOOP;
END $$;
DROP SCHEMA jp CASCADE;
