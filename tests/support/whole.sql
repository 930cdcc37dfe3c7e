-- Whether the governance of a name is whole: what must agree, whatever happened
-- to the sessions that changed it. Used by the isolation specs and the client
-- tests; no part of spyne.
CREATE SCHEMA watch;
GRANT USAGE ON SCHEMA watch TO PUBLIC;

CREATE FUNCTION watch.whole(name text)
RETURNS TABLE (one_active boolean, history_agrees boolean, view_agrees boolean, guards_agree boolean, address_agrees boolean)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
WITH versions AS (
    SELECT t.*, c.oid, c.relname, n.nspname,
           (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled = 'A' AND g.tgname IN ('spyne_guard', 'spyne_guard_truncate')) AS guards,
           (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled = 'A' AND g.tgname = 'spyne_guard_row') AS row_guards
    FROM spyne.tables t LEFT JOIN pg_class c ON c.oid = t.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.logical_name = $1),
visible AS (
    SELECT oid FROM versions WHERE state <> 'SHADOW'
    ORDER BY array_position(ARRAY['ACTIVE', 'READ_ONLY', 'DEPRECATED'], state), updated_at DESC LIMIT 1)
SELECT (SELECT count(*) <= 1 FROM versions WHERE state = 'ACTIVE'),
       (SELECT coalesce(bool_and(v.state = (
            SELECT h.to_state FROM spyne.table_state_history h
            WHERE h.logical_name = $1 AND h.version = v.version ORDER BY h.id DESC LIMIT 1)), true) FROM versions v),
       -- governed.<name> reads the version in use, and nothing else.
       (SELECT array_agg(oid) FROM visible) IS NOT DISTINCT FROM (
            SELECT array_agg(DISTINCT d.refobjid) FROM pg_class w JOIN pg_rewrite r ON r.ev_class = w.oid
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
             AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.oid
            WHERE w.relnamespace = 'governed'::regnamespace AND w.relname = $1),
       -- Statement guards everywhere; the row guard where writes are forbidden.
       (SELECT coalesce(bool_and(guards = 2 AND row_guards = CASE WHEN state IN ('READ_ONLY', 'DEPRECATED') THEN 1 ELSE 0 END), true) FROM versions),
       -- The version in use is where applications look for it.
       (SELECT coalesce(bool_and(home_schema = nspname AND home_name = relname), true) FROM versions WHERE state = 'ACTIVE')
$$;
COMMENT ON FUNCTION watch.whole IS 'tests: whether state rows, history, governed view, guards and addresses of a name agree';
