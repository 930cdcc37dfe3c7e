-- What a table is, as one value: read once, then planned on by pure functions.
-- All of it comes from the system catalogs: no user's table is read and no
-- user's function is called, since promotion runs this with elevated rights.

-- The shape of a table: what table_versions keeps. In PL/pgSQL, which keeps its
-- plan for the session: each preview asks for each of its tables.
CREATE FUNCTION spyne.schema_snapshot(relation oid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
-- All that texts of types and expressions hang on: a shape is the same to everybody.
SET quote_all_identifiers = off SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
SET bytea_output = 'hex' SET extra_float_digits = 1 SET standard_conforming_strings = on AS $$
BEGIN RETURN jsonb_build_object(
    'columns', (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'attnum', a.attnum, 'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'facts', CASE WHEN a.atttypid >= 16384 THEN spyne.type_facts(a.atttypid) END,
                   -- From 18 on a NOT NULL is a constraint, and one that is NOT VALID proves nothing of the rows that are there.
                   'not_null', a.attnotnull AND nn.convalidated IS NOT FALSE,
                   'not_null_constraint', CASE WHEN nn.oid IS NOT NULL THEN jsonb_build_object('name', nn.conname)
                       || CASE WHEN nn.convalidated THEN '{}' ELSE '{"not_valid": true}'::jsonb END
                       || CASE WHEN nn.connoinherit THEN '{"no_inherit": true}'::jsonb ELSE '{}' END
                       || CASE WHEN nn.coninhcount > 0 THEN '{"inherited": true}'::jsonb ELSE '{}' END END,
                   'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                   'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                   'virtual', CASE WHEN a.attgenerated = 'v' THEN true END,
                   'identity', nullif(a.attidentity, ''),
                   'collation', CASE WHEN a.attcollation <> t.typcollation THEN format('%I.%I', cn.nspname, c.collname) END,
                   -- What stays the same where only a name is another: within one database.
                   'marks', jsonb_build_object(
                       'type', concat_ws('/', a.atttypid, a.atttypmod), 'collation', a.attcollation::bigint,
                       'expression', md5(d.adbin::text))))
                   ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_constraint nn ON nn.conrelid = relation AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
        LEFT JOIN (pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace) ON c.oid = a.attcollation
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped),
    'constraints', (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(x.item) ORDER BY x.item ->> 'name'), '[]') FROM (
            SELECT jsonb_build_object(
                       'name', n.conname, 'kind', n.contype, 'definition', pg_get_constraintdef(n.oid),
                       'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
                                   FROM unnest(n.conkey) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = k.attnum),
                       'mark', md5(n.conbin::text),
                       'refers', CASE WHEN n.contype = 'f' THEN n.confrelid::oid || n.confkey::text END) AS item
            FROM pg_constraint n WHERE n.conrelid = relation AND n.contype IN ('p', 'u', 'f', 'c', 'x')
            UNION ALL
            -- What is unique without a constraint is a key all the same. The
            -- definition is what follows the name of the table.
            SELECT jsonb_build_object(
                       'name', c.relname, 'kind', 'i',
                       'definition', substr(pg_get_indexdef(i.indexrelid), strpos(pg_get_indexdef(i.indexrelid), format(' USING %s (', m.amname))),
                       'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k.place), '[]')
                                   FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                                   WHERE k.place <= i.indnkeyatts))
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid
              AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = i.indexrelid AND n.contype IN ('p', 'u', 'x'))) x),
    'partition_key', pg_get_partkeydef(relation));
END
$$;

-- What a type that is none of Postgres's own consists of: see
-- core::drift::types. NULL for the others, and below 6 levels: what is nested
-- twice at each level would double with each.
CREATE FUNCTION spyne.type_facts(wanted oid, depth integer DEFAULT 0) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
    SELECT CASE
        WHEN t.oid < 16384 OR depth > 6 THEN NULL
        WHEN t.typtype = 'e' THEN jsonb_build_object('enum',
            (SELECT coalesce(jsonb_agg(e.enumlabel ORDER BY e.enumsortorder), '[]') FROM pg_enum e WHERE e.enumtypid = t.oid))
        WHEN t.typtype = 'd' THEN jsonb_build_object('domain', jsonb_build_object(
            'base', jsonb_build_object('type', format_type(t.typbasetype, t.typtypmod), 'facts', spyne.type_facts(t.typbasetype, depth + 1)),
            'not_null', t.typnotnull, 'default', t.typdefault,
            'checks', (SELECT coalesce(jsonb_agg(pg_get_constraintdef(n.oid) ORDER BY n.conname), '[]')
                       FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'c')))
        WHEN t.typtype = 'c' THEN jsonb_build_object('composite',
            (SELECT coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                        'facts', spyne.type_facts(a.atttypid, depth + 1)) ORDER BY a.attnum), '[]')
             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
        WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN jsonb_build_object('array',
            jsonb_build_object('type', format_type(t.typelem, -1), 'facts', spyne.type_facts(t.typelem, depth + 1)))
    END FROM pg_type t WHERE t.oid = wanted);
END
$$;

-- The columns of a table that an object names.
CREATE FUNCTION spyne.columns_used(relation oid, class oid, object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(DISTINCT a.attname), '[]')
FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = class AND d.objid = object AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
  AND d.refobjsubid > 0
$$;

-- The schemas that a role may not use and that an object has something of, or is
-- in: whoever makes it again has to name what is in them.
CREATE FUNCTION spyne.closed_schemas(owner oid, home oid, class oid, object oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH named (schema) AS (
    SELECT home
    UNION SELECT c.relnamespace FROM pg_depend d JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object
    UNION SELECT p.pronamespace FROM pg_depend d JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object
    UNION SELECT t.typnamespace FROM pg_depend d JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
          WHERE d.classid = class AND d.objid = object)
SELECT coalesce(jsonb_agg(n.nspname ORDER BY n.nspname), '[]')
FROM named JOIN pg_namespace n ON n.oid = named.schema
WHERE NOT has_schema_privilege(owner, n.oid, 'USAGE')
$$;

-- Everything that takes a table's place, or keeps another from taking it.
CREATE FUNCTION spyne.describe(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'owner', pg_get_userbyid(c.relowner),
    'is_partition', c.relispartition,
    'estimated_rows', CASE WHEN c.relpages = 0 AND pg_relation_size(c.oid) = 0 THEN 0
                           WHEN c.reltuples >= 0 THEN c.reltuples END,
    'shape', spyne.schema_snapshot(c.oid),
    'row_security', c.relrowsecurity, 'force_row_security', c.relforcerowsecurity,
    'replica_identity', c.relreplident,
    'comment', obj_description(c.oid, 'pg_class'),
    'column_comments', (
        SELECT coalesce(jsonb_object_agg(a.attname, d.description), '{}')
        FROM pg_description d JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
        WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid > 0 AND NOT a.attisdropped),
    'grants', (
        SELECT coalesce(jsonb_agg(g ORDER BY g ->> 'column', g ->> 'grantee', g ->> 'privilege'), '[]')
        FROM (SELECT jsonb_build_object('grantee', CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END,
                                        'privilege', x.privilege_type, 'grantable', x.is_grantable, 'column', NULL) AS g
              FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
              UNION ALL
              SELECT jsonb_build_object('grantee', CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END,
                                        'privilege', x.privilege_type, 'grantable', x.is_grantable, 'column', a.attname)
              FROM pg_attribute a, aclexplode(a.attacl) x
              WHERE a.attrelid = c.oid AND NOT a.attisdropped AND x.grantee <> c.relowner) s),
    'policies', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', p.polname, 'permissive', p.polpermissive,
                   'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                   'roles', (SELECT jsonb_agg(CASE r WHEN 0 THEN NULL ELSE pg_get_userbyid(r) END) FROM unnest(p.polroles) r),
                   'using', pg_get_expr(p.polqual, p.polrelid),
                   'with_check', pg_get_expr(p.polwithcheck, p.polrelid),
                   'uses', spyne.columns_used(c.oid, 'pg_policy'::regclass, p.oid),
                   'closed', spyne.closed_schemas(c.relowner, c.relnamespace, 'pg_policy'::regclass, p.oid)) ORDER BY p.polname), '[]')
        FROM pg_policy p WHERE p.polrelid = c.oid),
    'publications', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', p.pubname,
                   'columns', (SELECT jsonb_agg(a.attname ORDER BY k.ord)
                               FROM unnest(r.prattrs::int2[]) WITH ORDINALITY k(attnum, ord)
                               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum),
                   'filter', pg_get_expr(r.prqual, r.prrelid), 'via_root', p.pubviaroot,
                   'uses', spyne.columns_used(c.oid, 'pg_publication_rel'::regclass, r.oid)) ORDER BY p.pubname), '[]')
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid),
    -- Names that live in the table's schema and move with it.
    'indexes', (
        SELECT coalesce(jsonb_agg(i.relname ORDER BY i.relname), '[]')
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
    -- What a foreign key of another table may refer to.
    'keys', (
        SELECT coalesce(jsonb_agg((SELECT jsonb_agg(a.attname ORDER BY k.place)
                                   FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                                   WHERE k.place <= x.indnkeyatts)), '[]')
        FROM pg_index x
        WHERE x.indrelid = c.oid AND c.relkind IN ('r', 'p') AND x.indisunique AND NOT x.indisexclusion AND x.indimmediate AND x.indisvalid
          AND x.indpred IS NULL AND x.indexprs IS NULL),
    -- The same for a foreign key over periods: keys that end with WITHOUT OVERLAPS.
    'period_keys', (
        SELECT coalesce(jsonb_agg((SELECT jsonb_agg(a.attname ORDER BY k.place)
                                   FROM unnest(n.conkey) WITH ORDINALITY k(attnum, place)
                                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum)), '[]')
        FROM pg_constraint n
        WHERE n.conrelid = c.oid AND n.contype IN ('p', 'u') AND NOT n.condeferrable AND (to_jsonb(n) ->> 'conperiod') = 'true'),
    'sequences', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', s.relname, 'column', a.attname, 'identity', d.deptype = 'i',
                   'last_value', pg_sequence_last_value(s.oid)) ORDER BY s.relname), '[]')
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = c.oid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')),
    'triggers', (
        SELECT coalesce(jsonb_agg(t.tgname ORDER BY t.tgname), '[]')
        FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgfoid <> 'spyne.guard()'::regprocedure),
    'children', (SELECT count(*) FROM pg_inherits h WHERE h.inhparent = c.oid AND c.relkind <> 'p'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = relation
$$;

-- What points at a table and would go on pointing at it after a swap.
CREATE FUNCTION spyne.dependents(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH rewritten AS (
    SELECT v.oid, v.relname, v.relkind, v.relnamespace, n.nspname, v.reloptions, v.relowner, r.rulename, r.ev_type, r.oid AS rule,
           coalesce(jsonb_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS uses
    FROM pg_depend d
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = v.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.deptype = 'n'
      AND v.oid <> relation
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
SELECT coalesce(jsonb_agg(x.item ORDER BY x.item ->> 'kind', x.item ->> 'schema', x.item ->> 'name'), '[]')
FROM (
    SELECT jsonb_build_object('kind', 'foreign key', 'schema', n.nspname, 'name', c.relname,
               'constraint', k.conname, 'definition', pg_get_constraintdef(k.oid),
               'uses', (SELECT jsonb_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (k.confkey)),
               -- The column over whose periods it refers.
               'period', CASE WHEN (to_jsonb(k) ->> 'conperiod') = 'true' THEN
                   (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = k.confkey[cardinality(k.confkey)]) END,
               -- Where no foreign key can be NOT VALID.
               'partitioned', c.relkind = 'p' AND current_setting('server_version_num')::integer < 180000, 'self', k.conrelid = relation) AS item
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.confrelid = relation AND k.conparentid = 0 AND k.conrelid <> relation
    UNION ALL
    SELECT jsonb_build_object('kind', 'view', 'schema', w.nspname, 'name', w.relname,
               'definition', pg_get_viewdef(w.oid), 'uses', w.uses, 'options', to_jsonb(w.reloptions),
               'owner', pg_get_userbyid(w.relowner), 'can_create', has_schema_privilege(w.relowner, w.relnamespace, 'CREATE'),
               'closed', spyne.closed_schemas(w.relowner, w.relnamespace, 'pg_rewrite'::regclass, w.rule))
    FROM rewritten w
    WHERE w.relkind = 'v' AND w.ev_type = '1'
      AND NOT (w.nspname = 'governed' AND w.relowner = 'spyne_views'::regrole)
    UNION ALL
    SELECT jsonb_build_object('kind', 'materialized view', 'schema', w.nspname, 'name', w.relname,
               'definition', pg_get_viewdef(w.oid), 'uses', w.uses, 'options', to_jsonb(w.reloptions),
               'owner', pg_get_userbyid(w.relowner), 'can_create', has_schema_privilege(w.relowner, w.relnamespace, 'CREATE'),
               'closed', spyne.closed_schemas(w.relowner, w.relnamespace, 'pg_rewrite'::regclass, w.rule),
               'comment', obj_description(w.oid, 'pg_class'),
               'indexes', (SELECT coalesce(jsonb_agg(pg_get_indexdef(i.indexrelid)), '[]') FROM pg_index i WHERE i.indrelid = w.oid),
               'grants', spyne.describe(w.oid) -> 'grants',
               'used_by', (SELECT count(*) FROM pg_depend u JOIN pg_rewrite r ON u.classid = 'pg_rewrite'::regclass AND r.oid = u.objid
                           WHERE u.refclassid = 'pg_class'::regclass AND u.refobjid = w.oid AND r.ev_class <> w.oid))
    FROM rewritten w WHERE w.relkind = 'm'
    UNION ALL
    SELECT jsonb_build_object('kind', 'rule', 'schema', w.nspname, 'name', w.relname, 'constraint', w.rulename)
    FROM rewritten w WHERE w.ev_type <> '1'
    UNION ALL
    SELECT DISTINCT jsonb_build_object('kind', 'function', 'schema', n.nspname, 'name', p.proname)
    FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
    UNION ALL
    SELECT DISTINCT jsonb_build_object('kind', 'policy', 'schema', n.nspname, 'name', c.relname, 'constraint', y.polname)
    FROM pg_depend d JOIN pg_policy y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
    JOIN pg_class c ON c.oid = y.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND y.polrelid <> relation
) x
$$;

-- The relations that a takeover locks, as a jsonb array in the order of locking:
-- views before tables, since readers come through a view to its table, and
-- younger views first, since a view is made after those it reads. One order for
-- all takeovers keeps two of them from waiting for each other. Nothing here may
-- lock anything itself, as pg_get_viewdef would.
CREATE FUNCTION spyne.takeover_locks(name text, incoming oid, outgoing oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH wanted (oid) AS (
    VALUES (incoming), (outgoing)
    UNION
    SELECT k.conrelid FROM pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid = outgoing AND k.conparentid = 0
    UNION
    SELECT r.ev_class
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = outgoing AND d.deptype = 'n' AND r.ev_type = '1'
    UNION
    SELECT to_regclass('governed.' || quote_ident(name))::oid)
SELECT coalesce(jsonb_agg(c.oid::bigint ORDER BY c.relkind <> 'v', CASE c.relkind WHEN 'v' THEN -(c.oid::bigint) ELSE c.oid::bigint END), '[]')
FROM wanted w JOIN pg_class c ON c.oid = w.oid
$$;

-- The tables and materialized views with a column of a type, or of one made of
-- it: a domain over it, its array, a range of it, a composite that has it; and
-- those that are declared as OF it.
CREATE FUNCTION spyne.relations_of_type(wanted oid) RETURNS TABLE (relation oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE made (oid) AS (
    SELECT wanted
    UNION
    SELECT x.oid FROM made m CROSS JOIN LATERAL (
        SELECT t.oid FROM pg_type t WHERE t.typbasetype = m.oid OR (t.typelem = m.oid AND t.typcategory = 'A')
        UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngsubtype = m.oid
        UNION ALL SELECT r.rngmultitypid FROM pg_range r WHERE r.rngtypid = m.oid
        UNION ALL SELECT c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                  WHERE a.atttypid = m.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0) x)
SELECT c.oid FROM made m JOIN pg_class c ON c.reloftype = m.oid
UNION
SELECT a.attrelid
FROM made m JOIN pg_attribute a ON a.atttypid = m.oid JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm')
$$;
