-- A previewed statement that fails and is undone to a savepoint is over: what
-- comes after it has no preview.
SET spyne.require_preview = users;
CALL regress.make('pv_save');
GRANT CREATE ON SCHEMA pv_save TO regress_engineer;
SET ROLE regress_engineer;
SET search_path = pv_save, public;
CREATE FUNCTION leak() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT string_agg(v, ',') FROM act); END $$;
CREATE FUNCTION adds() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN INSERT INTO act VALUES (99, 'forged'); RETURN 1; END $$;
SELECT statement FROM spyne_preview('SELECT v, 1 / (id - id) FROM act');
BEGIN;
SAVEPOINT a;
SELECT v, 1 / (id - id) FROM act;
ROLLBACK TO a;
SELECT leak();
ROLLBACK;
SELECT statement FROM spyne_preview('UPDATE act SET v = (1 / (id - id))::text WHERE id = 1');
BEGIN;
SAVEPOINT a;
UPDATE act SET v = (1 / (id - id))::text WHERE id = 1;
ROLLBACK TO a;
SELECT adds();
ROLLBACK TO a;
SELECT adds();
COMMIT;
-- The same by a block with an exception handler.
DO $$
BEGIN
    BEGIN
        UPDATE act SET v = (1 / (id - id))::text WHERE id = 1;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    PERFORM adds();
END $$;
-- A cursor of before the savepoint goes on after it.
SELECT statement FROM spyne_preview('DECLARE c CURSOR FOR SELECT v FROM act ORDER BY id');
BEGIN;
DECLARE c CURSOR FOR SELECT v FROM act ORDER BY id;
FETCH 1 FROM c;
SAVEPOINT a;
SELECT 1 / 0;
ROLLBACK TO a;
FETCH 1 FROM c;
SELECT leak();
ROLLBACK;
RESET ROLE;
SELECT * FROM regress.contents('pv_save') WHERE "table" = 'act';
RESET search_path;
CALL regress.remove('pv_save');
