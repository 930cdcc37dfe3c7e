-- Makes a candidate an accepted join: $1 candidate, $2 id, $3 role, $4 version, $5 kind, $6 cardinality, $7 rationale,
-- $8 owner, $9 what was measured, $10 what was overridden, $11 who.
INSERT INTO spyne.accepted_joins (join_id, name1, columns1, name2, columns2, role, version, join_type, condition, cardinality,
    rationale, owner, candidate_id, confidence, evidence, validation_stats, validated_at, overridden, accepted_by)
SELECT $2, c.name1, c.columns1, c.name2, c.columns2, $3, $4, $5, c.condition, $6,
       $7, $8, c.candidate_id, c.confidence, c.evidence, $9, clock_timestamp(), $10, $11
FROM spyne.join_candidates c WHERE c.candidate_id = $1
