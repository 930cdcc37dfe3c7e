-- Each assumption: a query that makes it, and near misses that do not. What
-- Postgres's analyzed tree holds decides, so each is asked of a real server.
CREATE SCHEMA pv_assume;
SET search_path = pv_assume, public;
CREATE TABLE customer (id integer PRIMARY KEY, country text, credit integer NOT NULL, region integer);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, amount integer NOT NULL, placed_at timestamp NOT NULL,
                     seen_at timestamptz NOT NULL, note text);
CREATE TABLE line (order_id integer, number integer, price integer NOT NULL, PRIMARY KEY (order_id, number));
CREATE TABLE payment (id integer PRIMARY KEY, customer_id integer, amount integer);
INSERT INTO customer SELECT g, CASE WHEN g % 5 > 0 THEN 'c' || g % 7 END, g, nullif(g % 3, 0) FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g % 90 + 1, g, '2026-01-01', '2026-01-01', NULL FROM generate_series(1, 300) g;
INSERT INTO line SELECT g % 300 + 1, g / 300, g FROM generate_series(1, 900) g;
INSERT INTO payment SELECT g, nullif(g % 90, 0), nullif(g % 7, 0) FROM generate_series(1, 200) g;
CREATE VIEW spending AS SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id;
ANALYZE customer, orders, line, payment;
SELECT count(*) FROM spyne_register_schema('pv_assume', state => 'SHADOW');
SELECT count(*) > 0 AS promoted FROM unnest('{customer,orders,line,payment}'::text[]) name, spyne_promote(name::regclass);
CREATE TEMPORARY TABLE cases (n serial, code text, raises boolean, query text);
INSERT INTO cases (code, raises, query) VALUES
('INNER_JOIN_DROPS', true, 'SELECT c.id FROM customer c JOIN orders o ON o.customer_id = c.id'),
('INNER_JOIN_DROPS', true, 'SELECT p.id FROM payment p, customer c WHERE c.id = p.customer_id'),
('INNER_JOIN_DROPS', true, 'SELECT c.id FROM customer c JOIN spending s ON s.customer_id = c.id'),
('INNER_JOIN_DROPS', false, 'SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id'),
('INNER_JOIN_DROPS', false, 'SELECT c.id FROM customer c WHERE c.id = 5'),
('OUTER_JOIN_TURNED_INNER', true, 'SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 5'),
('OUTER_JOIN_TURNED_INNER', false, 'SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.amount > 5'),
('OUTER_JOIN_TURNED_INNER', false, 'SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL'),
('OUTER_JOIN_TURNED_INNER', false, 'SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE coalesce(o.amount, 6) > 5'),
('FAN_TRAP', true, 'SELECT sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('FAN_TRAP', true, 'WITH c AS (SELECT id, credit FROM customer) SELECT sum(credit) FROM c JOIN orders o ON o.customer_id = c.id'),
('FAN_TRAP', true, 'SELECT count(o.id) FROM orders o JOIN line l ON l.order_id = o.id'),
('FAN_TRAP', false, 'SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('FAN_TRAP', false, 'SELECT max(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('FAN_TRAP', false, 'SELECT count(DISTINCT c.id) FROM customer c JOIN orders o ON o.customer_id = c.id'),
('FAN_TRAP', false, 'SELECT sum(c.credit) FROM customer c JOIN spending s ON s.customer_id = c.id'),
('FAN_TRAP', false, 'SELECT sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id AND l.number = 1'),
('FAN_TRAP', false, 'SELECT sum(c.credit) FROM customer c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id)'),
('CHASM_TRAP', true, 'SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id JOIN payment p ON p.customer_id = c.id'),
('CHASM_TRAP', false, 'SELECT sum(l.price) FROM customer c JOIN orders o ON o.customer_id = c.id JOIN line l ON l.order_id = o.id'),
('NOT_IN_NULLABLE', true, 'SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM payment)'),
('NOT_IN_NULLABLE', true, 'SELECT id FROM customer WHERE NOT region = ANY (SELECT region FROM customer)'),
('NOT_IN_NULLABLE', false, 'SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)'),
('NOT_IN_NULLABLE', false, 'SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM payment WHERE customer_id IS NOT NULL)'),
('NOT_IN_NULLABLE', false, 'SELECT id FROM customer WHERE id IN (SELECT customer_id FROM payment)'),
('COUNT_SKIPS_NULLS', true, 'SELECT count(country) FROM customer'),
('COUNT_SKIPS_NULLS', true, 'SELECT count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id'),
('COUNT_SKIPS_NULLS', false, 'SELECT count(*) FROM customer'),
('COUNT_SKIPS_NULLS', false, 'SELECT count(id) FROM customer'),
('AVG_IGNORES_NULLS', true, 'SELECT avg(amount) FROM payment'),
('AVG_IGNORES_NULLS', false, 'SELECT avg(amount) FROM orders'),
('AVG_IGNORES_NULLS', false, 'SELECT avg(coalesce(amount, 0)) FROM payment'),
('INTEGER_DIVISION', true, 'SELECT amount / 3 FROM orders'),
('INTEGER_DIVISION', false, 'SELECT amount / 3.0 FROM orders'),
('INTEGER_DIVISION', false, 'SELECT amount / 1 FROM orders'),
('LIMIT_WITHOUT_ORDER', true, 'SELECT country FROM customer LIMIT 3'),
('LIMIT_WITHOUT_ORDER', true, 'SELECT country FROM customer FETCH FIRST 3 ROWS ONLY'),
('LIMIT_WITHOUT_ORDER', true, 'SELECT country FROM customer OFFSET 3'),
('LIMIT_WITHOUT_ORDER', false, 'SELECT country FROM customer ORDER BY id LIMIT 3'),
('LIMIT_WITHOUT_ORDER', false, 'SELECT count(*) FROM customer LIMIT 3'),
('LIMIT_WITHOUT_ORDER', false, 'SELECT country FROM customer WHERE id = 3 LIMIT 3'),
('NOT_REPRODUCIBLE', true, 'SELECT id FROM orders WHERE placed_at > now()'),
('NOT_REPRODUCIBLE', true, 'SELECT id FROM orders WHERE placed_at > current_date'),
('NOT_REPRODUCIBLE', true, 'SELECT id FROM orders WHERE random() < 0.1'),
('NOT_REPRODUCIBLE', true, 'SELECT seen_at::date FROM orders'),
('NOT_REPRODUCIBLE', true, 'SELECT id FROM orders TABLESAMPLE SYSTEM (10)'),
('NOT_REPRODUCIBLE', false, 'SELECT id FROM orders TABLESAMPLE SYSTEM (10) REPEATABLE (1)'),
('NOT_REPRODUCIBLE', false, 'SELECT placed_at::date FROM orders'),
('NOT_REPRODUCIBLE', false, 'SELECT (seen_at AT TIME ZONE ''UTC'')::date FROM orders'),
('NOT_REPRODUCIBLE', false, 'SELECT id FROM orders WHERE placed_at > timestamp ''2026-01-01'''),
('BETWEEN_DATE_BOUND', true, 'SELECT id FROM orders WHERE placed_at BETWEEN ''2026-01-01'' AND ''2026-01-31'''),
('BETWEEN_DATE_BOUND', true, 'SELECT id FROM orders WHERE seen_at BETWEEN date ''2026-01-01'' AND date ''2026-01-31'''),
('BETWEEN_DATE_BOUND', false, 'SELECT id FROM orders WHERE placed_at BETWEEN ''2026-01-01'' AND ''2026-01-31 23:59'''),
('BETWEEN_DATE_BOUND', false, 'SELECT id FROM orders WHERE placed_at >= ''2026-01-01'' AND placed_at < ''2026-02-01'''),
('BETWEEN_DATE_BOUND', false, 'SELECT id FROM orders WHERE placed_at::date BETWEEN ''2026-01-01'' AND ''2026-01-31'''),
('CAST_STOPS_INDEX', true, 'SELECT id FROM orders WHERE id = 5.0'),
('CAST_STOPS_INDEX', true, 'SELECT id FROM orders WHERE id::text = ''5'''),
('CAST_STOPS_INDEX', false, 'SELECT id FROM orders WHERE id = 5'),
('CAST_STOPS_INDEX', false, 'SELECT id FROM orders WHERE id = 5::bigint'),
('CAST_STOPS_INDEX', false, 'SELECT id FROM orders WHERE amount = 5.0'),
('SELECT_STAR_MAY_GROW', true, 'SELECT * FROM payment'),
('SELECT_STAR_MAY_GROW', true, 'SELECT p.*, c.country FROM payment p JOIN customer c ON c.id = p.customer_id'),
('SELECT_STAR_MAY_GROW', true, 'TABLE payment'),
('SELECT_STAR_MAY_GROW', false, 'SELECT id, amount FROM payment'),
('SELECT_STAR_MAY_GROW', false, 'SELECT count(*) FROM payment'),
('DISTINCT_HIDES_DUPLICATES', true, 'SELECT DISTINCT country FROM customer'),
('DISTINCT_HIDES_DUPLICATES', true, 'SELECT DISTINCT c.id FROM customer c JOIN orders o ON o.customer_id = c.id'),
('DISTINCT_HIDES_DUPLICATES', false, 'SELECT DISTINCT id, country FROM customer'),
('DISTINCT_HIDES_DUPLICATES', false, 'SELECT DISTINCT country, count(*) FROM customer GROUP BY country');
CREATE TEMPORARY TABLE said AS
SELECT c.n, c.code, c.raises, c.query, (SELECT string_agg(a ->> 'text', ' | ') FROM jsonb_array_elements(p.assumptions) a WHERE a ->> 'code' = c.code) AS text
FROM cases c, spyne_preview(c.query, override => '{AMBIGUOUS_AGGREGATE}', reason => 'a test') p ORDER BY c.n;
\pset format unaligned
\pset recordsep '\n\n'
\pset tuples_only on
\pset fieldsep '\n'
SELECT code, query, text FROM said WHERE raises ORDER BY n;
\pset recordsep '\n'
\pset tuples_only off
\pset fieldsep '|'
\pset format aligned
-- Where it should be silent it is, and the other way round.
SELECT code, raises, query, text FROM said WHERE raises <> (text IS NOT NULL) ORDER BY n;
-- Each has both.
SELECT code FROM cases GROUP BY code HAVING NOT (bool_or(raises) AND bool_or(NOT raises));
-- A write is looked at too.
SELECT a ->> 'code' AS code, a ->> 'text' AS text FROM spyne_preview('DELETE FROM customer WHERE id NOT IN (SELECT customer_id FROM payment)'), jsonb_array_elements(assumptions) a;
RESET search_path;
CALL regress.remove('pv_assume');
