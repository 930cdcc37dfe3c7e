-- The settings of spyne, set by users in every way there is. Weakening
-- enforcement stays with superusers.
CALL regress.make('atk_set');
SELECT current_database() AS here \gset
SET ROLE regress_owner;
SET spyne.enforcement = off;
\echo :LAST_ERROR_SQLSTATE
SET LOCAL spyne.enforcement = permissive;
SELECT set_config('spyne.enforcement', 'off', false);
UPDATE pg_settings SET setting = 'off' WHERE name = 'spyne.enforcement';
ALTER ROLE regress_owner SET spyne.enforcement = off;
ALTER ROLE regress_owner SET spyne.rollback_window = 0;
CREATE FUNCTION atk_set.f() RETURNS void LANGUAGE sql SET spyne.enforcement = off AS $$ DELETE FROM atk_set.ro $$;
CREATE FUNCTION atk_set.g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL spyne.enforcement = off; DELETE FROM atk_set.ro; END $$;
SELECT atk_set.g();
SET spyne.rollback_window = 0;
SET spyne.allow_breaking_ddl = on;
SET spyne.enforcment = off;
\set VERBOSITY sqlstate
SET spyne.lock_timeout = -1;
RESET ROLE;
SET ROLE regress_owner;
ALTER DATABASE :"here" SET spyne.enforcement = off;
ALTER SYSTEM SET spyne.enforcement = off;
SET ROLE regress_admin;
SET spyne.enforcement = off;
SET spyne.rollback_window = 0;
\set VERBOSITY default
-- Given to spyne_admin at installation.
SET spyne.allow_breaking_ddl = on;
RESET ALL;
RESET ROLE;
SHOW spyne.enforcement;
DELETE FROM atk_set.ro;
SELECT * FROM regress.contents('atk_set');
CALL regress.remove('atk_set');
