-- Run once, by a superuser, before the files of sql/: what they share. Roles
-- belong to the cluster, so they are made here and nowhere else; each file
-- makes its own schema and takes it away again.

-- One login role for each spyne role, and one that owns tables.
CREATE ROLE regress_nobody LOGIN;
CREATE ROLE regress_viewer LOGIN IN ROLE spyne_viewer;
CREATE ROLE regress_analyst LOGIN IN ROLE spyne_analyst;
CREATE ROLE regress_engineer LOGIN IN ROLE spyne_engineer;
CREATE ROLE regress_admin LOGIN IN ROLE spyne_admin;
CREATE ROLE regress_owner LOGIN IN ROLE spyne_engineer;
-- Owns tables, and has no spyne role.
CREATE ROLE regress_stranger LOGIN;

-- Extensions that can be turned against the database they are in, where the
-- server has them.
SELECT format('CREATE EXTENSION %I', name) FROM pg_available_extensions WHERE name IN ('dblink', 'postgres_fdw') ORDER BY name \gexec

-- Helpers. They are no part of spyne.
CREATE SCHEMA regress;
GRANT USAGE ON SCHEMA regress TO PUBLIC;

-- Makes a schema with one table in each state: ro, act, dep and sha, each with
-- the rows (1, a) and (2, b), owned by regress_owner, and open to everybody as
-- far as Postgres's own privileges go: what refuses is spyne. The logical names
-- are those of the tables with the schema in front.
CREATE PROCEDURE regress.make(target text, owner text DEFAULT 'regress_owner')
LANGUAGE plpgsql AS $$
DECLARE
    made text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', target);
    EXECUTE format('GRANT ALL ON SCHEMA %I TO PUBLIC', target);
    FOREACH made IN ARRAY ARRAY['ro', 'act', 'dep', 'sha'] LOOP
        EXECUTE format('CREATE TABLE %I.%I (id integer PRIMARY KEY, v text)', target, made);
        EXECUTE format('INSERT INTO %I.%I VALUES (1, ''a''), (2, ''b'')', target, made);
        EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', target, made, owner);
        PERFORM spyne_register(format('%I.%I', target, made)::regclass, target || '_' || made,
                               CASE made WHEN 'ro' THEN 'READ_ONLY' ELSE 'SHADOW' END, owner::regrole);
        IF made IN ('act', 'dep') THEN
            PERFORM spyne_promote(format('%I.%I', target, made)::regclass);
        END IF;
        IF made = 'dep' THEN
            PERFORM spyne_deprecate(format('%I.%I', target, made)::regclass, 'test');
        END IF;
        EXECUTE format('GRANT ALL ON %I.%I TO PUBLIC', target, made);
    END LOOP;
END
$$;

-- What is in the tables of a schema, and their states: whatever the caller may
-- read, and whatever is deprecated.
CREATE FUNCTION regress.contents(target text)
RETURNS TABLE ("table" text, state text, contents text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET spyne.include_deprecated = on AS $$
BEGIN
    FOR "table", state, contents IN
        SELECT c.relname, coalesce(t.state, ''), c.oid::regclass
        FROM pg_class c LEFT JOIN spyne.tables t ON t.relation = c.oid
        WHERE c.relnamespace = to_regnamespace(quote_ident(target)) AND c.relkind IN ('r', 'p', 'm', 'f')
          AND (c.relkind <> 'm' OR c.relispopulated)
        ORDER BY c.relname COLLATE "C"
    LOOP
        EXECUTE format('SELECT coalesce(string_agg(x::text, '' '' ORDER BY x::text COLLATE "C"), ''empty'') FROM %s x', contents) INTO contents;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Every error of a statement, with the times in it made equal.
CREATE FUNCTION regress.attempt(statement text)
RETURNS TABLE (field text, says text)
LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN QUERY VALUES ('outcome', 'it went through');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN QUERY SELECT f, regexp_replace(s, '\d{4}-\d\d-\d\d \d\d:\d\d(:[\d.]+)?', '<time>', 'g')
                 FROM (VALUES (1, 'SQLSTATE', code), (2, 'message', message), (3, 'detail', detail), (4, 'hint', hint)) x(n, f, s) ORDER BY n;
END
$$;

-- Ends governance of whatever a schema or spyne_shadow holds, drops the schema,
-- and closes ingestion.
CREATE PROCEDURE regress.remove(target text)
LANGUAGE plpgsql AS $$
DECLARE
    governed regclass;
BEGIN
    PERFORM set_config('client_min_messages', 'warning', true);
    FOR governed IN
        SELECT t.relation FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation
        WHERE c.relnamespace::regnamespace::text IN (quote_ident(target), 'spyne_shadow') ORDER BY t.created_at DESC, t.version DESC
    LOOP
        PERFORM spyne_unregister(governed, 'end of the test', override => true);
    END LOOP;
    FOR governed IN SELECT oid FROM pg_class WHERE relnamespace = 'spyne_shadow'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
        EXECUTE format('DROP TABLE %s CASCADE', governed);
    END LOOP;
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
    IF spyne_system_mode() <> 'READ_ONLY' THEN
        PERFORM spyne_set_system_mode('READ_ONLY', 'end of the test');
    END IF;
END
$$;
