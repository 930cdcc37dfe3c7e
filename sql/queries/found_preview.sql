-- A stored preview, and whether it still authorises; followed by which.
SELECT to_jsonb(p) || jsonb_build_object('user_oid', p.user_oid::bigint) AS preview,
       p.expires_at <= clock_timestamp() AS expired, p.used_at IS NOT NULL AS used,
       extract(epoch FROM p.expires_at - clock_timestamp())::float8 AS expires_in, p.expires_at::text AS expires_at
FROM spyne.query_previews p
