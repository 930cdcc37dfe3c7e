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
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_fk');
