-- What a refusal says about a governed table. $1 relation.
SELECT t.logical_name AS name, t.version, to_char(t.deprecated_at, 'YYYY-MM-DD HH24:MI') AS deprecated_since,
       t.deprecated_by::text AS deprecated_by,
       (SELECT format('%I.%I', n.nspname, c.relname)
        FROM spyne.tables s JOIN pg_class c ON c.oid = s.relation
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE s.logical_name = t.logical_name AND s.state = 'ACTIVE') AS successor
FROM spyne.tables t WHERE t.relation = $1
