-- Bad input to spyne_register, spyne_register_schema and spyne_unregister: each
-- is a clear error with SQLSTATE, detail and hint, and changes nothing.
\pset format unaligned
\pset tuples_only on
CALL regress.make('bad_reg');
-- Everything that governance is made of, in one value.
CREATE FUNCTION pg_temp.governance() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(t::text, ',' ORDER BY t.relation::oid) FROM spyne.tables t),
                      (SELECT string_agg(h::text, ',' ORDER BY h.id) FROM spyne.table_state_history h),
                      (SELECT string_agg(v::text, ',' ORDER BY v.logical_name, v.version) FROM spyne.table_versions v),
                      (SELECT string_agg(c::text, ',' ORDER BY c.key) FROM spyne.system_config c),
                      (SELECT string_agg(concat(c.oid, c.relname, c.relowner, c.relacl, c.relnamespace), ',' ORDER BY c.oid) FROM pg_class c
                       WHERE c.relkind <> 't' AND c.relnamespace IN ('governed'::regnamespace, 'spyne_shadow'::regnamespace, 'bad_reg'::regnamespace)))) $$;
CREATE TABLE bad_reg.plain (id integer);
ALTER TABLE bad_reg.plain OWNER TO regress_owner;
CREATE TABLE bad_reg.whole (id integer) PARTITION BY LIST (id);
CREATE TABLE bad_reg.part PARTITION OF bad_reg.whole FOR VALUES IN (1);
CREATE VIEW bad_reg.view AS SELECT 1 AS one;
CREATE SEQUENCE bad_reg.sequence;
CREATE TEMPORARY TABLE bad_reg_temporary (id integer);
CREATE TABLE bad_reg."it's ""Über""" (id integer);
CREATE TABLE bad_reg."it's whole" (id integer) PARTITION BY LIST (id);
CREATE TABLE bad_reg."it's part" PARTITION OF bad_reg."it's whole" FOR VALUES IN (1);
SELECT pg_temp.governance() AS before \gset

-- What cannot be governed.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register(1::oid)$$);
SELECT field, regexp_replace(says, 'pg_temp_\d+', 'pg_temp') FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg_temporary')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('pg_class')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('spyne.tables')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('governed.bad_reg_ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.part')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg."it''s part"')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.view')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.sequence')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.sha', 'another')$$);

-- Names and states.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', 'bad_reg_ro')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', ' bad_reg_plain')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', repeat('ü', 32))$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', state => '')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', state => 'OPEN')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', state => 'ACTIVE')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', owner => 'regress_missing')$$);
BEGIN;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', owner => 1::oid)$$);
ROLLBACK;

-- NULL where a value is needed.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register(NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', state => NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', owner => NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain', dry_run => NULL)$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- A schema.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg_missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema(1::oid)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('spyne')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('pg_catalog')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema(NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg', NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg', owner => NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg', dry_run => NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg', 'ACTIVE')$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- The end of governance.
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.missing')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister(1::oid)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.plain')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg."it''s ""Über"""')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('spyne.tables')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister(NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.ro', override => NULL)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.ro', dry_run => NULL)$$);
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- Without the role.
SET ROLE regress_nobody;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain')$$);
SET ROLE regress_analyst;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register_schema('bad_reg')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.ro')$$);
SET ROLE regress_engineer;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg.plain')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg.ro')$$);
SET ROLE regress_owner;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('bad_reg."it''s ""Über"""')$$);
RESET ROLE;
SELECT pg_temp.governance() = :'before' AS nothing_changed;

-- A name may be anything that fits.
SELECT * FROM spyne_register('bad_reg."it''s ""Über"""', 'bad_reg it''s "Über"');
SELECT count(*) FROM governed."bad_reg it's ""Über""";
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('bad_reg."it''s ""Über"""')$$);
SELECT * FROM spyne_unregister('bad_reg."it''s ""Über"""', 'end');
CALL regress.remove('bad_reg');
