-- The joins in force and the open candidates between some names: $1.
SELECT j.join_id, j.candidate_id, j.name1, j.columns1, j.name2, j.columns2, j.status = 'suspect' AS suspect,
       j.accepted_by::text AS accepted_by, to_jsonb(j.accepted_at) #>> '{}' AS accepted_at, j.confidence
FROM spyne.accepted_joins j
WHERE j.status <> 'deprecated' AND j.name1 = ANY ($1) AND j.name2 = ANY ($1)
UNION ALL
SELECT NULL, c.candidate_id, c.name1, c.columns1, c.name2, c.columns2, false, NULL, NULL, c.confidence
FROM spyne.join_candidates c
WHERE c.status = 'open' AND c.expires_at > clock_timestamp() AND c.name1 = ANY ($1) AND c.name2 = ANY ($1)
