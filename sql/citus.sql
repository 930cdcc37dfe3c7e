-- What Citus leads around governance, where a database has it. Its catalogs are looked
-- up when they are asked for: most databases have none.

-- A table of a user's with such a name is none of Citus's.
CREATE FUNCTION spyne.citus_catalog(name text) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass FROM pg_class c
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'citus'
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.relname = citus_catalog.name
$$;

CREATE FUNCTION spyne.citus_gaps()
RETURNS SETOF spyne.gap
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    partitions regclass := spyne.citus_catalog('pg_dist_partition');
    shards regclass := spyne.citus_catalog('pg_dist_shard');
    nodes regclass := spyne.citus_catalog('pg_dist_node');
    -- The tables of Citus, and where they are governed as what.
    tables constant text :=
        'SELECT c.oid, n.nspname, c.relname, t.state, format(''%%I.%%I'', n.nspname, c.relname) AS shown,
                CASE p.partmethod WHEN ''n'' THEN ''a reference or local table of Citus'' ELSE ''distributed'' END AS kind
         FROM %s p JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN spyne.tables t ON t.relation = c.oid WHERE NOT c.relispartition';
BEGIN
    IF partitions IS NULL OR shards IS NULL OR nodes IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH held AS (%s)
        SELECT CASE WHEN h.state IS NULL THEN 'low' ELSE 'high' END, 'distributed table', h.shown,
               CASE WHEN h.state IS NULL THEN format('It is %%s, and not governed.', h.kind)
                    ELSE format('It is %%s, and %%s on this server alone: what reaches its rows by another server, or by a shard, is not checked.', h.kind, h.state) END,
               CASE WHEN h.state IS NULL THEN format('SET citus.enable_ddl_propagation = off; SELECT * FROM spyne_register(%%L); RESET citus.enable_ddl_propagation;', h.shown)
                    ELSE format('SET citus.enable_ddl_propagation = off; SELECT * FROM spyne_unregister(%%L, ''distributed''); RESET citus.enable_ddl_propagation; SELECT undistribute_table(%%L); SELECT * FROM spyne_register(%%L);', h.shown, h.shown, h.shown) END
        FROM held h
        UNION ALL
        -- A shard has the name of its table, with its number behind it.
        SELECT 'high', 'shards outside of governance', h.shown,
               format('%%s, from %%s to %%s: whoever may connect to the servers that have them reads and writes them by name.',
                      CASE count(*) WHEN 1 THEN '1 shard' ELSE count(*) || ' shards' END,
                      h.relname || '_' || min(s.shardid), h.relname || '_' || max(s.shardid)),
               '-- in pg_hba.conf of each of those servers, admit only the roles that Citus itself connects as'
        FROM held h JOIN %s s ON s.logicalrelid = h.oid WHERE h.state IS NOT NULL
        GROUP BY h.shown, h.relname
        UNION ALL
        -- Citus hides shards from queries on pg_class, and not from names.
        SELECT 'high', 'shard on this server', shard,
               format('It holds rows of %%s, and nothing is checked on it.', h.shown),
               format('REVOKE ALL ON %%s FROM PUBLIC; -- and from whoever else has a grant on it', shard)
        FROM held h JOIN %s s ON s.logicalrelid = h.oid, format('%%I.%%I', h.nspname, h.relname || '_' || s.shardid) shard
        WHERE h.state IS NOT NULL AND to_regclass(shard) IS NOT NULL
        UNION ALL
        SELECT CASE WHEN EXISTS (SELECT FROM held h WHERE h.state IS NOT NULL) THEN 'high' ELSE 'low' END,
               'worker without governance', format('%%s:%%s', n.nodename, n.nodeport),
               CASE WHEN n.hasmetadata THEN 'It answers queries on the distributed tables too, and knows nothing of what is governed here.'
                    ELSE 'It holds shards, and knows nothing of what is governed here.' END,
               CASE WHEN n.hasmetadata THEN format('SELECT stop_metadata_sync_to_node(%%L, %%s); -- then it answers none, but by the names of shards', n.nodename, n.nodeport)
                    ELSE '-- in its pg_hba.conf, admit only the roles that Citus itself connects as' END
        FROM %s n WHERE n.groupid <> 0 AND n.isactive
    $q$, format(tables, partitions), shards, shards, nodes);
END
$$;
