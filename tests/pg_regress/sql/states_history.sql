-- Every change of state is on record: from, to, who, when and why; nobody edits
-- the record, and nobody reads of staging in it without the role.
CALL regress.make('st_hist');
SELECT max(id) AS start FROM spyne.table_state_history \gset
CREATE FUNCTION pg_temp.since(bigint) RETURNS TABLE (name text, version text, relation text, change text, who text, reason text) LANGUAGE sql AS $$
    SELECT logical_name, version, relation, concat_ws(' -> ', coalesce(from_state, 'none'), coalesce(to_state, 'none')),
           current_user_name || CASE WHEN session_user_name = session_user THEN '' ELSE ' by ' || session_user_name END, reason
    FROM spyne.table_state_history WHERE id > $1 ORDER BY id $$;
CREATE TABLE st_hist.t (id integer);
GRANT SELECT ON st_hist.t TO regress_admin;
SET ROLE regress_admin;
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
SELECT name FROM spyne_register('st_hist.t', 'st_hist_t', 'SHADOW');
SELECT count(*) > 0 AS done FROM spyne_promote('st_hist.t', reason => 'first');
SELECT name FROM spyne_create_shadow('st_hist_t', 'st_hist.t');
RESET ROLE;
SELECT count(*) > 0 AS done FROM spyne_promote('spyne_shadow.st_hist_t', reason => 'second');
SELECT count(*) > 0 AS done FROM spyne_restore('st_hist.t__v1', 'back');
SELECT count(*) > 0 AS done FROM spyne_deprecate('st_hist.t', 'enough', sunset_at => '2100-01-01');
SELECT name FROM spyne_unregister('st_hist."t__v1.1"', 'gone', override => true);
SELECT name FROM spyne_unregister('st_hist.sha', 'staging ends');
-- Rolled back is never happened.
BEGIN;
SELECT name FROM spyne_unregister('st_hist.ro', 'no');
ROLLBACK;
SELECT * FROM pg_temp.since(:start);
SELECT bool_and(changed_at BETWEEN now() - interval '1 hour' AND clock_timestamp()) AS dated FROM spyne.table_state_history WHERE id > :start;
-- Staging is for engineers.
SET ROLE regress_viewer;
SELECT * FROM pg_temp.since(:start);
SET ROLE regress_engineer;
SELECT count(*) FROM pg_temp.since(:start);
SET ROLE regress_admin;
SELECT * FROM regress.attempt($$INSERT INTO spyne.table_state_history (logical_name, version, relation, to_state, current_user_name) VALUES ('x', 'v1', 'x', 'ACTIVE', 'x')$$);
SELECT * FROM regress.attempt($$UPDATE spyne.table_state_history SET reason = 'x'$$);
RESET ROLE;
SELECT * FROM regress.attempt($$UPDATE spyne.table_state_history SET reason = 'x'$$);
SELECT * FROM regress.attempt($$DELETE FROM spyne.table_state_history$$);
SELECT * FROM regress.attempt($$TRUNCATE spyne.table_state_history$$);
SELECT * FROM regress.attempt($$ALTER TABLE spyne.table_state_history DISABLE TRIGGER append_only$$);
SELECT * FROM regress.attempt($$DROP TABLE spyne.table_state_history$$);
SET session_replication_role = replica;
SELECT * FROM regress.attempt($$DELETE FROM spyne.table_state_history$$);
RESET session_replication_role;
CALL regress.remove('st_hist');
