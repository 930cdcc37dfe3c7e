-- Rows of spyne's catalog, written by hand: nobody does, a superuser neither.
-- What happened stays on record.
CALL regress.make('atk_forge');
SELECT count(*) AS before FROM spyne.table_state_history \gset
\set VERBOSITY default
UPDATE spyne.tables SET state = 'ACTIVE' WHERE relation = 'atk_forge.ro'::regclass;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO spyne.tables (relation, state, logical_name, version, owner, home_schema, home_name)
    VALUES ('atk_forge.ro', 'ACTIVE', 'forged', 'v9', 'regress_owner', 'x', 'x');
DELETE FROM spyne.tables;
TRUNCATE spyne.tables;
TRUNCATE spyne.tables, spyne.table_state_history CASCADE;
\copy spyne.tables FROM PROGRAM 'true'
UPDATE spyne.table_state_history SET reason = 'forged';
DELETE FROM spyne.table_state_history;
INSERT INTO spyne.table_state_history (logical_name, version, relation, to_state, current_user_name) VALUES ('x', 'v1', 'x', 'ACTIVE', 'x');
INSERT INTO spyne.system_config VALUES ('mode', 'INGESTION_READY', 'forged', 'x');
UPDATE spyne.table_versions SET schema_snapshot = '{}';
UPDATE spyne.role_permissions SET promote = true;
WITH d AS (DELETE FROM spyne.tables RETURNING *) SELECT count(*) FROM d;
MERGE INTO spyne.tables t USING (VALUES (1)) s(x) ON true WHEN MATCHED THEN DELETE;
SELECT logical_name FROM spyne.tables ORDER BY 1 FOR UPDATE;
SET session_replication_role = replica;
DELETE FROM spyne.table_state_history;
RESET session_replication_role;
\set VERBOSITY sqlstate
-- DDL on the catalog, by a superuser. (Rolled back, for the tests that follow.)
BEGIN;
ALTER TABLE spyne.tables DISABLE TRIGGER ALL;
ROLLBACK;
BEGIN;
ALTER TABLE spyne.table_state_history DISABLE TRIGGER append_only;
ROLLBACK;
BEGIN;
DROP TRIGGER append_only ON spyne.table_state_history;
ROLLBACK;
BEGIN;
CREATE OR REPLACE TRIGGER append_only BEFORE INSERT ON spyne.table_state_history FOR EACH STATEMENT EXECUTE FUNCTION spyne.append_only();
ROLLBACK;
BEGIN;
ALTER TABLE spyne.tables DROP COLUMN state CASCADE;
ROLLBACK;
BEGIN;
ALTER TABLE spyne.tables RENAME TO other;
ROLLBACK;
BEGIN;
DROP TABLE spyne.tables CASCADE;
ROLLBACK;
\set VERBOSITY terse
SET ROLE regress_admin;
UPDATE spyne.tables SET state = 'ACTIVE';
DELETE FROM spyne.table_state_history;
INSERT INTO spyne.system_config VALUES ('mode', 'INGESTION_READY', 'forged', 'x');
CREATE TABLE spyne.planted (id integer);
ALTER TABLE spyne.tables ADD COLUMN x integer;
SET ROLE regress_engineer;
UPDATE spyne.tables SET state = 'ACTIVE';
SELECT setval('spyne.table_state_history_id_seq', 1);
SET ROLE regress_nobody;
SELECT * FROM spyne.tables;
RESET ROLE;
SELECT count(*) - :before AS added FROM spyne.table_state_history;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid IN ('spyne.tables'::regclass, 'spyne.table_state_history'::regclass) AND NOT tgisinternal ORDER BY 1;
SELECT spyne_system_mode();
SELECT * FROM regress.contents('atk_forge');
-- Staging is not told of to viewers.
SET ROLE regress_viewer;
SELECT logical_name FROM spyne.tables WHERE logical_name LIKE 'atk_forge%' ORDER BY 1;
SELECT count(*) FROM spyne.table_versions WHERE logical_name = 'atk_forge_sha';
SELECT count(*) FROM spyne.table_state_history WHERE logical_name = 'atk_forge_sha';
RESET ROLE;
CALL regress.remove('atk_forge');
