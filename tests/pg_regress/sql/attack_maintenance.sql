-- ANALYZE, REINDEX, CLUSTER and VACUUM FULL run functions of users over every row.
-- An owner without a spyne role must not read with them what they may not SELECT,
-- neither by running them nor by waiting until somebody else does.
CALL regress.make('atk_upkeep', 'regress_stranger');
SET client_min_messages = warning;
SET spyne.enforcement = off;
SET ROLE regress_stranger;
CREATE TABLE atk_upkeep.stolen (v text);
CREATE FUNCTION atk_upkeep.fi(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION atk_upkeep.diff(a text, b text) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT 1.0::float8';
CREATE TYPE atk_upkeep.span AS RANGE (subtype = text, subtype_diff = atk_upkeep.diff);
-- As they were before the tables were registered.
CREATE INDEX sha_x ON atk_upkeep.sha (atk_upkeep.fi(v));
CREATE INDEX dep_x ON atk_upkeep.dep (id) WHERE atk_upkeep.fi(v) IS NOT NULL;
CREATE INDEX ro_x ON atk_upkeep.ro (atk_upkeep.fi(v));
CREATE STATISTICS atk_upkeep.act_st ON (atk_upkeep.fi(v)), id FROM atk_upkeep.act;
CREATE DOMAIN atk_upkeep.short AS text CHECK (atk_upkeep.fi(VALUE) IS NOT NULL);
CREATE TABLE atk_upkeep.dom (id integer, v text);
INSERT INTO atk_upkeep.dom VALUES (1, 'secret');
CREATE INDEX dom_x ON atk_upkeep.dom ((v::atk_upkeep.short));
CREATE TABLE atk_upkeep.spans (id integer, s atk_upkeep.span);
INSERT INTO atk_upkeep.spans VALUES (1, atk_upkeep.span('secret', 'text'));
CREATE MATERIALIZED VIEW atk_upkeep.mv AS SELECT 1 AS id, 'secret'::text AS v;
CREATE INDEX mv_x ON atk_upkeep.mv (atk_upkeep.fi(v));
-- And what they become.
CREATE OR REPLACE FUNCTION atk_upkeep.put(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO atk_upkeep.stolen VALUES ($1); RETURN $1; END $$;
CREATE OR REPLACE FUNCTION atk_upkeep.fi(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN atk_upkeep.put($1); END $$;
CREATE OR REPLACE FUNCTION atk_upkeep.diff(a text, b text) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM atk_upkeep.put(a); RETURN 1.0; END $$;
RESET ROLE;
RESET spyne.enforcement;
SELECT state FROM spyne_register('atk_upkeep.dom', 'atk_upkeep_dom', 'SHADOW');
SELECT state FROM spyne_register('atk_upkeep.spans', 'atk_upkeep_spans', 'SHADOW');
SELECT state FROM spyne_register('atk_upkeep.mv', 'atk_upkeep_mv');
TRUNCATE atk_upkeep.stolen;

\set VERBOSITY sqlstate
SET ROLE regress_stranger;
CREATE STATISTICS atk_upkeep.st ON (atk_upkeep.fi(v)), id FROM atk_upkeep.sha;
CREATE STATISTICS atk_upkeep.st ON id, v FROM atk_upkeep.dep;
CREATE INDEX ON atk_upkeep.sha (atk_upkeep.fi(v));
ANALYZE atk_upkeep.sha;
ANALYZE atk_upkeep.act;
ANALYZE atk_upkeep.dom;
ANALYZE atk_upkeep.spans;
ANALYZE atk_upkeep.stolen, atk_upkeep.sha;
VACUUM ANALYZE atk_upkeep.dep;
VACUUM (ANALYZE true) atk_upkeep.ro;
VACUUM FULL atk_upkeep.sha;
REINDEX INDEX atk_upkeep.sha_x;
REINDEX TABLE atk_upkeep.dep;
REINDEX INDEX CONCURRENTLY atk_upkeep.ro_x;
REINDEX TABLE atk_upkeep.mv;
CLUSTER atk_upkeep.sha USING sha_x;
DO $$ BEGIN REINDEX TABLE atk_upkeep.sha; END $$;
-- Everything of theirs at once: what may not be shown is left out, and said so.
SET client_min_messages = error;
ANALYZE;
VACUUM FULL;
CLUSTER;
RESET client_min_messages;
RESET ROLE;
-- Nor does anybody for them, where it is staged or out of use.
ANALYZE atk_upkeep.sha;
VACUUM FULL atk_upkeep.dep;
REINDEX TABLE atk_upkeep.dom;
REINDEX SCHEMA atk_upkeep;
-- Nobody loses a night: the rest is done.
CREATE TABLE atk_upkeep.other (id integer);
INSERT INTO atk_upkeep.other SELECT generate_series(1, 7);
VACUUM ANALYZE;
SELECT reltuples FROM pg_class WHERE oid = 'atk_upkeep.other'::regclass;
VACUUM FULL;
SET ROLE regress_engineer;
CREATE INDEX ON atk_upkeep.sha (atk_upkeep.fi(v));
RESET ROLE;
CREATE INDEX ON atk_upkeep.sha (atk_upkeep.fi(v));
CREATE STATISTICS atk_upkeep.st ON (atk_upkeep.fi(v)), id FROM atk_upkeep.sha;
ALTER TABLE atk_upkeep.sha ADD CONSTRAINT c CHECK (atk_upkeep.fi(v) IS NOT NULL);
ALTER TABLE atk_upkeep.sha ADD COLUMN g text GENERATED ALWAYS AS (atk_upkeep.fi(v)) STORED;
ALTER TABLE atk_upkeep.sha ALTER COLUMN v TYPE atk_upkeep.short;
\set VERBOSITY default
SELECT * FROM atk_upkeep.stolen;
SELECT * FROM regress.attempt('ANALYZE atk_upkeep.sha');

-- Maintenance goes on: by owners where no code of users sees rows, and by those who
-- look after the server, whatever is in use.
SET ROLE regress_stranger;
VACUUM atk_upkeep.sha;
DROP INDEX atk_upkeep.sha_x;
ANALYZE atk_upkeep.sha;
REINDEX TABLE atk_upkeep.sha;
REINDEX TABLE CONCURRENTLY atk_upkeep.sha;
VACUUM FULL atk_upkeep.sha;
CLUSTER atk_upkeep.sha USING sha_pkey;
RESET ROLE;
VACUUM FULL ANALYZE atk_upkeep.ro;
REINDEX TABLE atk_upkeep.ro;
ANALYZE atk_upkeep.act;
-- Code of somebody who may read: of an engineer's, also in staging.
GRANT spyne_engineer TO regress_stranger;
ANALYZE atk_upkeep.dom;
SET ROLE regress_stranger;
REINDEX TABLE atk_upkeep.dom;
RESET ROLE;
REVOKE spyne_engineer FROM regress_stranger;
RESET client_min_messages;
CALL regress.remove('atk_upkeep');
