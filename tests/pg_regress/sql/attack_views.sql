-- Views: writing through an updatable one, reading through nested ones, barrier
-- and invoker views. A view lends Postgres's privileges, never its owner's
-- spyne role: who asks is who is judged. The views of schema governed are the
-- approved way to read, and no way to write.
CALL regress.make('atk_view');
CREATE VIEW atk_view.ro_v AS SELECT * FROM atk_view.ro;
CREATE VIEW atk_view.act_v AS SELECT * FROM atk_view.act;
CREATE VIEW atk_view.sha_v AS SELECT * FROM atk_view.sha;
CREATE VIEW atk_view.act_v_v AS SELECT id, v FROM atk_view.act_v WHERE id < 100 WITH CASCADED CHECK OPTION;
CREATE VIEW atk_view.sha_barrier WITH (security_barrier) AS SELECT * FROM atk_view.sha_v;
CREATE VIEW atk_view.act_invoker WITH (security_invoker) AS SELECT * FROM atk_view.act;
CREATE VIEW atk_view.join_v AS SELECT a.id, s.v FROM atk_view.act a JOIN atk_view.sha s USING (id);
ALTER VIEW atk_view.act_v OWNER TO regress_admin;
ALTER VIEW atk_view.sha_v OWNER TO regress_admin;
GRANT ALL ON ALL TABLES IN SCHEMA atk_view TO PUBLIC;

-- A superuser through a view on READ_ONLY.
UPDATE atk_view.ro_v SET v = 'x';
DELETE FROM atk_view.ro_v;
DELETE FROM governed.atk_view_ro;

-- Analysts, through the views of an admin.
SET ROLE regress_analyst;
INSERT INTO atk_view.act_v VALUES (9, 'x');
UPDATE atk_view.act_v_v SET v = 'x';
DELETE FROM atk_view.act_invoker;
SELECT * FROM atk_view.sha_v;
SELECT * FROM atk_view.sha_barrier WHERE id = 1;
SELECT * FROM atk_view.join_v;
INSERT INTO governed.atk_view_act VALUES (9, 'x');
SELECT * FROM governed.atk_view_act ORDER BY id;
SELECT * FROM atk_view.act_v_v ORDER BY id;

-- Somebody without a role, through the views of an admin.
SET ROLE regress_nobody;
SELECT * FROM atk_view.act_v;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM atk_view.act_v_v;
SELECT * FROM atk_view.act_invoker;
DELETE FROM atk_view.act_v;
SELECT * FROM governed.atk_view_act;
\echo :LAST_ERROR_SQLSTATE

-- An INSTEAD OF trigger is a trigger like another.
RESET ROLE;
CREATE FUNCTION atk_view.instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM atk_view.act; RETURN old; END $$;
CREATE TRIGGER instead INSTEAD OF DELETE ON atk_view.join_v FOR EACH ROW EXECUTE FUNCTION atk_view.instead();
CREATE TRIGGER instead INSTEAD OF DELETE ON atk_view.act_v FOR EACH ROW EXECUTE FUNCTION atk_view.instead();
SET ROLE regress_analyst;
DELETE FROM atk_view.act_v;
RESET ROLE;
SELECT * FROM regress.contents('atk_view');

-- What is allowed goes through.
DROP TRIGGER instead ON atk_view.act_v;
SET ROLE regress_engineer;
INSERT INTO atk_view.act_v_v VALUES (3, 'c');
SELECT * FROM atk_view.sha_barrier ORDER BY id;
RESET ROLE;
SELECT * FROM regress.contents('atk_view') WHERE "table" = 'act';

-- The views of schema governed are not for others to replace.
SET ROLE regress_engineer;
CREATE OR REPLACE VIEW governed.atk_view_act AS SELECT 1 AS id, 'forged' AS v;
CREATE VIEW governed.forged AS SELECT 1;
DROP VIEW governed.atk_view_act;
ALTER VIEW governed.atk_view_act OWNER TO regress_engineer;
CREATE RULE put AS ON INSERT TO governed.atk_view_act DO INSTEAD NOTHING;
RESET ROLE;
SELECT replace(pg_get_viewdef('governed.atk_view_act'::regclass), 'act.', '') AS definition, relowner::regrole FROM pg_class WHERE oid = 'governed.atk_view_act'::regclass;
CALL regress.remove('atk_view');
