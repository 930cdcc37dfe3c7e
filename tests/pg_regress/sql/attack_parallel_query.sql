-- Parallel workers trust their leader's check; the leader is checked.
CREATE SCHEMA atk_par;
GRANT USAGE ON SCHEMA atk_par TO PUBLIC;
CREATE TABLE atk_par.t AS SELECT i AS id, 'v' || i AS v FROM generate_series(1, 1000) i;
ANALYZE atk_par.t;
SELECT name, state FROM spyne_register('atk_par.t', 'atk_par_t', 'SHADOW');
GRANT ALL ON atk_par.t TO PUBLIC;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT count(*) FROM atk_par.t;
SET ROLE regress_engineer;
SELECT count(*), max(id) FROM atk_par.t;
SET parallel_leader_participation = off;
SELECT count(*), max(id) FROM atk_par.t;
SET ROLE regress_analyst;
SELECT count(*) FROM atk_par.t;
\echo :LAST_ERROR_SQLSTATE
-- Its name has been another since PostgreSQL 16.
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT max(v) FROM atk_par.t;
RESET ROLE;
CREATE FUNCTION atk_par.reader() RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN (SELECT count(*) FROM atk_par.t); END $$;
SET ROLE regress_engineer;
SELECT atk_par.reader();
SET ROLE regress_analyst;
\set VERBOSITY sqlstate
SELECT atk_par.reader();
\set VERBOSITY default
SET ROLE regress_engineer;
SELECT max(id) FROM atk_par.t;
RESET ROLE;
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_par.t');
SET ROLE regress_viewer;
SELECT count(*) FROM governed.atk_par_t;
RESET ROLE;
RESET ALL;
CALL regress.remove('atk_par');
