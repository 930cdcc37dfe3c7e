-- What the running command has dropped. Every name is qualified: whoever runs DDL runs this, with any search_path.
SELECT d.objid AS oid,
       d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.objsubid OPERATOR(pg_catalog.=) 0 AS is_relation,
       d.address_names[1] AS schema, d.address_names[2] AS name, d.original, d.is_temporary AS temporary,
       CASE d.object_type WHEN 'trigger' THEN d.address_names[3] END AS trigger
FROM pg_catalog.pg_event_trigger_dropped_objects() d
WHERE d.object_type IN ('table', 'foreign table', 'materialized view', 'trigger')
