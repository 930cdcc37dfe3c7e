-- What is known of earlier previews: $1 for how many seconds an expired one is kept.
SELECT (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms / r.cost)
        FROM (SELECT e.execution_time_ms AS ms, p.estimated_cost AS cost
              FROM spyne.query_executions e JOIN spyne.query_previews p USING (preview_id)
              WHERE e.status = 'completed' AND p.estimated_cost > 0
              ORDER BY e.execution_id DESC LIMIT 100) r
        HAVING count(*) >= 10) AS ms_per_cost,
       coalesce((SELECT p.expires_at < clock_timestamp() - make_interval(secs => $1)
                 FROM spyne.query_previews p ORDER BY p.expires_at LIMIT 1), false) AS is_cluttered
