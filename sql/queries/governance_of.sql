-- What spyne knows of relations, and how many rows have changed in them since they were analyzed;
-- their pages only where that may matter. $1 relations.
SELECT o.relation, t.state, t.version, t.logical_name, o.changed_rows,
       CASE WHEN o.changed_rows > 1000
            THEN (pg_relation_size(o.relation) / current_setting('block_size')::bigint)::float8 END AS pages
FROM (SELECT x.relation, pg_stat_get_mod_since_analyze(x.relation)::float8 AS changed_rows
      FROM unnest($1) x(relation)) o
LEFT JOIN spyne.tables t ON t.relation = o.relation
