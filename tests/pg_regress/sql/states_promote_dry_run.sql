-- A dry run returns exactly what the real run would do, and changes nothing.
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(t::text, ',' ORDER BY t.relation::oid) FROM spyne.tables t),
                      (SELECT string_agg(h::text, ',' ORDER BY h.id) FROM spyne.table_state_history h),
                      (SELECT string_agg(v::text, ',' ORDER BY v.logical_name, v.version) FROM spyne.table_versions v),
                      (SELECT string_agg(c::text, ',' ORDER BY c.key) FROM spyne.system_config c),
                      (SELECT string_agg(to_jsonb(c)::text, ',' ORDER BY c.oid) FROM pg_class c WHERE c.relkind <> 't'
                         AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('governed', 'spyne_shadow', 'st_dry'))))) $$;
-- What a function returns with dry_run, and without.
CREATE FUNCTION pg_temp.compare(call text) RETURNS TABLE (rows bigint, nothing_changed boolean, same boolean) LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.everything();
    dry jsonb; real jsonb;
BEGIN
    EXECUTE format('SELECT jsonb_agg(to_jsonb(x)) FROM %s x', replace(call, ')', ', dry_run => true)')) INTO dry;
    nothing_changed := before = pg_temp.everything();
    EXECUTE format('SELECT jsonb_agg(to_jsonb(x)) FROM %s x', call) INTO real;
    RETURN QUERY SELECT jsonb_array_length(real)::bigint, nothing_changed, dry = real;
    IF dry <> real THEN
        RAISE NOTICE E'dry  %\nreal %', jsonb_pretty(dry), jsonb_pretty(real);
    END IF;
END
$$;
CREATE SCHEMA st_dry;
CREATE TABLE st_dry.t (id serial PRIMARY KEY, v text);
INSERT INTO st_dry.t (v) VALUES ('a'), ('b');
COMMENT ON TABLE st_dry.t IS 'the rows';
GRANT SELECT (id) ON st_dry.t TO regress_viewer;
ALTER TABLE st_dry.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY positive ON st_dry.t USING (id > 0);
CREATE TABLE st_dry.child (id integer REFERENCES st_dry.t);
CREATE VIEW st_dry.view AS SELECT id FROM st_dry.t;
CREATE MATERIALIZED VIEW st_dry.mat AS SELECT id FROM st_dry.t;
SELECT * FROM pg_temp.compare($$spyne_set_system_mode('INGESTION_READY', 'test')$$);
SELECT * FROM pg_temp.compare($$spyne_register('st_dry.t', 'st_dry_t', 'SHADOW')$$);
SELECT * FROM pg_temp.compare($$spyne_promote('st_dry.t')$$);
-- A shadow's table has an OID only once it exists.
SELECT * FROM spyne_create_shadow('st_dry_t', dry_run => true);
SELECT * FROM spyne_create_shadow('st_dry_t');
ANALYZE st_dry.t;
ANALYZE spyne_shadow.st_dry_t;
-- A dry run lists the blockers that the real run raises.
SELECT kind, object, detail, statement FROM spyne_promote('spyne_shadow.st_dry_t', dry_run => true) WHERE kind IN ('blocker', 'warning');
SELECT pg_temp.everything() AS before \gset
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('spyne_shadow.st_dry_t')$$);
SELECT pg_temp.everything() = :'before' AS nothing_changed;
SELECT * FROM pg_temp.compare($$spyne_promote('spyne_shadow.st_dry_t', dependents => 'repoint', reason => 'test')$$);
SELECT * FROM pg_temp.compare($$spyne_restore('st_dry.t__v1')$$);
SELECT * FROM pg_temp.compare($$spyne_restore('st_dry."t__v1.1"')$$);
SELECT * FROM pg_temp.compare($$spyne_deprecate('st_dry.t', 'test')$$);
SELECT * FROM pg_temp.compare($$spyne_restore('st_dry.t')$$);
SELECT * FROM pg_temp.compare($$spyne_unregister('st_dry.t', 'test')$$);
CREATE TABLE st_dry.other (id integer);
SELECT * FROM pg_temp.compare($$spyne_register_schema('st_dry')$$);
SELECT * FROM pg_temp.compare($$spyne_set_system_mode('READ_ONLY', 'test')$$);
SET client_min_messages = warning;
CALL regress.remove('st_dry');
