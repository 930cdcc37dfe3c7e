-- Partitions: written to directly, attached, detached, detached concurrently,
-- dropped, truncated, created. They have the state of what they belong to.
CREATE SCHEMA atk_part;
GRANT ALL ON SCHEMA atk_part TO PUBLIC;
CREATE TABLE atk_part.t (id integer, v text) PARTITION BY RANGE (id);
CREATE TABLE atk_part.t_low PARTITION OF atk_part.t FOR VALUES FROM (0) TO (10);
CREATE TABLE atk_part.t_sub PARTITION OF atk_part.t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE atk_part.t_sub_a PARTITION OF atk_part.t_sub FOR VALUES FROM (10) TO (20);
CREATE TABLE atk_part.loose (id integer, v text);
INSERT INTO atk_part.t VALUES (1, 'a'), (11, 'b');
INSERT INTO atk_part.loose VALUES (21, 'x');
SELECT name, state FROM spyne_register('atk_part.t', 'atk_part_t');
GRANT ALL ON ALL TABLES IN SCHEMA atk_part TO PUBLIC;
INSERT INTO atk_part.t VALUES (2, 'x');
INSERT INTO atk_part.t_low VALUES (2, 'x');
UPDATE atk_part.t_sub SET v = 'x';
DELETE FROM atk_part.t_sub_a;
\copy atk_part.t_low FROM PROGRAM '/bin/echo 2,x || true' (DELIMITER ',')
TRUNCATE atk_part.t_low;
TRUNCATE atk_part.t_sub_a;
ALTER TABLE atk_part.t ATTACH PARTITION atk_part.loose FOR VALUES FROM (20) TO (30);
ALTER TABLE atk_part.t DETACH PARTITION atk_part.t_low;
ALTER TABLE atk_part.t DETACH PARTITION atk_part.t_low CONCURRENTLY;
ALTER TABLE atk_part.t DETACH PARTITION atk_part.t_low FINALIZE;
ALTER TABLE atk_part.t_sub DETACH PARTITION atk_part.t_sub_a;
ALTER TABLE atk_part.t_sub DETACH PARTITION atk_part.t_sub_a CONCURRENTLY;
CREATE TABLE atk_part.t_new PARTITION OF atk_part.t FOR VALUES FROM (20) TO (30);
CREATE TABLE atk_part.t_deep PARTITION OF atk_part.t_sub DEFAULT;
DROP TABLE atk_part.t_low;
DROP TABLE atk_part.t_sub CASCADE;
DROP TABLE atk_part.t_sub_a;
SET ROLE regress_nobody;
SELECT * FROM atk_part.t_sub_a;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class WHERE relnamespace = 'atk_part'::regnamespace AND relispartition ORDER BY 1;
SELECT * FROM regress.contents('atk_part');

-- A governed table does not become a partition: rows would be routed past it.
CREATE TABLE atk_part.lone (id integer, v text);
SELECT name, state FROM spyne_register('atk_part.lone', 'atk_part_lone');
CREATE TABLE atk_part.root (id integer, v text) PARTITION BY LIST (id);
ALTER TABLE atk_part.root ATTACH PARTITION atk_part.lone DEFAULT;
INSERT INTO atk_part.root VALUES (1, 'x');

-- ACTIVE: an engineer who owns it adds a partition, which is guarded at once;
-- an owner without a spyne role does not.
CREATE TABLE atk_part.live (id integer, v text) PARTITION BY LIST (id);
ALTER TABLE atk_part.live OWNER TO regress_owner;
SELECT name, state FROM spyne_register('atk_part.live', 'atk_part_live', 'SHADOW');
SELECT count(*) > 0 AS promoted FROM spyne_promote('atk_part.live');
SET ROLE regress_owner;
CREATE TABLE atk_part.live_1 PARTITION OF atk_part.live FOR VALUES IN (1);
GRANT ALL ON atk_part.live_1 TO PUBLIC;
SET ROLE regress_analyst;
INSERT INTO atk_part.live_1 VALUES (1, 'x');
RESET ROLE;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'atk_part.live_1'::regclass ORDER BY 1;
SELECT * FROM regress.contents('atk_part');
CALL regress.remove('atk_part');
