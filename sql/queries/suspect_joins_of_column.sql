-- Puts the joins in doubt that use a column which has changed: $1 the table's name, $2 the column, $3 why.
UPDATE spyne.accepted_joins j SET status = 'suspect', suspect_since = clock_timestamp(), suspect_because = $3
WHERE j.status = 'accepted' AND (j.name1 = $1 AND $2 = ANY (j.columns1) OR j.name2 = $1 AND $2 = ANY (j.columns2))
