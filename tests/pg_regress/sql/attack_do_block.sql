-- DO blocks: each statement in one is checked, and all of the block rolls back.
CALL regress.make('atk_do');
DO $$ BEGIN INSERT INTO atk_do.act VALUES (3, 'c'); DELETE FROM atk_do.ro; END $$;
DO $$ BEGIN EXECUTE 'TRUNCATE atk_do.ro'; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM atk_do.dep RETURNING * LOOP RAISE NOTICE '%', r; END LOOP; END $$;
SET ROLE regress_analyst;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM atk_do.sha LOOP RAISE NOTICE '%', r; END LOOP; END $$;
DO $$ BEGIN UPDATE atk_do.act SET v = 'x'; END $$;
DO $$ BEGIN PERFORM FROM atk_do.sha WHERE id = 1; IF FOUND THEN RAISE NOTICE 'there'; END IF; END $$;
RESET ROLE;
SELECT * FROM regress.contents('atk_do');
CALL regress.remove('atk_do');
