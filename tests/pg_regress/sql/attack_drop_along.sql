-- What goes along with something else: an extension, a type, a function, a schema,
-- an owner. Governed views, and columns of governed tables, hold.
CALL regress.make('atk_along');
SET client_min_messages = warning;
-- A trusted extension in the hands of somebody without a spyne role; a type, a
-- domain, a collation and a function too.
CREATE SCHEMA atk_ext_home;
GRANT ALL ON SCHEMA atk_ext_home TO PUBLIC;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_stranger', current_database()) \gexec
SET ROLE regress_stranger;
CREATE EXTENSION citext SCHEMA atk_ext_home;
CREATE TYPE atk_ext_home.pair AS (a integer, b integer);
CREATE TYPE atk_ext_home.mood AS ENUM ('good', 'bad');
CREATE DOMAIN atk_ext_home.short AS text;
CREATE TYPE atk_ext_home.span AS RANGE (subtype = integer);
CREATE FUNCTION atk_ext_home.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
RESET ROLE;
CREATE FUNCTION regress.columns_of(relation regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped $$;
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['x_ro', 'x_sha', 'x_act', 'x_both'] LOOP
        EXECUTE format('CREATE TABLE atk_along.%I (id integer PRIMARY KEY, e atk_ext_home.citext, p atk_ext_home.pair, m atk_ext_home.mood, s atk_ext_home.short, r atk_ext_home.span,
                            g integer GENERATED ALWAYS AS (atk_ext_home.twice(id)) STORED)', t);
        EXECUTE format('ALTER TABLE atk_along.%I OWNER TO regress_owner', t);
        CONTINUE WHEN t = 'x_both';
        PERFORM spyne_register(format('atk_along.%I', t)::regclass, 'atk_along_' || t, CASE t WHEN 'x_ro' THEN 'READ_ONLY' ELSE 'SHADOW' END);
    END LOOP;
    PERFORM spyne_promote('atk_along.x_act');
    -- READ_ONLY, and no governed view stands on it: that is of another version.
    PERFORM spyne_register('atk_along.x_both', 'atk_along_both');
    CREATE TABLE atk_along.x_next (id integer);
    PERFORM spyne_register('atk_along.x_next', 'atk_along_both', 'SHADOW');
    PERFORM spyne_promote('atk_along.x_next');
END $$;
\set VERBOSITY sqlstate
SET ROLE regress_stranger;
DROP EXTENSION citext CASCADE;
DROP EXTENSION citext;
DROP TYPE atk_ext_home.pair CASCADE;
DROP TYPE atk_ext_home.mood CASCADE;
DROP DOMAIN atk_ext_home.short CASCADE;
DROP TYPE atk_ext_home.span CASCADE;
DROP FUNCTION atk_ext_home.twice(integer) CASCADE;
DROP OWNED BY regress_stranger CASCADE;
DO $$ BEGIN DROP EXTENSION citext CASCADE; END $$;
RESET ROLE;
-- Superusers too.
DROP EXTENSION citext CASCADE;
DROP SCHEMA atk_ext_home CASCADE;
DROP OWNED BY regress_stranger CASCADE;
DROP OWNED BY regress_owner CASCADE;
DROP OPERATOR CLASS atk_ext_home.citext_ops USING btree CASCADE;
ALTER EXTENSION citext DROP TYPE atk_ext_home.citext;
DROP TYPE atk_ext_home.citext CASCADE;
ALTER EXTENSION citext ADD TYPE atk_ext_home.citext;
DROP TABLE atk_along.x_ro CASCADE;
DROP VIEW governed.atk_along_x_ro CASCADE;
DROP SCHEMA governed CASCADE;
\set VERBOSITY default
SELECT t.relname, regress.columns_of(t.oid) FROM pg_class t WHERE t.relnamespace = 'atk_along'::regnamespace AND t.relname IN ('x_ro', 'x_sha', 'x_act', 'x_both') ORDER BY 1;
SELECT relname FROM pg_class WHERE relnamespace = 'governed'::regnamespace AND relname LIKE 'atk\_along%' ORDER BY 1;
SELECT * FROM regress.attempt('DROP TYPE atk_ext_home.pair CASCADE');
-- Where no view stands on it.
SELECT count(*) AS unregistered FROM unnest(ARRAY['x_ro', 'x_act']) t, spyne_unregister(format('atk_along.%I', t)::regclass, 'end');
SELECT * FROM regress.attempt('DROP EXTENSION citext CASCADE');
SELECT * FROM regress.attempt('DROP TYPE atk_ext_home.mood CASCADE');

-- Where nothing is governed by it, all of that goes; and by itself, from a table
-- that is only watched or staged, a column does.
SET ROLE regress_owner;
ALTER TABLE atk_along.x_sha DROP COLUMN p;
RESET ROLE;
SELECT count(*) AS unregistered FROM unnest(ARRAY['x_sha', 'x_both']) t, spyne_unregister(format('atk_along.%I', t)::regclass, 'end');
SET ROLE regress_stranger;
DROP EXTENSION citext CASCADE;
DROP TYPE atk_ext_home.pair CASCADE;
RESET ROLE;
SELECT t.relname, regress.columns_of(t.oid) FROM pg_class t WHERE t.relnamespace = 'atk_along'::regnamespace AND t.relname IN ('x_ro', 'x_sha', 'x_act', 'x_both') ORDER BY 1;
DROP SCHEMA atk_ext_home CASCADE;
DROP FUNCTION regress.columns_of(regclass);
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_stranger', current_database()) \gexec
RESET client_min_messages;
CALL regress.remove('atk_along');
