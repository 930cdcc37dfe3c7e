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
-- Hashes do not compress.
ALTER TABLE spyne.column_samples ALTER COLUMN sample SET STORAGE EXTERNAL;
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
