-- A cursor opened while reading was allowed, and fetched from afterwards. One
-- that holds its rows needs the table no more, so FETCH itself must be checked,
-- whoever fetches.
CALL regress.make('atk_cursor');
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM atk_cursor.act ORDER BY id;
SET ROLE regress_analyst;
DECLARE held_by_analyst CURSOR WITH HOLD FOR SELECT * FROM atk_cursor.act ORDER BY id;
RESET ROLE;

-- A change of state does not go past a cursor that is open in this transaction.
BEGIN;
DECLARE opened CURSOR FOR SELECT * FROM atk_cursor.act;
FETCH opened;
SELECT * FROM spyne_deprecate('atk_cursor.act', 'test');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT state FROM spyne.tables WHERE relation = 'atk_cursor.act'::regclass;

SELECT kind FROM spyne_deprecate('atk_cursor.act', 'test');
\set VERBOSITY sqlstate
FETCH held;
MOVE held;
FETCH ALL FROM held;
SET ROLE regress_analyst;
FETCH held_by_analyst;
\set VERBOSITY default
SET spyne.include_deprecated = on;
FETCH held_by_analyst;
RESET spyne.include_deprecated;
RESET ROLE;
CLOSE ALL;

-- Opting in for the DECLARE alone is not enough.
BEGIN;
SET LOCAL spyne.include_deprecated = on;
DECLARE asked CURSOR FOR SELECT * FROM atk_cursor.dep;
SET LOCAL spyne.include_deprecated = off;
\set VERBOSITY sqlstate
FETCH asked;
\set VERBOSITY default
ROLLBACK;

-- Nor is a role that has gone by the time of the FETCH.
CREATE ROLE regress_once;
GRANT spyne_engineer TO regress_once;
GRANT regress_once TO regress_analyst;
SET ROLE regress_once;
DECLARE as_engineer CURSOR WITH HOLD FOR SELECT * FROM atk_cursor.sha ORDER BY id;
SET ROLE regress_viewer;
FETCH as_engineer;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CLOSE ALL;
DROP ROLE regress_once;

-- Writing through a cursor.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM atk_cursor.ro;
FETCH c;
UPDATE atk_cursor.ro SET v = 'x' WHERE CURRENT OF c;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM atk_cursor.ro FOR UPDATE;
ROLLBACK;
SELECT * FROM regress.contents('atk_cursor');
CALL regress.remove('atk_cursor');
