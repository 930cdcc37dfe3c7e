-- TRUNCATE: a utility statement, by name, in a list, through a foreign key from
-- another table, through a partitioned or inheriting parent.
CALL regress.make('atk_trunc');
TRUNCATE atk_trunc.ro;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE ONLY atk_trunc.dep;
CREATE TABLE atk_trunc.free (id integer PRIMARY KEY);
INSERT INTO atk_trunc.free VALUES (1), (2);
GRANT ALL ON atk_trunc.free TO PUBLIC;
TRUNCATE atk_trunc.free, atk_trunc.ro;
TRUNCATE atk_trunc.free, atk_trunc.dep RESTART IDENTITY CASCADE;
SET ROLE regress_analyst;
TRUNCATE atk_trunc.act;
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_nobody;
TRUNCATE atk_trunc.act;
RESET ROLE;
SET session_replication_role = replica;
TRUNCATE atk_trunc.ro;
RESET session_replication_role;

-- TRUNCATE ... CASCADE of a table that governed ones refer to.
CREATE TABLE atk_trunc.child (id integer REFERENCES atk_trunc.free);
INSERT INTO atk_trunc.child VALUES (1);
SELECT name, state FROM spyne_register('atk_trunc.child', 'atk_trunc_child');
TRUNCATE atk_trunc.free CASCADE;
DO $$ BEGIN TRUNCATE atk_trunc.free CASCADE; END $$;

-- A governed table below a free one.
CREATE TABLE atk_trunc.above (id integer);
CREATE TABLE atk_trunc.below () INHERITS (atk_trunc.above);
INSERT INTO atk_trunc.below VALUES (1);
SELECT name, state FROM spyne_register('atk_trunc.below', 'atk_trunc_below');
TRUNCATE atk_trunc.above;
SELECT * FROM regress.contents('atk_trunc');
SET ROLE regress_engineer;
TRUNCATE atk_trunc.act;
RESET ROLE;
SELECT * FROM regress.contents('atk_trunc') WHERE "table" = 'act';
CALL regress.remove('atk_trunc');
