-- A superseded table stays as the fallback of its promotion: not dropped, not
-- unregistered, by anyone, by no detour, unless an admin overrides it on record.
CREATE SCHEMA atk_window;
GRANT ALL ON SCHEMA atk_window TO PUBLIC;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TABLE atk_window.t (id integer PRIMARY KEY);
INSERT INTO atk_window.t VALUES (1);
ALTER TABLE atk_window.t OWNER TO regress_owner;
SELECT name FROM spyne_register('atk_window.t', 'atk_window_t', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_window.t');
SET ROLE regress_owner;
SELECT name, version FROM spyne_create_shadow('atk_window_t', 'atk_window.t');
RESET ROLE;
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.atk_window_t');
SET ROLE regress_owner;
SELECT * FROM spyne_unregister('atk_window.t__v1', 'away');
SELECT * FROM spyne_unregister('atk_window.t__v1', 'away', override => true);
RESET ROLE;
SELECT * FROM spyne_unregister('atk_window.t__v1', 'away');
SELECT * FROM spyne_unregister('atk_window.t__v1', override => true);
SET client_min_messages = warning;
\set VERBOSITY terse
DROP TABLE atk_window.t__v1 CASCADE;
-- The detour: first the successor, then nothing seems to be superseded.
BEGIN;
SET ROLE regress_admin;
SELECT name FROM spyne_unregister('atk_window.t', 'first');
\set VERBOSITY sqlstate
SELECT name FROM spyne_unregister('atk_window.t__v1', 'then');
ROLLBACK;
\set VERBOSITY default
RESET ROLE;
SELECT * FROM regress.contents('atk_window');
-- What an admin overrides is on record.
SELECT name, version FROM spyne_unregister('atk_window.t__v1', 'seen and agreed', override => true);
SELECT version, from_state, to_state, current_user_name, reason FROM spyne.table_state_history
    WHERE logical_name = 'atk_window_t' AND to_state IS NULL ORDER BY id DESC LIMIT 1;
CALL regress.remove('atk_window');
