-- SELECT ... FOR UPDATE and its kin write to the table's pages, and keep others
-- from working: where nobody writes, nobody locks.
CALL regress.make('atk_lock');
SELECT * FROM atk_lock.ro FOR UPDATE;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM atk_lock.ro FOR NO KEY UPDATE;
SELECT * FROM atk_lock.ro FOR SHARE;
SELECT * FROM atk_lock.ro FOR KEY SHARE;
SELECT 1 FROM ONLY atk_lock.ro x WHERE id = 1 FOR KEY SHARE OF x;
SELECT * FROM atk_lock.act a JOIN atk_lock.ro r USING (id) FOR UPDATE;
SELECT * FROM atk_lock.act a JOIN atk_lock.ro r USING (id) ORDER BY id FOR UPDATE OF a;
SELECT * FROM (SELECT * FROM atk_lock.dep FOR SHARE) s;
SELECT * FROM governed.atk_lock_ro FOR UPDATE;
SET ROLE regress_analyst;
SELECT * FROM atk_lock.act FOR UPDATE;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM atk_lock.act FOR KEY SHARE SKIP LOCKED;
SELECT * FROM atk_lock.sha FOR SHARE;
SET ROLE regress_engineer;
SELECT * FROM atk_lock.act ORDER BY id FOR UPDATE;
RESET ROLE;
CALL regress.remove('atk_lock');
