-- Statements that run queries of their own cannot be previewed: what they advise
-- works as it stands.
CALL regress.make('hint_own');
SET client_min_messages = warning;
SET spyne.require_preview = users;
CREATE MATERIALIZED VIEW hint_own.mv AS SELECT id FROM hint_own.act;
ALTER MATERIALIZED VIEW hint_own.mv OWNER TO regress_engineer;
CREATE TABLE hint_own.child (id integer);
INSERT INTO hint_own.child VALUES (1);
ALTER TABLE hint_own.child OWNER TO regress_engineer;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_engineer GRANT SELECT ON TABLES TO PUBLIC;
SET ROLE regress_engineer;
REFRESH MATERIALIZED VIEW hint_own.mv;
ALTER TABLE hint_own.child ADD FOREIGN KEY (id) REFERENCES hint_own.act;
-- As advised.
ALTER TABLE hint_own.child ADD FOREIGN KEY (id) REFERENCES hint_own.act NOT VALID;
CREATE MATERIALIZED VIEW hint_own.better AS SELECT id FROM governed.hint_own_act WITH NO DATA;
REFRESH MATERIALIZED VIEW hint_own.better;
SELECT * FROM hint_own.better ORDER BY id;
RESET ROLE;
ALTER MATERIALIZED VIEW hint_own.mv OWNER TO CURRENT_USER;
REFRESH MATERIALIZED VIEW hint_own.mv;
ALTER TABLE hint_own.child VALIDATE CONSTRAINT child_id_fkey;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_engineer REVOKE SELECT ON TABLES FROM PUBLIC;
DROP MATERIALIZED VIEW hint_own.better;
RESET spyne.require_preview;
RESET client_min_messages;
CALL regress.remove('hint_own');
