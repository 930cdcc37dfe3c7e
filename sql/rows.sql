-- The rows that functions return. Each is declared here once, and filled by one
-- struct of the library whose fields have the names of the columns;
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

-- Not of the library: spyne.find_gaps and spyne_coverage are written in SQL.
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
