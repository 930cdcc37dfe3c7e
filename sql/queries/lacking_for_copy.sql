-- The privileges that a role lacks for a table like another: on its schema, its types, and the tables
-- that its foreign keys refer to. What is read is asked for elsewhere. $1 role, $2 relation.
WITH parents AS (
    SELECT DISTINCT p.oid, p.relname, p.relnamespace
    FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = $2 AND k.confrelid <> k.conrelid)
SELECT x.privilege, x.target AS "on" FROM (
    SELECT 1 AS place, 'USAGE' AS privilege, format('SCHEMA %I', n.nspname) AS target
    FROM pg_namespace n
    WHERE (n.oid = (SELECT c.relnamespace FROM pg_class c WHERE c.oid = $2) OR n.oid IN (SELECT relnamespace FROM parents))
      AND NOT has_schema_privilege($1, n.oid, 'USAGE')
    UNION
    SELECT 2, 'USAGE', format('TYPE %I.%I', n.nspname, e.typname)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
    JOIN pg_namespace n ON n.oid = e.typnamespace
    WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped AND NOT has_type_privilege($1, t.oid, 'USAGE')
    UNION
    SELECT 3, 'REFERENCES', format('%I.%I', n.nspname, p.relname)
    FROM parents p JOIN pg_namespace n ON n.oid = p.relnamespace
    WHERE NOT has_table_privilege($1, p.oid, 'REFERENCES')
      AND EXISTS (SELECT FROM pg_constraint k, unnest(k.confkey) u(attnum)
                  WHERE k.contype = 'f' AND k.conrelid = $2 AND k.confrelid = p.oid
                    AND NOT has_column_privilege($1, p.oid, u.attnum, 'REFERENCES'))) x
ORDER BY x.place, x.target
