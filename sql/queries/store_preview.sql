-- Stores a preview: $1 its columns by name, $2 for how many seconds it is good.
INSERT INTO spyne.query_previews
SELECT p.* FROM jsonb_populate_record(NULL::spyne.query_previews, $1 || jsonb_build_object(
    'preview_id', gen_random_uuid(), 'created_at', clock_timestamp(),
    'expires_at', clock_timestamp() + make_interval(secs => $2))) p
RETURNING preview_id, expires_at::text AS expires_at
