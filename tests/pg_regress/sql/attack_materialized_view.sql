-- Materialized views: making or refreshing one reads; a governed one is a
-- table like others, and REFRESH writes to it.
CALL regress.make('atk_mv');
SET ROLE regress_analyst;
CREATE MATERIALIZED VIEW atk_mv.stolen AS SELECT * FROM atk_mv.sha;
\echo :LAST_ERROR_SQLSTATE
CREATE MATERIALIZED VIEW atk_mv.later AS SELECT * FROM atk_mv.sha WITH NO DATA;
REFRESH MATERIALIZED VIEW atk_mv.later;
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_nobody;
CREATE MATERIALIZED VIEW atk_mv.nobodys AS SELECT * FROM atk_mv.act WITH NO DATA;
REFRESH MATERIALIZED VIEW atk_mv.nobodys;
-- Refreshed by somebody who may, it is still its owner who reads.
RESET ROLE;
REFRESH MATERIALIZED VIEW atk_mv.later;
REFRESH MATERIALIZED VIEW atk_mv.nobodys;
SELECT relname, relispopulated FROM pg_class WHERE relnamespace = 'atk_mv'::regnamespace AND relkind = 'm' ORDER BY relname;

-- A governed one.
CREATE MATERIALIZED VIEW atk_mv.sums AS SELECT count(*) AS n FROM atk_mv.act;
CREATE UNIQUE INDEX ON atk_mv.sums (n);
ALTER MATERIALIZED VIEW atk_mv.sums OWNER TO regress_owner;
SELECT name, state FROM spyne_register('atk_mv.sums', 'atk_mv_sums');
SET ROLE regress_engineer;
INSERT INTO atk_mv.act VALUES (3, 'c');
SET ROLE regress_owner;
REFRESH MATERIALIZED VIEW atk_mv.sums;
\echo :LAST_ERROR_SQLSTATE
REFRESH MATERIALIZED VIEW CONCURRENTLY atk_mv.sums;
REFRESH MATERIALIZED VIEW atk_mv.sums WITH NO DATA;
RESET ROLE;
DO $$ BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW atk_mv.sums'; END $$;
SELECT * FROM governed.atk_mv_sums;
DROP MATERIALIZED VIEW atk_mv.sums CASCADE;
ALTER MATERIALIZED VIEW atk_mv.sums RENAME TO other;
SELECT * FROM regress.contents('atk_mv');
CALL regress.remove('atk_mv');
