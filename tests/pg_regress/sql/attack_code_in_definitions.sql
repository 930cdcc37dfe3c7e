-- Definitions that run code when they are parsed: a constant of an array (or a
-- composite) of a domain calls the domain's CHECK. A promotion writes policies,
-- views and materialized views anew; whoever planted such a constant in one
-- must not have it run with spyne's elevated rights.
CREATE SCHEMA atk_code;
GRANT ALL ON SCHEMA atk_code TO PUBLIC;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TABLE atk_code.seen (who name, super boolean);
GRANT ALL ON atk_code.seen TO PUBLIC;
SET ROLE regress_engineer;
CREATE TABLE atk_code.t (id integer PRIMARY KEY, v text);
CREATE DOMAIN atk_code.trap AS integer;
CREATE POLICY p ON atk_code.t USING (id <> ALL ('{1,2}'::atk_code.trap[]));
CREATE VIEW atk_code.w AS SELECT id FROM atk_code.t WHERE id <> ALL ('{3,4}'::atk_code.trap[]);
CREATE MATERIALIZED VIEW atk_code.m AS SELECT id FROM atk_code.t WHERE id <> ALL ('{5,6}'::atk_code.trap[]);
CREATE INDEX m_i ON atk_code.m (id) WHERE id <> ALL ('{7,8}'::atk_code.trap[]);
CREATE FUNCTION atk_code.fire(integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atk_code.seen VALUES (current_user, (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user));
    RETURN true;
END
$$;
ALTER DOMAIN atk_code.trap ADD CONSTRAINT c CHECK (atk_code.fire(value)) NOT VALID;
SELECT name, state FROM spyne_register('atk_code.t', 'atk_code_t', 'SHADOW');
SET ROLE regress_admin;
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_code.t');
SET ROLE regress_engineer;
SELECT name, version FROM spyne_create_shadow('atk_code_t');
RESET ROLE;
DELETE FROM atk_code.seen;
-- Whatever becomes of the promotion: nothing of the engineer's runs as a superuser.
SET ROLE regress_admin;
\set VERBOSITY terse
DO $$
BEGIN
    PERFORM spyne_promote('spyne_shadow.atk_code_t', dependents => 'repoint');
EXCEPTION WHEN OTHERS THEN
    NULL;
END
$$;
RESET ROLE;
SELECT DISTINCT * FROM atk_code.seen WHERE super;
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_engineer';
CALL regress.remove('atk_code');
