-- LOCK TABLE holds up everybody else: who may not write to a table does not lock
-- its readers and writers out, by itself, by a parent, or by a view of their own.
CALL regress.make('atk_lock');
SET client_min_messages = warning;
CREATE VIEW atk_lock.seen AS SELECT * FROM atk_lock.act;
ALTER VIEW atk_lock.seen OWNER TO regress_stranger;
GRANT ALL ON atk_lock.seen TO PUBLIC;
CREATE FUNCTION atk_lock.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE statement; RETURN 'locked'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
CREATE FUNCTION atk_lock.all_of(modes text[]) RETURNS TABLE (who name, mode text, act text, ro text, dep text, sha text, seen text) LANGUAGE sql VOLATILE AS $$
    SELECT current_user, m,
           atk_lock.try(format('LOCK TABLE atk_lock.act IN %s MODE', m)), atk_lock.try(format('LOCK TABLE atk_lock.ro IN %s MODE', m)),
           atk_lock.try(format('LOCK TABLE atk_lock.dep IN %s MODE', m)), atk_lock.try(format('LOCK TABLE atk_lock.sha IN %s MODE', m)),
           atk_lock.try(format('LOCK TABLE atk_lock.seen IN %s MODE', m))
    FROM unnest(modes) m $$;
\set modes 'ARRAY[''ACCESS SHARE'', ''ROW SHARE'', ''SHARE UPDATE EXCLUSIVE'', ''SHARE'', ''ACCESS EXCLUSIVE'']'
SET ROLE regress_stranger;
SELECT * FROM atk_lock.all_of(:modes);
SET ROLE regress_analyst;
SELECT * FROM atk_lock.all_of(:modes);
SET ROLE regress_engineer;
SELECT * FROM atk_lock.all_of(:modes);
RESET ROLE;
-- What pg_dump needs goes on; where nobody writes, nobody locks writers out.
SELECT * FROM atk_lock.all_of(:modes);
SET ROLE regress_stranger;
SELECT * FROM regress.attempt('LOCK TABLE atk_lock.act');
SELECT * FROM regress.attempt('LOCK TABLE atk_lock.seen IN SHARE MODE');
-- What is nobody's business but theirs.
CREATE TABLE atk_lock.own (id integer);
SELECT atk_lock.try('LOCK TABLE atk_lock.own');
RESET ROLE;
RESET client_min_messages;
CALL regress.remove('atk_lock');
