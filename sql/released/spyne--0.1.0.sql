-- Texts are compared and taken apart as UTF-8. In another encoding two of them
-- could be taken for one, so spyne does not begin there.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'spyne needs a database with the encoding UTF8'
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = pg_catalog.format('The encoding of %I is %s.', pg_catalog.current_database(), pg_catalog.getdatabaseencoding()),
                  HINT = 'Dump the database, and restore it into one made with ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;

-- The roles, made if missing: they belong to the cluster, so another database
-- may have made them already.

DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['spyne_viewer', 'spyne_analyst', 'spyne_engineer', 'spyne_admin', 'spyne_views'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles
                      WHERE rolname = wanted AND (rolcanlogin OR rolsuper OR rolbypassrls)) THEN
            RAISE EXCEPTION 'role % exists and can log in, is a superuser, or bypasses row security', wanted
                USING ERRCODE = '42710',
                      DETAIL = 'The roles of spyne are groups: NOLOGIN, with no rights of their own.',
                      HINT = pg_catalog.format('Rename that role, or run: ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS;', wanted);
        END IF;
    END LOOP;
END
$roles$;

-- Each role is a member of the one below it.
GRANT spyne_viewer TO spyne_analyst;
GRANT spyne_analyst TO spyne_engineer;
GRANT spyne_engineer TO spyne_admin;

COMMENT ON ROLE spyne_viewer IS 'spyne: may query governed tables';
COMMENT ON ROLE spyne_analyst IS 'spyne: may query governed tables';
COMMENT ON ROLE spyne_engineer IS 'spyne: may also see staging, ingest, and create contracts';
COMMENT ON ROLE spyne_admin IS 'spyne: may also promote, deprecate and restore';
COMMENT ON ROLE spyne_views IS 'spyne: owns the views in schema governed; nobody is a member';

-- The catalog: schemas, tables, and the invariants they keep by themselves.
-- Every invariant is a constraint or an index with its reason beside it.

CREATE SCHEMA spyne;
COMMENT ON SCHEMA spyne IS 'spyne: the catalog. Read it; only spyne''s functions write it';
CREATE SCHEMA spyne_shadow;
COMMENT ON SCHEMA spyne_shadow IS 'spyne: tables in staging, open to engineers and admins';
CREATE SCHEMA governed;
COMMENT ON SCHEMA governed IS 'spyne: one view per visible logical table, for BI tools';

-- The enforcement reads columns 1 and 2 of this table by position: they stay.
CREATE TABLE spyne.tables (
    relation      regclass NOT NULL,
    state         text NOT NULL,
    logical_name  text NOT NULL,
    version       text NOT NULL,
    owner         regrole NOT NULL,
    supersedes    text,
    superseded_by text,
    home_schema   name NOT NULL,
    home_name     name NOT NULL,
    suspended_grants jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deprecated_at timestamptz,
    deprecated_by name,
    sunset_at     timestamptz,
    -- A relation is governed once: its state must have one answer.
    CONSTRAINT tables_relation_key PRIMARY KEY (relation),
    -- A version names one relation.
    CONSTRAINT tables_version_key UNIQUE (logical_name, version),
    CONSTRAINT tables_state_known CHECK (state IN ('READ_ONLY', 'SHADOW', 'ACTIVE', 'DEPRECATED')),
    CONSTRAINT tables_version_shape CHECK (version ~ '^v[0-9]+([.][0-9]+)?$'),
    CONSTRAINT tables_name_length CHECK (octet_length(logical_name) BETWEEN 1 AND 63),
    -- Who deprecated a table, and when, is part of what its readers are told.
    CONSTRAINT tables_deprecation_whole CHECK ((state = 'DEPRECATED') = (deprecated_at IS NOT NULL))
);
-- At most one canonical version of a name, whatever runs at the same time.
CREATE UNIQUE INDEX tables_one_active ON spyne.tables (logical_name) WHERE state = 'ACTIVE';
-- At most one fallback: a name must resolve to one table.
CREATE UNIQUE INDEX tables_one_read_only ON spyne.tables (logical_name) WHERE state = 'READ_ONLY';

COMMENT ON TABLE spyne.tables IS 'Each governed table version, in exactly one state';
COMMENT ON COLUMN spyne.tables.relation IS 'The table that is governed';
COMMENT ON COLUMN spyne.tables.state IS 'READ_ONLY, SHADOW, ACTIVE or DEPRECATED: see spyne.state_properties';
COMMENT ON COLUMN spyne.tables.logical_name IS 'The name that the versions of a table share';
COMMENT ON COLUMN spyne.tables.version IS 'v1, v1.1 after a compatible change, v2 after a breaking one';
COMMENT ON COLUMN spyne.tables.owner IS 'The role that answers for this version';
COMMENT ON COLUMN spyne.tables.supersedes IS 'The version that this one took over from';
COMMENT ON COLUMN spyne.tables.home_schema IS 'The schema this version has, or had, when it is the one applications use';
COMMENT ON COLUMN spyne.tables.home_name IS 'The table name this version has, or had, when it is the one applications use';
COMMENT ON COLUMN spyne.tables.superseded_by IS 'The version that took over from this one, while it is deprecated for that';
COMMENT ON COLUMN spyne.tables.suspended_grants IS 'Grants taken away while the table is in staging, given back when it leaves';
COMMENT ON COLUMN spyne.tables.created_at IS 'When the version came under governance';
COMMENT ON COLUMN spyne.tables.updated_at IS 'When this row last changed';
COMMENT ON COLUMN spyne.tables.deprecated_at IS 'When the version was deprecated; null in every other state';
COMMENT ON COLUMN spyne.tables.deprecated_by IS 'Who deprecated it';
COMMENT ON COLUMN spyne.tables.sunset_at IS 'When a deprecated version is meant to go';
COMMENT ON INDEX spyne.tables_one_active IS 'At most one ACTIVE version of a logical name';
COMMENT ON INDEX spyne.tables_one_read_only IS 'At most one READ_ONLY version of a logical name';

CREATE TABLE spyne.table_state_history (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logical_name      text NOT NULL,
    version           text NOT NULL,
    relation          text NOT NULL,
    from_state        text,
    to_state          text,
    session_user_name name NOT NULL DEFAULT session_user,
    current_user_name name NOT NULL,
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason            text,
    -- Registration comes from nothing, unregistration goes to nothing; never both.
    CONSTRAINT history_is_a_change CHECK (from_state IS NOT NULL OR to_state IS NOT NULL)
);
CREATE INDEX table_state_history_by_name ON spyne.table_state_history (logical_name, id);
COMMENT ON TABLE spyne.table_state_history IS 'Every change of state, append-only';
COMMENT ON COLUMN spyne.table_state_history.id IS 'Order of the changes';
COMMENT ON COLUMN spyne.table_state_history.logical_name IS 'The logical table';
COMMENT ON COLUMN spyne.table_state_history.version IS 'The version that changed';
COMMENT ON COLUMN spyne.table_state_history.relation IS 'What the table was called before the change';
COMMENT ON COLUMN spyne.table_state_history.from_state IS 'The state before; null at registration';
COMMENT ON COLUMN spyne.table_state_history.to_state IS 'The state after; null when it was unregistered';
COMMENT ON COLUMN spyne.table_state_history.session_user_name IS 'Who had logged in';
COMMENT ON COLUMN spyne.table_state_history.current_user_name IS 'As whom they acted';
COMMENT ON COLUMN spyne.table_state_history.changed_at IS 'When';
COMMENT ON COLUMN spyne.table_state_history.reason IS 'Why, in their words';

CREATE TABLE spyne.table_versions (
    logical_name    text NOT NULL,
    version         text NOT NULL,
    schema_snapshot jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by      name NOT NULL,
    origin          text,
    -- A version has one shape; a table that returns to governance under a
    -- version it had before gets the shape it has then.
    CONSTRAINT table_versions_pkey PRIMARY KEY (logical_name, version)
);
COMMENT ON TABLE spyne.table_versions IS 'The shape of each version when it was taken under governance';
COMMENT ON COLUMN spyne.table_versions.logical_name IS 'The logical table';
COMMENT ON COLUMN spyne.table_versions.version IS 'The version';
COMMENT ON COLUMN spyne.table_versions.schema_snapshot IS 'Columns, constraints and partition key';
COMMENT ON COLUMN spyne.table_versions.created_at IS 'When the snapshot was taken';
COMMENT ON COLUMN spyne.table_versions.created_by IS 'By whom';
COMMENT ON COLUMN spyne.table_versions.origin IS 'Installation, database and table that it was taken of: there its columns are told by their numbers';

CREATE TABLE spyne.system_config (
    key        text PRIMARY KEY,
    value      text NOT NULL,
    reason     text,
    changed_by name NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT system_mode_known CHECK (key <> 'mode' OR value IN ('READ_ONLY', 'INGESTION_READY'))
);
COMMENT ON TABLE spyne.system_config IS 'Settings of this database that are data, not server settings';
COMMENT ON COLUMN spyne.system_config.key IS 'mode: whether ingestion and writes to staging are open';
COMMENT ON COLUMN spyne.system_config.value IS 'For mode: READ_ONLY or INGESTION_READY';
COMMENT ON COLUMN spyne.system_config.reason IS 'Why it was last changed';
COMMENT ON COLUMN spyne.system_config.changed_by IS 'By whom';
COMMENT ON COLUMN spyne.system_config.changed_at IS 'When';

COMMENT ON SEQUENCE spyne.table_state_history_id_seq IS 'Order of the changes of state';

-- Dump and restore: a row of mode exists only once somebody has set it, so that
-- a restore never meets a row that the installation made.
SELECT pg_catalog.pg_extension_config_dump('spyne.tables', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.table_state_history', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.table_state_history_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.table_versions', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.system_config', '');

-- What a name means to its readers: its ACTIVE version, else its READ_ONLY one.
CREATE VIEW spyne.current_versions AS
SELECT DISTINCT ON (logical_name) logical_name, relation::oid AS relation, version, state
FROM spyne.tables WHERE state IN ('ACTIVE', 'READ_ONLY')
ORDER BY logical_name, state = 'ACTIVE' DESC;
COMMENT ON VIEW spyne.current_versions IS 'The version of each name that its readers get: ACTIVE, else READ_ONLY';
COMMENT ON COLUMN spyne.current_versions.logical_name IS 'The name';
COMMENT ON COLUMN spyne.current_versions.relation IS 'The OID of its table';
COMMENT ON COLUMN spyne.current_versions.version IS 'Its version';
COMMENT ON COLUMN spyne.current_versions.state IS 'ACTIVE or READ_ONLY';

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
COMMENT ON COLUMN spyne.detected_change.change_type IS 'ADD, REMOVE, RENAME, TYPE_CHANGE, NULLABILITY, DEFAULT, KEY, CONSTRAINT, ORDER, STORAGE, SOURCE or REWRITE';
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

-- What a table is, as one value: read once, then planned on by pure functions.
-- All of it comes from the system catalogs: no user's table is read and no
-- user's function is called, since promotion runs this with elevated rights.

-- The shape of a table: what table_versions keeps. In PL/pgSQL, which keeps its
-- plan for the session: each preview asks for each of its tables.
CREATE FUNCTION spyne.schema_snapshot(relation oid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
-- All that texts of types and expressions hang on: a shape is the same to everybody.
SET quote_all_identifiers = off SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
SET bytea_output = 'hex' SET extra_float_digits = 1 SET standard_conforming_strings = on AS $$
BEGIN RETURN jsonb_build_object(
    'columns', (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'attnum', a.attnum, 'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'facts', CASE WHEN a.atttypid >= 16384 THEN spyne.type_facts(a.atttypid) END,
                   -- From 18 on a NOT NULL is a constraint, and one that is NOT VALID proves nothing of the rows that are there.
                   'not_null', a.attnotnull AND nn.convalidated IS NOT FALSE,
                   'not_null_constraint', CASE WHEN nn.oid IS NOT NULL THEN jsonb_build_object('name', nn.conname)
                       || CASE WHEN nn.convalidated THEN '{}' ELSE '{"not_valid": true}'::jsonb END
                       || CASE WHEN nn.connoinherit THEN '{"no_inherit": true}'::jsonb ELSE '{}' END
                       || CASE WHEN nn.coninhcount > 0 THEN '{"inherited": true}'::jsonb ELSE '{}' END END,
                   'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                   'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                   'virtual', CASE WHEN a.attgenerated = 'v' THEN true END,
                   'identity', nullif(a.attidentity, ''),
                   'collation', CASE WHEN a.attcollation <> t.typcollation THEN format('%I.%I', cn.nspname, c.collname) END,
                   -- What stays the same where only a name is another: within one database.
                   'marks', jsonb_build_object(
                       'type', concat_ws('/', a.atttypid, a.atttypmod), 'collation', a.attcollation::bigint,
                       'expression', md5(d.adbin::text))))
                   ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_constraint nn ON nn.conrelid = relation AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
        LEFT JOIN (pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace) ON c.oid = a.attcollation
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped),
    'constraints', (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(x.item) ORDER BY x.item ->> 'name'), '[]') FROM (
            SELECT jsonb_build_object(
                       'name', n.conname, 'kind', n.contype, 'definition', pg_get_constraintdef(n.oid),
                       'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
                                   FROM unnest(n.conkey) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = k.attnum),
                       'mark', md5(n.conbin::text),
                       'refers', CASE WHEN n.contype = 'f' THEN n.confrelid::oid || n.confkey::text END) AS item
            FROM pg_constraint n WHERE n.conrelid = relation AND n.contype IN ('p', 'u', 'f', 'c', 'x')
            UNION ALL
            -- What is unique without a constraint is a key all the same. The
            -- definition is what follows the name of the table.
            SELECT jsonb_build_object(
                       'name', c.relname, 'kind', 'i',
                       'definition', substr(pg_get_indexdef(i.indexrelid), strpos(pg_get_indexdef(i.indexrelid), format(' USING %s (', m.amname))),
                       'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
                                   FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                                   WHERE k.place <= i.indnkeyatts))
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid
              AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = i.indexrelid AND n.contype IN ('p', 'u', 'x'))) x),
    'partition_key', pg_get_partkeydef(relation),
    'storage', (SELECT jsonb_strip_nulls(jsonb_build_object('persistence', c.relpersistence, 'access_method', m.amname, 'tablespace', s.spcname))
                FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
                WHERE c.oid = relation),
    'sources', spyne.sources_of(relation));
END
$$;

-- Where the rows come from of a foreign table, or of those that belong to a table;
-- NULL where there are none. Of user mappings a digest, without what is secret in
-- them; one that is new shows nobody else anything.
CREATE FUNCTION spyne.sources_of(relation oid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Most tables need no more than this look.
    IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND (c.relkind IN ('f', 'p') OR c.relhassubclass)) THEN
        RETURN NULL;
    END IF;
    RETURN (
        WITH RECURSIVE below (oid) AS (
            SELECT relation UNION SELECT h.inhrelid FROM pg_inherits h JOIN below b ON h.inhparent = b.oid)
        SELECT jsonb_agg(jsonb_build_object(
            'oid', c.oid::bigint, 'table', format('%I.%I', n.nspname, c.relname),
            'definition', concat_ws(' ', format('SERVER %I', s.srvname), s.srvversion, s.srvtype, s.srvoptions, w.fdwname, w.fdwoptions, 'TABLE', f.ftoptions,
                (SELECT string_agg(format('%I %s', a.attname, a.attfdwoptions), ' ' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attfdwoptions IS NOT NULL AND NOT a.attisdropped)),
            'mappings', (
                SELECT coalesce(jsonb_object_agg(CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(m.umuser) END,
                           (SELECT md5(coalesce(string_agg(o, ',' ORDER BY o), '')) FROM unnest(m.umoptions) o
                            WHERE o !~* '^[^=]*(pass|secret|token|key)[^=]*=')), '{}')
                FROM pg_user_mapping m WHERE m.umserver = s.oid)) ORDER BY c.oid)
        FROM below b JOIN pg_foreign_table f ON f.ftrelid = b.oid
        JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_foreign_server s ON s.oid = f.ftserver JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw);
END
$$;

-- What a type that is none of Postgres's own consists of: see
-- core::drift::types. NULL for the others, and below 6 levels: what is nested
-- twice at each level would double with each.
CREATE FUNCTION spyne.type_facts(wanted oid, depth integer DEFAULT 0) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
    SELECT CASE
        WHEN t.oid < 16384 OR depth > 6 THEN NULL
        WHEN t.typtype = 'e' THEN jsonb_build_object('enum',
            (SELECT coalesce(jsonb_agg(e.enumlabel ORDER BY e.enumsortorder), '[]') FROM pg_enum e WHERE e.enumtypid = t.oid))
        WHEN t.typtype = 'd' THEN jsonb_build_object('domain', jsonb_build_object(
            'base', jsonb_build_object('type', format_type(t.typbasetype, t.typtypmod), 'facts', spyne.type_facts(t.typbasetype, depth + 1)),
            'not_null', t.typnotnull, 'default', t.typdefault,
            'checks', (SELECT coalesce(jsonb_agg(pg_get_constraintdef(n.oid) ORDER BY n.conname), '[]')
                       FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'c')))
        WHEN t.typtype = 'c' THEN jsonb_build_object('composite',
            (SELECT coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                        'facts', spyne.type_facts(a.atttypid, depth + 1)) ORDER BY a.attnum), '[]')
             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
        WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN jsonb_build_object('array',
            jsonb_build_object('type', format_type(t.typelem, -1), 'facts', spyne.type_facts(t.typelem, depth + 1)))
    END FROM pg_type t WHERE t.oid = wanted);
END
$$;

-- The columns of a table that an object names.
CREATE FUNCTION spyne.columns_used(relation oid, class oid, object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(DISTINCT a.attname), '[]')
FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = class AND d.objid = object AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
  AND d.refobjsubid > 0
$$;

-- The schemas that a role may not use and that an object has something of, or is
-- in: whoever makes it again has to name what is in them.
CREATE FUNCTION spyne.closed_schemas(owner oid, home oid, class oid, object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH named (schema) AS (
    SELECT home
    UNION SELECT c.relnamespace FROM pg_depend d JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object
    UNION SELECT p.pronamespace FROM pg_depend d JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object
    UNION SELECT t.typnamespace FROM pg_depend d JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object)
SELECT coalesce(jsonb_agg(n.nspname ORDER BY n.nspname), '[]')
FROM named JOIN pg_namespace n ON n.oid = named.schema
WHERE NOT has_schema_privilege(owner, n.oid, 'USAGE')
$$;

-- Everything that takes a table's place, or keeps another from taking it.
CREATE FUNCTION spyne.describe(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'owner', pg_get_userbyid(c.relowner),
    'is_partition', c.relispartition,
    'estimated_rows', CASE WHEN c.relpages = 0 AND pg_relation_size(c.oid) = 0 THEN 0
                           WHEN c.reltuples >= 0 THEN c.reltuples END,
    'shape', spyne.schema_snapshot(c.oid),
    'row_security', c.relrowsecurity, 'force_row_security', c.relforcerowsecurity,
    'replica_identity', c.relreplident,
    'comment', obj_description(c.oid, 'pg_class'),
    'column_comments', (
        SELECT coalesce(jsonb_object_agg(a.attname, d.description), '{}')
        FROM pg_description d JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
        WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid > 0 AND NOT a.attisdropped),
    'grants', (
        SELECT coalesce(jsonb_agg(g ORDER BY g ->> 'column', g ->> 'grantee', g ->> 'privilege'), '[]')
        FROM (SELECT jsonb_build_object('grantee', CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END,
                                        'privilege', x.privilege_type, 'grantable', x.is_grantable, 'column', NULL) AS g
              FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
              UNION ALL
              SELECT jsonb_build_object('grantee', CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END,
                                        'privilege', x.privilege_type, 'grantable', x.is_grantable, 'column', a.attname)
              FROM pg_attribute a, aclexplode(a.attacl) x
              WHERE a.attrelid = c.oid AND NOT a.attisdropped AND x.grantee <> c.relowner) s),
    'policies', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', p.polname, 'permissive', p.polpermissive,
                   'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                   'roles', (SELECT jsonb_agg(CASE r WHEN 0 THEN NULL ELSE pg_get_userbyid(r) END) FROM unnest(p.polroles) r),
                   'using', pg_get_expr(p.polqual, p.polrelid),
                   'with_check', pg_get_expr(p.polwithcheck, p.polrelid),
                   'uses', spyne.columns_used(c.oid, 'pg_policy'::regclass, p.oid),
                   'closed', spyne.closed_schemas(c.relowner, c.relnamespace, 'pg_policy'::regclass, p.oid)) ORDER BY p.polname), '[]')
        FROM pg_policy p WHERE p.polrelid = c.oid),
    'publications', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', p.pubname,
                   'columns', (SELECT jsonb_agg(a.attname ORDER BY k.ord)
                               FROM unnest(r.prattrs::int2[]) WITH ORDINALITY k(attnum, ord)
                               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum),
                   'filter', pg_get_expr(r.prqual, r.prrelid), 'via_root', p.pubviaroot,
                   'uses', spyne.columns_used(c.oid, 'pg_publication_rel'::regclass, r.oid)) ORDER BY p.pubname), '[]')
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid),
    -- Names that live in the table's schema and move with it.
    'indexes', (
        SELECT coalesce(jsonb_agg(i.relname ORDER BY i.relname), '[]')
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
    -- What a foreign key of another table may refer to.
    'keys', (
        SELECT coalesce(jsonb_agg((SELECT jsonb_agg(a.attname ORDER BY k.place)
                                   FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                                   WHERE k.place <= x.indnkeyatts)), '[]')
        FROM pg_index x
        WHERE x.indrelid = c.oid AND c.relkind IN ('r', 'p') AND x.indisunique AND NOT x.indisexclusion AND x.indimmediate AND x.indisvalid
          AND x.indpred IS NULL AND x.indexprs IS NULL),
    -- The same for a foreign key over periods: keys that end with WITHOUT OVERLAPS.
    'period_keys', (
        SELECT coalesce(jsonb_agg((SELECT jsonb_agg(a.attname ORDER BY k.place)
                                   FROM unnest(n.conkey) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum)), '[]')
        FROM pg_constraint n
        WHERE n.conrelid = c.oid AND n.contype IN ('p', 'u') AND NOT n.condeferrable AND (to_jsonb(n) ->> 'conperiod') = 'true'),
    'sequences', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', s.relname, 'column', a.attname, 'identity', d.deptype = 'i',
                   'last_value', pg_sequence_last_value(s.oid)) ORDER BY s.relname), '[]')
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = c.oid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')),
    'triggers', (
        SELECT coalesce(jsonb_agg(t.tgname ORDER BY t.tgname), '[]')
        FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgfoid <> 'spyne.guard()'::regprocedure),
    'children', (SELECT count(*) FROM pg_inherits h WHERE h.inhparent = c.oid AND c.relkind <> 'p'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = relation
$$;

-- What points at a table and would go on pointing at it after a swap.
CREATE FUNCTION spyne.dependents(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH rewritten AS (
    SELECT v.oid, v.relname, v.relkind, v.relnamespace, n.nspname, v.reloptions, v.relowner, r.rulename, r.ev_type, r.oid AS rule,
           coalesce(jsonb_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS uses
    FROM pg_depend d
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = v.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.deptype = 'n'
      AND v.oid <> relation
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
SELECT coalesce(jsonb_agg(x.item ORDER BY x.item ->> 'kind', x.item ->> 'schema', x.item ->> 'name'), '[]')
FROM (
    SELECT jsonb_build_object('kind', 'foreign key', 'schema', n.nspname, 'name', c.relname,
               'constraint', k.conname, 'definition', pg_get_constraintdef(k.oid),
               'uses', (SELECT jsonb_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (k.confkey)),
               -- The column over whose periods it refers.
               'period', CASE WHEN (to_jsonb(k) ->> 'conperiod') = 'true' THEN
                   (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = k.confkey[cardinality(k.confkey)]) END,
               -- Where no foreign key can be NOT VALID.
               'partitioned', c.relkind = 'p' AND current_setting('server_version_num')::integer < 180000, 'self', k.conrelid = relation) AS item
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.confrelid = relation AND k.conparentid = 0 AND k.conrelid <> relation
    UNION ALL
    SELECT jsonb_build_object('kind', 'view', 'schema', w.nspname, 'name', w.relname,
               'definition', pg_get_viewdef(w.oid), 'uses', w.uses, 'options', to_jsonb(w.reloptions),
               'owner', pg_get_userbyid(w.relowner), 'can_create', has_schema_privilege(w.relowner, w.relnamespace, 'CREATE'),
               'closed', spyne.closed_schemas(w.relowner, w.relnamespace, 'pg_rewrite'::regclass, w.rule))
    FROM rewritten w
    WHERE w.relkind = 'v' AND w.ev_type = '1'
      AND NOT (w.nspname = 'governed' AND w.relowner = 'spyne_views'::regrole)
    UNION ALL
    SELECT jsonb_build_object('kind', 'materialized view', 'schema', w.nspname, 'name', w.relname,
               'definition', pg_get_viewdef(w.oid), 'uses', w.uses, 'options', to_jsonb(w.reloptions),
               'owner', pg_get_userbyid(w.relowner), 'can_create', has_schema_privilege(w.relowner, w.relnamespace, 'CREATE'),
               'closed', spyne.closed_schemas(w.relowner, w.relnamespace, 'pg_rewrite'::regclass, w.rule),
               'comment', obj_description(w.oid, 'pg_class'),
               'indexes', (SELECT coalesce(jsonb_agg(pg_get_indexdef(i.indexrelid)), '[]') FROM pg_index i WHERE i.indrelid = w.oid),
               'grants', spyne.describe(w.oid) -> 'grants',
               'used_by', (SELECT count(*) FROM pg_depend u JOIN pg_rewrite r ON u.classid = 'pg_rewrite'::regclass AND r.oid = u.objid
                           WHERE u.refclassid = 'pg_class'::regclass AND u.refobjid = w.oid AND r.ev_class <> w.oid))
    FROM rewritten w WHERE w.relkind = 'm'
    UNION ALL
    SELECT jsonb_build_object('kind', 'rule', 'schema', w.nspname, 'name', w.relname, 'constraint', w.rulename)
    FROM rewritten w WHERE w.ev_type <> '1'
    UNION ALL
    SELECT DISTINCT jsonb_build_object('kind', 'function', 'schema', n.nspname, 'name', p.proname)
    FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
    UNION ALL
    SELECT DISTINCT jsonb_build_object('kind', 'policy', 'schema', n.nspname, 'name', c.relname, 'constraint', y.polname)
    FROM pg_depend d JOIN pg_policy y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
    JOIN pg_class c ON c.oid = y.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND y.polrelid <> relation
) x
$$;

-- The relations that a takeover locks, as a jsonb array in the order of locking:
-- views before tables, since readers come through a view to its table, and
-- younger views first, since a view is made after those it reads. One order for
-- all takeovers keeps two of them from waiting for each other. Nothing here may
-- lock anything itself, as pg_get_viewdef would.
CREATE FUNCTION spyne.takeover_locks(name text, incoming oid, outgoing oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH wanted (oid) AS (
    VALUES (incoming), (outgoing)
    UNION
    SELECT k.conrelid FROM pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid = outgoing AND k.conparentid = 0
    UNION
    SELECT r.ev_class
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = outgoing AND d.deptype = 'n' AND r.ev_type = '1'
    UNION
    SELECT to_regclass('governed.' || quote_ident(name))::oid)
SELECT coalesce(jsonb_agg(c.oid::bigint ORDER BY c.relkind <> 'v', CASE c.relkind WHEN 'v' THEN -(c.oid::bigint) ELSE c.oid::bigint END), '[]')
FROM wanted w JOIN pg_class c ON c.oid = w.oid
$$;

-- The tables and materialized views with a column of a type, or of one made of
-- it: a domain over it, its array, a range of it, a composite that has it; and
-- those that are declared as OF it.
CREATE FUNCTION spyne.relations_of_type(wanted oid) RETURNS TABLE (relation oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE made (oid) AS (
    SELECT wanted
    UNION
    SELECT x.oid FROM made m CROSS JOIN LATERAL (
        SELECT t.oid FROM pg_type t WHERE t.typbasetype = m.oid OR (t.typelem = m.oid AND t.typcategory = 'A')
        UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngsubtype = m.oid
        UNION ALL SELECT r.rngmultitypid FROM pg_range r WHERE r.rngtypid = m.oid
        UNION ALL SELECT c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                  WHERE a.atttypid = m.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0) x)
SELECT c.oid FROM made m JOIN pg_class c ON c.reloftype = m.oid
UNION
SELECT a.attrelid
FROM made m JOIN pg_attribute a ON a.atttypid = m.oid JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm')
$$;

CREATE FUNCTION spyne.access_rules() RETURNS SETOF spyne.access_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'access_rules_wrapper';

CREATE FUNCTION spyne.analyzed(query text) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'analyzed_trees_wrapper';

CREATE FUNCTION spyne.check_rows() RETURNS SETOF spyne.row_fault
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'check_rows_wrapper';

CREATE FUNCTION spyne.check_statements() RETURNS SETOF spyne.statement_fault
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'check_statements_wrapper';

CREATE FUNCTION spyne.drift_rules() RETURNS SETOF spyne.drift_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'drift_rules_wrapper';

CREATE FUNCTION spyne.governing(relation regclass) RETURNS regclass STABLE
LANGUAGE c AS 'MODULE_PATHNAME', 'governing_wrapper';

CREATE FUNCTION spyne.grant_settings() RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'grant_settings_wrapper';

CREATE FUNCTION spyne.guard_ddl() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_ddl_wrapper';

CREATE FUNCTION spyne.guard_drop() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_drop_wrapper';

CREATE FUNCTION spyne.guard_rewrite() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_rewrite_wrapper';

CREATE FUNCTION spyne.guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_trigger_wrapper';

CREATE FUNCTION spyne.notice() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'notice_trigger_wrapper';

CREATE FUNCTION spyne.preview_statement(preview_id uuid, as_cursor boolean) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'preview_statement_wrapper';

CREATE FUNCTION spyne.require_role(role text, action text) RETURNS boolean STRICT STABLE
LANGUAGE c AS 'MODULE_PATHNAME', 'require_role_wrapper';

CREATE FUNCTION spyne.role_of(role oid) RETURNS text STRICT STABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'role_name_wrapper';

CREATE FUNCTION spyne.role_rules() RETURNS SETOF spyne.role_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'role_rules_wrapper';

CREATE FUNCTION spyne_accept_join(candidate_id bigint, rationale text, join_type text DEFAULT NULL,
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    override boolean DEFAULT false, role text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_acceptance
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_accept_join_wrapper';

CREATE FUNCTION spyne_can(
    permission text,
    role regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole)
RETURNS boolean STABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_can_wrapper';

CREATE FUNCTION spyne_correct(id text, corrections jsonb)
RETURNS SETOF spyne.preview
ROWS 1 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_correct_wrapper';

CREATE FUNCTION spyne_create_shadow(name text, like_relation regclass DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.new_shadow
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_create_shadow_wrapper';

CREATE FUNCTION spyne_deprecate(
    relation regclass,
    reason text,
    sunset_at timestamptz DEFAULT NULL,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.plan_line
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_deprecate_wrapper';

CREATE FUNCTION spyne_deprecate_join(join_id text, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_deprecation
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_deprecate_join_wrapper';

CREATE FUNCTION spyne_detect_drift()
RETURNS SETOF spyne.detected_change
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_detect_all_drift_wrapper';

CREATE FUNCTION spyne_detect_drift(relation regclass)
RETURNS SETOF spyne.detected_change
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_detect_drift_wrapper';

CREATE FUNCTION spyne_detect_drift(contract_id text, new_schema jsonb)
RETURNS SETOF spyne.detected_change
VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_detect_feed_drift_wrapper';

CREATE FUNCTION spyne_diff(name text, from_version text, to_version text)
RETURNS SETOF spyne.diff_line
STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_diff_wrapper';

CREATE FUNCTION spyne_discover_joins(schemas regnamespace[] DEFAULT NULL, max_candidates integer DEFAULT 1000)
RETURNS SETOF spyne.join_candidate
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_discover_joins_wrapper';

CREATE FUNCTION spyne_explain(execution_id bigint) RETURNS text
STABLE LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_explain_wrapper';

CREATE FUNCTION spyne_join(join_id text) RETURNS SETOF spyne.accepted_join
ROWS 1 STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_join_wrapper';

CREATE FUNCTION spyne_join_candidates(table1 regclass DEFAULT NULL, table2 regclass DEFAULT NULL)
RETURNS SETOF spyne.join_candidate
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_join_candidates_wrapper';

CREATE FUNCTION spyne_join_graph(format text DEFAULT 'mermaid') RETURNS text
STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_join_graph_wrapper';

CREATE FUNCTION spyne_preview(
    query text,
    dry_run boolean DEFAULT false,
    include_deprecated boolean DEFAULT false,
    pin jsonb DEFAULT NULL,
    override text[] DEFAULT '{}',
    reason text DEFAULT NULL)
RETURNS SETOF spyne.preview
ROWS 1 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_preview_wrapper';

CREATE FUNCTION spyne_preview_text(
    query text,
    dry_run boolean DEFAULT false,
    include_deprecated boolean DEFAULT false,
    pin jsonb DEFAULT NULL,
    override text[] DEFAULT '{}',
    reason text DEFAULT NULL)
RETURNS text VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_preview_text_wrapper';

CREATE FUNCTION spyne_promote(
    relation regclass,
    from_state text DEFAULT 'SHADOW',
    to_state text DEFAULT 'ACTIVE',
    dry_run boolean DEFAULT false,
    accept_breaking boolean DEFAULT false,
    dependents text DEFAULT 'block',
    target_schema text DEFAULT NULL,
    target_name text DEFAULT NULL,
    reason text DEFAULT NULL)
RETURNS SETOF spyne.plan_line
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_promote_wrapper';

CREATE FUNCTION spyne_propose_join(table1 regclass, columns1 text[], table2 regclass, columns2 text[])
RETURNS SETOF spyne.join_candidate
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_propose_join_wrapper';

CREATE FUNCTION spyne_register(
    relation regclass,
    name text DEFAULT NULL,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.registration
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_register_wrapper';

CREATE FUNCTION spyne_register_schema(
    schema regnamespace,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.schema_registration
ROWS 100 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_register_schema_wrapper';

CREATE FUNCTION spyne_reject_join(candidate_id bigint, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_rejection
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_reject_join_wrapper';

CREATE FUNCTION spyne_resolve(names text[], include_deprecated boolean DEFAULT false, pin jsonb DEFAULT NULL)
RETURNS SETOF spyne.resolved_name STABLE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_resolve_wrapper';

CREATE FUNCTION spyne_resolve_drift(report_id bigint, action text, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.settled_drift
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_resolve_drift_wrapper';

CREATE FUNCTION spyne_restore(relation regclass, reason text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.plan_line
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_restore_wrapper';

CREATE FUNCTION spyne_set_system_mode(mode text, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.mode_change ROWS 1 VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_set_system_mode_wrapper';

CREATE FUNCTION spyne_system_mode() RETURNS text STABLE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_system_mode_wrapper';

CREATE FUNCTION spyne_unregister(
    relation regclass,
    reason text DEFAULT NULL,
    override boolean DEFAULT false,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.unregistration
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_unregister_wrapper';

CREATE FUNCTION spyne_validate(query text)
RETURNS SETOF spyne.guardrail
ROWS 5 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_validate_wrapper';

CREATE FUNCTION spyne_validate_join(candidate_id bigint, sample_rows integer DEFAULT 1000)
RETURNS SETOF spyne.join_validation
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_validate_join_wrapper';

CREATE FUNCTION spyne_version() RETURNS SETOF spyne.version_report ROWS 1 STABLE
LANGUAGE c AS 'MODULE_PATHNAME', 'spyne_version_wrapper';

CREATE FUNCTION spyne.state_rules() RETURNS SETOF spyne.state_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'state_rules_wrapper';

-- Views and functions that are SQL and nothing else, and the triggers that
-- keep the catalog what it says it is.

-- Every back end looks again when governance changes, whoever changed it.
CREATE TRIGGER notice AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spyne.tables
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.notice();
ALTER TABLE spyne.tables ENABLE ALWAYS TRIGGER notice;
COMMENT ON TRIGGER notice ON spyne.tables IS 'Tells every session that governance has changed';
CREATE TRIGGER notice AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spyne.system_config
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.notice();
ALTER TABLE spyne.system_config ENABLE ALWAYS TRIGGER notice;
COMMENT ON TRIGGER notice ON spyne.system_config IS 'Tells every session that the system mode has changed';

-- The history is append-only for everybody.
CREATE FUNCTION spyne.append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'cannot change %.%: it is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              DETAIL = 'What happened stays on record, for administrators too.',
              HINT = 'Add what you have to say as the reason of the next change.';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON spyne.table_state_history
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.append_only();
ALTER TABLE spyne.table_state_history ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON spyne.table_state_history IS 'Rows are added, never changed';

CREATE VIEW spyne.state_properties AS
SELECT state, meaning, queryable, writable, visible, auto_joined, becomes, registrable FROM spyne.state_rules();
COMMENT ON VIEW spyne.state_properties IS 'What each table state means and allows, and what it can become';

CREATE VIEW spyne.role_permissions AS
SELECT role, query, create_contracts, ingest, promote, deprecate, view_shadow FROM spyne.role_rules();
COMMENT ON VIEW spyne.role_permissions IS 'What each role may do. Fixed: people are managed with GRANT and REVOKE';

CREATE VIEW spyne.rules AS
SELECT rule, sqlstate, refused, place FROM spyne.access_rules();
COMMENT ON VIEW spyne.rules IS 'The rules by which statements, DDL and calls are refused';

CREATE VIEW spyne.drift_severities AS
SELECT change_type, severity, change, because FROM spyne.drift_rules();
COMMENT ON VIEW spyne.drift_severities IS 'How bad each kind of change is, and why';

-- These show what a function returns, and say of the columns what its row
-- type says.
DO $comments$
DECLARE
    said record;
BEGIN
    FOR said IN
        SELECT shown.name, a.attname, pg_catalog.col_description(a.attrelid, a.attnum) AS comment
        FROM (VALUES ('spyne.state_properties', 'spyne.state_rule'), ('spyne.role_permissions', 'spyne.role_rule'),
                     ('spyne.rules', 'spyne.access_rule'), ('spyne.drift_severities', 'spyne.drift_rule')) shown (name, row_type)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = shown.row_type::pg_catalog.regclass::pg_catalog.oid AND a.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', said.name, said.attname, said.comment);
    END LOOP;
END
$comments$;

-- Who has which role, and how: the shortest chain of memberships that leads
-- from the login role to the spyne role, of those whose rights are inherited.
-- Before PostgreSQL 16 the member says whether it inherits; since then each
-- membership does, in a column that earlier majors have not.
CREATE VIEW spyne.users AS
WITH RECURSIVE memberships AS (
    SELECT r.oid AS user_oid, r.rolname AS user_name, r.oid AS role_oid,
           pg_catalog.quote_ident(r.rolname) AS via, r.rolinherit AS inherits, 0 AS steps
    FROM pg_catalog.pg_roles r WHERE r.rolcanlogin
    UNION ALL
    SELECT m.user_oid, m.user_name, g.oid, m.via OPERATOR(pg_catalog.||) ' -> ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(g.rolname),
           g.rolinherit, m.steps OPERATOR(pg_catalog.+) 1
    FROM memberships m
    JOIN pg_catalog.pg_auth_members a ON a.member OPERATOR(pg_catalog.=) m.role_oid
    JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) a.roleid
    WHERE m.steps OPERATOR(pg_catalog.<) 20
      AND coalesce((pg_catalog.to_jsonb(a) OPERATOR(pg_catalog.->>) 'inherit_option')::boolean, m.inherits))
SELECT u.rolname AS user_name,
       spyne.role_of(u.oid) AS spyne_role,
       CASE WHEN u.rolsuper THEN 'superuser'
            ELSE (SELECT m.via FROM memberships m
                  JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) m.role_oid
                  WHERE m.user_oid OPERATOR(pg_catalog.=) u.oid AND g.rolname::text OPERATOR(pg_catalog.=) spyne.role_of(u.oid)
                  ORDER BY m.steps LIMIT 1)
       END AS how
FROM pg_catalog.pg_roles u
WHERE u.rolcanlogin;
COMMENT ON VIEW spyne.users IS 'Login roles, their spyne role, and how they got it';
COMMENT ON COLUMN spyne.users.user_name IS 'The login role';
COMMENT ON COLUMN spyne.users.spyne_role IS 'The highest spyne role it has the rights of, or none';
COMMENT ON COLUMN spyne.users.how IS 'superuser, or the chain of memberships that leads to the role';

CREATE FUNCTION spyne_whoami() RETURNS SETOF spyne.caller
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT CURRENT_USER, SESSION_USER, r.spyne_role,
           coalesce(p.query, false), coalesce(p.create_contracts, false), coalesce(p.ingest, false),
           coalesce(p.promote, false), coalesce(p.deprecate, false), coalesce(p.view_shadow, false)
    FROM (SELECT spyne.role_of(u.oid) AS spyne_role FROM pg_catalog.pg_roles u WHERE u.rolname = CURRENT_USER) r
    LEFT JOIN spyne.role_rules() p ON p.role = r.spyne_role;
END;

CREATE FUNCTION spyne_table_state(relation regclass) RETURNS SETOF spyne.table_state
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT t.relation, t.logical_name, t.state, t.version, t.owner, t.supersedes,
           p.queryable, p.writable, t.created_at, t.updated_at, t.deprecated_at, t.deprecated_by, t.sunset_at
    FROM spyne.tables t JOIN spyne.state_rules() p ON p.state = t.state
    WHERE t.relation::oid = (SELECT spyne.governing($1))::oid;
END;

-- The tables that the running command has created or altered, for the event
-- trigger: by themselves, by what belongs to them, by a type of theirs, along
-- with a parent.
CREATE FUNCTION spyne.altered_tables() RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command record;
    found oid[] := '{}';
BEGIN
    FOR command IN SELECT d.classid, d.objid, d.command_tag FROM pg_event_trigger_ddl_commands() d LOOP
        CASE command.classid
            WHEN 'pg_class'::regclass THEN
                CASE (SELECT c.relkind FROM pg_class c WHERE c.oid = command.objid)
                    WHEN 'i', 'I' THEN
                        found := found || (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = command.objid);
                    WHEN 'c' THEN
                        found := found || ARRAY(SELECT r.relation FROM pg_class c, spyne.relations_of_type(c.reltype) r WHERE c.oid = command.objid);
                    ELSE
                        found := found || command.objid
                            -- Those that have its rows in a column.
                            || ARRAY(SELECT r.relation FROM pg_class c JOIN pg_type t ON t.oid = c.reltype, spyne.relations_of_type(c.reltype) r
                                     WHERE c.oid = command.objid
                                       AND EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
                                                     AND d.classid = 'pg_class'::regclass AND d.objsubid <> 0));
                END CASE;
            WHEN 'pg_trigger'::regclass THEN
                found := found || (SELECT g.tgrelid FROM pg_trigger g WHERE g.oid = command.objid);
            WHEN 'pg_constraint'::regclass THEN
                found := found || (SELECT nullif(k.conrelid, 0) FROM pg_constraint k WHERE k.oid = command.objid)
                    || ARRAY(SELECT r.relation FROM pg_constraint k, spyne.relations_of_type(k.contypid) r
                             WHERE k.oid = command.objid AND k.contypid <> 0);
            WHEN 'pg_type'::regclass THEN
                -- Nothing uses a type that is new.
                IF command.command_tag LIKE 'ALTER%' THEN
                    found := found || ARRAY(SELECT r.relation FROM spyne.relations_of_type(command.objid) r);
                END IF;
            ELSE
        END CASE;
    END LOOP;
    RETURN QUERY
        WITH RECURSIVE tree (oid) AS (
            SELECT unnest(found)
            UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree t ON h.inhparent = t.oid)
        SELECT t.oid FROM tree t JOIN pg_class c ON c.oid = t.oid WHERE c.relkind IN ('r', 'p', 'f', 'm');
END
$$;

-- The tables that lose a column, a default or a constraint by the running
-- command, or an attribute of a type of theirs: for the event trigger.
CREATE FUNCTION spyne.tables_with_losses() RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE
           WHEN d.object_type IN ('default value', 'table constraint')
               THEN to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))::oid
           WHEN d.classid = 'pg_class'::regclass AND d.objsubid <> 0 THEN d.objid END
FROM pg_event_trigger_dropped_objects() d
UNION
SELECT r.relation
FROM pg_event_trigger_dropped_objects() d JOIN pg_class c ON c.oid = d.objid AND c.reltype <> 0
CROSS JOIN LATERAL spyne.relations_of_type(c.reltype) r
WHERE d.classid = 'pg_class'::regclass AND d.objsubid <> 0
$$;

-- What Citus leads around governance, where a database has it. Its catalogs are looked
-- up when they are asked for: most databases have none.

-- A table of a user's with such a name is none of Citus's.
CREATE FUNCTION spyne.citus_catalog(name text) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass FROM pg_class c
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'citus'
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.relname = citus_catalog.name
$$;

CREATE FUNCTION spyne.citus_gaps()
RETURNS SETOF spyne.gap
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    partitions regclass := spyne.citus_catalog('pg_dist_partition');
    shards regclass := spyne.citus_catalog('pg_dist_shard');
    nodes regclass := spyne.citus_catalog('pg_dist_node');
    -- The tables of Citus, and where they are governed as what.
    tables constant text :=
        'SELECT c.oid, n.nspname, c.relname, t.state, format(''%%I.%%I'', n.nspname, c.relname) AS shown,
                CASE p.partmethod WHEN ''n'' THEN ''a reference or local table of Citus'' ELSE ''distributed'' END AS kind
         FROM %s p JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN spyne.tables t ON t.relation = c.oid WHERE NOT c.relispartition';
BEGIN
    IF partitions IS NULL OR shards IS NULL OR nodes IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH held AS (%s)
        SELECT CASE WHEN h.state IS NULL THEN 'low' ELSE 'high' END, 'distributed table', h.shown,
               CASE WHEN h.state IS NULL THEN format('It is %%s, and not governed.', h.kind)
                    ELSE format('It is %%s, and %%s on this server alone: what reaches its rows by another server, or by a shard, is not checked.', h.kind, h.state) END,
               CASE WHEN h.state IS NULL THEN format('SET citus.enable_ddl_propagation = off; SELECT * FROM spyne_register(%%L); RESET citus.enable_ddl_propagation;', h.shown)
                    ELSE format('SET citus.enable_ddl_propagation = off; SELECT * FROM spyne_unregister(%%L, ''distributed''); RESET citus.enable_ddl_propagation; SELECT undistribute_table(%%L); SELECT * FROM spyne_register(%%L);', h.shown, h.shown, h.shown) END
        FROM held h
        UNION ALL
        -- A shard has the name of its table, with its number behind it.
        SELECT 'high', 'shards outside of governance', h.shown,
               format('%%s, from %%s to %%s: whoever may connect to the servers that have them reads and writes them by name.',
                      CASE count(*) WHEN 1 THEN '1 shard' ELSE count(*) || ' shards' END,
                      h.relname || '_' || min(s.shardid), h.relname || '_' || max(s.shardid)),
               '-- in pg_hba.conf of each of those servers, admit only the roles that Citus itself connects as'
        FROM held h JOIN %s s ON s.logicalrelid = h.oid WHERE h.state IS NOT NULL
        GROUP BY h.shown, h.relname
        UNION ALL
        -- Citus hides shards from queries on pg_class, and not from names.
        SELECT 'high', 'shard on this server', shard,
               format('It holds rows of %%s, and nothing is checked on it.', h.shown),
               format('REVOKE ALL ON %%s FROM PUBLIC; -- and from whoever else has a grant on it', shard)
        FROM held h JOIN %s s ON s.logicalrelid = h.oid, format('%%I.%%I', h.nspname, h.relname || '_' || s.shardid) shard
        WHERE h.state IS NOT NULL AND to_regclass(shard) IS NOT NULL
        UNION ALL
        SELECT CASE WHEN EXISTS (SELECT FROM held h WHERE h.state IS NOT NULL) THEN 'high' ELSE 'low' END,
               'worker without governance', format('%%s:%%s', n.nodename, n.nodeport),
               CASE WHEN n.hasmetadata THEN 'It answers queries on the distributed tables too, and knows nothing of what is governed here.'
                    ELSE 'It holds shards, and knows nothing of what is governed here.' END,
               CASE WHEN n.hasmetadata THEN format('SELECT stop_metadata_sync_to_node(%%L, %%s); -- then it answers none, but by the names of shards', n.nodename, n.nodeport)
                    ELSE '-- in its pg_hba.conf, admit only the roles that Citus itself connects as' END
        FROM %s n WHERE n.groupid <> 0 AND n.isactive
    $q$, format(tables, partitions), shards, shards, nodes);
END
$$;

-- spyne_coverage: one row for each way around governance that exists in this
-- database right now. It reads all of the system catalogs, so it runs with the
-- installer's rights; who may call it is granted at the end.

-- A guard is what it was made as: always enabled, for every row and command
-- that its name stands for. tgtype: ROW 1, BEFORE 2, INSERT 4, DELETE 8,
-- UPDATE 16, TRUNCATE 32 (catalog/pg_trigger.h).
CREATE FUNCTION spyne.is_guard(t pg_trigger) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.tgfoid = 'spyne.guard()'::regprocedure AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = ''
       AND t.tgtype = CASE t.tgname WHEN 'spyne_guard' THEN 30 WHEN 'spyne_guard_truncate' THEN 34 WHEN 'spyne_guard_row' THEN 29 END
$$;

CREATE FUNCTION spyne.guarded(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Foreign tables have TRUNCATE triggers only from PostgreSQL 16 on.
    SELECT count(*) FILTER (WHERE spyne.is_guard(g) AND g.tgname <> 'spyne_guard_row')
           >= CASE WHEN c.relkind = 'f' AND current_setting('server_version_num')::int < 160000 THEN 1 ELSE 2 END
    FROM pg_class c LEFT JOIN pg_trigger g ON g.tgrelid = c.oid AND starts_with(g.tgname, 'spyne_guard')
    WHERE c.oid = relation GROUP BY c.relkind
$$;

CREATE FUNCTION spyne.find_gaps()
RETURNS SETOF spyne.gap
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH governed AS (
    SELECT t.relation::oid AS oid, t.logical_name, t.state, c.relowner, c.relacl, c.relkind,
           format('%I.%I', n.nspname, c.relname) AS shown
    FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace),
preload AS (
    SELECT EXISTS (
        SELECT FROM pg_settings s, regexp_split_to_table(s.setting, '\s*,\s*') library
        WHERE s.name IN ('shared_preload_libraries', 'session_preload_libraries')
          AND btrim(library, '" ') IN ('spyne', '$libdir/spyne')) AS here),
people AS (
    SELECT r.*, spyne.role_of(r.oid) AS spyne_role FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\_%')

SELECT 'critical', 'library not preloaded', current_database()::text,
       'In sessions that start without it only the guard triggers hold: writes are checked, reads and DDL are not.',
       format('ALTER DATABASE %I SET session_preload_libraries = ''spyne''; -- or shared_preload_libraries, and restart', current_database())
FROM preload WHERE NOT here
UNION ALL
SELECT CASE current_setting('spyne.enforcement', true) WHEN 'off' THEN 'critical' ELSE 'high' END,
       'enforcement not enforce', current_database()::text,
       format('spyne.enforcement is %s in this session.', coalesce(current_setting('spyne.enforcement', true), 'not set')),
       'RESET spyne.enforcement; -- and look for it in postgresql.conf'
WHERE current_setting('spyne.enforcement', true) IS DISTINCT FROM 'enforce'
UNION ALL
SELECT 'high', 'enforcement not enforce',
       coalesce((SELECT rolname FROM pg_roles WHERE oid = s.setrole), 'every role')::text,
       format('Set to %s for this role%s.', split_part(c, '=', 2),
              CASE WHEN s.setdatabase <> 0 THEN format(' in database %I', d.datname) ELSE '' END),
       CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET spyne.enforcement;', d.datname)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET spyne.enforcement;', pg_get_userbyid(s.setrole))
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET spyne.enforcement;', pg_get_userbyid(s.setrole), d.datname) END
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE c LIKE 'spyne.enforcement=%' AND split_part(c, '=', 2) <> 'enforce'
  AND (s.setdatabase = 0 OR d.datname = current_database())
UNION ALL
SELECT 'low', 'no preview required',
       coalesce((SELECT rolname FROM pg_roles WHERE oid = s.setrole), 'every role')::text,
       format('Nobody looks first at what this role sends%s.',
              CASE WHEN s.setdatabase <> 0 THEN format(' in database %I', d.datname) ELSE '' END),
       CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET spyne.require_preview;', d.datname)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET spyne.require_preview;', pg_get_userbyid(s.setrole))
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET spyne.require_preview;', pg_get_userbyid(s.setrole), d.datname) END
       || ' -- unless a service account is meant'
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE c = 'spyne.require_preview=off' AND (s.setdatabase = 0 OR d.datname = current_database())
UNION ALL
-- A setting that only a superuser may make is in force inside their function,
-- whoever calls it.
SELECT CASE WHEN c LIKE 'spyne.enforcement=%' THEN 'critical' ELSE 'high' END,
       'function with a setting below enforce', f.oid::regprocedure::text,
       format('It runs with %s, whoever calls it; its owner is %s.', c, f.proowner::regrole),
       format('ALTER FUNCTION %s RESET %s;', f.oid::regprocedure, split_part(c, '=', 1))
FROM pg_proc f, unnest(f.proconfig) c
WHERE (c LIKE 'spyne.enforcement=%' AND split_part(c, '=', 2) <> 'enforce')
   OR (c LIKE 'spyne.require_preview=%' AND split_part(c, '=', 2) = 'off')
   OR c = 'session_replication_role=replica'
UNION ALL
SELECT 'high', 'delegated setting', a.parname, format('%s may set it.', a.grantee::regrole),
       format('REVOKE SET ON PARAMETER %s FROM %s;', a.parname, a.grantee::regrole)
FROM (SELECT p.parname, (aclexplode(p.paracl)).grantee, (aclexplode(p.paracl)).privilege_type FROM pg_parameter_acl p) a
WHERE a.parname IN ('spyne.enforcement', 'spyne.rollback_window', 'spyne.require_preview', 'session_replication_role') AND a.privilege_type = 'SET' AND a.grantee <> 10
UNION ALL
SELECT 'medium', 'superuser can log in', p.rolname::text,
       'A superuser is bound by the state of a table, and can switch enforcement off or unload the library.',
       -- The one that initdb made stays a superuser.
       CASE p.oid WHEN 10 THEN format('ALTER ROLE %I NOLOGIN; -- between maintenance', p.rolname)
                  ELSE format('ALTER ROLE %I NOSUPERUSER; -- or NOLOGIN, between maintenance', p.rolname) END
FROM people p WHERE p.rolsuper AND p.rolcanlogin
UNION ALL
SELECT 'low', 'BYPASSRLS role can log in', p.rolname::text, 'Row security does not bind this role.',
       format('ALTER ROLE %I NOBYPASSRLS;', p.rolname)
FROM people p WHERE p.rolbypassrls AND p.rolcanlogin AND NOT p.rolsuper
UNION ALL
SELECT 'high', 'CREATEROLE can grant itself a spyne role', p.rolname::text,
       'Before PostgreSQL 16, CREATEROLE may grant membership in any role that is no superuser.',
       format('ALTER ROLE %I NOCREATEROLE;', p.rolname)
FROM people p WHERE p.rolcreaterole AND NOT p.rolsuper AND current_setting('server_version_num')::int < 160000
UNION ALL
-- Since PostgreSQL 16 ADMIN may come without the rights of the role, as it does
-- to whoever creates one with CREATEROLE.
SELECT 'high', 'may grant itself a spyne role', a.member::regrole::text,
       format('It has the ADMIN option on %s, and so may grant itself %s.', a.roleid::regrole, a.given),
       format('REVOKE ADMIN OPTION FOR %s FROM %s%s CASCADE;', a.roleid::regrole, a.member::regrole,
              CASE WHEN a.grantor <> 10 AND current_setting('server_version_num')::int >= 160000 THEN format(' GRANTED BY %s', a.grantor::regrole) END)
FROM (SELECT m.*, spyne.role_of(m.roleid) AS given FROM pg_auth_members m JOIN people p ON p.oid = m.member
      WHERE m.admin_option AND NOT p.rolsuper) a
WHERE a.given <> 'none' AND NOT pg_has_role(a.member, a.given, 'USAGE')
UNION ALL
SELECT 'high', 'member of spyne_views', m.member::regrole::text,
       'Views of this role can read governed tables on behalf of others.',
       format('REVOKE spyne_views FROM %s;', m.member::regrole)
FROM pg_auth_members m WHERE m.roleid = 'spyne_views'::regrole AND NOT EXISTS (SELECT FROM pg_roles s WHERE s.oid = m.member AND s.rolsuper)
UNION ALL
SELECT 'medium', 'owner of a governed table', g.shown,
       format('%s owns it, can log in, and may change its grants and triggers.', g.relowner::regrole),
       format('-- make a NOLOGIN role own it, then register it: spyne_unregister, ALTER TABLE %s OWNER TO ..., spyne_register', g.shown)
FROM governed g JOIN people p ON p.oid = g.relowner WHERE p.rolcanlogin AND NOT p.rolsuper
UNION ALL
SELECT 'medium', 'direct grant on a base table', x.shown,
       format('%s has %s on the table itself, and no spyne role.', x.grantee, string_agg(DISTINCT x.privilege, ', ' ORDER BY x.privilege)),
       format('REVOKE ALL ON %s FROM %s;', x.shown, x.grantee)
FROM (SELECT g.shown, g.relowner, a.grantee AS oid, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee,
             a.privilege_type AS privilege
      FROM governed g, aclexplode(g.relacl) a
      UNION ALL
      SELECT g.shown, g.relowner, a.grantee, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
             format('%s (%I)', a.privilege_type, t.attname)
      FROM governed g JOIN pg_attribute t ON t.attrelid = g.oid AND NOT t.attisdropped, aclexplode(t.attacl) a) x
WHERE x.oid <> x.relowner AND x.oid <> 'spyne_views'::regrole AND (x.oid = 0 OR spyne.role_of(x.oid) = 'none')
GROUP BY x.shown, x.grantee
UNION ALL
SELECT DISTINCT 'high', 'SECURITY DEFINER function', f.oid::regprocedure::text,
       format('It runs as %s, mentions %s, and others may call it.', f.proowner::regrole, g.shown),
       format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC; -- or ALTER FUNCTION %s SECURITY INVOKER;', f.oid::regprocedure, f.oid::regprocedure)
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace, governed g
WHERE f.prosecdef AND spyne.role_of(f.proowner) <> 'none'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
  AND (f.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(f.proacl) x WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> f.proowner))
  AND (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.oid)
       -- Its source names the table: a word of its own, quoted or not.
       OR lower(f.prosrc) ~ ('(^|[^[:alnum:]_$])'
           || regexp_replace(lower((SELECT relname FROM pg_class WHERE oid = g.oid)), '([^[:alnum:]_])', '\\\1', 'g')
           || '($|[^[:alnum:]_$])'))
UNION ALL
SELECT 'critical', 'disabled or missing guard trigger', g.shown,
       'Where the library is not preloaded, nothing holds the write rules of this table.',
       format('-- as a superuser: SELECT * FROM spyne_unregister(%L, ''guards'', override => true); then register it again', g.shown)
FROM governed g WHERE g.relkind IN ('r', 'p', 'f') AND NOT spyne.guarded(g.oid)
UNION ALL
SELECT 'critical', 'disabled event trigger', e.evtname::text,
       'Where the library is not preloaded, DDL on governed tables goes unseen.',
       format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
FROM pg_event_trigger e WHERE e.evtname IN ('spyne_guard_drop', 'spyne_guard_ddl', 'spyne_guard_rewrite') AND e.evtenabled <> 'A'
UNION ALL
SELECT 'high', 'subscription writes to a governed table', format('%I', s.subname),
       format('It writes to %s (%s) past the executor; in READ_ONLY and DEPRECATED its guard refuses.', g.shown, g.state),
       format('ALTER SUBSCRIPTION %I DISABLE;', s.subname)
FROM pg_subscription s JOIN pg_subscription_rel r ON r.srsubid = s.oid JOIN governed g ON g.oid = r.srrelid
UNION ALL
SELECT 'low', 'table that is not governed beside tables that are', format('%I.%I', n.nspname, c.relname),
       'Nothing is checked on it.',
       format('SELECT * FROM spyne_register(%L);', format('%I.%I', n.nspname, c.relname))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
  AND (n.nspname = 'spyne_shadow' OR EXISTS (SELECT FROM pg_class o JOIN governed g ON g.oid = o.oid WHERE o.relnamespace = c.relnamespace))
  AND NOT EXISTS (SELECT FROM governed g WHERE g.oid = c.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'high', 'governed table is gone', t.logical_name,
       format('%s %s was dropped while nothing was enforced; a new table could get its OID and its state.', t.logical_name, t.version),
       format('SELECT * FROM spyne_unregister(%s::oid::regclass, ''dropped'', override => true);', t.relation::oid)
FROM spyne.tables t WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation)
UNION ALL
SELECT 'medium', 'no governed view', g.logical_name, format('%s is %s, and governed.%I is missing.', g.shown, g.state, g.logical_name),
       format('SELECT * FROM spyne_unregister(%L, ''view lost''); -- and register it again', g.shown)
FROM governed g
WHERE g.state <> 'SHADOW' AND NOT EXISTS (
    SELECT FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
    WHERE n.nspname = 'governed' AND v.relkind = 'v' AND v.relname = g.logical_name)
UNION ALL
SELECT 'high', 'planted governed view', format('governed.%I', v.relname),
       'It is not owned by spyne_views, or does not read a version of the table it is named for.',
       format('SET spyne.enforcement = off; DROP VIEW governed.%I; RESET spyne.enforcement; -- then unregister and register the table', v.relname)
FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE n.nspname = 'governed' AND v.relkind = 'v'
  AND (v.relowner <> 'spyne_views'::regrole OR NOT EXISTS (
      SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
      JOIN governed g ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.oid
      WHERE r.ev_class = v.oid AND g.logical_name = v.relname AND g.state <> 'SHADOW'))
UNION ALL
SELECT * FROM spyne.citus_gaps()
$$;

CREATE FUNCTION spyne_coverage()
RETURNS SETOF spyne.gap
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM spyne.require_role('spyne_engineer', 'see the ways around governance');
    RETURN QUERY SELECT f.severity, f.gap, f.object, f.detail, f.remedy FROM spyne.find_gaps() f
    ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], f.severity), f.gap, f.object, f.detail;
END
$$;

-- Previews: what was looked at, what was run, what was corrected.

CREATE TABLE spyne.query_previews (
    preview_id     uuid NOT NULL DEFAULT gen_random_uuid(),
    user_oid       oid NOT NULL,
    user_name      name NOT NULL,
    sql            text NOT NULL,
    statement      text NOT NULL,
    search_path    text NOT NULL,
    tables_used    jsonb NOT NULL,
    join_versions  text[] NOT NULL DEFAULT '{}',
    joins          jsonb NOT NULL,
    filters        jsonb NOT NULL,
    aggregations   jsonb NOT NULL,
    assumptions    jsonb NOT NULL,
    guardrails     jsonb NOT NULL,
    dry_run        jsonb,
    confidence     double precision NOT NULL,
    estimated_rows double precision,
    estimated_cost double precision,
    estimated_execution_time_ms double precision,
    requires_confirmation boolean NOT NULL,
    overrides      text[] NOT NULL DEFAULT '{}',
    reason         text,
    include_deprecated boolean NOT NULL,
    writes         boolean NOT NULL,
    basis          jsonb NOT NULL,
    corrects       uuid,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    CONSTRAINT query_previews_pkey PRIMARY KEY (preview_id),
    -- An override without a reason explains nothing to whoever asks later.
    CONSTRAINT query_previews_override_has_reason CHECK (overrides = '{}' OR reason IS NOT NULL)
);
-- What every run looks up: the newest previews of a text by a user. The text is
-- compared too; its digest only leads there.
CREATE INDEX query_previews_by_text ON spyne.query_previews (user_oid, md5(sql), created_at DESC);
-- What clearing looks up.
CREATE INDEX query_previews_by_expiry ON spyne.query_previews (expires_at);

COMMENT ON TABLE spyne.query_previews IS 'What people have looked at before running it';
COMMENT ON COLUMN spyne.query_previews.preview_id IS 'What spyne_execute and spyne_open take';
COMMENT ON COLUMN spyne.query_previews.user_oid IS 'Whom it authorises';
COMMENT ON COLUMN spyne.query_previews.user_name IS 'What they were called then';
COMMENT ON COLUMN spyne.query_previews.sql IS 'The statement, without space around it';
COMMENT ON COLUMN spyne.query_previews.statement IS 'SELECT, INSERT, UPDATE, DELETE, MERGE, or what wraps it: COPY, EXPLAIN, ...';
COMMENT ON COLUMN spyne.query_previews.search_path IS 'Where its names were looked for';
COMMENT ON COLUMN spyne.query_previews.tables_used IS 'The tables it uses: name, relation, state, version, access, estimated rows, views passed through';
COMMENT ON COLUMN spyne.query_previews.join_versions IS 'The accepted joins that cover its joins';
COMMENT ON COLUMN spyne.query_previews.joins IS 'How it connects them';
COMMENT ON COLUMN spyne.query_previews.filters IS 'What it leaves out';
COMMENT ON COLUMN spyne.query_previews.aggregations IS 'What it adds up';
COMMENT ON COLUMN spyne.query_previews.assumptions IS 'What it silently relies on';
COMMENT ON COLUMN spyne.query_previews.guardrails IS 'What is dangerous about it';
COMMENT ON COLUMN spyne.query_previews.dry_run IS 'For a write that was tried and rolled back: its exact count and rows before and after';
COMMENT ON COLUMN spyne.query_previews.confidence IS 'How sure it is that the result means what it seems to, 0 to 1';
COMMENT ON COLUMN spyne.query_previews.estimated_rows IS 'By the planner; after a dry run, exact';
COMMENT ON COLUMN spyne.query_previews.estimated_cost IS 'In the planner''s units';
COMMENT ON COLUMN spyne.query_previews.estimated_execution_time_ms IS 'By cost and past executions, in milliseconds; null until there are enough';
COMMENT ON COLUMN spyne.query_previews.requires_confirmation IS 'Whether a stop was left that nobody has overridden: it does not run then';
COMMENT ON COLUMN spyne.query_previews.overrides IS 'The stops that were overridden';
COMMENT ON COLUMN spyne.query_previews.reason IS 'Why';
COMMENT ON COLUMN spyne.query_previews.include_deprecated IS 'Whether it may read DEPRECATED tables';
COMMENT ON COLUMN spyne.query_previews.writes IS 'Whether it runs only once';
COMMENT ON COLUMN spyne.query_previews.basis IS 'What it was made against; a run is refused when that has changed';
COMMENT ON COLUMN spyne.query_previews.corrects IS 'The preview that it corrects';
COMMENT ON COLUMN spyne.query_previews.created_at IS 'When';
COMMENT ON COLUMN spyne.query_previews.expires_at IS 'Until when it authorises';
COMMENT ON COLUMN spyne.query_previews.used_at IS 'When a write ran';
COMMENT ON INDEX spyne.query_previews_by_text IS 'What a run looks up';
COMMENT ON INDEX spyne.query_previews_by_expiry IS 'What clearing looks up';

CREATE TABLE spyne.query_executions (
    execution_id      bigint GENERATED ALWAYS AS IDENTITY,
    preview_id        uuid NOT NULL,
    user_oid          oid NOT NULL,
    user_name         name NOT NULL,
    started_at        timestamptz NOT NULL,
    execution_time_ms double precision NOT NULL,
    result_count      bigint NOT NULL,
    status            text NOT NULL,
    scanned           jsonb NOT NULL,
    -- No CHECK: Postgres reads its text anew for each statement that inserts,
    -- and each previewed run does.
    CONSTRAINT query_executions_pkey PRIMARY KEY (execution_id)
);
CREATE INDEX query_executions_by_preview ON spyne.query_executions (preview_id);
COMMENT ON TABLE spyne.query_executions IS 'Every run of a previewed statement that was committed';
COMMENT ON COLUMN spyne.query_executions.execution_id IS 'What spyne_explain takes';
COMMENT ON COLUMN spyne.query_executions.preview_id IS 'The preview that authorised it';
COMMENT ON COLUMN spyne.query_executions.user_oid IS 'Who ran it';
COMMENT ON COLUMN spyne.query_executions.user_name IS 'What they were called then';
COMMENT ON COLUMN spyne.query_executions.started_at IS 'When it began';
COMMENT ON COLUMN spyne.query_executions.execution_time_ms IS 'From its start to its end, in milliseconds; for a cursor, with the time between its fetches';
COMMENT ON COLUMN spyne.query_executions.result_count IS 'Rows that it returned or changed';
COMMENT ON COLUMN spyne.query_executions.status IS 'completed, or stopped early: not every row was asked for';
COMMENT ON COLUMN spyne.query_executions.scanned IS 'Rows that were read, by table';
COMMENT ON INDEX spyne.query_executions_by_preview IS 'The runs of a preview';
COMMENT ON SEQUENCE spyne.query_executions_execution_id_seq IS 'Order of the runs';

CREATE TABLE spyne.query_corrections (
    correction_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    corrected      uuid NOT NULL,
    new_preview_id uuid NOT NULL,
    corrections    jsonb NOT NULL,
    applied        text[] NOT NULL,
    user_oid       oid NOT NULL,
    user_name      name NOT NULL,
    corrected_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE spyne.query_corrections IS 'What people have corrected, and why';
COMMENT ON COLUMN spyne.query_corrections.correction_id IS 'Order of the corrections';
COMMENT ON COLUMN spyne.query_corrections.corrected IS 'The preview that was corrected';
COMMENT ON COLUMN spyne.query_corrections.new_preview_id IS 'The preview that came of it';
COMMENT ON COLUMN spyne.query_corrections.corrections IS 'An array of them as they were given, with their reasons';
COMMENT ON COLUMN spyne.query_corrections.applied IS 'What they changed, in words';
COMMENT ON COLUMN spyne.query_corrections.user_oid IS 'Who';
COMMENT ON COLUMN spyne.query_corrections.user_name IS 'What they were called then';
COMMENT ON COLUMN spyne.query_corrections.corrected_at IS 'When';
COMMENT ON SEQUENCE spyne.query_corrections_correction_id_seq IS 'Order of the corrections';

CREATE TABLE spyne.joins_used (
    usage_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id  bigint NOT NULL,
    join_id       text,
    "left"        text NOT NULL,
    left_columns  text[] NOT NULL,
    "right"       text NOT NULL,
    right_columns text[] NOT NULL,
    used_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE spyne.joins_used IS 'The joins that previewed statements have used';
COMMENT ON COLUMN spyne.joins_used.usage_id IS 'Order';
COMMENT ON COLUMN spyne.joins_used.execution_id IS 'The run';
COMMENT ON COLUMN spyne.joins_used.join_id IS 'The accepted join; null where none covers it';
COMMENT ON COLUMN spyne.joins_used."left" IS 'One table';
COMMENT ON COLUMN spyne.joins_used.left_columns IS 'Its columns';
COMMENT ON COLUMN spyne.joins_used."right" IS 'The other table';
COMMENT ON COLUMN spyne.joins_used.right_columns IS 'Its columns';
COMMENT ON COLUMN spyne.joins_used.used_at IS 'When';
COMMENT ON SEQUENCE spyne.joins_used_usage_id_seq IS 'Order';

SELECT pg_catalog.pg_extension_config_dump('spyne.query_previews', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.query_executions', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.query_executions_execution_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.query_corrections', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.query_corrections_correction_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.joins_used', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.joins_used_usage_id_seq', '');

-- People see their own; admins see all.
ALTER TABLE spyne.query_previews ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON spyne.query_previews FOR SELECT
    USING (user_oid = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
           OR pg_catalog.pg_has_role('spyne_admin', 'USAGE'));
COMMENT ON POLICY own ON spyne.query_previews IS 'People see their own, admins all';
ALTER TABLE spyne.query_executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON spyne.query_executions FOR SELECT
    USING (user_oid = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
           OR pg_catalog.pg_has_role('spyne_admin', 'USAGE'));
COMMENT ON POLICY own ON spyne.query_executions IS 'People see their own, admins all';
ALTER TABLE spyne.query_corrections ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON spyne.query_corrections FOR SELECT
    USING (user_oid = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
           OR pg_catalog.pg_has_role('spyne_admin', 'USAGE'));
COMMENT ON POLICY own ON spyne.query_corrections IS 'People see their own, admins all';
ALTER TABLE spyne.joins_used ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON spyne.joins_used FOR SELECT
    USING (EXISTS (SELECT FROM spyne.query_executions e WHERE e.execution_id = joins_used.execution_id));
COMMENT ON POLICY own ON spyne.joins_used IS 'People see the joins of their own runs, admins all';

-- These two run the statement in the caller's own search_path, as the caller:
-- the rule finds its preview by its text, as it does for any client.
CREATE FUNCTION spyne_execute(preview_id uuid) RETURNS SETOF jsonb
LANGUAGE plpgsql VOLATILE ROWS 1000 AS $$
DECLARE
    previewed pg_catalog.jsonb := spyne.preview_statement(preview_id, false);
    returned record;
BEGIN
    IF (previewed OPERATOR(pg_catalog.->>) 'returns_rows')::pg_catalog.bool THEN
        FOR returned IN EXECUTE previewed OPERATOR(pg_catalog.->>) 'sql' LOOP
            RETURN NEXT pg_catalog.to_jsonb(returned);
        END LOOP;
    ELSE
        EXECUTE previewed OPERATOR(pg_catalog.->>) 'sql';
    END IF;
END
$$;

CREATE FUNCTION spyne_open(preview_id uuid) RETURNS refcursor
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    previewed pg_catalog.jsonb := spyne.preview_statement(preview_id, true);
    opened pg_catalog.refcursor;
BEGIN
    OPEN opened FOR EXECUTE previewed OPERATOR(pg_catalog.->>) 'sql';
    RETURN opened;
END
$$;

-- Joins: what could be joined, what people have accepted, and the aggregate that
-- reads columns.

CREATE FUNCTION spyne.sketch_add(internal, VARIADIC "any") RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_sketch_add';
CREATE FUNCTION spyne.sketch_combine(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_sketch_combine';
CREATE FUNCTION spyne.sketch_serialize(internal) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_sketch_serialize';
CREATE FUNCTION spyne.sketch_deserialize(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_sketch_deserialize';
CREATE FUNCTION spyne.sketch_final(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_sketch_final';
CREATE FUNCTION spyne.join_hash(VARIADIC "any") RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'spyne_join_hash';
CREATE AGGREGATE spyne.column_sketch(VARIADIC "any") (
    SFUNC = spyne.sketch_add, STYPE = internal, SSPACE = 65536,
    FINALFUNC = spyne.sketch_final, COMBINEFUNC = spyne.sketch_combine,
    SERIALFUNC = spyne.sketch_serialize, DESERIALFUNC = spyne.sketch_deserialize,
    PARALLEL = SAFE);

CREATE TABLE spyne.join_candidates (
    candidate_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name1            text NOT NULL,
    table1           regclass NOT NULL,
    columns1         text[] NOT NULL,
    name2            text NOT NULL,
    table2           regclass NOT NULL,
    columns2         text[] NOT NULL,
    join_type        text NOT NULL,
    condition        text NOT NULL,
    confidence       double precision NOT NULL,
    confidence_level text NOT NULL,
    reason           text NOT NULL,
    assumptions      text[] NOT NULL,
    risk_level       text NOT NULL,
    evidence         jsonb NOT NULL,
    finding          text NOT NULL,
    source           text NOT NULL,
    validation_stats jsonb,
    status           text NOT NULL DEFAULT 'open',
    rejected_by      name,
    rejected_at      timestamptz,
    rejected_because text,
    created_by       name NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at       timestamptz NOT NULL,
    -- A join is one candidate, however often it is found.
    CONSTRAINT join_candidates_once UNIQUE (name1, columns1, name2, columns2),
    -- Columns in step.
    CONSTRAINT join_candidates_columns CHECK (cardinality(columns1) = cardinality(columns2) AND cardinality(columns1) > 0),
    CONSTRAINT join_candidates_confidence CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT join_candidates_level CHECK (confidence_level IN ('HIGH', 'MEDIUM', 'LOW')),
    CONSTRAINT join_candidates_risk CHECK (risk_level IN ('LOW', 'MEDIUM', 'HIGH')),
    CONSTRAINT join_candidates_type CHECK (join_type IN ('INNER', 'LEFT', 'RIGHT', 'FULL')),
    CONSTRAINT join_candidates_source CHECK (source IN ('declared', 'discovered', 'proposed')),
    CONSTRAINT join_candidates_status CHECK (status IN ('open', 'accepted', 'rejected')),
    CONSTRAINT join_candidates_rejection CHECK ((status = 'rejected') = (rejected_because IS NOT NULL))
);
COMMENT ON TABLE spyne.join_candidates IS 'Joins that were found or proposed: suggestions, until somebody accepts them';
COMMENT ON COLUMN spyne.join_candidates.candidate_id IS 'For spyne_validate_join, spyne_accept_join and spyne_reject_join';
COMMENT ON COLUMN spyne.join_candidates.name1 IS 'The logical table that refers';
COMMENT ON COLUMN spyne.join_candidates.table1 IS 'Its table, when the candidate was made';
COMMENT ON COLUMN spyne.join_candidates.columns1 IS 'Its columns';
COMMENT ON COLUMN spyne.join_candidates.name2 IS 'The logical table that is referred to';
COMMENT ON COLUMN spyne.join_candidates.table2 IS 'Its table, when the candidate was made';
COMMENT ON COLUMN spyne.join_candidates.columns2 IS 'Its columns, in step';
COMMENT ON COLUMN spyne.join_candidates.join_type IS 'INNER, or LEFT where an inner join would leave rows of table1 out';
COMMENT ON COLUMN spyne.join_candidates.condition IS 'The condition, by logical names';
COMMENT ON COLUMN spyne.join_candidates.confidence IS 'How likely it is meant to be, 0 to 1';
COMMENT ON COLUMN spyne.join_candidates.confidence_level IS 'HIGH from 0.8, MEDIUM from 0.5, LOW';
COMMENT ON COLUMN spyne.join_candidates.reason IS 'What speaks most for or against it';
COMMENT ON COLUMN spyne.join_candidates.assumptions IS 'What it relies on and nobody has checked';
COMMENT ON COLUMN spyne.join_candidates.risk_level IS 'How much can go wrong with it: LOW, MEDIUM, HIGH';
COMMENT ON COLUMN spyne.join_candidates.evidence IS 'The parts of the confidence, in log-odds, and what was measured';
COMMENT ON COLUMN spyne.join_candidates.finding IS 'A digest of the evidence: a rejected join is suggested again when it changes';
COMMENT ON COLUMN spyne.join_candidates.source IS 'declared: a foreign key says so; discovered; proposed by somebody';
COMMENT ON COLUMN spyne.join_candidates.validation_stats IS 'What spyne_validate_join has measured last';
COMMENT ON COLUMN spyne.join_candidates.status IS 'open, accepted or rejected';
COMMENT ON COLUMN spyne.join_candidates.rejected_by IS 'Who rejected it';
COMMENT ON COLUMN spyne.join_candidates.rejected_at IS 'When';
COMMENT ON COLUMN spyne.join_candidates.rejected_because IS 'Why, in their words';
COMMENT ON COLUMN spyne.join_candidates.created_by IS 'In whose session it was found, or who proposed it';
COMMENT ON COLUMN spyne.join_candidates.created_at IS 'When';
COMMENT ON COLUMN spyne.join_candidates.updated_at IS 'When its evidence was last looked at';
COMMENT ON COLUMN spyne.join_candidates.expires_at IS 'Until when it may be accepted without being found again';
COMMENT ON SEQUENCE spyne.join_candidates_candidate_id_seq IS 'Numbers of join candidates';

CREATE TABLE spyne.accepted_joins (
    join_id          text PRIMARY KEY,
    name1            text NOT NULL,
    columns1         text[] NOT NULL,
    name2            text NOT NULL,
    columns2         text[] NOT NULL,
    role             text NOT NULL DEFAULT '',
    version          integer NOT NULL,
    join_type        text NOT NULL,
    condition        text NOT NULL,
    cardinality      text NOT NULL,
    status           text NOT NULL DEFAULT 'accepted',
    rationale        text NOT NULL,
    owner            regrole NOT NULL,
    candidate_id     bigint NOT NULL,
    confidence       double precision NOT NULL,
    evidence         jsonb NOT NULL,
    validation_stats jsonb NOT NULL,
    validated_at     timestamptz NOT NULL,
    overridden       text[] NOT NULL DEFAULT '{}',
    accepted_by      name NOT NULL,
    accepted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    suspect_since    timestamptz,
    suspect_because  text,
    deprecated_by    name,
    deprecated_at    timestamptz,
    deprecated_because text,
    superseded_by    text,
    -- Each version of a join is one row for good.
    CONSTRAINT accepted_joins_version UNIQUE (name1, name2, role, version),
    CONSTRAINT accepted_joins_columns CHECK (cardinality(columns1) = cardinality(columns2) AND cardinality(columns1) > 0),
    CONSTRAINT accepted_joins_type CHECK (join_type IN ('INNER', 'LEFT', 'RIGHT', 'FULL')),
    CONSTRAINT accepted_joins_cardinality CHECK (cardinality IN ('one_to_one', 'one_to_many', 'many_to_many')),
    CONSTRAINT accepted_joins_status CHECK (status IN ('accepted', 'suspect', 'deprecated')),
    -- Who relies on a join must be able to read why.
    CONSTRAINT accepted_joins_rationale CHECK (btrim(rationale) <> ''),
    CONSTRAINT accepted_joins_suspect CHECK (status <> 'suspect' OR suspect_since IS NOT NULL),
    CONSTRAINT accepted_joins_deprecated CHECK ((status = 'deprecated') = (deprecated_at IS NOT NULL))
);
-- A pair of tables has one join in each role: which one is meant must have one
-- answer, whoever accepts at the same time.
CREATE UNIQUE INDEX accepted_joins_one_in_force ON spyne.accepted_joins (name1, name2, role) WHERE status <> 'deprecated';
COMMENT ON TABLE spyne.accepted_joins IS 'Joins that an admin has accepted, with why and on what evidence';
COMMENT ON INDEX spyne.accepted_joins_one_in_force IS 'At most one join in force for a pair of tables and a role';
COMMENT ON COLUMN spyne.accepted_joins.join_id IS '<table1>_<table2>_v<version>, or <table1>_<table2>_<role>_v<version>';
COMMENT ON COLUMN spyne.accepted_joins.name1 IS 'The logical table that refers';
COMMENT ON COLUMN spyne.accepted_joins.columns1 IS 'Its columns';
COMMENT ON COLUMN spyne.accepted_joins.name2 IS 'The logical table that is referred to';
COMMENT ON COLUMN spyne.accepted_joins.columns2 IS 'Its columns, in step';
COMMENT ON COLUMN spyne.accepted_joins.role IS 'What sets it apart from other joins of the same tables; empty where it is the only one';
COMMENT ON COLUMN spyne.accepted_joins.version IS 'Counted for each pair of tables and role';
COMMENT ON COLUMN spyne.accepted_joins.join_type IS 'The kind of join it is meant for';
COMMENT ON COLUMN spyne.accepted_joins.condition IS 'The condition, by logical names';
COMMENT ON COLUMN spyne.accepted_joins.cardinality IS 'Rows of the second table to rows of the first, when it was last validated';
COMMENT ON COLUMN spyne.accepted_joins.status IS 'accepted; suspect: a column has drifted, to be validated again; deprecated';
COMMENT ON COLUMN spyne.accepted_joins.rationale IS 'Why it was accepted, in their words';
COMMENT ON COLUMN spyne.accepted_joins.owner IS 'Who answers for it';
COMMENT ON COLUMN spyne.accepted_joins.candidate_id IS 'The candidate that it was';
COMMENT ON COLUMN spyne.accepted_joins.confidence IS 'Of the candidate, when it was accepted';
COMMENT ON COLUMN spyne.accepted_joins.evidence IS 'Of the candidate, when it was accepted';
COMMENT ON COLUMN spyne.accepted_joins.validation_stats IS 'What its last validation has measured';
COMMENT ON COLUMN spyne.accepted_joins.validated_at IS 'When that was';
COMMENT ON COLUMN spyne.accepted_joins.overridden IS 'What stood in the way, and was overridden';
COMMENT ON COLUMN spyne.accepted_joins.accepted_by IS 'Who accepted it';
COMMENT ON COLUMN spyne.accepted_joins.accepted_at IS 'When';
COMMENT ON COLUMN spyne.accepted_joins.suspect_since IS 'Since when a change has put it in doubt';
COMMENT ON COLUMN spyne.accepted_joins.suspect_because IS 'Which change';
COMMENT ON COLUMN spyne.accepted_joins.deprecated_by IS 'Who deprecated it';
COMMENT ON COLUMN spyne.accepted_joins.deprecated_at IS 'When';
COMMENT ON COLUMN spyne.accepted_joins.deprecated_because IS 'Why';
COMMENT ON COLUMN spyne.accepted_joins.superseded_by IS 'The version that took its place';

-- What was read of columns, so that a second discovery reads only what has
-- changed. No truth, and not dumped. Nobody reads it: it holds values.
CREATE TABLE spyne.column_samples (
    relation  oid NOT NULL,
    columns   text[] NOT NULL,
    signature text NOT NULL,
    sample    bytea NOT NULL,
    read_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (relation, columns, signature)
);
COMMENT ON TABLE spyne.column_samples IS 'What discoveries have read of columns';
COMMENT ON COLUMN spyne.column_samples.relation IS 'The table';
COMMENT ON COLUMN spyne.column_samples.columns IS 'The columns that were read as one';
COMMENT ON COLUMN spyne.column_samples.signature IS 'Of the table''s contents and of how much was read: while it is the same, so is the sample';
COMMENT ON COLUMN spyne.column_samples.sample IS 'As spyne.column_sketch makes it';
COMMENT ON COLUMN spyne.column_samples.read_at IS 'When';

SELECT pg_catalog.pg_extension_config_dump('spyne.join_candidates', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.join_candidates_candidate_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.accepted_joins', '');

CREATE VIEW spyne.join_usage AS
SELECT u.join_id, (u.used_at AT TIME ZONE 'UTC')::date AS day, count(DISTINCT u.execution_id) AS executions
FROM spyne.joins_used u WHERE u.join_id IS NOT NULL
GROUP BY u.join_id, (u.used_at AT TIME ZONE 'UTC')::date;
COMMENT ON VIEW spyne.join_usage IS 'How often previewed statements that ran have used each accepted join';
COMMENT ON COLUMN spyne.join_usage.join_id IS 'The accepted join';
COMMENT ON COLUMN spyne.join_usage.day IS 'The day, in UTC';
COMMENT ON COLUMN spyne.join_usage.executions IS 'Runs of that day that used it';

-- Every back end looks again at its previews when a join is not what it was.
CREATE TRIGGER notice AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spyne.accepted_joins
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.notice();
ALTER TABLE spyne.accepted_joins ENABLE ALWAYS TRIGGER notice;
COMMENT ON TRIGGER notice ON spyne.accepted_joins IS 'Tells every session that joins have changed';

-- The tables that joins are looked for in: the version that each logical name
-- means now, where the caller may read it, itself or by its governed view.
CREATE FUNCTION spyne.join_tables(schemas oid[], relations oid[], acting oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (t.logical_name) t.relation::oid AS oid, t.logical_name
    FROM spyne.tables t
    WHERE t.state IN ('READ_ONLY', 'ACTIVE')
    ORDER BY t.logical_name, t.state = 'ACTIVE' DESC),
wanted AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.reltuples, n.nspname, x.logical_name,
           CASE WHEN has_schema_privilege(acting, n.oid, 'USAGE') AND has_table_privilege(acting, c.oid, 'SELECT')
                THEN format('%I.%I', n.nspname, c.relname)
                WHEN v.oid IS NOT NULL AND has_table_privilege(acting, v.oid, 'SELECT') THEN format('governed.%I', x.logical_name)
           END AS source,
           has_schema_privilege(acting, n.oid, 'USAGE') AND has_table_privilege(acting, c.oid, 'SELECT') AS direct,
           -- Its partitions, or what inherits from it: a read of it reads those too.
           ARRAY(WITH RECURSIVE parts AS (
                     SELECT c.oid UNION SELECT i.inhrelid FROM parts p JOIN pg_inherits i ON i.inhparent = p.oid)
                 SELECT p.oid FROM parts p) AS leaves
    FROM chosen x JOIN pg_class c ON c.oid = x.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class v ON v.relname = x.logical_name AND v.relkind = 'v' AND v.relnamespace = 'governed'::regnamespace
        AND v.relowner = 'spyne_views'::regrole
    WHERE (schemas IS NULL OR c.relnamespace = ANY (schemas)) AND (relations IS NULL OR c.oid = ANY (relations))),
columns AS MATERIALIZED (
    SELECT w.oid, a.attnum, a.attname, row_number() OVER (PARTITION BY w.oid ORDER BY a.attnum) - 1 AS place,
           jsonb_build_object(
               'name', a.attname, 'data_type', format_type(a.atttypid, a.atttypmod), 'is_shown', a.atttypid < 16384 AND a.atttypid NOT IN ('json'::regtype, 'jsonb'::regtype, 'xml'::regtype),
               'type', b.oid::int8, 'kind', b.typtype,
               'scale', CASE WHEN b.oid = 'numeric'::regtype AND m.modifier >= 4
                             THEN ((m.modifier - 4) & 2047 # 1024) - 1024 END) AS item
    FROM wanted w JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL (
        WITH RECURSIVE base AS (
            SELECT t.oid, t.typtype, t.typbasetype, a.atttypmod AS modifier FROM pg_type t WHERE t.oid = a.atttypid
            UNION ALL
            SELECT t.oid, t.typtype, t.typbasetype, d.typtypmod
            FROM base JOIN pg_type d ON d.oid = base.oid JOIN pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
        SELECT base.oid, base.modifier FROM base WHERE base.typtype <> 'd') m
    JOIN pg_type b ON b.oid = m.oid)
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'oid', w.oid::int8, 'name', w.logical_name, 'shown', format('%I.%I', w.nspname, w.relname),
    'source', w.source, 'samples', w.direct AND w.relkind IN ('r', 'm', 'p'),
    'rows', CASE WHEN w.relkind = 'p'
                 THEN (SELECT CASE WHEN bool_and(l.reltuples >= 0) THEN sum(l.reltuples) END
                       FROM pg_class l WHERE l.oid = ANY (w.leaves) AND l.relkind <> 'p')
                 WHEN w.reltuples >= 0 THEN w.reltuples END,
    'bytes', CASE WHEN w.relkind <> 'f' THEN (SELECT sum(coalesce(pg_relation_size(l), 0)) FROM unnest(w.leaves) l) END,
    'stale', (SELECT sum(pg_stat_get_mod_since_analyze(l)) FROM unnest(w.leaves) l),
    -- Without storage of its own nothing tells whether it has changed.
    -- The text of a row keeps its fields apart, and a NULL from all else.
    'signature', CASE WHEN w.relkind = 'f' THEN NULL ELSE md5(ROW(
        (SELECT string_agg(ROW(l, pg_relation_filenode(l), pg_relation_size(l),
                    pg_stat_get_tuples_inserted(l) + pg_stat_get_xact_tuples_inserted(l),
                    pg_stat_get_tuples_updated(l) + pg_stat_get_xact_tuples_updated(l),
                    pg_stat_get_tuples_deleted(l) + pg_stat_get_xact_tuples_deleted(l))::text, '' ORDER BY l) FROM unnest(w.leaves) l),
        (SELECT string_agg(ROW(a.attnum, a.attname, a.atttypid, a.atttypmod)::text, '' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum > 0),
        -- Where policies decide what is seen, each sees something else.
        CASE WHEN NOT w.direct OR EXISTS (SELECT FROM pg_class l WHERE l.oid = ANY (w.leaves || w.oid) AND l.relrowsecurity)
             THEN acting END)::text) END,
    'columns', (SELECT coalesce(jsonb_agg(k.item ORDER BY k.place), '[]') FROM columns k WHERE k.oid = w.oid),
    'has_primary_key', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = w.oid AND i.indisprimary AND NOT i.indisexclusion AND i.indisvalid),
    'keys', (SELECT coalesce(jsonb_agg(y.places ORDER BY y.indisprimary DESC, y.places), '[]')
             FROM (SELECT DISTINCT i.indisprimary, (SELECT jsonb_agg(k.place ORDER BY u.place)
                           FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY u(attnum, place)
                           JOIN columns k ON k.oid = w.oid AND k.attnum = u.attnum) AS places
                   FROM pg_index i
                   WHERE i.indrelid = w.oid AND i.indisunique AND NOT i.indisexclusion AND i.indisvalid
                     AND i.indpred IS NULL AND i.indexprs IS NULL) y),
    'references', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'columns', (SELECT jsonb_agg(k.place ORDER BY u.place)
                                    FROM unnest(f.conkey) WITH ORDINALITY u(attnum, place)
                                    JOIN columns k ON k.oid = w.oid AND k.attnum = u.attnum),
                        'parent', f.confrelid::int8,
                        'parent_columns', (SELECT jsonb_agg(a.attname ORDER BY u.place)
                                           FROM unnest(f.confkey) WITH ORDINALITY u(attnum, place)
                                           JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = u.attnum))), '[]')
                   FROM pg_constraint f WHERE f.conrelid = w.oid AND f.contype = 'f' AND f.convalidated AND f.conparentid = 0
                     -- Over periods, rows belong together where those overlap, and not where they are equal.
                     AND (to_jsonb(f) ->> 'conperiod') IS DISTINCT FROM 'true'))
    ORDER BY w.logical_name), '[]')
FROM wanted w
$$;

-- The statistics of columns, as far as the caller may see them, which pg_stats
-- decides. The first and the last part of a histogram are left out: there are the
-- odd ones.
CREATE FUNCTION spyne.column_statistics(relations oid[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'relation', c.oid::int8, 'column', s.attname, 'null_share', s.null_frac, 'distinct', s.n_distinct, 'width', s.avg_width,
    'low', CASE WHEN x.number ~ '^-?[0-9.]+$' THEN x.number END,
    'high', CASE WHEN y.number ~ '^-?[0-9.]+$' THEN y.number END)), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited = (c.relkind = 'p')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
LEFT JOIN LATERAL (SELECT s.histogram_bounds::text::text[] AS bounds) h ON a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
LEFT JOIN LATERAL (SELECT CASE WHEN cardinality(h.bounds) > 20 THEN h.bounds[2] END AS number) x ON true
LEFT JOIN LATERAL (SELECT CASE WHEN cardinality(h.bounds) > 20 THEN h.bounds[cardinality(h.bounds) - 1] END AS number) y ON true
WHERE c.oid = ANY (relations)
$$;

-- Drift: what was found, and what uses a column.

CREATE TABLE spyne.drift_reports (
    report_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logical_name text NOT NULL,
    version      text NOT NULL,
    relation     text NOT NULL,
    source       text NOT NULL DEFAULT 'table',
    severity     text NOT NULL,
    -- A digest of the changes and of the shape that they start from.
    finding      text NOT NULL,
    status       text NOT NULL DEFAULT 'open',
    detected_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    detected_by  name NOT NULL,
    resolved_at  timestamptz,
    resolved_by  name,
    reason       text,
    new_version  text,
    -- Whether the table is as the report says, as far as is known: what is so
    -- already is not refused again.
    standing     boolean NOT NULL DEFAULT true,
    staging      boolean NOT NULL DEFAULT false,
    CONSTRAINT drift_reports_source CHECK (source IN ('table', 'feed')),
    CONSTRAINT drift_reports_severity CHECK (severity IN ('COMPATIBLE', 'WARNING', 'BREAKING')),
    CONSTRAINT drift_reports_status CHECK (status IN ('open', 'applied', 'dismissed', 'superseded', 'reverted')),
    -- The same finding is stored once.
    CONSTRAINT drift_reports_once UNIQUE (logical_name, version, source, finding)
);
-- A table has one open report: drift is one difference, whatever made it.
CREATE UNIQUE INDEX drift_reports_one_open ON spyne.drift_reports (logical_name, version)
    WHERE status = 'open' AND source = 'table';
COMMENT ON TABLE spyne.drift_reports IS 'What was found to differ from the shape in force';
COMMENT ON INDEX spyne.drift_reports_one_open IS 'At most one open report of a table';
COMMENT ON COLUMN spyne.drift_reports.report_id IS 'For spyne_resolve_drift';
COMMENT ON COLUMN spyne.drift_reports.logical_name IS 'The logical table';
COMMENT ON COLUMN spyne.drift_reports.version IS 'The version whose shape was in force';
COMMENT ON COLUMN spyne.drift_reports.relation IS 'The table''s address then';
COMMENT ON COLUMN spyne.drift_reports.source IS 'table: the table itself changed; feed: what a feed describes differs from it';
COMMENT ON COLUMN spyne.drift_reports.severity IS 'That of its worst change: COMPATIBLE, WARNING or BREAKING';
COMMENT ON COLUMN spyne.drift_reports.finding IS 'A digest of the changes';
COMMENT ON COLUMN spyne.drift_reports.status IS 'open; applied: the shape is a version now; dismissed; superseded by a later report; reverted: the table is again what it was';
COMMENT ON COLUMN spyne.drift_reports.detected_at IS 'When';
COMMENT ON COLUMN spyne.drift_reports.detected_by IS 'In whose session';
COMMENT ON COLUMN spyne.drift_reports.resolved_at IS 'When it was settled';
COMMENT ON COLUMN spyne.drift_reports.resolved_by IS 'By whom, or in whose session';
COMMENT ON COLUMN spyne.drift_reports.reason IS 'Why, in their words';
COMMENT ON COLUMN spyne.drift_reports.new_version IS 'The version that has the new shape';
COMMENT ON COLUMN spyne.drift_reports.standing IS 'Whether the table is as the report says, as far as is known';
COMMENT ON COLUMN spyne.drift_reports.staging IS 'Whether it is about a shadow: for engineers and admins';
COMMENT ON SEQUENCE spyne.drift_reports_report_id_seq IS 'Numbers of drift reports';

CREATE TABLE spyne.drift_changes (
    -- No foreign key: a parallel restore fills the two tables in any order.
    report_id   bigint NOT NULL,
    seq         integer NOT NULL,
    change_type text NOT NULL,
    "column"    text,
    old_name    text,
    new_name    text,
    old_type    text,
    new_type    text,
    severity    text NOT NULL,
    detail      text NOT NULL,
    consumers   jsonb NOT NULL,
    remedy      text NOT NULL,
    PRIMARY KEY (report_id, seq)
);
COMMENT ON TABLE spyne.drift_changes IS 'The changes of each drift report';
COMMENT ON COLUMN spyne.drift_changes.report_id IS 'The report';
COMMENT ON COLUMN spyne.drift_changes.seq IS 'Order within the report';
COMMENT ON COLUMN spyne.drift_changes.change_type IS 'ADD, REMOVE, RENAME, TYPE_CHANGE, NULLABILITY, DEFAULT, KEY, CONSTRAINT, ORDER, STORAGE, SOURCE or REWRITE';
COMMENT ON COLUMN spyne.drift_changes."column" IS 'The column, by its old name where it had one; null for the table and for what several columns share';
COMMENT ON COLUMN spyne.drift_changes.old_name IS 'The old name of the column or constraint';
COMMENT ON COLUMN spyne.drift_changes.new_name IS 'The new name';
COMMENT ON COLUMN spyne.drift_changes.old_type IS 'The old type, default or definition';
COMMENT ON COLUMN spyne.drift_changes.new_type IS 'The new one';
COMMENT ON COLUMN spyne.drift_changes.severity IS 'COMPATIBLE, WARNING or BREAKING';
COMMENT ON COLUMN spyne.drift_changes.detail IS 'The change and why it matters, in words';
COMMENT ON COLUMN spyne.drift_changes.consumers IS 'What uses the column: kind and name; for previews the user, and how many there were in 30 days';
COMMENT ON COLUMN spyne.drift_changes.remedy IS 'SQL that gives the old shape back';

-- What the catalog rows of a table were when its shape was found to be the one
-- in force: while they are the same row versions, nothing has changed. It is a
-- shortcut and no truth: not dumped, and made anew where it does not fit.
CREATE TABLE spyne.snapshot_digests (
    relation oid PRIMARY KEY,
    digest   bigint NOT NULL
);
COMMENT ON TABLE spyne.snapshot_digests IS 'Digests of the catalog rows behind the shapes in force';
COMMENT ON COLUMN spyne.snapshot_digests.relation IS 'The governed table';
COMMENT ON COLUMN spyne.snapshot_digests.digest IS 'Of the row versions in pg_class, pg_attribute and their kin';

SELECT pg_catalog.pg_extension_config_dump('spyne.drift_reports', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.drift_reports_report_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('spyne.drift_changes', '');

-- What uses the columns of a table, by pg_depend and the record of previews.
-- The governed view by itself uses nothing; what is built on it does.
CREATE FUNCTION spyne.column_consumers(relation oid) RETURNS TABLE (attnum integer, consumer jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE governed_view AS (
    SELECT c.oid FROM spyne.tables t JOIN pg_class c ON c.relname = t.logical_name AND c.relkind = 'v'
    WHERE t.relation = column_consumers.relation AND c.relnamespace = 'governed'::regnamespace
      AND c.relowner = 'spyne_views'::regrole
      AND EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                  WHERE r.ev_class = c.oid AND d.refobjid = column_consumers.relation)),
-- The columns, and those of the governed view that stand for them: it reads
-- them by position.
used (oid, attnum, own) AS (
    SELECT a.attrelid, a.attnum, a.attnum FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT v.oid, va.attnum, x.attnum
    FROM governed_view v JOIN pg_attribute va ON va.attrelid = v.oid AND va.attnum > 0
    JOIN (SELECT a.attnum, row_number() OVER (ORDER BY a.attnum) AS place
          FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped) x ON x.place = va.attnum)
SELECT DISTINCT u.own::integer, jsonb_build_object('kind', 'view', 'name', format('%I.%I', n.nspname, c.relname))
FROM used u JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.oid AND d.refobjsubid = u.attnum
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid <> relation AND c.oid NOT IN (SELECT v.oid FROM governed_view v)
UNION ALL
SELECT DISTINCT u.own::integer, jsonb_build_object('kind', 'function', 'name', p.oid::regprocedure::text)
FROM used u JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.oid AND d.refobjsubid = u.attnum
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
UNION ALL
SELECT DISTINCT u.own::integer, jsonb_build_object('kind', 'policy', 'name', format('%I on %s', y.polname, y.polrelid::regclass))
FROM used u JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.oid AND d.refobjsubid = u.attnum
JOIN pg_policy y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
UNION ALL
SELECT DISTINCT u.own::integer, jsonb_build_object('kind', 'trigger', 'name', format('%I on %s', g.tgname, g.tgrelid::regclass))
FROM used u JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = u.oid AND d.refobjsubid = u.attnum
JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
WHERE NOT g.tgisinternal
UNION ALL
SELECT DISTINCT x.attnum::integer, jsonb_build_object('kind', 'foreign key', 'name', format('%I on %s', k.conname, k.conrelid::regclass))
FROM pg_constraint k CROSS JOIN LATERAL unnest(k.confkey) x(attnum)
WHERE k.contype = 'f' AND k.confrelid = relation AND k.conparentid = 0
UNION ALL
SELECT a.attnum::integer, jsonb_build_object('kind', 'join', 'name', j.join_id)
FROM spyne.tables t
JOIN spyne.accepted_joins j ON j.status <> 'deprecated' AND t.logical_name IN (j.name1, j.name2)
JOIN pg_attribute a ON a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
    AND (t.logical_name = j.name1 AND a.attname = ANY (j.columns1) OR t.logical_name = j.name2 AND a.attname = ANY (j.columns2))
WHERE t.relation = column_consumers.relation
UNION ALL
-- 0 is the whole row. Who, and how often; the previews themselves are for their
-- users and admins.
SELECT b.attnum::integer, jsonb_build_object('kind', 'preview', 'name', p.user_name, 'previews', count(DISTINCT p.preview_id))
FROM spyne.query_previews p
CROSS JOIN LATERAL jsonb_array_elements_text(p.basis #> ARRAY['relations', relation::text, 'used']) b(attnum)
WHERE p.created_at > now() - interval '30 days'
GROUP BY b.attnum, p.user_name
$$;

-- Which installation this is. Not dumped: a restore makes another. A copy of the
-- data directory and pg_upgrade take it along, and columns keep their numbers there.
CREATE TABLE spyne.installation (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    CONSTRAINT installation_pkey PRIMARY KEY (id)
);
-- There is one.
CREATE UNIQUE INDEX installation_once ON spyne.installation ((true));
INSERT INTO spyne.installation DEFAULT VALUES;
COMMENT ON TABLE spyne.installation IS 'Which installation this is: what is told by numbers holds in it alone';
COMMENT ON COLUMN spyne.installation.id IS 'Made by CREATE EXTENSION; pg_upgrade keeps it, a dump does not';
COMMENT ON INDEX spyne.installation_once IS 'One row';

-- Which table a shape is of: this one, in this database of this installation. After
-- a dump and restore it is another, whose columns are numbered anew.
CREATE FUNCTION spyne.origin_of(relation oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT concat_ws('/', i.id, d.oid, relation)
FROM spyne.installation i, pg_database d WHERE d.datname = current_database()
$$;

-- Who may read what: everything is revoked first, then granted. Who may call what
-- is in functions.sql.

REVOKE ALL ON ALL TABLES IN SCHEMA spyne FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA spyne FROM PUBLIC;

GRANT USAGE ON SCHEMA spyne, governed, spyne_shadow TO PUBLIC;
-- Shadows are made with the engineer's own rights, in this schema alone.
GRANT CREATE ON SCHEMA spyne_shadow TO spyne_engineer;

GRANT SELECT ON spyne.tables, spyne.table_state_history, spyne.table_versions, spyne.system_config,
    spyne.state_properties, spyne.role_permissions, spyne.users, spyne.current_versions TO spyne_viewer;
-- What a refusal means is for whoever is refused.
GRANT SELECT ON spyne.rules TO PUBLIC;

-- Staging is visible to engineers and admins.
ALTER TABLE spyne.tables ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.tables FOR SELECT
    USING (state <> 'SHADOW' OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.tables IS 'SHADOW rows are for engineers and admins';
ALTER TABLE spyne.table_state_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.table_state_history FOR SELECT
    USING ((to_state IS DISTINCT FROM 'SHADOW' AND NOT (from_state = 'SHADOW' AND to_state IS NULL))
           OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.table_state_history IS 'Changes to SHADOW are for engineers and admins';
ALTER TABLE spyne.table_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.table_versions FOR SELECT
    USING (pg_catalog.pg_has_role('spyne_engineer', 'USAGE')
           OR EXISTS (SELECT FROM spyne.tables t WHERE t.logical_name = table_versions.logical_name
                        AND t.version = table_versions.version));
COMMENT ON POLICY visible ON spyne.table_versions IS 'Shapes of staging are for engineers and admins';

ALTER TABLE spyne.drift_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.drift_reports FOR SELECT
    USING (NOT staging OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.drift_reports IS 'What is about SHADOW tables is for engineers and admins';
ALTER TABLE spyne.drift_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.drift_changes FOR SELECT
    USING (EXISTS (SELECT FROM spyne.drift_reports r WHERE r.report_id = drift_changes.report_id));
COMMENT ON POLICY visible ON spyne.drift_changes IS 'The changes of the reports that one sees';

GRANT SELECT ON spyne.query_previews, spyne.query_executions, spyne.query_corrections, spyne.joins_used,
    spyne.drift_reports, spyne.drift_changes, spyne.drift_severities,
    spyne.join_candidates, spyne.accepted_joins, spyne.join_usage TO spyne_viewer;

SELECT spyne.grant_settings();

CREATE FUNCTION spyne.statement_count() RETURNS integer IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'statement_count_wrapper';

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
