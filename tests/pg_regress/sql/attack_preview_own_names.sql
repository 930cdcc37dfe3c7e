-- The same text where names in it stand for what only its caller knows: the
-- variables of a function, the transition tables of a trigger.
SET spyne.require_preview = users;
CALL regress.make('pv_names');
GRANT CREATE ON SCHEMA pv_names TO regress_engineer;
SET ROLE regress_engineer;
SET search_path = pv_names, public;
-- Run once as it was looked at, so that nothing is looked up any more.
SELECT statement FROM spyne_preview('SELECT act.v FROM act WHERE id = length(v) - 1000');
SELECT act.v FROM act WHERE id = length(v) - 1000;
DO $$
#variable_conflict use_variable
DECLARE
    v text := repeat('x', 1001);
    found record;
BEGIN
    FOR found IN SELECT act.v FROM act WHERE id = length(v) - 1000 LOOP RAISE NOTICE 'read %', found; END LOOP;
END $$;
-- A table of their own, whose new rows are called like a governed table.
SELECT statement FROM spyne_preview('SELECT ro.v FROM ro JOIN act ON act.id = ro.id AND act.v = ''nothing''');
SELECT ro.v FROM ro JOIN act ON act.id = ro.id AND act.v = 'nothing';
CREATE TEMP TABLE mine (id integer, v text);
CREATE FUNCTION joins() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
    FOR found IN EXECUTE 'SELECT ro.v FROM ro JOIN act ON act.id = ro.id AND act.v = ''nothing''' LOOP RAISE NOTICE 'read %', found; END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER joins AFTER INSERT ON mine REFERENCING NEW TABLE AS act FOR EACH STATEMENT EXECUTE FUNCTION joins();
INSERT INTO mine SELECT n, 'nothing' FROM generate_series(1, 5) n;
-- A write, likewise.
SELECT statement FROM spyne_preview('DELETE FROM act a USING ro WHERE a.id = ro.id AND ro.v = ''nothing''');
CREATE OR REPLACE FUNCTION joins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DELETE FROM act a USING ro WHERE a.id = ro.id AND ro.v = ''nothing''';
    RETURN NULL;
END $$;
DROP TRIGGER joins ON mine;
CREATE TRIGGER joins AFTER INSERT ON mine REFERENCING NEW TABLE AS ro FOR EACH STATEMENT EXECUTE FUNCTION joins();
INSERT INTO mine SELECT n, 'nothing' FROM generate_series(1, 5) n;
-- A cast, and the domain of an argument, that are made anew.
CREATE TYPE pair AS (a integer);
CREATE FUNCTION first(pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION second(pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE CAST (pair AS integer) WITH FUNCTION first(pair);
SELECT statement FROM spyne_preview('SELECT v FROM act WHERE id = CAST(ROW(1)::pair AS integer)');
SELECT v FROM act WHERE id = CAST(ROW(1)::pair AS integer);
DROP CAST (pair AS integer);
CREATE CAST (pair AS integer) WITH FUNCTION second(pair);
SELECT v FROM act WHERE id = CAST(ROW(1)::pair AS integer);
DROP CAST (pair AS integer);
CREATE DOMAIN sort AS text;
CREATE FUNCTION which(sort) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION which(text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
SELECT statement FROM spyne_preview('SELECT v FROM act WHERE id = which(''x''::sort)');
SELECT v FROM act WHERE id = which('x'::sort);
DROP DOMAIN sort CASCADE;
CREATE DOMAIN sort AS text;
SELECT v FROM act WHERE id = which('x'::sort);
DROP TABLE mine;
DROP FUNCTION joins(), first(pair), second(pair), which(text);
DROP TYPE pair, sort;
RESET ROLE;
SELECT * FROM regress.contents('pv_names') WHERE "table" IN ('act', 'ro');
RESET search_path;
CALL regress.remove('pv_names');
