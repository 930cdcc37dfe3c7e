-- The roles, made if missing: they belong to the cluster, so another database
-- may have made them already.

DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['spyne_viewer', 'spyne_analyst', 'spyne_engineer', 'spyne_admin', 'spyne_views'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles
                      WHERE rolname = wanted AND (rolcanlogin OR rolsuper OR rolbypassrls)) THEN
            RAISE EXCEPTION 'role % exists and can log in, is a superuser, or bypasses row security', wanted
                USING ERRCODE = '42710',
                      DETAIL = 'The roles of spyne are groups: NOLOGIN, with no rights of their own.',
                      HINT = pg_catalog.format('Rename that role, or run: ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS;', wanted);
        END IF;
    END LOOP;
END
$roles$;

-- Each role is a member of the one below it.
GRANT spyne_viewer TO spyne_analyst;
GRANT spyne_analyst TO spyne_engineer;
GRANT spyne_engineer TO spyne_admin;

COMMENT ON ROLE spyne_viewer IS 'spyne: may query governed tables';
COMMENT ON ROLE spyne_analyst IS 'spyne: may query governed tables';
COMMENT ON ROLE spyne_engineer IS 'spyne: may also see staging, ingest, and create contracts';
COMMENT ON ROLE spyne_admin IS 'spyne: may also promote, deprecate and restore';
COMMENT ON ROLE spyne_views IS 'spyne: owns the views in schema governed; nobody is a member';
