-- Registration takes tables, partitioned tables, foreign tables and materialized
-- views under governance, snapshots their shape, and makes the governed view;
-- unregistering leaves the table as it was.
CREATE SCHEMA st_reg;
GRANT USAGE ON SCHEMA st_reg TO PUBLIC;
CREATE TABLE st_reg.t (id integer PRIMARY KEY, v text NOT NULL DEFAULT 'x', twice integer GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO st_reg.t VALUES (1, 'a');
CREATE TABLE st_reg.whole (id integer, v text) PARTITION BY LIST (id);
CREATE TABLE st_reg.part PARTITION OF st_reg.whole FOR VALUES IN (1);
CREATE MATERIALIZED VIEW st_reg.mat AS SELECT 1 AS id;
CREATE FOREIGN DATA WRAPPER st_reg_none;
CREATE SERVER st_reg_server FOREIGN DATA WRAPPER st_reg_none;
CREATE FOREIGN TABLE st_reg.far (id integer) SERVER st_reg_server;
CREATE TEMPORARY TABLE start AS SELECT clock_timestamp() AS created_at;

-- A dry run returns what the real run returns, and changes nothing.
SELECT * FROM spyne_register('st_reg.t', 'st_reg_t', dry_run => true);
SELECT count(*) FROM spyne.tables WHERE logical_name = 'st_reg_t';
SELECT count(*) FROM spyne.table_state_history WHERE logical_name = 'st_reg_t' AND changed_at >= (SELECT created_at FROM pg_temp.start);
SELECT * FROM spyne_register('st_reg.t', 'st_reg_t', owner => 'regress_owner');
SELECT * FROM spyne_register('st_reg.whole', 'st_reg_whole');
SELECT * FROM spyne_register('st_reg.mat', 'st_reg_mat');
SELECT * FROM spyne_register('st_reg.far', 'st_reg_far', 'shadow');
SELECT relation, state, logical_name, version, owner, supersedes, superseded_by, home_schema, home_name, deprecated_at, sunset_at,
       created_at IS NOT NULL AND updated_at IS NOT NULL AS dated
FROM spyne.tables WHERE logical_name LIKE 'st\_reg\_%' ORDER BY logical_name;
SELECT relation, name, state, version, owner, queryable, writable FROM spyne_table_state('st_reg.t');
-- A partition has the state of what it belongs to.
SELECT relation, name, state FROM spyne_table_state('st_reg.part');
-- The marks of expressions are digests of trees, which differ between majors.
SELECT logical_name, version, jsonb_pretty(regexp_replace(schema_snapshot::text, '[0-9a-f]{32}', '<digest>', 'g')::jsonb) FROM spyne.table_versions WHERE logical_name = 'st_reg_t';
SELECT logical_name, schema_snapshot -> 'partition_key' AS partition_key FROM spyne.table_versions WHERE logical_name = 'st_reg_whole';
SET ROLE regress_viewer;
SELECT * FROM governed.st_reg_t;
SELECT * FROM governed.st_reg_whole;
RESET ROLE;

-- A second version of a name, registered as SHADOW in place, leaves the view alone.
CREATE TABLE st_reg.next (id integer PRIMARY KEY);
SELECT * FROM spyne_register('st_reg.next', 'st_reg_t', 'SHADOW');
SELECT table_schema, table_name FROM information_schema.view_table_usage WHERE view_schema = 'governed' AND view_name = 'st_reg_t';

-- A schema at once: a row each, also for what is skipped.
CREATE TABLE st_reg.free (id integer);
CREATE VIEW st_reg.view AS SELECT 1 AS one;
SELECT relation, name, state, version, outcome, detail FROM spyne_register_schema('st_reg', dry_run => true) ORDER BY relation::text;
SELECT count(*) FROM spyne.tables WHERE relation = 'st_reg.free'::regclass;
-- An engineer takes what they own.
ALTER TABLE st_reg.free OWNER TO regress_owner;
SET ROLE regress_owner;
SELECT relation, name, state, version, outcome, detail FROM spyne_register_schema('st_reg', 'SHADOW') ORDER BY relation::text;
-- What a name of others means is not theirs to change.
SELECT name, version FROM spyne_unregister('st_reg.free');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_register('st_reg.free', 'st_reg_far')$$);
SELECT name, state, version FROM spyne_register('st_reg.free', 'st_reg_far', 'SHADOW', dry_run => true);
RESET ROLE;

-- The end: the table stays, its governed view and guards go.
SELECT * FROM spyne_unregister('st_reg.t', 'moved', dry_run => true);
SELECT * FROM spyne_unregister('st_reg.t', 'moved');
SELECT to_regclass('governed.st_reg_t') AS view, count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'st_reg.t'::regclass;
INSERT INTO st_reg.t VALUES (2, 'b');
SELECT * FROM st_reg.t ORDER BY id;
SELECT version, relation, from_state, to_state, reason FROM spyne.table_state_history WHERE relation = 'st_reg.t' ORDER BY id DESC LIMIT 2;
SET client_min_messages = warning;
CALL regress.remove('st_reg');
DROP FOREIGN DATA WRAPPER st_reg_none CASCADE;
