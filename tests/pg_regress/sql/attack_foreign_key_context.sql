-- Triggers that run inside a foreign-key action have its context: they pass for
-- the system if only the context, or the looks of a query, is judged.
SELECT current_user AS superuser \gset
CREATE SCHEMA atk_ctx;
GRANT ALL ON SCHEMA atk_ctx TO PUBLIC;
SET ROLE regress_stranger;
CREATE TABLE atk_ctx.secret (id integer, v text);
INSERT INTO atk_ctx.secret VALUES (1, 'hush');
CREATE TABLE atk_ctx.parent (id integer PRIMARY KEY);
CREATE TABLE atk_ctx.child (id integer REFERENCES atk_ctx.parent ON DELETE CASCADE);
INSERT INTO atk_ctx.parent VALUES (1);
INSERT INTO atk_ctx.child VALUES (1);
CREATE FUNCTION atk_ctx.leak(atk_ctx.secret) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
CREATE FUNCTION atk_ctx.snoop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE current_setting('atk.way')
        WHEN 'read' THEN PERFORM * FROM atk_ctx.secret;
        WHEN 'write' THEN UPDATE atk_ctx.secret SET v = 'x';
        WHEN 'probe' THEN PERFORM 1 FROM ONLY atk_ctx.secret x WHERE atk_ctx.leak(x) FOR KEY SHARE OF x;
        WHEN 'guess' THEN PERFORM 1 FROM ONLY atk_ctx.secret x WHERE v = 'hush' FOR KEY SHARE OF x;
    END CASE;
    RAISE NOTICE 'leaked %', found;
    RETURN old;
END
$$;
CREATE TRIGGER snoop BEFORE DELETE ON atk_ctx.child FOR EACH ROW EXECUTE FUNCTION atk_ctx.snoop();
GRANT ALL ON ALL TABLES IN SCHEMA atk_ctx TO PUBLIC;
RESET ROLE;
SELECT name, state FROM spyne_register('atk_ctx.secret', 'atk_ctx_secret', 'SHADOW');
\c - regress_stranger
SELECT * FROM atk_ctx.secret;
\set VERBOSITY sqlstate
BEGIN;
SET LOCAL atk.way = 'read';
DELETE FROM atk_ctx.parent;
ROLLBACK;
BEGIN;
SET LOCAL atk.way = 'write';
DELETE FROM atk_ctx.parent;
ROLLBACK;
BEGIN;
SET LOCAL atk.way = 'probe';
DELETE FROM atk_ctx.parent;
ROLLBACK;
BEGIN;
SET LOCAL atk.way = 'guess';
DELETE FROM atk_ctx.parent;
ROLLBACK;
-- An admin's delete lends the trigger nothing: it is judged as its own user.
\c - regress_admin
\set VERBOSITY sqlstate
BEGIN;
SET LOCAL atk.way = 'write';
DELETE FROM atk_ctx.parent;
ROLLBACK;
\c - :superuser
SELECT * FROM regress.contents('atk_ctx');
CALL regress.remove('atk_ctx');
