-- The statements whose analyzed trees are recorded, for the tests of the rules of previews in
-- src/core/statement/preview. They are over the tables of schema.sql. A statement ends with a
-- semicolon at the end of a line; the tests ask for a tree by the statement's text. Those of
-- TPC-H are in tests/tpch/queries.sql.
--
-- After a change of this file: SPYNE_BLESS_TREES=1 cargo xtask test --only client trees

-- a count of a column skips nulls
SELECT count(country) FROM customer;
SELECT count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id;
SELECT count(*), count(id), count(1) FROM customer;
SELECT count(country) FROM customer WHERE country = 'PE';
SELECT count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 5;
SELECT count(country) FROM (SELECT country FROM customer WHERE country IS NOT NULL) x;

-- a sum over a one to many join repeats
SELECT sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT count(c.id), avg(c.credit) FROM orders o RIGHT JOIN customer c ON o.customer_id = c.id;

-- a trap is seen inside a subquery
SELECT sum(s.credit) FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s;
SELECT sum(t.worth) FROM (SELECT credit + 1 AS worth FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s) t;
WITH j AS (SELECT credit, country FROM customer c JOIN orders o ON o.customer_id = c.id) SELECT j.country, sum(j.credit) FROM j GROUP BY j.country;
SELECT sum(s.amount) FROM (SELECT amount FROM customer c JOIN orders o ON o.customer_id = c.id) s;
SELECT s.order_id, sum(s.credit) FROM (SELECT o.id AS order_id, credit FROM customer c JOIN orders o ON o.customer_id = c.id) s GROUP BY s.order_id;
SELECT sum(s.credit) FROM (SELECT DISTINCT c.id, credit FROM customer c JOIN orders o ON o.customer_id = c.id) s;
SELECT sum(s.credit) FROM (SELECT c.id, max(credit) AS credit FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY c.id) s;
SELECT max(s.credit) FROM (SELECT credit FROM customer c JOIN orders o ON o.customer_id = c.id) s;
SELECT sum(s.credit) FROM (SELECT credit FROM customer) s;

-- an average leaves nulls out
SELECT avg(amount) FROM payment;
SELECT avg(amount) FROM orders;
SELECT avg(COALESCE(amount, 0)) FROM payment;

-- two many sides of one parent are a chasm
SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id JOIN payment p ON p.customer_id = c.id;
SELECT sum(p.amount) FROM payment p JOIN customer c ON c.id = p.customer_id JOIN orders o ON o.id = p.amount;

-- what is not unique repeats
SELECT sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id;
SELECT o.customer_id, sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id GROUP BY o.customer_id;
SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, amount FROM payment GROUP BY customer_id, amount) p ON p.customer_id = c.id;
SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id FROM orders UNION ALL SELECT customer_id FROM payment) p ON p.customer_id = c.id;
SELECT sum(o.amount) FROM orders o JOIN (customer c LEFT JOIN payment p ON c.id = 5 AND p.id = c.credit) ON c.region = o.customer_id;

-- what takes each row once is no fan trap
SELECT sum(o.amount) FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT sum(o.amount) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id;
SELECT count(*), count(1), max(c.credit), count(DISTINCT c.id) FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT sum(CASE WHEN c.credit > 5 THEN 1 ELSE 0 END) FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT sum(o.amount) FROM orders o JOIN line l ON l.order_id = o.id AND l.number = 1;
SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, sum(amount) AS paid FROM payment GROUP BY customer_id) p ON p.customer_id = c.id;
SELECT sum(c.credit) FROM customer c JOIN (SELECT DISTINCT customer_id FROM orders) p ON p.customer_id = c.id;
SELECT sum(c.credit) FROM customer c JOIN (SELECT DISTINCT ON (customer_id) customer_id, amount FROM orders ORDER BY customer_id, id) p ON p.customer_id = c.id;
WITH p AS (SELECT customer_id, count(*) AS n FROM payment GROUP BY customer_id) SELECT sum(c.credit) FROM customer c LEFT JOIN p ON p.customer_id = c.id;
SELECT sum(c.credit) FROM customer c, LATERAL (SELECT o.amount FROM orders o WHERE o.customer_id = c.id ORDER BY o.id LIMIT 1) x;
SELECT sum(c.credit) FROM customer c, (SELECT max(amount) AS m FROM payment) x WHERE c.credit < x.m;
SELECT sum(c.credit) FROM customer c JOIN (SELECT customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY id) AS n FROM orders) o ON o.customer_id = c.id AND o.n = 1;
SELECT sum(o.amount) FROM orders o JOIN (VALUES (1, 2), (3, 4)) v (a, b) ON v.a = o.customer_id;
SELECT sum(p.amount) FROM payment p JOIN (SELECT o.id, c.region FROM orders o JOIN customer c ON c.id = o.customer_id) x ON x.id = p.customer_id;
SELECT sum(o.amount) FROM orders o JOIN customer c ON c.id = abs(o.customer_id);
SELECT sum(o.amount) FROM orders o, customer c WHERE (c.id = o.customer_id AND o.amount > 5) OR (c.id = o.customer_id AND c.credit > 5);
SELECT o.id, sum(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY o.id;

-- a cast keeps an index from its use
SELECT 1 FROM customer WHERE id::numeric = 1.0;
SELECT 1 FROM customer WHERE abs(id) = 5;
SELECT 1 FROM customer WHERE id = 1;
SELECT 1 FROM customer WHERE region::numeric = 1.0;
SELECT 1 FROM customer WHERE abs(id) <> 5;

-- a condition turns an outer join inner
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 10;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id JOIN line l ON l.order_id = o.id;
SELECT 1 FROM customer c FULL JOIN orders o ON o.customer_id = c.id WHERE o.amount > 10;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NOT NULL;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id + 1 > 5;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount IN (1, 2);
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount = 1 OR o.amount = 2;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE NOT o.amount = 1;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE COALESCE(o.amount, 0) > 10;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount > 10 OR o.id IS NULL;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount = 1 OR c.id = 2;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.amount NOT IN (SELECT amount FROM payment);
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.id > 5;

-- an inner join drops rows
SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT 1 FROM orders o, payment p WHERE o.customer_id = p.customer_id AND o.id >= p.amount;
SELECT 1 FROM customer c JOIN customer d ON d.id = c.region;
SELECT 1 FROM customer c LEFT JOIN orders o ON o.customer_id = c.id;
SELECT 1 FROM customer c CROSS JOIN orders o WHERE c.id = 5;

-- not in finds nothing once there is a null
SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM payment);
SELECT 1 FROM customer WHERE id NOT IN (1, NULL);
SELECT 1 FROM customer WHERE id IN (SELECT customer_id FROM payment);
SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM orders);
SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM payment WHERE customer_id IS NOT NULL);
SELECT 1 FROM customer WHERE id NOT IN (1, 2);

-- a star grows with its table
SELECT * FROM payment;
SELECT id, amount FROM payment;
SELECT id FROM (SELECT * FROM payment) p;

-- distinct hides duplicates
SELECT DISTINCT country FROM customer;
SELECT DISTINCT c.id FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT DISTINCT id, country FROM customer;
SELECT DISTINCT o.id FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT DISTINCT country, count(*) FROM customer GROUP BY country;
SELECT DISTINCT ON (country) country, id FROM customer ORDER BY country, id;
SELECT DISTINCT o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id;

-- limit without order picks any rows
SELECT country FROM customer LIMIT 1;
SELECT country FROM customer ORDER BY id LIMIT 1;
SELECT count(*) FROM customer LIMIT 1;
SELECT country FROM customer WHERE id = 5 LIMIT 1;
SELECT 1 FROM customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id LIMIT 1);
SELECT country FROM customer LIMIT 0;

-- clocks cannot be reproduced
SELECT 1 FROM orders WHERE placed_at > current_date;
SELECT now();
SELECT 1 FROM orders WHERE placed_at > date '2026-01-01';

-- the last day ends at its midnight
SELECT 1 FROM orders WHERE placed_at BETWEEN date '2026-01-01' AND date '2026-01-31';
SELECT 1 FROM orders WHERE placed_at >= date '2026-01-01' AND timestamp '2026-01-31 00:00:00' >= placed_at;
SELECT 1 FROM orders WHERE placed_at >= date '2026-01-01' AND placed_at < date '2026-02-01';
SELECT 1 FROM orders WHERE placed_at BETWEEN timestamp '2026-01-01 00:00:00' AND timestamp '2026-01-31 23:59:59';
SELECT 1 FROM orders WHERE placed_at BETWEEN timestamp '2026-01-01 00:00:00' AND timestamp 'infinity';
SELECT 1 FROM orders WHERE placed_at <= date '2026-01-31';
SELECT 1 FROM orders WHERE amount BETWEEN 1 AND 5;

-- time zones are the sessions
SELECT seen_at::date FROM orders;
SELECT date_trunc('day', seen_at) FROM orders;
SELECT 1 FROM orders WHERE seen_at >= date '2026-01-01';
SELECT placed_at::date, date_trunc('day', placed_at) FROM orders;
SELECT extract(epoch FROM seen_at) FROM orders;

-- a quotient of integers is cut off
SELECT amount / 2 FROM orders;
SELECT amount::numeric / 2 FROM orders;
SELECT amount / 1 FROM orders;
SELECT 10 / 5;

-- a chain of ctes does not take exponential time
WITH c0 AS (SELECT id FROM customer), c1 AS (SELECT a.id FROM c0 a JOIN c0 b ON a.id = b.id AND a.id > 5), c2 AS (SELECT a.id FROM c1 a JOIN c1 b ON a.id = b.id AND a.id > 5), c3 AS (SELECT a.id FROM c2 a JOIN c2 b ON a.id = b.id AND a.id > 5), c4 AS (SELECT a.id FROM c3 a JOIN c3 b ON a.id = b.id AND a.id > 5), c5 AS (SELECT a.id FROM c4 a JOIN c4 b ON a.id = b.id AND a.id > 5), c6 AS (SELECT a.id FROM c5 a JOIN c5 b ON a.id = b.id AND a.id > 5), c7 AS (SELECT a.id FROM c6 a JOIN c6 b ON a.id = b.id AND a.id > 5), c8 AS (SELECT a.id FROM c7 a JOIN c7 b ON a.id = b.id AND a.id > 5), c9 AS (SELECT a.id FROM c8 a JOIN c8 b ON a.id = b.id AND a.id > 5), c10 AS (SELECT a.id FROM c9 a JOIN c9 b ON a.id = b.id AND a.id > 5), c11 AS (SELECT a.id FROM c10 a JOIN c10 b ON a.id = b.id AND a.id > 5), c12 AS (SELECT a.id FROM c11 a JOIN c11 b ON a.id = b.id AND a.id > 5), c13 AS (SELECT a.id FROM c12 a JOIN c12 b ON a.id = b.id AND a.id > 5), c14 AS (SELECT a.id FROM c13 a JOIN c13 b ON a.id = b.id AND a.id > 5), c15 AS (SELECT a.id FROM c14 a JOIN c14 b ON a.id = b.id AND a.id > 5), c16 AS (SELECT a.id FROM c15 a JOIN c15 b ON a.id = b.id AND a.id > 5), c17 AS (SELECT a.id FROM c16 a JOIN c16 b ON a.id = b.id AND a.id > 5), c18 AS (SELECT a.id FROM c17 a JOIN c17 b ON a.id = b.id AND a.id > 5), c19 AS (SELECT a.id FROM c18 a JOIN c18 b ON a.id = b.id AND a.id > 5), c20 AS (SELECT a.id FROM c19 a JOIN c19 b ON a.id = b.id AND a.id > 5), c21 AS (SELECT a.id FROM c20 a JOIN c20 b ON a.id = b.id AND a.id > 5), c22 AS (SELECT a.id FROM c21 a JOIN c21 b ON a.id = b.id AND a.id > 5), c23 AS (SELECT a.id FROM c22 a JOIN c22 b ON a.id = b.id AND a.id > 5), c24 AS (SELECT a.id FROM c23 a JOIN c23 b ON a.id = b.id AND a.id > 5), c25 AS (SELECT a.id FROM c24 a JOIN c24 b ON a.id = b.id AND a.id > 5), c26 AS (SELECT a.id FROM c25 a JOIN c25 b ON a.id = b.id AND a.id > 5), c27 AS (SELECT a.id FROM c26 a JOIN c26 b ON a.id = b.id AND a.id > 5), c28 AS (SELECT a.id FROM c27 a JOIN c27 b ON a.id = b.id AND a.id > 5), c29 AS (SELECT a.id FROM c28 a JOIN c28 b ON a.id = b.id AND a.id > 5), c30 AS (SELECT a.id FROM c29 a JOIN c29 b ON a.id = b.id AND a.id > 5), c31 AS (SELECT a.id FROM c30 a JOIN c30 b ON a.id = b.id AND a.id > 5), c32 AS (SELECT a.id FROM c31 a JOIN c31 b ON a.id = b.id AND a.id > 5), c33 AS (SELECT a.id FROM c32 a JOIN c32 b ON a.id = b.id AND a.id > 5), c34 AS (SELECT a.id FROM c33 a JOIN c33 b ON a.id = b.id AND a.id > 5), c35 AS (SELECT a.id FROM c34 a JOIN c34 b ON a.id = b.id AND a.id > 5), c36 AS (SELECT a.id FROM c35 a JOIN c35 b ON a.id = b.id AND a.id > 5), c37 AS (SELECT a.id FROM c36 a JOIN c36 b ON a.id = b.id AND a.id > 5), c38 AS (SELECT a.id FROM c37 a JOIN c37 b ON a.id = b.id AND a.id > 5), c39 AS (SELECT a.id FROM c38 a JOIN c38 b ON a.id = b.id AND a.id > 5) SELECT sum(o.amount) FROM orders o JOIN c39 ON c39.id = o.customer_id;

-- of tables without keys and statistics nothing is claimed
SELECT sum(b.id) FROM b JOIN a ON a.id = b.a_id;
SELECT sum(k.v) FROM k JOIN b ON b.a_id = k.id;

-- a large table should be filtered
SELECT sum(amount) FROM orders;
SELECT customer_id FROM orders;
SELECT customer_id FROM orders LIMIT 10;
SELECT count(*) FROM orders LIMIT 10;
SELECT customer_id FROM orders WHERE amount > 5;
SELECT max(id) FROM orders;
SELECT max(amount) FROM orders;
SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE c.country = 'PE';
SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id;
SELECT o.id FROM orders o LEFT JOIN customer c ON c.id = o.customer_id AND c.country = 'PE';
SELECT o.id FROM orders o LEFT JOIN customer c ON c.id = o.customer_id WHERE c.country = 'PE';
SELECT id FROM (SELECT * FROM orders) x WHERE id > 5;
SELECT id FROM (SELECT * FROM orders) x;
SELECT id FROM (SELECT * FROM orders) x LIMIT 5;
WITH x AS (SELECT * FROM orders) SELECT id FROM x WHERE id > 5;
SELECT n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) x WHERE n > 5;
SELECT n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) x WHERE customer_id = 5;
SELECT 1 FROM customer WHERE EXISTS (SELECT 1 FROM orders);
SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM payment p WHERE p.id = o.id);
INSERT INTO orders SELECT id, region, credit FROM customer;

-- a read that may write is told
SELECT log_it(id) FROM payment;
SELECT nextval('s');
SELECT random(), abs(id) FROM payment;

-- a write of every row is stopped
DELETE FROM payment;
UPDATE payment SET amount = 0;
DELETE FROM payment WHERE true;
DELETE FROM payment WHERE 1 = 1;
DELETE FROM payment USING customer WHERE customer.id = 5;
UPDATE payment SET amount = 0 WHERE EXISTS (SELECT 1 FROM customer);
UPDATE payment SET amount = 0 WHERE true OR id = 5;
DELETE FROM payment WHERE id = id;
DELETE FROM payment WHERE id IS NOT NULL AND 2 = 2;
DELETE FROM payment WHERE id = 5;
DELETE FROM payment WHERE customer_id IS NOT NULL;
DELETE FROM payment WHERE false OR id = 5;
DELETE FROM payment USING customer WHERE payment.customer_id = customer.id;
DELETE FROM payment WHERE EXISTS (SELECT 1 FROM customer c WHERE c.id = payment.customer_id);

-- an aggregate over repeated rows is stopped
SELECT max(c.credit) FROM customer c JOIN orders o ON o.customer_id = c.id;

-- sources that nothing connects are a product
SELECT 1 FROM customer c, orders o;
SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id, payment p;
SELECT 1 FROM customer c, orders o WHERE c.region = 1 AND o.amount = 1;
SELECT 1 FROM customer c JOIN orders o ON o.customer_id = c.id JOIN payment p ON p.customer_id = c.id WHERE c.id = 5;
SELECT 1 FROM orders o, payment p WHERE o.customer_id = 5 AND p.customer_id = 5;
SELECT 1 FROM customer c, orders o WHERE EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = c.id AND p.id = o.id);
SELECT 1 FROM customer c, (SELECT max(amount) FROM orders) m;
SELECT 1 FROM customer c, orders o WHERE o.id = 5;
SELECT 1 FROM customer c, generate_series(1, 12) m;
SELECT 1 FROM customer c, (VALUES (1), (2)) v (n);
SELECT 1 FROM customer c, LATERAL (SELECT * FROM orders o WHERE o.customer_id = c.id) x;
SELECT 1 FROM customer c, generate_series(1, c.region) u, orders o WHERE o.customer_id = u.u;
WITH months AS (SELECT m FROM generate_series(1, 12) m) SELECT 1 FROM customer c CROSS JOIN months;
SELECT 1 FROM customer c WHERE id IN (SELECT id FROM orders);
SELECT id FROM customer UNION ALL SELECT id FROM orders;
INSERT INTO orders SELECT * FROM payment;
DELETE FROM orders USING customer WHERE orders.customer_id = customer.id;

-- states and statistics are told
SELECT id FROM payment;

-- what a view holds is looked at under its name
SELECT sum(w.credit) FROM worth w JOIN orders o ON o.customer_id = w.id;
