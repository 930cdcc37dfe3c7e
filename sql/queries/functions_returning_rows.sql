-- The functions of the library that return sets of rows, and the composite type of
-- schema spyne that each returns; null where its columns are written out.
SELECT p.oid::regprocedure::text AS function,
       CASE WHEN t.typtype = 'c' AND t.typnamespace = 'spyne'::regnamespace THEN t.typname::text END AS row
FROM pg_depend d
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
JOIN pg_language l ON l.oid = p.prolang
JOIN pg_type t ON t.oid = p.prorettype
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT x.oid FROM pg_extension x WHERE x.extname = 'spyne')
  AND l.lanname = 'c' AND p.proretset AND t.typtype IN ('c', 'p')
ORDER BY 1
