-- Who may call and read what: everything is revoked first, then granted. The
-- functions check the caller's role themselves; these grants come on top.

REVOKE ALL ON ALL TABLES IN SCHEMA spyne FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA spyne FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA spyne FROM PUBLIC;

GRANT USAGE ON SCHEMA spyne, governed, spyne_shadow TO PUBLIC;
-- Shadows are made with the engineer's own rights, in this schema alone.
GRANT CREATE ON SCHEMA spyne_shadow TO spyne_engineer;

GRANT SELECT ON spyne.tables, spyne.table_state_history, spyne.table_versions, spyne.system_config,
    spyne.state_properties, spyne.role_permissions, spyne.users, spyne.current_versions TO spyne_viewer;
-- What a refusal means is for whoever is refused.
GRANT SELECT ON spyne.rules TO PUBLIC;
GRANT EXECUTE ON FUNCTION spyne.access_rules() TO PUBLIC;

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

DO $grants$
DECLARE
    called text;
BEGIN
    FOR called IN
        SELECT p.oid::pg_catalog.regprocedure
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'e'
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'spyne')
          AND p.proname LIKE 'spyne\_%'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', called);
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO spyne_viewer', called);
    END LOOP;
END
$grants$;

-- Anybody may ask who they are and what they may do.
GRANT EXECUTE ON FUNCTION spyne_whoami(), spyne_can(text, regrole), spyne.role_of(oid), spyne.role_rules() TO PUBLIC;
GRANT EXECUTE ON FUNCTION spyne.state_rules(), spyne.governing(regclass), spyne.require_role(text, text) TO spyne_viewer;

GRANT EXECUTE ON FUNCTION spyne.preview_statement(uuid, boolean) TO spyne_viewer;
GRANT EXECUTE ON FUNCTION spyne.analyzed(text) TO spyne_admin;
GRANT SELECT ON spyne.query_previews, spyne.query_executions, spyne.query_corrections, spyne.joins_used TO spyne_viewer;

GRANT SELECT ON spyne.drift_reports, spyne.drift_changes, spyne.drift_severities TO spyne_viewer;
GRANT EXECUTE ON FUNCTION spyne.drift_rules() TO spyne_viewer;

-- Discovery reads with the rights of whoever calls it.
GRANT EXECUTE ON FUNCTION spyne.column_sketch("any"), spyne.join_hash("any"), spyne.column_statistics(oid[]) TO spyne_viewer;
GRANT SELECT ON spyne.join_candidates, spyne.accepted_joins, spyne.join_usage TO spyne_viewer;

GRANT EXECUTE ON FUNCTION spyne.find_gaps() TO spyne_engineer;
GRANT EXECUTE ON FUNCTION spyne.check_statements(), spyne.statement_count() TO spyne_admin;

GRANT SET ON PARAMETER spyne.allow_breaking_ddl TO spyne_admin;

CREATE EVENT TRIGGER spyne_guard_drop ON sql_drop EXECUTE FUNCTION spyne.guard_drop();
CREATE EVENT TRIGGER spyne_guard_ddl ON ddl_command_end EXECUTE FUNCTION spyne.guard_ddl();
ALTER EVENT TRIGGER spyne_guard_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER spyne_guard_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER spyne_guard_drop IS 'spyne: governed tables and their guards are not dropped';
COMMENT ON EVENT TRIGGER spyne_guard_ddl IS 'spyne: the guards of governed tables stay on, and new partitions get theirs';
