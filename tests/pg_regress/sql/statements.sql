-- Every statement that spyne keeps fits its catalog: each can be prepared, and
-- returns the columns that the library reads.
SELECT spyne.statement_count() > 40 AS many;
SELECT * FROM spyne.check_statements();

-- One that does not is found: here the catalog is of another shape.
BEGIN;
SET LOCAL spyne.enforcement = off;
ALTER TABLE spyne.system_config RENAME COLUMN reason TO why;
SELECT fault FROM spyne.check_statements();
ROLLBACK;

-- Every row that a function returns is declared alike in the library and in the
-- catalog, and nowhere else.
SELECT * FROM spyne.check_rows();

-- One that is not is found, and its function raises: here one column is missing,
-- one is of another type, and one is unknown to the library.
BEGIN;
SET LOCAL spyne.enforcement = off;
ALTER TYPE spyne.mode_change RENAME ATTRIBUTE mode_after TO later;
ALTER TYPE spyne.resolved_name ALTER ATTRIBUTE state TYPE integer;
ALTER TYPE spyne.new_shadow ADD ATTRIBUTE more text;
SELECT * FROM spyne.check_rows();
SAVEPOINT before;
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'a test', dry_run => true);
ROLLBACK TO before;
SELECT * FROM spyne_resolve('{}');
ROLLBACK;
-- So is a function of the library whose columns are written out, or whose row is
-- unknown; and a row that no function returns.
BEGIN;
SET LOCAL spyne.enforcement = off;
CREATE TYPE spyne.other AS (name text);
CREATE FUNCTION spyne.written_out() RETURNS TABLE (name text, version text) LANGUAGE c AS '$libdir/spyne', 'spyne_diff_wrapper';
CREATE FUNCTION spyne.unknown() RETURNS SETOF spyne.other LANGUAGE c AS '$libdir/spyne', 'spyne_diff_wrapper';
ALTER EXTENSION spyne ADD FUNCTION spyne.written_out();
ALTER EXTENSION spyne ADD FUNCTION spyne.unknown();
ALTER EXTENSION spyne DROP FUNCTION spyne_resolve(text[], boolean, jsonb);
SELECT * FROM spyne.check_rows();
ROLLBACK;
-- A column that was dropped from a type keeps its place, and rows are as before.
BEGIN;
SET LOCAL spyne.enforcement = off;
ALTER TYPE spyne.mode_change DROP ATTRIBUTE mode_before;
ALTER TYPE spyne.mode_change ADD ATTRIBUTE mode_before text;
SELECT * FROM spyne.check_rows();
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'a test', dry_run => true);
ROLLBACK;

SET ROLE regress_analyst;
SELECT * FROM spyne.check_statements();
SELECT * FROM spyne.check_rows();
RESET ROLE;
