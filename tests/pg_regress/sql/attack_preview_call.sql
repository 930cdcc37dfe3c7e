-- Procedures and DO blocks are no statements that can be looked at: what they
-- do to governed tables is refused, also after they have committed.
SET spyne.require_preview = users;
CALL regress.make('pv_call');
\set VERBOSITY terse
SET search_path = pv_call, public;
SET ROLE regress_engineer;
CREATE PROCEDURE pv_call.plain(result INOUT bigint) LANGUAGE plpgsql AS $$ BEGIN SELECT count(*) INTO result FROM ro; END $$;
CREATE PROCEDURE pv_call.in_sql() LANGUAGE sql AS $$ UPDATE act SET v = 'called' WHERE id = 1 $$;
CREATE PROCEDURE pv_call.atomic() BEGIN ATOMIC UPDATE act SET v = 'called' WHERE id = 1; END;
CREATE PROCEDURE pv_call.commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; UPDATE act SET v = 'called' WHERE id = 1; END $$;
CREATE PROCEDURE pv_call.commits_text() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; EXECUTE 'UPDATE act SET v = ''called'' WHERE id = 1'; END $$;
CREATE PROCEDURE pv_call.looks_itself() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM spyne_preview('SELECT count(*) FROM ro');
    COMMIT;
    PERFORM count(*) FROM ro;
END $$;
CALL plain(NULL);
\echo :LAST_ERROR_SQLSTATE
CALL in_sql();
CALL atomic();
CALL commits();
CALL commits_text();
CALL looks_itself();
DO $$ BEGIN EXECUTE 'UPDATE act SET v = ''done'' WHERE id = 1'; END $$;
DO $$ BEGIN PERFORM set_config('spyne.require_preview', 'off', true); UPDATE act SET v = 'done' WHERE id = 1; END $$;
-- A preview is for a text, wherever the user sends it from: it is run once there,
-- as it would be from the client.
SELECT statement FROM spyne_preview($$UPDATE act SET v = 'called' WHERE id = 1$$);
CALL in_sql();
CALL commits();
SELECT * FROM regress.contents('pv_call') WHERE "table" = 'act';
-- Called by one that is previewed, it keeps to its tables.
CREATE FUNCTION pv_call.calls() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN CALL pv_call.in_sql(); RETURN 1; END $$;
SELECT statement FROM spyne_preview('SELECT calls() FROM ro LIMIT 1');
SELECT calls() FROM ro LIMIT 1;
SELECT * FROM regress.contents('pv_call') WHERE "table" = 'act';
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_call');
