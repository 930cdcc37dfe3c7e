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

SET ROLE regress_analyst;
SELECT * FROM spyne.check_statements();
RESET ROLE;
