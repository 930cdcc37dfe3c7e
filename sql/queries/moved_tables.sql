-- The governed tables that are not where they should be, or not at all.
SELECT t.relation::oid AS relation FROM spyne.tables t
LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = t.relation
WHERE c.oid IS NULL
   OR (t.state <> 'DEPRECATED' AND (n.nspname, c.relname) IS DISTINCT FROM (t.home_schema::name, t.home_name::name))
