-- What really uses a column, and what it makes of a change.
\set VERBOSITY terse
SET spyne.require_preview = users;
CREATE SCHEMA dr_use;
GRANT USAGE, CREATE ON SCHEMA dr_use TO PUBLIC;
SET search_path = dr_use, public;
CREATE TABLE item (id integer PRIMARY KEY, label text NOT NULL, price numeric NOT NULL, spare text NOT NULL, "Größe" integer);
CREATE TABLE part (id integer PRIMARY KEY, item_id integer REFERENCES item, n integer CHECK (n > 0));
SELECT count(*) FROM (SELECT spyne_register(t::regclass, 'du_' || t) FROM unnest('{item,part}'::text[]) t) x;
GRANT SELECT ON item TO regress_analyst;
CREATE VIEW direct AS SELECT label FROM item WHERE price > 1;
CREATE VIEW through AS SELECT "Größe" FROM governed.du_item;
CREATE MATERIALIZED VIEW kept AS SELECT sum(price) FROM item;
CREATE FUNCTION summed() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(price) FROM item; END;
CREATE FUNCTION silent() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER watches BEFORE UPDATE OF label ON item FOR EACH ROW EXECUTE FUNCTION silent();
CREATE POLICY mine ON item USING (label <> 'x');
SET ROLE regress_analyst;
SELECT statement FROM spyne_preview('SELECT spare FROM item WHERE id = 1');
SELECT statement FROM spyne_preview('SELECT i FROM item i WHERE EXISTS (SELECT FROM item j WHERE j.price = i.id)');
RESET ROLE;
CREATE VIEW uses AS
    SELECT a.attname AS column, c.consumer ->> 'kind' AS kind,
           c.consumer ->> 'name' AS name, c.consumer ->> 'previews' AS previews
    FROM spyne.column_consumers('item'::regclass) c LEFT JOIN pg_attribute a ON a.attrelid = 'item'::regclass AND a.attnum = c.attnum AND c.attnum > 0
    ORDER BY a.attnum, kind, name;
SELECT * FROM uses;
-- NOT NULL: dropped from a column that nobody uses, it is nothing; else it is told.
CREATE TABLE lonely (id integer PRIMARY KEY, x text NOT NULL);
SELECT state FROM spyne_register('lonely', 'du_lonely');
ALTER TABLE lonely ALTER COLUMN x DROP NOT NULL;
ALTER TABLE item ALTER COLUMN price DROP NOT NULL;
ALTER TABLE item ALTER COLUMN price SET NOT NULL;
ALTER TABLE item ALTER COLUMN spare DROP NOT NULL;
SELECT severity, "column", jsonb_path_query_array(consumers, '$[*].kind') AS consumers FROM spyne_detect_drift('item');
-- The column of a key is renamed: the other table's key stays what it is.
SET client_min_messages = error;
ALTER TABLE item RENAME COLUMN id TO item_no;
RESET client_min_messages;
SELECT count(*) FROM spyne_detect_drift('part');
SELECT "column", jsonb_path_query_array(consumers, '$[*].kind') AS consumers FROM spyne_detect_drift('item') WHERE change_type = 'RENAME';
-- DISMISS: nothing changes, and nobody is warned again.
SELECT status FROM spyne_resolve_drift((SELECT report_id FROM spyne.drift_reports WHERE logical_name = 'du_item' AND status = 'open'), 'dismiss', 'known');
SELECT count(*) FROM spyne_detect_drift('item');
SELECT status FROM spyne.drift_reports WHERE logical_name = 'du_item' ORDER BY report_id;
-- Who may see what.
SET ROLE regress_viewer;
SELECT count(*) > 0 AS seen FROM spyne.drift_changes;
SELECT count(*) FROM spyne_detect_drift('item');
SELECT spyne_resolve_drift(1, 'apply', 'no');
RESET ROLE;
CREATE TABLE hidden (id integer, secret_column text);
SELECT state FROM spyne_register('hidden', 'du_hidden', 'SHADOW');
SET ROLE regress_analyst;
SELECT * FROM spyne_detect_drift('hidden');
SELECT * FROM spyne_detect_drift('du_hidden', '{"columns": [{"name": "id", "data_type": "integer"}]}');
SELECT * FROM spyne_diff('du_hidden', 'v1', 'v1');
RESET ROLE;
DROP VIEW uses, through;
RESET search_path;
CALL regress.remove('dr_use');
