-- Foreign keys in the other direction: a free child that refers to a governed
-- parent. The check is a read made by the system: it needs no spyne role, of
-- nobody, and locks nothing for anybody. Writing the parent stays forbidden.
SELECT current_user AS superuser \gset
CREATE SCHEMA atk_check;
GRANT ALL ON SCHEMA atk_check TO PUBLIC;
CREATE TABLE atk_check.parent (id integer PRIMARY KEY);
INSERT INTO atk_check.parent VALUES (1), (2);
ALTER TABLE atk_check.parent OWNER TO regress_stranger;
SELECT name, state FROM spyne_register('atk_check.parent', 'atk_check_parent');
GRANT ALL ON atk_check.parent TO PUBLIC;
CREATE TABLE atk_check.child (id integer REFERENCES atk_check.parent ON DELETE CASCADE);
CREATE TABLE atk_check.late (id integer REFERENCES atk_check.parent DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON atk_check.child, atk_check.late TO PUBLIC;
\c - regress_nobody
INSERT INTO atk_check.child VALUES (1);
INSERT INTO atk_check.child VALUES (9);
\echo :LAST_ERROR_SQLSTATE
COPY atk_check.child FROM stdin;
2
\.
BEGIN;
INSERT INTO atk_check.late VALUES (2);
INSERT INTO atk_check.late VALUES (1);
COMMIT;
BEGIN;
INSERT INTO atk_check.late VALUES (9);
COMMIT;
\echo :LAST_ERROR_SQLSTATE
UPDATE atk_check.child SET id = 1 WHERE id = 2;
SELECT * FROM atk_check.parent;
DELETE FROM atk_check.parent;
\c - regress_stranger
-- The owner of the parent, who has no spyne role.
DELETE FROM atk_check.parent;
SELECT 1 FROM ONLY atk_check.parent x WHERE id = 1 FOR KEY SHARE OF x;
CREATE TABLE atk_check.more (id integer REFERENCES atk_check.parent);
INSERT INTO atk_check.more VALUES (1);
ALTER TABLE atk_check.more ADD CONSTRAINT again FOREIGN KEY (id) REFERENCES atk_check.parent;
\c - :superuser
-- A cascade from a governed parent begins with a write to it.
DELETE FROM atk_check.parent;
SELECT * FROM regress.contents('atk_check');
CALL regress.remove('atk_check');
