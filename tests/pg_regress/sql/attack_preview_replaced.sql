-- Another table in the place of the one that was looked at: by rename, by a
-- schema in front, by a temporary table, by a view.
SET spyne.require_preview = users;
CALL regress.make('pv_repl', 'regress_stranger');
\set VERBOSITY terse
CREATE SCHEMA pv_repl_front;
GRANT ALL ON SCHEMA pv_repl_front TO PUBLIC;
CREATE TABLE pv_repl.other (id integer PRIMARY KEY, v text);
INSERT INTO pv_repl.other VALUES (7, 'other');
GRANT ALL ON pv_repl.other TO PUBLIC;
SELECT FROM spyne_register('pv_repl.other', 'pv_repl_other', 'READ_ONLY');
CREATE VIEW pv_repl.seen AS SELECT id, v FROM pv_repl.ro;
GRANT SELECT ON pv_repl.seen TO PUBLIC;
SET search_path = pv_repl_front, pv_repl, public;
SET ROLE regress_analyst;
SELECT count(*) FROM unnest(ARRAY['SELECT v FROM ro WHERE id = 1', 'SELECT v FROM seen WHERE id = 1']) q, spyne_preview(q);
SELECT v FROM ro WHERE id = 1;
SELECT v FROM seen WHERE id = 1;
-- A governed table in front of it.
RESET ROLE;
CREATE TABLE pv_repl_front.ro (id integer PRIMARY KEY, v text);
INSERT INTO pv_repl_front.ro VALUES (1, 'in front');
GRANT SELECT ON pv_repl_front.ro TO PUBLIC;
SELECT FROM spyne_register('pv_repl_front.ro', 'pv_repl_front_ro', 'READ_ONLY');
SET ROLE regress_analyst;
SELECT v FROM ro WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT FROM spyne_unregister('pv_repl_front.ro', 'a test');
DROP TABLE pv_repl_front.ro;
-- As it was, it authorises again.
SET ROLE regress_analyst;
SELECT v FROM ro WHERE id = 1;
-- Their own temporary table in front is their own affair: it reads nothing
-- governed. With a governed one beside it, it is another statement.
SELECT count(*) FROM spyne_preview('SELECT ro.v FROM ro JOIN act USING (id)');
SELECT ro.v FROM ro JOIN act USING (id);
CREATE TEMPORARY TABLE act (id integer, v text);
SELECT ro.v FROM ro JOIN act USING (id);
\echo :LAST_ERROR_SQLSTATE
CREATE TEMPORARY TABLE ro (id integer, v text);
SELECT ro.v FROM ro JOIN act USING (id);
DROP TABLE pg_temp.ro, pg_temp.act;
SELECT ro.v FROM ro JOIN act USING (id);
-- Governed tables cannot be renamed at all; a view can be put in the place of a view.
RESET ROLE;
ALTER TABLE pv_repl.ro RENAME TO away;
ALTER VIEW pv_repl.seen RENAME TO seen_once;
CREATE VIEW pv_repl.seen AS SELECT id, v FROM pv_repl.other;
GRANT SELECT ON pv_repl.seen TO PUBLIC;
SET ROLE regress_analyst;
SELECT v FROM seen WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP VIEW pv_repl.seen;
ALTER VIEW pv_repl.seen_once RENAME TO seen;
SET ROLE regress_analyst;
SELECT v FROM seen WHERE id = 1;
RESET ROLE;
CREATE OR REPLACE VIEW pv_repl.seen AS SELECT id, v FROM pv_repl.ro WHERE id > 0;
SET ROLE regress_analyst;
SELECT v FROM seen WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
-- An ungoverned table that becomes a governed one's equal: replaced, it is stale.
RESET ROLE;
CREATE TABLE pv_repl.plain (id integer);
INSERT INTO pv_repl.plain VALUES (1);
GRANT SELECT ON pv_repl.plain TO PUBLIC;
SET ROLE regress_analyst;
SELECT count(*) FROM spyne_preview('SELECT plain.id FROM plain JOIN ro USING (id)');
SELECT plain.id FROM plain JOIN ro USING (id);
RESET ROLE;
ALTER TABLE pv_repl.plain RENAME TO plain_once;
ALTER TABLE pv_repl.other RENAME TO still_other;
CREATE TABLE pv_repl.plain (id integer);
GRANT SELECT ON pv_repl.plain TO PUBLIC;
SET ROLE regress_analyst;
SELECT plain.id FROM plain JOIN ro USING (id);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
RESET search_path;
DROP SCHEMA pv_repl_front CASCADE;
CALL regress.remove('pv_repl');
