-- spyne.enforcement: permissive lets through what enforce refuses, and the server
-- log says what would have been refused; off checks nothing. Only a superuser
-- sets it, and spyne_coverage shows it.
CALL regress.make('rol_perm');
SHOW spyne.enforcement;
-- Whatever the setting, arguments and transitions of the functions are checked.
SET spyne.enforcement = permissive;
INSERT INTO rol_perm.ro VALUES (3, 'permissive');
INSERT INTO rol_perm.sha VALUES (3, 'permissive');
UPDATE rol_perm.dep SET v = 'permissive' WHERE id = 2;
SELECT * FROM rol_perm.dep ORDER BY id;
SELECT * FROM regress.contents('rol_perm');
SET ROLE regress_viewer;
INSERT INTO rol_perm.act VALUES (3, 'viewer');
SELECT count(*) FROM rol_perm.sha;
SET ROLE regress_nobody;
SELECT count(*) FROM rol_perm.ro;
-- Postgres's own privileges are no matter of the setting.
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('ALTER TABLE rol_perm.ro ADD COLUMN w integer');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('rol_perm.sha')$$);
RESET ROLE;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_promote('rol_perm.ro')$$);
SELECT severity, gap, detail, remedy FROM spyne_coverage() WHERE gap = 'enforcement not enforce';
SET spyne.enforcement = off;
INSERT INTO rol_perm.ro VALUES (4, 'off');
TRUNCATE rol_perm.dep;
SELECT severity, gap, detail, remedy FROM spyne_coverage() WHERE gap = 'enforcement not enforce';
SET spyne.enforcement = none;
RESET spyne.enforcement;
SELECT severity, gap, detail, remedy FROM spyne_coverage() WHERE gap = 'enforcement not enforce';
-- For one transaction, and for one function.
BEGIN;
SET LOCAL spyne.enforcement = permissive;
INSERT INTO rol_perm.ro VALUES (5, 'local');
COMMIT;
\set VERBOSITY sqlstate
INSERT INTO rol_perm.ro VALUES (6, 'enforce');
CREATE FUNCTION rol_perm.load() RETURNS void LANGUAGE sql SET spyne.enforcement = permissive AS $$ INSERT INTO rol_perm.ro VALUES (7, 'function') $$;
SELECT rol_perm.load();
INSERT INTO rol_perm.ro VALUES (8, 'enforce');
-- Who may set it.
SET ROLE regress_admin;
SET spyne.enforcement = permissive;
SET spyne.rollback_window = 0;
SET spyne.allow_breaking_ddl = on;
RESET spyne.allow_breaking_ddl;
SET ROLE regress_engineer;
SET spyne.allow_breaking_ddl = on;
SET spyne.lock_timeout = '1s';
SET spyne.include_deprecated = on;
RESET ALL;
RESET ROLE;
SELECT * FROM regress.contents('rol_perm');
SELECT name, setting, context, vartype FROM pg_settings WHERE name LIKE 'spyne.%' ORDER BY name;
CALL regress.remove('rol_perm');
