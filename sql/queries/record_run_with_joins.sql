-- A run, with the joins of its preview: $1 the preview, $2 and $3 who, $4 milliseconds, $5 rows,
-- $6 how it ended, $7 rows read.
WITH run AS (
    INSERT INTO spyne.query_executions (preview_id, user_oid, user_name, started_at, execution_time_ms, result_count, status, scanned)
    VALUES ($1::uuid, $2, $3, clock_timestamp() - make_interval(secs => $4 / 1000.0), $4, $5, $6, $7)
    RETURNING execution_id, preview_id)
INSERT INTO spyne.joins_used (execution_id, join_id, "left", left_columns, "right", right_columns)
SELECT run.execution_id, j ->> 'join_id', j ->> 'left', ARRAY(SELECT jsonb_array_elements_text(j -> 'left_columns')),
       j ->> 'right', ARRAY(SELECT jsonb_array_elements_text(j -> 'right_columns'))
FROM run JOIN spyne.query_previews p USING (preview_id), jsonb_array_elements(p.joins) j
