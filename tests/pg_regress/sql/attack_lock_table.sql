-- LOCK TABLE holds up everybody else: who may not write to a table does not lock
-- its readers and writers out, by itself, by a parent, or by a view of their own.
CALL regress.make('atk_locking');
SET client_min_messages = warning;
CREATE VIEW atk_locking.seen AS SELECT * FROM atk_locking.act;
ALTER VIEW atk_locking.seen OWNER TO regress_stranger;
GRANT ALL ON atk_locking.seen TO PUBLIC;
CREATE FUNCTION atk_locking.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE statement; RETURN 'locked'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
CREATE FUNCTION atk_locking.all_of(modes text[]) RETURNS TABLE (who name, mode text, act text, ro text, dep text, sha text, seen text) LANGUAGE sql VOLATILE AS $$
    SELECT current_user, m,
           atk_locking.try(format('LOCK TABLE atk_locking.act IN %s MODE', m)), atk_locking.try(format('LOCK TABLE atk_locking.ro IN %s MODE', m)),
           atk_locking.try(format('LOCK TABLE atk_locking.dep IN %s MODE', m)), atk_locking.try(format('LOCK TABLE atk_locking.sha IN %s MODE', m)),
           atk_locking.try(format('LOCK TABLE atk_locking.seen IN %s MODE', m))
    FROM unnest(modes) m $$;
\set modes 'ARRAY[''ACCESS SHARE'', ''ROW SHARE'', ''SHARE UPDATE EXCLUSIVE'', ''SHARE'', ''ACCESS EXCLUSIVE'']'
SET ROLE regress_stranger;
SELECT * FROM atk_locking.all_of(:modes);
SET ROLE regress_analyst;
SELECT * FROM atk_locking.all_of(:modes);
SET ROLE regress_engineer;
SELECT * FROM atk_locking.all_of(:modes);
RESET ROLE;
-- What pg_dump needs goes on; where nobody writes, nobody locks writers out.
SELECT * FROM atk_locking.all_of(:modes);
SET ROLE regress_stranger;
SELECT * FROM regress.attempt('LOCK TABLE atk_locking.act');
SELECT * FROM regress.attempt('LOCK TABLE atk_locking.seen IN SHARE MODE');
-- What is nobody's business but theirs.
CREATE TABLE atk_locking.own (id integer);
SELECT atk_locking.try('LOCK TABLE atk_locking.own');
RESET ROLE;
RESET client_min_messages;
CALL regress.remove('atk_locking');
