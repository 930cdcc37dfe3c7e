-- A previewed write runs once, dry runs leave nothing, and what has changed
-- since the preview makes it stale.
SET spyne.require_preview = users;
CALL regress.make('pv_write');
-- Their DETAIL has ids and times.
\set VERBOSITY terse
SET search_path = pv_write, public;
SET ROLE regress_engineer;
UPDATE act SET v = 'new' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT estimated_rows, dry_run_result FROM spyne_preview($$UPDATE act SET v = 'new' WHERE id = 1$$, dry_run => true);
SELECT * FROM regress.contents('pv_write') WHERE "table" = 'act';
UPDATE act SET v = 'new' WHERE id = 1;
UPDATE act SET v = 'new' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
-- Undone, it has not run.
SELECT statement FROM spyne_preview($$DELETE FROM act WHERE id = 2$$);
BEGIN;
DELETE FROM act WHERE id = 2;
ROLLBACK;
BEGIN;
SAVEPOINT a;
DELETE FROM act WHERE id = 2;
ROLLBACK TO a;
DELETE FROM act WHERE id = 2;
DELETE FROM act WHERE id = 2;
ROLLBACK;
SELECT * FROM regress.contents('pv_write') WHERE "table" = 'act';
-- In a loop.
SELECT count(*) FROM spyne_preview($$INSERT INTO act VALUES (10, 'loop')$$);
DO $$ BEGIN
    FOR i IN 1..3 LOOP
        PERFORM spyne_execute(preview_id) FROM spyne.query_previews WHERE sql LIKE 'INSERT INTO act VALUES (10%' ORDER BY created_at DESC LIMIT 1;
        RAISE NOTICE 'run %', i;
    END LOOP;
EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE NOTICE '%', SQLERRM;
END $$;
SELECT * FROM regress.contents('pv_write') WHERE "table" = 'act';
-- A dry run of what fails fails, and one of what writes nothing is none.
SELECT count(*) FROM spyne_preview($$INSERT INTO act VALUES (1, 'twice')$$, dry_run => true);
SELECT count(*) FROM spyne_preview($$SELECT v FROM act$$, dry_run => true);
-- One that is cancelled leaves nothing either, and no preview.
CREATE FUNCTION pv_write.slow() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN 'late'; END $$;
SET statement_timeout = '1s';
SELECT count(*) FROM spyne_preview('UPDATE act SET v = slow() WHERE id = 1', dry_run => true);
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT * FROM regress.contents('pv_write') WHERE "table" = 'act';
SELECT count(*) FROM spyne.query_previews WHERE sql LIKE '%slow()%';
-- A write to what nobody may write to.
SELECT count(*) FROM spyne_preview($$UPDATE ro SET v = 'x' WHERE id = 1$$, dry_run => true);
SELECT count(*) FROM spyne_preview($$UPDATE ro SET v = 'x' WHERE id = 1$$);
UPDATE ro SET v = 'x' WHERE id = 1;
-- Without WHERE it stops, unless somebody says why.
SELECT requires_confirmation FROM spyne_preview('DELETE FROM act');
DELETE FROM act;
SELECT count(*) FROM spyne_preview('DELETE FROM act', override => '{WRITE_WITHOUT_WHERE}');
SELECT count(*) FROM spyne_preview('DELETE FROM act', override => '{NONSENSE}', reason => 'x');
SELECT requires_confirmation FROM spyne_preview('DELETE FROM act', override => '{WRITE_WITHOUT_WHERE}', reason => 'it is a test');
BEGIN;
DELETE FROM act;
ROLLBACK;
-- Stale: by state, by version, by columns, by a view's definition, by row security.
SET ROLE regress_analyst;
SELECT count(*) FROM spyne_preview('SELECT v FROM act WHERE id = 1');
SELECT v FROM act WHERE id = 1;
RESET ROLE;
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('pv_write.act', 'test');
SET ROLE regress_analyst;
SELECT v FROM act WHERE id = 1;
RESET ROLE;
SELECT count(*) > 0 AS restored FROM spyne_restore('pv_write.act');
SET ROLE regress_analyst;
SELECT v FROM act WHERE id = 1;
RESET ROLE;
ALTER TABLE pv_write.act ENABLE ROW LEVEL SECURITY;
SET ROLE regress_analyst;
SELECT v FROM act WHERE id = 1;
RESET ROLE;
ALTER TABLE pv_write.act DISABLE ROW LEVEL SECURITY;
CREATE VIEW pv_write.seen AS SELECT v FROM pv_write.act;
GRANT SELECT ON pv_write.seen TO PUBLIC;
SET ROLE regress_analyst;
SELECT count(*) FROM spyne_preview('SELECT v FROM seen');
SELECT v FROM seen;
RESET ROLE;
CREATE OR REPLACE VIEW pv_write.seen AS SELECT v || '!' AS v FROM pv_write.act;
SET ROLE regress_analyst;
SELECT v FROM seen;
-- Expired.
RESET ROLE;
SET spyne.preview_ttl = '1s';
SET ROLE regress_analyst;
SELECT count(*) FROM spyne_preview('SELECT id FROM act WHERE id = 1');
SELECT pg_sleep(1.1);
SELECT id FROM act WHERE id = 1;
RESET ROLE;
RESET spyne.preview_ttl;
RESET search_path;
DROP VIEW pv_write.seen;
CALL regress.remove('pv_write');
