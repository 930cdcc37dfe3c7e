-- Data-modifying WITH: the write hides behind a SELECT from somewhere else.
CALL regress.make('atk_cte');
CREATE TABLE atk_cte.free (id integer, v text);
WITH gone AS (DELETE FROM atk_cte.ro RETURNING *) INSERT INTO atk_cte.free SELECT * FROM gone;
WITH gone AS (UPDATE atk_cte.dep SET v = 'x' RETURNING id) SELECT 1;
WITH never AS (INSERT INTO atk_cte.ro VALUES (9, 'x')) SELECT count(*) FROM atk_cte.free;
SET ROLE regress_analyst;
WITH a AS (SELECT 1), b AS (INSERT INTO atk_cte.act VALUES (9, 'x') RETURNING *) SELECT * FROM a, b;
WITH s AS MATERIALIZED (SELECT * FROM atk_cte.sha) SELECT count(*) FROM s;
WITH s AS (SELECT * FROM atk_cte.sha) SELECT count(*) FROM atk_cte.act;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT count(*) FROM atk_cte.sha)) SELECT count(*) FROM r;
SELECT (SELECT max(v) FROM atk_cte.sha);
SELECT 1 WHERE EXISTS (SELECT FROM atk_cte.sha WHERE id = 1);
SELECT * FROM atk_cte.act a, LATERAL (SELECT v FROM atk_cte.sha s WHERE s.id = a.id) l;
RESET ROLE;
SELECT * FROM regress.contents('atk_cte');
CALL regress.remove('atk_cte');
