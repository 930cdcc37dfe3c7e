-- The rule's settings, changed by those whom it binds.
CALL regress.make('pv_set');
\set VERBOSITY terse
SELECT current_database() AS here \gset
-- The server of these tests has it off; this role has it on, and connects itself.
ALTER ROLE regress_analyst SET spyne.require_preview = users;
\c - regress_analyst
SET search_path = pv_set, public;
SET spyne.require_preview = off;
SET LOCAL spyne.require_preview = off;
SELECT set_config('spyne.require_preview', 'off', false);
SET spyne.preview_ttl = '7d';
SET spyne.max_fan_out = 1e9;
SET spyne.enforcement = off;
CREATE FUNCTION pv_set.freed() RETURNS bigint LANGUAGE sql SET spyne.require_preview = off AS 'SELECT count(*) FROM pv_set.ro';
ALTER ROLE regress_analyst SET spyne.require_preview = off;
\set VERBOSITY sqlstate
ALTER ROLE ALL SET spyne.require_preview = off;
\set VERBOSITY terse
ALTER DATABASE :here SET spyne.require_preview = off;
ALTER SYSTEM SET spyne.require_preview = off;
UPDATE pg_settings SET setting = 'off' WHERE name = 'spyne.require_preview';
RESET ALL;
RESET spyne.require_preview;
SET spyne.require_preview TO DEFAULT;
SET SESSION AUTHORIZATION DEFAULT;
SHOW spyne.require_preview;
DISCARD ALL;
SET search_path = pv_set, public;
SELECT count(*) FROM ro;
\echo :LAST_ERROR_SQLSTATE
-- By the options of the connection.
\setenv PGOPTIONS '-c spyne.require_preview=off'
\c - regress_analyst
SHOW spyne.require_preview;
\setenv PGOPTIONS
\c - regress_analyst
SHOW spyne.require_preview;
-- A service account is let off by a superuser.
\c - postgres
ALTER ROLE regress_analyst SET spyne.require_preview = off;
\c - regress_analyst
SELECT count(*) FROM pv_set.ro;
SELECT count(*) FROM spyne.query_executions JOIN spyne.query_previews USING (preview_id) WHERE sql LIKE '%pv_set%';
-- Or by somebody to whom the setting is granted.
\c - postgres
ALTER ROLE regress_analyst SET spyne.require_preview = users;
GRANT SET ON PARAMETER spyne.require_preview TO regress_analyst;
\c - regress_analyst
SELECT count(*) FROM pv_set.ro;
SET spyne.require_preview = off;
SELECT count(*) FROM pv_set.ro;
\c - postgres
REVOKE SET ON PARAMETER spyne.require_preview FROM regress_analyst;
ALTER ROLE regress_analyst RESET spyne.require_preview;
CALL regress.remove('pv_set');
