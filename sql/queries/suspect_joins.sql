-- Puts the joins of a name in doubt: $1 the name, $2 a column of it, or NULL for whatever they join by, $3 why.
UPDATE spyne.accepted_joins j SET status = 'suspect', suspect_since = clock_timestamp(), suspect_because = $3
WHERE j.status = 'accepted'
  AND (j.name1 = $1 AND ($2 IS NULL OR $2 = ANY (j.columns1)) OR j.name2 = $1 AND ($2 IS NULL OR $2 = ANY (j.columns2)))
