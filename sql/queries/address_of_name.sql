-- Where the table of name $1 is that applications use: of version $2, else ACTIVE, else READ_ONLY.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.logical_name = $1
ORDER BY t.version = $2 DESC, t.state = 'ACTIVE' DESC, t.state = 'READ_ONLY' DESC LIMIT 1
