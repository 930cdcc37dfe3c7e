-- A guard of relation $1, or of what is below it, that is disabled or replaced under its name.
WITH RECURSIVE tree(oid) AS (
    SELECT $1 UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree t ON h.inhparent = t.oid)
SELECT g.tgname::text AS name FROM pg_trigger g JOIN tree t ON g.tgrelid = t.oid
WHERE starts_with(g.tgname, 'spyne_guard') AND NOT spyne.is_guard(g) LIMIT 1
