-- Accepted, superseded, deprecated, rejected: by an admin, for a reason.
CREATE SCHEMA ja;
GRANT USAGE ON SCHEMA ja TO PUBLIC;
SET search_path = ja, public;
SET client_min_messages = error;
CREATE TABLE airport (iata char(3), icao char(4));
INSERT INTO airport SELECT chr(65 + g / 26) || chr(65 + g % 26) || 'X', chr(65 + g / 26) || chr(65 + g % 26) || 'XX' FROM generate_series(0, 99) g;
CREATE TABLE flight (id integer, departure char(3), arrival char(3), departure_icao char(4));
INSERT INTO flight SELECT g, chr(65 + g % 90 / 26) || chr(65 + g % 90 % 26) || 'X', chr(65 + g % 80 / 26) || chr(65 + g % 80 % 26) || 'X',
       chr(65 + g % 90 / 26) || chr(65 + g % 90 % 26) || 'XX' FROM generate_series(1, 1000) g;
GRANT SELECT ON ALL TABLES IN SCHEMA ja TO PUBLIC;
-- The numbers of candidates hang on what was there before.
CREATE FUNCTION said(call text) RETURNS TABLE (field text, says text) LANGUAGE sql AS $$
    SELECT field, regexp_replace(says, '(candidate |_join\()[0-9]+', '\1N', 'g') FROM regress.attempt(call) $$;
SELECT count(*) FROM (SELECT spyne_register(c.oid, 'ja_' || relname) FROM pg_class c WHERE relnamespace = 'ja'::regnamespace AND relkind = 'r') r;
SELECT candidate_id AS departure FROM spyne_propose_join('flight', '{departure}', 'airport', '{iata}') \gset
SELECT candidate_id AS arrival FROM spyne_propose_join('flight', '{arrival}', 'airport', '{iata}') \gset
SELECT candidate_id AS icao FROM spyne_propose_join('flight', '{departure_icao}', 'airport', '{icao}') \gset

-- Everybody may look and propose; an admin decides.
SET ROLE regress_engineer;
SELECT count(*) FROM spyne_validate_join(:departure);
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, ''why'')', :departure)) WHERE field <> 'context';
SELECT * FROM said(format('SELECT * FROM spyne_reject_join(%s, ''why'')', :departure)) WHERE field = 'SQLSTATE';
SET ROLE regress_nobody;
SELECT * FROM said('SELECT * FROM spyne_discover_joins()') WHERE field = 'SQLSTATE';
SELECT * FROM said('SELECT * FROM spyne_join_graph()') WHERE field = 'SQLSTATE';
RESET ROLE;

-- A dry run says the same, and does nothing.
SELECT join_id, join_type, cardinality, version, supersedes, overridden FROM spyne_accept_join(:departure, 'where it leaves', dry_run => true);
SELECT count(*) FROM spyne.accepted_joins WHERE name1 = 'ja_flight';
SET ROLE regress_admin;
SELECT join_id, condition, join_type, cardinality, version, supersedes, overridden FROM spyne_accept_join(:departure, ' where it leaves ', owner => 'regress_engineer');
RESET ROLE;
SELECT join_id, status, rationale, owner, accepted_by, table1, table2 FROM spyne_join('ja_flight_ja_airport_v1');
-- Another condition for the same tables takes its place, as v2.
SELECT join_id, version, supersedes FROM spyne_accept_join(:icao, 'ICAO codes are what we have', join_type => 'left');
SELECT join_id, join_type, status, deprecated_because, superseded_by FROM spyne.accepted_joins WHERE name1 = 'ja_flight' ORDER BY version;
-- Where both are meant, each has a role.
SELECT join_id, supersedes FROM spyne_accept_join(:departure, 'where it leaves', role => 'departure');
SELECT join_id, supersedes FROM spyne_accept_join(:arrival, 'where it lands', role => 'arrival');
SELECT l FROM regexp_split_to_table(spyne_join_graph('mermaid'), E'\n') l WHERE l LIKE '%ja\_%' OR l LIKE 'er%';
SELECT l FROM regexp_split_to_table(spyne_join_graph('dot'), E'\n') l WHERE l LIKE '%ja\_%';
-- Accepted is accepted.
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, ''again'', role => ''x'')', :arrival)) WHERE field <> 'context';
SELECT * FROM said(format('SELECT * FROM spyne_reject_join(%s, ''no'')', :arrival)) WHERE field <> 'context';
-- Deprecated, it can be accepted again, as another version.
SELECT * FROM spyne_deprecate_join('ja_flight_ja_airport_arrival_v1', 'by codes of cities now', dry_run => true);
SELECT * FROM spyne_deprecate_join('ja_flight_ja_airport_arrival_v1', 'by codes of cities now');
SELECT * FROM said($$SELECT * FROM spyne_deprecate_join('ja_flight_ja_airport_arrival_v1', 'again')$$) WHERE field <> 'context';
SELECT join_id, version FROM spyne_accept_join(:arrival, 'by airports after all', role => 'arrival');
-- Nothing is half done: what is rolled back was never accepted.
BEGIN;
SELECT join_id FROM spyne_deprecate_join('ja_flight_ja_airport_arrival_v2', 'x');
ROLLBACK;
SELECT status FROM spyne_join('ja_flight_ja_airport_arrival_v2');

-- What is blocked stays blocked without an override; the rationale is its reason.
CREATE TABLE visit (id integer, airport char(3));
INSERT INTO visit SELECT g, CASE WHEN g % 10 = 0 THEN '???' ELSE 'AAX' END FROM generate_series(1, 100) g;
INSERT INTO visit VALUES (100, 'AAX');
SELECT state FROM spyne_register('visit', 'ja_visit');
SELECT candidate_id AS visit FROM spyne_propose_join('visit', '{airport}', 'airport', '{iata}') \gset
SELECT candidate_id AS many FROM spyne_propose_join('flight', '{departure}', 'visit', '{airport}') \gset
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, ''why'')', :visit)) WHERE field NOT IN ('context', 'hint');
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, ''why'')', :many)) WHERE field NOT IN ('context', 'hint');
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, '' '', override => true)', :visit)) WHERE field = 'SQLSTATE';
SELECT join_id, overridden FROM spyne_accept_join(:visit, 'some are not known yet', override => true);
SELECT join_id, cardinality FROM spyne_accept_join(:many, 'visits of where flights leave', override => true);
SET spyne.max_orphan_rate = 0.5;
SELECT blockers FROM spyne_validate_join(:visit);
RESET spyne.max_orphan_rate;

-- Rejected, it is not suggested again while its evidence is the same.
CREATE TABLE gate (id integer, airport_iata char(3));
INSERT INTO gate SELECT g, chr(65 + g % 70 / 26) || chr(65 + g % 70 % 26) || 'X' FROM generate_series(1, 300) g;
SELECT state FROM spyne_register('gate', 'ja_gate');
SELECT candidate_id AS gate FROM spyne_discover_joins('{ja}') WHERE condition LIKE 'ja_gate%' \gset
SELECT candidate_id = :gate AS same, status FROM spyne_reject_join(:gate, 'gates move', dry_run => true);
SELECT count(*) FROM spyne_discover_joins('{ja}') WHERE condition LIKE 'ja_gate%';
SELECT candidate_id = :gate AS same, status FROM spyne_reject_join(:gate, 'gates move');
SELECT count(*) FROM spyne_discover_joins('{ja}') WHERE condition LIKE 'ja_gate%';
SELECT count(*) FROM spyne_join_candidates('gate');
SELECT * FROM said(format('SELECT * FROM spyne_accept_join(%s, ''why'')', :gate)) WHERE field NOT IN ('context', 'message');
-- It is another matter when the data are others, or when somebody proposes it.
SELECT count(*) FROM spyne_unregister('gate', 'test');
DELETE FROM gate WHERE id % 70 > 20;
SELECT state FROM spyne_register('gate', 'ja_gate');
SELECT candidate_id = :gate AS same FROM spyne_discover_joins('{ja}') WHERE condition LIKE 'ja_gate%';
SELECT status FROM spyne_reject_join(:gate, 'gates move');
-- Who may not reject does not take it back by proposing.
SET ROLE regress_engineer;
SELECT * FROM said('SELECT * FROM spyne_propose_join(''ja.gate'', ''{airport_iata}'', ''ja.airport'', ''{iata}'')') WHERE field NOT IN ('context');
RESET ROLE;
SELECT candidate_id = :gate AS same FROM spyne_propose_join('gate', '{airport_iata}', 'airport', '{iata}');
SELECT status FROM spyne_reject_join(:gate, 'gates move, again');
SELECT count(*) FROM spyne_discover_joins('{ja}') WHERE condition LIKE 'ja_gate%';
SELECT candidate_id = :gate AS same FROM spyne_propose_join('gate', '{airport_iata}', 'airport', '{iata}');

-- What one person cannot see is not out of date for the others.
SELECT expires_at > now() + interval '20 days' AS fresh FROM spyne.join_candidates WHERE candidate_id = :gate;
SET ROLE regress_viewer;
SELECT count(*) FROM spyne_discover_joins('{ja}', max_candidates => 1);
RESET ROLE;
SELECT expires_at > now() + interval '20 days' AS fresh FROM spyne.join_candidates WHERE candidate_id = :gate;
-- Who must look before reading sees of a sample what it joins by.
GRANT SELECT ON gate TO regress_engineer;
SELECT v.sample -> 0 FROM spyne_validate_join(:gate, 1) v;
SET spyne.require_preview = users;
SET ROLE regress_engineer;
SELECT v.sample -> 0 FROM spyne_validate_join(:gate, 1) v;
RESET ROLE;
RESET spyne.require_preview;
-- A table that takes over a name is another table.
SELECT count(*) FROM spyne_unregister('visit', 'test');
SELECT join_id, status, suspect_because FROM spyne.accepted_joins WHERE name1 = 'ja_visit';
-- What was overridden and is in doubt is accepted anew, for a reason.
SELECT state FROM spyne_register('visit', 'ja_visit');
SELECT join_id, supersedes FROM spyne_accept_join(:visit, 'still so', override => true);

-- Names that read alike: each has an id of its own.
CREATE TABLE a (b_c integer); CREATE TABLE b (id integer); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);
SELECT a.name, b.name FROM spyne_register('a', 'ja_x') a, spyne_register('b', 'ja_y_ja_z') b;
CREATE TABLE a2 (b_c integer); CREATE TABLE b2 (id integer); INSERT INTO a2 VALUES (1); INSERT INTO b2 VALUES (1);
SELECT a.name, b.name FROM spyne_register('a2', 'ja_x_ja_y') a, spyne_register('b2', 'ja_z') b;
SELECT j.join_id FROM spyne_propose_join('a', '{b_c}', 'b', '{id}') p, spyne_accept_join(p.candidate_id, 'why') j;
SELECT j.join_id FROM spyne_propose_join('a2', '{b_c}', 'b2', '{id}') p, spyne_accept_join(p.candidate_id, 'why') j;

SELECT count(*) FROM (SELECT spyne_deprecate_join(join_id, 'test') FROM spyne.accepted_joins WHERE status <> 'deprecated' AND name1 LIKE 'ja\_%') d;
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT relation FROM spyne.tables WHERE relation::text LIKE 'ja.%' OR relation::text IN (SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'ja'::regnamespace)
    LOOP PERFORM spyne_unregister(t, 'test'); END LOOP;
END $$;
DROP SCHEMA ja CASCADE;
