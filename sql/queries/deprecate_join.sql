-- Takes a join out of force: $1 id, $2 who, $3 why, $4 what takes its place. Its candidate is open again.
WITH gone AS (
    UPDATE spyne.accepted_joins j SET status = 'deprecated', deprecated_at = clock_timestamp(),
        deprecated_by = $2, deprecated_because = $3, superseded_by = $4
    WHERE j.join_id = $1 RETURNING j.candidate_id)
UPDATE spyne.join_candidates c SET status = 'open' FROM gone WHERE c.candidate_id = gone.candidate_id AND c.status = 'accepted'
