-- INSERT ... ON CONFLICT: a write, even where nothing comes of it.
CALL regress.make('atk_conflict');
INSERT INTO atk_conflict.ro VALUES (1, 'x') ON CONFLICT DO NOTHING;
INSERT INTO atk_conflict.ro VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO atk_conflict.dep VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = excluded.v WHERE false;
SET ROLE regress_viewer;
INSERT INTO atk_conflict.act VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
INSERT INTO atk_conflict.act VALUES (1, 'x') ON CONFLICT DO NOTHING;
RESET ROLE;
SELECT * FROM regress.contents('atk_conflict');
CALL regress.remove('atk_conflict');
