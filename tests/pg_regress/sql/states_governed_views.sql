-- One view for each visible logical name, owned by spyne_views and granted to
-- spyne_viewer; it follows the ACTIVE version and keeps its own grants.
CREATE FUNCTION pg_temp.views(pattern text) RETURNS TABLE (view name, owner name, grants text, comment text) LANGUAGE sql AS $$
    SELECT c.relname, pg_get_userbyid(c.relowner),
           (SELECT string_agg(format('%s: %s', x.grantee::regrole, x.privilege_type), ', ' ORDER BY x.grantee::regrole::text) FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner),
           obj_description(c.oid)
    FROM pg_class c WHERE c.relnamespace = 'governed'::regnamespace AND c.relname LIKE pattern ORDER BY 1 $$;
CREATE SCHEMA st_view;
GRANT USAGE ON SCHEMA st_view TO PUBLIC;
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TABLE st_view.t (id integer PRIMARY KEY, v text);
INSERT INTO st_view.t VALUES (1, 'a');
CREATE TABLE st_view.staged (id integer);
SELECT name, governed_view FROM spyne_register('st_view.t', 'st_view_t');
SELECT name, governed_view FROM spyne_register('st_view.staged', 'st_view_staged', 'SHADOW');
-- Staging has none.
SELECT * FROM pg_temp.views('st\_view%');
SET ROLE regress_viewer;
SELECT * FROM governed.st_view_t;
SELECT * FROM regress.attempt('SELECT * FROM st_view.t');
SELECT * FROM regress.attempt($$INSERT INTO governed.st_view_t VALUES (2, 'b')$$);
SET ROLE regress_nobody;
SELECT * FROM regress.attempt('SELECT * FROM governed.st_view_t');
RESET ROLE;
-- Even where somebody grants it to people outside the roles, the role is asked for.
GRANT SELECT ON governed.st_view_t TO regress_nobody;
COMMENT ON VIEW governed.st_view_t IS 'a comment of the DBA';
SET ROLE regress_nobody;
SELECT * FROM regress.attempt('SELECT * FROM governed.st_view_t');
RESET ROLE;

-- A view on it, and a new version with one column more: grants, comment and the
-- view on it stay.
CREATE VIEW st_view.dashboard AS SELECT id, v FROM governed.st_view_t;
GRANT SELECT ON st_view.dashboard TO regress_viewer;
SELECT relation FROM spyne_create_shadow('st_view_t');
ALTER TABLE spyne_shadow.st_view_t ADD COLUMN w integer DEFAULT 7;
INSERT INTO spyne_shadow.st_view_t VALUES (1, 'new');
SELECT kind, object, detail, statement FROM spyne_promote('spyne_shadow.st_view_t', target_schema => 'st_view', target_name => 'rw') WHERE object LIKE 'governed.%';
SET ROLE regress_viewer;
SELECT * FROM governed.st_view_t;
SELECT * FROM st_view.dashboard;
RESET ROLE;
SELECT * FROM pg_temp.views('st_view_t');

-- A version that a view on it cannot follow is refused before anything is done.
SELECT relation FROM spyne_create_shadow('st_view_t');
ALTER TABLE spyne_shadow.st_view_t DROP COLUMN v;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('spyne_shadow.st_view_t', accept_breaking => true, dependents => 'repoint')$$);
DROP VIEW st_view.dashboard;
SELECT kind, object, detail FROM spyne_promote('spyne_shadow.st_view_t', accept_breaking => true) WHERE object LIKE 'governed.%';
SELECT * FROM pg_temp.views('st_view_t');
SET ROLE regress_viewer;
SELECT * FROM governed.st_view_t;
RESET ROLE;

-- Deprecated: the view stays, and says why it does not answer.
SELECT count(*) FROM spyne_deprecate('st_view.rw', 'test');
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('SELECT * FROM governed.st_view_t');
RESET ROLE;
-- The end of governance: with one version fewer, and with none.
SELECT version, governed_view FROM spyne_unregister('st_view.rw');
SET ROLE regress_viewer;
SELECT * FROM governed.st_view_t;
RESET ROLE;
SELECT version, governed_view FROM spyne_unregister('st_view.t');
SELECT version, governed_view FROM spyne_unregister('st_view."rw__v1.1"', 'test', override => true);
SELECT to_regclass('governed.st_view_t') AS view;
-- Nobody makes, changes or drops one by hand.
SELECT name FROM spyne_register('st_view.t', 'st_view_t');
BEGIN;
SELECT * FROM regress.attempt('CREATE VIEW governed.st_view_own AS SELECT 1 AS one');
SELECT * FROM regress.attempt('CREATE OR REPLACE VIEW governed.st_view_t AS SELECT 1 AS id, NULL::text AS v');
ROLLBACK;
SELECT * FROM regress.attempt('DROP VIEW governed.st_view_t');
SELECT * FROM regress.attempt('ALTER VIEW governed.st_view_t OWNER TO regress_owner');
CALL regress.remove('st_view');
