-- Relation $1 and what is below it, partitions and inheritance, with the guards that each has.
WITH RECURSIVE tree(oid) AS (
    SELECT $1 UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree t ON h.inhparent = t.oid)
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       c.relispartition AND c.oid <> $1 AS partition,
       ARRAY(SELECT g.tgname::text FROM pg_trigger g
             WHERE g.tgrelid = c.oid AND g.tgfoid = 'spyne.guard()'::regprocedure) AS guards
FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
