-- What the rules of previews need to know of relations, and what a run compares with what there
-- was. A digest is of what the catalogs have, in an order of its own. $1 relations.
SELECT c.oid AS relation, format('%I.%I', n.nspname, c.relname) AS shown, c.relname::text AS name, c.relkind::text AS kind,
       t.state, t.version, t.logical_name,
       CASE
           -- A partitioned table that was never analyzed itself: its partitions know.
           WHEN c.relkind = 'p' AND c.reltuples < 0 THEN
               (SELECT CASE WHEN bool_and(p.reltuples >= 0) THEN sum(p.reltuples) END
                FROM pg_partition_tree(c.oid) x JOIN pg_class p ON p.oid = x.relid WHERE x.isleaf)
           WHEN c.reltuples >= 0 THEN c.reltuples
       END::float8 AS estimated_rows,
       pg_stat_get_mod_since_analyze(c.oid)::float8 AS changed_rows, c.relpages::float8 AS analyzed_pages,
       CASE WHEN pg_stat_get_mod_since_analyze(c.oid) > 1000
            THEN (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::float8 END AS pages,
       a.numbers, a.names, a.types,
       CASE WHEN k.unchecked IS NULL THEN a.not_null ELSE ARRAY(SELECT unnest(a.not_null) EXCEPT SELECT unnest(k.unchecked)) END AS not_null,
       a.with_statistics, a.null_fractions, a.digest AS columns,
       i.unique_keys, i.indexed, md5(concat(k.digest, '|', i.digest)) AS constraints,
       CASE WHEN c.relhasrules THEN (
           SELECT md5(string_agg(concat(r.ev_type, r.ev_enabled, r.is_instead, r.ev_qual, r.ev_action), '' ORDER BY r.rulename))
           FROM pg_rewrite r WHERE r.ev_class = c.oid) END AS rules,
       concat(c.relrowsecurity, c.relforcerowsecurity, (
           SELECT md5(string_agg(concat_ws('/', p.polname, p.polcmd, p.polpermissive, p.polroles, p.polqual, p.polwithcheck), '' ORDER BY p.polname))
           FROM pg_policy p WHERE p.polrelid = c.oid)) AS policies,
       CASE WHEN c.relhastriggers THEN (
           SELECT md5(string_agg(concat_ws('/', g.tgname, g.tgenabled, g.tgtype, g.tgqual, to_jsonb(f) - 'proacl'), '' ORDER BY g.tgname))
           FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
           WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname NOT LIKE 'spyne\_guard%') END AS triggers,
       -- Whether foreign keys may change others along with it. They have a trigger here, but for a
       -- partitioned table, whose partitions have it.
       c.relkind = 'p' OR (c.relhastriggers AND EXISTS (
           SELECT FROM pg_trigger g JOIN pg_constraint r ON r.oid = g.tgconstraint
           WHERE g.tgrelid = c.oid AND g.tgisinternal AND r.confrelid = c.oid
             AND (r.confdeltype IN ('c', 'n', 'd') OR r.confupdtype IN ('c', 'n', 'd')))) AS cascades
FROM unnest($1) o(relation)
JOIN pg_class c ON c.oid = o.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
-- A partition has the state of what it belongs to.
LEFT JOIN spyne.tables t ON t.relation = CASE
    WHEN c.relispartition THEN coalesce(
        (SELECT s.relid FROM pg_partition_ancestors(c.oid) s JOIN spyne.tables g ON g.relation = s.relid LIMIT 1), c.oid)
    ELSE c.oid END
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(x.attnum), '{}') AS numbers, coalesce(array_agg(x.attname), '{}') AS names,
           coalesce(array_agg(x.atttypid), '{}') AS types,
           coalesce(array_agg(x.attnum) FILTER (WHERE x.attnotnull), '{}') AS not_null,
           coalesce(array_agg(x.attnum) FILTER (WHERE x.null_fraction IS NOT NULL), '{}') AS with_statistics,
           coalesce(array_agg(x.null_fraction) FILTER (WHERE x.null_fraction IS NOT NULL), '{}') AS null_fractions,
           md5(string_agg(x.definition, ',')) AS digest
    FROM (SELECT a.attnum, a.attname::text AS attname, a.atttypid, a.attnotnull, s.stanullfrac::float8 AS null_fraction,
                 concat_ws('/', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attcollation, a.attidentity,
                           a.attgenerated, d.adbin,
                           CASE WHEN a.atttypid >= 16384 THEN spyne.type_facts(a.atttypid) END) AS definition
          FROM pg_attribute a
          LEFT JOIN pg_statistic s ON s.starelid = a.attrelid AND s.staattnum = a.attnum AND NOT s.stainherit
          LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          ORDER BY a.attnum) x) a
CROSS JOIN LATERAL (
    -- A key is unique over plain columns, of all rows, at once.
    SELECT coalesce(json_agg(x.columns) FILTER (WHERE x.is_key), '[]') AS unique_keys,
           coalesce(array_agg(x.columns[1]) FILTER (WHERE x.columns[1] <> 0), '{}') AS indexed,
           string_agg(x.definition, ',' ORDER BY x.definition COLLATE "C") FILTER (WHERE x.indisunique) AS digest
    FROM (SELECT i.indisunique, string_to_array(i.indkey::text, ' ')::int2[] AS columns,
                 i.indisunique AND NOT i.indisexclusion AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                     AND i.indnkeyatts = i.indnatts AS is_key,
                 concat_ws('/', i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indnullsnotdistinct, i.indimmediate,
                           coalesce(i.indexprs::text, '-'), coalesce(i.indpred::text, '-')) AS definition
          FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid) x) i
CROSS JOIN LATERAL (
    SELECT string_agg(concat_ws('/', k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, k.conkey, k.confrelid,
                                k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, k.conbin), ',' ORDER BY k.conname)
               FILTER (WHERE k.contype <> 'n' OR NOT k.convalidated) AS digest,
           -- A NOT NULL that is NOT VALID says nothing of the rows that are there.
           array_agg(k.conkey[1]) FILTER (WHERE k.contype = 'n' AND NOT k.convalidated) AS unchecked
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x', 'n')) k
