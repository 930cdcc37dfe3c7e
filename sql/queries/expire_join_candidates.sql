-- Of the tables that were looked at, candidates that were found before and not now expire: $1 what was found, $2 the tables' names.
UPDATE spyne.join_candidates c SET expires_at = clock_timestamp()
WHERE c.status = 'open' AND c.source <> 'proposed' AND c.expires_at > clock_timestamp()
  AND c.name1 = ANY ($2) AND c.name2 = ANY ($2)
  AND NOT EXISTS (SELECT FROM jsonb_to_recordset($1) x(name1 text, columns1 text[], name2 text, columns2 text[])
                  WHERE x.name1 = c.name1 AND x.name2 = c.name2 AND x.columns1 = c.columns1 AND x.columns2 = c.columns2)
