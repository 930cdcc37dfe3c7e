-- Accepted joins, between the tables that their names mean now; a WHERE clause follows.
SELECT j.join_id,
       (SELECT v.relation FROM spyne.current_versions v WHERE v.logical_name = j.name1) AS table1, j.columns1,
       (SELECT v.relation FROM spyne.current_versions v WHERE v.logical_name = j.name2) AS table2, j.columns2,
       j.role, j.join_type, j.condition, j.cardinality, j.version, j.status, j.rationale, j.owner, j.accepted_by::text AS accepted_by,
       j.accepted_at, j.validated_at, j.confidence, j.evidence, j.validation_stats, j.suspect_because, j.superseded_by
FROM spyne.accepted_joins j
