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
