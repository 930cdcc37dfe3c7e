-- The rows that functions return, each declared once. A row of the library's is
-- filled by one struct, whose fields have the names of the columns;
-- spyne.check_rows() compares the two.

CREATE TYPE spyne.plan_line AS (
    seq       integer,
    kind      text,
    object    text,
    detail    text,
    statement text);
COMMENT ON TYPE spyne.plan_line IS 'A line of the plan of a promotion, deprecation or restoration';
COMMENT ON COLUMN spyne.plan_line.seq IS 'Order: blockers, warnings, steps as they run, follow-ups';
COMMENT ON COLUMN spyne.plan_line.kind IS 'blocker, warning, step, or follow-up: what is left to do by hand';
COMMENT ON COLUMN spyne.plan_line.object IS 'What it is about';
COMMENT ON COLUMN spyne.plan_line.detail IS 'What is done to it, or stands in the way, in words';
COMMENT ON COLUMN spyne.plan_line.statement IS 'The SQL of a step; for the others what to type; null where there is none';

CREATE TYPE spyne.registration AS (
    relation      regclass,
    name          text,
    state         text,
    version       text,
    governed_view text);
COMMENT ON TYPE spyne.registration IS 'A table that was taken under governance';
COMMENT ON COLUMN spyne.registration.relation IS 'The table';
COMMENT ON COLUMN spyne.registration.name IS 'Its logical name';
COMMENT ON COLUMN spyne.registration.state IS 'READ_ONLY or SHADOW';
COMMENT ON COLUMN spyne.registration.version IS 'Its version';
COMMENT ON COLUMN spyne.registration.governed_view IS 'The view that its readers use; null for a SHADOW';

CREATE TYPE spyne.schema_registration AS (
    relation regclass,
    name     text,
    state    text,
    version  text,
    outcome  text,
    detail   text);
COMMENT ON TYPE spyne.schema_registration IS 'What became of a table when its schema was taken under governance';
COMMENT ON COLUMN spyne.schema_registration.relation IS 'The table';
COMMENT ON COLUMN spyne.schema_registration.name IS 'Its logical name';
COMMENT ON COLUMN spyne.schema_registration.state IS 'The state that it has, or would have had';
COMMENT ON COLUMN spyne.schema_registration.version IS 'Its version; null where it was skipped';
COMMENT ON COLUMN spyne.schema_registration.outcome IS 'registered or skipped';
COMMENT ON COLUMN spyne.schema_registration.detail IS 'Why it was skipped';

CREATE TYPE spyne.unregistration AS (
    relation      regclass,
    name          text,
    version       text,
    governed_view text);
COMMENT ON TYPE spyne.unregistration IS 'A table whose governance has ended';
COMMENT ON COLUMN spyne.unregistration.relation IS 'The table';
COMMENT ON COLUMN spyne.unregistration.name IS 'The logical name that it had';
COMMENT ON COLUMN spyne.unregistration.version IS 'The version that it was';
COMMENT ON COLUMN spyne.unregistration.governed_view IS 'What happens to the governed view, in words';

CREATE TYPE spyne.new_shadow AS (
    relation      regclass,
    name          text,
    state         text,
    version       text,
    like_relation regclass);
COMMENT ON TYPE spyne.new_shadow IS 'A shadow that was made';
COMMENT ON COLUMN spyne.new_shadow.relation IS 'The new table; null in a dry run';
COMMENT ON COLUMN spyne.new_shadow.name IS 'Its logical name';
COMMENT ON COLUMN spyne.new_shadow.state IS 'SHADOW';
COMMENT ON COLUMN spyne.new_shadow.version IS 'Its version';
COMMENT ON COLUMN spyne.new_shadow.like_relation IS 'The table that it is shaped like';

CREATE TYPE spyne.mode_change AS (
    mode_before text,
    mode_after  text);
COMMENT ON TYPE spyne.mode_change IS 'A change of the system mode';
COMMENT ON COLUMN spyne.mode_change.mode_before IS 'READ_ONLY or INGESTION_READY, until now';
COMMENT ON COLUMN spyne.mode_change.mode_after IS 'The mode from now on';

CREATE TYPE spyne.resolved_name AS (
    name     text,
    relation regclass,
    version  text,
    state    text);
COMMENT ON TYPE spyne.resolved_name IS 'What a logical name means';
COMMENT ON COLUMN spyne.resolved_name.name IS 'The logical name, as it was asked for';
COMMENT ON COLUMN spyne.resolved_name.relation IS 'The table that it means';
COMMENT ON COLUMN spyne.resolved_name.version IS 'Its version';
COMMENT ON COLUMN spyne.resolved_name.state IS 'Its state';

CREATE TYPE spyne.detected_change AS (
    relation    regclass,
    change_type text,
    "column"    text,
    old_name    text,
    new_name    text,
    old_type    text,
    new_type    text,
    severity    text,
    detail      text,
    consumers   jsonb,
    remedy      text);
COMMENT ON TYPE spyne.detected_change IS 'A change of a table since its shape was taken';
COMMENT ON COLUMN spyne.detected_change.relation IS 'The table';
COMMENT ON COLUMN spyne.detected_change.change_type IS 'ADD, REMOVE, RENAME, TYPE_CHANGE, NULLABILITY, DEFAULT, KEY, CONSTRAINT or ORDER';
COMMENT ON COLUMN spyne.detected_change."column" IS 'The column, by its old name where it had one; null for the table and for what several columns share';
COMMENT ON COLUMN spyne.detected_change.old_name IS 'The old name of the column or constraint';
COMMENT ON COLUMN spyne.detected_change.new_name IS 'The new name';
COMMENT ON COLUMN spyne.detected_change.old_type IS 'The old type, default or definition';
COMMENT ON COLUMN spyne.detected_change.new_type IS 'The new one';
COMMENT ON COLUMN spyne.detected_change.severity IS 'COMPATIBLE, WARNING or BREAKING';
COMMENT ON COLUMN spyne.detected_change.detail IS 'The change and why it matters, in words';
COMMENT ON COLUMN spyne.detected_change.consumers IS 'What uses the column: kind and name; for previews the user, and how many there were in 30 days';
COMMENT ON COLUMN spyne.detected_change.remedy IS 'SQL that gives the old shape back';

CREATE TYPE spyne.settled_drift AS (
    report_id bigint,
    status    text,
    name      text,
    version   text);
COMMENT ON TYPE spyne.settled_drift IS 'A drift report that was settled';
COMMENT ON COLUMN spyne.settled_drift.report_id IS 'The report';
COMMENT ON COLUMN spyne.settled_drift.status IS 'applied or dismissed';
COMMENT ON COLUMN spyne.settled_drift.name IS 'The logical name of its table';
COMMENT ON COLUMN spyne.settled_drift.version IS 'The version that the table is afterwards';

CREATE TYPE spyne.diff_line AS (
    seq         integer,
    item        text,
    change_type text,
    "column"    text,
    severity    text,
    detail      text,
    statement   text);
COMMENT ON TYPE spyne.diff_line IS 'A difference between two versions, or a statement of the guide that leads from one to the other';
COMMENT ON COLUMN spyne.diff_line.seq IS 'Order';
COMMENT ON COLUMN spyne.diff_line.item IS 'change, migration or view';
COMMENT ON COLUMN spyne.diff_line.change_type IS 'Of a change: as drift reports have it';
COMMENT ON COLUMN spyne.diff_line."column" IS 'Of a change: the column';
COMMENT ON COLUMN spyne.diff_line.severity IS 'Of a change: COMPATIBLE, WARNING or BREAKING';
COMMENT ON COLUMN spyne.diff_line.detail IS 'The change, or where its statement runs, in words';
COMMENT ON COLUMN spyne.diff_line.statement IS 'SQL, for a migration and a view';

CREATE TYPE spyne.join_candidate AS (
    candidate_id     bigint,
    table1           regclass,
    columns1         text[],
    table2           regclass,
    columns2         text[],
    join_type        text,
    condition        text,
    confidence       double precision,
    confidence_level text,
    reason           text,
    assumptions      text[],
    risk_level       text,
    validation_stats jsonb,
    expires_at       timestamptz);
COMMENT ON TYPE spyne.join_candidate IS 'A candidate, as spyne_discover_joins, spyne_join_candidates and spyne_propose_join return it';
COMMENT ON COLUMN spyne.join_candidate.candidate_id IS 'For spyne_validate_join, spyne_accept_join and spyne_reject_join';
COMMENT ON COLUMN spyne.join_candidate.table1 IS 'The table that refers, which its logical name means now';
COMMENT ON COLUMN spyne.join_candidate.columns1 IS 'Its columns';
COMMENT ON COLUMN spyne.join_candidate.table2 IS 'The table that is referred to, likewise';
COMMENT ON COLUMN spyne.join_candidate.columns2 IS 'Its columns, in step';
COMMENT ON COLUMN spyne.join_candidate.join_type IS 'INNER, or LEFT where an inner join would leave rows of table1 out';
COMMENT ON COLUMN spyne.join_candidate.condition IS 'The condition, by logical names';
COMMENT ON COLUMN spyne.join_candidate.confidence IS 'How likely it is meant to be, 0 to 1';
COMMENT ON COLUMN spyne.join_candidate.confidence_level IS 'HIGH from 0.8, MEDIUM from 0.5, LOW';
COMMENT ON COLUMN spyne.join_candidate.reason IS 'What speaks most for or against it';
COMMENT ON COLUMN spyne.join_candidate.assumptions IS 'What it relies on and nobody has checked';
COMMENT ON COLUMN spyne.join_candidate.risk_level IS 'How much can go wrong with it: LOW, MEDIUM, HIGH';
COMMENT ON COLUMN spyne.join_candidate.validation_stats IS 'What spyne_validate_join has measured last';
COMMENT ON COLUMN spyne.join_candidate.expires_at IS 'Until when it may be accepted without being found again';

CREATE TYPE spyne.accepted_join AS (
    join_id          text,
    table1           regclass,
    columns1         text[],
    table2           regclass,
    columns2         text[],
    join_type        text,
    condition        text,
    cardinality      text,
    version          integer,
    status           text,
    rationale        text,
    owner            regrole,
    accepted_by      text,
    accepted_at      timestamptz,
    validated_at     timestamptz,
    confidence       double precision,
    evidence         jsonb,
    validation_stats jsonb,
    suspect_because  text,
    superseded_by    text);
COMMENT ON TYPE spyne.accepted_join IS 'An accepted join, as spyne_join returns it';
COMMENT ON COLUMN spyne.accepted_join.join_id IS '<table1>_<table2>_v<version>, or <table1>_<table2>_<role>_v<version>';
COMMENT ON COLUMN spyne.accepted_join.table1 IS 'The table that refers, which its logical name means now; NULL where it means none';
COMMENT ON COLUMN spyne.accepted_join.columns1 IS 'Its columns';
COMMENT ON COLUMN spyne.accepted_join.table2 IS 'The table that is referred to, likewise';
COMMENT ON COLUMN spyne.accepted_join.columns2 IS 'Its columns, in step';
COMMENT ON COLUMN spyne.accepted_join.join_type IS 'The kind of join it is meant for';
COMMENT ON COLUMN spyne.accepted_join.condition IS 'The condition, by logical names';
COMMENT ON COLUMN spyne.accepted_join.cardinality IS 'Rows of the second table to rows of the first, when it was last validated';
COMMENT ON COLUMN spyne.accepted_join.version IS 'Counted for each pair of tables and role';
COMMENT ON COLUMN spyne.accepted_join.status IS 'accepted; suspect: a column has drifted, to be validated again; deprecated';
COMMENT ON COLUMN spyne.accepted_join.rationale IS 'Why it was accepted, in their words';
COMMENT ON COLUMN spyne.accepted_join.owner IS 'Who answers for it';
COMMENT ON COLUMN spyne.accepted_join.accepted_by IS 'Who accepted it';
COMMENT ON COLUMN spyne.accepted_join.accepted_at IS 'When';
COMMENT ON COLUMN spyne.accepted_join.validated_at IS 'When it was last validated';
COMMENT ON COLUMN spyne.accepted_join.confidence IS 'Of the candidate, when it was accepted';
COMMENT ON COLUMN spyne.accepted_join.evidence IS 'Of the candidate, when it was accepted';
COMMENT ON COLUMN spyne.accepted_join.validation_stats IS 'What its last validation has measured';
COMMENT ON COLUMN spyne.accepted_join.suspect_because IS 'Which change has put it in doubt';
COMMENT ON COLUMN spyne.accepted_join.superseded_by IS 'The version that took its place';

CREATE TYPE spyne.join_validation AS (
    candidate_id      bigint,
    cardinality       text,
    null_percent1     double precision,
    null_percent2     double precision,
    orphans           bigint,
    orphan_percent    double precision,
    fan_out_average   double precision,
    fan_out_max       bigint,
    parent_key_unique boolean,
    warnings          text[],
    blockers          text[],
    sample            jsonb);
COMMENT ON TYPE spyne.join_validation IS 'What was measured of a join candidate, on all rows';
COMMENT ON COLUMN spyne.join_validation.candidate_id IS 'The candidate';
COMMENT ON COLUMN spyne.join_validation.cardinality IS 'one_to_one, one_to_many or many_to_many: rows of table2 to rows of table1';
COMMENT ON COLUMN spyne.join_validation.null_percent1 IS 'Rows of table1 without a value, in percent';
COMMENT ON COLUMN spyne.join_validation.null_percent2 IS 'Rows of table2 without a value, in percent';
COMMENT ON COLUMN spyne.join_validation.orphans IS 'Rows of table1 with a value that table2 lacks';
COMMENT ON COLUMN spyne.join_validation.orphan_percent IS 'The same, in percent of the rows of table1 that have a value';
COMMENT ON COLUMN spyne.join_validation.fan_out_average IS 'Rows of table1 that a row of table2 meets, if it meets any';
COMMENT ON COLUMN spyne.join_validation.fan_out_max IS 'The most of them';
COMMENT ON COLUMN spyne.join_validation.parent_key_unique IS 'Whether no value of table2 repeats';
COMMENT ON COLUMN spyne.join_validation.warnings IS 'What to know before relying on it';
COMMENT ON COLUMN spyne.join_validation.blockers IS 'Why it may not be accepted without an override';
COMMENT ON COLUMN spyne.join_validation.sample IS 'Joined rows, both sides of each';

CREATE TYPE spyne.join_acceptance AS (
    join_id     text,
    condition   text,
    join_type   text,
    cardinality text,
    version     integer,
    supersedes  text,
    warnings    text[],
    overridden  text[]);
COMMENT ON TYPE spyne.join_acceptance IS 'A join candidate that was accepted';
COMMENT ON COLUMN spyne.join_acceptance.join_id IS 'The accepted join';
COMMENT ON COLUMN spyne.join_acceptance.condition IS 'Its condition, by logical names';
COMMENT ON COLUMN spyne.join_acceptance.join_type IS 'The kind of join it is meant for';
COMMENT ON COLUMN spyne.join_acceptance.cardinality IS 'Rows of the second table to rows of the first';
COMMENT ON COLUMN spyne.join_acceptance.version IS 'Its version';
COMMENT ON COLUMN spyne.join_acceptance.supersedes IS 'The join that it takes the place of';
COMMENT ON COLUMN spyne.join_acceptance.warnings IS 'What to know before relying on it';
COMMENT ON COLUMN spyne.join_acceptance.overridden IS 'What stood in the way, and was overridden';

CREATE TYPE spyne.join_rejection AS (
    candidate_id bigint,
    condition    text,
    status       text);
COMMENT ON TYPE spyne.join_rejection IS 'A join candidate that was rejected';
COMMENT ON COLUMN spyne.join_rejection.candidate_id IS 'The candidate';
COMMENT ON COLUMN spyne.join_rejection.condition IS 'Its condition, by logical names';
COMMENT ON COLUMN spyne.join_rejection.status IS 'rejected';

CREATE TYPE spyne.join_deprecation AS (
    join_id   text,
    condition text,
    status    text);
COMMENT ON TYPE spyne.join_deprecation IS 'An accepted join that was taken out of force';
COMMENT ON COLUMN spyne.join_deprecation.join_id IS 'The join';
COMMENT ON COLUMN spyne.join_deprecation.condition IS 'Its condition, by logical names';
COMMENT ON COLUMN spyne.join_deprecation.status IS 'deprecated';

CREATE TYPE spyne.preview AS (
    preview_id            uuid,
    sql                   text,
    statement             text,
    tables_used           jsonb,
    join_versions         text[],
    joins                 jsonb,
    filters               jsonb,
    aggregations          jsonb,
    assumptions           jsonb,
    guardrails            jsonb,
    dry_run_result        jsonb,
    confidence            double precision,
    estimated_rows        double precision,
    estimated_cost        double precision,
    estimated_execution_time_ms double precision,
    requires_confirmation boolean,
    expires_at            timestamptz);
COMMENT ON TYPE spyne.preview IS 'What a statement will do, and until when it may run';
COMMENT ON COLUMN spyne.preview.preview_id IS 'What spyne_execute and spyne_open take';
COMMENT ON COLUMN spyne.preview.sql IS 'The statement that is authorised, without space around it, logical names resolved';
COMMENT ON COLUMN spyne.preview.statement IS 'SELECT, INSERT, UPDATE, DELETE, MERGE, or what wraps it: COPY, EXPLAIN, ...';
COMMENT ON COLUMN spyne.preview.tables_used IS 'The tables it uses: name, relation, state, version, access, estimated rows, views passed through';
COMMENT ON COLUMN spyne.preview.join_versions IS 'The accepted joins that cover its joins';
COMMENT ON COLUMN spyne.preview.joins IS 'How it connects them';
COMMENT ON COLUMN spyne.preview.filters IS 'What it leaves out';
COMMENT ON COLUMN spyne.preview.aggregations IS 'What it adds up';
COMMENT ON COLUMN spyne.preview.assumptions IS 'What it silently relies on: code and text';
COMMENT ON COLUMN spyne.preview.guardrails IS 'What is dangerous about it: code, severity, message and remedy';
COMMENT ON COLUMN spyne.preview.dry_run_result IS 'After a dry run: its table, exact count, and rows before and after; else null';
COMMENT ON COLUMN spyne.preview.confidence IS 'How sure it is that the result means what it seems to, 0 to 1';
COMMENT ON COLUMN spyne.preview.estimated_rows IS 'By the planner; after a dry run, exact';
COMMENT ON COLUMN spyne.preview.estimated_cost IS 'In the planner''s units';
COMMENT ON COLUMN spyne.preview.estimated_execution_time_ms IS 'By cost and past executions, in milliseconds; null until there are enough';
COMMENT ON COLUMN spyne.preview.requires_confirmation IS 'Whether a stop was left that nobody has overridden: it does not run then';
COMMENT ON COLUMN spyne.preview.expires_at IS 'Until when it authorises';

CREATE TYPE spyne.guardrail AS (
    code     text,
    severity text,
    message  text,
    remedy   text);
COMMENT ON TYPE spyne.guardrail IS 'What is dangerous about a statement';
COMMENT ON COLUMN spyne.guardrail.code IS 'What a preview overrides it by';
COMMENT ON COLUMN spyne.guardrail.severity IS 'stop: it does not run unless that is overridden; warning or info: it does';
COMMENT ON COLUMN spyne.guardrail.message IS 'What the danger is, in words';
COMMENT ON COLUMN spyne.guardrail.remedy IS 'What to do about it';

CREATE TYPE spyne.state_rule AS (
    state       text,
    meaning     text,
    queryable   text,
    writable    boolean,
    visible     text,
    auto_joined boolean,
    becomes     text[],
    registrable boolean);
COMMENT ON TYPE spyne.state_rule IS 'What a table state means and allows';
COMMENT ON COLUMN spyne.state_rule.state IS 'The state';
COMMENT ON COLUMN spyne.state_rule.meaning IS 'What it stands for';
COMMENT ON COLUMN spyne.state_rule.queryable IS 'Who may read';
COMMENT ON COLUMN spyne.state_rule.writable IS 'Whether it can be written to, by those who may ingest';
COMMENT ON COLUMN spyne.state_rule.visible IS 'Who sees it in listings';
COMMENT ON COLUMN spyne.state_rule.auto_joined IS 'Whether joins to it are suggested';
COMMENT ON COLUMN spyne.state_rule.becomes IS 'What it can become, and by which function';
COMMENT ON COLUMN spyne.state_rule.registrable IS 'Whether it can be asked for at registration';

CREATE TYPE spyne.role_rule AS (
    role             text,
    query            boolean,
    create_contracts boolean,
    ingest           boolean,
    promote          boolean,
    deprecate        boolean,
    view_shadow      boolean);
COMMENT ON TYPE spyne.role_rule IS 'What a role may do';
COMMENT ON COLUMN spyne.role_rule.role IS 'The role';
COMMENT ON COLUMN spyne.role_rule.query IS 'May read READ_ONLY and ACTIVE tables, and DEPRECATED ones on request';
COMMENT ON COLUMN spyne.role_rule.create_contracts IS 'May describe feeds';
COMMENT ON COLUMN spyne.role_rule.ingest IS 'May write to ACTIVE and SHADOW tables';
COMMENT ON COLUMN spyne.role_rule.promote IS 'May promote and restore';
COMMENT ON COLUMN spyne.role_rule.deprecate IS 'May deprecate';
COMMENT ON COLUMN spyne.role_rule.view_shadow IS 'May read SHADOW tables';

CREATE TYPE spyne.access_rule AS (
    rule     text,
    sqlstate text,
    refused  text,
    place    text);
COMMENT ON TYPE spyne.access_rule IS 'A rule by which something is refused';
COMMENT ON COLUMN spyne.access_rule.rule IS 'As it stands in brackets at the end of a refusal''s DETAIL';
COMMENT ON COLUMN spyne.access_rule.sqlstate IS 'The SQLSTATE of the refusal';
COMMENT ON COLUMN spyne.access_rule.refused IS 'What is refused';
COMMENT ON COLUMN spyne.access_rule.place IS 'Where the documents say more';

CREATE TYPE spyne.drift_rule AS (
    change_type text,
    severity    text,
    change      text,
    because     text);
COMMENT ON TYPE spyne.drift_rule IS 'How bad a kind of change is, and why';
COMMENT ON COLUMN spyne.drift_rule.change_type IS 'As drift reports have it';
COMMENT ON COLUMN spyne.drift_rule.severity IS 'COMPATIBLE, WARNING or BREAKING';
COMMENT ON COLUMN spyne.drift_rule.change IS 'What has happened';
COMMENT ON COLUMN spyne.drift_rule.because IS 'Why it is as bad as that';

CREATE TYPE spyne.statement_fault AS (
    statement text,
    fault     text);
COMMENT ON TYPE spyne.statement_fault IS 'A statement of spyne''s own that does not fit its catalog';
COMMENT ON COLUMN spyne.statement_fault.statement IS 'Its text';
COMMENT ON COLUMN spyne.statement_fault.fault IS 'Why it cannot run, or what it does not return';

CREATE TYPE spyne.row_fault AS (
    row_type text,
    fault    text);
COMMENT ON TYPE spyne.row_fault IS 'A row that the library and the catalog have declared differently';
COMMENT ON COLUMN spyne.row_fault.row_type IS 'Its type, or the function that returns it';
COMMENT ON COLUMN spyne.row_fault.fault IS 'How they differ';

CREATE TYPE spyne.version_report AS (
    library   text,
    catalog   text,
    installed text,
    advice    text);
COMMENT ON TYPE spyne.version_report IS 'The versions of spyne that meet in a session';
COMMENT ON COLUMN spyne.version_report.library IS 'That of the library which this session has loaded';
COMMENT ON COLUMN spyne.version_report.catalog IS 'That of the catalog of this database';
COMMENT ON COLUMN spyne.version_report.installed IS 'That of the files on disk, which ALTER EXTENSION spyne UPDATE leads to';
COMMENT ON COLUMN spyne.version_report.advice IS 'What to do where they differ; null where they are the same';

-- Those of functions that are written in SQL have no struct.
CREATE TYPE spyne.caller AS (
    user_name         name,
    session_user_name name,
    spyne_role        text,
    query             boolean,
    create_contracts  boolean,
    ingest            boolean,
    promote           boolean,
    deprecate         boolean,
    view_shadow       boolean);
COMMENT ON TYPE spyne.caller IS 'Who somebody is, and what they may do';
COMMENT ON COLUMN spyne.caller.user_name IS 'As whom they act';
COMMENT ON COLUMN spyne.caller.session_user_name IS 'Who has logged in';
COMMENT ON COLUMN spyne.caller.spyne_role IS 'The highest spyne role that they have the rights of, or none';
COMMENT ON COLUMN spyne.caller.query IS 'May read READ_ONLY and ACTIVE tables, and DEPRECATED ones on request';
COMMENT ON COLUMN spyne.caller.create_contracts IS 'May describe feeds';
COMMENT ON COLUMN spyne.caller.ingest IS 'May write to ACTIVE and SHADOW tables';
COMMENT ON COLUMN spyne.caller.promote IS 'May promote and restore';
COMMENT ON COLUMN spyne.caller.deprecate IS 'May deprecate';
COMMENT ON COLUMN spyne.caller.view_shadow IS 'May read SHADOW tables';

CREATE TYPE spyne.table_state AS (
    relation      regclass,
    name          text,
    state         text,
    version       text,
    owner         regrole,
    supersedes    text,
    queryable     text,
    writable      boolean,
    created_at    timestamptz,
    updated_at    timestamptz,
    deprecated_at timestamptz,
    deprecated_by name,
    sunset_at     timestamptz);
COMMENT ON TYPE spyne.table_state IS 'A governed table, and the state that binds it';
COMMENT ON COLUMN spyne.table_state.relation IS 'The table; for a partition, the one that it belongs to';
COMMENT ON COLUMN spyne.table_state.name IS 'Its logical name';
COMMENT ON COLUMN spyne.table_state.state IS 'READ_ONLY, SHADOW, ACTIVE or DEPRECATED: see spyne.state_properties';
COMMENT ON COLUMN spyne.table_state.version IS 'Its version';
COMMENT ON COLUMN spyne.table_state.owner IS 'The role that answers for this version';
COMMENT ON COLUMN spyne.table_state.supersedes IS 'The version that this one took over from';
COMMENT ON COLUMN spyne.table_state.queryable IS 'Who may read';
COMMENT ON COLUMN spyne.table_state.writable IS 'Whether it can be written to, by those who may ingest';
COMMENT ON COLUMN spyne.table_state.created_at IS 'When the version came under governance';
COMMENT ON COLUMN spyne.table_state.updated_at IS 'When its row in spyne.tables last changed';
COMMENT ON COLUMN spyne.table_state.deprecated_at IS 'When the version was deprecated; null in every other state';
COMMENT ON COLUMN spyne.table_state.deprecated_by IS 'Who deprecated it';
COMMENT ON COLUMN spyne.table_state.sunset_at IS 'When a deprecated version is meant to go';

CREATE TYPE spyne.gap AS (
    severity text,
    gap      text,
    object   text,
    detail   text,
    remedy   text);
COMMENT ON TYPE spyne.gap IS 'A way around governance';
COMMENT ON COLUMN spyne.gap.severity IS 'critical, high, medium or low';
COMMENT ON COLUMN spyne.gap.gap IS 'What kind of way it is';
COMMENT ON COLUMN spyne.gap.object IS 'What opens it';
COMMENT ON COLUMN spyne.gap.detail IS 'Who gets where by it, in words';
COMMENT ON COLUMN spyne.gap.remedy IS 'The statement that closes it';
