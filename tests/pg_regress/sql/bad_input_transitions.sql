-- Bad input to spyne_promote, spyne_deprecate and spyne_restore: each is a clear
-- error with SQLSTATE, detail and hint, and changes nothing.
\pset format unaligned
\pset tuples_only on
CALL regress.make('bad_tra');
CREATE FUNCTION pg_temp.governance() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(t::text, ',' ORDER BY t.relation::oid) FROM spyne.tables t),
                      (SELECT string_agg(h::text, ',' ORDER BY h.id) FROM spyne.table_state_history h),
                      (SELECT string_agg(concat(c.oid, c.relname, c.relowner, c.relacl, c.relnamespace), ',' ORDER BY c.oid) FROM pg_class c
                       WHERE c.relnamespace IN ('governed'::regnamespace, 'spyne_shadow'::regnamespace, 'bad_tra'::regnamespace)))) $$;
CREATE TABLE bad_tra.plain (id integer);
CREATE TABLE bad_tra."it's ""Über""" (id integer);
SELECT name, state FROM spyne_register('bad_tra."it''s ""Über"""', 'bad_tra it''s');
CREATE TABLE bad_tra.whole (id integer) PARTITION BY LIST (id);
CREATE TABLE bad_tra.part PARTITION OF bad_tra.whole FOR VALUES IN (1);
SELECT name, state FROM spyne_register('bad_tra.whole', 'bad_tra_whole', 'SHADOW');
SELECT pg_temp.governance() AS before \gset

-- From each wrong state.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.act')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.dep')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.act', dry_run => true)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.ro', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.sha', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.dep', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_restore('bad_tra.ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_restore('bad_tra.sha')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_restore('bad_tra.act')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra."it''s ""Über"""')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- Transitions that there are not, or that have a function of their own.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.ro', 'READ_ONLY', 'ACTIVE')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', 'SHADOW', 'SHADOW')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.act', 'ACTIVE', 'DEPRECATED')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.dep', 'DEPRECATED')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', 'OPEN')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', to_state => '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', dependents => 'move')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', dependents => '')$$);
-- Addresses.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_schema => 'bad_tra_missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_schema => '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_schema => 'spyne')$$);
BEGIN;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_schema => 'spyne_shadow')$$);
ROLLBACK;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_name => '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_name => repeat('x', 64))$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_name => 'ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', target_name => 'act_pkey')$$);
-- Reasons and times.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.act', '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.act', ' ')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.act', 'test', '2020-01-01')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.act', 'test', '-infinity')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- What is not governed, or only through another table.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote(1::oid)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.plain')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.part')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('spyne.tables', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('governed.bad_tra_act', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_restore('pg_class')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- NULL where a value is needed.
SELECT f, says FROM unnest(ARRAY[
    'SELECT * FROM spyne_promote(NULL)',
    'SELECT * FROM spyne_promote(''bad_tra.sha'', NULL)',
    'SELECT * FROM spyne_promote(''bad_tra.sha'', to_state => NULL)',
    'SELECT * FROM spyne_promote(''bad_tra.sha'', dry_run => NULL)',
    'SELECT * FROM spyne_promote(''bad_tra.sha'', accept_breaking => NULL)',
    'SELECT * FROM spyne_promote(''bad_tra.sha'', dependents => NULL)',
    'SELECT * FROM spyne_deprecate(NULL, ''test'')',
    'SELECT * FROM spyne_deprecate(''bad_tra.act'', NULL)',
    'SELECT * FROM spyne_deprecate(''bad_tra.act'', ''test'', dry_run => NULL)',
    'SELECT * FROM spyne_restore(NULL)',
    'SELECT * FROM spyne_restore(''bad_tra.dep'', dry_run => NULL)']) f, regress.attempt(f) WHERE field IN ('SQLSTATE', 'message');
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- Without the role.
SET ROLE regress_nobody;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha')$$);
SET ROLE regress_owner;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('bad_tra.sha', dry_run => true)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_deprecate('bad_tra.act', 'test')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_restore('bad_tra.dep')$$);
RESET ROLE;
SELECT pg_temp.governance() = :'before' AS nothing_changed;
CALL regress.remove('bad_tra');
