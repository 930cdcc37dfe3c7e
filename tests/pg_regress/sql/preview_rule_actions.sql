-- One statement of the client, from which a rule makes several: one run.
SET spyne.require_preview = users;
CALL regress.make('pv_rule');
\set VERBOSITY terse
GRANT CREATE ON SCHEMA pv_rule TO regress_engineer;
SET ROLE regress_engineer;
SET search_path = pv_rule, public;
CREATE VIEW doubled AS SELECT id, v FROM act;
CREATE RULE adds AS ON INSERT TO doubled DO INSTEAD (
    INSERT INTO act VALUES (new.id, new.v);
    INSERT INTO act VALUES (new.id + 1, new.v));
SELECT statement FROM spyne_preview('INSERT INTO doubled VALUES (50, ''x'')');
INSERT INTO doubled VALUES (50, 'x');
INSERT INTO doubled VALUES (50, 'x');
SELECT * FROM regress.contents('pv_rule') WHERE "table" = 'act';
DROP VIEW doubled;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_rule');
