-- A join is suspect when a column of it has changed, until it is validated again; a
-- promoted table keeps its joins.
CREATE SCHEMA jf;
GRANT USAGE ON SCHEMA jf TO PUBLIC;
SET search_path = jf, public;
SET client_min_messages = error;
CREATE TABLE customer (id integer PRIMARY KEY, name text);
INSERT INTO customer SELECT g, 'c' || g FROM generate_series(1, 50) g;
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, note text);
INSERT INTO orders SELECT g, 1 + g % 50 FROM generate_series(1, 200) g;
SELECT count(*) FROM (SELECT spyne_register(c.oid, 'jf_' || relname, 'SHADOW') FROM pg_class c WHERE relnamespace = 'jf'::regnamespace AND relkind = 'r') r;
SELECT count(*) FROM (SELECT spyne_promote(c.oid) FROM pg_class c WHERE relnamespace = 'jf'::regnamespace AND relkind = 'r') p;
SELECT candidate_id AS candidate FROM spyne_discover_joins('{jf}') \gset
SELECT join_id FROM spyne_accept_join(:candidate, 'each order has one');
CREATE VIEW standing AS SELECT status, suspect_because FROM spyne.accepted_joins WHERE join_id = 'jf_orders_jf_customer_v1';
-- Another column does not matter.
ALTER TABLE orders ADD COLUMN email text;
ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';
SELECT * FROM standing;
-- Its own does; who uses it is told.
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint;
SELECT * FROM standing;
SELECT c.consumer FROM spyne.tables t, spyne.column_consumers(t.relation) c WHERE t.logical_name = 'jf_orders';
-- Only an admin's validation takes it back.
GRANT SELECT ON ALL TABLES IN SCHEMA jf TO regress_engineer;
SET ROLE regress_engineer;
SELECT blockers FROM spyne_validate_join(:candidate);
RESET ROLE;
SELECT status FROM standing;
SELECT blockers FROM spyne_validate_join(:candidate);
SELECT * FROM standing;
-- A validation that finds orphans does not.
ALTER TABLE customer ALTER COLUMN id TYPE bigint;
DELETE FROM customer WHERE id > 25;
SELECT status FROM standing;
SELECT cardinality(blockers) FROM spyne_validate_join(:candidate);
SELECT status FROM standing;
INSERT INTO customer SELECT g, 'c' || g FROM generate_series(26, 50) g;
SELECT cardinality(blockers) FROM spyne_validate_join(:candidate);
SELECT status FROM standing;

-- Promoted, the table keeps its joins.
SELECT count(*) > 0 AS made FROM spyne_set_system_mode('INGESTION_READY', 'test'), spyne_create_shadow('jf_orders');
INSERT INTO spyne_shadow.jf_orders SELECT * FROM orders;
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.jf_orders', reason => 'test');
SELECT * FROM standing;
SELECT table1 = (SELECT relation FROM spyne.tables WHERE logical_name = 'jf_orders' AND state = 'ACTIVE') AS follows, status
FROM spyne_join('jf_orders_jf_customer_v1');
SELECT orphans, blockers FROM spyne_validate_join(:candidate);
-- One whose column is another puts them in doubt.
SELECT count(*) > 0 AS made FROM spyne_create_shadow('jf_orders');
ALTER TABLE spyne_shadow.jf_orders ALTER COLUMN customer_id TYPE numeric;
INSERT INTO spyne_shadow.jf_orders SELECT * FROM orders;
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.jf_orders', reason => 'test', accept_breaking => true);
SELECT * FROM standing;
-- A column that is gone cannot be validated.
SET spyne.allow_breaking_ddl = on;
ALTER TABLE orders RENAME COLUMN customer_id TO who;
RESET spyne.allow_breaking_ddl;
SELECT field, regexp_replace(says, 'candidate [0-9]+', 'candidate N') AS says FROM regress.attempt(format('SELECT * FROM spyne_validate_join(%s)', :candidate)) WHERE field <> 'context';
SELECT status FROM standing;

SELECT mode_after FROM spyne_set_system_mode('READ_ONLY', 'test');
SELECT status FROM spyne_deprecate_join('jf_orders_jf_customer_v1', 'test');
DROP VIEW standing;
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT relation FROM spyne.tables WHERE logical_name LIKE 'jf\_%' LOOP PERFORM spyne_unregister(t, 'test', override => true); END LOOP;
END $$;
DROP SCHEMA jf CASCADE;
