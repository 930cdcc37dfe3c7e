-- Functions of the user's own that the planner calls: while a preview is made,
-- while EXPLAIN plans, and before a statement starts. They change nothing and
-- read nothing.
SET spyne.require_preview = users;
CALL regress.make('pv_plan');
\set VERBOSITY terse
SET search_path = pv_plan, public;
SET ROLE regress_engineer;
CREATE TABLE pv_plan.diary (entry text);
CREATE FUNCTION pv_plan.writes() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE $x$INSERT INTO pv_plan.diary VALUES ('was here')$x$; RETURN 1; END $$;
CREATE FUNCTION pv_plan.writes_governed() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE $x$UPDATE pv_plan.act SET v = 'was here'$x$; RETURN 1; END $$;
CREATE FUNCTION pv_plan.reads() RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE NOTICE 'it is %', (SELECT max(v) FROM pv_plan.ro); RETURN 1; END $$;
CREATE FUNCTION pv_plan.sets() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('spyne.require_preview', 'off', false); RETURN 1; END $$;
CREATE FUNCTION pv_plan.looks() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM FROM spyne_preview('SELECT count(*) FROM pv_plan.ro'); RETURN 1; END $$;
SELECT f, s.field, s.says FROM unnest('{writes,writes_governed,reads,sets,looks}'::text[]) f,
    LATERAL (SELECT * FROM regress.attempt(format('SELECT FROM spyne_preview(''SELECT v FROM pv_plan.act WHERE id = %s()'')', f)) WHERE field IN ('SQLSTATE', 'message', 'outcome')) s;
SELECT f, s.field, s.says FROM unnest('{writes,writes_governed,reads,sets,looks}'::text[]) f,
    LATERAL (SELECT * FROM regress.attempt(format('EXPLAIN SELECT v FROM pv_plan.act WHERE id = %s()', f)) WHERE field IN ('SQLSTATE', 'message', 'outcome')) s;
SELECT f, s.field, s.says FROM unnest('{writes,writes_governed,reads,sets,looks}'::text[]) f,
    LATERAL (SELECT * FROM regress.attempt(format('SELECT v FROM pv_plan.act WHERE id = %s()', f)) WHERE field IN ('SQLSTATE', 'message', 'outcome')) s;
SELECT * FROM diary;
SHOW spyne.require_preview;
SELECT * FROM regress.contents('pv_plan') WHERE "table" = 'act';
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_plan');
