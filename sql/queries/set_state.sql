-- A version changes its state: $1 relation, $2 state, $3 version, $4 the version it supersedes,
-- $5 the one that supersedes it, $6 and $7 its home, $8 when it is meant to go, $9 who did it.
UPDATE spyne.tables t
SET state = $2, version = $3, supersedes = coalesce($4, t.supersedes),
    home_schema = $6, home_name = $7, updated_at = now(), suspended_grants = NULL,
    deprecated_at = CASE WHEN $2 = 'DEPRECATED' THEN now() END,
    deprecated_by = CASE WHEN $2 = 'DEPRECATED' THEN $9 END,
    sunset_at = CASE WHEN $2 = 'DEPRECATED' THEN $8::timestamptz END,
    superseded_by = CASE WHEN $2 = 'DEPRECATED' THEN $5 END
WHERE t.relation = $1
