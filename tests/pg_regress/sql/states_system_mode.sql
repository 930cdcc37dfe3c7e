-- The system mode gates staging and ingestion, not writes to ACTIVE tables. It
-- is set by an admin, with a reason, and every session follows at once.
CALL regress.make('st_mode');
SELECT spyne_system_mode();
SET ROLE regress_engineer;
INSERT INTO st_mode.act VALUES (3, 'c');
\set VERBOSITY sqlstate
INSERT INTO st_mode.sha VALUES (3, 'c');
SELECT name FROM spyne_create_shadow('st_mode_act');
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'nightly load');
\set VERBOSITY default
SET ROLE regress_viewer;
SELECT spyne_system_mode();
SET ROLE regress_admin;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'nightly load', dry_run => true);
SELECT spyne_system_mode();
SELECT * FROM spyne_set_system_mode(' ingestion_ready ', 'nightly load');
SELECT spyne_system_mode();
SELECT key, value, reason, changed_by, changed_at IS NOT NULL AS dated FROM spyne.system_config;
SET ROLE regress_engineer;
INSERT INTO st_mode.sha VALUES (3, 'c');
INSERT INTO st_mode.act VALUES (4, 'd');
SELECT name FROM spyne_create_shadow('st_mode_act');
INSERT INTO spyne_shadow.st_mode_act VALUES (1, 'x');
-- Reading staging needs no mode; a promotion neither.
SET ROLE regress_admin;
SELECT * FROM spyne_set_system_mode('READ_ONLY', 'done');
SELECT * FROM spyne_shadow.st_mode_act;
SELECT * FROM regress.attempt($$DELETE FROM spyne_shadow.st_mode_act$$);
SELECT * FROM regress.attempt($$TRUNCATE spyne_shadow.st_mode_act$$);
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.st_mode_act');
-- It follows the transaction.
BEGIN;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'no');
DELETE FROM st_mode.sha WHERE id = 3;
ROLLBACK;
SELECT spyne_system_mode();
-- To what it is already: nothing changes, and nothing is wrong.
SELECT * FROM spyne_set_system_mode('READ_ONLY', 'again');
-- The last word is on record.
SELECT value, reason, changed_by FROM spyne.system_config WHERE key = 'mode';
RESET ROLE;
SELECT * FROM regress.contents('st_mode');
CALL regress.remove('st_mode');
