-- What a function, a trigger or a DO block does is held to the tables of the
-- statement that was previewed.
SET spyne.require_preview = users;
CALL regress.make('pv_in');
GRANT CREATE ON SCHEMA pv_in TO regress_analyst;
SET ROLE regress_analyst;
SET search_path = pv_in, public;
CREATE FUNCTION peek() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM ro); END $$;
CREATE FUNCTION peek_text() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ' || 'ro' INTO n; RETURN n; END $$;
CREATE FUNCTION peek_after_error() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
    RETURN (SELECT count(*) FROM ro);
END $$;
DO $$ BEGIN PERFORM count(*) FROM ro; END $$;
\echo :LAST_ERROR_SQLSTATE
SELECT peek();
SELECT statement FROM spyne_preview('SELECT peek(), count(*) FROM act');
SELECT peek(), count(*) FROM act;
SELECT statement FROM spyne_preview('SELECT peek_text(), count(*) FROM act');
SELECT peek_text(), count(*) FROM act;
SELECT statement FROM spyne_preview('SELECT peek_after_error(), count(*) FROM act');
SELECT peek_after_error(), count(*) FROM act;
-- Within the tables of the statement it may, also after an error in a block.
SELECT statement, requires_confirmation FROM spyne_preview('SELECT peek_after_error() FROM ro LIMIT 1');
SELECT peek_after_error() FROM ro LIMIT 1;
-- A preview runs nothing, whatever a function calls itself.
CREATE FUNCTION sly() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM ro; RETURN 1; END $$;
SELECT statement FROM spyne_preview('SELECT v FROM act WHERE id = sly()');
RESET ROLE;
-- A function that is redefined between preview and run.
SET ROLE regress_analyst;
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN $1 * 2; END';
SELECT statement FROM spyne_preview('SELECT twice(id) FROM act');
SELECT twice(id) FROM act;
CREATE OR REPLACE FUNCTION twice(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN $1 * 3; END';
SELECT twice(id) FROM act;
-- Judged as its owner: an admin's SECURITY DEFINER function.
RESET ROLE;
CREATE FUNCTION served() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pv_in, pg_temp AS 'SELECT count(*) FROM ro';
SET ROLE regress_analyst;
SELECT served();
DROP FUNCTION peek(), peek_text(), peek_after_error(), sly(), twice(integer);
RESET ROLE;
RESET search_path;
DROP FUNCTION pv_in.served();
CALL regress.remove('pv_in');
