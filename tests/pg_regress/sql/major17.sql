-- What PostgreSQL 17 has brought is governed too: MERGE that returns rows and
-- reaches rows without a match, MAINTAIN, generated columns that change.
-- needs: PostgreSQL 17
SELECT current_user AS superuser \gset
CALL regress.make('m17');
-- MERGE: refused by its target's state, wherever it stands and whatever it reads.
\set VERBOSITY terse
MERGE INTO m17.ro t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE RETURNING merge_action(), t.*;
MERGE INTO m17.ro t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE;
MERGE INTO m17.ro t USING (SELECT 1 AS id WHERE false) s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = 'x';
WITH gone AS (MERGE INTO m17.ro t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE RETURNING t.*) SELECT * FROM gone;
COPY (MERGE INTO m17.ro t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE RETURNING t.*) TO STDOUT;
-- Through a view that may be written to.
CREATE VIEW m17.through AS SELECT * FROM m17.ro;
CREATE VIEW m17.open AS SELECT * FROM m17.act;
GRANT ALL ON m17.through, m17.open TO PUBLIC;
MERGE INTO m17.through t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE;
SET ROLE regress_analyst;
MERGE INTO m17.open t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE RETURNING t.id;
MERGE INTO m17.act t USING m17.sha s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE;
SELECT * FROM regress.contents('m17') WHERE state IN ('ACTIVE', 'READ_ONLY');
-- What an engineer may write, goes through.
SET ROLE regress_engineer;
MERGE INTO m17.open t USING (VALUES (1, 'z'), (9, 'new')) s(id, v) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v) WHEN NOT MATCHED BY SOURCE THEN DELETE
    RETURNING merge_action(), t.id, t.v;
SELECT * FROM regress.contents('m17') WHERE "table" = 'act';

-- Previews of it: the tables, what is relied on, and a dry run with what it would change.
CREATE TEMPORARY TABLE merges (n integer, query text);
INSERT INTO merges VALUES
    (1, $$MERGE INTO m17.act t USING (VALUES (1, 'q'), (10, 'n')) s(id, v) ON t.id = s.id
          WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v) WHEN NOT MATCHED BY SOURCE THEN DELETE
          RETURNING merge_action(), t.*$$),
    (2, $$MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE$$),
    (3, $$MERGE INTO m17.act t USING (VALUES (7, 'i')) s(id, v) ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)$$),
    (4, $$MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DO NOTHING$$),
    (5, $$MERGE INTO m17.open t USING (SELECT 1 AS id WHERE false) s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE$$),
    (6, $$MERGE INTO m17.act t USING (VALUES (1)) s(id) ON false WHEN NOT MATCHED BY SOURCE THEN DELETE$$);
SELECT n, p.tables_used -> 0 ->> 'relation' AS relation, p.tables_used -> 0 ->> 'access' AS access, p.dry_run_result,
       (SELECT string_agg(a ->> 'code', ' ') FROM jsonb_array_elements(p.assumptions) a) AS assumptions,
       (SELECT string_agg(g ->> 'code', ' ') FROM jsonb_array_elements(p.guardrails) g WHERE g ->> 'severity' = 'stop') AS stops
FROM merges, spyne_preview(query, dry_run => true) p ORDER BY n;
SELECT a ->> 'text' AS says FROM merges, spyne_preview(query) p, jsonb_array_elements(p.assumptions) a WHERE n = 1;
SELECT * FROM regress.contents('m17') WHERE "table" = 'act';
-- Where previews are required, one runs as it was looked at, and once.
RESET ROLE;
ALTER ROLE regress_engineer SET spyne.require_preview = users;
\c - regress_engineer
MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id;
SELECT statement FROM spyne_preview('MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id');
MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id;
MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id;
SELECT r.* FROM spyne_preview('MERGE INTO m17.act t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = ''run'' RETURNING merge_action()') p, spyne_execute(p.preview_id) r;
\c - :superuser
ALTER ROLE regress_engineer RESET spyne.require_preview;
SELECT * FROM regress.contents('m17') WHERE "table" = 'act';

-- MAINTAIN is no way to the rows, and changes none.
\set VERBOSITY default
CREATE ROLE m17_keeper LOGIN;
CREATE ROLE m17_maintainer LOGIN IN ROLE pg_maintain;
GRANT USAGE ON SCHEMA m17 TO m17_keeper, m17_maintainer;
CREATE MATERIALIZED VIEW m17.mat AS SELECT * FROM (VALUES (1)) v(id);
SELECT name, state FROM spyne_register('m17.mat', 'm17_mat');
REVOKE ALL ON m17.ro, m17.act, m17.sha FROM PUBLIC;
GRANT MAINTAIN ON m17.ro, m17.act, m17.mat TO m17_keeper;
\c - m17_keeper
VACUUM m17.ro;
ANALYZE m17.ro;
REINDEX TABLE m17.ro;
CLUSTER m17.ro USING ro_pkey;
BEGIN;
LOCK TABLE m17.ro IN SHARE MODE;
COMMIT;
REFRESH MATERIALIZED VIEW m17.mat;
SELECT count(*) FROM m17.ro;
SELECT user_name, spyne_role FROM spyne_whoami();
\c - m17_maintainer
VACUUM m17.ro;
REINDEX TABLE m17.sha;
REFRESH MATERIALIZED VIEW m17.mat;
SELECT user_name, spyne_role FROM spyne_whoami();
\c - :superuser
SELECT * FROM regress.contents('m17') WHERE "table" IN ('ro', 'sha');
SELECT object, detail FROM spyne_coverage() WHERE gap = 'direct grant on a base table' AND object LIKE 'm17.%' AND detail LIKE 'm17%' ORDER BY 1, 2;
-- It goes over to the next version with the other grants, and is kept while a table is staging.
SELECT spyne_set_system_mode('INGESTION_READY', 'test') IS NOT NULL AS open;
SELECT relation FROM spyne_create_shadow('m17_act');
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.m17_act', dependents => 'repoint', reason => 'test');
SELECT has_table_privilege('m17_keeper', 'm17.act', 'MAINTAIN') AS maintains, has_table_privilege('m17_keeper', 'm17.act', 'SELECT') AS reads;
CREATE TABLE m17.staged (id integer PRIMARY KEY);
GRANT MAINTAIN ON m17.staged TO m17_keeper WITH GRANT OPTION;
SELECT name, state FROM spyne_register('m17.staged', 'm17_staged', 'SHADOW');
SELECT has_table_privilege('m17_keeper', 'm17.staged', 'MAINTAIN') AS while_staging;
SELECT count(*) > 0 AS promoted FROM spyne_promote('m17.staged');
SELECT has_table_privilege('m17_keeper', 'm17.staged', 'MAINTAIN WITH GRANT OPTION') AS afterwards;

-- A generated column that is computed anew means something else.
CREATE TABLE m17.gen (id integer PRIMARY KEY, twice integer GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO m17.gen VALUES (1);
SELECT name, state FROM spyne_register('m17.gen', 'm17_gen');
ALTER TABLE m17.gen ALTER COLUMN twice SET EXPRESSION AS (id * 3);
SELECT * FROM m17.gen;
SELECT count(*) FROM spyne_unregister('m17.gen', 'test');
SELECT name, state FROM spyne_register('m17.gen', 'm17_gen', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('m17.gen');
ALTER TABLE m17.gen ALTER COLUMN twice SET EXPRESSION AS (id * 3);
SELECT * FROM m17.gen;
-- SET ACCESS METHOD DEFAULT rewrites the table and changes none of its rows.
ALTER TABLE m17.gen SET ACCESS METHOD DEFAULT;
SELECT count(*) FROM spyne_detect_drift('m17.gen');

-- Partitioned tables with an identity column and an exclusion constraint.
CREATE TABLE m17.parts (id integer GENERATED ALWAYS AS IDENTITY, day date NOT NULL, EXCLUDE USING btree (day WITH =)) PARTITION BY RANGE (day);
CREATE TABLE m17.parts_a PARTITION OF m17.parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
SELECT name, state FROM spyne_register('m17.parts', 'm17_parts', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('m17.parts');
CREATE TABLE m17.parts_b PARTITION OF m17.parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
SELECT attrelid::regclass, attidentity FROM pg_attribute WHERE attname = 'id' AND attrelid IN ('m17.parts'::regclass, 'm17.parts_b'::regclass) ORDER BY 1;
INSERT INTO m17.parts_b (day) VALUES ('2026-02-01') RETURNING id;
SELECT count(*) FROM spyne_detect_drift('m17.parts');
ALTER TABLE m17.parts ALTER COLUMN id SET GENERATED BY DEFAULT;
SELECT relation FROM spyne_create_shadow('m17_parts');

-- COPY that goes on past rows with errors is COPY.
\set VERBOSITY terse
\copy m17.ro FROM PROGRAM '/bin/echo nine,x || true' (FORMAT csv, ON_ERROR ignore)
\copy m17.act FROM PROGRAM '/bin/echo nine,x || true' (FORMAT csv, ON_ERROR ignore, LOG_VERBOSITY verbose)
SELECT * FROM regress.contents('m17') WHERE "table" IN ('act', 'ro');

-- A login trigger and one for REINDEX beside spyne's own.
CREATE FUNCTION m17.seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM governed.m17_ro; END $$;
CREATE EVENT TRIGGER m17_login ON login EXECUTE FUNCTION m17.seen();
CREATE EVENT TRIGGER m17_reindex ON ddl_command_start WHEN TAG IN ('REINDEX') EXECUTE FUNCTION m17.seen();
\c - regress_analyst
SELECT count(*) FROM governed.m17_ro;
\c - :superuser
REINDEX TABLE m17.ro;
DROP EVENT TRIGGER m17_login;
DROP EVENT TRIGGER m17_reindex;
-- transaction_timeout ends spyne's own work with the rest of its transaction.
SET transaction_timeout = '10s';
SELECT count(*) > 0 AS planned FROM spyne_promote('spyne_shadow.m17_parts', dry_run => true);
RESET transaction_timeout;
SET client_min_messages = warning;
CALL regress.remove('m17');
DROP ROLE m17_keeper, m17_maintainer;
