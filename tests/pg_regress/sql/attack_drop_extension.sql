-- DROP EXTENSION would end governance of everything: not by somebody who does
-- not own it, and not past the tables that it governs.
CALL regress.make('atk_ext');
SET client_min_messages = warning;
\set VERBOSITY sqlstate
SET ROLE regress_admin;
DROP EXTENSION spyne CASCADE;
ALTER EXTENSION spyne DROP TABLE spyne.tables;
ALTER EXTENSION spyne SET SCHEMA atk_ext;
SET ROLE regress_owner;
DROP EXTENSION spyne;
RESET ROLE;
DROP EXTENSION spyne;
DROP EXTENSION spyne CASCADE;
DO $$ BEGIN DROP EXTENSION spyne CASCADE; END $$;
DROP FUNCTION spyne_promote;
\set VERBOSITY default
RESET client_min_messages;
SELECT count(*) FROM pg_extension WHERE extname = 'spyne';
DELETE FROM atk_ext.ro;
SELECT * FROM regress.contents('atk_ext');
CALL regress.remove('atk_ext');
