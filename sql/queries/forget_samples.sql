-- Forgets what was read of a table that is another now, and of what is not governed any more: $1 table, $2 its signature.
DELETE FROM spyne.column_samples s
WHERE s.relation = $1 AND split_part(s.signature, '/', 1) <> $2 AND s.read_at < now() - interval '1 hour'
   OR NOT EXISTS (SELECT FROM spyne.tables t WHERE t.relation = s.relation)
