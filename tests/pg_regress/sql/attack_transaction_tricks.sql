-- Savepoints, rolled back and prepared transactions around a change of state:
-- what was undone does not count, what is not committed does not either.
CALL regress.make('atk_tx');
BEGIN;
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_tx.sha');
INSERT INTO atk_tx.sha VALUES (3, 'c');
ROLLBACK;
INSERT INTO atk_tx.sha VALUES (9, 'x');
BEGIN;
SAVEPOINT s;
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_tx.sha');
ROLLBACK TO s;
SELECT spyne_unregister('atk_tx.ro');
ROLLBACK TO s;
INSERT INTO atk_tx.sha VALUES (9, 'x');
ROLLBACK TO s;
DELETE FROM atk_tx.ro;
COMMIT;
DO $$
BEGIN
    BEGIN
        PERFORM spyne_unregister('atk_tx.ro');
        RAISE EXCEPTION 'back';
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
    DELETE FROM atk_tx.ro;
END
$$;
BEGIN;
SELECT spyne_unregister('atk_tx.ro');
PREPARE TRANSACTION 'atk_tx';
SET lock_timeout = '100ms';
\set VERBOSITY sqlstate
DELETE FROM atk_tx.ro;
\set VERBOSITY default
RESET lock_timeout;
ROLLBACK PREPARED 'atk_tx';
DELETE FROM atk_tx.ro;
-- An error inside spyne's own work leaves no rights behind.
SET ROLE regress_analyst;
DO $$
BEGIN
    BEGIN
        PERFORM spyne_promote('atk_tx.sha');
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'refused; now %', current_user;
    END;
    BEGIN
        PERFORM spyne_resolve(ARRAY['no such name']);
    EXCEPTION WHEN undefined_table THEN
        RAISE NOTICE 'unknown; now %', current_user;
    END;
    DELETE FROM atk_tx.act;
END
$$;
SHOW search_path;
RESET ROLE;
SELECT * FROM regress.contents('atk_tx');
CALL regress.remove('atk_tx');
