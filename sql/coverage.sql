-- spyne_coverage: one row for each way around governance that exists in this
-- database right now. It reads all of the system catalogs, so it runs with the
-- installer's rights; who may call it is granted at the end.

-- A guard is what it was made as: always enabled, for every row and command
-- that its name stands for. tgtype: ROW 1, BEFORE 2, INSERT 4, DELETE 8,
-- UPDATE 16, TRUNCATE 32 (catalog/pg_trigger.h).
CREATE FUNCTION spyne.is_guard(t pg_trigger) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.tgfoid = 'spyne.guard()'::regprocedure AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = ''
       AND t.tgtype = CASE t.tgname WHEN 'spyne_guard' THEN 30 WHEN 'spyne_guard_truncate' THEN 34 WHEN 'spyne_guard_row' THEN 29 END
$$;

CREATE FUNCTION spyne.guarded(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Foreign tables have TRUNCATE triggers only from PostgreSQL 16 on.
    SELECT count(*) FILTER (WHERE spyne.is_guard(g) AND g.tgname <> 'spyne_guard_row')
           >= CASE WHEN c.relkind = 'f' AND current_setting('server_version_num')::int < 160000 THEN 1 ELSE 2 END
    FROM pg_class c LEFT JOIN pg_trigger g ON g.tgrelid = c.oid AND starts_with(g.tgname, 'spyne_guard')
    WHERE c.oid = relation GROUP BY c.relkind
$$;

CREATE FUNCTION spyne.find_gaps()
RETURNS SETOF spyne.gap
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH governed AS (
    SELECT t.relation::oid AS oid, t.logical_name, t.state, c.relowner, c.relacl, c.relkind,
           format('%I.%I', n.nspname, c.relname) AS shown
    FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace),
preload AS (
    SELECT EXISTS (
        SELECT FROM pg_settings s, regexp_split_to_table(s.setting, '\s*,\s*') library
        WHERE s.name IN ('shared_preload_libraries', 'session_preload_libraries')
          AND btrim(library, '" ') IN ('spyne', '$libdir/spyne')) AS here),
people AS (
    SELECT r.*, spyne.role_of(r.oid) AS spyne_role FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\_%')

SELECT 'critical', 'library not preloaded', current_database()::text,
       'In sessions that start without it only the guard triggers hold: writes are checked, reads and DDL are not.',
       format('ALTER DATABASE %I SET session_preload_libraries = ''spyne''; -- or shared_preload_libraries, and restart', current_database())
FROM preload WHERE NOT here
UNION ALL
SELECT CASE current_setting('spyne.enforcement', true) WHEN 'off' THEN 'critical' ELSE 'high' END,
       'enforcement not enforce', current_database()::text,
       format('spyne.enforcement is %s in this session.', coalesce(current_setting('spyne.enforcement', true), 'not set')),
       'RESET spyne.enforcement; -- and look for it in postgresql.conf'
WHERE current_setting('spyne.enforcement', true) IS DISTINCT FROM 'enforce'
UNION ALL
SELECT 'high', 'enforcement not enforce',
       coalesce((SELECT rolname FROM pg_roles WHERE oid = s.setrole), 'every role')::text,
       format('Set to %s for this role%s.', split_part(c, '=', 2),
              CASE WHEN s.setdatabase <> 0 THEN format(' in database %I', d.datname) ELSE '' END),
       CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET spyne.enforcement;', d.datname)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET spyne.enforcement;', pg_get_userbyid(s.setrole))
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET spyne.enforcement;', pg_get_userbyid(s.setrole), d.datname) END
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE c LIKE 'spyne.enforcement=%' AND split_part(c, '=', 2) <> 'enforce'
  AND (s.setdatabase = 0 OR d.datname = current_database())
UNION ALL
SELECT 'low', 'no preview required',
       coalesce((SELECT rolname FROM pg_roles WHERE oid = s.setrole), 'every role')::text,
       format('Nobody looks first at what this role sends%s.',
              CASE WHEN s.setdatabase <> 0 THEN format(' in database %I', d.datname) ELSE '' END),
       CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET spyne.require_preview;', d.datname)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET spyne.require_preview;', pg_get_userbyid(s.setrole))
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET spyne.require_preview;', pg_get_userbyid(s.setrole), d.datname) END
       || ' -- unless a service account is meant'
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE c = 'spyne.require_preview=off' AND (s.setdatabase = 0 OR d.datname = current_database())
UNION ALL
-- A setting that only a superuser may make is in force inside their function,
-- whoever calls it.
SELECT CASE WHEN c LIKE 'spyne.enforcement=%' THEN 'critical' ELSE 'high' END,
       'function with a setting below enforce', f.oid::regprocedure::text,
       format('It runs with %s, whoever calls it; its owner is %s.', c, f.proowner::regrole),
       format('ALTER FUNCTION %s RESET %s;', f.oid::regprocedure, split_part(c, '=', 1))
FROM pg_proc f, unnest(f.proconfig) c
WHERE (c LIKE 'spyne.enforcement=%' AND split_part(c, '=', 2) <> 'enforce')
   OR (c LIKE 'spyne.require_preview=%' AND split_part(c, '=', 2) = 'off')
   OR c = 'session_replication_role=replica'
UNION ALL
SELECT 'high', 'delegated setting', a.parname, format('%s may set it.', a.grantee::regrole),
       format('REVOKE SET ON PARAMETER %s FROM %s;', a.parname, a.grantee::regrole)
FROM (SELECT p.parname, (aclexplode(p.paracl)).grantee, (aclexplode(p.paracl)).privilege_type FROM pg_parameter_acl p) a
WHERE a.parname IN ('spyne.enforcement', 'spyne.rollback_window', 'spyne.require_preview', 'session_replication_role') AND a.privilege_type = 'SET' AND a.grantee <> 10
UNION ALL
SELECT 'medium', 'superuser can log in', p.rolname::text,
       'A superuser is bound by the state of a table, and can switch enforcement off or unload the library.',
       -- The one that initdb made stays a superuser.
       CASE p.oid WHEN 10 THEN format('ALTER ROLE %I NOLOGIN; -- between maintenance', p.rolname)
                  ELSE format('ALTER ROLE %I NOSUPERUSER; -- or NOLOGIN, between maintenance', p.rolname) END
FROM people p WHERE p.rolsuper AND p.rolcanlogin
UNION ALL
SELECT 'low', 'BYPASSRLS role can log in', p.rolname::text, 'Row security does not bind this role.',
       format('ALTER ROLE %I NOBYPASSRLS;', p.rolname)
FROM people p WHERE p.rolbypassrls AND p.rolcanlogin AND NOT p.rolsuper
UNION ALL
SELECT 'high', 'CREATEROLE can grant itself a spyne role', p.rolname::text,
       'Before PostgreSQL 16, CREATEROLE may grant membership in any role that is no superuser.',
       format('ALTER ROLE %I NOCREATEROLE;', p.rolname)
FROM people p WHERE p.rolcreaterole AND NOT p.rolsuper AND current_setting('server_version_num')::int < 160000
UNION ALL
-- Since PostgreSQL 16 ADMIN may come without the rights of the role, as it does
-- to whoever creates one with CREATEROLE.
SELECT 'high', 'may grant itself a spyne role', a.member::regrole::text,
       format('It has the ADMIN option on %s, and so may grant itself %s.', a.roleid::regrole, a.given),
       format('REVOKE ADMIN OPTION FOR %s FROM %s%s CASCADE;', a.roleid::regrole, a.member::regrole,
              CASE WHEN a.grantor <> 10 AND current_setting('server_version_num')::int >= 160000 THEN format(' GRANTED BY %s', a.grantor::regrole) END)
FROM (SELECT m.*, spyne.role_of(m.roleid) AS given FROM pg_auth_members m JOIN people p ON p.oid = m.member
      WHERE m.admin_option AND NOT p.rolsuper) a
WHERE a.given <> 'none' AND NOT pg_has_role(a.member, a.given, 'USAGE')
UNION ALL
SELECT 'high', 'member of spyne_views', m.member::regrole::text,
       'Views of this role can read governed tables on behalf of others.',
       format('REVOKE spyne_views FROM %s;', m.member::regrole)
FROM pg_auth_members m WHERE m.roleid = 'spyne_views'::regrole AND NOT EXISTS (SELECT FROM pg_roles s WHERE s.oid = m.member AND s.rolsuper)
UNION ALL
SELECT 'medium', 'owner of a governed table', g.shown,
       format('%s owns it, can log in, and may change its grants and triggers.', g.relowner::regrole),
       format('-- make a NOLOGIN role own it, then register it: spyne_unregister, ALTER TABLE %s OWNER TO ..., spyne_register', g.shown)
FROM governed g JOIN people p ON p.oid = g.relowner WHERE p.rolcanlogin AND NOT p.rolsuper
UNION ALL
SELECT 'medium', 'direct grant on a base table', x.shown,
       format('%s has %s on the table itself, and no spyne role.', x.grantee, string_agg(DISTINCT x.privilege, ', ' ORDER BY x.privilege)),
       format('REVOKE ALL ON %s FROM %s;', x.shown, x.grantee)
FROM (SELECT g.shown, g.relowner, a.grantee AS oid, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee,
             a.privilege_type AS privilege
      FROM governed g, aclexplode(g.relacl) a
      UNION ALL
      SELECT g.shown, g.relowner, a.grantee, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
             format('%s (%I)', a.privilege_type, t.attname)
      FROM governed g JOIN pg_attribute t ON t.attrelid = g.oid AND NOT t.attisdropped, aclexplode(t.attacl) a) x
WHERE x.oid <> x.relowner AND x.oid <> 'spyne_views'::regrole AND (x.oid = 0 OR spyne.role_of(x.oid) = 'none')
GROUP BY x.shown, x.grantee
UNION ALL
SELECT DISTINCT 'high', 'SECURITY DEFINER function', f.oid::regprocedure::text,
       format('It runs as %s, mentions %s, and others may call it.', f.proowner::regrole, g.shown),
       format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC; -- or ALTER FUNCTION %s SECURITY INVOKER;', f.oid::regprocedure, f.oid::regprocedure)
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace, governed g
WHERE f.prosecdef AND spyne.role_of(f.proowner) <> 'none'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
  AND (f.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(f.proacl) x WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> f.proowner))
  AND (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.oid)
       -- Its source names the table: a word of its own, quoted or not.
       OR lower(f.prosrc) ~ ('(^|[^[:alnum:]_$])'
           || regexp_replace(lower((SELECT relname FROM pg_class WHERE oid = g.oid)), '([^[:alnum:]_])', '\\\1', 'g')
           || '($|[^[:alnum:]_$])'))
UNION ALL
SELECT 'critical', 'disabled or missing guard trigger', g.shown,
       'Where the library is not preloaded, nothing holds the write rules of this table.',
       format('-- as a superuser: SELECT * FROM spyne_unregister(%L, ''guards'', override => true); then register it again', g.shown)
FROM governed g WHERE g.relkind IN ('r', 'p', 'f') AND NOT spyne.guarded(g.oid)
UNION ALL
SELECT 'critical', 'disabled event trigger', e.evtname::text,
       'Where the library is not preloaded, DDL on governed tables goes unseen.',
       format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
FROM pg_event_trigger e WHERE e.evtname IN ('spyne_guard_drop', 'spyne_guard_ddl', 'spyne_guard_rewrite') AND e.evtenabled <> 'A'
UNION ALL
SELECT 'high', 'subscription writes to a governed table', format('%I', s.subname),
       format('It writes to %s (%s) past the executor; in READ_ONLY and DEPRECATED its guard refuses.', g.shown, g.state),
       format('ALTER SUBSCRIPTION %I DISABLE;', s.subname)
FROM pg_subscription s JOIN pg_subscription_rel r ON r.srsubid = s.oid JOIN governed g ON g.oid = r.srrelid
UNION ALL
SELECT 'low', 'table that is not governed beside tables that are', format('%I.%I', n.nspname, c.relname),
       'Nothing is checked on it.',
       format('SELECT * FROM spyne_register(%L);', format('%I.%I', n.nspname, c.relname))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
  AND (n.nspname = 'spyne_shadow' OR EXISTS (SELECT FROM pg_class o JOIN governed g ON g.oid = o.oid WHERE o.relnamespace = c.relnamespace))
  AND NOT EXISTS (SELECT FROM governed g WHERE g.oid = c.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'high', 'governed table is gone', t.logical_name,
       format('%s %s was dropped while nothing was enforced; a new table could get its OID and its state.', t.logical_name, t.version),
       format('SELECT * FROM spyne_unregister(%s::oid::regclass, ''dropped'', override => true);', t.relation::oid)
FROM spyne.tables t WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation)
UNION ALL
SELECT 'medium', 'no governed view', g.logical_name, format('%s is %s, and governed.%I is missing.', g.shown, g.state, g.logical_name),
       format('SELECT * FROM spyne_unregister(%L, ''view lost''); -- and register it again', g.shown)
FROM governed g
WHERE g.state <> 'SHADOW' AND NOT EXISTS (
    SELECT FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
    WHERE n.nspname = 'governed' AND v.relkind = 'v' AND v.relname = g.logical_name)
UNION ALL
SELECT 'high', 'planted governed view', format('governed.%I', v.relname),
       'It is not owned by spyne_views, or does not read a version of the table it is named for.',
       format('SET spyne.enforcement = off; DROP VIEW governed.%I; RESET spyne.enforcement; -- then unregister and register the table', v.relname)
FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE n.nspname = 'governed' AND v.relkind = 'v'
  AND (v.relowner <> 'spyne_views'::regrole OR NOT EXISTS (
      SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
      JOIN governed g ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.oid
      WHERE r.ev_class = v.oid AND g.logical_name = v.relname AND g.state <> 'SHADOW'))
UNION ALL
SELECT * FROM spyne.citus_gaps()
$$;

CREATE FUNCTION spyne_coverage()
RETURNS SETOF spyne.gap
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM spyne.require_role('spyne_engineer', 'see the ways around governance');
    RETURN QUERY SELECT f.severity, f.gap, f.object, f.detail, f.remedy FROM spyne.find_gaps() f
    ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], f.severity), f.gap, f.object, f.detail;
END
$$;
