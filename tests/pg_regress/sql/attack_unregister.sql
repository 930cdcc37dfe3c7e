-- An owner who could end governance would not be bound by it: unregistering is an
-- administrator's.
CALL regress.make('atk_unreg');
\set VERBOSITY sqlstate
SET ROLE regress_owner;
SELECT * FROM spyne_unregister('atk_unreg.ro', 'mine');
SELECT * FROM spyne_unregister('atk_unreg.sha', 'mine', dry_run => true);
SELECT * FROM spyne_unregister('atk_unreg.dep', 'mine', override => true);
DO $$ BEGIN PERFORM spyne_unregister('atk_unreg.act', 'mine'); END $$;
SET ROLE regress_engineer;
SELECT * FROM spyne_unregister('atk_unreg.ro', 'mine');
SET ROLE regress_nobody;
SELECT * FROM spyne_unregister('atk_unreg.ro', 'mine');
RESET ROLE;
\set VERBOSITY default
SELECT * FROM regress.contents('atk_unreg');
SET ROLE regress_owner;
SELECT * FROM regress.attempt($$SELECT * FROM spyne_unregister('atk_unreg.ro', 'mine')$$);
SET ROLE regress_admin;
SELECT name FROM spyne_unregister('atk_unreg.ro', 'reason');
RESET ROLE;
CALL regress.remove('atk_unreg');
