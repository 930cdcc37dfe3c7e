-- A statement prepared, and planned, while it was allowed, and executed once it
-- is not any more: the plan is cached, the decision is not.
CREATE SCHEMA atk_prep;
GRANT USAGE ON SCHEMA atk_prep TO PUBLIC;
CREATE TABLE atk_prep.t (id integer PRIMARY KEY, v text);
INSERT INTO atk_prep.t VALUES (1, 'a');
GRANT ALL ON atk_prep.t TO PUBLIC;
SET plan_cache_mode = force_generic_plan;
PREPARE put (integer) AS INSERT INTO atk_prep.t VALUES ($1, 'x');
PREPARE fix (text) AS UPDATE atk_prep.t SET v = $1;
PREPARE cut AS DELETE FROM atk_prep.t;
PREPARE get AS SELECT * FROM atk_prep.t ORDER BY id;
PREPARE hold AS SELECT * FROM atk_prep.t FOR UPDATE;
EXECUTE put (2);
EXECUTE fix ('b');
EXECUTE get;
EXECUTE hold;
SELECT name, generic_plans > 0 AS cached FROM pg_prepared_statements ORDER BY name;

-- READ_ONLY from the next statement on.
SELECT * FROM spyne_register('atk_prep.t', 'atk_prep_t');
EXECUTE put (3);
EXECUTE fix ('c');
EXECUTE cut;
EXECUTE hold;
EXECUTE get;
SET ROLE regress_nobody;
EXECUTE get;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT * FROM regress.contents('atk_prep');

-- SHADOW: the analyst's plan is refused; the same plan runs for an engineer.
SELECT spyne_unregister('atk_prep.t');
SET ROLE regress_analyst;
EXECUTE get;
RESET ROLE;
SELECT name, state FROM spyne_register('atk_prep.t', 'atk_prep_t', 'SHADOW');
GRANT ALL ON atk_prep.t TO PUBLIC;
SET ROLE regress_analyst;
EXECUTE get;
SET ROLE regress_engineer;
EXECUTE get;
EXECUTE put (4);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- ACTIVE, then DEPRECATED.
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_prep.t');
GRANT ALL ON atk_prep.t TO PUBLIC;
SET ROLE regress_engineer;
EXECUTE put (5);
EXECUTE get;
SET ROLE regress_analyst;
EXECUTE put (6);
EXECUTE get;
RESET ROLE;
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('atk_prep.t', 'test');
EXECUTE put (7);
\set VERBOSITY terse
SELECT says FROM regress.attempt('EXECUTE get') WHERE field <> 'hint';
SET spyne.include_deprecated = on;
EXECUTE get;
RESET spyne.include_deprecated;
SELECT says FROM regress.attempt('EXECUTE get') WHERE field = 'SQLSTATE';
SELECT * FROM regress.contents('atk_prep');
DEALLOCATE ALL;
RESET plan_cache_mode;
CALL regress.remove('atk_prep');
