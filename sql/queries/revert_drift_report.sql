-- A table is again what it was: $1 name, $2 version, $3 who noticed.
UPDATE spyne.drift_reports r
SET standing = false,
    status = CASE r.status WHEN 'open' THEN 'reverted' ELSE r.status END,
    resolved_at = CASE r.status WHEN 'open' THEN clock_timestamp() ELSE r.resolved_at END,
    resolved_by = CASE r.status WHEN 'open' THEN $3 ELSE r.resolved_by END
WHERE r.logical_name = $1 AND r.version = $2 AND r.source = 'table'
  AND r.standing AND r.status IN ('open', 'dismissed')
