-- The tables that a change of one may change too, by the actions of foreign keys, and by those of
-- what they change. $1 relations.
SELECT o.relation, ARRAY(
    WITH RECURSIVE reached(relation) AS (
        SELECT o.relation
        UNION SELECT k.conrelid FROM pg_constraint k JOIN reached r ON k.confrelid = r.relation
        WHERE k.contype = 'f' AND (to_jsonb(k) ->> 'conenforced') IS DISTINCT FROM 'false'
          AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd')))
    SELECT r.relation FROM reached r WHERE r.relation <> o.relation ORDER BY r.relation) AS reached
FROM unnest($1) o(relation)
