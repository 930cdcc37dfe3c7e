-- This database holds TPC-H: customers, their orders, what they ordered.
-- spyne takes the tables under governance as they are. Nothing is copied or moved.
SELECT relation, name, state, version, outcome FROM spyne_register_schema('public');

-- Ann may look at data. So she gets a role of spyne's, and nothing else.
CREATE ROLE ann;
GRANT spyne_analyst TO ann;

-- She reads governed.<name>: the one address of a table's current version, whichever that is.
SET ROLE ann;
SELECT c_mktsegment, count(*), round(avg(c_acctbal), 2) AS average_balance
FROM governed.customer GROUP BY 1 ORDER BY 1;
RESET ROLE;

-- A table that is READ_ONLY is read-only for everyone. This session is a superuser's:
-- [refused]
UPDATE customer SET c_acctbal = 0 WHERE c_custkey = 1;

-- New data goes into a shadow. Ingestion is opened first, with a reason.
SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'demo load');
SELECT * FROM spyne_create_shadow('customer');

-- The shadow is a table like any other, and only engineers and admins see it. It gets the
-- customers, with one segment renamed.
INSERT INTO spyne_shadow.customer
SELECT c_custkey, c_name, c_address, c_nationkey, c_phone, c_acctbal,
       replace(c_mktsegment, 'MACHINERY', 'MACHINES'), c_comment
FROM customer;
ANALYZE spyne_shadow.customer;

-- Would a promotion go through? A dry run tells, and changes nothing.
SELECT seq, kind, object, detail FROM spyne_promote('spyne_shadow.customer', dry_run => true);

-- public.customer is taken: the READ_ONLY table stays there, as a fallback. So the new version
-- gets another schema.
CREATE SCHEMA curated;
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', dry_run => true, target_schema => 'curated');

-- Now for real:
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', target_schema => 'curated', reason => 'segment renamed');

-- Ann's query has not changed. What it reads has:
SET ROLE ann;
SELECT c_mktsegment, count(*), round(avg(c_acctbal), 2) AS average_balance
FROM governed.customer GROUP BY 1 ORDER BY 1;
RESET ROLE;

-- Where a name has an ACTIVE version, the next one swaps places with it, in one transaction and
-- without touching a row.
SELECT * FROM spyne_create_shadow('customer');
INSERT INTO spyne_shadow.customer SELECT * FROM curated.customer WHERE c_acctbal >= 0;
ANALYZE spyne_shadow.customer;
SELECT seq, kind, object, detail
FROM spyne_promote('spyne_shadow.customer', reason => 'customers in credit only');
SELECT count(*) FROM governed.customer;

-- That was a mistake: debtors are customers too. The former version is still there, and comes
-- back the same way.
SELECT seq, kind, object, detail
FROM spyne_restore('curated."customer__v1.1"', reason => 'debtors are customers too');
SELECT count(*) FROM governed.customer;

-- Everything that has happened to it, and why:
SELECT h.logical_name, h.version, h.from_state, h.to_state, h.reason
FROM spyne.table_state_history AS h WHERE h.logical_name = 'customer' ORDER BY h.id;

-- Last, what still leads around governance in this very database, and how to close it:
SELECT severity, gap, object, remedy FROM spyne_coverage();
