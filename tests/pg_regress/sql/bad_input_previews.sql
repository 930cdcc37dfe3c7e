-- What people get wrong about previews: each a clear error, and nothing stored.
CALL regress.make('pv_bad');
SET search_path = pv_bad, public;
CREATE TABLE customer (id integer PRIMARY KEY, name text);
GRANT ALL ON customer TO PUBLIC;
SET ROLE regress_engineer;
\pset null '-'
CREATE FUNCTION pg_temp.wrong(call text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT says FROM regress.attempt(call) $$;
-- The text.
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(NULL)');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview('''')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview('' ; -- nothing'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1; SELECT 2;'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT id FORM act'')');
SELECT pg_temp.wrong($$SELECT * FROM spyne_preview(E'SELECT id,\n  v\nFROM act\nWERE id = 1')$$);
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT ''''unfinished'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM custmer'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM pv_bad.custmer'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM nowhere.at_all'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT nam FROM customer'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT name FROM customer WHERE lowre(name) = 1'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT id, count(*) FROM customer'')');
-- Kinds without a preview.
SELECT kind, s.says FROM unnest(ARRAY['VACUUM customer', 'CREATE TABLE x (id int)', 'ALTER TABLE customer ADD x int', 'DROP TABLE customer', 'TRUNCATE customer', 'GRANT SELECT ON customer TO PUBLIC',
    'SET search_path = x', 'BEGIN', 'COMMIT', 'CALL x()', 'DO $x$ BEGIN END $x$', 'LISTEN x', 'LOCK TABLE customer', 'FETCH ALL FROM x', 'REFRESH MATERIALIZED VIEW x']) kind,
    LATERAL (SELECT says FROM regress.attempt(format('SELECT * FROM spyne_preview(%L)', kind)) WHERE field = 'message') s;
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''VACUUM customer'')');
-- EXECUTE of what is not prepared; a parameter that no type can be found for.
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''EXECUTE nothing'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT $1'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT id FROM customer WHERE $2 > id'')');
SELECT statement, estimated_rows FROM spyne_preview('SELECT name FROM customer WHERE id = $1');
-- The other arguments.
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1'', dry_run => NULL)');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1'', include_deprecated => NULL)');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1'', dry_run => true)');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''EXPLAIN ANALYZE DELETE FROM act WHERE id = 1'', dry_run => true)');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1'', override => ''{NOTHING}'', reason => ''why not'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT 1'', override => ''{EXPLOSIVE_JOIN}'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM act'', pin => ''[1]'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM act'', pin => ''{"pv_bad_act": 1}'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM act'', pin => ''{"pv_bad_act": "v9"}'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM ro'', pin => ''{"pv_bad_act": "v1"}'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM dep'')');
-- A dry run that fails says why, and leaves nothing.
SELECT pg_temp.wrong($$SELECT * FROM spyne_preview('INSERT INTO act VALUES (1, ''twice'')', dry_run => true)$$);
SELECT pg_temp.wrong($$SELECT * FROM spyne_preview('UPDATE act SET id = id / 0 WHERE id = 1', dry_run => true)$$);
SELECT * FROM regress.contents('pv_bad') WHERE "table" = 'act';
-- The others.
SELECT pg_temp.wrong('SELECT * FROM spyne_validate(NULL)');
SELECT pg_temp.wrong('SELECT * FROM spyne_validate(''SELECT'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_execute(NULL)');
SELECT pg_temp.wrong('SELECT * FROM spyne_execute(''00000000-0000-0000-0000-000000000000'')');
SELECT pg_temp.wrong('SELECT * FROM spyne_open(''00000000-0000-0000-0000-000000000000'')');
SELECT pg_temp.wrong('SELECT spyne_explain(NULL)');
SELECT pg_temp.wrong('SELECT spyne_explain(-1)');
SELECT pg_temp.wrong(format('SELECT spyne_open(%L)', (SELECT preview_id FROM spyne_preview('DELETE FROM act WHERE id = 1'))));
SELECT pg_temp.wrong(format('SELECT count(*) FROM spyne_execute(%L)', (SELECT preview_id FROM spyne_preview('COPY act TO STDOUT'))));
-- Of all that, only what answered is stored.
SELECT sql FROM spyne.query_previews WHERE user_name = 'regress_engineer' AND search_path LIKE 'pv_bad%' ORDER BY created_at;
-- Without a role, and without a privilege.
RESET ROLE;
REVOKE ALL ON customer FROM PUBLIC;
SET ROLE regress_engineer;
SELECT pg_temp.wrong('SELECT * FROM spyne_preview(''SELECT * FROM customer'')');
SET ROLE regress_nobody;
SELECT spyne_preview('SELECT 1');
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_bad');
