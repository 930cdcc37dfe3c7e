-- Name, schema and owner of a governed table, by every statement that changes
-- them; and DROP, by every statement that drops.
CALL regress.make('atk_ident');
CREATE SCHEMA atk_ident_2;
ALTER TABLE atk_ident.ro RENAME TO other;
\echo :LAST_ERROR_SQLSTATE
ALTER VIEW atk_ident.ro RENAME TO other;
ALTER INDEX atk_ident.ro RENAME TO other;
ALTER TABLE atk_ident.act SET SCHEMA atk_ident_2;
ALTER TABLE atk_ident.act OWNER TO regress_engineer;
SET ROLE regress_owner;
ALTER TABLE atk_ident.act RENAME TO other;
DROP TABLE atk_ident.act;
DROP TABLE atk_ident.sha CASCADE;
RESET ROLE;
\set VERBOSITY terse
ALTER SCHEMA atk_ident RENAME TO atk_ident_3;
\set VERBOSITY default
ALTER SCHEMA spyne RENAME TO x;
ALTER SCHEMA spyne_shadow RENAME TO x;
ALTER SCHEMA governed RENAME TO x;
SET client_min_messages = warning;
\set VERBOSITY sqlstate
DROP TABLE atk_ident.ro CASCADE;
DROP TABLE atk_ident.act, atk_ident.dep CASCADE;
DROP SCHEMA atk_ident CASCADE;
DROP OWNED BY regress_owner CASCADE;
REASSIGN OWNED BY regress_owner TO regress_engineer;
DO $$ BEGIN EXECUTE 'DROP TABLE atk_ident.ro CASCADE'; END $$;
DROP SCHEMA spyne_shadow CASCADE;
DROP SCHEMA spyne CASCADE;
\set VERBOSITY default
RESET client_min_messages;
DROP TABLE atk_ident.dep CASCADE;
SELECT c.relname, n.nspname, c.relowner::regrole FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname LIKE 'atk\_ident%' AND c.relkind = 'r' ORDER BY 1;
SELECT * FROM regress.contents('atk_ident');
DROP SCHEMA atk_ident_2;
CALL regress.remove('atk_ident');
