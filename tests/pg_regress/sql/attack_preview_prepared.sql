-- Prepared statements: from before the rule was on, from before a change, with
-- other parameters, and with a generic plan that is kept.
SET spyne.require_preview = users;
CALL regress.make('pv_prep');
\set VERBOSITY terse
SET search_path = pv_prep, public;
SET ROLE regress_admin;
-- Prepared and warm where nobody has to look.
PREPARE one(integer) AS SELECT v FROM act WHERE id = $1;
PREPARE change(integer) AS UPDATE act SET v = 'changed' WHERE id = $1;
EXECUTE one(1);
EXECUTE one(1);
EXECUTE one(1);
EXECUTE one(1);
EXECUTE one(1);
EXECUTE one(1);
SET ROLE regress_analyst;
EXECUTE one(1);
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) EXECUTE one(1);
CREATE TEMPORARY TABLE copied AS EXECUTE one(1);
SELECT to_regclass('copied');
SET ROLE regress_engineer;
EXECUTE change(1);
SELECT * FROM regress.contents('pv_prep') WHERE "table" = 'act';
-- The rule is switched on under a warm plan.
RESET ROLE;
SET spyne.require_preview = off;
SET ROLE regress_analyst;
EXECUTE one(1);
RESET ROLE;
SET spyne.require_preview = users;
SET ROLE regress_analyst;
EXECUTE one(1);
-- What authorises EXECUTE: a preview of the PREPARE, whatever the parameters; or
-- one of EXECUTE, with these parameters and no others. The statement by itself is
-- another text than either.
SELECT statement FROM spyne_preview('SELECT v FROM act WHERE id = $1');
EXECUTE one(1);
SELECT statement FROM spyne_preview('EXECUTE one(2)');
EXECUTE one(2);
EXECUTE one(1);
EXECUTE  one(2);
-- The name is taken by another statement: what was looked at is not it.
DEALLOCATE one;
PREPARE one(integer) AS SELECT v || (SELECT max(v) FROM ro) FROM act WHERE id = $1;
EXECUTE one(2);
\echo :LAST_ERROR_SQLSTATE
DEALLOCATE one;
-- A preview of PREPARE lets the statement run that it prepares.
SELECT statement FROM spyne_preview('PREPARE two AS SELECT count(*) FROM ro');
PREPARE two AS SELECT count(*) FROM ro;
EXECUTE two;
-- A statement that has run many times goes stale like any other.
SELECT statement FROM spyne_preview('SELECT count(*) FROM act');
PREPARE three AS SELECT count(*) FROM act;
SELECT statement FROM spyne_preview('EXECUTE three');
EXECUTE three;
EXECUTE three;
EXECUTE three;
EXECUTE three;
EXECUTE three;
EXECUTE three;
RESET ROLE;
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('act', 'a test');
SET ROLE regress_analyst;
EXECUTE three;
\echo :LAST_ERROR_SQLSTATE
DEALLOCATE ALL;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_prep');
