-- Governed versions; a WHERE clause follows.
SELECT t.relation::oid AS relation, t.state, t.logical_name AS name, t.version, t.owner::oid AS owner,
       t.home_schema::text AS home_schema, t.home_name::text AS home_name,
       (extract(epoch FROM now() - t.deprecated_at) / 60)::float8 AS deprecated_minutes_ago,
       t.superseded_by IS NOT NULL AS superseded
FROM spyne.tables t
