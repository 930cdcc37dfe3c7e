-- The foreign keys of relation $1. One to the table itself comes with that table as its definition writes it.
SELECT k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition,
       CASE WHEN k.confrelid = k.conrelid THEN k.confrelid::regclass::text END AS own
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = $1 ORDER BY k.conname
