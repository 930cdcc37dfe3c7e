-- The view governed.<$1>, as what may be made again is made of it.
SELECT d -> 'shape' -> 'columns' AS columns, d -> 'grants' AS grants, d ->> 'comment' AS comment,
       c.reloptions AS options, d -> 'column_comments' AS column_comments,
       ARRAY(SELECT DISTINCT format('%I.%I', vn.nspname, v.relname)
             FROM pg_depend p JOIN pg_rewrite r ON p.classid = 'pg_rewrite'::regclass AND r.oid = p.objid
             JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace
             WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND v.oid <> c.oid) AS used_by
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, spyne.describe(c.oid) d
WHERE n.nspname = 'governed' AND c.relname = $1 AND c.relkind = 'v'
