-- Counts what a join is like. What is put in are the groups of equal values of each side, as k0, k1, ... with how
-- often each is there, n; that two groups are of the same values; and that a group has values.
WITH one AS MATERIALIZED ({one}),
     two AS MATERIALIZED ({two}),
     both_sides AS (SELECT o.n AS n1, t.n AS n2 FROM one o JOIN two t ON {equal})
SELECT a.*, b.*, c.* FROM
    (SELECT coalesce(sum(n), 0)::int8 AS rows1, coalesce(sum(n) FILTER (WHERE NOT ({given})), 0)::int8 AS nulls1,
            count(*) FILTER (WHERE {given}) AS distinct1 FROM one) a,
    (SELECT coalesce(sum(n), 0)::int8 AS rows2, coalesce(sum(n) FILTER (WHERE NOT ({given})), 0)::int8 AS nulls2,
            count(*) FILTER (WHERE {given}) AS distinct2 FROM two) b,
    (SELECT coalesce(sum(n1), 0)::int8 AS matched1, coalesce(sum(n2), 0)::int8 AS matched2,
            coalesce(sum(n1 * n2), 0)::int8 AS joined, coalesce(max(n1), 0) AS fan_out_max FROM both_sides) c
