-- Who may read what: everything is revoked first, then granted. Who may call what
-- is in functions.sql.

REVOKE ALL ON ALL TABLES IN SCHEMA spyne FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA spyne FROM PUBLIC;

GRANT USAGE ON SCHEMA spyne, governed, spyne_shadow TO PUBLIC;
-- Shadows are made with the engineer's own rights, in this schema alone.
GRANT CREATE ON SCHEMA spyne_shadow TO spyne_engineer;

GRANT SELECT ON spyne.tables, spyne.table_state_history, spyne.table_versions, spyne.system_config,
    spyne.state_properties, spyne.role_permissions, spyne.users, spyne.current_versions TO spyne_viewer;
-- What a refusal means is for whoever is refused.
GRANT SELECT ON spyne.rules TO PUBLIC;

-- Staging is visible to engineers and admins.
ALTER TABLE spyne.tables ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.tables FOR SELECT
    USING (state <> 'SHADOW' OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.tables IS 'SHADOW rows are for engineers and admins';
ALTER TABLE spyne.table_state_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.table_state_history FOR SELECT
    USING ((to_state IS DISTINCT FROM 'SHADOW' AND NOT (from_state = 'SHADOW' AND to_state IS NULL))
           OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.table_state_history IS 'Changes to SHADOW are for engineers and admins';
ALTER TABLE spyne.table_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.table_versions FOR SELECT
    USING (pg_catalog.pg_has_role('spyne_engineer', 'USAGE')
           OR EXISTS (SELECT FROM spyne.tables t WHERE t.logical_name = table_versions.logical_name
                        AND t.version = table_versions.version));
COMMENT ON POLICY visible ON spyne.table_versions IS 'Shapes of staging are for engineers and admins';

ALTER TABLE spyne.drift_reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.drift_reports FOR SELECT
    USING (NOT staging OR pg_catalog.pg_has_role('spyne_engineer', 'USAGE'));
COMMENT ON POLICY visible ON spyne.drift_reports IS 'What is about SHADOW tables is for engineers and admins';
ALTER TABLE spyne.drift_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON spyne.drift_changes FOR SELECT
    USING (EXISTS (SELECT FROM spyne.drift_reports r WHERE r.report_id = drift_changes.report_id));
COMMENT ON POLICY visible ON spyne.drift_changes IS 'The changes of the reports that one sees';

GRANT SELECT ON spyne.query_previews, spyne.query_executions, spyne.query_corrections, spyne.joins_used,
    spyne.drift_reports, spyne.drift_changes, spyne.drift_severities,
    spyne.join_candidates, spyne.accepted_joins, spyne.join_usage TO spyne_viewer;

SELECT spyne.grant_settings();
