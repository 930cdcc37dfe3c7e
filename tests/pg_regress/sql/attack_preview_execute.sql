-- spyne_execute and spyne_open: in loops, in CTEs, in functions, of others.
SET spyne.require_preview = users;
CALL regress.make('pv_exec');
\set VERBOSITY terse
SET search_path = pv_exec, public;
SET ROLE regress_engineer;
SELECT preview_id AS change FROM spyne_preview($$UPDATE act SET v = v || '+' WHERE id = 1$$) \gset
-- Twice in one statement: once.
SELECT count(*) FROM generate_series(1, 3) n, LATERAL (SELECT n, x FROM spyne_execute(:'change') x) y;
SELECT (SELECT count(*) FROM spyne_execute(:'change')), (SELECT count(*) FROM spyne_execute(:'change'));
SELECT * FROM regress.contents('pv_exec') WHERE "table" = 'act';
SELECT count(*) FROM spyne_execute(:'change');
SELECT count(*) FROM spyne_execute(:'change');
SELECT * FROM regress.contents('pv_exec') WHERE "table" = 'act';
-- In a loop, with each error caught.
SELECT preview_id AS change FROM spyne_preview($$UPDATE act SET v = v || '-' WHERE id = 2$$) \gset
SELECT set_config('pv_exec.id', :'change', false) IS NOT NULL AS told;
DO $$
DECLARE done integer := 0;
BEGIN
    FOR i IN 1..5 LOOP
        BEGIN
            PERFORM FROM spyne_execute(current_setting('pv_exec.id')::uuid);
            done := done + 1;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    RAISE NOTICE 'it ran % times', done;
END $$;
SELECT * FROM regress.contents('pv_exec') WHERE "table" = 'act';
-- Undone in a block, it has not run, and runs once more.
SELECT preview_id AS change FROM spyne_preview($$INSERT INTO act VALUES (5, 'once')$$) \gset
SELECT set_config('pv_exec.id', :'change', false) IS NOT NULL AS told;
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            PERFORM FROM spyne_execute(current_setting('pv_exec.id')::uuid);
            RAISE EXCEPTION 'undo it';
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    PERFORM FROM spyne_execute(current_setting('pv_exec.id')::uuid);
END $$;
SELECT * FROM regress.contents('pv_exec') WHERE "table" = 'act';
-- A CTE that runs one, beside a read that nobody has looked at.
SELECT preview_id AS reads FROM spyne_preview('SELECT * FROM ro ORDER BY id') \gset
WITH x AS MATERIALIZED (SELECT * FROM spyne_execute(:'reads') r) SELECT x.r FROM x;
WITH x AS MATERIALIZED (SELECT * FROM spyne_execute(:'reads') r) SELECT x.r, act.v FROM x, act;
\echo :LAST_ERROR_SQLSTATE
-- In somebody else's search_path the same text means something else.
SET search_path = public;
SELECT count(*) FROM spyne_execute(:'reads');
SET search_path = pv_exec, public;
-- Of another.
SET ROLE regress_analyst;
\set VERBOSITY sqlstate
SELECT * FROM spyne_execute(:'reads');
SELECT spyne_open(:'reads');
SELECT count(*) FROM spyne.query_previews WHERE preview_id = :'reads';
-- What these two stand on is nothing but the text.
SELECT spyne.preview_statement(:'reads', false);
\set VERBOSITY terse
SELECT spyne.schema_snapshot(0);
INSERT INTO spyne.query_previews DEFAULT VALUES;
UPDATE spyne.query_previews SET user_oid = 'regress_analyst'::regrole, expires_at = 'infinity';
DELETE FROM spyne.query_executions;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_exec');
