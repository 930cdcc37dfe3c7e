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
