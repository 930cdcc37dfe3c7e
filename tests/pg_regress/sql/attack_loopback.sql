-- dblink and postgres_fdw back to the same database: a session is a session.
-- needs: dblink, postgres_fdw
CALL regress.make('atk_loop');
CREATE FUNCTION pg_temp.to_self(who text) RETURNS text LANGUAGE sql AS $$
    SELECT format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                  current_setting('port'), current_database(), who) $$;
SELECT dblink_exec(pg_temp.to_self('regress_owner'), 'DELETE FROM atk_loop.ro');
SELECT * FROM dblink(pg_temp.to_self('regress_owner'), 'DELETE FROM atk_loop.dep RETURNING id') AS (id integer);
SELECT * FROM dblink(pg_temp.to_self('regress_analyst'), 'SELECT id FROM atk_loop.sha') AS (id integer);
SELECT dblink_exec(pg_temp.to_self('regress_analyst'), 'INSERT INTO atk_loop.act VALUES (9, ''x'')');
\set VERBOSITY terse
SELECT dblink_exec(pg_temp.to_self('regress_owner') || ' options=''-c spyne.enforcement=off''', 'DELETE FROM atk_loop.ro');
\set VERBOSITY default

SELECT split_part(current_setting('unix_socket_directories'), ',', 1) AS host, current_setting('port') AS port, current_database() AS here \gset
CREATE SERVER atk_loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname :'here');
CREATE USER MAPPING FOR CURRENT_USER SERVER atk_loop OPTIONS (user 'regress_analyst', password_required 'false');
CREATE FOREIGN TABLE atk_loop.far_ro (id integer, v text) SERVER atk_loop OPTIONS (schema_name 'atk_loop', table_name 'ro');
CREATE FOREIGN TABLE atk_loop.far_act (id integer, v text) SERVER atk_loop OPTIONS (schema_name 'atk_loop', table_name 'act');
CREATE FOREIGN TABLE atk_loop.far_sha (id integer, v text) SERVER atk_loop OPTIONS (schema_name 'atk_loop', table_name 'sha');
\set VERBOSITY terse
DELETE FROM atk_loop.far_ro;
UPDATE atk_loop.far_act SET v = 'x';
INSERT INTO atk_loop.far_act VALUES (9, 'x');
SELECT * FROM atk_loop.far_sha;
SELECT * FROM atk_loop.far_ro ORDER BY id;
\set VERBOSITY default
-- A governed foreign table is governed here, whatever it is there.
SELECT name, state FROM spyne_register('atk_loop.far_act', 'atk_loop_far_act');
INSERT INTO atk_loop.far_act VALUES (9, 'x');
\copy atk_loop.far_act FROM PROGRAM '/bin/echo 9,x || true' (DELIMITER ',')
SET client_min_messages = warning;
TRUNCATE atk_loop.far_act;
DROP FOREIGN TABLE atk_loop.far_act CASCADE;
DROP SERVER atk_loop CASCADE;
RESET client_min_messages;
DROP FOREIGN TABLE atk_loop.far_sha;
SELECT "table", state FROM regress.contents('atk_loop') WHERE "table" NOT LIKE 'far%';
SELECT spyne_unregister('atk_loop.far_act');
SET client_min_messages = warning;
DROP SERVER atk_loop CASCADE;
SELECT * FROM regress.contents('atk_loop');
CALL regress.remove('atk_loop');
