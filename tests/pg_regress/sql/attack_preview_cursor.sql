-- Cursors: declared without a look, held over the end of the transaction,
-- opened in functions, fetched from after the preview has gone.
SET spyne.require_preview = users;
CALL regress.make('pv_curs');
\set VERBOSITY terse
SET search_path = pv_curs, public;
SET ROLE regress_analyst;
BEGIN;
DECLARE unseen CURSOR FOR SELECT * FROM ro;
ROLLBACK;
DECLARE unseen CURSOR WITH HOLD FOR SELECT * FROM ro;
SELECT count(*) FROM pg_cursors;
CREATE FUNCTION pv_curs.opened() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'mine'; BEGIN OPEN c FOR SELECT * FROM ro; RETURN c; END $$;
BEGIN;
SELECT opened();
ROLLBACK;
CREATE FUNCTION pv_curs.looped() RETURNS SETOF text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM ro LOOP RETURN NEXT r.v; END LOOP; END $$;
SELECT looped();
-- Looked at as a whole, it runs; what is fetched later is watched as well.
SELECT count(*) FROM unnest(ARRAY['DECLARE seen CURSOR FOR SELECT * FROM ro ORDER BY id', 'DECLARE held CURSOR WITH HOLD FOR SELECT id FROM ro ORDER BY id']) q, spyne_preview(q);
BEGIN;
DECLARE seen CURSOR FOR SELECT * FROM ro ORDER BY id;
FETCH 1 FROM seen;
FETCH 1 FROM seen;
COMMIT;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM ro ORDER BY id;
FETCH ALL FROM held;
CLOSE held;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM ro ORDER BY v;
CREATE FUNCTION pv_curs.peek(integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT v FROM act WHERE id = $1); END $$;
SELECT statement FROM spyne_preview('DECLARE peeks CURSOR FOR SELECT id, peek(id) FROM ro ORDER BY id');
BEGIN;
DECLARE peeks CURSOR FOR SELECT id, peek(id) FROM ro ORDER BY id;
FETCH 1 FROM peeks;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- Opened for a query with a write in it, by nobody's leave.
SET ROLE regress_engineer;
SELECT spyne_open((SELECT preview_id FROM spyne_preview($$WITH x AS (UPDATE act SET v = 'x' WHERE id = 1 RETURNING id) SELECT * FROM x$$)));
SELECT * FROM regress.contents('pv_curs') WHERE "table" = 'act';
-- Opened by spyne_open, it ends with the transaction.
SET ROLE regress_analyst;
BEGIN;
SELECT spyne_open((SELECT preview_id FROM spyne_preview('SELECT id FROM ro ORDER BY id'))) IS NOT NULL AS opened;
SELECT name <> 'x' AS named, statement FROM pg_cursors;
COMMIT;
SELECT count(*) FROM pg_cursors;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_curs');
