-- EXPLAIN shows a plan and writes nothing; EXPLAIN ANALYZE runs the statement.
CALL regress.make('atk_explain');
EXPLAIN (COSTS off) DELETE FROM atk_explain.ro;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) DELETE FROM atk_explain.ro;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) WITH d AS (UPDATE atk_explain.dep SET v = 'x' RETURNING *) SELECT count(*) FROM d;
PREPARE cut AS DELETE FROM atk_explain.ro;
EXPLAIN (ANALYZE, COSTS off) EXECUTE cut;
DEALLOCATE cut;
SET ROLE regress_analyst;
EXPLAIN (COSTS off) INSERT INTO atk_explain.act VALUES (9, 'x');
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) INSERT INTO atk_explain.act VALUES (9, 'x');
-- A plan tells of the data, so it is a read.
EXPLAIN (COSTS off) SELECT * FROM atk_explain.sha;
EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT * FROM atk_explain.sha;
SET ROLE regress_nobody;
EXPLAIN SELECT * FROM atk_explain.ro;
RESET ROLE;
SELECT * FROM regress.contents('atk_explain');
CALL regress.remove('atk_explain');
