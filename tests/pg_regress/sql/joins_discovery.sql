-- Joins are found from the data: by keys of every kind, without a constraint.
CREATE SCHEMA jd;
GRANT USAGE ON SCHEMA jd TO PUBLIC;
SET search_path = jd, public;
CREATE FUNCTION found() RETURNS TABLE (condition text, level text) LANGUAGE sql AS $$
    SELECT condition, confidence_level FROM spyne_discover_joins('{jd}') ORDER BY 1 $$;

-- Text, uuid, date and composite keys; int4 that refers to numeric, int8 to int4;
-- a table that refers to itself; two references to one table; an empty table.
CREATE TABLE country (code char(2), name text);
INSERT INTO country SELECT chr(65 + g / 26) || chr(65 + g % 26), 'country ' || g FROM generate_series(0, 59) g;
CREATE TABLE customer (id numeric(10), name text, country_code varchar(2), parent_customer_id numeric(10));
INSERT INTO customer SELECT g, 'customer ' || g, chr(65 + g % 40 / 26) || chr(65 + g % 40 % 26), nullif(g / 7, 0) FROM generate_series(1, 400) g;
CREATE TABLE product (product_id integer, token uuid, title text);
INSERT INTO product SELECT g, md5(g::text)::uuid, 'product ' || g FROM generate_series(1, 300) g;
CREATE TABLE orders (id integer, customer_id integer, billing_country char(2), shipping_country char(2), ordered_on date, quantity integer);
INSERT INTO orders SELECT g, 1 + g * 7 % 400, chr(65 + g % 55 / 26) || chr(65 + g % 55 % 26),
       chr(65 + g % 50 / 26) || chr(65 + g % 50 % 26), date '2024-01-01' + g % 366, 1 + g % 9 FROM generate_series(1, 2000) g;
CREATE TABLE calendar (day date, is_holiday boolean);
INSERT INTO calendar SELECT d::date, false FROM generate_series('2023-01-01'::date, '2026-12-31', '1 day') d;
CREATE TABLE order_line (order_id bigint, line_no smallint, product_id bigint, product_token uuid, quantity integer);
INSERT INTO order_line SELECT 1 + g / 3, g % 3 + 1, 1 + g * 11 % 300, md5((1 + g * 11 % 300)::text)::uuid, 1 + g % 5 FROM generate_series(0, 5999) g;
CREATE TABLE delivery (id integer, order_id integer, line_no integer, delivered_on date);
INSERT INTO delivery SELECT g, 1 + (g * 2) / 3, (g * 2) % 3 + 1, date '2024-06-01' + g % 90 FROM generate_series(1, 2500) g;
CREATE TABLE wish (id integer, customer_id integer, product_id integer);
ANALYZE;
SET client_min_messages = error;
SELECT count(*) FROM (SELECT spyne_register(c.oid, 'jd_' || relname) FROM pg_class c WHERE relnamespace = 'jd'::regnamespace AND relkind = 'r') r;
SELECT * FROM found();

-- The same is found again, under the same numbers; and without statistics.
CREATE TABLE seen AS SELECT candidate_id, condition, confidence FROM spyne_discover_joins('{jd}');
SELECT count(*) FROM seen FULL JOIN spyne_discover_joins('{jd}') d USING (candidate_id, condition, confidence)
WHERE seen.condition IS NULL OR d.condition IS NULL;
SELECT count(*) FROM spyne_join_candidates('orders', 'customer');
-- Declared foreign keys are certain.
BEGIN;
SET LOCAL spyne.allow_breaking_ddl = on;
ALTER TABLE product ADD PRIMARY KEY (product_id);
ALTER TABLE wish ADD FOREIGN KEY (product_id) REFERENCES product;
SELECT condition, confidence, confidence_level, risk_level FROM spyne_discover_joins('{jd}') WHERE condition LIKE 'jd_wish.product_id%';
ROLLBACK;
-- At most so many, the likeliest.
SELECT count(*) FROM spyne_discover_joins('{jd}', max_candidates => 3);
-- What is no table of these schemas is not looked at.
SELECT count(*) FROM spyne_discover_joins('{pg_catalog}');
SELECT count(*) FROM spyne_discover_joins('{}');

-- Only tables with a state that is joined, in the version that their names mean.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_join_candidates('seen'::regclass)$$) WHERE field <> 'context';

-- What changes is looked at again: new rows that have no customer.
SELECT count(*) FROM spyne_unregister('orders', 'test');
INSERT INTO orders SELECT 9000 + g, 900000 + g FROM generate_series(1, 3000) g;
SELECT state FROM spyne_register('orders', 'jd_orders');
SELECT condition FROM spyne_discover_joins('{jd}') WHERE condition LIKE 'jd_orders.customer_id%';
-- What was found before and not now cannot be accepted any more.
SELECT a.* FROM seen, regress.attempt(format('SELECT * FROM spyne_accept_join(%s, ''why'')', candidate_id)) a
WHERE condition LIKE 'jd_orders.customer_id%' AND field <> 'message';

-- A table that cannot be read is left out, and named.
CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM product WITH NO DATA;
SELECT state FROM spyne_register('unfilled', 'jd_unfilled');
SET client_min_messages = notice;
SELECT count(*) > 5 AS found FROM spyne_discover_joins('{jd}');
SET client_min_messages = error;
-- What a table's owner has attached to it does not act as whoever looks at it.
CREATE FUNCTION acts() RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
    PERFORM public.spyne_reject_join(candidate_id, 'a policy says so') FROM jd.seen WHERE condition LIKE 'jd_customer.country%';
    RETURN true;
END $f$;
CREATE TABLE bait (id integer, customer_id integer);
INSERT INTO bait VALUES (1, 1);
ALTER TABLE bait ENABLE ROW LEVEL SECURITY;
CREATE POLICY acts ON bait USING (acts());
GRANT SELECT ON ALL TABLES IN SCHEMA jd TO regress_admin;
SELECT state FROM spyne_register('bait', 'jd_bait');
SET ROLE regress_admin;
SET client_min_messages = notice;
SELECT count(*) > 5 AS found FROM spyne_discover_joins('{jd}');
SET client_min_messages = error;
RESET ROLE;
SELECT status FROM spyne.join_candidates WHERE condition LIKE 'jd_customer.country%';

DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT relation FROM spyne.tables WHERE logical_name LIKE 'jd\_%' LOOP PERFORM spyne_unregister(t, 'test'); END LOOP;
END $$;
DROP SCHEMA jd CASCADE;
