-- A domain's owner constrains it by a function of their own: Postgres shows that
-- every row of every table that uses the domain.
CALL regress.make('at_domain');
GRANT ALL ON SCHEMA at_domain TO regress_engineer;
SET ROLE regress_engineer;
SET search_path = at_domain, public;
CREATE DOMAIN short AS text;
CREATE DOMAIN free AS text;
CREATE FUNCTION says(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'read %', $1; RETURN true; END $$;
RESET ROLE;
CREATE TABLE used (id integer PRIMARY KEY, v short);
INSERT INTO used VALUES (1, 'secret');
SELECT state FROM spyne_register('used');
SET ROLE regress_engineer;
ALTER DOMAIN short ADD CONSTRAINT c CHECK (says(VALUE));
\echo :LAST_ERROR_SQLSTATE
ALTER DOMAIN short SET NOT NULL;
DO $$ BEGIN ALTER DOMAIN short ADD CHECK (says(VALUE)); END $$;
-- A domain that no governed table uses.
ALTER DOMAIN free ADD CONSTRAINT c CHECK (says(VALUE));
-- What checks nothing may be done.
SET client_min_messages = error;
ALTER DOMAIN short SET DEFAULT 'x';
RESET client_min_messages;
RESET ROLE;
-- The owner of the table may.
SET client_min_messages = error;
ALTER DOMAIN short ADD CONSTRAINT d CHECK (length(VALUE) < 100);
RESET client_min_messages;
RESET search_path;
CALL regress.remove('at_domain');
