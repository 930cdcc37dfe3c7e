-- DDL that runs a function of the caller's on every row: an owner without a
-- spyne role must not read staging with it, as they must not with SELECT.
CALL regress.make('atk_ddl', 'regress_stranger');
CREATE FUNCTION atk_ddl.leak(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'leaked %', $1; RETURN $1; END $$;
\set VERBOSITY sqlstate
SET ROLE regress_stranger;
SELECT * FROM atk_ddl.sha;
CREATE INDEX ON atk_ddl.sha (atk_ddl.leak(v));
ALTER TABLE atk_ddl.sha ADD CONSTRAINT c CHECK (atk_ddl.leak(v) IS NOT NULL);
ALTER TABLE atk_ddl.sha ADD COLUMN copy text GENERATED ALWAYS AS (atk_ddl.leak(v)) STORED;
ALTER TABLE atk_ddl.sha ALTER COLUMN v TYPE text USING atk_ddl.leak(v);
RESET ROLE;
\set VERBOSITY default
SELECT * FROM regress.contents('atk_ddl') WHERE "table" = 'sha';
CALL regress.remove('atk_ddl');
