-- Functions that take a query or a table as text and run it.
CALL regress.make('atk_xml');
SELECT query_to_xml('DELETE FROM atk_xml.ro', false, false, '');
SELECT query_to_xml('WITH d AS (DELETE FROM atk_xml.ro RETURNING *) SELECT * FROM d', false, false, '');
SELECT ts_stat('WITH d AS (UPDATE atk_xml.dep SET v = ''x'' RETURNING v) SELECT to_tsvector(v) FROM d');
SET ROLE regress_analyst;
SELECT query_to_xml('SELECT * FROM atk_xml.sha', false, false, '');
\echo :LAST_ERROR_SQLSTATE
SELECT table_to_xml('atk_xml.sha', false, false, '');
SELECT query_to_xml_and_xmlschema('SELECT * FROM atk_xml.sha', false, false, '');
SELECT * FROM ts_stat('SELECT to_tsvector(v) FROM atk_xml.sha');
SELECT ts_rewrite('a'::tsquery, 'SELECT v::tsquery, v::tsquery FROM atk_xml.sha');
SELECT * FROM ts_stat('INSERT INTO atk_xml.act VALUES (9, ''x'') RETURNING to_tsvector(v)');
SELECT xmltable.* FROM xmltable('/table/row' PASSING query_to_xml('TABLE atk_xml.sha', false, false, '') COLUMNS id integer);
SET ROLE regress_nobody;
SELECT table_to_xml('atk_xml.ro', false, false, '');
RESET ROLE;
SELECT * FROM regress.contents('atk_xml');
CALL regress.remove('atk_xml');
