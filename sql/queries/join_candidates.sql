-- Join candidates, between the tables that their names mean now; a WHERE clause follows.
SELECT c.candidate_id,
       c.name1, coalesce((SELECT v.relation FROM spyne.current_versions v WHERE v.logical_name = c.name1), c.table1::oid) AS table1, c.columns1,
       c.name2, coalesce((SELECT v.relation FROM spyne.current_versions v WHERE v.logical_name = c.name2), c.table2::oid) AS table2, c.columns2,
       c.join_type, c.condition, c.confidence, c.confidence_level, c.reason, c.assumptions, c.risk_level, c.validation_stats,
       c.status, c.rejected_by::text AS rejected_by, c.rejected_because, c.expires_at, c.expires_at <= clock_timestamp() AS expired
FROM spyne.join_candidates c
