-- COPY is no query: it checks privileges by itself. COPY FROM writes; COPY TO
-- reads; COPY (DML RETURNING) TO writes and reads. Where COPY is refused, the
-- rows come from a program: what psql does with rows in the file differs.
CALL regress.make('atk_copy');
\copy atk_copy.ro FROM PROGRAM '/bin/echo 9,x || true' (DELIMITER ',')
\echo :LAST_ERROR_SQLSTATE
\copy atk_copy.dep (id) FROM PROGRAM '/bin/echo 9 || true'
COPY (DELETE FROM atk_copy.ro RETURNING *) TO stdout;
COPY (WITH d AS (UPDATE atk_copy.dep SET v = 'x' RETURNING *) SELECT * FROM d) TO stdout;

SET ROLE regress_analyst;
\copy atk_copy.act FROM PROGRAM '/bin/echo 9,x || true' (DELIMITER ',')
\echo :LAST_ERROR_SQLSTATE
COPY (INSERT INTO atk_copy.act VALUES (9, 'x') RETURNING *) TO stdout;
COPY atk_copy.sha TO stdout;
COPY (SELECT * FROM atk_copy.sha) TO stdout;
SELECT says FROM regress.attempt($$COPY (TABLE atk_copy.dep) TO '/dev/null'$$) WHERE field = 'SQLSTATE';
SET ROLE regress_nobody;
COPY atk_copy.ro TO stdout;
\echo :LAST_ERROR_SQLSTATE
COPY atk_copy.act (v) TO stdout;
SET ROLE regress_engineer;
\copy atk_copy.sha FROM PROGRAM '/bin/echo 9,x || true' (DELIMITER ',')
SELECT * FROM regress.contents('atk_copy');
-- What is allowed goes through.
COPY atk_copy.act FROM stdin;
3	c
\.
COPY (SELECT * FROM atk_copy.act ORDER BY id) TO stdout;
RESET ROLE;
CALL regress.remove('atk_copy');
