-- What registration needs to know of relations; a WHERE clause follows.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relowner AS owner,
       c.relpersistence = 't' AS temporary, c.relispartition AS is_partition,
       (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition) AS parent,
       c.oid < 16384 OR n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast')
           OR n.nspname LIKE 'pg\_toast%' AS is_system,
       (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
          AND d.refclassid = 'pg_extension'::regclass) AS extension,
       t.state, t.logical_name AS governed_as
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN spyne.tables t ON t.relation = c.oid
