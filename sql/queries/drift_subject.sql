-- A governed table, the shape in force and the one it has. $1 relation.
SELECT t.relation::oid AS relation, t.logical_name AS name, t.version, t.state,
       t.home_schema::text AS home_schema, t.home_name::text AS home_name,
       n.nspname::text AS schema, c.relname::text AS table_name, v.schema_snapshot AS in_force, v.origin,
       CASE WHEN c.oid IS NOT NULL THEN spyne.schema_snapshot(c.oid) END AS live,
       spyne.origin_of(t.relation) AS live_origin,
       -- Whether this version's rows were given other values, as far as is on record.
       EXISTS (SELECT FROM spyne.drift_reports r JOIN spyne.drift_changes x USING (report_id)
               WHERE r.logical_name = t.logical_name AND r.version = t.version AND r.source = 'table'
                 AND x.change_type = 'REWRITE') AS rewritten
FROM spyne.tables t
LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = t.relation
LEFT JOIN spyne.table_versions v ON v.logical_name = t.logical_name AND v.version = t.version
WHERE t.relation = $1
