-- Texts are compared and taken apart as UTF-8. In another encoding two of them
-- could be taken for one, so spyne does not begin there.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'spyne needs a database with the encoding UTF8'
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = pg_catalog.format('The encoding of %I is %s.', pg_catalog.current_database(), pg_catalog.getdatabaseencoding()),
                  HINT = 'Dump the database, and restore it into one made with ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;

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
