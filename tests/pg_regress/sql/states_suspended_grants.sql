-- A table in staging keeps its grants for later, and engineers have the use of
-- it meanwhile. When it leaves staging it has what it had before, column grants
-- included, and nothing more: spyne never grants what Postgres denies.
CREATE SCHEMA st_grants;
CREATE FUNCTION pg_temp.grants(t regclass) RETURNS TABLE (who text, privilege text, columns text) LANGUAGE sql AS $$
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type, ''
    FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = t AND x.grantee <> c.relowner
    UNION ALL
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x WHERE c.oid = t
    ORDER BY 1, 2, 3 $$;
CREATE TABLE st_grants.open (id integer, v text);
GRANT SELECT ON st_grants.open TO regress_viewer;
GRANT UPDATE ON st_grants.open TO regress_engineer WITH GRANT OPTION;
GRANT SELECT (id), UPDATE (v) ON st_grants.open TO regress_analyst;
CREATE TABLE st_grants.closed (id integer);
SELECT name, state FROM spyne_register('st_grants.open', 'st_grants_open', 'SHADOW');
SELECT name, state FROM spyne_register('st_grants.closed', 'st_grants_closed', 'SHADOW');
SELECT * FROM pg_temp.grants('st_grants.open');
SELECT * FROM pg_temp.grants('st_grants.closed');
SELECT count(*) > 0 AS promoted FROM spyne_promote('st_grants.open');
SELECT count(*) > 0 AS promoted FROM spyne_promote('st_grants.closed');
SELECT * FROM pg_temp.grants('st_grants.open');
SELECT * FROM pg_temp.grants('st_grants.closed');
-- So it is when governance ends in staging.
CREATE TABLE st_grants.back (id integer, v text);
GRANT SELECT (id) ON st_grants.back TO regress_analyst;
SELECT name, state FROM spyne_register('st_grants.back', 'st_grants_back', 'SHADOW');
SELECT name FROM spyne_unregister('st_grants.back');
SELECT * FROM pg_temp.grants('st_grants.back');
-- And when a shadow without a predecessor leaves spyne_shadow.
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
SELECT name FROM spyne_create_shadow('st_grants_new', 'st_grants.back');
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.st_grants_new', target_schema => 'st_grants');
SELECT * FROM pg_temp.grants('st_grants.st_grants_new');
CALL regress.remove('st_grants');
