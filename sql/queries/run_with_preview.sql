-- A run, with the preview it came of: $1 its id, $2 whose it must be, $3 or anybody's.
SELECT to_jsonb(p) || jsonb_build_object('user_oid', p.user_oid::bigint) AS preview, e.user_name::text AS user_name,
       to_char(e.started_at, 'YYYY-MM-DD HH24:MI:SS') AS started_at, e.execution_time_ms, e.result_count, e.status, e.scanned
FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id)
WHERE e.execution_id = $1 AND (e.user_oid = $2 OR $3)
