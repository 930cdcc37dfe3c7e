-- Workers of a parallel query: what functions do there is held to the tables of
-- the statement that their leader runs.
SET spyne.require_preview = users;
CALL regress.make('pv_par');
\set VERBOSITY terse
SET search_path = pv_par, public;
SET ROLE regress_analyst;
CREATE FUNCTION pv_par.peek() RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN (SELECT string_agg(v, ',') FROM pv_par.ro); END $$;
CREATE FUNCTION pv_par.worker() RETURNS boolean LANGUAGE sql PARALLEL SAFE AS $$ SELECT pg_backend_pid()::text <> current_setting('pv_par.leader') $$;
SELECT set_config('pv_par.leader', pg_backend_pid()::text, false) <> '' AS told;
CREATE TABLE pv_par.mine AS SELECT 1 AS id;
-- Its name has been another since PostgreSQL 16.
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT worker();
SELECT peek();
\echo :LAST_ERROR_SQLSTATE
SELECT peek() FROM mine;
SELECT count(*) FROM spyne_preview('SELECT peek() FROM act LIMIT 1');
SELECT peek() FROM act LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
-- Within its tables it may.
SELECT count(*) FROM spyne_preview('SELECT worker(), peek() FROM ro WHERE id = 1');
SELECT worker(), peek() FROM ro WHERE id = 1;
SELECT count(*) FROM spyne_preview('SELECT worker(), v FROM dep ORDER BY id', include_deprecated => true);
SELECT worker(), v FROM dep ORDER BY id;
SELECT result_count FROM spyne.query_executions JOIN spyne.query_previews USING (preview_id) WHERE sql LIKE 'SELECT worker%' ORDER BY execution_id;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
DROP FUNCTION peek(), worker();
DROP TABLE mine;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_par');
