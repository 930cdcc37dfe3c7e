-- Functions keep their plans for the length of a session. One that has run
-- while writing was allowed is refused from the next call on; so are SQL
-- functions, those that are inlined, procedures, and dynamic SQL.
CREATE SCHEMA atk_func;
GRANT USAGE ON SCHEMA atk_func TO PUBLIC;
CREATE TABLE atk_func.t (id integer PRIMARY KEY, v text);
INSERT INTO atk_func.t VALUES (1, 'a');
GRANT ALL ON atk_func.t TO PUBLIC;
CREATE FUNCTION atk_func.put(i integer) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO atk_func.t VALUES (i, 'x'); END $$;
CREATE FUNCTION atk_func.put_sql(i integer) RETURNS void LANGUAGE sql AS $$ INSERT INTO atk_func.t VALUES (i, 'x') $$;
CREATE FUNCTION atk_func.put_atomic(i integer) RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO atk_func.t VALUES (i, 'x'); END;
CREATE FUNCTION atk_func.put_dynamic(i integer) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO atk_func.t VALUES ($1, $2)' USING i, 'x'; END $$;
CREATE PROCEDURE atk_func.put_call(i integer) LANGUAGE plpgsql AS $$ BEGIN COMMIT; INSERT INTO atk_func.t VALUES (i, 'x'); COMMIT; END $$;
CREATE FUNCTION atk_func.get() RETURNS SETOF atk_func.t LANGUAGE sql STABLE AS $$ SELECT * FROM atk_func.t $$;
CREATE FUNCTION atk_func.count() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT count(*) FROM atk_func.t); END $$;
SELECT atk_func.put(2), atk_func.put_sql(3), atk_func.put_atomic(4), atk_func.put_dynamic(5);
CALL atk_func.put_call(6);
SELECT atk_func.count(), (SELECT count(*) FROM atk_func.get());

SELECT name, state FROM spyne_register('atk_func.t', 'atk_func_t');
SELECT atk_func.put(7);
SELECT atk_func.put_sql(7);
SELECT atk_func.put_atomic(7);
SELECT atk_func.put_dynamic(7);
CALL atk_func.put_call(7);
SELECT atk_func.count(), (SELECT count(*) FROM atk_func.get());
SET ROLE regress_nobody;
SELECT atk_func.count();
SELECT count(*) FROM atk_func.get();
RESET ROLE;

-- Swallowing the error does not help: nothing was written.
DO $$
BEGIN
    PERFORM atk_func.put(7);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'swallowed %', SQLSTATE;
    INSERT INTO atk_func.t VALUES (8, 'x');
END
$$;
-- Nor does a savepoint.
BEGIN;
SAVEPOINT s;
SELECT atk_func.put(7);
ROLLBACK TO s;
SELECT atk_func.put(7);
COMMIT;
SELECT * FROM regress.contents('atk_func');
CALL regress.remove('atk_func');
