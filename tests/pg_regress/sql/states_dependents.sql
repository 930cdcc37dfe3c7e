-- What hangs on an address when its version changes: carried over with the
-- address, or listed one by one as blockers and moved with dependents => 'repoint'.
CREATE SCHEMA st_deps;
GRANT ALL ON SCHEMA st_deps TO PUBLIC;
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
CREATE TABLE st_deps.t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code serial, v text UNIQUE);
INSERT INTO st_deps.t (v) VALUES ('a'), ('b'), ('c');
COMMENT ON TABLE st_deps.t IS 'the address';
COMMENT ON COLUMN st_deps.t.v IS 'the value';
ALTER TABLE st_deps.t OWNER TO regress_owner;
GRANT SELECT ON st_deps.t TO regress_viewer, regress_analyst WITH GRANT OPTION;
GRANT UPDATE (v) ON st_deps.t TO regress_engineer;
ALTER TABLE st_deps.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE POLICY readers ON st_deps.t FOR SELECT TO regress_viewer, regress_owner USING (v <> 'b');
CREATE POLICY writers ON st_deps.t AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (v <> '');
CREATE PUBLICATION st_deps_pub FOR TABLE st_deps.t (id, v) WHERE (id > 0);
CREATE FUNCTION st_deps.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON st_deps.t FOR EACH ROW EXECUTE FUNCTION st_deps.touch();
SELECT name FROM spyne_register('st_deps.t', 'st_deps_t', 'SHADOW', 'regress_owner');
SELECT count(*) > 0 AS promoted FROM spyne_promote('st_deps.t');
-- What refers to it.
CREATE TABLE st_deps.child (id integer PRIMARY KEY, t_id integer REFERENCES st_deps.t ON DELETE CASCADE);
INSERT INTO st_deps.child VALUES (1, 1);
CREATE VIEW st_deps.view WITH (security_barrier) AS SELECT id, v FROM st_deps.t WHERE v <> 'z';
GRANT SELECT ON st_deps.view TO regress_analyst;
CREATE VIEW st_deps.second AS SELECT v FROM st_deps.view;
CREATE MATERIALIZED VIEW st_deps.mat AS SELECT id, v FROM st_deps.t;
CREATE UNIQUE INDEX mat_id ON st_deps.mat (id);
GRANT SELECT ON st_deps.mat TO regress_analyst;
COMMENT ON MATERIALIZED VIEW st_deps.mat IS 'kept';
ALTER MATERIALIZED VIEW st_deps.mat OWNER TO regress_owner;

SELECT relation FROM spyne_create_shadow('st_deps_t');
INSERT INTO spyne_shadow.st_deps_t (id, code, v) OVERRIDING SYSTEM VALUE VALUES (1, 1, 'A'), (2, 2, 'B'), (3, 3, 'C');
SELECT kind, object, detail, statement FROM spyne_promote('spyne_shadow.st_deps_t', dry_run => true) WHERE kind IN ('blocker', 'warning');
-- A name on the way has the table's OID in it.
SELECT kind, object, regexp_replace(detail, '\d{4,}', 'N') AS detail
FROM spyne_promote('spyne_shadow.st_deps_t', dependents => 'repoint') WHERE object NOT LIKE '%\_\_%';
-- Carried: owner, grants, row security, comments, publication, replica identity, numbers.
SELECT c.relname, pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, obj_description(c.oid) AS comment,
       col_description(c.oid, (SELECT attnum FROM pg_attribute WHERE attrelid = c.oid AND attname = 'v')) AS "comment on v"
FROM pg_class c WHERE c.relname IN ('t', 't__v1') AND c.relnamespace = 'st_deps'::regnamespace ORDER BY 1;
SELECT c.relname, x.grantee::regrole, string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ' ' ORDER BY x.privilege_type) AS privileges
FROM pg_class c, aclexplode(c.relacl) x WHERE c.relname IN ('t', 't__v1', 'view', 'mat') AND c.relnamespace = 'st_deps'::regnamespace AND x.grantee <> c.relowner GROUP BY 1, 2 ORDER BY 1, 2;
SELECT attrelid::regclass, attname, attacl FROM pg_attribute WHERE attrelid = 'st_deps.t'::regclass AND attacl IS NOT NULL;
SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'st_deps' ORDER BY 1, 2;
SELECT tablename, attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'st_deps_pub';
INSERT INTO st_deps.t (v) VALUES ('d') RETURNING id, code;
-- Moved: the foreign key, the views and the materialized view.
SELECT conrelid::regclass, confrelid::regclass, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'st_deps.child'::regclass AND contype = 'f';
SELECT * FROM st_deps.view ORDER BY id;
SELECT * FROM st_deps.second ORDER BY v;
SELECT reloptions FROM pg_class WHERE oid = 'st_deps.view'::regclass;
REFRESH MATERIALIZED VIEW st_deps.mat;
SELECT * FROM st_deps.mat ORDER BY id;
SELECT pg_get_userbyid(relowner) AS owner, obj_description(oid) AS comment, pg_get_indexdef('st_deps.mat_id'::regclass) FROM pg_class WHERE oid = 'st_deps.mat'::regclass;
ALTER TABLE "st_deps"."child" VALIDATE CONSTRAINT "child_t_id_fkey";
-- And back with a restoration.
SELECT kind, object, detail FROM spyne_restore('st_deps.t__v1') WHERE kind <> 'step';
SELECT confrelid::regclass FROM pg_constraint WHERE conrelid = 'st_deps.child'::regclass AND contype = 'f';
SELECT * FROM st_deps.view ORDER BY id;
INSERT INTO st_deps.t (v) VALUES ('e') RETURNING id, code;
SELECT tablename, attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'st_deps_pub';
SELECT tgname FROM pg_trigger WHERE tgrelid = 'st_deps.t'::regclass AND NOT tgisinternal ORDER BY 1;
SET client_min_messages = warning;
DROP PUBLICATION st_deps_pub;
CALL regress.remove('st_deps');
