-- A drift report, as settling it needs to know it. $1 report.
SELECT r.logical_name, r.version, r.source, r.status, r.severity, r.finding, r.resolved_by::text AS resolved_by,
       to_char(r.resolved_at, 'YYYY-MM-DD HH24:MI') AS resolved_at,
       (SELECT t.relation::oid FROM spyne.tables t
        WHERE t.logical_name = r.logical_name AND t.version = r.version) AS relation
FROM spyne.drift_reports r WHERE r.report_id = $1
