-- A run: $1 its preview, $2 and $3 who, $4 milliseconds, $5 rows, $6 how it ended, $7 rows read.
INSERT INTO spyne.query_executions (preview_id, user_oid, user_name, started_at, execution_time_ms, result_count, status, scanned)
VALUES ($1::pg_catalog.uuid, $2, $3,
        pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $4 OPERATOR(pg_catalog./) 1000.0),
        $4, $5, $6, $7)
