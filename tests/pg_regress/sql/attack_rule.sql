-- Rules: a statement on a free table that Postgres rewrites into one on a
-- governed table, and a rule that would turn a governed table into a view.
CALL regress.make('atk_rule');
CREATE TABLE atk_rule.free (id integer, v text);
GRANT ALL ON atk_rule.free TO PUBLIC;
CREATE RULE also AS ON INSERT TO atk_rule.free DO ALSO DELETE FROM atk_rule.ro;
CREATE RULE instead AS ON UPDATE TO atk_rule.free DO INSTEAD UPDATE atk_rule.act SET v = new.v;
CREATE RULE again AS ON DELETE TO atk_rule.free DO INSTEAD INSERT INTO atk_rule.act SELECT * FROM atk_rule.sha;
INSERT INTO atk_rule.free VALUES (1, 'x');
SET ROLE regress_analyst;
UPDATE atk_rule.free SET v = 'x';
DELETE FROM atk_rule.free;
-- The rule's owner does not lend the spyne role either.
SET ROLE regress_nobody;
UPDATE atk_rule.free SET v = 'x';
RESET ROLE;
SELECT * FROM regress.contents('atk_rule');

-- An empty governed table must not become a view.
CREATE TABLE atk_rule.hollow (id integer);
SELECT name, state FROM spyne_register('atk_rule.hollow', 'atk_rule_hollow');
-- Since PostgreSQL 16 no table does, by Postgres's own rule.
SELECT says IN ('55000', '42809') AS refused FROM regress.attempt($$CREATE RULE "_RETURN" AS ON SELECT TO atk_rule.hollow DO INSTEAD SELECT 42 AS id$$) WHERE field = 'SQLSTATE';
SELECT relkind FROM pg_class WHERE oid = 'atk_rule.hollow'::regclass;
-- A rule on the governed table that sends its writes elsewhere opens nothing.
CREATE RULE away AS ON INSERT TO atk_rule.ro DO INSTEAD INSERT INTO atk_rule.dep VALUES (new.id, new.v);
INSERT INTO atk_rule.ro VALUES (9, 'x');
SELECT * FROM regress.contents('atk_rule');
CALL regress.remove('atk_rule');
