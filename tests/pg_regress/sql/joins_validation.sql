-- Each figure of a validation against one that is counted by hand.
CREATE SCHEMA jv;
SET search_path = jv, public;
SET client_min_messages = error;
CREATE TABLE parent (k integer, other text, c char(5), n numeric, d date);
INSERT INTO parent SELECT g, 'p' || g, 'c' || g, g, date '2024-01-01' + g FROM generate_series(1, 50) g;
INSERT INTO parent VALUES (NULL, 'no key', NULL, NULL, NULL), (50, 'twice', 'c50', 50, date '2024-02-20');
CREATE TABLE child (id integer, k bigint, other text, c text, n double precision, d timestamp);
INSERT INTO child
SELECT g, CASE WHEN g % 10 = 0 THEN NULL WHEN g % 10 = 1 THEN 1000 + g WHEN g % 10 < 5 THEN 50 ELSE 1 + g % 40 END,
       CASE WHEN g % 4 = 0 THEN NULL ELSE 'p' || 1 + g % 60 END, 'c' || g % 70, CASE WHEN g % 9 = 0 THEN 'NaN'::float8 ELSE g % 55 END,
       timestamp '2024-01-01' + make_interval(days => g % 80) FROM generate_series(1, 1000) g;
SELECT c.name, p.name FROM spyne_register('child', 'jv_child') c, spyne_register('parent', 'jv_parent') p;

-- By hand, row by row.
CREATE FUNCTION by_hand(on_columns text, given1 text, given2 text, key1 text, key2 text)
RETURNS TABLE (null_percent1 numeric, null_percent2 numeric, orphans bigint, fan_out_average numeric, fan_out_max bigint,
               parent_key_unique boolean, cardinality text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('
        SELECT round(100.0 * (SELECT count(*) FROM child c WHERE NOT (%2$s)) / nullif((SELECT count(*) FROM child), 0), 3),
               round(100.0 * (SELECT count(*) FROM parent p WHERE NOT (%3$s)) / nullif((SELECT count(*) FROM parent), 0), 3),
               (SELECT count(*) FROM child c WHERE %2$s AND NOT EXISTS (SELECT FROM parent p WHERE %1$s)),
               (SELECT round(avg(m), 3) FROM (SELECT (SELECT count(*) FROM child c WHERE %1$s) AS m FROM parent p) x WHERE m > 0),
               (SELECT max(m) FROM (SELECT (SELECT count(*) FROM child c WHERE %1$s) AS m FROM parent p) x),
               NOT EXISTS (SELECT FROM parent p WHERE %3$s GROUP BY %5$s HAVING count(*) > 1),
               CASE WHEN EXISTS (SELECT FROM parent p WHERE %3$s GROUP BY %5$s HAVING count(*) > 1)
                     AND EXISTS (SELECT FROM child c WHERE %2$s GROUP BY %4$s HAVING count(*) > 1) THEN ''many_to_many''
                    WHEN EXISTS (SELECT FROM parent p WHERE %3$s GROUP BY %5$s HAVING count(*) > 1)
                      OR EXISTS (SELECT FROM child c WHERE %2$s GROUP BY %4$s HAVING count(*) > 1) THEN ''one_to_many''
                    ELSE ''one_to_one'' END', on_columns, given1, given2, key1, key2);
END $$;
CREATE FUNCTION both_ways(columns1 text[], columns2 text[], on_columns text, given1 text, given2 text, key1 text, key2 text)
RETURNS TABLE (who text, null_percent1 numeric, null_percent2 numeric, orphans bigint, fan_out_average numeric,
               fan_out_max bigint, parent_key_unique boolean, cardinality text) LANGUAGE sql AS $$
    SELECT 'hand', h.* FROM by_hand(on_columns, given1, given2, key1, key2) h
    UNION ALL
    SELECT 'spyne', v.null_percent1::numeric, v.null_percent2::numeric, v.orphans,
           v.fan_out_average::numeric, v.fan_out_max, v.parent_key_unique, v.cardinality
    FROM spyne_propose_join('child', columns1, 'parent', columns2) p, spyne_validate_join(p.candidate_id, 0) v $$;
-- A key that repeats, with nulls on both sides; int8 and int4.
SELECT * FROM both_ways('{k}', '{k}', 'c.k = p.k', 'c.k IS NOT NULL', 'p.k IS NOT NULL', 'c.k', 'p.k');
SELECT cardinality(warnings), blockers FROM spyne_join_candidates('child', 'parent') j, spyne_validate_join(j.candidate_id) WHERE j.columns1 = '{k}';
-- Text; char(n) and text; float with NaN and numeric; timestamp and date.
SELECT * FROM both_ways('{other}', '{other}', 'c.other = p.other', 'c.other IS NOT NULL', 'p.other IS NOT NULL', 'c.other', 'p.other');
SELECT * FROM both_ways('{c}', '{c}', 'c.c = p.c', 'c.c IS NOT NULL', 'p.c IS NOT NULL', 'c.c', 'p.c');
SELECT * FROM both_ways('{n}', '{n}', 'c.n = p.n', 'c.n IS NOT NULL', 'p.n IS NOT NULL', 'c.n', 'p.n');
SELECT * FROM both_ways('{d}', '{d}', 'c.d = p.d', 'c.d IS NOT NULL', 'p.d IS NOT NULL', 'c.d', 'p.d');
-- Two columns, of which one may be null.
SELECT * FROM both_ways('{k, other}', '{k, other}', 'c.k = p.k AND c.other = p.other', 'c.k IS NOT NULL AND c.other IS NOT NULL',
                        'p.k IS NOT NULL AND p.other IS NOT NULL', 'c.k, c.other', 'p.k, p.other');
-- The other way round: a row of the child for each.
SELECT v.cardinality, v.orphans, v.fan_out_max FROM spyne_propose_join('parent', '{k}', 'child', '{id}') p, spyne_validate_join(p.candidate_id) v;
-- Rows to look at, as they are.
SELECT jsonb_array_length(v.sample), v.sample -> 0 -> 'table1' ->> 'other' = v.sample -> 0 -> 'table2' ->> 'other' AS joined
FROM spyne_join_candidates('child', 'parent') j, spyne_validate_join(j.candidate_id, 3) v WHERE j.columns1 = '{other}';
SELECT validation_stats - 'validated_by' - 'warnings' - 'blockers' AS kept FROM spyne.join_candidates WHERE name1 = 'jv_child' AND columns1 = '{other}';
-- A fan-out of more than a hundred is warned about.
SELECT v.warnings FROM spyne_join_candidates('child', 'parent') j, spyne_validate_join(j.candidate_id) v WHERE j.columns1 = '{k}';
-- What is equal is one value, whatever the types: a varchar with a char(n), an int8 with a
-- float8, texts of two collations.
CREATE TABLE near (v varchar, i bigint, t text COLLATE "C");
INSERT INTO near VALUES ('a', 9007199254740992, 'x'), ('a ', 9007199254740993, 'y'), ('b', 1, 'z');
CREATE TABLE far (v char(3), i double precision, t text COLLATE "POSIX");
INSERT INTO far VALUES ('a', 9007199254740992, 'x'), ('b', 1, 'y');
SELECT a.name, b.name FROM spyne_register('near', 'jv_near') a, spyne_register('far', 'jv_far') b;
SELECT v.cardinality, v.orphans, v.fan_out_max, (SELECT max(c) FROM (SELECT count(*) c FROM near JOIN far ON near.v = far.v GROUP BY far.v) x) AS by_hand
FROM spyne_propose_join('near', '{v}', 'far', '{v}') p, spyne_validate_join(p.candidate_id) v;
SELECT v.cardinality, v.orphans, v.fan_out_max, (SELECT max(c) FROM (SELECT count(*) c FROM near JOIN far ON near.i = far.i GROUP BY far.i) x) AS by_hand
FROM spyne_propose_join('near', '{i}', 'far', '{i}') p, spyne_validate_join(p.candidate_id) v;
SELECT v.cardinality, v.orphans FROM spyne_propose_join('near', '{t}', 'far', '{t}') p, spyne_validate_join(p.candidate_id) v;
SELECT count(*) FROM spyne_unregister('near', 'test') n, spyne_unregister('far', 'test') f;
-- Row level security: the figures are of what one sees, and nobody accepts on them.
CREATE TABLE secret (k integer); INSERT INTO secret SELECT 1 + g % 50 FROM generate_series(1, 300) g;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON secret USING (k < 10);
GRANT USAGE ON SCHEMA jv TO PUBLIC;
GRANT SELECT ON secret, parent TO regress_admin;
SELECT name FROM spyne_register('secret', 'jv_secret');
SELECT candidate_id AS secret FROM spyne_propose_join('secret', '{k}', 'parent', '{k}') \gset
SET ROLE regress_admin;
SELECT blockers FROM spyne_validate_join(:secret, 0);
RESET ROLE;
SELECT validation_stats FROM spyne.join_candidates WHERE candidate_id = :secret;
SELECT count(*) FROM spyne_unregister('secret', 'test');
-- Empty tables.
SELECT count(*) FROM spyne_unregister('child', 'test');
TRUNCATE child;
SELECT state FROM spyne_register('child', 'jv_child');
SELECT v.cardinality, v.null_percent1, v.orphans, v.fan_out_average, v.fan_out_max, v.blockers, v.warnings, v.sample
FROM spyne_propose_join('child', '{id}', 'parent', '{k}') p, spyne_validate_join(p.candidate_id) v;

SELECT count(*) FROM spyne_unregister('child', 'test');
SELECT count(*) FROM spyne_unregister('parent', 'test');
DROP SCHEMA jv CASCADE;
