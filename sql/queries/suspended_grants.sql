-- The grants that staging has taken from a table, less those of roles that are gone. $1 relation.
SELECT coalesce(jsonb_agg(g.item) FILTER (WHERE g.item IS NOT NULL AND
           (g.item ->> 'grantee' IS NULL OR to_regrole(quote_ident(g.item ->> 'grantee')) IS NOT NULL)), '[]') AS grants
FROM spyne.tables t LEFT JOIN jsonb_array_elements(t.suspended_grants) g(item) ON true
WHERE t.relation = $1 AND t.suspended_grants IS NOT NULL
GROUP BY t.relation
