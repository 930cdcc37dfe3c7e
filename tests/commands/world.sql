-- What a dry run must leave as it is. Used by tests/commands.rs; no part of spyne.

-- A line for each table of spyne's and each catalog, with a digest of what is in it.
CREATE FUNCTION watch.world() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    kept regclass;
    told text;
BEGIN
    FOR kept IN SELECT oid FROM pg_class WHERE relnamespace = 'spyne'::regnamespace AND relkind = 'r' ORDER BY relname LOOP
        EXECUTE format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s t', kept) INTO told;
        RETURN NEXT format('%s %s', kept, told);
    END LOOP;
    RETURN QUERY
        SELECT 'pg_class ' || md5(string_agg(concat_ws('/', oid, relname, relnamespace, relowner, relfilenode, relkind, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relacl, reloptions), ',' ORDER BY oid))
            FROM pg_class WHERE oid >= 16384
        UNION ALL SELECT 'pg_attribute ' || md5(string_agg(concat_ws('/', attrelid, attnum, attname, atttypid, attnotnull, attacl), ',' ORDER BY attrelid, attnum))
            FROM pg_attribute WHERE attrelid >= 16384
        UNION ALL SELECT 'pg_depend ' || md5(string_agg(d::text, ',' ORDER BY d::text)) FROM pg_depend d WHERE objid >= 16384
        UNION ALL SELECT 'pg_shdepend ' || md5(string_agg(d::text, ',' ORDER BY d::text)) FROM pg_shdepend d
        UNION ALL SELECT 'pg_constraint ' || md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_constraint c WHERE oid >= 16384
        UNION ALL SELECT 'pg_rewrite ' || md5(string_agg(r::text, ',' ORDER BY oid)) FROM pg_rewrite r WHERE oid >= 16384
        UNION ALL SELECT 'pg_trigger ' || md5(string_agg(t::text, ',' ORDER BY oid)) FROM pg_trigger t
        UNION ALL SELECT 'pg_policy ' || md5(string_agg(p::text, ',' ORDER BY oid)) FROM pg_policy p
        UNION ALL SELECT 'pg_publication_rel ' || md5(string_agg(p::text, ',' ORDER BY oid)) FROM pg_publication_rel p
        UNION ALL SELECT 'pg_namespace ' || md5(string_agg(n::text, ',' ORDER BY oid)) FROM pg_namespace n
        UNION ALL SELECT 'pg_description ' || md5(string_agg(d::text, ',' ORDER BY d::text)) FROM pg_description d WHERE objoid >= 16384
        UNION ALL SELECT 'sequences ' || md5(string_agg(concat_ws('/', seqrelid, pg_sequence_last_value(seqrelid)), ',' ORDER BY seqrelid)) FROM pg_sequence;
END $$;

-- Locks of this session on relations of people's that others may have to wait for. Whoever asks a
-- sequence for its last value holds what nextval() takes, which only ALTER and DROP wait for.
CREATE VIEW watch.strong_locks AS
SELECT l.relation::regclass::text || ' ' || l.mode AS held
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock'
  AND NOT (c.relkind = 'S' AND l.mode = 'RowExclusiveLock')
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'spyne'::regnamespace);

-- Takes away what a situation has made. The history stays: nobody may change it.
CREATE PROCEDURE watch.clear() LANGUAGE plpgsql AS $$
DECLARE
    gone text;
BEGIN
    SET LOCAL client_min_messages = error;
    SET LOCAL spyne.enforcement = off;
    FOR gone IN SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
        UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
            WHERE oid >= 16384 AND nspname NOT IN ('spyne', 'spyne_shadow', 'governed', 'watch') AND nspname NOT LIKE 'pg\_%'
    LOOP
        EXECUTE gone;
    END LOOP;
    FOR gone IN SELECT format('DROP %s IF EXISTS %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass)
        FROM pg_class c
        WHERE relnamespace IN ('public'::regnamespace, 'spyne_shadow'::regnamespace, 'governed'::regnamespace)
          AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
        -- Sequences go with their tables, as far as they have any.
        ORDER BY relkind = 'S'
    LOOP
        EXECUTE gone;
    END LOOP;
    FOR gone IN SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc p
            WHERE pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
        UNION ALL SELECT format('DROP TYPE %s CASCADE', oid::regtype) FROM pg_type t
            WHERE typnamespace = 'public'::regnamespace AND (typtype = 'e' OR typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    LOOP
        EXECUTE gone;
    END LOOP;
    DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE;
    DELETE FROM spyne.tables;
    DELETE FROM spyne.drift_changes;
    DELETE FROM spyne.drift_reports;
    DELETE FROM spyne.accepted_joins;
    DELETE FROM spyne.join_candidates;
    DELETE FROM spyne.snapshot_digests;
    DELETE FROM spyne.column_samples;
    DELETE FROM spyne.system_config;
END $$;
