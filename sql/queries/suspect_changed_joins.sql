-- Puts the joins of a name in doubt whose columns the table that takes it over has not, or has otherwise: $1 name, $2 table.
WITH old AS (SELECT v.relation FROM spyne.current_versions v WHERE v.logical_name = $1 AND v.relation <> $2)
UPDATE spyne.accepted_joins j
SET status = 'suspect', suspect_since = clock_timestamp(),
    suspect_because = format('column %s of %s is another in the version that took over', changed.name, $1)
FROM old, LATERAL (
    SELECT c.name
    FROM spyne.accepted_joins k, unnest(CASE WHEN k.name1 = $1 THEN k.columns1 ELSE '{}' END || CASE WHEN k.name2 = $1 THEN k.columns2 ELSE '{}' END) c(name)
    LEFT JOIN pg_attribute o ON o.attrelid = old.relation AND o.attname = c.name AND NOT o.attisdropped
    LEFT JOIN pg_attribute n ON n.attrelid = $2 AND n.attname = c.name AND NOT n.attisdropped
    WHERE (o.atttypid, o.atttypmod) IS DISTINCT FROM (n.atttypid, n.atttypmod) AND k.status = 'accepted') changed
WHERE j.status = 'accepted' AND (j.name1 = $1 AND changed.name = ANY (j.columns1) OR j.name2 = $1 AND changed.name = ANY (j.columns2))
