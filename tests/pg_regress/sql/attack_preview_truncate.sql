-- TRUNCATE removes more than any DELETE, and is looked at like one.
SET spyne.require_preview = users;
CALL regress.make('pv_trunc');
\set VERBOSITY terse
SET search_path = pv_trunc, public;
CREATE TABLE parent (id integer PRIMARY KEY);
INSERT INTO parent VALUES (1), (2);
GRANT ALL ON parent TO PUBLIC;
CREATE TABLE child (id integer REFERENCES act);
CREATE TABLE loose (id integer);
GRANT ALL ON child, loose TO PUBLIC;
ALTER TABLE act ADD FOREIGN KEY (id) REFERENCES parent;
SET ROLE regress_engineer;
TRUNCATE act, child;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE parent CASCADE;
CREATE FUNCTION pv_trunc.empties() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN TRUNCATE act CASCADE; RETURN 1; END $$;
SELECT empties();
DO $$ BEGIN TRUNCATE act CASCADE; END $$;
SELECT statement FROM spyne_preview('SELECT empties() FROM act LIMIT 1');
SELECT empties() FROM act LIMIT 1;
TRUNCATE loose;
SELECT * FROM regress.contents('pv_trunc') WHERE "table" IN ('act', 'parent');
-- Looked at, it stops, since it knows no WHERE; and names all that it reaches.
SELECT statement, requires_confirmation, (SELECT jsonb_agg(t ->> 'name') FROM jsonb_array_elements(tables_used) t) AS writes, g ->> 'message' AS message
FROM spyne_preview('TRUNCATE parent CASCADE'), jsonb_array_elements(guardrails) g;
TRUNCATE parent CASCADE;
SELECT requires_confirmation FROM spyne_preview('TRUNCATE parent CASCADE', override => '{WRITE_WITHOUT_WHERE}', reason => 'begin anew');
TRUNCATE act CASCADE;
BEGIN;
TRUNCATE parent CASCADE;
SELECT * FROM regress.contents('pv_trunc') WHERE "table" IN ('act', 'parent');
TRUNCATE parent CASCADE;
ROLLBACK;
TRUNCATE parent CASCADE;
TRUNCATE parent CASCADE;
\echo :LAST_ERROR_SQLSTATE
SELECT statement, status, result_count FROM spyne.query_executions JOIN spyne.query_previews USING (preview_id) WHERE sql LIKE 'TRUNCATE parent%';
-- Another table comes to refer to it in between.
SELECT requires_confirmation FROM spyne_preview('TRUNCATE act CASCADE', override => '{WRITE_WITHOUT_WHERE}', reason => 'again');
CREATE TABLE pv_trunc.later (id integer REFERENCES act);
TRUNCATE act CASCADE;
\echo :LAST_ERROR_SQLSTATE
-- What the state forbids is refused when it is looked at.
SELECT statement FROM spyne_preview('TRUNCATE ro');
SELECT statement FROM spyne_preview('COPY ro FROM STDIN');
SELECT statement FROM spyne_preview('TRUNCATE nowhere');
SELECT statement FROM spyne_preview('TRUNCATE loose', dry_run => true);
RESET ROLE;
-- Those whom the rule does not bind go on as before.
TRUNCATE act, child, later;
RESET search_path;
CALL regress.remove('pv_trunc');
