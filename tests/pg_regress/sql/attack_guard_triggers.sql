-- The triggers that hold where the library is not preloaded: disabling,
-- dropping, renaming, replacing them; replication role; event triggers.
CALL regress.make('atk_guard');
CREATE FUNCTION atk_guard.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
GRANT EXECUTE ON FUNCTION atk_guard.noop() TO PUBLIC;
ALTER TABLE atk_guard.ro DISABLE TRIGGER spyne_guard;
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE atk_guard.ro DISABLE TRIGGER ALL;
ALTER TABLE atk_guard.ro DISABLE TRIGGER USER;
ALTER TABLE atk_guard.ro ENABLE REPLICA TRIGGER spyne_guard_row;
ALTER TABLE atk_guard.ro ENABLE TRIGGER spyne_guard_truncate;
DROP TRIGGER spyne_guard ON atk_guard.ro;
ALTER TRIGGER spyne_guard ON atk_guard.ro RENAME TO other;
SET ROLE regress_owner;
DROP TRIGGER spyne_guard_truncate ON atk_guard.act;
ALTER TABLE atk_guard.act DISABLE TRIGGER ALL;
\set VERBOSITY sqlstate
CREATE OR REPLACE TRIGGER spyne_guard BEFORE INSERT ON atk_guard.ro FOR EACH STATEMENT EXECUTE FUNCTION atk_guard.noop();
CREATE OR REPLACE TRIGGER spyne_guard BEFORE INSERT ON atk_guard.act FOR EACH STATEMENT EXECUTE FUNCTION atk_guard.noop();
RESET ROLE;
DROP FUNCTION spyne.guard() CASCADE;
DROP EVENT TRIGGER spyne_guard_ddl;
\set VERBOSITY default
SELECT c.relname, t.tgname, t.tgenabled, t.tgfoid::regproc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'atk_guard'::regnamespace ORDER BY 1, 2;
SET session_replication_role = replica;
INSERT INTO atk_guard.ro VALUES (9, 'x');
DELETE FROM atk_guard.dep;
RESET session_replication_role;
SELECT * FROM regress.contents('atk_guard');
CALL regress.remove('atk_guard');
