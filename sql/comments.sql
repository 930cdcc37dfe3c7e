-- What \df+ and \d+ show: the first documentation a DBA reads.

COMMENT ON FUNCTION spyne_register(regclass, text, text, regrole, boolean) IS
    'Takes a table, partitioned table, foreign table or materialized view under governance, as READ_ONLY or SHADOW';
COMMENT ON FUNCTION spyne_register_schema(regnamespace, text, regrole, boolean) IS
    'Takes all tables of a schema under governance; one row each, also for those that cannot be';
COMMENT ON FUNCTION spyne_unregister(regclass, text, boolean, boolean) IS
    'Ends governance of a table; the table stays. The fallback of a promotion needs override => true within spyne.rollback_window';
COMMENT ON FUNCTION spyne_create_shadow(text, regclass, boolean) IS
    'Makes an empty table in spyne_shadow, shaped like the current version of a name, and registers it as SHADOW';
COMMENT ON FUNCTION spyne_table_state(regclass) IS
    'The state, version and history dates of a governed table; of a partition, those of the table it belongs to';
COMMENT ON FUNCTION spyne_promote(regclass, text, text, boolean, boolean, text, text, text, text) IS
    'Makes a SHADOW table the ACTIVE version of its name; where there is one, the two swap places. dry_run => true shows steps, blockers and warnings';
COMMENT ON FUNCTION spyne_deprecate(regclass, text, timestamptz, boolean) IS
    'Makes the ACTIVE version of a name DEPRECATED, with nothing in its place';
COMMENT ON FUNCTION spyne_restore(regclass, text, boolean) IS
    'Makes a DEPRECATED version ACTIVE again; an ACTIVE successor becomes DEPRECATED';
COMMENT ON FUNCTION spyne_resolve(text[], boolean, jsonb) IS
    'The table that each logical name means now: ACTIVE, else READ_ONLY, else DEPRECATED where asked for or pinned';
COMMENT ON FUNCTION spyne_system_mode() IS
    'READ_ONLY or INGESTION_READY: whether contracts, ingestion and staging are open';
COMMENT ON FUNCTION spyne_set_system_mode(text, text, boolean) IS
    'Opens or closes contracts, ingestion and staging, for a reason';
COMMENT ON FUNCTION spyne_can(text, regrole) IS
    'Whether a role has a permission: query, create contracts, ingest, promote, deprecate, view shadow';
COMMENT ON FUNCTION spyne_whoami() IS
    'Who you are, your spyne role, and what it may do';
COMMENT ON FUNCTION spyne_coverage() IS
    'One row for each way around governance that exists in this database now, with the statement that closes it';

COMMENT ON FUNCTION spyne.guard() IS 'Trigger on governed tables: holds the write rules where the library is not preloaded';
COMMENT ON FUNCTION spyne.notice() IS 'Trigger on spyne''s catalog: tells every session that governance has changed';
COMMENT ON FUNCTION spyne.append_only() IS 'Trigger on history: rows are added, never changed';
COMMENT ON FUNCTION spyne.guard_drop() IS 'Event trigger: governed tables and their guards are not dropped';
COMMENT ON FUNCTION spyne.guard_ddl() IS 'Event trigger: the guards of governed tables stay on, and new partitions get theirs';
COMMENT ON FUNCTION spyne.role_of(oid) IS 'The highest spyne role that a role has the rights of, or none';
COMMENT ON FUNCTION spyne.require_role(text, text) IS 'True for callers with a spyne role; raises for others';
COMMENT ON FUNCTION spyne.governing(regclass) IS 'The governed table whose state binds a relation';
COMMENT ON FUNCTION spyne.state_rules() IS 'The rules behind spyne.state_properties';
COMMENT ON FUNCTION spyne.role_rules() IS 'The rules behind spyne.role_permissions';
COMMENT ON FUNCTION spyne.check_statements() IS 'The statements of spyne that do not fit its catalog: none after an installation or an upgrade. For admins';
COMMENT ON FUNCTION spyne.statement_count() IS 'How many statements spyne.check_statements() looks at';
COMMENT ON FUNCTION spyne.schema_snapshot(oid) IS 'The shape of a table: columns, constraints, partition key';
COMMENT ON FUNCTION spyne.type_facts(oid, integer) IS 'What a type consists of: labels, base and checks, attributes, elements';
COMMENT ON FUNCTION spyne.describe(oid) IS 'Everything of a table that another one takes over';
COMMENT ON FUNCTION spyne.takeover_locks(text, oid, oid) IS 'The relations that a promotion or restoration locks, in the order of locking';
COMMENT ON FUNCTION spyne.dependents(oid) IS 'What refers to a table and would go on doing so after a swap';
COMMENT ON FUNCTION spyne.relations_of_type(oid) IS 'The tables with a column of a type, or of one made of it';
COMMENT ON FUNCTION spyne.tables_with_losses() IS 'The tables that lose something by the running command';
COMMENT ON FUNCTION spyne.altered_tables() IS 'The tables that the running command has altered';
COMMENT ON FUNCTION spyne.drift_rules() IS 'The rules behind spyne.drift_severities';
COMMENT ON FUNCTION spyne.column_consumers(oid) IS 'What uses each column of a table';
COMMENT ON FUNCTION spyne.origin_of(oid) IS 'Server, database and table, as one text';
COMMENT ON FUNCTION spyne_detect_drift() IS 'The changes of all governed tables since their shapes were taken';
COMMENT ON FUNCTION spyne_detect_drift(regclass) IS 'The changes of a governed table since its shape was taken, and what uses it';
COMMENT ON FUNCTION spyne_detect_drift(text, jsonb) IS 'What the described schema of a feed changes against its table';
COMMENT ON FUNCTION spyne_resolve_drift(bigint, text, text, boolean) IS 'Settles a drift report: apply takes the live shape as a new version, dismiss leaves it';
COMMENT ON FUNCTION spyne_diff(text, text, text) IS 'The changes between two versions, and SQL that leads from one to the other';
COMMENT ON FUNCTION spyne_discover_joins(regnamespace[], integer) IS 'Looks for joins between governed tables, in their data, and stores what it finds as candidates';
COMMENT ON FUNCTION spyne_join_candidates(regclass, regclass) IS 'The join candidates: all, of one table, or between two, which are looked for where there are none';
COMMENT ON FUNCTION spyne_propose_join(regclass, text[], regclass, text[]) IS 'Makes a join candidate by hand';
COMMENT ON FUNCTION spyne_validate_join(bigint, integer) IS 'Measures a join candidate on the live data: cardinality, nulls, orphans, fan-out, and joined rows to look at';
COMMENT ON FUNCTION spyne_accept_join(bigint, text, text, regrole, boolean, text, boolean) IS 'Validates a join candidate and makes it an accepted join, for a reason';
COMMENT ON FUNCTION spyne_reject_join(bigint, text, boolean) IS 'Rejects a join candidate, for a reason: it is not suggested again while its evidence is the same';
COMMENT ON FUNCTION spyne_join(text) IS 'An accepted join, with its evidence';
COMMENT ON FUNCTION spyne_deprecate_join(text, text, boolean) IS 'Takes an accepted join out of force, for a reason';
COMMENT ON FUNCTION spyne_join_graph(text) IS 'The joins in force as a drawing: mermaid or dot';
COMMENT ON FUNCTION spyne.is_guard(pg_trigger) IS 'Whether a trigger is a guard as spyne makes them';
COMMENT ON FUNCTION spyne.guarded(oid) IS 'Whether a table has its guard triggers, and they always fire';
COMMENT ON FUNCTION spyne.find_gaps() IS 'The rows behind spyne_coverage';

COMMENT ON TRIGGER notice ON spyne.tables IS 'Tells every session that governance has changed';
COMMENT ON TRIGGER notice ON spyne.system_config IS 'Tells every session that the system mode has changed';
COMMENT ON TRIGGER append_only ON spyne.table_state_history IS 'Rows are added, never changed';

COMMENT ON COLUMN spyne.state_properties.state IS 'The state';
COMMENT ON COLUMN spyne.state_properties.meaning IS 'What it stands for';
COMMENT ON COLUMN spyne.state_properties.queryable IS 'Who may read';
COMMENT ON COLUMN spyne.state_properties.writable IS 'Whether it can be written to, by those who may ingest';
COMMENT ON COLUMN spyne.state_properties.visible IS 'Who sees it in listings';
COMMENT ON COLUMN spyne.state_properties.auto_joined IS 'Whether joins to it are suggested';
COMMENT ON COLUMN spyne.state_properties.becomes IS 'What it can become, and by which function';
COMMENT ON COLUMN spyne.state_properties.registrable IS 'Whether it can be asked for at registration';
COMMENT ON COLUMN spyne.role_permissions.role IS 'The role';
COMMENT ON COLUMN spyne.role_permissions.query IS 'May read READ_ONLY and ACTIVE tables, and DEPRECATED ones on request';
COMMENT ON COLUMN spyne.role_permissions.create_contracts IS 'May describe feeds';
COMMENT ON COLUMN spyne.role_permissions.ingest IS 'May write to ACTIVE and SHADOW tables';
COMMENT ON COLUMN spyne.role_permissions.promote IS 'May promote and restore';
COMMENT ON COLUMN spyne.role_permissions.deprecate IS 'May deprecate';
COMMENT ON COLUMN spyne.role_permissions.view_shadow IS 'May read SHADOW tables';

COMMENT ON FUNCTION spyne_preview(text, boolean, boolean, jsonb, text[], text) IS 'What a statement will do, before it runs: its tables, joins, filters and aggregates, what it relies on and what is dangerous about it. Authorises its run';
COMMENT ON FUNCTION spyne_preview_text(text, boolean, boolean, jsonb, text[], text) IS 'As spyne_preview, as one text to read';
COMMENT ON FUNCTION spyne_validate(text) IS 'What is dangerous about a statement; stores nothing';
COMMENT ON FUNCTION spyne_execute(uuid) IS 'Runs a previewed statement; a row as jsonb each';
COMMENT ON FUNCTION spyne_open(uuid) IS 'Opens a cursor for a previewed SELECT';
COMMENT ON FUNCTION spyne_explain(bigint) IS 'What a run of a previewed statement did, in plain words';
COMMENT ON FUNCTION spyne.analyzed(text) IS 'What Postgres makes of a statement, as the rules of a preview see it; nothing is run';
COMMENT ON FUNCTION spyne.preview_statement(uuid, boolean) IS 'What spyne_execute and spyne_open stand on';
COMMENT ON FUNCTION spyne_correct(text, jsonb) IS 'Corrects a previewed statement, with a reason for each change, and previews what comes of it';
