-- The table of a logical name: $1 the name, $2 a version or NULL for the one in use, $3 whether
-- staging counts.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.logical_name = $1
  AND CASE WHEN $2 IS NOT NULL THEN t.version = $2 ELSE t.state IN ('ACTIVE', 'READ_ONLY') END
  AND (t.state <> 'SHADOW' OR $3)
ORDER BY t.state = 'ACTIVE' DESC LIMIT 1
