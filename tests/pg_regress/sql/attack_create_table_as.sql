-- CREATE TABLE AS, SELECT INTO, EXECUTE into a table: they read, and what they
-- make would be free of all rules.
CALL regress.make('atk_ctas');
PREPARE steal AS SELECT * FROM atk_ctas.sha;
SET ROLE regress_analyst;
CREATE TABLE atk_ctas.a AS SELECT * FROM atk_ctas.sha;
CREATE TABLE atk_ctas.b AS TABLE atk_ctas.sha WITH NO DATA;
CREATE TABLE atk_ctas.c AS EXECUTE steal;
SELECT * INTO atk_ctas.d FROM atk_ctas.sha;
CREATE TEMP TABLE e AS SELECT * FROM atk_ctas.sha;
CREATE TABLE atk_ctas.f (LIKE atk_ctas.sha INCLUDING ALL);
INSERT INTO atk_ctas.f SELECT * FROM atk_ctas.sha;
EXPLAIN ANALYZE CREATE TABLE atk_ctas.g AS SELECT * FROM atk_ctas.sha;
SET ROLE regress_nobody;
SELECT * INTO atk_ctas.h FROM atk_ctas.ro;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CREATE TABLE atk_ctas.i AS WITH d AS (DELETE FROM atk_ctas.ro RETURNING *) SELECT * FROM d;
-- WITH NO DATA reads no rows; what was made holds none.
SELECT * FROM regress.contents('atk_ctas');
DEALLOCATE steal;
CALL regress.remove('atk_ctas');
