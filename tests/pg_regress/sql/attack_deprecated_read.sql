-- Reading a deprecated table without having asked for it: refused for everyone,
-- with who, when, and what to use instead. Opting in opens reading, not writing.
CALL regress.make('atk_depread');
SELECT * FROM regress.attempt('SELECT * FROM atk_depread.dep');
SELECT * FROM regress.attempt('SELECT * FROM governed.atk_depread_dep');
SET ROLE regress_owner;
SELECT * FROM regress.attempt('SELECT * FROM atk_depread.dep');
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('SELECT * FROM governed.atk_depread_dep');
SET spyne.include_deprecated = on;
SELECT * FROM governed.atk_depread_dep ORDER BY id;
SELECT * FROM atk_depread.dep ORDER BY id;
DELETE FROM atk_depread.dep;
RESET ROLE;
DELETE FROM atk_depread.dep;
-- Asking does not last longer than it is asked for.
RESET spyne.include_deprecated;
SELECT says FROM regress.attempt('SELECT * FROM atk_depread.dep') WHERE field = 'SQLSTATE';
BEGIN;
SET LOCAL spyne.include_deprecated = on;
SELECT count(*) FROM atk_depread.dep;
COMMIT;
SELECT says FROM regress.attempt('SELECT * FROM atk_depread.dep') WHERE field = 'SQLSTATE';
SET spyne.include_deprecated = on;
SELECT count(*) FROM atk_depread.dep;
DISCARD ALL;
SELECT says FROM regress.attempt('SELECT * FROM atk_depread.dep') WHERE field = 'SQLSTATE';
-- A superuser who dumps the database gets all of it.
\set VERBOSITY sqlstate
COPY atk_depread.dep TO stdout;
\set VERBOSITY default
SELECT * FROM regress.contents('atk_depread');
CALL regress.remove('atk_depread');
