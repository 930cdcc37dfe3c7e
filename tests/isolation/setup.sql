-- Run once before the specs: what they share.
\ir ../support/whole.sql

CREATE ROLE iso_nobody;
CREATE ROLE iso_analyst IN ROLE spyne_analyst;
CREATE ROLE iso_engineer IN ROLE spyne_engineer;
CREATE ROLE iso_admin IN ROLE spyne_admin;

CREATE TABLE watch.label (relation oid PRIMARY KEY, label text NOT NULL);
CREATE TABLE watch.started (id bigint NOT NULL);

-- One name in three versions: customer is ACTIVE with 10 rows, second and third
-- are SHADOW with 20 and 30. Each row says which version it came with.
CREATE PROCEDURE watch.customer() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    CREATE SCHEMA iso;
    GRANT USAGE ON SCHEMA iso TO PUBLIC;
    PERFORM spyne_set_system_mode('INGESTION_READY', 'isolation specs');
    CREATE TABLE iso.customer (id int PRIMARY KEY, origin text NOT NULL);
    CREATE TABLE iso.second (LIKE iso.customer INCLUDING ALL);
    CREATE TABLE iso.third (LIKE iso.customer INCLUDING ALL);
    GRANT SELECT, INSERT, UPDATE, DELETE ON iso.customer TO PUBLIC;
    INSERT INTO iso.customer SELECT g, 'first' FROM generate_series(1, 10) g;
    INSERT INTO iso.second SELECT g, 'second' FROM generate_series(1, 20) g;
    INSERT INTO iso.third SELECT g, 'third' FROM generate_series(1, 30) g;
    INSERT INTO watch.label VALUES ('iso.customer'::regclass, 'first'), ('iso.second'::regclass, 'second'), ('iso.third'::regclass, 'third');
    PERFORM spyne_register('iso.customer', state => 'SHADOW');
    PERFORM spyne_promote('iso.customer');
    PERFORM spyne_register('iso.second', 'customer', 'SHADOW');
    PERFORM spyne_register('iso.third', 'customer', 'SHADOW');
    INSERT INTO watch.started SELECT max(id) FROM spyne.table_state_history;
END
$$;

-- Ends governance of everything, and takes the tables away.
CREATE PROCEDURE watch.clear() LANGUAGE plpgsql AS $$
DECLARE
    governed regclass;
BEGIN
    SET LOCAL client_min_messages = warning;
    FOR governed IN SELECT relation FROM spyne.tables ORDER BY created_at DESC, version DESC LOOP
        PERFORM spyne_unregister(governed, 'end of the spec', override => true);
        IF (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = governed) = 'spyne_shadow' THEN
            EXECUTE format('DROP TABLE %s CASCADE', governed);
        END IF;
    END LOOP;
    DROP SCHEMA IF EXISTS iso CASCADE;
    TRUNCATE watch.label, watch.started;
END
$$;

-- Version numbers and the names of parked tables go up from one permutation to
-- the next, since history is never forgotten: shown without them.
CREATE VIEW watch.state AS
SELECT t.logical_name AS name, coalesce(l.label, t.relation::text) AS version, t.state,
       regexp_replace(format('%s.%s', n.nspname, c.relname), '__v[0-9.]+$', '__v?') AS address
FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN watch.label l ON l.relation = t.relation
ORDER BY 1, 2;

-- The changes on record since the spec's setup, in order.
CREATE VIEW watch.changes AS
SELECT coalesce(string_agg(format('%s %s>%s', coalesce(l.label, h.relation), coalesce(h.from_state, '-'), coalesce(h.to_state, '-')), ', ' ORDER BY h.id), 'none') AS changes
FROM spyne.table_state_history h
LEFT JOIN spyne.tables t ON t.logical_name = h.logical_name AND t.version = h.version
LEFT JOIN watch.label l ON l.relation = t.relation
WHERE h.id > (SELECT max(id) FROM watch.started);

GRANT SELECT ON ALL TABLES IN SCHEMA watch TO PUBLIC;
