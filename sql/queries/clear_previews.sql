-- Clears fifty previews that have been expired for $1 seconds and were never run. Those that were
-- run stay, so the oldest may all be such: as many again are looked at from a moment on that is
-- chosen at random. However many there are, a few hundred rows are read.
DELETE FROM spyne.query_previews d WHERE d.preview_id = ANY (ARRAY(
    WITH kept AS MATERIALIZED (
        SELECT min(p.expires_at) AS oldest, clock_timestamp() - make_interval(secs => $1) AS until FROM spyne.query_previews p),
    looked_at AS MATERIALIZED (
        (SELECT p.preview_id FROM spyne.query_previews p
         WHERE p.expires_at < (SELECT until FROM kept) ORDER BY p.expires_at LIMIT 100)
        UNION (SELECT p.preview_id FROM spyne.query_previews p
         WHERE p.expires_at < (SELECT until FROM kept)
           AND p.expires_at >= (SELECT oldest + random() * (until - oldest) FROM kept) ORDER BY p.expires_at LIMIT 100))
    SELECT o.preview_id FROM spyne.query_previews o JOIN looked_at USING (preview_id)
    WHERE NOT EXISTS (SELECT FROM spyne.query_executions e WHERE e.preview_id = o.preview_id)
    LIMIT 50 FOR UPDATE OF o SKIP LOCKED))
