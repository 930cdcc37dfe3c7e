-- Defaults, constraints, generated columns and index expressions of a model
-- that look who runs them: making, promoting and restoring a shadow evaluates
-- none of them as a superuser.
CREATE SCHEMA atk_model;
GRANT ALL ON SCHEMA atk_model TO PUBLIC;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TABLE atk_model.seen (what text, who name, super boolean);
GRANT ALL ON atk_model.seen TO PUBLIC;
SET ROLE regress_engineer;
CREATE FUNCTION atk_model.fire(what text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'ran % as superuser', what;
    END IF;
    RETURN 1;
END
$$;
CREATE TABLE atk_model.t (
    id integer PRIMARY KEY DEFAULT atk_model.fire('default'),
    v text CHECK (atk_model.fire('check') = 1),
    g integer GENERATED ALWAYS AS (atk_model.fire(v)) STORED);
CREATE INDEX ON atk_model.t (atk_model.fire(v)) WHERE atk_model.fire('predicate') = 1;
CREATE POLICY p ON atk_model.t USING (atk_model.fire('policy') = 1) WITH CHECK (atk_model.fire('policy') = 1);
CREATE FUNCTION atk_model.on_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM atk_model.fire('trigger'); RETURN new; END $$;
CREATE TRIGGER on_row BEFORE INSERT OR UPDATE OR DELETE ON atk_model.t FOR EACH ROW EXECUTE FUNCTION atk_model.on_row();
CREATE VIEW atk_model.w AS SELECT *, atk_model.fire('view') FROM atk_model.t;
INSERT INTO atk_model.t VALUES (1, 'a');
SELECT name, state FROM spyne_register('atk_model.t', 'atk_model_t', 'SHADOW');
SET ROLE regress_admin;
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_model.t');
SET ROLE regress_engineer;
SELECT name, version FROM spyne_create_shadow('atk_model_t');
SET ROLE regress_admin;
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.atk_model_t', dependents => 'repoint');
SELECT count(*) > 0 AS restored FROM spyne_restore('atk_model.t__v1');
RESET ROLE;

-- What runs while a shadow is made puts something else in its place: that does
-- not come under governance, and nothing is left of it.
SET ROLE regress_engineer;
CREATE FUNCTION atk_model.swap() RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('spyne_shadow.atk_model_s') IS NOT NULL AND to_regclass('spyne_shadow.aside') IS NULL THEN
        ALTER TABLE spyne_shadow.atk_model_s RENAME TO aside;
        CREATE VIEW spyne_shadow.atk_model_s AS SELECT 1 AS id;
    END IF;
    RETURN 1;
END
$$;
CREATE FUNCTION atk_model.innocent() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN RETURN (SELECT atk_model.swap()); END $$;
CREATE TABLE atk_model.s (id integer);
CREATE INDEX ON atk_model.s (id) WHERE atk_model.innocent() = 1;
SELECT * FROM regress.attempt('SELECT * FROM spyne_create_shadow(''atk_model_s'', ''atk_model.s'')') WHERE field <> 'context';
RESET ROLE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'spyne_shadow'::regnamespace AND relname IN ('aside', 'atk_model_s');
SELECT count(*) FROM spyne.tables WHERE logical_name = 'atk_model_s';
CALL regress.remove('atk_model');
