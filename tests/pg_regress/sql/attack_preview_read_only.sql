-- Where nothing can be written a preview is held by the session alone, and binds
-- no less.
SET spyne.require_preview = users;
CALL regress.make('pv_ro');
\set VERBOSITY terse
SET search_path = pv_ro, public;
SET ROLE regress_engineer;
BEGIN READ ONLY;
SAVEPOINT s;
SELECT count(*) AS held FROM ro;
ROLLBACK TO s;
SELECT statement, requires_confirmation FROM spyne_preview('SELECT count(*) AS held FROM ro');
SELECT count(*) AS held FROM ro;
SELECT count(*) AS  held FROM ro;
ROLLBACK TO s;
-- Held by the session, it outlives the transaction, but not the session's user.
COMMIT;
SELECT count(*) AS held FROM ro;
SET ROLE regress_analyst;
SELECT count(*) AS held FROM ro;
SET ROLE regress_engineer;
SELECT count(*) FROM spyne.query_previews WHERE sql = 'SELECT count(*) AS held FROM ro';
-- A write that was looked at there runs once, where it can.
BEGIN READ ONLY;
SELECT statement FROM spyne_preview($$UPDATE act SET v = 'held' WHERE id = 1$$);
UPDATE act SET v = 'held' WHERE id = 1;
COMMIT;
UPDATE act SET v = 'held' WHERE id = 1;
UPDATE act SET v = 'held' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM regress.contents('pv_ro') WHERE "table" = 'act';
-- Nothing is tried where nothing can be written, and a stop stops.
BEGIN READ ONLY;
SELECT * FROM spyne_preview($$DELETE FROM act WHERE id = 1$$, dry_run => true);
ROLLBACK;
BEGIN READ ONLY;
SELECT requires_confirmation FROM spyne_preview('SELECT * FROM ro a, ro b');
SELECT * FROM ro a, ro b;
ROLLBACK;
-- Held, it goes stale like any other.
BEGIN READ ONLY;
SELECT count(*) FROM spyne_preview('SELECT count(*) FROM act WHERE id > 0');
COMMIT;
SELECT count(*) FROM act WHERE id > 0;
RESET ROLE;
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('act', 'a test');
SET ROLE regress_engineer;
SET spyne.include_deprecated = on;
SELECT count(*) FROM act WHERE id > 0;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
RESET spyne.include_deprecated;
RESET search_path;
CALL regress.remove('pv_ro');
