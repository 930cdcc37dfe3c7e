-- What PUBLIC, the roles of spyne and everybody else may do with what belongs to
-- the extension, as far as Postgres's own privileges go.
\pset null '-'
-- Schemas: PUBLIC looks, and makes nothing.
SELECT n.nspname, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS grantee, string_agg(x.privilege_type, ' ' ORDER BY x.privilege_type) AS privileges
FROM pg_namespace n, aclexplode(n.nspacl) x WHERE n.nspname IN ('spyne', 'spyne_shadow', 'governed') AND x.grantee <> n.nspowner GROUP BY 1, 2 ORDER BY 1, 2;
SET ROLE regress_nobody;
CREATE TABLE spyne.mine (id integer);
CREATE TABLE spyne_shadow.mine (id integer);
CREATE VIEW governed.mine AS SELECT 1 AS one;
SET ROLE regress_admin;
CREATE TABLE spyne.mine (id integer);
CREATE VIEW governed.mine AS SELECT 1 AS one;
RESET ROLE;
-- Functions: who may call each, with whose rights it runs, and the search path it pins.
CREATE TEMPORARY VIEW functions AS SELECT p.* FROM pg_proc p WHERE EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'spyne'
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
SELECT p.oid::regprocedure AS function, coalesce((SELECT string_agg(CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, ' ' ORDER BY x.grantee)
           FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x WHERE x.grantee <> p.proowner), 'owner only') AS callable_by,
       CASE WHEN p.prosecdef THEN 'definer' ELSE 'caller' END AS rights, array_to_string(p.proconfig, '; ') AS settings
FROM functions p ORDER BY p.oid::regprocedure::text COLLATE "C";
-- A function that elevates by itself pins its search path.
SELECT p.oid::regprocedure FROM functions p WHERE p.prosecdef AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false);
-- Tables, views and sequences.
SELECT c.relname, c.relkind, coalesce((SELECT string_agg(CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END || ': ' || x.privilege_type, ', ' ORDER BY x.grantee, x.privilege_type)
           FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner), 'owner only') AS privileges, c.relrowsecurity AS row_security
FROM pg_class c WHERE c.relnamespace = 'spyne'::regnamespace AND c.relkind IN ('r', 'v', 'S') ORDER BY c.relname COLLATE "C";
-- Nobody writes the catalog: neither by privilege, nor with one that a superuser has given.
SELECT c.relname, r.rolname FROM pg_class c, pg_roles r WHERE c.relnamespace = 'spyne'::regnamespace AND c.relkind IN ('r', 'v') AND (r.rolname LIKE 'spyne%' OR r.rolname LIKE 'regress%')
    AND (has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER') OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE'));
SET ROLE regress_admin;
SELECT relation, says FROM unnest(ARRAY['tables', 'table_state_history', 'table_versions', 'system_config']) relation,
    regress.attempt(format('DELETE FROM spyne.%I', relation)) WHERE field = 'message';
RESET ROLE;
SELECT relation, says FROM unnest(ARRAY['tables', 'table_state_history', 'table_versions', 'system_config']) relation,
    regress.attempt(format('DELETE FROM spyne.%I', relation)) WHERE field = 'message';
-- Roles: groups without rights of their own, each a member of the one below.
SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolinherit,
       (SELECT string_agg(m.roleid::regrole::text, ' ' ORDER BY m.roleid) FROM pg_auth_members m WHERE m.member = r.oid) AS member_of
FROM pg_roles r WHERE r.rolname LIKE 'spyne\_%' ORDER BY r.rolname;
SELECT p.parname, x.grantee::regrole, x.privilege_type FROM pg_parameter_acl p, aclexplode(p.paracl) x WHERE p.parname LIKE 'spyne.%' AND x.grantee <> 10 ORDER BY 1, 2;
