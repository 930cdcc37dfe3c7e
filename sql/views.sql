-- Views and functions that are SQL and nothing else, and the triggers that
-- keep the catalog what it says it is.

-- Every back end looks again when governance changes, whoever changed it.
CREATE TRIGGER notice AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spyne.tables
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.notice();
ALTER TABLE spyne.tables ENABLE ALWAYS TRIGGER notice;
COMMENT ON TRIGGER notice ON spyne.tables IS 'Tells every session that governance has changed';
CREATE TRIGGER notice AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON spyne.system_config
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.notice();
ALTER TABLE spyne.system_config ENABLE ALWAYS TRIGGER notice;
COMMENT ON TRIGGER notice ON spyne.system_config IS 'Tells every session that the system mode has changed';

-- The history is append-only for everybody.
CREATE FUNCTION spyne.append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'cannot change %.%: it is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              DETAIL = 'What happened stays on record, for administrators too.',
              HINT = 'Add what you have to say as the reason of the next change.';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON spyne.table_state_history
    FOR EACH STATEMENT EXECUTE FUNCTION spyne.append_only();
ALTER TABLE spyne.table_state_history ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON spyne.table_state_history IS 'Rows are added, never changed';

CREATE VIEW spyne.state_properties AS
SELECT state, meaning, queryable, writable, visible, auto_joined, becomes, registrable FROM spyne.state_rules();
COMMENT ON VIEW spyne.state_properties IS 'What each table state means and allows, and what it can become';

CREATE VIEW spyne.role_permissions AS
SELECT role, query, create_contracts, ingest, promote, deprecate, view_shadow FROM spyne.role_rules();
COMMENT ON VIEW spyne.role_permissions IS 'What each role may do. Fixed: people are managed with GRANT and REVOKE';

CREATE VIEW spyne.rules AS
SELECT rule, sqlstate, refused, place FROM spyne.access_rules();
COMMENT ON VIEW spyne.rules IS 'The rules by which statements, DDL and calls are refused';

CREATE VIEW spyne.drift_severities AS
SELECT change_type, severity, change, because FROM spyne.drift_rules();
COMMENT ON VIEW spyne.drift_severities IS 'How bad each kind of change is, and why';

-- These show what a function returns, and say of the columns what its row
-- type says.
DO $comments$
DECLARE
    said record;
BEGIN
    FOR said IN
        SELECT shown.name, a.attname, pg_catalog.col_description(a.attrelid, a.attnum) AS comment
        FROM (VALUES ('spyne.state_properties', 'spyne.state_rule'), ('spyne.role_permissions', 'spyne.role_rule'),
                     ('spyne.rules', 'spyne.access_rule'), ('spyne.drift_severities', 'spyne.drift_rule')) shown (name, row_type)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = shown.row_type::pg_catalog.regclass::pg_catalog.oid AND a.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', said.name, said.attname, said.comment);
    END LOOP;
END
$comments$;

-- Who has which role, and how: the shortest chain of memberships that leads
-- from the login role to the spyne role, of those whose rights are inherited.
-- Before PostgreSQL 16 the member says whether it inherits; since then each
-- membership does, in a column that earlier majors have not.
CREATE VIEW spyne.users AS
WITH RECURSIVE memberships AS (
    SELECT r.oid AS user_oid, r.rolname AS user_name, r.oid AS role_oid,
           pg_catalog.quote_ident(r.rolname) AS via, r.rolinherit AS inherits, 0 AS steps
    FROM pg_catalog.pg_roles r WHERE r.rolcanlogin
    UNION ALL
    SELECT m.user_oid, m.user_name, g.oid, m.via OPERATOR(pg_catalog.||) ' -> ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(g.rolname),
           g.rolinherit, m.steps OPERATOR(pg_catalog.+) 1
    FROM memberships m
    JOIN pg_catalog.pg_auth_members a ON a.member OPERATOR(pg_catalog.=) m.role_oid
    JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) a.roleid
    WHERE m.steps OPERATOR(pg_catalog.<) 20
      AND coalesce((pg_catalog.to_jsonb(a) OPERATOR(pg_catalog.->>) 'inherit_option')::boolean, m.inherits))
SELECT u.rolname AS user_name,
       spyne.role_of(u.oid) AS spyne_role,
       CASE WHEN u.rolsuper THEN 'superuser'
            ELSE (SELECT m.via FROM memberships m
                  JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) m.role_oid
                  WHERE m.user_oid OPERATOR(pg_catalog.=) u.oid AND g.rolname::text OPERATOR(pg_catalog.=) spyne.role_of(u.oid)
                  ORDER BY m.steps LIMIT 1)
       END AS how
FROM pg_catalog.pg_roles u
WHERE u.rolcanlogin;
COMMENT ON VIEW spyne.users IS 'Login roles, their spyne role, and how they got it';
COMMENT ON COLUMN spyne.users.user_name IS 'The login role';
COMMENT ON COLUMN spyne.users.spyne_role IS 'The highest spyne role it has the rights of, or none';
COMMENT ON COLUMN spyne.users.how IS 'superuser, or the chain of memberships that leads to the role';

CREATE FUNCTION spyne_whoami() RETURNS SETOF spyne.caller
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT CURRENT_USER, SESSION_USER, r.spyne_role,
           coalesce(p.query, false), coalesce(p.create_contracts, false), coalesce(p.ingest, false),
           coalesce(p.promote, false), coalesce(p.deprecate, false), coalesce(p.view_shadow, false)
    FROM (SELECT spyne.role_of(u.oid) AS spyne_role FROM pg_catalog.pg_roles u WHERE u.rolname = CURRENT_USER) r
    LEFT JOIN spyne.role_rules() p ON p.role = r.spyne_role;
END;

CREATE FUNCTION spyne_table_state(relation regclass) RETURNS SETOF spyne.table_state
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT t.relation, t.logical_name, t.state, t.version, t.owner, t.supersedes,
           p.queryable, p.writable, t.created_at, t.updated_at, t.deprecated_at, t.deprecated_by, t.sunset_at
    FROM spyne.tables t JOIN spyne.state_rules() p ON p.state = t.state
    WHERE t.relation::oid = (SELECT spyne.governing($1))::oid;
END;

-- The tables that the running command has created or altered, for the event
-- trigger: by themselves, by what belongs to them, by a type of theirs, along
-- with a parent.
CREATE FUNCTION spyne.altered_tables() RETURNS SETOF oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command record;
    found oid[] := '{}';
BEGIN
    FOR command IN SELECT d.classid, d.objid, d.command_tag FROM pg_event_trigger_ddl_commands() d LOOP
        CASE command.classid
            WHEN 'pg_class'::regclass THEN
                CASE (SELECT c.relkind FROM pg_class c WHERE c.oid = command.objid)
                    WHEN 'i', 'I' THEN
                        found := found || (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = command.objid);
                    WHEN 'c' THEN
                        found := found || ARRAY(SELECT r.relation FROM pg_class c, spyne.relations_of_type(c.reltype) r WHERE c.oid = command.objid);
                    ELSE
                        found := found || command.objid
                            -- Those that have its rows in a column.
                            || ARRAY(SELECT r.relation FROM pg_class c JOIN pg_type t ON t.oid = c.reltype, spyne.relations_of_type(c.reltype) r
                                     WHERE c.oid = command.objid
                                       AND EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
                                                     AND d.classid = 'pg_class'::regclass AND d.objsubid <> 0));
                END CASE;
            WHEN 'pg_trigger'::regclass THEN
                found := found || (SELECT g.tgrelid FROM pg_trigger g WHERE g.oid = command.objid);
            WHEN 'pg_constraint'::regclass THEN
                found := found || (SELECT nullif(k.conrelid, 0) FROM pg_constraint k WHERE k.oid = command.objid)
                    || ARRAY(SELECT r.relation FROM pg_constraint k, spyne.relations_of_type(k.contypid) r
                             WHERE k.oid = command.objid AND k.contypid <> 0);
            WHEN 'pg_type'::regclass THEN
                -- Nothing uses a type that is new.
                IF command.command_tag LIKE 'ALTER%' THEN
                    found := found || ARRAY(SELECT r.relation FROM spyne.relations_of_type(command.objid) r);
                END IF;
            ELSE
        END CASE;
    END LOOP;
    RETURN QUERY
        WITH RECURSIVE tree (oid) AS (
            SELECT unnest(found)
            UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree t ON h.inhparent = t.oid)
        SELECT t.oid FROM tree t JOIN pg_class c ON c.oid = t.oid WHERE c.relkind IN ('r', 'p', 'f', 'm');
END
$$;

-- The tables that lose a column, a default or a constraint by the running
-- command, or an attribute of a type of theirs: for the event trigger.
CREATE FUNCTION spyne.tables_with_losses() RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE
           WHEN d.object_type IN ('default value', 'table constraint')
               THEN to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))::oid
           WHEN d.classid = 'pg_class'::regclass AND d.objsubid <> 0 THEN d.objid END
FROM pg_event_trigger_dropped_objects() d
UNION
SELECT r.relation
FROM pg_event_trigger_dropped_objects() d JOIN pg_class c ON c.oid = d.objid AND c.reltype <> 0
CROSS JOIN LATERAL spyne.relations_of_type(c.reltype) r
WHERE d.classid = 'pg_class'::regclass AND d.objsubid <> 0
$$;
