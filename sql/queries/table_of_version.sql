-- The table of a version: $1 the logical name or the name of any of its tables, with or without the
-- schema, $2 the version, $3 whether staging counts.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.version = $2 AND (t.state <> 'SHADOW' OR $3)
  AND (t.logical_name = $1 OR t.logical_name IN (
      SELECT o.logical_name FROM spyne.tables o JOIN pg_class k ON k.oid = o.relation
      JOIN pg_namespace m ON m.oid = k.relnamespace
      WHERE $1 IN (k.relname, concat(m.nspname, '.', k.relname))))
ORDER BY t.logical_name = $1 DESC LIMIT 1
