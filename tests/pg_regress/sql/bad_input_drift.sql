-- Bad input: a clear error with DETAIL and HINT, and nothing is stored.
CREATE SCHEMA bad_drift;
SET search_path = bad_drift, public;
CREATE TABLE t (id integer PRIMARY KEY, n integer);
SELECT state FROM spyne_register('t', 'bad_t');
CREATE FUNCTION feed(schema text) RETURNS TABLE (field text, says text) LANGUAGE sql AS $$
    SELECT * FROM regress.attempt(format('SELECT * FROM spyne_detect_drift(%L, %L::jsonb)', 'bad_t', schema)) WHERE field <> 'message' $$;
SELECT * FROM feed(NULL);
SELECT * FROM feed('null');
SELECT * FROM feed('[]');
SELECT * FROM feed('{"columns": []}');
SELECT * FROM feed('{"columns": [{"name": "id"}, 5, {"name": "x", "data_type": "integer", "nullable": "no"}]}');
SELECT * FROM feed('{"columns": [{"name": "id", "data_type": "integer"}, {"name": "id", "data_type": "text"}]}');
SELECT * FROM feed('{"columns": [{"name": "id", "data_type": "inteher"}, {"name": "n", "data_type": "no.such"}]}');
SELECT * FROM feed('{"columns": [{"name": "id", "data_type": "integer; DROP TABLE t"}]}');
SELECT * FROM feed('{"columns": [{"name": "id", "data_type": "numeric(2000,1)"}]}');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_detect_drift('bad_tt', '{"columns": [{"name": "id", "data_type": "integer"}]}')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_detect_drift(NULL, '{}')$$);
SELECT * FROM regress.attempt('SELECT * FROM spyne_detect_drift(NULL::regclass)');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_detect_drift('pg_class'::regclass)$$);
SELECT * FROM regress.attempt('SELECT * FROM spyne_detect_drift(999999::regclass)');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_diff('bad_x', 'v1', 'v2')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_diff('bad_t', 'v1', 'v9')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_diff(NULL, 'v1', 'v2')$$);
SELECT * FROM spyne_diff('bad_t', 'v1', 'v1');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve_drift(987654, 'apply', 'x')$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve_drift(NULL, 'apply', 'x')$$);
SELECT count(*) FROM spyne.drift_reports WHERE logical_name = 'bad_t';
-- A report is settled once, by what it was about, for a reason.
SET client_min_messages = error;
ALTER TABLE t RENAME COLUMN n TO m;
RESET client_min_messages;
CREATE FUNCTION settle(how text, why text) RETURNS TABLE (field text, says text) LANGUAGE sql AS $$
    SELECT field, regexp_replace(regexp_replace(says, 'report \d+', 'report'), '<time>\S*', '<time>')
    FROM regress.attempt(format('SELECT * FROM spyne_resolve_drift(%s, %L, %L)',
        (SELECT max(report_id) FROM spyne.drift_reports WHERE logical_name = 'bad_t'), how, why)) $$;
SELECT * FROM settle('keep', 'x');
SELECT * FROM settle('apply', '  ');
SET spyne.enforcement = off;
ALTER TABLE t RENAME COLUMN m TO o;
RESET spyne.enforcement;
SELECT * FROM settle('apply', 'x');
SET spyne.enforcement = off;
ALTER TABLE t RENAME COLUMN o TO m;
RESET spyne.enforcement;
SELECT status, version FROM spyne_resolve_drift((SELECT max(report_id) FROM spyne.drift_reports WHERE logical_name = 'bad_t'), 'apply', 'x', dry_run => true);
SELECT status, version FROM spyne_resolve_drift((SELECT max(report_id) FROM spyne.drift_reports WHERE logical_name = 'bad_t'), 'apply', 'x');
SELECT * FROM settle('apply', 'again');
SELECT count(*) FROM spyne_detect_drift('bad_t', '{"columns": [{"name": "id", "data_type": "text"}]}');
SELECT * FROM settle('apply', 'x');
SELECT status FROM spyne_resolve_drift((SELECT max(report_id) FROM spyne.drift_reports WHERE logical_name = 'bad_t'), 'dismiss', 'they will send integers');
BEGIN READ ONLY;
SELECT * FROM settle('apply', 'x');
SELECT count(*) FROM spyne_detect_drift('bad_t', '{"columns": [{"name": "id", "data_type": "bytea"}]}');
ROLLBACK;
RESET search_path;
CALL regress.remove('bad_drift');
