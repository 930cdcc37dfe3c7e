-- What each role may do with a table in each state, and with each function:
-- yes, or the SQLSTATE of the refusal. Nothing of it is kept.
CALL regress.make('rol_mat');
CREATE TABLE rol_mat.free (id integer);
GRANT ALL ON rol_mat.free TO PUBLIC;
CREATE FUNCTION pg_temp.may(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM set_config('role', who, true);
    BEGIN
        EXECUTE statement;
        RAISE EXCEPTION USING ERRCODE = 'YES00';
    EXCEPTION WHEN OTHERS THEN
        answer := CASE SQLSTATE WHEN 'YES00' THEN 'yes' ELSE SQLSTATE END;
    END;
    PERFORM set_config('role', 'none', true);
    RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.matrix(statement text) RETURNS TABLE ("none" text, viewer text, analyst text, engineer text, admin text, "table owner" text, superuser text) LANGUAGE sql AS $$
    SELECT pg_temp.may('regress_nobody', $1), pg_temp.may('regress_viewer', $1), pg_temp.may('regress_analyst', $1), pg_temp.may('regress_engineer', $1),
           pg_temp.may('regress_admin', $1), pg_temp.may('regress_owner', $1), pg_temp.may('postgres', $1) $$;
SELECT * FROM spyne.role_permissions;
SELECT state, queryable, writable, visible, auto_joined, becomes, registrable FROM spyne.state_properties;
-- Tables, while ingestion is closed.
CREATE TEMPORARY TABLE statements (n serial, action text, statement text);
INSERT INTO statements (action, statement) VALUES
    ('read', 'SELECT * FROM %s'), ('read for update', 'SELECT * FROM %s FOR UPDATE'), ('insert', 'INSERT INTO %s VALUES (9)'),
    ('update', 'UPDATE %s SET v = v'), ('delete', 'DELETE FROM %s'), ('truncate', 'TRUNCATE %s');
SELECT t AS "table", action, m.* FROM unnest(ARRAY['ro', 'sha', 'act', 'dep']) WITH ORDINALITY x(t, o), statements, pg_temp.matrix(format(statement, 'rol_mat.' || t)) m ORDER BY o, n;
-- Through governed views.
SELECT t AS view, m.* FROM unnest(ARRAY['ro', 'sha', 'act', 'dep']) WITH ORDINALITY x(t, o), pg_temp.matrix('SELECT * FROM governed.rol_mat_' || t) m ORDER BY o;
-- With the opt-in.
SET spyne.include_deprecated = on;
SELECT action, m.* FROM statements, pg_temp.matrix(format(statement, 'rol_mat.dep')) m ORDER BY n;
RESET spyne.include_deprecated;
-- In INGESTION_READY.
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
SELECT t AS "table", action, m.* FROM unnest(ARRAY['ro', 'sha', 'act', 'dep']) WITH ORDINALITY x(t, o), statements, pg_temp.matrix(format(statement, 'rol_mat.' || t)) m
WHERE action = 'insert' ORDER BY o;
-- Functions.
SELECT f.call, m.* FROM (VALUES
    (1, 'spyne_whoami()'), (2, 'spyne_can(''query'')'), (3, 'spyne_system_mode()'),
    (4, 'spyne_resolve(ARRAY[''rol_mat_ro''])'), (5, 'spyne_table_state(''rol_mat.ro'')'), (6, 'spyne_table_state(''rol_mat.sha'')'),
    (7, 'spyne_register(''rol_mat.free'', ''rol_mat_free'')'), (8, 'spyne_register_schema(''rol_mat'')'), (9, 'spyne_unregister(''rol_mat.ro'')'),
    (10, 'spyne_create_shadow(''rol_mat_ro'')'), (11, 'spyne_promote(''rol_mat.sha'')'), (12, 'spyne_promote(''rol_mat.sha'', dry_run => true)'),
    (13, 'spyne_deprecate(''rol_mat.act'', ''test'')'), (14, 'spyne_restore(''rol_mat.dep'')'), (15, 'spyne_set_system_mode(''READ_ONLY'', ''test'')'),
    (16, 'spyne_coverage()'), (17, 'spyne.tables'), (18, 'spyne.table_state_history'), (19, 'spyne.table_versions'), (20, 'spyne.system_config'),
    (21, 'spyne.users'), (22, 'spyne.role_permissions'), (23, 'spyne.state_properties')) f(n, call), pg_temp.matrix('SELECT * FROM ' || f.call) m ORDER BY n;
-- Who sees staging in the catalog.
SELECT f.relation, m.* FROM unnest(ARRAY['tables', 'table_versions', 'table_state_history']) f(relation),
    pg_temp.matrix(format('SELECT 1 / count(*) FROM spyne.%I WHERE logical_name = ''rol_mat_sha''', f.relation)) m;
SELECT * FROM regress.contents('rol_mat');
CALL regress.remove('rol_mat');
