-- Every object that belongs to the extension has a comment: \d+ and \df+ are the
-- first documentation a DBA reads. Each query returns no rows.
\pset tuples_only on
CREATE TEMPORARY VIEW members AS SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid WHERE e.extname = 'spyne' AND d.deptype = 'e';
-- The extension, and its members: schemas, tables, views, sequences, functions, types, casts, operators, event triggers.
SELECT extname FROM pg_extension e WHERE extname = 'spyne' AND obj_description(oid, 'pg_extension') IS NULL;
-- The row type of a table and its array type are described by the table, and the array type of a composite type by that type.
SELECT object FROM members m WHERE obj_description(m.objid, m.classid::regclass::name) IS NULL
    AND NOT (m.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                                                         WHERE t.oid = m.objid AND (c.relkind <> 'c' OR t.typelem <> 0))) ORDER BY object;
-- Columns of tables, views and composite types.
SELECT object || '.' || a.attname FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
    OR m.classid = 'pg_type'::regclass AND c.reltype = m.objid AND c.relkind = 'c' JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'v', 'p', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NULL ORDER BY 1;
-- Rows that people are given are of these types, or one value.
SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE p.proname LIKE 'spyne\_%' AND p.proretset AND p.prorettype = 'record'::regtype ORDER BY 1;
-- Triggers and row-security policies.
SELECT t.tgrelid::regclass, t.tgname FROM members m JOIN pg_trigger t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid
WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL ORDER BY 1, 2;
SELECT p.polrelid::regclass, p.polname FROM members m JOIN pg_policy p ON m.classid = 'pg_class'::regclass AND p.polrelid = m.objid
WHERE obj_description(p.oid, 'pg_policy') IS NULL ORDER BY 1, 2;
-- Indexes that hold an invariant: those that no constraint made.
SELECT i.indexrelid::regclass FROM members m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) AND obj_description(i.indexrelid, 'pg_class') IS NULL ORDER BY 1;
-- Roles.
SELECT rolname FROM pg_roles WHERE rolname LIKE 'spyne\_%' AND shobj_description(oid, 'pg_authid') IS NULL ORDER BY 1;
-- Settings have a short and a long description.
SELECT name FROM pg_settings WHERE name LIKE 'spyne.%' AND (short_desc IS NULL OR coalesce(extra_desc, '') = '') ORDER BY 1;
-- The governed view of a governed table is described too.
CALL regress.make('com_obj');
SELECT relname FROM pg_class WHERE oid = 'governed.com_obj_ro'::regclass AND obj_description(oid, 'pg_class') IS NULL;
CALL regress.remove('com_obj');
