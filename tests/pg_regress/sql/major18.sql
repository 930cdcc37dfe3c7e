-- What came with PostgreSQL 18, judged by what it does.
-- needs: PostgreSQL 18
\set VERBOSITY terse
CALL regress.make('m18');
SET search_path = m18, public;

-- RETURNING OLD and NEW: a write stays a write, and what it returns is read.
SET ROLE regress_engineer;
UPDATE ro SET v = 'z' WHERE id = 1 RETURNING old.v, new.v;
DELETE FROM ro RETURNING WITH (OLD AS o, NEW AS n) o.v, n.v;
UPDATE act SET v = 'z' WHERE id = 1 RETURNING old.v, new.v;
INSERT INTO act VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET v = excluded.v RETURNING old.v, new.v;
MERGE INTO act USING (VALUES (1), (3)) x(id) ON x.id = act.id
    WHEN MATCHED THEN UPDATE SET v = 'a' WHEN NOT MATCHED THEN INSERT VALUES (x.id, 'c')
    RETURNING merge_action(), old.v, new.v;
DELETE FROM act WHERE id = 3 RETURNING old.v, new.v;
RESET ROLE;
SET spyne.require_preview = users;
SET ROLE regress_engineer;
UPDATE act SET v = 'q' WHERE id = 1 RETURNING old.v, new.v;
-- A dry run shows the rows before and after, and changes none.
SELECT dry_run_result FROM spyne_preview('UPDATE act SET v = ''q'' WHERE id = 1 RETURNING old.v, new.v', dry_run => true);
SELECT dry_run_result FROM spyne_preview('MERGE INTO act USING ro ON ro.id = act.id AND ro.id = 1 WHEN MATCHED THEN UPDATE SET v = ''m'' WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), old.v, new.v', dry_run => true);
UPDATE act SET v = 'q' WHERE id = 1 RETURNING old.v, new.v;
SELECT preview_id FROM spyne_preview('MERGE INTO act USING ro ON ro.id = act.id WHEN MATCHED AND act.id = 1 THEN UPDATE SET v = ''e'' RETURNING merge_action(), old.v AS before, new.v AS after') \gset
SELECT * FROM spyne_execute(:'preview_id');
-- What only RETURNING reads is used, and judged.
SELECT jsonb_path_query_array(tables_used, '$[*].relation') AS used
FROM spyne_preview('UPDATE act SET v = ''r'' WHERE id = 1 RETURNING (SELECT v FROM ro WHERE ro.id = old.id)');
SET ROLE regress_analyst;
UPDATE act SET v = 'r' WHERE id = 1 RETURNING (SELECT v FROM sha WHERE sha.id = new.id);
RESET ROLE;
RESET spyne.require_preview;
SELECT * FROM regress.contents('m18') WHERE "table" IN ('act', 'ro');

-- A generated column that is not stored stays one in a shadow, in a guide and in a remedy.
CREATE TABLE virt (id integer PRIMARY KEY, n integer, twice integer GENERATED ALWAYS AS (n * 2) VIRTUAL, thrice integer GENERATED ALWAYS AS (n * 3) STORED);
INSERT INTO virt VALUES (1, 10);
SELECT state FROM spyne_register('virt', 'm18_virt', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('virt');
ALTER TABLE virt ALTER COLUMN twice SET EXPRESSION AS (n * 20);
ALTER TABLE virt DROP COLUMN twice;
ALTER TABLE virt ADD COLUMN more integer GENERATED ALWAYS AS (n + 1) VIRTUAL;
SELECT item, statement FROM spyne_diff('m18_virt', 'v1', 'v1.1') WHERE item <> 'change' ORDER BY seq;
SELECT count(*) AS changed FROM spyne_set_system_mode('INGESTION_READY', 'test');
SELECT count(*) > 0 AS made FROM spyne_create_shadow('m18_virt');
SELECT attname, attgenerated FROM pg_attribute WHERE attrelid = 'spyne_shadow.m18_virt'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO spyne_shadow.m18_virt VALUES (1, 11);
-- One that is stored where it was not is a difference.
ALTER TABLE spyne_shadow.m18_virt DROP COLUMN more, ADD COLUMN more integer GENERATED ALWAYS AS (n + 1) STORED;
SELECT kind, detail FROM spyne_promote('spyne_shadow.m18_virt', dry_run => true) WHERE detail LIKE '%STORED%';
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.m18_virt');
SELECT * FROM governed.m18_virt;
GRANT ALL ON virt TO PUBLIC;
SET ROLE regress_engineer;
SELECT dry_run_result FROM spyne_preview('UPDATE virt SET n = 5 WHERE id = 1', dry_run => true);
RESET ROLE;

-- NOT NULL that is NOT VALID proves nothing of the rows that are there.
CREATE TABLE half (id integer PRIMARY KEY, n integer);
INSERT INTO half VALUES (1, 1), (2, NULL);
SELECT state FROM spyne_register('half', 'm18_half', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('half');
ALTER TABLE half ADD CONSTRAINT n_given NOT NULL n NOT VALID;
INSERT INTO half VALUES (3, NULL);
SELECT jsonb_path_query_array(assumptions, '$[*].code') FROM spyne_preview('SELECT avg(n) FROM half WHERE id NOT IN (SELECT n FROM half)');
UPDATE half SET n = 2 WHERE n IS NULL;
ALTER TABLE half VALIDATE CONSTRAINT n_given;
SELECT jsonb_path_query_array(assumptions, '$[*].code') FROM spyne_preview('SELECT avg(n) FROM half WHERE id NOT IN (SELECT n FROM half)');
-- What is only called another, or reaches other tables, is told as that.
ALTER TABLE half RENAME CONSTRAINT n_given TO n_is_given;
ALTER TABLE half ALTER CONSTRAINT n_is_given NO INHERIT;
ALTER TABLE half DROP CONSTRAINT n_is_given;
SELECT version, jsonb_path_query_first(schema_snapshot, '$.columns[1].not_null_constraint') AS "constraint" FROM spyne.table_versions
WHERE logical_name = 'm18_half' ORDER BY created_at;

-- What is not enforced is no evidence, holds nobody, and moves as it is.
CREATE TABLE town (id integer PRIMARY KEY, name text);
CREATE TABLE house (id integer PRIMARY KEY, town_id integer CONSTRAINT house_town REFERENCES town ON DELETE CASCADE NOT ENFORCED,
    rooms integer CONSTRAINT any_rooms CHECK (rooms > 0) NOT ENFORCED);
INSERT INTO town SELECT n, 'town ' || n FROM generate_series(1, 50) n;
INSERT INTO house SELECT n, n % 50 + 100, 0 FROM generate_series(1, 200) n;
ANALYZE town, house;
SELECT state FROM spyne_register('town', 'm18_town', 'SHADOW'), LATERAL spyne_promote('town') LIMIT 1;
SELECT state FROM spyne_register('house', 'm18_house', 'SHADOW'), LATERAL spyne_promote('house') LIMIT 1;
SELECT condition FROM spyne_discover_joins('{m18}') WHERE condition LIKE '%m18_town%' AND condition LIKE '%m18_house%';
ALTER TABLE house ADD CONSTRAINT positive CHECK (id > 0) NOT ENFORCED;
SELECT count(*) AS kept FROM house;
CREATE TABLE area (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE area_1 PARTITION OF area FOR VALUES FROM (0) TO (100);
CREATE TABLE plot (id integer CONSTRAINT plot_area REFERENCES area ON DELETE CASCADE NOT ENFORCED);
SELECT jsonb_path_query_array(guardrails, '$[*].code') FROM unnest('{town,area}'::text[]) t, spyne_preview(format('DELETE FROM %I WHERE id = 1', t));
ALTER TABLE plot ALTER CONSTRAINT plot_area ENFORCED;
SELECT jsonb_path_query_array(guardrails, '$[*].code') FROM spyne_preview('DELETE FROM area WHERE id = 1');
SELECT count(*) > 0 AS made FROM spyne_create_shadow('m18_town');
INSERT INTO spyne_shadow.m18_town SELECT * FROM town;
SELECT kind, statement FROM spyne_promote('spyne_shadow.m18_town', dependents => 'repoint', dry_run => true) WHERE statement LIKE '%house_town%';
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.m18_town', dependents => 'repoint');
SELECT conname, confrelid::regclass, conenforced, convalidated FROM pg_constraint WHERE conrelid = 'house'::regclass AND contype = 'f';
ALTER TABLE house ALTER CONSTRAINT house_town ENFORCED;
UPDATE house SET town_id = 1;
ALTER TABLE house ALTER CONSTRAINT house_town ENFORCED;
ALTER TABLE house ALTER CONSTRAINT house_town NOT ENFORCED;

-- Keys over periods: no plain keys, and checked like any foreign key.
CREATE EXTENSION btree_gist SCHEMA public;
CREATE TABLE stay (id integer, during int4range, v text, CONSTRAINT stay_key PRIMARY KEY (id, during WITHOUT OVERLAPS));
INSERT INTO stay VALUES (1, '[1,10)', 'a'), (1, '[10,20)', 'b'), (2, '[1,5)', 'c');
ALTER TABLE stay OWNER TO regress_stranger;
SELECT state FROM spyne_register('stay', 'm18_stay');
GRANT ALL ON stay TO PUBLIC;
CREATE TABLE visit (id integer PRIMARY KEY, stay integer, during int4range, CONSTRAINT visit_stay FOREIGN KEY (stay, PERIOD during) REFERENCES stay (id, PERIOD during));
GRANT ALL ON visit TO PUBLIC;
ANALYZE stay;
SET ROLE regress_nobody;
INSERT INTO visit VALUES (1, 1, '[3,15)');
INSERT INTO visit VALUES (2, 1, '[3,25)');
SELECT 1 FROM (SELECT during AS r FROM ONLY stay x WHERE id = 1 AND during && '[1,2)' FOR KEY SHARE OF x) x1 HAVING int4range(1, 2) <@ range_agg(x1.r);
RESET ROLE;
DELETE FROM stay WHERE id = 2;
SELECT condition FROM spyne_discover_joins('{m18}') WHERE condition LIKE '%m18_stay%';
SELECT jsonb_path_query_array(guardrails, '$[*].code') FROM spyne_preview('SELECT sum(v.id) FROM visit v JOIN stay s ON s.id = v.stay AND s.during = v.during');
SELECT jsonb_path_query_array(guardrails, '$[*].code') FROM spyne_preview('SELECT sum(v.id) FROM visit v JOIN stay s ON s.id = v.stay');
-- The same where the parent has partitions, once by a plan for these values and once by one for all.
CREATE TABLE term (id integer, during int4range, v text, PRIMARY KEY (id, during WITHOUT OVERLAPS)) PARTITION BY RANGE (id);
CREATE TABLE term_1 PARTITION OF term FOR VALUES FROM (0) TO (10);
CREATE TABLE term_2 PARTITION OF term FOR VALUES FROM (10) TO (20);
INSERT INTO term VALUES (1, '[1,10)', 'a'), (11, '[1,10)', 'b');
CREATE TABLE course (term integer, during int4range, FOREIGN KEY (term, PERIOD during) REFERENCES term);
SELECT state FROM spyne_register('term', 'm18_term');
GRANT ALL ON term, course TO PUBLIC;
SET ROLE regress_nobody;
INSERT INTO course VALUES (1, '[3,5)'), (11, '[3,5)');
INSERT INTO course VALUES (11, '[3,11)');
SET plan_cache_mode = force_generic_plan;
INSERT INTO course VALUES (11, '[2,5)');
RESET plan_cache_mode;
RESET ROLE;
-- From the side of the parent: the check reads the child, which is governed, and the parent.
CREATE TABLE owner_of_stays (id integer, during int4range, PRIMARY KEY (id, during WITHOUT OVERLAPS));
INSERT INTO owner_of_stays VALUES (1, '[1,10)'), (2, '[1,10)');
CREATE TABLE owned (id integer, during int4range, CONSTRAINT owned_by FOREIGN KEY (id, PERIOD during) REFERENCES owner_of_stays);
INSERT INTO owned VALUES (1, '[2,3)');
SELECT state FROM spyne_register('owned', 'm18_owned');
GRANT ALL ON owner_of_stays, owned TO PUBLIC;
SET ROLE regress_nobody;
DELETE FROM owner_of_stays WHERE id = 2;
DELETE FROM owner_of_stays WHERE id = 1;
RESET ROLE;
SELECT * FROM owner_of_stays;

-- A foreign key over periods moves to a version that has a key over periods, and to no other.
SELECT count(*) AS ended FROM spyne_unregister('stay', 'as a shadow again', override => true);
SELECT state FROM spyne_register('stay', 'm18_stay', 'SHADOW'), LATERAL spyne_promote('stay') LIMIT 1;
SELECT count(*) > 0 AS made FROM spyne_create_shadow('m18_stay');
INSERT INTO spyne_shadow.m18_stay SELECT * FROM stay;
ALTER TABLE spyne_shadow.m18_stay DROP CONSTRAINT m18_stay_pkey, ADD UNIQUE (id, during);
SELECT kind, detail, statement FROM spyne_promote('spyne_shadow.m18_stay', dependents => 'repoint', dry_run => true) WHERE statement LIKE '%OVERLAPS%';
ALTER TABLE spyne_shadow.m18_stay ADD PRIMARY KEY (id, during WITHOUT OVERLAPS);
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.m18_stay', dependents => 'repoint', accept_breaking => true);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'visit_stay';
ALTER TABLE visit VALIDATE CONSTRAINT visit_stay;

-- A shadow has what its model has, and what it has is checked for its own rows.
SELECT state FROM spyne_register('visit', 'm18_visit', 'SHADOW'), LATERAL spyne_promote('visit') LIMIT 1;
SELECT count(*) > 0 AS made FROM unnest('{m18_house,m18_visit}'::text[]) name, spyne_create_shadow(name);
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid IN ('spyne_shadow.m18_house'::regclass, 'spyne_shadow.m18_visit'::regclass) ORDER BY conrelid, conname;

-- A foreign key of a partitioned table can be NOT VALID, so it moves too.
CREATE TABLE sold (id integer, town_id integer CONSTRAINT sold_town REFERENCES town) PARTITION BY RANGE (id);
CREATE TABLE sold_1 PARTITION OF sold FOR VALUES FROM (0) TO (100);
INSERT INTO sold VALUES (1, 1);
SELECT count(*) > 0 AS made FROM spyne_create_shadow('m18_town');
INSERT INTO spyne_shadow.m18_town SELECT * FROM town;
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.m18_town', dependents => 'repoint');
SELECT conrelid::regclass, confrelid::regclass, convalidated FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('sold'::regclass, 'sold_1'::regclass) ORDER BY 1;
ALTER TABLE sold VALIDATE CONSTRAINT sold_town;

-- COPY that passes over bad rows is a write; COPY of a materialized view is a read.
COPY ro FROM stdin WITH (ON_ERROR ignore, REJECT_LIMIT 1);
9	x
\.
CREATE MATERIALIZED VIEW seen AS SELECT * FROM ro;
SELECT state FROM spyne_register('seen', 'm18_seen');
GRANT ALL ON seen TO PUBLIC;
SET ROLE regress_nobody;
COPY seen TO stdout;
RESET ROLE;
COPY seen TO stdout;
SELECT * FROM regress.contents('m18') WHERE "table" = 'ro';

-- A part of a partitioned table alone.
CREATE TABLE parted (id integer, n integer) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
SELECT state FROM spyne_register('parted', 'm18_parted', 'SHADOW'), LATERAL spyne_promote('parted') LIMIT 1;
ALTER TABLE ONLY parted_1 ADD CONSTRAINT n_here NOT NULL n;
SELECT count(*) AS changes FROM spyne_detect_drift('parted');
ALTER TABLE parted ADD CONSTRAINT n_all NOT NULL n;
SELECT version FROM spyne.tables WHERE logical_name = 'm18_parted';

-- Privileges on large objects to come are nobody's table.
ALTER DEFAULT PRIVILEGES FOR ROLE regress_owner GRANT SELECT ON LARGE OBJECTS TO regress_viewer;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_owner REVOKE SELECT ON LARGE OBJECTS FROM regress_viewer;

SET client_min_messages = warning;
CALL regress.remove('m18');
DROP EXTENSION btree_gist;
