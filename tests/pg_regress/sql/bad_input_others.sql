-- Bad input to spyne_resolve, spyne_table_state, spyne_set_system_mode, spyne_can
-- and the rest: each is a clear error with SQLSTATE, detail and hint, and changes
-- nothing.
\pset format unaligned
\pset tuples_only on
CALL regress.make('bad_oth');
CREATE TABLE bad_oth.plain (id integer);
CREATE TEMPORARY TABLE bad_oth_temporary (id integer);

-- Names that resolve to nothing.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_missing'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_rp'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['BAD_OTH_RO'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_sha'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_sha'], true, '{"bad_oth_sha": "v1"}')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_dep'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY[''])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro', 'it''s "Über"'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro', NULL])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], NULL)$$);
-- Pins that are none.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], pin => '{"bad_oth_ro": "v9"}')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], pin => '{"bad_oth_ro": 1}')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], pin => '["v1"]')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], pin => '"v1"')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'], pin => '{"bad_oth_or": "v1"}')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_missing'], pin => '{"bad_oth_missing": "v1"}')$$);

-- The state of what has none.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('bad_oth.missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state(1::oid)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('bad_oth.plain')$$);
SELECT field, regexp_replace(says, 'pg_temp_\d+', 'pg_temp') FROM regress.attempt($$SELECT * FROM spyne_table_state('bad_oth_temporary')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('pg_class')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('spyne.tables')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('governed.bad_oth_ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state(NULL)$$);

-- The system mode.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('OPEN', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('INGESTION_READY', '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('INGESTION_READY')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode(NULL, 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('INGESTION_READY', NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test', NULL)$$);
SET ROLE regress_engineer;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test')$$);
RESET ROLE;
SELECT spyne_system_mode();

-- Permissions.
SELECT * FROM regress.attempt($$SELECT spyne_can('drop')$$);
SELECT * FROM regress.attempt($$SELECT spyne_can('')$$);
SELECT * FROM regress.attempt($$SELECT spyne_can(NULL)$$);
SELECT * FROM regress.attempt($$SELECT spyne_can('query', NULL)$$);
SELECT * FROM regress.attempt($$SELECT spyne_can('query', 'regress_missing')$$);
SELECT * FROM regress.attempt($$SELECT spyne_can('query', 1::oid)$$);

-- Without the role.
SET ROLE regress_nobody;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['bad_oth_ro'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('bad_oth.ro')$$);
SELECT * FROM regress.attempt($$SELECT spyne_system_mode()$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne.tables$$);
SET ROLE regress_analyst;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_table_state('bad_oth.sha')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_coverage()$$);
RESET ROLE;
SELECT s.name, s.state FROM spyne.tables t, spyne_table_state(t.relation) s WHERE t.logical_name LIKE 'bad_oth%' ORDER BY name;
CALL regress.remove('bad_oth');
