-- spyne_coverage has one row for each way around governance that exists in this
-- database now, with the statement that closes it; closing it takes the row away.
CALL regress.make('rol_cov');
CREATE FUNCTION pg_temp.gaps() RETURNS TABLE (severity text, gap text, object text, detail text, remedy text) LANGUAGE sql AS $$
    SELECT * FROM spyne_coverage() WHERE concat(object, detail, remedy) LIKE '%rol_cov%' OR gap IN ('library not preloaded', 'enforcement not enforce') $$;
SELECT * FROM pg_temp.gaps() WHERE object <> 'rol_cov.dep' AND detail !~ '(INSERT|DELETE|TRUNCATE|REFERENCES|TRIGGER|MAINTAIN)' ORDER BY severity, gap, object, detail;
-- Closed one after the other, as the rows say.
REVOKE ALL ON ALL TABLES IN SCHEMA rol_cov FROM PUBLIC;
SELECT gap, count(*) FROM pg_temp.gaps() GROUP BY gap ORDER BY gap;

-- Each kind of gap.
CREATE TABLE rol_cov.free (id integer);
CREATE TABLE rol_cov."it's free" (id integer);
GRANT SELECT ON rol_cov.ro TO regress_stranger;
GRANT UPDATE (v) ON rol_cov.act TO regress_stranger;
CREATE FUNCTION rol_cov.look() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM rol_cov.act';
CREATE ROLE regress_cov_super LOGIN SUPERUSER;
CREATE ROLE regress_cov_rls LOGIN BYPASSRLS;
CREATE ROLE regress_cov_views LOGIN IN ROLE spyne_views;
ALTER ROLE regress_cov_views SET spyne.enforcement = permissive;
GRANT SET ON PARAMETER spyne.enforcement TO regress_cov_rls;
CREATE VIEW governed.rol_cov_planted AS SELECT 1 AS one;
SET spyne.enforcement = off;
ALTER TABLE rol_cov.act DISABLE TRIGGER spyne_guard;
ALTER EVENT TRIGGER spyne_guard_drop DISABLE;
DROP VIEW governed.rol_cov_ro;
SET client_min_messages = warning;
DROP TABLE rol_cov.dep CASCADE;
SELECT severity, gap, regexp_replace(object, '^\d+$', 'N') AS object, regexp_replace(detail, '\d{5,}', 'N') AS detail, regexp_replace(remedy, '\d{5,}', 'N') AS remedy FROM spyne_coverage()
WHERE concat(object, detail, remedy) ~ 'cov' OR gap ~ '^(library|enforcement|disabled|governed table is gone)' ORDER BY severity, gap, 3, detail;
RESET spyne.enforcement;

-- Closed by the statements that the rows give.
SET client_min_messages = warning;
ALTER ROLE regress_cov_super NOSUPERUSER;
ALTER ROLE regress_cov_rls NOBYPASSRLS;
REVOKE spyne_views FROM regress_cov_views;
ALTER ROLE regress_cov_views RESET spyne.enforcement;
REVOKE SET ON PARAMETER spyne.enforcement FROM regress_cov_rls;
ALTER EVENT TRIGGER spyne_guard_drop ENABLE ALWAYS;
REVOKE SELECT ON rol_cov.ro FROM regress_stranger;
REVOKE UPDATE (v) ON rol_cov.act FROM regress_stranger;
REVOKE EXECUTE ON FUNCTION rol_cov.look() FROM PUBLIC;
SET spyne.enforcement = off;
DROP VIEW governed.rol_cov_planted;
RESET spyne.enforcement;
SELECT u.name, u.version FROM spyne.tables t, spyne_unregister(t.relation, 'dropped', override => true) u WHERE t.logical_name = 'rol_cov_dep';
SELECT version FROM spyne_unregister('rol_cov.act', 'guards', override => true);
SELECT name FROM spyne_unregister('rol_cov.ro', 'view lost');
SELECT name FROM spyne_register('rol_cov.ro', 'rol_cov_ro');
SELECT name FROM spyne_register('rol_cov.free', 'rol_cov_free');
SELECT name FROM spyne_register('rol_cov."it''s free"');
SELECT severity, gap, object FROM spyne_coverage() WHERE concat(object, detail, remedy) ~ 'cov' OR gap ~ '^(library|enforcement|disabled|governed table is gone)' ORDER BY gap, object;
-- Who may see it.
SET ROLE regress_analyst;
SELECT * FROM regress.attempt('SELECT * FROM spyne_coverage()');
SET ROLE regress_engineer;
SELECT count(*) > 0 AS seen FROM spyne_coverage();
RESET ROLE;
CALL regress.remove('rol_cov');
DROP ROLE regress_cov_super, regress_cov_rls, regress_cov_views;
