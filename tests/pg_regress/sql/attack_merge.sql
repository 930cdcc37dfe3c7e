-- MERGE: refused by its target's state, whichever branch would run, and by the
-- state of its source.
CALL regress.make('atk_merge');
MERGE INTO atk_merge.ro t USING (VALUES (1, 'x'), (9, 'x')) s(id, v) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
MERGE INTO atk_merge.dep t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE;
MERGE INTO atk_merge.ro t USING (VALUES (1)) s(id) ON t.id = s.id WHEN MATCHED THEN DO NOTHING;
SET ROLE regress_analyst;
MERGE INTO atk_merge.act t USING (VALUES (9)) s(id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'x');
CREATE TABLE atk_merge.mine (id integer, v text);
MERGE INTO atk_merge.mine t USING atk_merge.sha s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
RESET ROLE;
SELECT * FROM regress.contents('atk_merge');
CALL regress.remove('atk_merge');
