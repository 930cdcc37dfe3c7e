-- Whether governed.<$2> reads relation $1.
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    WHERE c.relnamespace = 'governed'::regnamespace AND c.relname = $2 AND c.relowner = 'spyne_views'::regrole
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1) AS found
