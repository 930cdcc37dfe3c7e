-- What PostgreSQL 16 has brought is governed too: who has the rights of a role,
-- and what foreign tables tell of TRUNCATE.
-- needs: PostgreSQL 16
SELECT current_user AS superuser \gset
CALL regress.make('m16');
-- A membership gives a spyne role where it is inherited, and only there.
CREATE ROLE m16_inherits LOGIN NOINHERIT;
CREATE ROLE m16_sets LOGIN;
CREATE ROLE m16_neither LOGIN;
CREATE ROLE m16_admin LOGIN;
CREATE ROLE m16_team NOLOGIN;
GRANT spyne_engineer TO m16_team;
GRANT spyne_analyst TO m16_inherits WITH INHERIT TRUE, SET FALSE;
GRANT spyne_analyst TO m16_sets WITH INHERIT FALSE;
GRANT m16_team TO m16_neither WITH INHERIT FALSE, SET FALSE;
GRANT spyne_viewer TO m16_neither;
GRANT spyne_admin TO m16_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
SELECT * FROM spyne.users WHERE user_name LIKE 'm16\_%' ORDER BY user_name;
SET SESSION AUTHORIZATION m16_inherits;
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM m16.act;
SELECT count(*) FROM governed.m16_act;
SET ROLE spyne_analyst;
SET SESSION AUTHORIZATION m16_sets;
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM m16.act;
SELECT count(*) FROM governed.m16_act;
SET ROLE spyne_analyst;
SELECT user_name, spyne_role, query FROM spyne_whoami();
SELECT count(*) FROM m16.act;
RESET ROLE;
SELECT count(*) FROM m16.act;
SET SESSION AUTHORIZATION m16_neither;
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM m16.sha;
INSERT INTO m16.act VALUES (9, 'x');
SET ROLE m16_team;
SET SESSION AUTHORIZATION m16_admin;
SELECT user_name, spyne_role FROM spyne_whoami();
SELECT count(*) FROM m16.act;
SELECT count(*) FROM spyne_promote('m16.sha');
SET ROLE spyne_admin;
RESET SESSION AUTHORIZATION;
-- The option of a grant counts from the next statement on.
GRANT spyne_analyst TO m16_sets WITH INHERIT TRUE;
SET SESSION AUTHORIZATION m16_sets;
SELECT count(*) FROM m16.act;
RESET SESSION AUTHORIZATION;
REVOKE INHERIT OPTION FOR spyne_analyst FROM m16_sets;
SET SESSION AUTHORIZATION m16_sets;
SELECT count(*) FROM m16.act;
RESET SESSION AUTHORIZATION;

-- Who may grant has not the role, and may get it: coverage says so.
CREATE ROLE m16_maker LOGIN CREATEROLE;
SET SESSION AUTHORIZATION m16_maker;
CREATE ROLE m16_made LOGIN;
GRANT spyne_admin TO m16_maker;
RESET SESSION AUTHORIZATION;
GRANT spyne_engineer TO m16_made;
SELECT gap, severity, object, detail, remedy FROM spyne_coverage() WHERE object LIKE 'm16\_%' ORDER BY object;
SET SESSION AUTHORIZATION m16_maker;
SELECT count(*) FROM m16.sha;
SET createrole_self_grant = 'set, inherit';
CREATE ROLE m16_later LOGIN;
GRANT m16_made TO m16_maker;
SELECT count(*) FROM m16.sha;
RESET SESSION AUTHORIZATION;
SELECT user_name, spyne_role, how FROM spyne.users WHERE user_name = 'm16_maker';
SELECT object FROM spyne_coverage() WHERE gap = 'may grant itself a spyne role' ORDER BY object;
DROP ROLE m16_made, m16_later, m16_maker;

-- Foreign tables tell of TRUNCATE: the guard is there, and holds without the hooks.
CREATE FOREIGN DATA WRAPPER m16_none;
CREATE SERVER m16_server FOREIGN DATA WRAPPER m16_none;
CREATE FOREIGN TABLE m16.far (id integer) SERVER m16_server;
SELECT name, state FROM spyne_register('m16.far', 'm16_far');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'm16.far'::regclass ORDER BY tgname;
ALTER FOREIGN TABLE m16.far DISABLE TRIGGER spyne_guard_truncate;
DROP TRIGGER spyne_guard_truncate ON m16.far;
SELECT count(*) FROM spyne_coverage() WHERE object = 'm16.far' AND gap LIKE '%guard%';
SET spyne.enforcement = off;
DROP TRIGGER spyne_guard_truncate ON m16.far;
RESET spyne.enforcement;
SELECT gap FROM spyne_coverage() WHERE object = 'm16.far' AND gap LIKE '%guard%';
SELECT count(*) FROM spyne_unregister('m16.far', 'test');
DROP FOREIGN TABLE m16.far;

-- COPY with DEFAULT, and what writes a default.
\copy m16.ro FROM PROGRAM '/bin/echo 9,D || true' (FORMAT csv, DEFAULT 'D')
CREATE TABLE m16.filled (id integer, v text DEFAULT 'filled');
SELECT name, state FROM spyne_register('m16.filled', 'm16_filled', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('m16.filled');
\copy m16.filled FROM PROGRAM '/bin/echo 9,D || true' (FORMAT csv, DEFAULT 'D')
SELECT * FROM regress.contents('m16') WHERE "table" IN ('filled', 'ro');
-- STORAGE in a definition, and changes of it, break nobody.
CREATE TABLE m16.stored (id integer PRIMARY KEY, v text STORAGE EXTERNAL);
SELECT name, state FROM spyne_register('m16.stored', 'm16_stored');
ALTER TABLE m16.stored ALTER v SET STORAGE DEFAULT;
SELECT count(*) FROM spyne_detect_drift('m16.stored');
-- Aggregates and constructors that are new.
SET ROLE regress_analyst;
SELECT any_value(v) IS NOT NULL AS any, JSON_ARRAYAGG(id ORDER BY id), JSON_OBJECT('a': count(*)) FROM m16.act WHERE id < 3;
SELECT any_value(v) FROM m16.sha;
SELECT JSON_ARRAYAGG(id) FROM m16.sha;
SELECT count(*) AS looked_at, p.tables_used -> 0 ->> 'relation' AS uses
FROM spyne_preview('SELECT any_value(v), JSON_ARRAYAGG(id RETURNING jsonb) FROM m16.act WHERE v IS JSON') p GROUP BY 2;
RESET ROLE;
-- VACUUM and ANALYZE change no rows, whichever options they are given.
\c - regress_owner
VACUUM (PROCESS_MAIN false, BUFFER_USAGE_LIMIT '128kB') m16.ro;
ANALYZE (BUFFER_USAGE_LIMIT '128kB') m16.ro;
\c - :superuser
-- A subscription that an ordinary user may make is on the list, as any other.
CREATE ROLE m16_subscriber LOGIN IN ROLE pg_create_subscription;
GRANT CREATE ON DATABASE spyne_test TO m16_subscriber;
SET SESSION AUTHORIZATION m16_subscriber;
CREATE SUBSCRIPTION m16_sub CONNECTION 'host=nowhere user=nobody password=none' PUBLICATION none WITH (connect = false, slot_name = NONE, enabled = false);
RESET SESSION AUTHORIZATION;
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) SELECT oid, 'm16.ro'::regclass, 'i' FROM pg_subscription WHERE subname = 'm16_sub';
SELECT gap, severity, object, detail FROM spyne_coverage() WHERE object = 'm16_sub';
DROP SUBSCRIPTION m16_sub;
REVOKE CREATE ON DATABASE spyne_test FROM m16_subscriber;
SET client_min_messages = warning;
CALL regress.remove('m16');
DROP FOREIGN DATA WRAPPER m16_none CASCADE;
DROP ROLE m16_inherits, m16_sets, m16_neither, m16_admin, m16_team, m16_subscriber;
