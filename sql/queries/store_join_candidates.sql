-- Stores candidates: $1 what was found, $2 for how many seconds, $3 who. Those that are known keep their
-- numbers, and what people have said of them while the evidence is the same.
INSERT INTO spyne.join_candidates AS c (
    name1, table1, columns1, name2, table2, columns2, join_type, condition, confidence, confidence_level,
    reason, assumptions, risk_level, evidence, finding, source, created_by, expires_at)
SELECT x.name1, x.table1, x.columns1, x.name2, x.table2, x.columns2, x.join_type, x.condition, x.confidence, x.confidence_level,
       x.reason, x.assumptions, x.risk_level, x.evidence, x.finding, x.source, $3, clock_timestamp() + make_interval(secs => $2)
FROM jsonb_to_recordset($1) x(
    name1 text, table1 oid, columns1 text[], name2 text, table2 oid, columns2 text[], join_type text, condition text,
    confidence float8, confidence_level text, reason text, assumptions text[], risk_level text, evidence jsonb, finding text, source text)
ON CONFLICT (name1, columns1, name2, columns2) DO UPDATE SET
    table1 = excluded.table1, table2 = excluded.table2, join_type = excluded.join_type,
    condition = excluded.condition, confidence = excluded.confidence,
    confidence_level = excluded.confidence_level, reason = excluded.reason,
    assumptions = excluded.assumptions, risk_level = excluded.risk_level,
    evidence = excluded.evidence, finding = excluded.finding,
    source = CASE WHEN c.source = 'proposed' AND excluded.source = 'discovered' THEN 'proposed' ELSE excluded.source END,
    updated_at = clock_timestamp(), expires_at = excluded.expires_at,
    status = CASE WHEN c.status = 'rejected' AND c.finding <> excluded.finding THEN 'open' ELSE c.status END,
    rejected_by = CASE WHEN c.finding = excluded.finding THEN c.rejected_by END,
    rejected_at = CASE WHEN c.finding = excluded.finding THEN c.rejected_at END,
    rejected_because = CASE WHEN c.finding = excluded.finding THEN c.rejected_because END
