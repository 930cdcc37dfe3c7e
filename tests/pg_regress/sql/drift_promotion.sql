-- A promotion goes by the same rules as drift: what breaks blocks, what only
-- warns is listed, and so is what is compatible.
\set VERBOSITY terse
CREATE SCHEMA dr_pro;
SET search_path = dr_pro, public;
SELECT count(*) FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE t (id integer PRIMARY KEY, code varchar(10) UNIQUE, n integer NOT NULL DEFAULT 0, feeling mood, cust_id integer CHECK (cust_id > 0));
SELECT state FROM spyne_register('t', 'dr_pro', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('t');
SELECT version FROM spyne_create_shadow('dr_pro');
ANALYZE spyne_shadow.dr_pro;
CREATE FUNCTION gate() RETURNS TABLE (kind text, detail text) LANGUAGE sql AS $$
    SELECT kind, detail FROM spyne_promote('spyne_shadow.dr_pro', dry_run => true) WHERE kind IN ('blocker', 'warning') AND detail <> 'is empty' $$;
-- A shadow as it is made is alike.
SELECT * FROM gate();
BEGIN;
ALTER TABLE spyne_shadow.dr_pro ALTER COLUMN id TYPE bigint, ALTER COLUMN code TYPE varchar(20), ADD COLUMN extra text;
SELECT * FROM gate();
ROLLBACK;
BEGIN;
ALTER TABLE spyne_shadow.dr_pro ALTER COLUMN code TYPE varchar(5), ALTER COLUMN n DROP NOT NULL, ALTER COLUMN n DROP DEFAULT, ADD COLUMN must integer NOT NULL;
SELECT * FROM gate();
ROLLBACK;
BEGIN;
ALTER TABLE spyne_shadow.dr_pro DROP CONSTRAINT dr_pro_pkey;
ALTER TABLE spyne_shadow.dr_pro RENAME COLUMN cust_id TO customer_id;
SELECT * FROM gate();
ROLLBACK;
-- Open drift of the version that is to be replaced is told.
SET client_min_messages = error;
ALTER TABLE t ALTER COLUMN n SET DEFAULT 1;
RESET client_min_messages;
SELECT kind, regexp_replace(detail, 'report \d+', 'report') FROM gate();
-- What the swap itself does to names of indexes is no drift.
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.dr_pro');
SELECT relation, change_type, "column" FROM spyne_detect_drift() WHERE relation::text LIKE 't%' ORDER BY 1;
SELECT count(*) > 0 AS restored FROM spyne_restore('t__v1', 'back');
SELECT relation, change_type, "column" FROM spyne_detect_drift() WHERE relation::text LIKE 't%' ORDER BY 1;
RESET search_path;
CALL regress.remove('dr_pro');
