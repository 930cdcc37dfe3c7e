-- COPY in its forms, and what reads or writes as a side effect of it.
SET spyne.require_preview = users;
CALL regress.make('pv_copy');
\set VERBOSITY terse
SET search_path = pv_copy, public;
SET ROLE regress_engineer;
COPY ro TO STDOUT;
\echo :LAST_ERROR_SQLSTATE
COPY ro (v) TO STDOUT;
COPY (SELECT * FROM ro) TO STDOUT;
COPY (UPDATE act SET v = 'copied' WHERE id = 1 RETURNING v) TO STDOUT;
COPY (TABLE act) TO STDOUT WITH (FORMAT csv);
\copy act FROM PROGRAM '/bin/echo 3,copied || true' (DELIMITER ',')
SELECT * FROM regress.contents('pv_copy') WHERE "table" = 'act';
-- Looked at, they run; another form of it was not looked at. The last one is what psql makes of \copy.
SELECT statement, (tables_used -> 0 ->> 'access') AS access FROM unnest(ARRAY['COPY ro TO STDOUT', 'COPY (SELECT v FROM ro WHERE id = 1) TO STDOUT', $$COPY  act FROM STDIN (DELIMITER ',')$$]) q, spyne_preview(q);
COPY ro TO STDOUT;
COPY ro TO STDOUT;
COPY (SELECT v FROM ro WHERE id = 1) TO STDOUT;
COPY (SELECT v FROM ro WHERE id = 2) TO STDOUT;
SELECT v FROM ro WHERE id = 1;
\copy act FROM PROGRAM '/bin/echo 3,copied || true' (DELIMITER ',')
\copy act FROM PROGRAM '/bin/echo 4,copied || true' (DELIMITER ',')
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM regress.contents('pv_copy') WHERE "table" = 'act';
-- A table of their own, whose default, trigger and check read what was not looked at.
CREATE FUNCTION pv_copy.peek() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(v) FROM ro); END $$;
CREATE FUNCTION pv_copy.peeks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT max(v) FROM act); RETURN NEW; END $$;
CREATE TEMPORARY TABLE mine (id integer, v text DEFAULT pv_copy.peek());
COPY mine (id) FROM STDIN;
1
\.
INSERT INTO mine (id) VALUES (1);
ALTER TABLE mine ALTER v DROP DEFAULT;
CREATE TRIGGER peeks BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION peeks();
COPY mine FROM STDIN;
1	x
\.
DROP TRIGGER peeks ON mine;
ALTER TABLE mine ADD CHECK (v <> pv_copy.peek());
COPY mine FROM STDIN;
1	x
\.
SELECT count(*) FROM mine;
DROP TABLE mine;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_copy');
