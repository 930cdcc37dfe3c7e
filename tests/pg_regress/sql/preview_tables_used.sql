-- tables_used lists every table that a statement reads, wherever a subquery can
-- stand. Each of these reads t or p, and s.
CREATE SCHEMA pv_used;
SET search_path = pv_used, public;
CREATE TABLE t (id integer PRIMARY KEY, v text);
CREATE TABLE s (id integer PRIMARY KEY, v text);
INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20) g;
INSERT INTO s TABLE t;
CREATE TABLE p (id integer PRIMARY KEY, v text);
INSERT INTO p TABLE t;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON p USING (EXISTS (SELECT FROM s WHERE s.id = p.id));
CREATE POLICY written ON p FOR INSERT WITH CHECK (id IN (SELECT id FROM s));
CREATE VIEW checked AS SELECT * FROM t WHERE id IN (SELECT id FROM s) WITH CHECK OPTION;
GRANT USAGE ON SCHEMA pv_used TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pv_used TO PUBLIC;
SELECT count(*) FROM spyne_register_schema('pv_used', state => 'SHADOW');
SELECT count(*) > 0 AS promoted FROM unnest('{t,s,p}'::text[]) name, spyne_promote(name::regclass);
SET ROLE regress_engineer;
CREATE FUNCTION pg_temp.used(query text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(t ->> 'name', nullif(' (' || (t ->> 'access') || ')', ' (read)')), ' ' ORDER BY t ->> 'name')
    FROM spyne_preview(query) p, jsonb_array_elements(p.tables_used) t $$;
CREATE TEMPORARY TABLE cases AS SELECT query, pg_temp.used(query) AS used FROM (VALUES
    ('SELECT * FROM (VALUES ((SELECT count(*) FROM s)), (3)) v'),
    ('VALUES ((SELECT count(*) FROM s)), (3)'),
    ('SELECT * FROM t TABLESAMPLE SYSTEM ((SELECT count(*) FROM s))'),
    ('SELECT * FROM t TABLESAMPLE SYSTEM (10) REPEATABLE ((SELECT count(*) FROM s))'),
    ('SELECT * FROM XMLTABLE(''/a'' PASSING (SELECT NULL::xml FROM s LIMIT 1) COLUMNS x text DEFAULT (SELECT v FROM s LIMIT 1))'),
    ('SELECT id FROM t LIMIT (SELECT count(*) FROM s)'),
    ('SELECT id FROM t OFFSET (SELECT count(*) FROM s)'),
    ('SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN (SELECT min(id) FROM s) PRECEDING AND CURRENT ROW) FROM t'),
    ('SELECT sum(id) OVER (ORDER BY (SELECT min(id) FROM s)) FROM t'),
    ('SELECT sum(id) OVER (PARTITION BY (SELECT min(id) FROM s)) FROM t'),
    ('SELECT id FROM p'),
    ('SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM s WHERE s.id = t.id)) FROM t'),
    ('SELECT array_agg(id ORDER BY (SELECT max(id) FROM s)) FROM t'),
    ('SELECT (ARRAY[1, 2])[(SELECT min(id) FROM s)] FROM t'),
    ('SELECT * FROM generate_series(1, (SELECT count(*) FROM s)) g'),
    ('SELECT * FROM ROWS FROM (generate_series(1, (SELECT count(*) FROM s)), generate_series(1, 2)) g'),
    ('SELECT percentile_cont((SELECT 0.5 FROM s LIMIT 1)) WITHIN GROUP (ORDER BY id) FROM t'),
    ('SELECT id FROM t GROUP BY id HAVING id > (SELECT count(*) FROM s)'),
    ('SELECT DISTINCT ON ((SELECT id FROM s LIMIT 1)) id FROM t'),
    ('SELECT id FROM t ORDER BY (SELECT id FROM s LIMIT 1)'),
    ('SELECT CASE (SELECT 1 FROM s LIMIT 1) WHEN 1 THEN 2 END FROM t'),
    ('WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, s WHERE n < 3 AND s.id = 1) SELECT * FROM r'),
    ('WITH unused AS (SELECT * FROM s) SELECT 1 FROM t'),
    ('SELECT id IN (SELECT id FROM s) FROM t'),
    ('SELECT ROW(1, 2) = (SELECT id, id FROM s LIMIT 1) FROM t'),
    ('SELECT 1 FROM t WHERE (id, v) IN (VALUES (1, (SELECT v FROM s LIMIT 1)))'),
    ('SELECT * FROM t WHERE ctid = ANY (ARRAY(SELECT ctid FROM s))'),
    ('SELECT * FROM t, LATERAL (SELECT * FROM s WHERE s.id = t.id) x'),
    ('EXPLAIN ANALYZE SELECT * FROM t WHERE id = (SELECT max(id) FROM s)'),
    ('COPY (SELECT * FROM t WHERE id IN (SELECT id FROM s)) TO STDOUT'),
    ('INSERT INTO t VALUES ((SELECT max(id) + 1 FROM s), ''a''), (100, ''b'')'),
    ('INSERT INTO t VALUES (1, ''a'') ON CONFLICT (id) DO UPDATE SET v = (SELECT min(v) FROM s)'),
    ('INSERT INTO t VALUES (1, ''a'') ON CONFLICT (id) DO UPDATE SET v = ''b'' WHERE t.id IN (SELECT id FROM s)'),
    ('INSERT INTO t VALUES (101, ''a'') RETURNING (SELECT count(*) FROM s)'),
    ('INSERT INTO p VALUES (1, ''a'')'),
    ('INSERT INTO checked VALUES (1, ''a'')'),
    ('UPDATE t SET (id, v) = (SELECT id, v FROM s LIMIT 1) WHERE id = 1'),
    ('UPDATE t SET v = s.v FROM s WHERE s.id = t.id'),
    ('DELETE FROM t USING s WHERE s.id = t.id'),
    ('MERGE INTO t USING s ON s.id = t.id WHEN MATCHED THEN DELETE'),
    ('MERGE INTO t USING (VALUES (1)) x(id) ON x.id = t.id WHEN MATCHED AND t.id IN (SELECT id FROM s) THEN DELETE'),
    ('MERGE INTO t USING (VALUES (1)) x(id) ON x.id = t.id WHEN NOT MATCHED THEN INSERT VALUES (x.id, (SELECT min(v) FROM s))'),
    ('WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING id) SELECT * FROM s WHERE id IN (SELECT id FROM gone)'),
    ('SELECT * FROM t FOR UPDATE'),
    ('SELECT * FROM t UNION SELECT * FROM s EXCEPT SELECT id, (SELECT v FROM p LIMIT 1) FROM t')) x(query);
SELECT used, query FROM cases;
RESET ROLE;
RESET search_path;
CALL regress.remove('pv_used');
