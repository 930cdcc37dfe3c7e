-- A SECURITY DEFINER function acts as its owner, here as everywhere: the spyne
-- role that counts is the owner's, the state binds both.
CALL regress.make('atk_definer');
CREATE FUNCTION atk_definer.of_stranger() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT count(*) FROM atk_definer.act); END $$;
CREATE FUNCTION atk_definer.put_stranger() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO atk_definer.act VALUES (9, 'x') $$;
ALTER FUNCTION atk_definer.of_stranger() OWNER TO regress_stranger;
ALTER FUNCTION atk_definer.put_stranger() OWNER TO regress_stranger;
CREATE FUNCTION atk_definer.put_owner() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO atk_definer.ro VALUES (9, 'x') $$;
CREATE FUNCTION atk_definer.put_active() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO atk_definer.act VALUES (3, 'c') $$;
ALTER FUNCTION atk_definer.put_owner() OWNER TO regress_owner;
ALTER FUNCTION atk_definer.put_active() OWNER TO regress_owner;
CREATE FUNCTION atk_definer.put_super() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ DELETE FROM atk_definer.dep $$;

-- A stranger's function lends nothing: not to an engineer, not to a superuser.
SET ROLE regress_engineer;
SELECT atk_definer.of_stranger();
\echo :LAST_ERROR_SQLSTATE
SELECT atk_definer.put_stranger();
RESET ROLE;
SELECT atk_definer.put_stranger();
-- The state binds whoever owns the function.
SET ROLE regress_analyst;
SELECT atk_definer.put_owner();
SELECT atk_definer.put_super();
RESET ROLE;
SELECT * FROM regress.contents('atk_definer');
-- An engineer's function writes where an engineer may; coverage lists it.
SET ROLE regress_analyst;
SELECT atk_definer.put_active();
RESET ROLE;
SELECT * FROM regress.contents('atk_definer') WHERE "table" = 'act';
SELECT severity, gap, object, remedy FROM spyne_coverage() WHERE gap LIKE 'SECURITY DEFINER%' AND object LIKE 'atk_definer.put_a%';
CALL regress.remove('atk_definer');
