-- Ways to break an ACTIVE table, or to lose its governed view, that were found
-- by attacking it.
\set VERBOSITY terse
CREATE SCHEMA ad;
SET search_path = ad, public;
CREATE FUNCTION active(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM spyne_register(relation, 'ad_' || relation::text, 'SHADOW');
    PERFORM spyne_promote(relation);
END $$;
-- A typed table: the type is altered.
CREATE TYPE tt AS (a integer, b text);
CREATE TABLE typed OF tt;
SELECT active('typed');
ALTER TYPE tt RENAME ATTRIBUTE a TO aa CASCADE;
ALTER TYPE tt DROP ATTRIBUTE b CASCADE;
-- A type inside a type goes.
CREATE TYPE color AS ENUM ('red');
CREATE TYPE comp AS (c color, n integer);
CREATE TABLE holds (id integer PRIMARY KEY, v comp);
SELECT active('holds');
DROP TYPE color CASCADE;
-- The rows of a table as values of another.
CREATE TABLE base (x integer, y integer);
CREATE TABLE rows_of (id integer, b base[]);
SELECT active('rows_of');
ALTER TABLE base DROP COLUMN y;
ALTER TABLE base RENAME COLUMN x TO z;
-- Only a name is another: nothing has changed, by either way of looking.
CREATE SCHEMA ad_types;
CREATE TYPE ad_types.span AS RANGE (subtype = integer);
CREATE FUNCTION ad_types.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE SEQUENCE ad_types.counts;
CREATE COLLATION ad_types.sorts FROM "C";
CREATE TABLE other (id integer PRIMARY KEY);
CREATE TABLE named (id integer DEFAULT nextval('ad_types.counts'), s ad_types.span, h integer GENERATED ALWAYS AS (ad_types.half(7)) STORED,
                    t text COLLATE ad_types.sorts, o integer REFERENCES other, CHECK (ad_types.half(id) > -1));
SELECT active('named');
ALTER SCHEMA ad_types RENAME TO ad_kinds;
ALTER FUNCTION ad_kinds.half(integer) RENAME TO halved;
ALTER SEQUENCE ad_kinds.counts RENAME TO numbers;
ALTER COLLATION ad_kinds.sorts RENAME TO sorted;
ALTER TABLE other RENAME TO others;
SELECT count(*) FROM spyne_detect_drift('named');
SELECT count(*) FROM spyne_detect_drift() WHERE relation = 'named'::regclass;
ALTER TABLE named ADD COLUMN more integer;
-- What was dismissed once is refused again, after it was undone.
CREATE TABLE once (id integer, n integer);
SELECT active('once');
SET spyne.enforcement = permissive;
SET client_min_messages = error;
ALTER TABLE once RENAME COLUMN n TO m;
RESET client_min_messages;
RESET spyne.enforcement;
SELECT status FROM spyne_resolve_drift((SELECT max(report_id) FROM spyne.drift_reports), 'dismiss', 'known');
ALTER TABLE once ADD COLUMN p integer;
ALTER TABLE once RENAME COLUMN m TO n;
ALTER TABLE once RENAME COLUMN n TO m;
-- While one break of a type is on record, another one is another one.
CREATE TYPE mood AS ENUM ('a', 'b', 'c');
CREATE TABLE feels (id integer, m mood);
SELECT active('feels');
SET spyne.enforcement = permissive;
SET client_min_messages = error;
ALTER TYPE mood RENAME VALUE 'a' TO 'z';
RESET client_min_messages;
RESET spyne.enforcement;
ALTER TYPE mood RENAME VALUE 'b' TO 'y';
-- The default of a domain.
CREATE DOMAIN short AS text DEFAULT 'x';
CREATE TABLE lets (id integer, s short);
SELECT active('lets');
ALTER DOMAIN short SET DEFAULT 'y';
-- DDL inside the expression of a change of type, undone in there.
CREATE TABLE view_kept (id integer, a varchar(10));
INSERT INTO view_kept VALUES (1, 'x');
SELECT active('view_kept');
GRANT SELECT ON governed.ad_view_kept TO regress_owner;
CREATE FUNCTION comments(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        COMMENT ON FUNCTION ad.comments(text) IS 'x';
        ALTER TABLE ad.once ALTER COLUMN id TYPE bigint;
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    RETURN $1;
END $$;
ALTER TABLE view_kept ALTER COLUMN a TYPE varchar(30) USING comments(a);
SELECT a FROM governed.ad_view_kept;
SELECT count(*) FROM governed.ad_once;
SELECT has_table_privilege('regress_owner', 'governed.ad_view_kept', 'SELECT') AS kept, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'governed.ad_view_kept'::regclass;
-- The governed view shows what is promised, and not what is still open.
CREATE TABLE promised (id integer, a varchar(10));
SELECT active('promised');
SET spyne.enforcement = off;
ALTER VIEW governed.ad_promised SET (security_barrier = true);
COMMENT ON COLUMN governed.ad_promised.a IS 'kept';
RESET spyne.enforcement;
SET client_min_messages = error;
ALTER TABLE promised ALTER COLUMN a SET DEFAULT 'x';
ALTER TABLE promised ADD COLUMN ssn text;
ALTER TABLE promised ALTER COLUMN a TYPE varchar(20);
RESET client_min_messages;
SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'governed.ad_promised'::regclass AND attnum > 0 ORDER BY attnum;
SELECT reloptions FROM pg_class WHERE oid = 'governed.ad_promised'::regclass;
ALTER VIEW governed.ad_promised RENAME COLUMN a TO aa;
ALTER TABLE governed.ad_promised RENAME COLUMN a TO aa;
-- A feed for a shadow says what the shadow is: that is for engineers.
CREATE TABLE secret (id integer, hidden_column text);
SELECT state FROM spyne_register('secret', 'ad_secret', 'SHADOW');
SELECT count(*) FROM spyne_detect_drift('ad_secret', '{"columns": [{"name": "id", "data_type": "bigint"}]}');
SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'ad_secret';
SET ROLE regress_analyst;
SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'ad_secret';
SELECT count(*) FROM spyne.drift_changes WHERE "column" = 'hidden_column';
-- A reader stores nothing, and keeps nobody waiting.
SELECT change_type FROM spyne_detect_drift('ad_lets', '{"columns": [{"name": "id", "data_type": "bigint"}, {"name": "s", "data_type": "text"}]}');
RESET ROLE;
SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'ad_lets' AND source = 'feed';
-- A shape is the same to everybody, whatever their session is set to.
CREATE TABLE timed (id integer, at timestamptz DEFAULT '2026-01-01 00:00:00+00', day date DEFAULT '2026-02-03', m mood, b bytea DEFAULT '\x01', i interval DEFAULT '1 day 02:00', r real DEFAULT 0.1);
SELECT active('timed');
SET quote_all_identifiers = on;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET bytea_output = 'escape';
SET extra_float_digits = -5;
SELECT count(*) FROM spyne_detect_drift('timed');
ALTER TABLE timed ADD COLUMN x integer;
SELECT count(*) FROM spyne_detect_drift('timed');
RESET quote_all_identifiers; RESET timezone; RESET datestyle; RESET intervalstyle; RESET bytea_output; RESET extra_float_digits;
SELECT count(*) FROM spyne_detect_drift('timed');
-- A default as a feed says it.
CREATE TABLE said (a text DEFAULT 'it''s', n integer DEFAULT 5, t boolean DEFAULT true);
SELECT active('said');
SELECT "column", change_type FROM spyne_detect_drift('ad_said', '{"columns": [{"name": "a", "data_type": "text", "default_value": "it''s"},
    {"name": "n", "data_type": "integer", "default_value": 5}, {"name": "t", "data_type": "boolean", "default_value": false}]}');
-- A type inside a type inside a type.
DO $$ BEGIN
    EXECUTE 'CREATE DOMAIN ad.d0 AS text';
    FOR n IN 1..60 LOOP EXECUTE format('CREATE DOMAIN ad.d%s AS ad.d%s', n, n - 1); END LOOP;
END $$;
CREATE TABLE deep (v d60);
SELECT active('deep');
SELECT count(*) FROM spyne_detect_drift('deep');
RESET search_path;
CALL regress.remove('ad');
DROP SCHEMA ad_kinds CASCADE;
