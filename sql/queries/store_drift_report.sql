-- Stores a finding once: $1 name, $2 version, $3 table, $4 source, $5 severity, $6 its changes, $7 who, $8 staging.
WITH a AS (SELECT md5($6::text) AS finding),
ended AS (
    -- The open report about something else is superseded.
    UPDATE spyne.drift_reports r
    SET standing = false,
        status = CASE r.status WHEN 'open' THEN 'superseded' ELSE r.status END,
        resolved_at = CASE r.status WHEN 'open' THEN clock_timestamp() ELSE r.resolved_at END,
        resolved_by = CASE r.status WHEN 'open' THEN $7 ELSE r.resolved_by END
    FROM a WHERE r.logical_name = $1 AND r.version = $2 AND r.source = $4
      AND r.source = 'table' AND r.standing AND r.status IN ('open', 'dismissed') AND r.finding <> a.finding
    RETURNING r.report_id),
made AS (
    INSERT INTO spyne.drift_reports
        (logical_name, version, relation, source, severity, finding, status, detected_by, staging)
    SELECT $1, $2, $3, $4, $5, a.finding, 'open', $7, $8
    FROM a WHERE (SELECT count(*) FROM ended) >= 0
    ON CONFLICT (logical_name, version, source, finding) DO UPDATE
    SET standing = true,
        status = CASE WHEN drift_reports.status IN ('superseded', 'reverted') THEN 'open' ELSE drift_reports.status END,
        resolved_at = CASE WHEN drift_reports.status NOT IN ('superseded', 'reverted') THEN drift_reports.resolved_at END,
        resolved_by = CASE WHEN drift_reports.status NOT IN ('superseded', 'reverted') THEN drift_reports.resolved_by END
    RETURNING report_id, xmax = 0 AS is_new)
SELECT made.report_id, made.is_new FROM made
