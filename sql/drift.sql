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
COMMENT ON COLUMN spyne.drift_changes.change_type IS 'ADD, REMOVE, RENAME, TYPE_CHANGE, NULLABILITY, DEFAULT, KEY, CONSTRAINT or ORDER';
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
