-- An old manufacturing ERP: customers, vendors, items, stock, bills of material, routings, sales/purchase/work orders, labour tickets, ledger.
-- Abbreviated names, composite order-line keys, numeric(10,0)/int4/int8 and char/varchar used side by side, dates partly as yyyymmdd numbers.
-- Noise: 0.5-3 % orphans (purged customers, zero codes, deleted items), mostly-NULL links, copied names, one- and two-letter status codes without lookup, one empty table.

SET client_min_messages = warning;
SET datestyle = 'ISO, YMD';

CREATE FUNCTION pg_temp.u(i bigint, s int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, s::bigint) & 1073741823)::float8 / 1073741824.0 $$;
CREATE FUNCTION pg_temp.r(i bigint, s int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT 1 + floor(pg_temp.u(i, s) * n)::int $$;
CREATE FUNCTION pg_temp.sk(i bigint, s int, n int, p float8) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT 1 + ((floor(n * power(pg_temp.u(i, s), p))::bigint * 7919 + 13) % n)::int $$;
CREATE FUNCTION pg_temp.pk(i bigint, s int, a text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT a[pg_temp.r(i, s, cardinality(a))] $$;
CREATE FUNCTION pg_temp.fn(i bigint, s int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pk(i, s, '{Anna,James,Maria,John,Elena,Peter,Sofia,David,Laura,Thomas,Julia,Michael,Emma,Paul,Clara,Robert,Nora,Daniel,Eva,Martin,Ines,Oscar,Hanna,Victor,Rosa,George,Amina,Felix,Lucia,Henry,Ida,Samuel,Greta,Adam,Olga,Simon,Marta,Leon,Alice,Walter}'::text[]) $$;
CREATE FUNCTION pg_temp.ln(i bigint, s int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pk(i, s, '{Smith,Miller,Garcia,Rossi,Novak,Jensen,Kowalski,Dubois,Fischer,Weber,Andersson,Murphy,Silva,Moreau,Bauer,Horvath,Nielsen,Santos,Taylor,Brown,Wagner,Costa,Petrov,Larsen,Schmidt,Romano,Martin,Walker,Lopez,Keller,Virtanen,Byrne,Popescu,Meyer,Berg,Fontana,Huber,Clark,Navarro,Lind,Vogel,Hughes,Ferrari,Olsen,Ward,Roth,Simon,Carter,Bianchi,Holm}'::text[]) $$;

CREATE FUNCTION pg_temp.co(i bigint, s int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pk(i, s, '{Hydro,Nord,Metal,Acme,Delta,Omni,Tech,Agri,Rail,Pumpen,Ventil,Marine,Mega,Steel,Poly,Chem,Aero,Power,Aqua,Mono}'::text[]) || pg_temp.pk(i, s + 500, '{works,flow,tec,parts,systems,mat,dyn,line,craft,form}'::text[]) || ' ' || pg_temp.ln(i, s + 600) || pg_temp.pk(i, s + 700, '{" Ltd"," GmbH"," Inc"," SA"," SpA"," & Sons"," Co"}'::text[]) $$;

CREATE TABLE curr (curr_cd char(3), curr_nm varchar(20), dec_plc int2, xch_rt numeric(12,6), rt_dt numeric(8,0));
INSERT INTO curr VALUES ('EUR','Euro',2,1,20240102),('USD','US Dollar',2,1.0956,20240102),('GBP','Pound Sterling',2,.8667,20240102),('CHF','Swiss Franc',2,.9305,20240102),('SEK','Swedish Krona',2,11.17,20240102),('PLN','Zloty',2,4.36,20240102),('JPY','Yen',0,155.6,20240102),('CNY','Yuan',2,7.82,20240102),('DEM','Deutsche Mark (old)',2,1.95583,19990101);

CREATE TABLE uom (uom_cd char(3), uom_ds varchar(20), base_uom char(3), conv_fct numeric(12,5));
INSERT INTO uom VALUES ('EA','Each',NULL,1),('PR','Pair','EA',2),('DZ','Dozen','EA',12),('C','Hundred','EA',100),('BX','Box','EA',50),('KG','Kilogram',NULL,1),('G','Gram','KG',.001),('T','Tonne','KG',1000),('M','Metre',NULL,1),('MM','Millimetre','M',.001),('L','Litre',NULL,1),('M2','Square metre',NULL,1),('HR','Hour',NULL,1),('MIN','Minute','HR',.01667),('SET','Set',NULL,1);

CREATE TABLE pay_trm (trm_cd numeric(3,0), trm_ds varchar(30), net_dys int, dsc_dys int, dsc_pct numeric(4,2));
INSERT INTO pay_trm VALUES (1,'Cash in advance',0,0,0),(2,'Net 10',10,0,0),(3,'Net 30',30,0,0),(4,'2/10 net 30',30,10,2),(5,'3/14 net 60',60,14,3),(6,'Net 45',45,0,0),(7,'Net 60',60,0,0),(8,'Letter of credit',90,0,0),(9,'End of month + 15',45,0,0);

CREATE TABLE cal_hdr (cal_cd char(2), cal_ds varchar(30), hrs_shft numeric(4,1));
INSERT INTO cal_hdr VALUES ('01','Office 5 days',8),('02','Plant two shifts',16),('03','Plant three shifts',24),('04','Weekend crew',12);
CREATE TABLE cal_dy (cal_cd char(2), cal_dt date, fsc_yr int2, fsc_per int2, wk_no int2, wrk_fl char(1), hrs numeric(4,1));
INSERT INTO cal_dy SELECT c.cal_cd, d::date, extract(year FROM d), extract(month FROM d), extract(week FROM d), CASE WHEN (extract(isodow FROM d) < 6) <> (c.cal_cd = '04') THEN 'Y' ELSE 'N' END, CASE WHEN (extract(isodow FROM d) < 6) <> (c.cal_cd = '04') THEN c.hrs_shft ELSE 0 END
FROM cal_hdr c, generate_series(timestamp '2022-01-01', timestamp '2024-12-31', interval '1 day') d;

CREATE TABLE emp_mst (emp_no int4, emp_nm varchar(30), job_cd char(4), cc_no numeric(6,0), sup_no int4, cal_cd char(2), hire_dt numeric(8,0), term_dt numeric(8,0), act_fl char(1));
INSERT INTO emp_mst
SELECT i, upper(pg_temp.ln(i,11) || ' ' || pg_temp.fn(i,12)), (ARRAY['OPER','OPER','OPER','OPER','OPER','MECH','WHSE','WHSE','SLS','BUY','PLAN','ACCT','ENG','MGR'])[pg_temp.r(i,13,14)], 100 + 10 * (1 + floor(29 * power(pg_temp.u(i,14),1.4))::int),
 CASE WHEN i > 3 AND pg_temp.u(i,15) > .04 THEN 1 + floor(least(i - 1, 44) * power(pg_temp.u(i,16),1.2))::int END, (ARRAY['01','02','02','03','04'])[pg_temp.r(i,17,5)], to_char(date '1988-03-01' + i * 28, 'YYYYMMDD')::numeric, CASE WHEN pg_temp.u(i,18) < .1 THEN to_char(date '2023-12-31' + pg_temp.r(i,19,120), 'YYYYMMDD')::numeric END, CASE WHEN pg_temp.u(i,18) < .1 THEN 'N' ELSE 'Y' END
FROM generate_series(1, 446) i WHERE i <= 44 OR pg_temp.u(i,20) > .015;

CREATE TABLE emp_pay (emp_no numeric(10,0), pay_grd int2, hrly_rt numeric(7,2), mth_sal numeric(10,2), curr_cd char(3), iban varchar(34), chg_dt date);
INSERT INTO emp_pay SELECT emp_no, pg_temp.r(emp_no,21,12), CASE WHEN job_cd IN ('OPER','MECH','WHSE') THEN 14 + round((pg_temp.u(emp_no,22) * 20)::numeric,2) END, CASE WHEN job_cd NOT IN ('OPER','MECH','WHSE') THEN 2400 + 50 * pg_temp.r(emp_no,23,90) END, CASE WHEN pg_temp.u(emp_no,24) < .95 THEN 'EUR' ELSE 'CHF' END, 'DE' || (10 + pg_temp.r(emp_no,25,89)) || lpad((emp_no * 98765431::bigint % 1000000000000)::text, 18, '3'), date '2023-01-01' + pg_temp.r(emp_no,26,400) FROM emp_mst;

CREATE TABLE cost_ctr (cc_no int4, cc_nm varchar(30), prnt_cc int4, mgr_no int4, cc_typ char(1), bdgt_amt numeric(14,2));
INSERT INTO cost_ctr SELECT 100 + 10 * i, (ARRAY['Sawing','Turning','Milling','Welding','Grinding','Paint','Assembly','Test','Warehouse','Sales','Purchasing','Finance','IT','Engineering','Quality','Maintenance'])[1 + i % 16] || ' ' || (1 + i / 16), CASE WHEN i > 4 THEN 100 + 10 * pg_temp.r(i,31,4) END, CASE WHEN i NOT IN (13,27) THEN pg_temp.sk(i,32,44,1) END, (ARRAY['P','P','P','S','A'])[pg_temp.r(i,33,5)], 10000 * pg_temp.r(i,34,90) FROM generate_series(1, 31) i;

CREATE TABLE gl_acct (acct_no numeric(10,0), acct_nm varchar(40), acct_typ char(1), prnt_acct numeric(10,0), curr_cd char(3), post_fl char(1), opn_bal numeric(15,2));
INSERT INTO gl_acct
SELECT h * 1000, (ARRAY['Fixed assets','Inventory','Receivables','Cash and bank','Equity','Payables','Sales','Material','Personnel','Other expense'])[h - 9], CASE WHEN h < 14 THEN 'A' WHEN h < 16 THEN 'L' WHEN h = 16 THEN 'R' ELSE 'E' END, NULL, NULL, 'N', 0 FROM generate_series(10, 19) h
UNION ALL SELECT h * 1000 + 10 * k, (ARRAY['Fixed assets','Inventory','Receivables','Cash and bank','Equity','Payables','Sales','Material','Personnel','Other expense'])[h - 9] || ' ' || pg_temp.pk(h * 100 + k,41,'{domestic,export,group,sundry,raw,finished,provision,rebate,freight,energy}') || ' ' || k, CASE WHEN h < 14 THEN 'A' WHEN h < 16 THEN 'L' WHEN h = 16 THEN 'R' ELSE 'E' END, h * 1000,
 CASE WHEN h = 13 THEN (ARRAY['EUR','EUR','USD','GBP','CHF'])[pg_temp.r(k,42,5)] END, 'Y', round((pg_temp.u(h * 100 + k,43) * 500000)::numeric,2) FROM generate_series(10, 19) h, generate_series(1, 22) k WHERE pg_temp.u(h * 100 + k,44) < .75;

CREATE TABLE whse (whse_cd char(3), whse_nm varchar(30), whse_typ char(1), mgr_emp int4, cc_no int4, city varchar(30));
INSERT INTO whse VALUES ('010','Main stores','S',17,190,'Ulm'),('020','Raw material yard','R',31,190,'Ulm'),('030','Finished goods','F',17,350,'Ulm'),('040','Service parts','S',8,350,'Augsburg'),('100','Depot Poland','D',NULL,260,'Wroclaw'),('900','Quarantine','Q',22,250,'Ulm'),('990','Consignment','C',NULL,NULL,NULL);

CREATE TABLE cust_mst (cust_no numeric(10,0), cust_nm varchar(40), prnt_cust numeric(10,0), adr1 varchar(40), city varchar(30), zip varchar(10), cntry_cd char(2), cntry_nm varchar(30), curr_cd char(3), trm_cd numeric(3,0), slsmn int4, dflt_whse char(3), cr_lim numeric(12,0), prc_cls char(1), sts char(1), crt_dt numeric(8,0), memo_tx text);
INSERT INTO cust_mst
SELECT i, pg_temp.co(i,51), CASE WHEN i > 50 AND pg_temp.u(i,52) < .09 THEN pg_temp.r(i,53,i - 1) END, pg_temp.r(i,54,200) || ' ' || pg_temp.pk(i,55,'{Industrial Rd,Harbour St,Werkstr.,Rue du Port,Via Roma,Park Ave}'), pg_temp.pk(i,56,'{Stuttgart,Lyon,Milano,Leeds,Gdansk,Basel,Detroit,Malmo,Osaka,Gent}'), lpad(pg_temp.r(i,57,99999)::text,5,'0'),
 k.c, k.n, CASE WHEN pg_temp.u(i,58) < .012 THEN 'ITL' ELSE k.cur END, CASE WHEN pg_temp.u(i,59) < .96 THEN (ARRAY[3,3,3,4,4,7,2,6,1,8])[1 + floor(10 * power(pg_temp.u(i,60),1.3))::int] END, s.a[pg_temp.sk(i,61,cardinality(s.a),1.8)], CASE WHEN pg_temp.u(i,62) < .4 THEN (ARRAY['030','030','040','100'])[pg_temp.r(i,63,4)] END, 1000 * pg_temp.r(i,64,120), pg_temp.pk(i,65,'{A,B,B,C,C,C}'), CASE WHEN pg_temp.u(i,66) < .9 THEN 'A' ELSE 'H' END, to_char(date '1999-01-04' + i * 3, 'YYYYMMDD')::numeric,
 CASE WHEN pg_temp.u(i,67) < .2 THEN 'Call ' || pg_temp.fn(i,68) || ' before delivery; ' || pg_temp.pk(i,69,'{invoices in duplicate,no deliveries on Friday afternoon,certificates 3.1 required with every heat,pallets to be returned,credit check every quarter}') || '. ' END
FROM (SELECT i, (ARRAY['DE:Germany:EUR','DE:Germany:EUR','DE:Germany:EUR','FR:France:EUR','IT:Italy:EUR','GB:United Kingdom:GBP','PL:Poland:PLN','CH:Switzerland:CHF','US:United States:USD','SE:Sweden:SEK','JP:Japan:JPY','BE:Belgium:EUR'])[1 + floor(12 * power(pg_temp.u(i,70),1.4))::int] x FROM generate_series(1, 2450) i WHERE i <= 60 OR pg_temp.u(i,71) > .013) b
CROSS JOIN LATERAL (SELECT split_part(x,':',1) c, split_part(x,':',2) n, split_part(x,':',3) cur) k CROSS JOIN (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd = 'SLS') s
ORDER BY 1;

CREATE TABLE vend_mst (vend_no int4, vend_nm varchar(40), remit_to int4, city varchar(30), cntry_nm varchar(30), curr_cd char(3), trm_cd numeric(3,0), buyer int8, exp_acct numeric(10,0), ld_tm int2, rtng int2, sts char(1), crt_dt date);
INSERT INTO vend_mst
SELECT i, pg_temp.co(i,81), CASE WHEN i > 10 AND pg_temp.u(i,82) < .08 THEN pg_temp.r(i,83,i - 1) END, pg_temp.pk(i,84,'{Essen,Linz,Brescia,Sheffield,Katowice,Bilbao,Shanghai,Ostrava}'), pg_temp.pk(i,85,'{Germany,Germany,Austria,Italy,United Kingdom,Poland,Spain,China,Czechia}'), (ARRAY['EUR','EUR','EUR','EUR','EUR','GBP','PLN','CNY','USD'])[pg_temp.r(i,86,9)], (ARRAY[3,4,4,5,7,9])[pg_temp.r(i,87,6)], b.a[pg_temp.sk(i,88,cardinality(b.a),1.5)],
 CASE WHEN pg_temp.u(i,89) < .55 THEN g.a[pg_temp.sk(i,90,cardinality(g.a),1.5)] END, 2 + pg_temp.r(i,91,60), pg_temp.r(i,92,5), CASE WHEN pg_temp.u(i,93) < .92 THEN 'A' ELSE 'I' END, date '2003-02-01' + i * 19
FROM generate_series(1, 352) i, (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd = 'BUY') b, (SELECT array_agg(acct_no ORDER BY acct_no) a FROM gl_acct WHERE acct_no BETWEEN 17001 AND 17999 OR acct_no > 19001) g
ORDER BY 1;

CREATE TABLE itm_mst (itm_cd char(12), itm_ds varchar(50), itm_typ char(2), drw_no varchar(15), stk_uom char(3), pur_uom char(3), pref_vend int4, repl_itm char(12), inv_acct int8, abc_cd char(1), std_cst numeric(12,4), ld_tm_dys int2, sfty_qty int4, wt_kg numeric(9,3), crt_by int4, crt_ts timestamp, chg_by int4, chg_ts timestamp);
INSERT INTO itm_mst
SELECT t || (10000 + i * 3), CASE t WHEN 'FG' THEN pg_temp.pk(i,101,'{Gear pump,Piston pump,Control valve,Filter unit,Power pack}') || ' ' || pg_temp.pk(i,102,'{GP,XL,HD,S,ECO}') || (10 * pg_temp.r(i,103,60)) WHEN 'SA' THEN pg_temp.pk(i,104,'{Rotor,Housing,Shaft,Valve block,Motor mount}') || ' assy ' || i ELSE pg_temp.pk(i,105,'{Hex bolt,O-ring,Round bar,Sheet,Bearing,Seal kit,Casting,Spring,Cable,Paint,Carton,Washer}') || ' ' || pg_temp.pk(i,106,'{M8,M10,M12,DN25,DN40,6205,2 mm,NBR,FKM}') || ' ' || pg_temp.r(i,107,400) END,
 t, CASE WHEN t IN ('FG','SA') OR pg_temp.u(i,108) < .2 THEN 'D-' || (40000 + i * 2) END, CASE WHEN t IN ('FG','SA') THEN 'EA' ELSE (ARRAY['EA','EA','EA','EA','KG','M','L','M2','SET'])[1 + floor(9 * power(pg_temp.u(i,109),1.6))::int] END,
 CASE WHEN t IN ('RM','PK') THEN (ARRAY['EA','EA','C','BX','KG','T','M','L'])[1 + floor(8 * power(pg_temp.u(i,110),1.4))::int] END, CASE WHEN t IN ('RM','PK') AND pg_temp.u(i,111) < .93 THEN CASE WHEN pg_temp.u(i,112) < .009 THEN 0 ELSE pg_temp.sk(i,113,352,1.7) END END, NULL,
 CASE t WHEN 'FG' THEN f.a[1] WHEN 'SA' THEN f.a[2] ELSE f.a[3 + pg_temp.r(i,114,4)] END, pg_temp.pk(i,115,'{A,B,B,C,C,C,C}'), round((CASE t WHEN 'FG' THEN 900 WHEN 'SA' THEN 150 ELSE 30 END * (.02 + power(pg_temp.u(i,116),2)))::numeric,4), pg_temp.r(i,117,45), 5 * (pg_temp.r(i,118,40) - 1), round((30 * power(pg_temp.u(i,119),3))::numeric,3),
 e.a[pg_temp.sk(i,120,cardinality(e.a),2)], timestamp '2001-05-02 09:00' + i * interval '51 hours', CASE WHEN pg_temp.u(i,121) < .6 THEN e.a[pg_temp.sk(i,122,cardinality(e.a),1.4)] END, CASE WHEN pg_temp.u(i,121) < .6 THEN timestamp '2022-01-01' + pg_temp.u(i,123) * interval '800 days' END
FROM (SELECT i, CASE WHEN pg_temp.u(i,124) < .22 THEN 'FG' WHEN pg_temp.u(i,124) < .45 THEN 'SA' WHEN pg_temp.u(i,124) < .94 THEN 'RM' ELSE 'PK' END t FROM generate_series(1, 3700) i) x,
 (SELECT array_agg(acct_no::int8 ORDER BY acct_no) a FROM gl_acct WHERE acct_no BETWEEN 11001 AND 11999) f, (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd IN ('ENG','PLAN')) e
ORDER BY 16;
CREATE TEMP TABLE it AS SELECT row_number() OVER (PARTITION BY itm_typ ORDER BY md5(itm_cd)) n, count(*) OVER (PARTITION BY itm_typ)::int m, itm_cd, itm_typ, stk_uom, std_cst, itm_ds FROM itm_mst;
UPDATE itm_mst m SET repl_itm = it.itm_cd FROM it WHERE it.itm_typ = m.itm_typ AND it.n = pg_temp.r(hashtext(m.itm_cd),125,it.m) AND it.itm_cd <> m.itm_cd AND pg_temp.u(hashtext(m.itm_cd),126) < .06;

CREATE TABLE inv_bal (itm_cd char(12), whse_cd char(3), bin_no varchar(10), qoh numeric(12,3), qty_rsv numeric(12,3), lst_cnt_dt date, lst_iss_dt numeric(8,0));
INSERT INTO inv_bal
SELECT m.itm_cd, w.whse_cd, chr(65 + pg_temp.r(h,131,8)) || '-' || lpad(pg_temp.r(h,132,40)::text,2,'0') || '-' || pg_temp.r(h,133,6), floor(800 * power(pg_temp.u(h,134),3)), CASE WHEN pg_temp.u(h,135) < .3 THEN pg_temp.r(h,136,50) ELSE 0 END, date '2023-03-01' + pg_temp.r(h,137,330), CASE WHEN pg_temp.u(h,138) < .8 THEN to_char(date '2023-03-01' + pg_temp.r(h,139,380), 'YYYYMMDD')::numeric END
FROM itm_mst m CROSS JOIN whse w CROSS JOIN LATERAL (SELECT hashtext(m.itm_cd || w.whse_cd)::bigint h) x
WHERE w.whse_cd <> '990' AND pg_temp.u(h,140) < CASE WHEN w.whse_cd = '010' THEN .8 WHEN w.whse_cd = '020' THEN CASE WHEN m.itm_typ IN ('RM','PK') THEN .7 ELSE 0 END WHEN w.whse_cd = '030' THEN CASE WHEN m.itm_typ = 'FG' THEN .95 ELSE .03 END WHEN w.whse_cd = '900' THEN .05 ELSE .25 END
ORDER BY 1, 2;

CREATE TABLE bom (prnt_itm char(12), seq_no int2, comp_itm varchar(12), qty_per numeric(10,4), uom_cd char(3), scrp_pct numeric(4,1), eff_dt date, obs_dt date);
INSERT INTO bom
SELECT p.itm_cd, s * 10, CASE WHEN pg_temp.u(h,141) < .008 THEN 'RM' || (30000 + pg_temp.r(h,142,900)) ELSE rtrim(c.itm_cd) END, CASE WHEN c.stk_uom = 'EA' THEN pg_temp.r(h,143,8) ELSE round((pg_temp.u(h,144) * 4)::numeric,4) END, c.stk_uom, CASE WHEN pg_temp.u(h,145) < .2 THEN pg_temp.r(h,146,8) ELSE 0 END, date '2010-01-01' + pg_temp.r(h,147,4000), CASE WHEN pg_temp.u(h,148) < .07 THEN date '2023-06-30' END
FROM it p CROSS JOIN LATERAL generate_series(1, 3 + pg_temp.r(hashtext(p.itm_cd),149,CASE p.itm_typ WHEN 'FG' THEN 11 ELSE 4 END)) s CROSS JOIN LATERAL (SELECT hashtext(p.itm_cd)::bigint * 40 + s AS h) x CROSS JOIN LATERAL (SELECT CASE WHEN p.itm_typ = 'FG' AND pg_temp.u(h,150) < .3 THEN 'SA' WHEN p.itm_typ = 'FG' AND pg_temp.u(h,150) < .4 THEN 'PK' ELSE 'RM' END ct) y
JOIN (SELECT itm_typ, max(m) mm FROM it GROUP BY 1) q ON q.itm_typ = ct JOIN it c ON c.itm_typ = ct AND c.n = pg_temp.sk(h,151,(q.mm * .9)::int,1.7)
WHERE p.itm_typ IN ('FG','SA') AND pg_temp.u(hashtext(p.itm_cd),152) < .96
ORDER BY 1, 2;

CREATE TABLE wrk_ctr (wc_cd char(4), wc_nm varchar(30), cc_no int8, cal_cd char(2), mach_cnt int2, cap_hrs numeric(6,1), hrly_cst numeric(8,2), suprv int4);
INSERT INTO wrk_ctr SELECT 'W' || lpad((i * 10)::text, 3, '0'), pg_temp.pk(i,161,'{CNC lathe,CNC mill,Saw,Weld cell,Grinder,Paint line,Assembly bench,Test rig,Packing}') || ' ' || i, 100 + 10 * pg_temp.sk(i,162,31,1.5), (ARRAY['02','02','03','01'])[pg_temp.r(i,163,4)], pg_temp.r(i,164,6), 8 * pg_temp.r(i,165,15), 30 + 5 * pg_temp.r(i,166,20), CASE WHEN pg_temp.u(i,167) < .8 THEN pg_temp.r(i,168,44) END FROM generate_series(1, 27) i;

CREATE TABLE rtg (itm_cd varchar(12), op_no int2, op_ds varchar(40), wc_cd char(4), alt_wc char(4), setup_min int4, run_min numeric(7,2), crw_sz int2, sub_vend int8, eff_dt numeric(8,0));
INSERT INTO rtg
SELECT rtrim(p.itm_cd), o * 10, pg_temp.pk(h,171,'{Cut to length,Turn,Mill,Drill and tap,Weld,Grind,Deburr,Paint,Assemble,Pressure test,Pack}'), 'W' || lpad((pg_temp.sk(h,172,25,1.6) * 10)::text,3,'0'), CASE WHEN pg_temp.u(h,173) < .12 THEN 'W' || lpad((pg_temp.r(h,174,25) * 10)::text,3,'0') END, 5 * pg_temp.r(h,175,24), round((.5 + 60 * power(pg_temp.u(h,176),2))::numeric,2), (ARRAY[1,1,1,2])[pg_temp.r(h,177,4)], CASE WHEN pg_temp.u(h,178) < .07 THEN pg_temp.sk(h,179,352,2) END, to_char(date '2010-01-01' + pg_temp.r(h,180,4000), 'YYYYMMDD')::numeric
FROM it p CROSS JOIN LATERAL generate_series(1, 1 + pg_temp.r(hashtext(p.itm_cd),181,6)) o CROSS JOIN LATERAL (SELECT hashtext(p.itm_cd)::bigint * 30 + o AS h) x WHERE p.itm_typ IN ('FG','SA') AND pg_temp.u(hashtext(p.itm_cd),182) < .94
ORDER BY 1, 2;

CREATE TABLE so_hdr (so_no numeric(10,0), cust_no int8, cust_nm varchar(40), ship_to int8, cust_po varchar(20), ord_dt numeric(8,0), req_dt numeric(8,0), slsmn int8, curr_cd char(3), trm_cd int4, prty int2, sts char(2), crt_by int4, crt_ts timestamp, txt text);
INSERT INTO so_hdr
SELECT 500000 + i, cn, coalesce(c.cust_nm, 'PURGED'), CASE WHEN pg_temp.u(i,191) < .09 THEN pg_temp.r(i,192,60) END, CASE WHEN pg_temp.u(i,193) < .85 THEN pg_temp.pk(i,194,'{PO,B-,45,ORD}') || pg_temp.r(i,195,999999) END, to_char(date '2022-01-03' + i / 17, 'YYYYMMDD')::numeric, to_char(date '2022-01-03' + i / 17 + pg_temp.r(i,196,60), 'YYYYMMDD')::numeric,
 CASE WHEN pg_temp.u(i,197) < .85 THEN c.slsmn ELSE s.a[pg_temp.r(i,198,cardinality(s.a))] END, CASE WHEN c.curr_cd <> 'ITL' THEN c.curr_cd ELSE 'EUR' END, c.trm_cd, (ARRAY[1,5,5,5,9])[pg_temp.r(i,199,5)], CASE WHEN i < 12000 THEN pg_temp.pk(i,200,'{CL,CL,CL,CL,CL,CL,CX}') ELSE pg_temp.pk(i,201,'{OP,OP,PS,HD}') END, CASE WHEN pg_temp.u(i,202) < .013 THEN 0 ELSE s.a[pg_temp.sk(i,203,cardinality(s.a),1.5)] END, timestamp '2022-01-03 08:00' + i * interval '84 minutes',
 CASE WHEN pg_temp.u(i,204) < .1 THEN 'Order confirmed by phone with ' || pg_temp.fn(i,205) || ' ' || pg_temp.ln(i,206) || '; ' || pg_temp.pk(i,207,'{partial delivery allowed,deliver complete only,price as agreed at the fair,paint in RAL 5010 instead of standard,mark crates with project name}') || '.' END
FROM (SELECT i, pg_temp.sk(i,208,2450,2.2) cn FROM generate_series(1, 13600) i) x LEFT JOIN cust_mst c ON c.cust_no = x.cn CROSS JOIN (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd = 'SLS') s
ORDER BY 1;

CREATE TABLE so_ln (so_no int8, ln_no int2, itm_cd varchar(12), itm_ds varchar(50), whse_cd char(3), ord_qty int4, shp_qty int4, uom_cd char(3), unit_prc numeric(12,2), dsc_pct numeric(4,1), prom_dt numeric(8,0), sts char(1));
INSERT INTO so_ln
SELECT h.so_no, l, CASE WHEN pg_temp.u(k,211) < .006 THEN 'MISC' ELSE rtrim(t.itm_cd) END, t.itm_ds, (ARRAY['030','030','030','040','010','100'])[pg_temp.r(k,212,6)], q, CASE WHEN h.sts = 'CL' THEN q ELSE 0 END, CASE WHEN pg_temp.u(k,213) < .9 THEN t.stk_uom ELSE 'SET' END, round((t.std_cst * (1.2 + pg_temp.u(k,214)))::numeric,2), (ARRAY[0,0,0,5,10])[pg_temp.r(k,215,5)], h.req_dt, CASE WHEN h.sts = 'CL' THEN 'C' ELSE 'O' END
FROM so_hdr h CROSS JOIN LATERAL generate_series(1, 1 + floor(6 * power(pg_temp.u(h.so_no::bigint,216),2))::int) l CROSS JOIN LATERAL (SELECT h.so_no::bigint * 20 + l AS k) x CROSS JOIN LATERAL (SELECT 1 + floor(40 * power(pg_temp.u(k,217),3))::int q, CASE WHEN pg_temp.u(k,218) < .82 THEN 'FG' WHEN pg_temp.u(k,218) < .92 THEN 'SA' ELSE 'RM' END ty) y
JOIN (SELECT itm_typ, max(m) mm FROM it GROUP BY 1) z ON z.itm_typ = ty JOIN it t ON t.itm_typ = ty AND t.n = pg_temp.sk(k,219,(z.mm * .85)::int,2)
ORDER BY 1, 2;

CREATE TABLE po_hdr (po_no int4, vend_no int8, vend_nm varchar(40), whse_cd char(3), buyer int4, aprv_by int4, ord_dt date, curr_cd char(3), trm_cd numeric(3,0), tot_amt numeric(14,2), sts char(2), crt_ts timestamp);
INSERT INTO po_hdr
SELECT i, v.vend_no, v.vend_nm, (ARRAY['020','020','010','010','100','900'])[1 + floor(6 * power(pg_temp.u(i,221),1.5))::int], CASE WHEN pg_temp.u(i,222) < .9 THEN v.buyer ELSE 1 + pg_temp.r(i,223,43) END, CASE WHEN pg_temp.u(i,224) < .22 THEN (ARRAY[2,5,9,14])[pg_temp.r(i,225,4)] END, date '2022-01-03' + i / 7, v.curr_cd, v.trm_cd, round((100 + 20000 * power(pg_temp.u(i,226),3))::numeric,2), CASE WHEN i < 5000 THEN 'CL' ELSE pg_temp.pk(i,227,'{OP,OP,PR,AP}') END, timestamp '2022-01-03 07:00' + i * interval '205 minutes'
FROM generate_series(1, 5600) i JOIN vend_mst v ON v.vend_no = pg_temp.sk(i,228,330,2)
ORDER BY 1;

CREATE TABLE po_ln (po_no int8, ln_no int2, itm_cd varchar(12), ln_ds varchar(60), ord_qty numeric(12,2), rcv_qty numeric(12,2), uom_cd char(3), unit_cst numeric(12,4), acct_no int4, so_no int8, so_ln int2, due_dt date);
CREATE TEMP TABLE sl AS SELECT row_number() OVER (ORDER BY so_no, ln_no) n, so_no, ln_no, itm_cd FROM so_ln;
INSERT INTO po_ln
SELECT CASE WHEN pg_temp.u(k,231) < .007 THEN 90000 + h.po_no ELSE h.po_no END, l, CASE WHEN pg_temp.u(k,232) < .9 THEN rtrim(t.itm_cd) END, t.itm_ds, q, CASE WHEN h.sts = 'CL' THEN q ELSE 0 END, t.stk_uom, t.std_cst, CASE WHEN pg_temp.u(k,232) >= .9 OR pg_temp.u(k,233) < .25 THEN g.a[pg_temp.sk(k,234,cardinality(g.a),1.6)] END, s.so_no, s.ln_no, h.ord_dt + pg_temp.r(k,235,50)
FROM po_hdr h CROSS JOIN LATERAL generate_series(1, 1 + floor(5 * pg_temp.u(h.po_no,236))::int) l CROSS JOIN LATERAL (SELECT h.po_no::bigint * 20 + l AS k) x CROSS JOIN LATERAL (SELECT 10 * pg_temp.r(k,237,50) q) y CROSS JOIN (SELECT max(m) mm FROM it WHERE itm_typ = 'RM') z JOIN it t ON t.itm_typ = 'RM' AND t.n = pg_temp.sk(k,238,(z.mm * .9)::int,1.5)
CROSS JOIN (SELECT count(*)::int c FROM sl) c LEFT JOIN sl s ON s.n = CASE WHEN pg_temp.u(k,239) < .05 THEN pg_temp.r(k,240,c.c) END
CROSS JOIN (SELECT array_agg(acct_no::int4 ORDER BY acct_no) a FROM gl_acct WHERE acct_no BETWEEN 17001 AND 17999 OR acct_no > 19001) g
ORDER BY 1, 2;

CREATE TABLE wo_hdr (wo_no int4, itm_cd char(12), whse_cd char(3), prnt_wo int4, so_no int8, so_ln int2, ord_qty int4, scrp_qty int4, plnr int4, prty int2, st_dt date, due_dt date, sts char(2), crt_ts timestamp);
INSERT INTO wo_hdr
SELECT i, t.itm_cd, CASE WHEN t.itm_typ = 'FG' THEN '030' ELSE '010' END, CASE WHEN i > 30 AND t.itm_typ = 'SA' AND pg_temp.u(i,241) < .25 THEN i - pg_temp.r(i,242,25) END, s.so_no, CASE WHEN s.so_no IS NOT NULL AND pg_temp.u(i,243) < .012 THEN 99 ELSE s.ln_no END, 5 * pg_temp.r(i,244,20), CASE WHEN pg_temp.u(i,245) < .2 THEN pg_temp.r(i,246,5) ELSE 0 END, p.a[pg_temp.sk(i,247,cardinality(p.a),1.5)], pg_temp.r(i,248,9), date '2022-01-03' + i / 9, date '2022-01-03' + i / 9 + pg_temp.r(i,249,30), CASE WHEN i < 6200 THEN 'CL' ELSE pg_temp.pk(i,250,'{RL,RL,FR,PL}') END, timestamp '2022-01-02 13:00' + i * interval '160 minutes'
FROM generate_series(1, 6900) i CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.u(i,251) < .6 THEN 'FG' ELSE 'SA' END ty) y JOIN (SELECT itm_typ, max(m) mm FROM it GROUP BY 1) z ON z.itm_typ = ty JOIN it t ON t.itm_typ = ty AND t.n = pg_temp.sk(i,252,(z.mm * .85)::int,1.8)
CROSS JOIN (SELECT count(*)::int c FROM sl) c LEFT JOIN sl s ON s.n = CASE WHEN ty = 'FG' AND pg_temp.u(i,253) < .45 THEN pg_temp.r(i,254,c.c) END
CROSS JOIN (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd = 'PLAN') p
ORDER BY 1;

CREATE TABLE lbr_tkt (tkt_no int8, wo_no int8, op_no int2, wc_cd char(4), emp_no int8, wrk_dt date, shft int2, hrs numeric(5,2), qty_gd int4, qty_rj int4, rj_cd char(2));
INSERT INTO lbr_tkt
SELECT row_number() OVER (ORDER BY w.st_dt, w.wo_no, o.op_no, j), w.wo_no, o.op_no, CASE WHEN pg_temp.u(k,261) < .9 THEN o.wc_cd ELSE 'W' || lpad((pg_temp.r(k,262,26) * 10)::text,3,'0') END, CASE WHEN pg_temp.u(k,263) < .008 THEN 9000 + pg_temp.r(k,264,12) ELSE e.a[pg_temp.sk(k,265,cardinality(e.a),1.2)] END, w.st_dt + pg_temp.r(k,266,14), pg_temp.r(k,267,3), round((.25 + 7.5 * pg_temp.u(k,268))::numeric,2), w.ord_qty, CASE WHEN pg_temp.u(k,269) < .07 THEN pg_temp.r(k,270,4) ELSE 0 END, CASE WHEN pg_temp.u(k,269) < .07 THEN pg_temp.pk(k,271,'{DM,MT,OP,SU}') END
FROM wo_hdr w JOIN rtg o ON o.itm_cd = rtrim(w.itm_cd) CROSS JOIN generate_series(1, 2) j CROSS JOIN LATERAL (SELECT w.wo_no::bigint * 200 + o.op_no * 2 + j AS k) x CROSS JOIN (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd IN ('OPER','MECH')) e
WHERE w.sts = 'CL' AND (j = 1 OR pg_temp.u(k,272) < .2)
ORDER BY 1;

CREATE TABLE gl_trn (trn_no int8, ln_no int2, fsc_yr int2, fsc_per int2, acct_no int8, cc_no numeric(6,0), dr_amt numeric(14,2), cr_amt numeric(14,2), src_cd char(2), src_no int8, trn_ds varchar(60), post_by int4, post_ts timestamp);
INSERT INTO gl_trn
SELECT i, l, 2022 + i / 4200, 1 + (i % 4200) / 350, CASE WHEN pg_temp.u(k,281) < .009 THEN 99000 + 10 * pg_temp.r(k,282,4) ELSE g.a[pg_temp.sk(k,283,cardinality(g.a),2)] END, CASE WHEN pg_temp.u(k,284) < .4 THEN 100 + 10 * pg_temp.sk(k,285,29,1.5) END, CASE WHEN l % 2 = 1 THEN round((10 + 9000 * power(pg_temp.u(k / 2,286),4))::numeric,2) ELSE 0 END, CASE WHEN l % 2 = 0 THEN round((10 + 9000 * power(pg_temp.u(k / 2,286),4))::numeric,2) ELSE 0 END,
 sc, CASE sc WHEN 'AR' THEN 500000 + pg_temp.r(i,287,13600) WHEN 'AP' THEN pg_temp.r(i,288,5600) WHEN 'WO' THEN pg_temp.r(i,289,6900) END, CASE sc WHEN 'AR' THEN 'Invoice' WHEN 'AP' THEN 'Vendor bill' WHEN 'WO' THEN 'WIP variance' ELSE pg_temp.pk(i,290,'{Accrual,Correction,Depreciation,Payroll,Rent}') END || ' ' || to_char(date '2022-01-01' + i / 12, 'MM/YY'), e.a[pg_temp.sk(i,291,cardinality(e.a),1.5)], timestamp '2022-01-03 18:00' + i * interval '2 hours'
FROM (SELECT i, pg_temp.pk(i,292,'{AR,AR,AR,AP,AP,WO,GJ}') sc FROM generate_series(1, 8300) i) x CROSS JOIN LATERAL generate_series(1, CASE WHEN pg_temp.u(i,293) < .8 THEN 2 ELSE 4 END) l CROSS JOIN LATERAL (SELECT i::bigint * 10 + l + 1 AS k) y
CROSS JOIN (SELECT array_agg(acct_no::int8 ORDER BY acct_no) a FROM gl_acct WHERE post_fl = 'Y') g CROSS JOIN (SELECT array_agg(emp_no ORDER BY emp_no) a FROM emp_mst WHERE job_cd = 'ACCT') e
ORDER BY 1, 2;

CREATE TABLE qc_hold (hold_no int4, itm_cd char(12), whse_cd char(3), vend_no int4, lot_no varchar(15), hold_qty numeric(12,3), rsn_cd char(2), hold_by int4, hold_dt date, rel_dt date, rmk text);
