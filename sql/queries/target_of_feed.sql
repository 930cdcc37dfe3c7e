-- The version that a feed for name $1 is compared with.
SELECT t.relation::oid AS relation FROM spyne.tables t WHERE t.logical_name = $1
ORDER BY t.state = 'ACTIVE' DESC, t.state = 'READ_ONLY' DESC, t.state = 'SHADOW' DESC, t.created_at DESC LIMIT 1
