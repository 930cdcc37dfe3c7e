-- The grants that staging has taken from a table, less those of roles and on columns that are gone. $1 relation.
SELECT coalesce(jsonb_agg(g.item) FILTER (WHERE g.item IS NOT NULL AND
           (g.item ->> 'grantee' IS NULL OR to_regrole(quote_ident(g.item ->> 'grantee')) IS NOT NULL)
           AND (g.item ->> 'column' IS NULL OR EXISTS (
               SELECT FROM pg_attribute a
               WHERE a.attrelid = t.relation AND a.attname = g.item ->> 'column' AND NOT a.attisdropped))), '[]') AS grants
FROM spyne.tables t LEFT JOIN jsonb_array_elements(t.suspended_grants) g(item) ON true
WHERE t.relation = $1 AND t.suspended_grants IS NOT NULL
GROUP BY t.relation
