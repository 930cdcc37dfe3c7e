-- SET ROLE and SET SESSION AUTHORIZATION: the role that counts is current_user,
-- at every statement anew.
SELECT current_user AS superuser \gset
CALL regress.make('atk_user');
GRANT regress_analyst TO regress_nobody;
PREPARE get AS SELECT count(*) FROM atk_user.sha;
EXECUTE get;
SET ROLE regress_analyst;
EXECUTE get;
SET ROLE regress_engineer;
EXECUTE get;
SET SESSION AUTHORIZATION regress_viewer;
EXECUTE get;
SELECT user_name, spyne_role FROM spyne_whoami();
RESET SESSION AUTHORIZATION;
EXECUTE get;
DEALLOCATE get;

-- A login role that may become another one: it inherits, or it does not.
\c - regress_nobody
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM atk_user.act;
SET ROLE spyne_engineer;
SET ROLE regress_engineer;
SET SESSION AUTHORIZATION regress_engineer;
SELECT count(*) FROM atk_user.sha;
\c - :superuser
-- Before PostgreSQL 16 the member says whether it inherits; since then each grant does.
ALTER ROLE regress_nobody NOINHERIT;
REVOKE regress_analyst FROM regress_nobody;
GRANT regress_analyst TO regress_nobody;
\c - regress_nobody
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM atk_user.act;
SET ROLE regress_analyst;
SELECT count(*) FROM atk_user.act;
DELETE FROM atk_user.act;
\c - :superuser
ALTER ROLE regress_nobody INHERIT;

-- A role taken away in the middle of a session counts from the next statement.
GRANT spyne_engineer TO regress_stranger;
SET ROLE regress_stranger;
SELECT count(*) FROM atk_user.sha;
RESET ROLE;
REVOKE spyne_engineer FROM regress_stranger;
SET ROLE regress_stranger;
SELECT count(*) FROM atk_user.sha;
-- Nobody gives themselves a role.
\set VERBOSITY sqlstate
GRANT spyne_admin TO regress_stranger;
SET ROLE regress_engineer;
GRANT spyne_admin TO regress_engineer;
GRANT spyne_views TO regress_engineer;
RESET ROLE;
\set VERBOSITY default
REVOKE regress_analyst FROM regress_nobody;
SELECT * FROM regress.contents('atk_user');
CALL regress.remove('atk_user');
