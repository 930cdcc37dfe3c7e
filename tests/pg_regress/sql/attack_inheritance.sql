-- Inheritance in both directions: children take the state of a governed parent,
-- and a governed child is not written to through its free parent.
CREATE SCHEMA atk_inh;
GRANT ALL ON SCHEMA atk_inh TO PUBLIC;
CREATE TABLE atk_inh.gov (id integer, v text);
CREATE TABLE atk_inh.gov_child (extra text) INHERITS (atk_inh.gov);
CREATE TABLE atk_inh.free (id integer, v text);
CREATE TABLE atk_inh.free_child () INHERITS (atk_inh.free);
CREATE TABLE atk_inh.loose (id integer, v text);
INSERT INTO atk_inh.gov VALUES (1, 'a');
INSERT INTO atk_inh.gov_child VALUES (2, 'b', 'c');
INSERT INTO atk_inh.free VALUES (3, 'd');
INSERT INTO atk_inh.free_child VALUES (4, 'e');
SELECT name, state FROM spyne_register('atk_inh.gov', 'atk_inh_gov');
SELECT name, state FROM spyne_register('atk_inh.free_child', 'atk_inh_free_child');
GRANT ALL ON ALL TABLES IN SCHEMA atk_inh TO PUBLIC;
INSERT INTO atk_inh.gov_child VALUES (9, 'x', 'x');
UPDATE atk_inh.gov_child SET extra = 'x';
TRUNCATE atk_inh.gov_child;
DROP TABLE atk_inh.gov_child;
ALTER TABLE atk_inh.gov_child NO INHERIT atk_inh.gov;
ALTER TABLE atk_inh.loose INHERIT atk_inh.gov;
CREATE TABLE atk_inh.another () INHERITS (atk_inh.gov);
UPDATE atk_inh.free SET v = 'x';
DELETE FROM atk_inh.free;
TRUNCATE atk_inh.free;
DROP TABLE atk_inh.free CASCADE;
-- ONLY the free parent is free.
UPDATE ONLY atk_inh.free SET v = 'f';
SET ROLE regress_nobody;
SELECT * FROM atk_inh.free;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM ONLY atk_inh.free;
SELECT * FROM atk_inh.gov_child;
RESET ROLE;
SELECT * FROM regress.contents('atk_inh');
-- Two governed parents: the rules of each hold.
CREATE TABLE atk_inh.live (id integer, v text);
SELECT name, state FROM spyne_register('atk_inh.live', 'atk_inh_live', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_inh.live');
ALTER TABLE atk_inh.gov_child INHERIT atk_inh.live;
SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = 'atk_inh.gov_child'::regclass ORDER BY 1;
INSERT INTO atk_inh.gov_child VALUES (9, 'x', 'x');
SELECT * FROM regress.contents('atk_inh');
CALL regress.remove('atk_inh');
