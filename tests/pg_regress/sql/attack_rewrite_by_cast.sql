-- A type is changed and changed back, by casts of the owner's own or by those of
-- Postgres: rows that nobody writes stay what they are.
CREATE SCHEMA atk_cast;
GRANT ALL ON SCHEMA atk_cast TO PUBLIC;
SET client_min_messages = warning;
CREATE TABLE atk_cast.ro (id integer PRIMARY KEY, v text, n numeric, w varchar(10));
INSERT INTO atk_cast.ro VALUES (1, 'a', 1.49, 'x'), (2, 'b', 2.51, 'y');
ALTER TABLE atk_cast.ro OWNER TO regress_viewer;
CREATE TABLE atk_cast.act (id integer PRIMARY KEY, n integer);
INSERT INTO atk_cast.act VALUES (1, 1);
ALTER TABLE atk_cast.act OWNER TO regress_owner;
SELECT state FROM spyne_register('atk_cast.ro', 'atk_cast_ro');
SELECT state FROM spyne_register('atk_cast.act', 'atk_cast_act', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_cast.act');

\set VERBOSITY sqlstate
SET ROLE regress_viewer;
UPDATE atk_cast.ro SET v = 'x';
ALTER TABLE atk_cast.ro ALTER COLUMN v TYPE text USING 'x';
CREATE TYPE atk_cast.mine AS (x text);
CREATE FUNCTION atk_cast.to_mine(text) RETURNS atk_cast.mine LANGUAGE sql IMMUTABLE AS $$SELECT ROW('a viewer wrote this')::atk_cast.mine$$;
CREATE FUNCTION atk_cast.from_mine(atk_cast.mine) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1).x$$;
CREATE CAST (text AS atk_cast.mine) WITH FUNCTION atk_cast.to_mine(text) AS ASSIGNMENT;
CREATE CAST (atk_cast.mine AS text) WITH FUNCTION atk_cast.from_mine(atk_cast.mine) AS ASSIGNMENT;
ALTER TABLE atk_cast.ro ALTER COLUMN v TYPE atk_cast.mine;
ALTER TABLE atk_cast.ro ALTER COLUMN v TYPE text;
ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE integer;
ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE numeric(10, 1);
-- A domain's check is run over the rows, and its type is another.
CREATE DOMAIN atk_cast.short AS text CHECK (length(VALUE) < 10);
ALTER TABLE atk_cast.ro ALTER COLUMN v TYPE atk_cast.short;
DO $$ BEGIN ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE integer; END $$;
RESET ROLE;
ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE integer;
\set VERBOSITY default
SELECT * FROM atk_cast.ro ORDER BY id;
SELECT severity, status FROM spyne.drift_reports WHERE logical_name = 'atk_cast_ro';

-- What rewrites no row is drift, as ever: recorded, and reverted when undone.
SET ROLE regress_viewer;
ALTER TABLE atk_cast.ro ALTER COLUMN w TYPE varchar(20);
ALTER TABLE atk_cast.ro ALTER COLUMN v SET DEFAULT 'new';
ALTER TABLE atk_cast.ro ALTER COLUMN v DROP DEFAULT;
RESET ROLE;
SELECT severity, status FROM spyne.drift_reports WHERE logical_name = 'atk_cast_ro' ORDER BY report_id;

-- Who may write ACTIVE may convert it. That rows were written anew stays on record,
-- also where the shape is again what it was.
SET ROLE regress_owner;
ALTER TABLE atk_cast.act ALTER COLUMN n TYPE bigint;
ALTER TABLE atk_cast.act ALTER COLUMN n TYPE integer;
ALTER TABLE atk_cast.act ALTER COLUMN n TYPE bigint;
RESET ROLE;
SELECT r.version, r.severity, r.status, c.change_type
FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id)
WHERE r.logical_name = 'atk_cast_act' ORDER BY r.report_id, c.seq;
-- So it does where a write was let through that the state forbids.
SET spyne.enforcement = permissive;
ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE integer;
ALTER TABLE atk_cast.ro ALTER COLUMN n TYPE numeric;
RESET spyne.enforcement;
SELECT r.version, r.severity, r.status, c.change_type
FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id)
WHERE r.logical_name = 'atk_cast_ro' AND c.change_type <> 'DEFAULT' ORDER BY r.report_id, c.seq;
SELECT change_type, severity, detail FROM spyne_detect_drift('atk_cast.ro');
RESET client_min_messages;
CALL regress.remove('atk_cast');
DROP CAST IF EXISTS (text AS atk_cast.mine);
