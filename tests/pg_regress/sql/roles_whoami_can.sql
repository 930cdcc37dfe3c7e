-- Who somebody is to spyne: the highest role they have the rights of, through
-- membership, SET ROLE and SECURITY DEFINER as Postgres has them.
CREATE ROLE regress_who_deep LOGIN;
CREATE ROLE regress_who_team NOLOGIN IN ROLE spyne_engineer;
GRANT regress_who_team TO regress_who_deep;
CREATE ROLE regress_who_proud LOGIN NOINHERIT IN ROLE spyne_admin;
CREATE ROLE "regress who's ""Über""" LOGIN IN ROLE spyne_viewer;
CREATE ROLE regress_who_super LOGIN SUPERUSER;
SELECT * FROM spyne_whoami();
SET ROLE regress_nobody;
SELECT * FROM spyne_whoami();
SELECT spyne_can('query'), spyne_can('query', 'regress_viewer') AS viewer;
SET ROLE regress_viewer;
SELECT * FROM spyne_whoami();
SET ROLE regress_analyst;
SELECT * FROM spyne_whoami();
SET ROLE regress_engineer;
SELECT * FROM spyne_whoami();
SET ROLE regress_admin;
SELECT * FROM spyne_whoami();
SET ROLE regress_who_deep;
SELECT user_name, spyne_role, ingest, promote FROM spyne_whoami();
-- Without INHERIT, a membership is worth something only after SET ROLE.
SET ROLE regress_who_proud;
SELECT user_name, spyne_role, query, promote FROM spyne_whoami();
SET ROLE "regress who's ""Über""";
SELECT user_name, spyne_role, query, ingest, spyne_can('query') FROM spyne_whoami();
RESET ROLE;
-- SET ROLE to what the login role is a member of.
SET SESSION AUTHORIZATION regress_who_proud;
SELECT user_name, session_user_name, spyne_role FROM spyne_whoami();
SET ROLE spyne_admin;
SELECT user_name, session_user_name, spyne_role, promote FROM spyne_whoami();
RESET SESSION AUTHORIZATION;
-- Each role and permission, as a function and as the matrix shows it.
SELECT r.role, p.permission, spyne_can(p.permission, r.role::regrole)
FROM unnest(ARRAY['regress_nobody', 'spyne_viewer', 'regress_analyst', 'regress_engineer', 'regress_admin', 'regress_who_super']) WITH ORDINALITY r(role, o),
     unnest(ARRAY['query', 'create contracts', 'ingest', 'promote', 'deprecate', 'view shadow']) WITH ORDINALITY p(permission, n)
WHERE spyne_can(p.permission, r.role::regrole) ORDER BY o, n;
SELECT spyne_can('VIEW_SHADOW', 'spyne_engineer') AS underscore, spyne_can(' view shadow ', 'spyne_engineer') AS spaces;
SELECT * FROM spyne.role_permissions;
-- Nobody edits the matrix.
SELECT * FROM regress.attempt($$UPDATE spyne.role_permissions SET promote = true$$);
-- A SECURITY DEFINER function is its owner.
CREATE SCHEMA rol_who AUTHORIZATION regress_engineer;
GRANT USAGE ON SCHEMA rol_who TO PUBLIC;
SET ROLE regress_engineer;
CREATE FUNCTION rol_who.inside() RETURNS TABLE (user_name name, spyne_role text) LANGUAGE sql SECURITY DEFINER AS 'SELECT user_name, spyne_role FROM spyne_whoami()';
SET ROLE regress_viewer;
SELECT * FROM rol_who.inside();
-- People, and how they got their role.
SELECT * FROM spyne.users WHERE user_name LIKE 'regress%' ORDER BY user_name::text COLLATE "C";
RESET ROLE;
DROP SCHEMA rol_who CASCADE;
DROP ROLE regress_who_deep, regress_who_team, regress_who_proud, "regress who's ""Über""", regress_who_super;
