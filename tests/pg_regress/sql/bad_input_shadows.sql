-- Bad input to spyne_create_shadow: each is a clear error with SQLSTATE, detail
-- and hint, and changes nothing.
\pset format unaligned
\pset tuples_only on
CALL regress.make('bad_sha');
CREATE FUNCTION pg_temp.governance() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(t::text, ',' ORDER BY t.relation::oid) FROM spyne.tables t),
                      (SELECT string_agg(h::text, ',' ORDER BY h.id) FROM spyne.table_state_history h),
                      (SELECT string_agg(v::text, ',' ORDER BY v.logical_name, v.version) FROM spyne.table_versions v),
                      (SELECT string_agg(concat(c.oid, c.relname, c.relowner, c.relacl), ',' ORDER BY c.oid) FROM pg_class c
                       WHERE c.relnamespace IN ('governed'::regnamespace, 'spyne_shadow'::regnamespace)))) $$;
CREATE TABLE bad_sha.plain (id integer);
CREATE VIEW bad_sha.view AS SELECT 1 AS one;
CREATE TABLE bad_sha.closed (id integer);
CREATE TEMPORARY TABLE bad_sha_temporary (id integer);
SELECT pg_temp.governance() AS before \gset

-- While ingestion is closed.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act', dry_run => true)$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test');

-- Names.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_acd')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_sha')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_dep')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow(' ')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow(repeat('x', 64))$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow(repeat('ü', 32), 'bad_sha.act')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow(NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act', dry_run => NULL)$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- Models.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'bad_sha.missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 1::oid)$$);
SELECT field, regexp_replace(says, 'pg_temp_\d+', 'pg_temp') FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'bad_sha_temporary')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'bad_sha.view')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'pg_class')$$);
BEGIN;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'spyne.tables')$$);
ROLLBACK;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'bad_sha.act_pkey')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- Without the role, or without Postgres's own privileges on the model.
SET ROLE regress_nobody;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act')$$);
SET ROLE regress_analyst;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act')$$);
SET ROLE regress_engineer;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_new', 'bad_sha.closed')$$);
RESET ROLE;
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- A second shadow of a name, and a table in its place.
SELECT * FROM spyne_create_shadow('bad_sha_act');
SELECT * FROM spyne_create_shadow('Bad sha''s "ü"', 'bad_sha.plain');
SELECT pg_temp.governance() AS before \gset
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_act', dry_run => true)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('Bad sha''s "ü"', 'bad_sha.plain')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;
-- In a transaction that cannot write.
BEGIN READ ONLY;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_create_shadow('bad_sha_ro')$$);
SELECT * FROM spyne_create_shadow('bad_sha_ro', dry_run => true);
COMMIT;
SELECT pg_temp.governance() = :'before' AS nothing_changed;
CALL regress.remove('bad_sha');
