-- A foreign table shows what its server and its options say. Other options are
-- other rows: under a state that nobody writes to, under a preview, unnoticed.
CREATE SCHEMA atk_source;
GRANT ALL ON SCHEMA atk_source TO PUBLIC;
SET client_min_messages = warning;
CREATE TABLE atk_source.here (id integer, v text);
INSERT INTO atk_source.here VALUES (1, 'promised');
CREATE TABLE atk_source.there (id integer, v text);
INSERT INTO atk_source.there VALUES (1, 'other');
CREATE SERVER atk_source FOREIGN DATA WRAPPER postgres_fdw;
DO $$ BEGIN
    EXECUTE format('ALTER SERVER atk_source OPTIONS (ADD host %L, ADD port %L, ADD dbname %L)',
                   split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database());
END $$;
CREATE USER MAPPING FOR PUBLIC SERVER atk_source OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE atk_source.ro (id integer, v text) SERVER atk_source OPTIONS (schema_name 'atk_source', table_name 'here');
CREATE FOREIGN TABLE atk_source.act (id integer, v text) SERVER atk_source OPTIONS (schema_name 'atk_source', table_name 'here');
CREATE TABLE atk_source.parts (id integer, v text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE atk_source.part1 PARTITION OF atk_source.parts FOR VALUES IN (1) SERVER atk_source OPTIONS (schema_name 'atk_source', table_name 'here');
ALTER FOREIGN TABLE atk_source.ro OWNER TO regress_owner;
ALTER FOREIGN TABLE atk_source.act OWNER TO regress_owner;
ALTER SERVER atk_source OWNER TO regress_stranger;
CREATE FOREIGN TABLE atk_source.sha (id integer, v text) SERVER atk_source OPTIONS (schema_name 'atk_source', table_name 'here');
ALTER FOREIGN TABLE atk_source.sha OWNER TO regress_owner;
SELECT state FROM spyne_register('atk_source.sha', 'atk_source_sha', 'SHADOW');
SELECT state FROM spyne_register('atk_source.ro', 'atk_source_ro');
SELECT state FROM spyne_register('atk_source.parts', 'atk_source_parts');
SELECT state FROM spyne_register('atk_source.act', 'atk_source_act', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_source.act');
GRANT SELECT ON atk_source.ro, atk_source.act, atk_source.parts TO PUBLIC;

\set VERBOSITY sqlstate
SET ROLE regress_owner;
ALTER FOREIGN TABLE atk_source.ro OPTIONS (SET table_name 'there');
ALTER FOREIGN TABLE atk_source.act OPTIONS (SET table_name 'there');
ALTER FOREIGN TABLE atk_source.ro ALTER COLUMN v OPTIONS (ADD column_name 'id');
-- Staging is written to while it is open.
ALTER FOREIGN TABLE atk_source.sha OPTIONS (SET table_name 'there');
RESET ROLE;
ALTER FOREIGN TABLE atk_source.ro OPTIONS (SET table_name 'there');
ALTER FOREIGN TABLE atk_source.part1 OPTIONS (SET table_name 'there');
ALTER TABLE atk_source.part1 ALTER COLUMN v OPTIONS (ADD column_name 'id');
SET ROLE regress_stranger;
ALTER SERVER atk_source OPTIONS (SET dbname 'template1');
DO $$ BEGIN ALTER SERVER atk_source OPTIONS (SET dbname 'template1'); END $$;
RESET ROLE;
\set VERBOSITY default
SELECT v FROM governed.atk_source_ro UNION ALL SELECT v FROM governed.atk_source_act UNION ALL SELECT v FROM governed.atk_source_parts;
SELECT * FROM regress.attempt('ALTER FOREIGN TABLE atk_source.ro OPTIONS (SET table_name ''there'')');

-- A user mapping is noted, and makes previews stale.
SET spyne.require_preview = users;
SET ROLE regress_analyst;
SELECT estimated_rows > 0 AS looked FROM spyne_preview('SELECT count(*) FROM atk_source.ro');
SELECT count(*) FROM atk_source.ro;
RESET ROLE;
ALTER USER MAPPING FOR PUBLIC SERVER atk_source OPTIONS (ADD sslcert 'none');
SELECT relation, severity, status FROM spyne.drift_reports WHERE logical_name LIKE 'atk\_source%' AND status = 'open' ORDER BY 1;
SET ROLE regress_analyst;
SELECT * FROM regress.attempt('SELECT count(*) FROM atk_source.ro') WHERE field = 'SQLSTATE';
SELECT count(*) FROM atk_source.ro;
RESET ROLE;
RESET spyne.require_preview;
-- One that is new shows others nothing, and a secret is no part of a shape.
CREATE USER MAPPING FOR regress_nobody SERVER atk_source OPTIONS (user 'x', password 'secret');
SELECT count(*) AS leaks FROM spyne.table_versions WHERE schema_snapshot::text LIKE '%secret%';
ALTER USER MAPPING FOR PUBLIC SERVER atk_source OPTIONS (DROP sslcert);
SELECT relation, severity, status FROM spyne.drift_reports WHERE logical_name LIKE 'atk\_source%' ORDER BY 1, report_id;

-- Who may write to staging may say where it is filled from.
SELECT count(*) FROM spyne_set_system_mode('INGESTION_READY', 'test');
SET ROLE regress_owner;
ALTER FOREIGN TABLE atk_source.sha OPTIONS (SET table_name 'there');
RESET ROLE;
SELECT count(*) FROM spyne_set_system_mode('READ_ONLY', 'test');
-- An administrator may, on record: as another version.
BEGIN;
SET LOCAL spyne.allow_breaking_ddl = on;
ALTER FOREIGN TABLE atk_source.ro OPTIONS (SET table_name 'there');
COMMIT;
SELECT v FROM governed.atk_source_ro;
SELECT version FROM spyne_table_state('atk_source.ro');
-- What was done meanwhile is found.
SET spyne.enforcement = off;
ALTER SERVER atk_source OPTIONS (ADD fetch_size '7');
RESET spyne.enforcement;
SELECT relation, change_type, severity FROM spyne_detect_drift() WHERE relation::text LIKE 'atk\_source.%' ORDER BY 1;

-- How rows are kept is part of a shape too.
CREATE TABLE atk_source.kept (id integer PRIMARY KEY);
SELECT state FROM spyne_register('atk_source.kept', 'atk_source_kept');
ALTER TABLE atk_source.kept SET UNLOGGED;
SELECT change_type, severity, remedy FROM spyne_detect_drift('atk_source.kept');
ALTER TABLE atk_source.kept SET LOGGED;
SELECT relation, severity, status FROM spyne.drift_reports WHERE logical_name = 'atk_source_kept';
CALL regress.remove('atk_source');
DROP SERVER atk_source CASCADE;
RESET client_min_messages;
