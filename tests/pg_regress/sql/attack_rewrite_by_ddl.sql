-- ALTER TABLE ... USING writes every row anew: where the state forbids writing,
-- data does not change this way either, whoever tries.
CALL regress.make('atk_rewrite');
\set VERBOSITY sqlstate
SET client_min_messages = warning;
ALTER TABLE atk_rewrite.ro ALTER COLUMN v TYPE text USING 'overwritten';
ALTER TABLE atk_rewrite.dep ALTER COLUMN id TYPE bigint USING id + 42;
DROP VIEW governed.atk_rewrite_ro;
DROP VIEW governed.atk_rewrite_dep CASCADE;
-- A table that is only watched may change: that is drift, on record. The
-- fallback and what is in use may not.
ALTER TABLE atk_rewrite.ro DROP COLUMN v CASCADE;
ALTER TABLE atk_rewrite.dep DROP COLUMN v CASCADE;
ALTER TABLE atk_rewrite.act DROP COLUMN v CASCADE;
SELECT * FROM regress.contents('atk_rewrite');
CALL regress.remove('atk_rewrite');
