-- A logical name means its ACTIVE version, else its READ_ONLY one, else a
-- DEPRECATED one where that is asked for or pinned; never staging.
CALL regress.make('st_res');
SELECT mode_after FROM spyne_set_system_mode('INGESTION_READY', 'test');
SET ROLE regress_viewer;
SELECT * FROM spyne_resolve(ARRAY['st_res_ro', 'st_res_act']);
SELECT * FROM spyne_resolve(ARRAY['st_res_act', 'st_res_ro', 'st_res_act']);
SELECT * FROM spyne_resolve('{}');
SELECT * FROM spyne_resolve(ARRAY['st_res_dep'], include_deprecated => true);
SELECT * FROM spyne_resolve(ARRAY['st_res_dep', 'st_res_act'], pin => '{"st_res_dep": "v1"}');
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['st_res_act', 'st_res_dep'])$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['st_res_sha'], include_deprecated => true)$$);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['st_res_atc'])$$);
SET ROLE regress_admin;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['st_res_sha'])$$);
RESET ROLE;
-- READ_ONLY with a shadow, an ACTIVE version, and a superseded one.
SELECT relation, version FROM spyne_create_shadow('st_res_ro');
SELECT * FROM spyne_resolve(ARRAY['st_res_ro']);
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.st_res_ro', target_schema => 'st_res', target_name => 'rw');
SELECT * FROM spyne_resolve(ARRAY['st_res_ro']);
SELECT * FROM spyne_resolve(ARRAY['st_res_ro'], pin => '{"st_res_ro": "v1"}');
SELECT relation, version FROM spyne_create_shadow('st_res_ro');
SELECT count(*) > 0 AS promoted FROM spyne_promote('spyne_shadow.st_res_ro');
SELECT * FROM spyne_resolve(ARRAY['st_res_ro']);
SELECT * FROM spyne_resolve(ARRAY['st_res_ro'], pin => '{"st_res_ro": "v1.1"}');
SELECT count(*) > 0 AS deprecated FROM spyne_deprecate('st_res.rw', 'test');
-- What is READ_ONLY stands in.
SELECT * FROM spyne_resolve(ARRAY['st_res_ro'], include_deprecated => true);
SET ROLE regress_viewer;
SELECT * FROM regress.attempt('SELECT * FROM governed.st_res_ro');
RESET ROLE;
-- Of several deprecated versions, the newest.
SELECT name FROM spyne_unregister('st_res.ro');
SELECT * FROM spyne_resolve(ARRAY['st_res_ro'], include_deprecated => true);
SELECT * FROM regress.attempt($$SELECT * FROM spyne_resolve(ARRAY['st_res_ro'])$$);
CALL regress.remove('st_res');
