-- The catalogs and functions of Citus that spyne goes by, with their names and arguments. What
-- they do is done on this server, and as far out of spyne's sight as Citus does it on others.

CREATE SCHEMA citus;
GRANT USAGE ON SCHEMA citus TO public;
CREATE TYPE citus.distribution_type AS ENUM ('hash', 'range', 'append');

CREATE TABLE citus.pg_dist_partition (
    logicalrelid regclass NOT NULL PRIMARY KEY, partmethod "char" NOT NULL, partkey text,
    colocationid integer DEFAULT 0 NOT NULL, repmodel "char" DEFAULT 'c' NOT NULL, autoconverted boolean DEFAULT false NOT NULL);
CREATE TABLE citus.pg_dist_shard (
    logicalrelid regclass NOT NULL, shardid int8 NOT NULL PRIMARY KEY, shardstorage "char" NOT NULL DEFAULT 't',
    shardminvalue text, shardmaxvalue text);
CREATE TABLE citus.pg_dist_node (
    nodeid int PRIMARY KEY, groupid int NOT NULL, nodename text NOT NULL, nodeport int NOT NULL DEFAULT 5432,
    noderack text NOT NULL DEFAULT 'default', hasmetadata boolean NOT NULL DEFAULT false, isactive boolean NOT NULL DEFAULT true,
    noderole text NOT NULL DEFAULT 'primary', nodecluster name NOT NULL DEFAULT 'default',
    metadatasynced boolean NOT NULL DEFAULT false, shouldhaveshards boolean NOT NULL DEFAULT true);
CREATE TABLE citus.pg_dist_placement (
    placementid bigint PRIMARY KEY, shardid bigint NOT NULL, shardstate int NOT NULL DEFAULT 1,
    shardlength bigint NOT NULL DEFAULT 0, groupid int NOT NULL);
ALTER TABLE citus.pg_dist_partition SET SCHEMA pg_catalog;
ALTER TABLE citus.pg_dist_shard SET SCHEMA pg_catalog;
ALTER TABLE citus.pg_dist_node SET SCHEMA pg_catalog;
ALTER TABLE citus.pg_dist_placement SET SCHEMA pg_catalog;
GRANT SELECT ON pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard, pg_catalog.pg_dist_node, pg_catalog.pg_dist_placement TO public;
CREATE SEQUENCE citus.shard_ids START 102008;

-- Two workers with the metadata, and the coordinator.
INSERT INTO pg_catalog.pg_dist_node (nodeid, groupid, nodename, nodeport, hasmetadata, shouldhaveshards) VALUES
    (1, 0, 'coordinator', 6111, true, false), (2, 1, 'worker-a', 6112, true, true), (3, 2, 'worker-b', 6113, false, true);

CREATE FUNCTION pg_catalog.citus_truncate_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

-- Citus notes the table, puts its trigger on it, makes the shards and moves the rows, in this order.
CREATE FUNCTION citus.distribute(shell regclass, method "char", key text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    id bigint := nextval('citus.shard_ids');
    shard text;
BEGIN
    IF NOT current_setting('citus.enable_unsafe_triggers')::boolean
       AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = shell AND NOT tgisinternal) THEN
        RAISE EXCEPTION 'cannot distribute relation "%" because it has triggers', shell USING ERRCODE = 'feature_not_supported';
    END IF;
    INSERT INTO pg_dist_partition (logicalrelid, partmethod, partkey) VALUES (shell, method, key);
    EXECUTE format('CREATE TRIGGER truncate_trigger_%s BEFORE TRUNCATE ON %s EXECUTE FUNCTION citus_truncate_trigger()', shell::oid, shell);
    SELECT format('%I.%I', n.nspname, c.relname || '_' || id) INTO shard
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = shell;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', shard, shell);
    EXECUTE format('INSERT INTO %s SELECT * FROM %s', shard, shell);
    EXECUTE format('TRUNCATE %s', shell);
    INSERT INTO pg_dist_shard (logicalrelid, shardid) VALUES (shell, id);
    INSERT INTO pg_dist_placement (placementid, shardid, groupid) VALUES (id, id, 1);
END
$$;

CREATE FUNCTION pg_catalog.create_distributed_table(
    table_name regclass, distribution_column text, distribution_type citus.distribution_type DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$ SELECT citus.distribute(table_name, 'h', distribution_column) $$;
CREATE FUNCTION pg_catalog.create_distributed_table_concurrently(
    table_name regclass, distribution_column text, distribution_type citus.distribution_type DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$ SELECT citus.distribute(table_name, 'h', distribution_column) $$;
CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass)
RETURNS void LANGUAGE sql AS $$ SELECT citus.distribute(table_name, 'n', NULL) $$;

-- A table that stays on the coordinator: its rows are in a shard beside it all the same.
CREATE FUNCTION pg_catalog.citus_add_local_table_to_metadata(table_name regclass, cascade_via_foreign_keys boolean DEFAULT false)
RETURNS void LANGUAGE sql AS $$ SELECT citus.distribute(table_name, 'n', NULL) $$;

CREATE FUNCTION pg_catalog.undistribute_table(table_name regclass, cascade_via_foreign_keys boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    shard text;
BEGIN
    EXECUTE format('DROP TRIGGER truncate_trigger_%s ON %s', table_name::oid, table_name);
    SELECT format('%I.%I', n.nspname, c.relname || '_' || s.shardid) INTO shard
    FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE s.logicalrelid = table_name;
    DELETE FROM pg_dist_shard WHERE logicalrelid = table_name;
    DELETE FROM pg_dist_partition WHERE logicalrelid = table_name;
    EXECUTE format('INSERT INTO %s SELECT * FROM %s', table_name, shard);
    EXECUTE format('DROP TABLE %s', shard);
END
$$;

CREATE FUNCTION pg_catalog.run_command_on_shards(
    table_name regclass, command text, parallel boolean DEFAULT true, OUT shardid bigint, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    shard text;
BEGIN
    FOR shardid, shard IN
        SELECT s.shardid, format('%I.%I', n.nspname, c.relname || '_' || s.shardid)
        FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE s.logicalrelid = table_name
    LOOP
        EXECUTE format(command, shard);
        success := true;
        RETURN NEXT;
    END LOOP;
END
$$;
CREATE FUNCTION pg_catalog.run_command_on_placements(
    table_name regclass, command text, parallel boolean DEFAULT true,
    OUT nodename text, OUT nodeport int, OUT shardid bigint, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE sql AS $$
    SELECT 'worker-a'::text, 6112, r.shardid, r.success, r.result FROM run_command_on_shards(table_name, command, parallel) r $$;
CREATE FUNCTION pg_catalog.run_command_on_colocated_placements(
    table_name1 regclass, table_name2 regclass, command text, parallel boolean DEFAULT true,
    OUT nodename text, OUT nodeport int, OUT shardid1 bigint, OUT shardid2 bigint, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    names text[];
BEGIN
    SELECT array_agg(format('%I.%I', n.nspname, c.relname || '_' || s.shardid) ORDER BY s.logicalrelid <> table_name1) INTO names
    FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE s.logicalrelid IN (table_name1, table_name2);
    EXECUTE format(command, names[1], names[2]);
END
$$;

CREATE FUNCTION pg_catalog.citus_drop_all_shards(
    logicalrelid regclass, schema_name text, table_name text, drop_shards_metadata_only boolean DEFAULT false)
RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    id bigint;
    dropped integer := 0;
BEGIN
    FOR id IN DELETE FROM pg_dist_shard s WHERE s.logicalrelid = citus_drop_all_shards.logicalrelid RETURNING s.shardid LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I.%I', schema_name, table_name || '_' || id);
        DELETE FROM pg_dist_placement p WHERE p.shardid = id;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
CREATE FUNCTION pg_catalog.master_remove_partition_metadata(logicalrelid regclass, schema_name text, table_name text)
RETURNS void LANGUAGE sql AS $$
    DELETE FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid = master_remove_partition_metadata.logicalrelid $$;

-- After DROP TABLE of a shell, its shards go too.
CREATE FUNCTION pg_catalog.citus_drop_trigger() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN SELECT objid, schema_name, object_name FROM pg_event_trigger_dropped_objects() WHERE object_type = 'table' AND original LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = gone.objid);
        PERFORM citus_drop_all_shards(gone.objid, gone.schema_name, gone.object_name);
        PERFORM master_remove_partition_metadata(gone.objid, gone.schema_name, gone.object_name);
    END LOOP;
END
$$;
CREATE EVENT TRIGGER citus_cascade_to_partition ON sql_drop EXECUTE FUNCTION pg_catalog.citus_drop_trigger();
