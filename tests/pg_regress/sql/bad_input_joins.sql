-- Bad input: a clear error with DETAIL and HINT, and nothing is stored.
CREATE SCHEMA bj;
SET search_path = bj, public;
SET client_min_messages = error;
CREATE TABLE t (id integer PRIMARY KEY, n integer, at timestamptz, flag boolean);
CREATE TABLE u (doc jsonb, flag boolean);
CREATE TABLE loose (id integer);
CREATE TABLE staged (id integer);
SELECT state FROM spyne_register('t', 'bj_t');
SELECT state FROM spyne_register('u', 'bj_u');
SELECT state FROM spyne_register('staged', 'bj_staged', 'SHADOW');
CREATE FUNCTION says(call text) RETURNS TABLE (field text, says text) LANGUAGE sql AS $$
    SELECT field, regexp_replace(says, '(candidate |_join\()[0-9]+', '\1N', 'g') FROM regress.attempt('SELECT * FROM ' || call) WHERE field <> 'context' $$;
SELECT * FROM says('spyne_discover_joins(max_candidates => 0)');
SELECT * FROM says('spyne_discover_joins(max_candidates => NULL)');
SELECT * FROM says($$spyne_join_candidates('loose')$$);
SELECT * FROM says($$spyne_join_candidates('pg_class')$$);
SELECT * FROM says($$spyne_join_candidates('staged')$$);
SELECT * FROM says($$spyne_join_candidates('t', 'u')$$);
SELECT * FROM says($$spyne_propose_join('t', '{n}', 'loose', '{id}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{}', 't', '{}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{n}', 't', '{id, n}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{n, n}', 't', '{id, n}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{m}', 't', '{id}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{at}', 't', '{id}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{flag}', 'u', '{flag}')$$);
SELECT * FROM says($$spyne_propose_join('t', '{id}', 't', '{id}')$$);
SELECT * FROM says($$spyne_propose_join('t', NULL, 't', '{id}')$$);
SELECT * FROM says('spyne_validate_join(987654321)');
SELECT * FROM says('spyne_validate_join(NULL)');
SELECT * FROM says($$spyne_accept_join(987654321, 'why')$$);
SELECT * FROM says($$spyne_accept_join(1, NULL)$$);
SELECT * FROM says($$spyne_reject_join(987654321, 'why')$$);
SELECT * FROM says($$spyne_join('no_such_v1')$$);
SELECT * FROM says($$spyne_deprecate_join('no_such_v1', 'why')$$);
SELECT * FROM regress.attempt($$SELECT spyne_join_graph('svg')$$) WHERE field <> 'context';
SELECT candidate_id AS own FROM spyne_propose_join('t', '{n}', 't', '{id}') \gset
SELECT * FROM says(format('spyne_validate_join(%s, -1)', :own));
SELECT * FROM says(format('spyne_accept_join(%s, '' '')', :own));
SELECT * FROM says(format('spyne_accept_join(%s, ''why'', join_type => ''CROSS'')', :own));
SELECT * FROM says(format('spyne_accept_join(%s, ''why'', role => ''a b'')', :own));
SELECT * FROM says(format('spyne_accept_join(%s, ''why'', owner => 987654321::regrole)', :own));
SELECT * FROM says(format('spyne_reject_join(%s, '' '')', :own));
SELECT status, validation_stats FROM spyne.join_candidates WHERE candidate_id = :own;
-- An expired candidate.
SET spyne.join_candidate_ttl = 1;
SELECT candidate_id = :own AS same FROM spyne_propose_join('t', '{n}', 't', '{id}');
SELECT pg_sleep(1.1);
SELECT regexp_replace(says, '[0-9]+', 'N') AS says FROM says(format('spyne_accept_join(%s, ''why'')', :own));
SELECT regexp_replace(says, '[0-9]+', 'N') AS says FROM says(format('spyne_validate_join(%s)', :own)) WHERE field = 'SQLSTATE';
RESET spyne.join_candidate_ttl;
SELECT count(*) FROM spyne_join_candidates('t', 't');
-- Nothing can be written in a read-only transaction; looking is allowed.
BEGIN READ ONLY;
SELECT * FROM says('spyne_discover_joins()');
ROLLBACK;
-- Called by themselves, its functions say what they are.
SELECT * FROM regress.attempt('SELECT spyne.join_hash(VARIADIC ARRAY[1, 2])') WHERE field <> 'context';
SELECT * FROM regress.attempt($$SELECT spyne.join_hash('{}'::json)$$) WHERE field <> 'context';
SELECT spyne.join_hash(1) = spyne.join_hash(1::bigint) AS widths, spyne.join_hash(1) = spyne.join_hash(1.00) AS numerics,
       spyne.join_hash('a'::text) = spyne.join_hash('a  '::char(3)) AS texts, spyne.join_hash(NULL::int) IS NULL AS nulls,
       spyne.join_hash(date '2024-01-02') = spyne.join_hash(timestamp '2024-01-02') AS dates, spyne.join_hash(0.5) IS NULL AS fractions;

SELECT count(*) FROM (SELECT spyne_unregister(relation, 'test') FROM spyne.tables WHERE logical_name LIKE 'bj\_%') r;
DROP SCHEMA bj CASCADE;
