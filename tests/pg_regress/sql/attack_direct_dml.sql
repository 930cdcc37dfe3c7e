-- Plain INSERT, UPDATE and DELETE. The state binds the owner and a superuser
-- too; where it allows writing, the caller needs "ingest"; staging is closed to
-- viewers and analysts altogether.
CALL regress.make('atk_dml');
SELECT * FROM regress.contents('atk_dml');

-- A superuser.
INSERT INTO atk_dml.ro VALUES (9, 'x');
UPDATE atk_dml.ro SET v = 'x';
DELETE FROM atk_dml.ro;
INSERT INTO atk_dml.dep VALUES (9, 'x');
UPDATE atk_dml.dep SET v = 'x';
DELETE FROM atk_dml.dep;

-- The owner, who is an engineer.
SET ROLE regress_owner;
INSERT INTO atk_dml.ro VALUES (9, 'x');
UPDATE atk_dml.ro SET v = 'x';
DELETE FROM atk_dml.ro;
DELETE FROM atk_dml.dep;

-- An admin.
SET ROLE regress_admin;
INSERT INTO atk_dml.ro VALUES (9, 'x');
\echo :LAST_ERROR_SQLSTATE
UPDATE atk_dml.dep SET v = 'x' WHERE false;
\echo :LAST_ERROR_SQLSTATE

-- An analyst and a viewer where the state allows writing.
SET ROLE regress_analyst;
INSERT INTO atk_dml.act VALUES (9, 'x');
\echo :LAST_ERROR_SQLSTATE
UPDATE atk_dml.act SET v = 'x';
DELETE FROM atk_dml.act;
UPDATE atk_dml.sha SET v = 'x';
SET ROLE regress_viewer;
SELECT * FROM atk_dml.sha;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM atk_dml.act;

-- Nobody in particular: not even reading.
SET ROLE regress_nobody;
SELECT * FROM atk_dml.ro;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM atk_dml.act;
DELETE FROM atk_dml.act;

-- Staging is closed to everyone while the system mode is READ_ONLY.
SET ROLE regress_engineer;
SELECT * FROM atk_dml.sha ORDER BY id;
INSERT INTO atk_dml.sha VALUES (9, 'x');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Nothing has changed.
SELECT * FROM regress.contents('atk_dml');

-- What is allowed goes through.
SET ROLE regress_engineer;
INSERT INTO atk_dml.act VALUES (3, 'c');
UPDATE atk_dml.act SET v = 'd' WHERE id = 3;
DELETE FROM atk_dml.act WHERE id = 3;
SET ROLE regress_viewer;
SELECT * FROM atk_dml.act ORDER BY id;
RESET ROLE;
CALL regress.remove('atk_dml');
