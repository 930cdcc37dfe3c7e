-- Deprecation hides a table and keeps it; restoring undoes it, and swaps back
-- with a successor. The governed view stays, with the state's own error.
CREATE TEMPORARY TABLE start AS SELECT clock_timestamp() AS at;
CALL regress.make('st_dep');
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
SET ROLE regress_admin;
SELECT * FROM spyne_deprecate('st_dep.act', 'replaced by crm', sunset_at => '2100-01-01 00:00+00', dry_run => true);
SELECT state FROM spyne_table_state('st_dep.act');
SELECT * FROM spyne_deprecate('st_dep.act', 'replaced by crm', sunset_at => '2100-01-01 00:00+00');
SELECT state, deprecated_at IS NOT NULL AS dated, deprecated_by, sunset_at = '2100-01-01 00:00+00' AS sunset, queryable, writable FROM spyne_table_state('st_dep.act');
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('SELECT * FROM governed.st_dep_act');
SET spyne.include_deprecated = on;
SELECT * FROM governed.st_dep_act ORDER BY id;
RESET spyne.include_deprecated;
SET ROLE regress_admin;
SELECT * FROM spyne_restore('st_dep.act', 'crm is late');
SELECT state, deprecated_at, deprecated_by, sunset_at FROM spyne_table_state('st_dep.act');
SET ROLE regress_viewer;
SELECT * FROM governed.st_dep_act ORDER BY id;
RESET ROLE;

-- With a successor.
SELECT relation, version FROM spyne_create_shadow('st_dep_act');
INSERT INTO spyne_shadow.st_dep_act VALUES (3, 'new');
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.st_dep_act', reason => 'swap');
SELECT relation, state, version, supersedes, superseded_by FROM spyne.tables WHERE logical_name = 'st_dep_act' ORDER BY version;
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('SELECT * FROM st_dep.act__v1');
SELECT * FROM governed.st_dep_act ORDER BY id;
RESET ROLE;
SELECT kind, object, detail FROM spyne_restore('st_dep.act__v1', 'the feed was wrong') WHERE detail NOT LIKE '% to PUBLIC';
SELECT relation, state, version, supersedes, superseded_by FROM spyne.tables WHERE logical_name = 'st_dep_act' ORDER BY version;
SET ROLE regress_viewer;
SELECT * FROM governed.st_dep_act ORDER BY id;
RESET ROLE;
-- And forth again.
SELECT count(*) > 0 AS restored FROM spyne_restore('st_dep."act__v1.1"', 'it was right');
SELECT relation, state, version, supersedes, superseded_by FROM spyne.tables WHERE logical_name = 'st_dep_act' ORDER BY version;
-- Each way, applications write to the same address.
SET ROLE regress_engineer;
INSERT INTO st_dep.act VALUES (4, 'app');
SET ROLE regress_viewer;
SELECT * FROM governed.st_dep_act ORDER BY id;
RESET ROLE;
-- A fallback that was never superseded by a swap can be unregistered at once.
SELECT name FROM spyne_unregister('st_dep.dep');
-- A sunset that never comes.
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('st_dep.act', 'test', sunset_at => 'infinity');
SELECT sunset_at FROM spyne_table_state('st_dep.act');
SELECT from_state, to_state, version, current_user_name, reason FROM spyne.table_state_history
WHERE logical_name = 'st_dep_act' AND changed_at >= (SELECT at FROM pg_temp.start) ORDER BY id;
CALL regress.remove('st_dep');
