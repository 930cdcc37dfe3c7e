-- Every function of spyne: its signature, who may call it beside its owner, and
-- what \df+ says of it. COMMENT, REVOKE and GRANT are made of this table, and a
-- function without a line in it makes the installation fail. The functions check
-- the caller's role themselves; these grants come on top.

DO $functions$
DECLARE
    line record;
    listed pg_catalog.oid[] := '{}';
    forgotten pg_catalog.text;
BEGIN
    FOR line IN SELECT v.signature, v.callers, v.comment FROM (VALUES
        -- Tables and their states.
        ('spyne_register(regclass, text, text, regrole, boolean)', 'spyne_viewer',
         'Takes a table, partitioned table, foreign table or materialized view under governance, as READ_ONLY or SHADOW'),
        ('spyne_register_schema(regnamespace, text, regrole, boolean)', 'spyne_viewer',
         'Takes all tables of a schema under governance; one row each, also for those that cannot be'),
        ('spyne_unregister(regclass, text, boolean, boolean)', 'spyne_viewer',
         'Ends governance of a table; the table stays. The fallback of a promotion needs override => true within spyne.rollback_window'),
        ('spyne_create_shadow(text, regclass, boolean)', 'spyne_viewer',
         'Makes an empty table in spyne_shadow, shaped like the current version of a name, and registers it as SHADOW'),
        ('spyne_table_state(regclass)', 'spyne_viewer',
         'The state, version and history dates of a governed table; of a partition, those of the table it belongs to'),
        ('spyne_promote(regclass, text, text, boolean, boolean, text, text, text, text)', 'spyne_viewer',
         'Makes a SHADOW table the ACTIVE version of its name; where there is one, the two swap places. dry_run => true shows steps, blockers and warnings'),
        ('spyne_deprecate(regclass, text, timestamptz, boolean)', 'spyne_viewer',
         'Makes the ACTIVE version of a name DEPRECATED, with nothing in its place'),
        ('spyne_restore(regclass, text, boolean)', 'spyne_viewer',
         'Makes a DEPRECATED version ACTIVE again; an ACTIVE successor becomes DEPRECATED'),
        ('spyne_resolve(text[], boolean, jsonb)', 'spyne_viewer',
         'The table that each logical name means now: ACTIVE, else READ_ONLY, else DEPRECATED where asked for or pinned'),
        ('spyne_system_mode()', 'spyne_viewer',
         'READ_ONLY or INGESTION_READY: whether contracts, ingestion and staging are open'),
        ('spyne_set_system_mode(text, text, boolean)', 'spyne_viewer',
         'Opens or closes contracts, ingestion and staging, for a reason'),
        -- Roles, and the ways around governance. Anybody may ask who they are and what they may do.
        ('spyne_can(text, regrole)', 'spyne_viewer, PUBLIC',
         'Whether a role has a permission: query, create contracts, ingest, promote, deprecate, view shadow'),
        ('spyne_whoami()', 'spyne_viewer, PUBLIC',
         'Who you are, your spyne role, and what it may do'),
        ('spyne_version()', 'spyne_viewer, PUBLIC',
         'The versions of spyne: of the loaded library, of this database''s catalog, and of what is installed on disk; and what to do where they differ'),
        ('spyne_coverage()', 'spyne_viewer',
         'One row for each way around governance that exists in this database now, with the statement that closes it'),
        -- Drift.
        ('spyne_detect_drift()', 'spyne_viewer',
         'The changes of all governed tables since their shapes were taken'),
        ('spyne_detect_drift(regclass)', 'spyne_viewer',
         'The changes of a governed table since its shape was taken, and what uses it'),
        ('spyne_detect_drift(text, jsonb)', 'spyne_viewer',
         'What the described schema of a feed changes against its table'),
        ('spyne_resolve_drift(bigint, text, text, boolean)', 'spyne_viewer',
         'Settles a drift report: apply takes the live shape as a new version, dismiss leaves it'),
        ('spyne_diff(text, text, text)', 'spyne_viewer',
         'The changes between two versions, and SQL that leads from one to the other'),
        -- Joins.
        ('spyne_discover_joins(regnamespace[], integer)', 'spyne_viewer',
         'Looks for joins between governed tables, in their data, and stores what it finds as candidates'),
        ('spyne_join_candidates(regclass, regclass)', 'spyne_viewer',
         'The join candidates: all, of one table, or between two, which are looked for where there are none'),
        ('spyne_propose_join(regclass, text[], regclass, text[])', 'spyne_viewer',
         'Makes a join candidate by hand'),
        ('spyne_validate_join(bigint, integer)', 'spyne_viewer',
         'Measures a join candidate on the live data: cardinality, nulls, orphans, fan-out, and joined rows to look at'),
        ('spyne_accept_join(bigint, text, text, regrole, boolean, text, boolean)', 'spyne_viewer',
         'Validates a join candidate and makes it an accepted join, for a reason'),
        ('spyne_reject_join(bigint, text, boolean)', 'spyne_viewer',
         'Rejects a join candidate, for a reason: it is not suggested again while its evidence is the same'),
        ('spyne_join(text)', 'spyne_viewer',
         'An accepted join, with its evidence'),
        ('spyne_deprecate_join(text, text, boolean)', 'spyne_viewer',
         'Takes an accepted join out of force, for a reason'),
        ('spyne_join_graph(text)', 'spyne_viewer',
         'The joins in force as a drawing: mermaid or dot'),
        -- Previews.
        ('spyne_preview(text, boolean, boolean, jsonb, text[], text)', 'spyne_viewer',
         'What a statement will do, before it runs: its tables, joins, filters and aggregates, what it relies on and what is dangerous about it. Authorises its run'),
        ('spyne_preview_text(text, boolean, boolean, jsonb, text[], text)', 'spyne_viewer',
         'As spyne_preview, as one text to read'),
        ('spyne_validate(text)', 'spyne_viewer',
         'What is dangerous about a statement; stores nothing'),
        ('spyne_correct(text, jsonb)', 'spyne_viewer',
         'Corrects a previewed statement, with a reason for each change, and previews what comes of it'),
        ('spyne_execute(uuid)', 'spyne_viewer',
         'Runs a previewed statement; a row as jsonb each'),
        ('spyne_open(uuid)', 'spyne_viewer',
         'Opens a cursor for a previewed SELECT'),
        ('spyne_explain(bigint)', 'spyne_viewer',
         'What a run of a previewed statement did, in plain words'),
        -- What the views and the functions above stand on.
        ('spyne.role_of(oid)', 'PUBLIC',
         'The highest spyne role that a role has the rights of, or none'),
        ('spyne.require_role(text, text)', 'spyne_viewer',
         'True for callers with a spyne role; raises for others'),
        ('spyne.role_rules()', 'PUBLIC',
         'The rules behind spyne.role_permissions'),
        ('spyne.state_rules()', 'spyne_viewer',
         'The rules behind spyne.state_properties'),
        ('spyne.access_rules()', 'PUBLIC',
         'The rules behind spyne.rules'),
        ('spyne.drift_rules()', 'spyne_viewer',
         'The rules behind spyne.drift_severities'),
        ('spyne.governing(regclass)', 'spyne_viewer',
         'The governed table whose state binds a relation'),
        ('spyne.find_gaps()', 'spyne_engineer',
         'The rows behind spyne_coverage'),
        ('spyne.preview_statement(uuid, boolean)', 'spyne_viewer',
         'What spyne_execute and spyne_open stand on'),
        -- Discovery reads with the rights of whoever calls it.
        ('spyne.column_sketch("any")', 'spyne_viewer',
         'A sample of the distinct values of one or several columns, comparable with that of others'),
        ('spyne.join_hash("any")', 'spyne_viewer',
         'The hash by which a sketch keeps a value, or several as one'),
        ('spyne.column_statistics(oid[])', 'spyne_viewer',
         'What pg_stats knows of the columns of tables, for the caller'),
        -- For those who look after spyne itself.
        ('spyne.analyzed(text)', 'spyne_admin',
         'What Postgres makes of a statement, as the rules of a preview see it; nothing is run'),
        ('spyne.check_statements()', 'spyne_admin',
         'The statements of spyne that do not fit its catalog: none after an installation or an upgrade. For admins'),
        ('spyne.statement_count()', 'spyne_admin',
         'How many statements spyne.check_statements() looks at'),
        ('spyne.check_rows()', 'spyne_admin',
         'The rows of functions that the library and the catalog declare differently: none after an installation or an upgrade. For admins'),
        -- For spyne alone: it calls them elevated, or Postgres does.
        ('spyne.guard()', '-',
         'Trigger on governed tables: holds the write rules where the library is not preloaded'),
        ('spyne.notice()', '-',
         'Trigger on spyne''s catalog: tells every session that governance has changed'),
        ('spyne.append_only()', '-',
         'Trigger on history: rows are added, never changed'),
        ('spyne.guard_drop()', '-',
         'Event trigger: governed tables and their guards are not dropped'),
        ('spyne.guard_ddl()', '-',
         'Event trigger: the guards of governed tables stay on, and new partitions get theirs'),
        ('spyne.grant_settings()', '-',
         'Gives spyne_admin the settings that are an administrator''s; the installation calls it'),
        ('spyne.guard_rewrite()', '-',
         'Event trigger: rows of governed tables are written anew by those who may write to them'),
        ('spyne.schema_snapshot(oid)', '-',
         'The shape of a table: columns, constraints, partition key'),
        ('spyne.sources_of(oid)', '-',
         'Where the rows of a foreign table come from, or of those that belong to a table'),
        ('spyne.type_facts(oid, integer)', '-',
         'What a type consists of: labels, base and checks, attributes, elements'),
        ('spyne.columns_used(oid, oid, oid)', '-',
         'The columns of a table that an object names'),
        ('spyne.closed_schemas(oid, oid, oid, oid)', '-',
         'The schemas that a role may not use and that an object has something of'),
        ('spyne.describe(oid)', '-',
         'Everything of a table that another one takes over'),
        ('spyne.takeover_locks(text, oid, oid)', '-',
         'The relations that a promotion or restoration locks, in the order of locking'),
        ('spyne.dependents(oid)', '-',
         'What refers to a table and would go on doing so after a swap'),
        ('spyne.relations_of_type(oid)', '-',
         'The tables with a column of a type, or of one made of it'),
        ('spyne.tables_with_losses()', '-',
         'The tables that lose something by the running command'),
        ('spyne.altered_tables()', '-',
         'The tables that the running command has altered'),
        ('spyne.column_consumers(oid)', '-',
         'What uses each column of a table'),
        ('spyne.origin_of(oid)', '-',
         'Installation, database and table, as one text'),
        ('spyne.is_guard(pg_trigger)', '-',
         'Whether a trigger is a guard as spyne makes them'),
        ('spyne.guarded(oid)', '-',
         'Whether a table has its guard triggers, and they always fire'),
        ('spyne.citus_catalog(text)', '-',
         'A catalog of the extension citus, where the database has it'),
        ('spyne.citus_gaps()', '-',
         'The ways around governance that Citus opens'),
        ('spyne.sketch_add(internal, "any")', '-',
         'What spyne.column_sketch stands on: takes a value'),
        ('spyne.sketch_combine(internal, internal)', '-',
         'What spyne.column_sketch stands on: takes what a parallel worker has'),
        ('spyne.sketch_serialize(internal)', '-',
         'What spyne.column_sketch stands on: hands it to the leader'),
        ('spyne.sketch_deserialize(bytea, internal)', '-',
         'What spyne.column_sketch stands on: takes it from a worker'),
        ('spyne.sketch_final(internal)', '-',
         'What spyne.column_sketch stands on: its result'),
        ('spyne.join_tables(oid[], oid[], oid)', '-',
         'The tables that joins are looked for in, as a role may read them')
    ) AS v (signature, callers, comment) LOOP
        EXECUTE pg_catalog.format('COMMENT ON ROUTINE %s IS %L', line.signature, line.comment);
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', line.signature);
        IF line.callers <> '-' THEN
            EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %s', line.signature, line.callers);
        END IF;
        listed := pg_catalog.array_append(listed, line.signature::pg_catalog.regprocedure::pg_catalog.oid);
    END LOOP;

    SELECT pg_catalog.string_agg(d.objid::pg_catalog.regprocedure::pg_catalog.text, ', ') INTO forgotten
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.deptype = 'e'
      AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
      AND d.refobjid = (SELECT e.oid FROM pg_catalog.pg_extension e WHERE e.extname = 'spyne')
      AND d.objid <> ALL (listed);
    IF forgotten IS NOT NULL THEN
        RAISE EXCEPTION 'functions without a comment and grants: %', forgotten
            USING DETAIL = 'Each function of spyne has a line in sql/functions.sql.',
                  HINT = 'Say there who may call them, and what they are for.';
    END IF;
END
$functions$;

-- Last of all: they would fire on what comes after them.
CREATE EVENT TRIGGER spyne_guard_drop ON sql_drop EXECUTE FUNCTION spyne.guard_drop();
CREATE EVENT TRIGGER spyne_guard_ddl ON ddl_command_end EXECUTE FUNCTION spyne.guard_ddl();
CREATE EVENT TRIGGER spyne_guard_rewrite ON table_rewrite EXECUTE FUNCTION spyne.guard_rewrite();
ALTER EVENT TRIGGER spyne_guard_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER spyne_guard_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER spyne_guard_rewrite ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER spyne_guard_drop IS 'spyne: governed tables and their guards are not dropped';
COMMENT ON EVENT TRIGGER spyne_guard_ddl IS 'spyne: the guards of governed tables stay on, and new partitions get theirs';
COMMENT ON EVENT TRIGGER spyne_guard_rewrite IS 'spyne: rows of governed tables are written anew by those who may write to them';
