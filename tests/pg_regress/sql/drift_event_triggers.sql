-- What DDL does to a governed table is settled in the transaction that does it.
\set VERBOSITY terse
CREATE SCHEMA dr_ev;
GRANT USAGE ON SCHEMA dr_ev TO PUBLIC;
SET search_path = dr_ev, public;
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, amount numeric(8,2), note varchar(10));
CREATE TABLE feed (id integer PRIMARY KEY, a text, b text);
SELECT state FROM spyne_register('orders', 'dr_orders', 'SHADOW');
SELECT state FROM spyne_register('feed', 'dr_feed');
SELECT count(*) > 0 AS promoted FROM spyne_promote('orders');
CREATE VIEW mine AS SELECT relation, logical_name, version, state FROM spyne.tables WHERE logical_name LIKE 'dr\_%';
CREATE VIEW reports AS
    SELECT relation, version, r.severity, status, new_version, resolved_by, c.change_type, c."column", c.detail
    FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id) WHERE logical_name LIKE 'dr\_%' ORDER BY report_id, seq;
CREATE FUNCTION messages(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NEXT 'it went through';
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT SQLSTATE || ' ' || SQLERRM;
END $$;
GRANT SELECT ON governed.dr_orders TO regress_owner;
-- COMPATIBLE: a new version by itself, the governed view with its grants.
ALTER TABLE orders ADD COLUMN placed_at date;
SELECT version FROM mine WHERE logical_name = 'dr_orders';
SELECT attname FROM pg_attribute WHERE attrelid = 'governed.dr_orders'::regclass AND attnum > 0 ORDER BY attnum;
SELECT has_table_privilege('regress_owner', 'governed.dr_orders', 'SELECT') AS kept, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'governed.dr_orders'::regclass;
-- A wider type: Postgres would not let the governed view stay; it comes back.
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12,2), ALTER COLUMN customer_id TYPE bigint;
SELECT version FROM mine WHERE logical_name = 'dr_orders';
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'governed.dr_orders'::regclass AND attnum > 0 ORDER BY attnum;
SELECT has_table_privilege('regress_owner', 'governed.dr_orders', 'SELECT') AS kept, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'governed.dr_orders'::regclass;
SELECT version, severity, status, new_version, change_type, "column" FROM reports;
-- WARNING: on record, and told.
SET client_min_messages = error;
ALTER TABLE orders ALTER COLUMN placed_at SET DEFAULT current_date;
RESET client_min_messages;
SELECT * FROM reports WHERE status = 'open';
SELECT version FROM mine WHERE logical_name = 'dr_orders';
-- The same again is no second report; the other way round ends it.
SELECT count(*) FROM spyne_detect_drift('orders');
SELECT count(*) FROM spyne_detect_drift('orders');
SELECT count(*) FROM reports WHERE status = 'open';
ALTER TABLE orders ALTER COLUMN placed_at DROP DEFAULT;
SELECT count(*) FROM spyne_detect_drift('orders');
SELECT status, "column" FROM reports WHERE severity = 'WARNING';
-- BREAKING: refused, whatever way it is done.
ALTER TABLE orders RENAME COLUMN note TO remark;
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE orders DROP COLUMN note CASCADE;
ALTER TABLE orders ALTER COLUMN note TYPE integer USING length(note);
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
DO $$ BEGIN EXECUTE 'ALTER TABLE dr_ev.orders RENAME note TO remark'; END $$;
SELECT messages('ALTER TABLE dr_ev.orders DROP note');
ALTER TABLE orders ADD COLUMN x integer, DROP COLUMN note;
CREATE TYPE mood AS ENUM ('sad', 'glad');
ALTER TABLE orders ADD COLUMN feeling mood;
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
DROP TYPE mood CASCADE;
CREATE UNIQUE INDEX orders_note ON orders (note);
DROP INDEX orders_note;
CREATE UNIQUE INDEX orders_note ON orders (note);
SELECT attname FROM pg_attribute WHERE attrelid = 'governed.dr_orders'::regclass AND attnum > 0 ORDER BY attnum;
SELECT regexp_replace(h.says, 'report \d+', 'report') FROM regress.attempt('ALTER TABLE dr_ev.orders RENAME note TO remark') h;
SELECT status, severity, change_type FROM reports WHERE status = 'open';
-- An enum gets a label.
ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'glad';
SELECT status, severity, change_type, detail FROM reports WHERE change_type = 'TYPE_CHANGE' AND "column" = 'feeling';
-- The way round it: an administrator lets it through, for this transaction.
SELECT now, name, version FROM (SELECT report_id FROM spyne.drift_reports WHERE status = 'open' AND logical_name = 'dr_orders') r,
    LATERAL spyne_resolve_drift(r.report_id, 'apply', 'the index is wanted') x(id, now, name, version);
-- In several transactions: refused before the first.
DROP INDEX CONCURRENTLY orders_note;
SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_note'::regclass;
BEGIN;
SET LOCAL spyne.allow_breaking_ddl = on;
ALTER TABLE orders RENAME COLUMN note TO remark;
COMMIT;
SELECT version FROM mine WHERE logical_name = 'dr_orders';
SELECT attname FROM pg_attribute WHERE attrelid = 'governed.dr_orders'::regclass AND attnum > 0 ORDER BY attnum;
SELECT has_table_privilege('regress_owner', 'governed.dr_orders', 'SELECT') AS kept, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'governed.dr_orders'::regclass;
SELECT status, new_version, "column", resolved_by = current_user AS by_me FROM reports WHERE change_type = 'RENAME';
BEGIN;
SET LOCAL spyne.allow_breaking_ddl = on;
ALTER TABLE orders DROP COLUMN remark, DROP COLUMN feeling;
ROLLBACK;
-- Undone is undone: no report, no version, and the view is there.
SELECT version FROM mine WHERE logical_name = 'dr_orders';
SELECT count(*) FROM governed.dr_orders;
BEGIN;
SET LOCAL spyne.allow_breaking_ddl = on;
ALTER TABLE orders DROP COLUMN feeling;
COMMIT;
SELECT version FROM mine WHERE logical_name = 'dr_orders';
SELECT * FROM spyne_detect_drift();
-- READ_ONLY: nothing is refused, all is on record and stays open.
SET client_min_messages = error;
ALTER TABLE feed RENAME COLUMN a TO c;
ALTER TABLE feed RENAME COLUMN b TO a;
ALTER TABLE feed RENAME COLUMN c TO b;
RESET client_min_messages;
SELECT status, change_type, "column", detail FROM reports WHERE relation = 'dr_ev.feed';
SELECT change_type, "column", old_name, new_name, severity, remedy FROM spyne_detect_drift('feed');
SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'dr_feed' AND status = 'open';
SELECT version FROM mine WHERE logical_name = 'dr_feed';
-- Not governed: nothing.
CREATE TABLE other (LIKE orders INCLUDING ALL);
ALTER TABLE other DROP COLUMN amount;
-- A shadow takes any shape.
CREATE TABLE sha (id integer PRIMARY KEY, n integer);
SELECT state FROM spyne_register('sha', 'dr_sha', 'SHADOW');
ALTER TABLE sha DROP COLUMN n, ADD COLUMN m text NOT NULL;
SELECT count(*) FROM spyne_detect_drift('sha');
SELECT schema_snapshot -> 'columns' -> 1 ->> 'name' AS column FROM spyne.table_versions WHERE logical_name = 'dr_sha';
RESET search_path;
CALL regress.remove('dr_ev');
-- With the event trigger switched off, the governed view comes back all the same.
CREATE SCHEMA dr_ev;
CREATE TABLE dr_ev.plain (id integer, n integer);
SELECT state FROM spyne_register('dr_ev.plain', 'dr_plain');
ALTER EVENT TRIGGER spyne_guard_ddl DISABLE;
ALTER EVENT TRIGGER spyne_guard_rewrite DISABLE;
ALTER TABLE dr_ev.plain ALTER COLUMN n TYPE bigint;
ALTER EVENT TRIGGER spyne_guard_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER spyne_guard_rewrite ENABLE ALWAYS;
SELECT count(*) FROM governed.dr_plain;
SELECT change_type, severity FROM spyne_detect_drift('dr_ev.plain');
SELECT count(*) FROM spyne_detect_drift('dr_ev.plain');
-- Nor is it lost where the statement fails.
BEGIN;
SAVEPOINT a;
ALTER TABLE dr_ev.plain ALTER COLUMN n TYPE integer, ALTER COLUMN nothing TYPE text;
ROLLBACK TO a;
SELECT count(*) FROM governed.dr_plain;
ROLLBACK;
CALL regress.remove('dr_ev');
