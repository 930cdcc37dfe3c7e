-- The present shape of a relation becomes that of a version: $1 relation, $2 name, $3 version, $4 who did it.
INSERT INTO spyne.table_versions (logical_name, version, schema_snapshot, created_by, origin)
VALUES ($2, $3, spyne.schema_snapshot($1), $4, spyne.origin_of($1))
ON CONFLICT (logical_name, version) DO UPDATE
SET schema_snapshot = excluded.schema_snapshot, created_at = excluded.created_at,
    created_by = excluded.created_by, origin = excluded.origin
