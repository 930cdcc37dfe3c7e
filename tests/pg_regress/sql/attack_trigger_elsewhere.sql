-- A trigger on a table that nobody governs, which writes to one that is.
CALL regress.make('atk_trig');
CREATE TABLE atk_trig.free (id integer, v text);
GRANT ALL ON atk_trig.free TO PUBLIC;
CREATE FUNCTION atk_trig.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM atk_trig.ro; RETURN new; END $$;
CREATE FUNCTION atk_trig.put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO atk_trig.act SELECT * FROM fresh; RETURN NULL; END $$;
CREATE FUNCTION atk_trig.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE atk_trig.act SET v = 'late'; RETURN NULL; END $$;
CREATE TRIGGER cut BEFORE UPDATE ON atk_trig.free FOR EACH ROW EXECUTE FUNCTION atk_trig.cut();
CREATE TRIGGER put AFTER INSERT ON atk_trig.free REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION atk_trig.put();
CREATE CONSTRAINT TRIGGER late AFTER DELETE ON atk_trig.free DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION atk_trig.late();
ALTER TABLE atk_trig.free DISABLE TRIGGER put;
INSERT INTO atk_trig.free VALUES (5, 'free');
ALTER TABLE atk_trig.free ENABLE TRIGGER put;

UPDATE atk_trig.free SET v = 'x';
SET ROLE regress_analyst;
INSERT INTO atk_trig.free VALUES (9, 'x');
-- The deferred trigger runs at COMMIT, and is judged there.
BEGIN;
DELETE FROM atk_trig.free;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
-- COPY fires triggers as well.
COPY atk_trig.free FROM stdin;
9	x
\.
RESET ROLE;
SELECT * FROM regress.contents('atk_trig');
-- What is allowed goes through.
SET ROLE regress_engineer;
INSERT INTO atk_trig.free VALUES (3, 'c');
DELETE FROM atk_trig.free WHERE id = 3;
RESET ROLE;
SELECT * FROM regress.contents('atk_trig') WHERE "table" IN ('act', 'free');
CALL regress.remove('atk_trig');
