-- Foreign keys that delete, clear or set rows of a governed child on behalf of
-- somebody who writes to a free parent. Postgres runs them as the child's
-- owner; spyne judges whoever caused them.
SELECT current_user AS superuser \gset
CREATE SCHEMA atk_cascade;
GRANT ALL ON SCHEMA atk_cascade TO PUBLIC;
CREATE PROCEDURE atk_cascade.make(called text, action text, state text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE atk_cascade.%I (id integer PRIMARY KEY)', 'parent_' || called);
    EXECUTE format('CREATE TABLE atk_cascade.%I (id integer DEFAULT 0 REFERENCES atk_cascade.%I %s)', called, 'parent_' || called, action);
    EXECUTE format('INSERT INTO atk_cascade.%I VALUES (0), (1)', 'parent_' || called);
    EXECUTE format('INSERT INTO atk_cascade.%I VALUES (1)', called);
    SET CONSTRAINTS ALL IMMEDIATE;
    EXECUTE format('ALTER TABLE atk_cascade.%I OWNER TO regress_owner', called);
    PERFORM spyne_register(format('atk_cascade.%I', called)::regclass, 'atk_cascade_' || called, CASE state WHEN 'READ_ONLY' THEN state ELSE 'SHADOW' END);
    IF state = 'ACTIVE' THEN
        PERFORM spyne_promote(format('atk_cascade.%I', called)::regclass);
    END IF;
    EXECUTE format('GRANT ALL ON atk_cascade.%I, atk_cascade.%I TO PUBLIC', called, 'parent_' || called);
END
$$;
CALL atk_cascade.make('deletes', 'ON DELETE CASCADE ON UPDATE CASCADE', 'READ_ONLY');
CALL atk_cascade.make('clears', 'ON DELETE SET NULL ON UPDATE SET NULL', 'READ_ONLY');
CALL atk_cascade.make('defaults', 'ON DELETE SET DEFAULT ON UPDATE SET DEFAULT', 'READ_ONLY');
CALL atk_cascade.make('restricts', 'ON DELETE RESTRICT', 'READ_ONLY');
CALL atk_cascade.make('checks', 'DEFERRABLE INITIALLY DEFERRED', 'READ_ONLY');
CALL atk_cascade.make('active', 'ON DELETE CASCADE', 'ACTIVE');
CALL atk_cascade.make('shadow', 'ON DELETE CASCADE', 'SHADOW');

-- A superuser, into READ_ONLY children.
DELETE FROM atk_cascade.parent_deletes WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE atk_cascade.parent_deletes SET id = 11 WHERE id = 1;
DELETE FROM atk_cascade.parent_clears WHERE id = 1;
UPDATE atk_cascade.parent_clears SET id = 11 WHERE id = 1;
DELETE FROM atk_cascade.parent_defaults WHERE id = 1;
UPDATE atk_cascade.parent_defaults SET id = 11 WHERE id = 1;
-- RESTRICT and NO ACTION are checks: they refuse for Postgres's own reason, or let through.
DELETE FROM atk_cascade.parent_restricts WHERE id = 1;
DELETE FROM atk_cascade.parent_restricts WHERE id = 0;
DELETE FROM atk_cascade.parent_checks WHERE id = 1;
-- Somebody without a role, and an analyst, into ACTIVE and SHADOW children.
\c - regress_nobody
DELETE FROM atk_cascade.parent_active WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM atk_cascade.parent_shadow WHERE id = 1;
DELETE FROM atk_cascade.parent_restricts WHERE id = 1;
BEGIN;
DELETE FROM atk_cascade.parent_checks WHERE id = 1;
COMMIT;
\c - regress_analyst
DELETE FROM atk_cascade.parent_active WHERE id = 1;
WITH d AS (DELETE FROM atk_cascade.parent_active WHERE id = 1 RETURNING *) SELECT * FROM d;
DO $$ BEGIN DELETE FROM atk_cascade.parent_active WHERE id = 1; END $$;
\c - :superuser
SET ROLE regress_nobody;
DELETE FROM atk_cascade.parent_active WHERE id = 1;
RESET ROLE;
SELECT * FROM regress.contents('atk_cascade');
-- Who may write the child may cause the cascade.
\c - regress_engineer
DELETE FROM atk_cascade.parent_active WHERE id = 1;
DELETE FROM atk_cascade.parent_shadow WHERE id = 1;
\c - :superuser
SELECT * FROM regress.contents('atk_cascade') WHERE "table" ~ '(active|shadow)$';
SET client_min_messages = warning;
CALL regress.remove('atk_cascade');
