-- The changes of a new report: $1 report, $2 what was found.
INSERT INTO spyne.drift_changes
    (report_id, seq, change_type, "column", old_name, new_name, old_type, new_type, severity, detail, consumers, remedy)
SELECT $1, x.seq, c ->> 'change_type', c ->> 'column', c ->> 'old_name', c ->> 'new_name',
       c ->> 'old_type', c ->> 'new_type', c ->> 'severity', c ->> 'detail', c -> 'consumers', c ->> 'remedy'
FROM jsonb_array_elements($2) WITH ORDINALITY x(c, seq)
