-- DDL on something else reaches the rows of governed tables: on a parent, on the
-- type of a typed table, on a domain. An owner without a spyne role neither reads
-- nor writes SHADOW, DEPRECATED and READ_ONLY rows by it.
CALL regress.make('atk_kids', 'regress_stranger');
SET client_min_messages = warning;
-- Two ungoverned parents, and a SHADOW of a composite type's.
SET ROLE regress_stranger;
CREATE TABLE atk_kids.par (v text);
-- For those that no governed view stands on.
CREATE TABLE atk_kids.bare (v text);
CREATE TYPE atk_kids.tt AS (id integer, v text);
CREATE TABLE atk_kids.typed OF atk_kids.tt;
INSERT INTO atk_kids.typed VALUES (1, 'a');
-- A READ_ONLY table whose name has an ACTIVE version: no governed view stands on it.
CREATE TABLE atk_kids.old (id integer, v text);
INSERT INTO atk_kids.old VALUES (1, 'a');
CREATE TABLE atk_kids.new (id integer, v text);
CREATE FUNCTION atk_kids.leak(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'leaked %', $1; RETURN $1; END $$;
-- Checked by nobody so far.
ALTER TABLE atk_kids.par ADD CONSTRAINT unchecked CHECK (atk_kids.leak(v) IS NOT NULL) NOT VALID;
ALTER TABLE atk_kids.bare ADD CONSTRAINT unchecked CHECK (atk_kids.leak(v) IS NOT NULL) NOT VALID;
RESET ROLE;
SELECT state FROM spyne_register('atk_kids.typed', 'atk_kids_typed', 'SHADOW');
SELECT state FROM spyne_register('atk_kids.old', 'atk_kids_old');
SELECT state FROM spyne_register('atk_kids.new', 'atk_kids_old', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_kids.new');
-- A superseded version: DEPRECATED, and the view is its successor's.
SELECT count(*) FROM spyne_set_system_mode('INGESTION_READY', 'test');
SELECT count(*) FROM spyne_create_shadow('atk_kids_act');
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.atk_kids_act');
SELECT count(*) FROM spyne_set_system_mode('READ_ONLY', 'test');
-- They become children past spyne, as if they had always been.
SET spyne.enforcement = off;
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['act', 'dep', 'ro', 'sha', 'old', 'act__v1'] LOOP
        EXECUTE format('ALTER TABLE atk_kids.%I ADD CONSTRAINT unchecked CHECK (atk_kids.leak(v) IS NOT NULL) NOT VALID', t);
        EXECUTE format('ALTER TABLE atk_kids.%I INHERIT atk_kids.%I', t, CASE WHEN t IN ('act', 'dep', 'ro') THEN 'par' ELSE 'bare' END);
    END LOOP;
    INSERT INTO atk_kids.act VALUES (1, 'a');
END $$;
RESET spyne.enforcement;
SELECT count(*) >= 0 AS looked FROM spyne_detect_drift();

\set VERBOSITY sqlstate
SET ROLE regress_stranger;
SELECT spyne_role FROM spyne_whoami();
-- As the table itself.
UPDATE atk_kids.sha SET v = 'x';
ALTER TABLE atk_kids.par ADD CONSTRAINT c CHECK (atk_kids.leak(v) IS NOT NULL);
ALTER TABLE atk_kids.par VALIDATE CONSTRAINT unchecked;
ALTER TABLE atk_kids.par ALTER COLUMN v TYPE text USING 'written by DDL';
ALTER TABLE atk_kids.bare ADD CONSTRAINT c CHECK (atk_kids.leak(v) IS NOT NULL);
ALTER TABLE atk_kids.bare VALIDATE CONSTRAINT unchecked;
ALTER TABLE atk_kids.bare ALTER COLUMN v TYPE text USING 'written by DDL';
ALTER TABLE atk_kids.bare ALTER COLUMN v TYPE varchar(1);
ALTER TABLE atk_kids.bare ALTER COLUMN v SET NOT NULL;
ALTER TABLE atk_kids.bare ADD COLUMN copy text GENERATED ALWAYS AS (atk_kids.leak(v)) STORED;
ALTER TABLE atk_kids.bare ADD COLUMN n float8 DEFAULT random();
DO $$ BEGIN ALTER TABLE atk_kids.bare ADD CONSTRAINT c CHECK (atk_kids.leak(v) IS NOT NULL); END $$;
-- A type of their own, with casts of their own.
CREATE TYPE atk_kids.mine AS (x text);
CREATE FUNCTION atk_kids.to_mine(text) RETURNS atk_kids.mine LANGUAGE sql IMMUTABLE AS $$SELECT ROW('written by DDL')::atk_kids.mine$$;
CREATE FUNCTION atk_kids.from_mine(atk_kids.mine) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1).x$$;
CREATE CAST (text AS atk_kids.mine) WITH FUNCTION atk_kids.to_mine(text) AS ASSIGNMENT;
CREATE CAST (atk_kids.mine AS text) WITH FUNCTION atk_kids.from_mine(atk_kids.mine) AS ASSIGNMENT;
ALTER TYPE atk_kids.tt ALTER ATTRIBUTE v TYPE atk_kids.mine CASCADE;
ALTER TYPE atk_kids.tt DROP ATTRIBUTE v CASCADE;
ALTER TYPE atk_kids.tt ADD ATTRIBUTE w text CASCADE;
-- Statistics of the parent are of the children too.
CREATE STATISTICS atk_kids.st ON (atk_kids.leak(v)) FROM atk_kids.bare;
ANALYZE atk_kids.bare;
ANALYZE atk_kids.par;
BEGIN;
LOCK TABLE atk_kids.par IN ACCESS EXCLUSIVE MODE;
ROLLBACK;
RESET ROLE;
\set VERBOSITY default
SELECT * FROM regress.contents('atk_kids');
SELECT count(*) AS reports FROM spyne.drift_reports WHERE logical_name LIKE 'atk_kids%' AND status = 'reverted';

-- READ_ONLY and DEPRECATED stay, whoever tries, and nothing is done by halves.
SET spyne.enforcement = off;
ALTER TABLE atk_kids.bare DROP CONSTRAINT unchecked;
ALTER TABLE atk_kids.sha DROP CONSTRAINT unchecked;
ALTER TABLE atk_kids.old DROP CONSTRAINT unchecked;
ALTER TABLE atk_kids.act__v1 DROP CONSTRAINT unchecked;
RESET spyne.enforcement;
\set VERBOSITY sqlstate
ALTER TABLE atk_kids.bare ALTER COLUMN v TYPE text USING 'written by DDL';
ALTER TABLE atk_kids.bare ALTER COLUMN v TYPE varchar(1);
ALTER TYPE atk_kids.tt ALTER ATTRIBUTE v TYPE varchar(1) CASCADE;
\set VERBOSITY default
SELECT * FROM regress.contents('atk_kids');

-- A command inside a check takes nothing of what the one around it has done: what
-- breaks an ACTIVE table is refused.
CREATE FUNCTION atk_kids.busy(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM atk_kids.work(); RETURN true; END $$;
CREATE FUNCTION atk_kids.work() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMENT ON SCHEMA atk_kids IS 'busy'; END $$;
INSERT INTO atk_kids.new VALUES (1, 'a');
\set VERBOSITY sqlstate
ALTER TABLE atk_kids.new DROP COLUMN v, ADD CHECK (atk_kids.busy(id));
\set VERBOSITY default
SELECT * FROM regress.contents('atk_kids') WHERE "table" = 'new';

-- What is governed by nobody is its owner's.
SET ROLE regress_stranger;
DROP STATISTICS atk_kids.st;
ALTER TABLE ONLY atk_kids.bare ADD CONSTRAINT honest CHECK (v <> 'x') NO INHERIT;
CREATE TABLE atk_kids.free (v text);
INSERT INTO atk_kids.free VALUES ('free');
ALTER TABLE atk_kids.free ADD CONSTRAINT c CHECK (atk_kids.leak(v) IS NOT NULL);
ALTER TABLE atk_kids.free ALTER COLUMN v TYPE text USING 'mine';
SELECT * FROM atk_kids.free;
RESET ROLE;
RESET client_min_messages;
CALL regress.remove('atk_kids');
