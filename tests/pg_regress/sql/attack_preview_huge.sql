-- Statements of a size and depth that nobody writes: looked at as far as the
-- stack allows, refused beyond, and never the end of the server.
CALL regress.make('pv_huge');
SET search_path = pv_huge, public;
SET ROLE regress_analyst;
CREATE FUNCTION pg_temp.outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE tables text;
BEGIN
    SELECT string_agg(t ->> 'name', ' ') INTO tables FROM spyne_preview(query), jsonb_array_elements(tables_used) t;
    RETURN tables;
EXCEPTION WHEN statement_too_complex OR out_of_memory THEN RETURN 'refused as too deep';
END $$;
SELECT what, pg_temp.outcome(query) FROM (VALUES
    ('a sum of 1,500', 'SELECT id' || repeat('+1', 1500) || ' FROM act'),
    ('1,500 calls in one another', 'SELECT ' || repeat('abs(', 1500) || 'id' || repeat(')', 1500) || ' FROM act'),
    ('1,500 times NOT', 'SELECT id FROM act WHERE ' || repeat('NOT ', 1500) || 'id = 1'),
    ('a subquery below 300 calls', 'SELECT ' || repeat('abs(', 300) || '(SELECT max(id)::integer FROM ro)' || repeat(')', 300) || ' FROM act'),
    ('CASE in CASE, 500 times', 'SELECT ' || repeat('CASE WHEN id = 1 THEN 1 ELSE ', 500) || 'id' || repeat(' END', 500) || ' FROM act'),
    ('100 subqueries in one another', 'SELECT * FROM ' || repeat('(SELECT * FROM ', 100) || 'act' || repeat(') x', 100)),
    ('100 scalar subqueries in one another', 'SELECT ' || repeat('(SELECT ', 100) || 'id' || repeat(')', 100) || ' FROM act'),
    ('500 members of a UNION ALL', 'SELECT id FROM act' || repeat(' UNION ALL SELECT id FROM ro', 500)),
    ('10,000 values in a list', 'SELECT id FROM act WHERE id IN (' || (SELECT string_agg(n::text, ',') FROM generate_series(1, 10000) n) || ')'),
    ('1,600 columns', 'SELECT ' || (SELECT string_agg('id AS c' || n, ',') FROM generate_series(1, 1600) n) || ' FROM act'),
    ('a megabyte of text', 'SELECT id FROM act WHERE v = ''' || repeat('x', 1000000) || '''')) x(what, query);
-- Beyond what the stack holds.
SELECT pg_temp.outcome('SELECT id' || repeat('+1', 100000) || ' FROM act');
SELECT pg_temp.outcome('SELECT * FROM ' || repeat('(SELECT * FROM ', 1000) || 'act' || repeat(') x', 1000));
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_huge');
