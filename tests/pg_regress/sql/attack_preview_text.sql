-- The preview rule: exactly the statement that was looked at runs, for exactly
-- the user who looked.
SET spyne.require_preview = users;
CALL regress.make('pv_text');
CREATE SCHEMA pv_text_other;
CREATE TABLE pv_text_other.act (id integer, v text);
GRANT USAGE ON SCHEMA pv_text_other TO PUBLIC;
SET ROLE regress_analyst;
SET search_path = pv_text, public;
SELECT v FROM act WHERE v <> 'x  y';
\echo :LAST_ERROR_SQLSTATE
SELECT statement, requires_confirmation FROM spyne_preview($$SELECT v FROM act WHERE v <> 'x  y'$$);
SELECT v FROM act WHERE v <> 'x  y';
  SELECT v FROM act WHERE v <> 'x  y' ;
-- Space inside a literal, a comment, another case: another statement each.
SELECT v FROM act WHERE v <> 'x y';
SELECT v FROM act /* all */ WHERE v <> 'x  y';
select v from act where v <> 'x  y';
-- A second statement behind a semicolon is one of its own.
SELECT v FROM act WHERE v <> 'x  y'\; SELECT count(*) FROM ro;
-- Another search_path makes the same text mean something else.
SET search_path = pv_text_other, pv_text, public;
SELECT v FROM act WHERE v <> 'x  y';
SET search_path = pv_text, public;
SELECT v FROM act WHERE v <> 'x  y';
-- Another user, by SET ROLE, has not looked.
RESET ROLE;
SET ROLE regress_viewer;
SELECT v FROM act WHERE v <> 'x  y';
-- Nor may anybody run the preview of another.
RESET ROLE;
CREATE TEMP TABLE others AS SELECT preview_id FROM spyne.query_previews WHERE sql LIKE 'SELECT v FROM act%' LIMIT 1;
GRANT SELECT ON others TO PUBLIC;
SET ROLE regress_viewer;
SELECT count(*) FROM spyne.query_previews;
DO $$ BEGIN PERFORM spyne_execute(preview_id) FROM others; EXCEPTION WHEN invalid_parameter_value THEN RAISE NOTICE 'there is no such preview of mine'; END $$;
-- The setting is not theirs to change.
SET spyne.require_preview = off;
RESET spyne.require_preview;
-- Reading through governed needs no preview, and EXPLAIN shows a plan only.
SELECT count(*) FROM governed.pv_text_act;
EXPLAIN (COSTS OFF) SELECT v FROM act;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT v FROM act;
COPY act TO STDOUT;
COPY (SELECT v FROM act) TO STDOUT;
CREATE TEMP TABLE taken AS SELECT v FROM act;
BEGIN;
DECLARE c CURSOR FOR SELECT v FROM act;
ROLLBACK;
PREPARE q (integer) AS SELECT v FROM act WHERE id = $1;
EXECUTE q (1);
SELECT statement FROM spyne_preview('EXECUTE q (1)');
EXECUTE q (1);
EXECUTE q (2);
DEALLOCATE q;
RESET ROLE;
RESET search_path;
DROP TABLE others;
DROP SCHEMA pv_text_other CASCADE;
CALL regress.remove('pv_text');
