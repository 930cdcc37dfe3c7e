-- The changes that a version is known to have: $1 name, $2 version.
SELECT c.change_type, c."column" AS column_name, c.old_name, c.new_name, c.old_type, c.new_type
FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id)
WHERE r.logical_name = $1 AND r.version = $2 AND r.source = 'table'
  AND r.standing AND r.status IN ('open', 'dismissed')
