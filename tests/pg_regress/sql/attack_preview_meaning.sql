-- The same text with another meaning: settings that change how it is read,
-- parameters of another type, prepared names, variables of PL/pgSQL.
SET spyne.require_preview = users;
CALL regress.make('pv_mean');
\set VERBOSITY terse
SET search_path = pv_mean, public;
SET escape_string_warning = off;
SET ROLE regress_engineer;
-- Where a literal ends.
SELECT count(*) FROM spyne_preview($q$SELECT v FROM act WHERE v = '\' AND v <> ' UNION SELECT v FROM ro -- '$q$);
SELECT v FROM act WHERE v = '\' AND v <> ' UNION SELECT v FROM ro -- ';
SELECT v FROM act WHERE v = '\' AND v <> ' UNION SELECT v FROM ro -- ';
SET standard_conforming_strings = off;
SELECT v FROM act WHERE v = '\' AND v <> ' UNION SELECT v FROM ro -- '
;
\echo :LAST_ERROR_SQLSTATE
RESET standard_conforming_strings;
-- What a date is.
SET datestyle = 'ISO, MDY';
SELECT count(*) FROM spyne_preview($q$SELECT date '01/02/2026' FROM act WHERE id = 1$q$);
SELECT date '01/02/2026' FROM act WHERE id = 1;
SELECT date '01/02/2026' FROM act WHERE id = 1;
SET datestyle = 'ISO, DMY';
SELECT date '01/02/2026' FROM act WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
SET datestyle = 'ISO, MDY';
SELECT count(*) FROM spyne_preview($q$SELECT timestamptz '2026-01-01' FROM act WHERE id = 1$q$);
SELECT timestamptz '2026-01-01' = '2026-01-01 00:00+00' AS is_utc FROM act WHERE id = 1;
SELECT timestamptz '2026-01-01' FROM act WHERE id = 1;
SET timezone = 'Asia/Tokyo';
SELECT timestamptz '2026-01-01' FROM act WHERE id = 1;
RESET timezone;
-- Which function the type of a parameter chooses.
CREATE FUNCTION pv_mean.f(text) RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT v FROM pv_mean.act';
CREATE FUNCTION pv_mean.f(integer) RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT v FROM pv_mean.ro';
SELECT count(*) FROM spyne_preview('SELECT x FROM pv_mean.f($1) x, act ORDER BY 1 LIMIT 3', override => '{EXPLOSIVE_JOIN}', reason => 'a test');
DO $$
DECLARE r text;
BEGIN
    FOR i IN 1..3 LOOP
        FOR r IN EXECUTE 'SELECT x FROM pv_mean.f($1) x, act ORDER BY 1 LIMIT 3' USING 'a'::text LOOP END LOOP;
    END LOOP;
    RAISE NOTICE 'as it was looked at';
    FOR r IN EXECUTE 'SELECT x FROM pv_mean.f($1) x, act ORDER BY 1 LIMIT 3' USING 1 LOOP RAISE NOTICE 'read %', r; END LOOP;
END $$;
-- Which function a domain chooses, once it is another.
CREATE DOMAIN pv_mean.d AS text;
SELECT count(*) FROM spyne_preview($q$SELECT x FROM f('5'::pv_mean.d) x, act ORDER BY 1 LIMIT 1$q$, override => '{EXPLOSIVE_JOIN}', reason => 'a test');
SELECT x FROM f('5'::pv_mean.d) x, act ORDER BY 1 LIMIT 1;
SELECT x FROM f('5'::pv_mean.d) x, act ORDER BY 1 LIMIT 1;
DROP DOMAIN pv_mean.d;
CREATE DOMAIN pv_mean.d AS integer;
SELECT x FROM f('5'::pv_mean.d) x, act ORDER BY 1 LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
-- What a prepared name stands for.
PREPARE one(integer) AS SELECT v FROM act WHERE id = $1;
SELECT count(*) FROM spyne_preview('EXECUTE one(2)');
EXECUTE one(2);
EXECUTE one(2);
DEALLOCATE one;
PREPARE one(integer) AS SELECT v || id FROM act WHERE $1 > 0;
EXECUTE one(2);
\echo :LAST_ERROR_SQLSTATE
-- Names that are variables inside a function.
SELECT count(*) FROM spyne_preview('DELETE FROM act WHERE id = length(v) - 1000');
DO $$
#variable_conflict use_variable
DECLARE v text := repeat('x', 1001);
BEGIN
    DELETE FROM act WHERE id = length(v) - 1000;
END $$;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM regress.contents('pv_mean') WHERE "table" = 'act';
-- As it was looked at it runs.
DELETE FROM act WHERE id = length(v) - 1000;
-- A trigger that is given another argument.
RESET ROLE;
CREATE FUNCTION change_v() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := TG_ARGV[0]; RETURN NEW; END';
CREATE TRIGGER changing BEFORE UPDATE ON act FOR EACH ROW EXECUTE FUNCTION change_v('seen');
SET ROLE regress_engineer;
SELECT count(*) FROM spyne_preview('UPDATE act SET v = v WHERE id = 1');
RESET ROLE;
CREATE OR REPLACE TRIGGER changing BEFORE UPDATE ON act FOR EACH ROW EXECUTE FUNCTION change_v('unseen');
SET ROLE regress_engineer;
UPDATE act SET v = v WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM regress.contents('pv_mean') WHERE "table" = 'act';
-- As it was looked at it runs.
RESET ROLE;
CREATE OR REPLACE TRIGGER changing BEFORE UPDATE ON act FOR EACH ROW EXECUTE FUNCTION change_v('seen');
SET ROLE regress_engineer;
UPDATE act SET v = v WHERE id = 1;
SELECT * FROM regress.contents('pv_mean') WHERE "table" = 'act';
RESET ROLE;
RESET search_path;
RESET datestyle;
RESET escape_string_warning;
CALL regress.remove('pv_mean');
