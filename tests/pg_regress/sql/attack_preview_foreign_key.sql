-- Foreign keys as a vehicle: a statement on the one table that reaches another.
SET spyne.require_preview = users;
CALL regress.make('pv_fk');
\set VERBOSITY terse
SET search_path = pv_fk, public;
-- An ungoverned parent, whose keys cascade into a governed child.
CREATE TABLE parent (id integer PRIMARY KEY);
INSERT INTO parent VALUES (1), (2), (3);
GRANT ALL ON parent TO PUBLIC;
ALTER TABLE act ADD FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE;
SET ROLE regress_engineer;
-- Nobody looked at what it does to act: it is the client's statement to look at.
DELETE FROM parent WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE parent SET id = 10 WHERE id = 1;
TRUNCATE parent CASCADE;
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
-- Also where it would reach no row.
DELETE FROM parent WHERE id = 3;
-- Looked at, the preview names what is reached.
SELECT tables_used -> 0 ->> 'name' AS writes, g ->> 'message' AS message
FROM spyne_preview('DELETE FROM parent WHERE id = 1'), jsonb_array_elements(guardrails) g WHERE g ->> 'code' = 'FOREIGN_KEYS_REACH';
DELETE FROM parent WHERE id = 1;
DELETE FROM parent WHERE id = 1;
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
-- What a key may change along with a statement, its functions may not.
CREATE FUNCTION pv_fk.wipe() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM pv_fk.act; RETURN 7; END $$;
CREATE FUNCTION pv_fk.read() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT 10 + count(*) FROM pv_fk.act); END $$;
SELECT count(*) FROM unnest(ARRAY['INSERT INTO parent VALUES (wipe())', 'INSERT INTO parent VALUES (read())', 'DELETE FROM parent WHERE id = wipe()']) q, spyne_preview(q);
INSERT INTO parent VALUES (wipe());
INSERT INTO parent VALUES (read());
DELETE FROM parent WHERE id = wipe();
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
-- The other direction: a child of their own asks whether a key is there. That
-- is no read of rows.
CREATE TABLE mine (id integer REFERENCES ro);
INSERT INTO mine VALUES (1);
INSERT INTO mine VALUES (9);
-- A trigger of their own on the child, in the middle of a cascade.
CREATE TABLE between_us (id integer PRIMARY KEY REFERENCES parent ON DELETE CASCADE);
INSERT INTO between_us VALUES (2);
CREATE FUNCTION pv_fk.peeks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'it is %', (SELECT max(v) FROM ro); RETURN OLD; END $$;
CREATE TRIGGER peeks BEFORE DELETE ON between_us FOR EACH ROW EXECUTE FUNCTION peeks();
SELECT statement FROM spyne_preview('DELETE FROM parent WHERE id = 2');
DELETE FROM parent WHERE id = 2;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
-- The same trigger reaches for what the cascade reaches: the cascade may, it not.
RESET ROLE;
INSERT INTO parent VALUES (20), (21);
INSERT INTO act VALUES (20, 'x'), (21, 'y');
SET ROLE regress_engineer;
DROP TRIGGER peeks ON between_us;
INSERT INTO between_us VALUES (20);
CREATE FUNCTION pv_fk.grabs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gone record;
BEGIN
    FOR gone IN DELETE FROM act RETURNING * LOOP RAISE NOTICE 'it was %', gone; END LOOP;
    RETURN OLD;
END $$;
CREATE TRIGGER grabs BEFORE DELETE ON between_us FOR EACH ROW EXECUTE FUNCTION grabs();
SELECT statement FROM spyne_preview('DELETE FROM parent WHERE id = 20');
DELETE FROM parent WHERE id = 20;
-- Nor by the very text that the cascade uses.
CREATE OR REPLACE FUNCTION pv_fk.grabs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DELETE FROM ONLY "pv_fk"."act" WHERE $1 OPERATOR(pg_catalog.=) "id"' USING 21;
    RETURN OLD;
END $$;
DELETE FROM parent WHERE id = 20;
-- Such a trigger in wait for an administrator: it is judged as its own user.
CREATE OR REPLACE FUNCTION pv_fk.grabs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE loot AS SELECT * FROM ro;
    RETURN OLD;
END $$;
RESET ROLE;
DELETE FROM parent WHERE id = 20;
SET ROLE regress_engineer;
CREATE OR REPLACE FUNCTION pv_fk.grabs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
    RAISE NOTICE 'it is %', (SELECT max(v) FROM ro);
    RETURN OLD;
END $$;
RESET ROLE;
DELETE FROM parent WHERE id = 20;
SET ROLE regress_engineer;
DROP TRIGGER grabs ON between_us;
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
-- One look, one run, and that is on record, although only the cascade needed it.
SELECT statement FROM spyne_preview('UPDATE parent SET id = id + 100 WHERE id = (SELECT max(id) FROM parent)');
UPDATE parent SET id = id + 100 WHERE id = (SELECT max(id) FROM parent);
UPDATE parent SET id = id + 100 WHERE id = (SELECT max(id) FROM parent);
SELECT statement, result_count, status, execution_time_ms < 10000 AS timed
FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id)
WHERE p.sql LIKE 'UPDATE parent SET id = id + 100%';
-- Two rows in one statement are one run.
SELECT statement FROM spyne_preview('DELETE FROM parent WHERE id >= 20');
DELETE FROM parent WHERE id >= 20;
SELECT * FROM regress.contents('pv_fk') WHERE "table" IN ('act', 'parent');
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_fk');
