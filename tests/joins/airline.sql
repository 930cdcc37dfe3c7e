-- A mid-size airline: network, fleet, schedule and operated legs, crew rostering, bookings, tickets with coupons, loyalty, maintenance.
-- Natural text keys (IATA codes, registrations, record locators, ticket numbers) and composite keys for legs, coupons and seats.
-- Noise: 0.5-3 % orphans (wet-leased tails, erased passengers, ...), rare delay/diversion/exchange references, copied names, currency codes without lookup, one empty table.

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

CREATE TABLE country (iso2 char(2), name varchar(60), region varchar(20), curr char(3));
INSERT INTO country SELECT split_part(x,':',1), split_part(x,':',2), split_part(x,':',3), split_part(x,':',4) FROM unnest(ARRAY[
'PT:Portugal:Europe:EUR','ES:Spain:Europe:EUR','FR:France:Europe:EUR','DE:Germany:Europe:EUR','GB:United Kingdom:Europe:GBP','IE:Ireland:Europe:EUR','IT:Italy:Europe:EUR','CH:Switzerland:Europe:CHF',
'AT:Austria:Europe:EUR','NL:Netherlands:Europe:EUR','BE:Belgium:Europe:EUR','LU:Luxembourg:Europe:EUR','DK:Denmark:Europe:DKK','SE:Sweden:Europe:SEK','NO:Norway:Europe:NOK','FI:Finland:Europe:EUR',
'PL:Poland:Europe:PLN','CZ:Czechia:Europe:CZK','HU:Hungary:Europe:HUF','RO:Romania:Europe:RON','GR:Greece:Europe:EUR','TR:Turkey:Europe:TRY','MA:Morocco:Africa:MAD','DZ:Algeria:Africa:DZD','CV:Cabo Verde:Africa:CVE',
'SN:Senegal:Africa:XOF','AO:Angola:Africa:AOA','MZ:Mozambique:Africa:MZN','GH:Ghana:Africa:GHS','BR:Brazil:Americas:BRL','US:United States:Americas:USD','CA:Canada:Americas:CAD','MX:Mexico:Americas:MXN',
'VE:Venezuela:Americas:VES','AR:Argentina:Americas:ARS','IL:Israel:Asia:ILS','AE:United Arab Emirates:Asia:AED','IN:India:Asia:INR','CN:China:Asia:CNY','JP:Japan:Asia:JPY','UA:Ukraine:Europe:UAH','RS:Serbia:Europe:RSD','HR:Croatia:Europe:EUR','TN:Tunisia:Africa:TND']) x;

CREATE TABLE airport (iata char(3), icao char(4), name varchar(80), city varchar(50), ctry char(2), ctry_name varchar(60), tz_off numeric(3,1), elev_ft int, rwy_cnt smallint, min_conn_min int);
INSERT INTO airport SELECT split_part(x,':',1), split_part(x,':',2), split_part(x,':',3) || pg_temp.pk(o,11,'{" Airport"," International"," Airport"," Intl Airport"}'), split_part(x,':',3), c.iso2, c.name,
 CASE c.region WHEN 'Americas' THEN -5 WHEN 'Asia' THEN 5.5 ELSE 1 END, pg_temp.r(o,12,2100), pg_temp.r(o,13,4), 25 + 5 * pg_temp.r(o,14,10)
FROM unnest(ARRAY['LIS:LPPT:Lisbon:PT','OPO:LPPR:Porto:PT','FAO:LPFR:Faro:PT','FNC:LPMA:Funchal:PT','PDL:LPPD:Ponta Delgada:PT','TER:LPLA:Terceira:PT','MAD:LEMD:Madrid:ES','BCN:LEBL:Barcelona:ES','AGP:LEMG:Malaga:ES','SVQ:LEZL:Seville:ES','VLC:LEVC:Valencia:ES','BIO:LEBB:Bilbao:ES','PMI:LEPA:Palma:ES','LPA:GCLP:Gran Canaria:ES','TFS:GCTS:Tenerife:ES',
'CDG:LFPG:Paris CDG:FR','ORY:LFPO:Paris Orly:FR','LYS:LFLL:Lyon:FR','NCE:LFMN:Nice:FR','MRS:LFML:Marseille:FR','TLS:LFBO:Toulouse:FR','BOD:LFBD:Bordeaux:FR','NTE:LFRS:Nantes:FR','FRA:EDDF:Frankfurt:DE','MUC:EDDM:Munich:DE','BER:EDDB:Berlin:DE','HAM:EDDH:Hamburg:DE','DUS:EDDL:Dusseldorf:DE','CGN:EDDK:Cologne:DE','STR:EDDS:Stuttgart:DE',
'LHR:EGLL:London Heathrow:GB','LGW:EGKK:London Gatwick:GB','MAN:EGCC:Manchester:GB','EDI:EGPH:Edinburgh:GB','BHX:EGBB:Birmingham:GB','DUB:EIDW:Dublin:IE','ORK:EICK:Cork:IE','FCO:LIRF:Rome:IT','MXP:LIMC:Milan Malpensa:IT','LIN:LIML:Milan Linate:IT','VCE:LIPZ:Venice:IT','BLQ:LIPE:Bologna:IT','NAP:LIRN:Naples:IT','FLR:LIRQ:Florence:IT','ZRH:LSZH:Zurich:CH','GVA:LSGG:Geneva:CH','BSL:LFSB:Basel:CH',
'VIE:LOWW:Vienna:AT','AMS:EHAM:Amsterdam:NL','BRU:EBBR:Brussels:BE','LUX:ELLX:Luxembourg:LU','CPH:EKCH:Copenhagen:DK','ARN:ESSA:Stockholm:SE','GOT:ESGG:Gothenburg:SE','OSL:ENGM:Oslo:NO','BGO:ENBR:Bergen:NO','HEL:EFHK:Helsinki:FI','WAW:EPWA:Warsaw:PL','KRK:EPKK:Krakow:PL','PRG:LKPR:Prague:CZ','BUD:LHBP:Budapest:HU','OTP:LROP:Bucharest:RO','ATH:LGAV:Athens:GR','IST:LTFM:Istanbul:TR',
'CMN:GMMN:Casablanca:MA','RAK:GMMX:Marrakech:MA','TNG:GMTT:Tangier:MA','ALG:DAAG:Algiers:DZ','RAI:GVNP:Praia:CV','SID:GVAC:Sal:CV','BVC:GVBA:Boa Vista:CV','DSS:GOBD:Dakar:SN','LAD:FNLU:Luanda:AO','MPM:FQMA:Maputo:MZ','ACC:DGAA:Accra:GH','GRU:SBGR:Sao Paulo:BR','GIG:SBGL:Rio de Janeiro:BR','BSB:SBBR:Brasilia:BR','FOR:SBFZ:Fortaleza:BR','REC:SBRF:Recife:BR','SSA:SBSV:Salvador:BR','CNF:SBCF:Belo Horizonte:BR','POA:SBPA:Porto Alegre:BR','BEL:SBBE:Belem:BR','NAT:SBSG:Natal:BR',
'JFK:KJFK:New York JFK:US','EWR:KEWR:Newark:US','BOS:KBOS:Boston:US','MIA:KMIA:Miami:US','IAD:KIAD:Washington:US','ORD:KORD:Chicago:US','SFO:KSFO:San Francisco:US','LAX:KLAX:Los Angeles:US','YUL:CYUL:Montreal:CA','YYZ:CYYZ:Toronto:CA','CUN:MMUN:Cancun:MX','CCS:SVMI:Caracas:VE','TLV:LLBG:Tel Aviv:IL','DXB:OMDB:Dubai:AE','TUN:DTTA:Tunis:TN','ZAG:LDZA:Zagreb:HR','BEG:LYBE:Belgrade:RS','DEL:VIDP:Delhi:IN','NRT:RJAA:Tokyo:JP']) WITH ORDINALITY t(x,o)
JOIN country c ON c.iso2 = split_part(x,':',4)
ORDER BY 1;

CREATE TABLE carrier (carr_cd char(2), name varchar(50), ctry char(2), hub_arpt char(3), alliance varchar(20), acct_prefix int);
INSERT INTO carrier VALUES ('XP','Atlantica Air','PT','LIS','Polaris',471),('XR','Atlantica Regional','PT','OPO','Polaris',471),('LH','Lufthansa','DE','FRA','Star',220),('LX','Swiss','CH','ZRH','Star',724),('OS','Austrian','AT','VIE','Star',257),
 ('SN','Brussels Airlines','BE','BRU','Star',82),('UA','United','US','EWR','Star',16),('AC','Air Canada','CA','YYZ','Star',14),('AD','Azul','BR',NULL,NULL,577),('TK','Turkish','TR','IST','Star',235),('WX','WetLease Partners','IE','DUB',NULL,899),('S4','Azores Airlines','PT','PDL',NULL,331);

CREATE TABLE acft_type (type_cd varchar(4), mfr varchar(20), model varchar(30), std_seats int, range_nm int, mtow_kg int, min_cabin_crew smallint);
INSERT INTO acft_type VALUES ('E190','Embraer','E190-100',106,2400,51800,3),('E195','Embraer','E195-100',118,2200,52290,3),('AT76','ATR','72-600',70,825,23000,2),('A319','Airbus','A319-100',144,3700,75500,3),('A320','Airbus','A320-200',174,3300,78000,4),
 ('A20N','Airbus','A320neo',174,3400,79000,4),('A21N','Airbus','A321neo LR',171,4000,97000,4),('A332','Airbus','A330-200',269,7250,242000,8),('A339','Airbus','A330-900neo',298,7200,251000,8),('B738','Boeing','737-800',186,2935,79010,4);

CREATE TABLE aircraft (reg varchar(8), type_cd varchar(4), msn int, name varchar(40), owner_carr char(2), home_base char(3), dlvrd_on date, seats int, is_active char(1));
INSERT INTO aircraft
SELECT 'CS-T' || chr(65 + (i * 5) % 24) || chr(65 + (i * 11) % 25), (ARRAY['A20N','A320','A320','A319','E190','A339','A21N','E195','AT76','A332'])[1 + floor(10 * power(pg_temp.u(i,21),1.3))::int], 1000 + i * 83, pg_temp.fn(i,22) || ' ' || pg_temp.ln(i,23),
 CASE WHEN pg_temp.u(i,24) < .78 THEN 'XP' WHEN pg_temp.u(i,24) < .94 THEN 'XR' ELSE 'WX' END, CASE WHEN pg_temp.u(i,25) < .8 THEN 'LIS' WHEN pg_temp.u(i,25) < .96 THEN 'OPO' ELSE NULL END, date '2004-02-01' + i * 88, 100 + 2 * pg_temp.r(i,26,95), CASE WHEN pg_temp.u(i,27) < .93 THEN 'Y' ELSE 'N' END
FROM generate_series(1, 78) i
ORDER BY 3;

CREATE TABLE cabin_class (cls char(1), name varchar(20), rnk smallint, bag_allow_kg int);
INSERT INTO cabin_class VALUES ('F','First',1,64),('C','Business',2,64),('W','Premium Economy',3,46),('Y','Economy',4,23);

CREATE TABLE seat_map (type_cd varchar(4), seat_no varchar(4), cabin char(1), is_exit char(1), pos char(1));
INSERT INTO seat_map
SELECT t.type_cd, rw || l, CASE WHEN rw <= 4 THEN 'C' WHEN t.type_cd IN ('A332','A339') AND rw <= 9 THEN 'W' ELSE 'Y' END, CASE WHEN rw IN (12,13) THEN 'Y' ELSE 'N' END, CASE WHEN l IN ('A','F','K') THEN 'W' WHEN l IN ('C','D') THEN 'A' ELSE 'M' END
FROM acft_type t, unnest('{A,B,C,D,E,F}'::text[]) l, generate_series(1, t.std_seats / 6) rw;

CREATE TABLE fare (fare_basis varchar(8), cabin char(1), rbd char(1), descr varchar(80), refundable char(1), adv_purch_days int, min_stay int, base_amt numeric(10,2), curr char(3), valid_from date);
INSERT INTO fare
SELECT c.rbd || s.sfx, CASE WHEN c.rbd IN ('J','D') THEN 'C' WHEN c.rbd = 'P' THEN 'W' ELSE 'Y' END, c.rbd, c.d || ', ' || s.d, CASE WHEN s.sfx LIKE 'FLX%' THEN 'Y' ELSE 'N' END, s.a, s.m, round((600 / c.o + 40 * s.m)::numeric, 2), CASE WHEN s.sfx = 'BRZ' THEN 'BRL' ELSE 'EUR' END, date '2023-10-29'
FROM (VALUES (1,'J','Business full'),(2,'D','Business saver'),(3,'P','Premium'),(4,'Y','Economy full'),(5,'M','Economy standard'),(6,'K','Economy basic'),(7,'T','Economy promo')) c(o,rbd,d),
 (VALUES ('OWPT','one way',0,0),('RTPT','return',3,0),('FLXEU','flexible Europe',0,0),('LITEU','light Europe',7,2),('BRZ','Brazil sale',21,6),('NAM','North America',14,5)) s(sfx,d,a,m);

CREATE TABLE delay_reason (cd smallint, descr varchar(60), grp varchar(20), chargeable char(1));
INSERT INTO delay_reason VALUES (6,'No gate/stand available','airport','N'),(11,'Late check-in','passenger','Y'),(14,'Oversales','passenger','Y'),(15,'Boarding discrepancies','passenger','Y'),(18,'Baggage processing','passenger','Y'),(32,'Loading/unloading','ramp','Y'),(34,'Servicing equipment','ramp','Y'),
 (36,'Fuelling','ramp','Y'),(37,'Catering','ramp','Y'),(41,'Aircraft defects','technical','Y'),(46,'Aircraft change','technical','Y'),(63,'Late crew boarding','crew','Y'),(64,'Crew shortage','crew','Y'),(71,'Departure station weather','weather','N'),(72,'Destination weather','weather','N'),(81,'ATFM en-route','atc','N'),(83,'ATFM destination','atc','N'),(89,'Airport restrictions','atc','N'),(93,'Aircraft rotation','reactionary','N');

CREATE TABLE employee (emp_id int, surname varchar(40), given varchar(40), job varchar(30), base char(3), mgr int, hired_on date, left_on date, email varchar(80));
INSERT INTO employee
SELECT i, upper(pg_temp.ln(i,31)), pg_temp.fn(i,32), CASE WHEN pg_temp.u(i,33) < .24 THEN 'PILOT' WHEN pg_temp.u(i,33) < .66 THEN 'CABIN' WHEN pg_temp.u(i,33) < .78 THEN 'TECHNICIAN' WHEN pg_temp.u(i,33) < .9 THEN 'GROUND' ELSE 'OFFICE' END,
 CASE WHEN pg_temp.u(i,34) < .77 THEN 'LIS' WHEN pg_temp.u(i,34) < .93 THEN 'OPO' ELSE (ARRAY['FNC','PDL','FAO','CDG','GRU','LHR','EWR'])[pg_temp.r(i,35,7)] END,
 CASE WHEN i > 6 AND pg_temp.u(i,36) > .02 THEN 1 + floor(least(i - 1, 140) * pg_temp.u(i,37))::int END, date '1992-05-01' + i * 9 - pg_temp.r(i,38,300), CASE WHEN pg_temp.u(i,39) < .07 THEN date '2023-01-31' + pg_temp.r(i,40,300) END, lower(pg_temp.ln(i,31)) || i || '@atlantica.example'
FROM generate_series(1, 1240) i WHERE i <= 140 OR pg_temp.u(i,41) > .012;

CREATE TABLE crew (emp_id int, rnk varchar(4), lic_no varchar(12), type_rating varchar(4), med_exp date, block_hrs int, seniority int);
INSERT INTO crew
SELECT emp_id, CASE WHEN job = 'PILOT' THEN pg_temp.pk(emp_id,51,'{CPT,FO,FO,SFO}') ELSE pg_temp.pk(emp_id,52,'{FA,FA,FA,FA,SCC}') END, CASE WHEN job = 'PILOT' THEN 'PT.FCL.' || (30000 + emp_id * 3) END,
 CASE WHEN job = 'PILOT' THEN (ARRAY['A320','A320','A320','A20N','A339','E190','AT76'])[pg_temp.r(emp_id,53,7)] END, date '2024-04-01' + pg_temp.r(emp_id,54,365), floor(14000 * power(pg_temp.u(emp_id,55),2))::int, row_number() OVER (PARTITION BY job ORDER BY hired_on, emp_id)
FROM employee WHERE job IN ('PILOT','CABIN') AND left_on IS NULL;

CREATE TABLE flight (flt_no varchar(6), departure_airport char(3), arrival_airport char(3), std time, sta time, dow varchar(7), type_cd varchar(4), op_carr char(2), return_flt varchar(6), eff_from date, eff_to date, crtd_by int, crtd_at timestamp);
INSERT INTO flight
SELECT 'XP' || lpad(n::text, 4, '0'), CASE WHEN d = 0 THEN h ELSE o END, CASE WHEN d = 0 THEN o ELSE h END, time '05:40' + (pg_temp.r(n,61,190) * 5) * interval '1 minute', time '05:40' + (pg_temp.r(n,61,190) * 5 + 60 + pg_temp.r(q,62,30) * 10) * interval '1 minute',
 CASE WHEN pg_temp.u(q,63) < .6 THEN '1234567' ELSE pg_temp.pk(q,64,'{12345,135,246,67,1357}') END, CASE WHEN pg_temp.u(q,65) < .95 THEN (ARRAY['A20N','A320','A319','E190','A21N','A339','AT76','E195'])[pg_temp.r(q,66,8)] END,
 CASE WHEN pg_temp.u(q,67) < .14 THEN pg_temp.pk(q,68,'{XR,XR,XR,LH,SN,AD,WX,S4}') END, CASE WHEN pg_temp.u(q,69) < .9 THEN 'XP' || lpad((n + 1 - 2 * d)::text, 4, '0') END, date '2024-03-31', CASE WHEN pg_temp.u(q,70) < .3 THEN date '2024-10-26' END, e.a[pg_temp.sk(n,71,cardinality(e.a),3)], timestamp '2023-11-06 10:00' + n * interval '17 minutes'
FROM (SELECT q, d, q * 2 + 200 + d + 40 * (q / 30) n, CASE WHEN pg_temp.u(q,72) < .74 THEN 'LIS' ELSE 'OPO' END h, a.a[1 + ((floor(84 * power(pg_temp.u(q,73),1.5))::int * 37) % 92)] o
      FROM generate_series(1, 205) q, generate_series(0, 1) d, (SELECT array_agg(iata ORDER BY icao) a FROM airport WHERE iata NOT IN ('LIS','OPO')) a) x,
 (SELECT array_agg(emp_id ORDER BY emp_id) a FROM employee WHERE job = 'OFFICE') e
ORDER BY 1;

CREATE TABLE flight_leg (flt_no varchar(6), dep_dt date, leg_seq smallint, dep_arpt char(3), arr_arpt char(3), acft_reg varchar(8), atd timestamp, ata timestamp, status char(3), dly_min int, dly_cd smallint, div_arpt char(3), pax_cnt int, upd_at timestamp);
INSERT INTO flight_leg
SELECT f.flt_no, dt::date, l, CASE WHEN l = 1 THEN f.departure_airport ELSE 'OPO' END, CASE WHEN l = f.legs THEN f.arrival_airport ELSE 'OPO' END,
 CASE WHEN pg_temp.u(k,81) < .025 THEN NULL WHEN pg_temp.u(k,82) < .013 THEN pg_temp.pk(k,83,'{EI-WXA,EI-WXC,9H-LMB,YL-PSH}') ELSE r.a[pg_temp.sk(k,84,cardinality(r.a),1.2)] END,
 CASE WHEN pg_temp.u(k,81) >= .025 THEN dt + f.std + (l - 1) * interval '2 hours' + pg_temp.u(k,85) * interval '40 minutes' END, CASE WHEN pg_temp.u(k,81) >= .025 THEN dt + f.sta + (l - 1) * interval '2 hours' + pg_temp.u(k,86) * interval '50 minutes' END,
 CASE WHEN pg_temp.u(k,81) < .025 THEN 'CNX' WHEN pg_temp.u(k,87) < .006 THEN 'DIV' ELSE 'ARR' END, CASE WHEN pg_temp.u(k,88) < .16 THEN 15 + floor(150 * power(pg_temp.u(k,89),3))::int ELSE 0 END,
 CASE WHEN pg_temp.u(k,88) < .13 THEN (ARRAY[93,81,83,41,15,6,32,72,71,64,63,89,36,18,46,34,37]::smallint[])[1 + floor(17 * power(pg_temp.u(k,90),1.9))::int] END,
 CASE WHEN pg_temp.u(k,81) >= .025 AND pg_temp.u(k,87) < .006 THEN pg_temp.pk(k,91,'{FAO,OPO,MAD,SVQ,LIS,BOD,TER}') END, 40 + pg_temp.r(k,92,140), dt + interval '1 day 3 hours'
FROM (SELECT *, CASE WHEN departure_airport = 'LIS' AND arrival_airport <> 'OPO' AND pg_temp.u(hashtext(flt_no),93) < .07 THEN 2 ELSE 1 END legs FROM flight) f
CROSS JOIN generate_series(timestamp '2024-04-01', timestamp '2024-04-24', interval '1 day') dt CROSS JOIN LATERAL generate_series(1, f.legs) l CROSS JOIN LATERAL (SELECT hashtext(f.flt_no || dt::date::text)::bigint * 3 + l AS k) kk
CROSS JOIN (SELECT array_agg(reg ORDER BY reg) a FROM aircraft WHERE is_active = 'Y') r
WHERE position(extract(isodow FROM dt)::text in f.dow) > 0
ORDER BY 2, 1, 3;

CREATE TABLE crew_asgn (flt_no varchar(6), dep_dt date, leg_seq smallint, emp_id int, duty char(2), is_deadhead char(1), rptd_at timestamp);
INSERT INTO crew_asgn
SELECT DISTINCT ON (flt_no, dep_dt, leg_seq, emp_id) * FROM (
 SELECT l.flt_no, l.dep_dt, l.leg_seq, CASE WHEN j <= 2 THEN p.a[1 + pg_temp.r(k,101,cardinality(p.a)) % (cardinality(p.a) - 6)] WHEN pg_temp.u(k,103) < .011 THEN 1300 + pg_temp.r(k,104,60) ELSE c.a[1 + pg_temp.r(k,102,cardinality(c.a)) % (cardinality(c.a) - 20)] END, CASE j WHEN 1 THEN 'CP' WHEN 2 THEN 'FO' WHEN 3 THEN 'SC' ELSE 'CA' END, CASE WHEN pg_temp.u(k,105) < .02 THEN 'Y' ELSE 'N' END, l.atd - interval '70 minutes'
 FROM flight_leg l CROSS JOIN generate_series(1, 5) j CROSS JOIN LATERAL (SELECT hashtext(l.flt_no || l.dep_dt::text)::bigint * 30 + l.leg_seq * 10 + j AS k) kk
 CROSS JOIN (SELECT array_agg(emp_id ORDER BY emp_id) a FROM crew WHERE rnk IN ('CPT','FO','SFO')) p CROSS JOIN (SELECT array_agg(emp_id ORDER BY emp_id) a FROM crew WHERE rnk IN ('FA','SCC')) c
 WHERE l.status <> 'CNX') x(flt_no, dep_dt, leg_seq, emp_id, duty, dh, rp);

CREATE TABLE maint_log (log_id int, acft_reg varchar(8), station char(3), ata_chap smallint, prio smallint, findings text, action_txt text, defer_of int, man_hrs numeric(5,1), signed_by int, open_dt date, close_dt date, crtd_by int, crtd_at timestamp);
INSERT INTO maint_log
SELECT i, r.a[pg_temp.sk(i,111,cardinality(r.a),1.4)], CASE WHEN pg_temp.u(i,112) < .68 THEN 'LIS' WHEN pg_temp.u(i,112) < .85 THEN 'OPO' ELSE a.a[pg_temp.r(i,113,cardinality(a.a))] END, (ARRAY[5,21,23,24,25,25,27,29,32,32,33,34,35,36,38,49,52,71,72,79]::smallint[])[pg_temp.r(i,114,20)], pg_temp.r(i,115,4),
 'During ' || pg_temp.pk(i,116,'{walk-around,daily check,cruise,taxi-in,A-check,cabin preparation}') || ' found ' || pg_temp.pk(i,117,'{tyre worn to limits,reading light inoperative,hydraulic seepage,seat recline stuck,oxygen bottle low,bird strike marks on leading edge,lavatory smoke detector fault,APU auto shutdown}') || ' at position ' || pg_temp.r(i,118,40) || pg_temp.pk(i,119,'{L,R,A,C}') || '.',
 CASE WHEN pg_temp.u(i,120) < .94 THEN pg_temp.pk(i,121,'{Replaced and tested satisfactory,Inspected and found within AMM limits,Deferred in accordance with MEL,Reset performed and no fault found,Cleaned and resealed}') || ' ref. AMM ' || (20 + pg_temp.r(i,122,55)) || '-' || pg_temp.r(i,123,60) || '-00.' END,
 CASE WHEN i > 60 AND pg_temp.u(i,124) < .08 THEN i - pg_temp.r(i,125,59) END, round((.5 + 30 * power(pg_temp.u(i,126),4))::numeric,1), CASE WHEN pg_temp.u(i,120) < .94 THEN e.a[pg_temp.sk(i,127,cardinality(e.a),1.3)] END, date '2022-01-03' + i / 4, CASE WHEN pg_temp.u(i,120) < .94 THEN date '2022-01-03' + i / 4 + pg_temp.r(i,128,12) - 1 END, e.a[pg_temp.sk(i,129,cardinality(e.a),2)], timestamp '2022-01-03 06:00' + i * interval '6 hours'
FROM generate_series(1, 3300) i, (SELECT array_agg(reg ORDER BY msn) a FROM aircraft) r, (SELECT array_agg(DISTINCT arrival_airport ORDER BY arrival_airport) a FROM flight) a, (SELECT array_agg(emp_id ORDER BY emp_id) a FROM employee WHERE job = 'TECHNICIAN') e;

CREATE TABLE loyalty_tier (tier varchar(8), name varchar(30), min_miles int, bonus_pct int, next_tier varchar(8));
INSERT INTO loyalty_tier VALUES ('MILES','Miles member',0,0,'SILVER'),('SILVER','Silver',30000,25,'GOLD'),('GOLD','Gold',70000,50,'NAVIG'),('NAVIG','Navigator',150000,100,NULL);

CREATE TABLE passenger (pax_id int, surname varchar(40), given varchar(40), title varchar(4), dob date, natl char(2), res_ctry char(2), psprt_no varchar(12), email varchar(80), phone varchar(20), crtd_at timestamp);
INSERT INTO passenger
SELECT i, upper(pg_temp.ln(i,131)), upper(pg_temp.fn(i,132)), pg_temp.pk(i,133,'{MR,MR,MRS,MS,MISS,MSTR}'), date '1938-01-01' + floor(31000 * sqrt(pg_temp.u(i,134)))::int,
 CASE WHEN pg_temp.u(i,135) < .06 THEN NULL WHEN pg_temp.u(i,135) < .47 THEN 'PT' ELSE (ARRAY['BR','FR','DE','GB','ES','US','IT','CH','AO','CV','NL','BE','CA','MZ','MA','IE','PL','SE','UA','CN','IN'])[1 + floor(21 * power(pg_temp.u(i,136),1.6))::int] END,
 CASE WHEN pg_temp.u(i,137) < .12 THEN (ARRAY['FR','CH','LU','GB','DE','US','BR'])[pg_temp.r(i,138,7)] END, CASE WHEN pg_temp.u(i,139) < .7 THEN chr(65 + pg_temp.r(i,140,20)) || chr(65 + pg_temp.r(i,141,20)) || (100000 + pg_temp.r(i,142,899999)) END,
 CASE WHEN pg_temp.u(i,143) < .8 THEN lower(pg_temp.fn(i,132) || '.' || pg_temp.ln(i,131)) || pg_temp.r(i,144,99) || '@mail.example' END, CASE WHEN pg_temp.u(i,145) < .6 THEN '+351 9' || (10000000 + pg_temp.r(i,146,89999999)) END, timestamp '2019-01-01' + i * interval '3 hours 50 minutes'
FROM generate_series(1, 12300) i WHERE pg_temp.u(i,147) > .008
ORDER BY 1;

CREATE TABLE loyalty_acct (ff_no varchar(9), pax_id int, tier varchar(8), miles_bal int, home_arpt char(3), recruited_by varchar(9), enrolled_on date, last_act_on date);
INSERT INTO loyalty_acct
SELECT 'A' || (30000000 + i * 17), i, CASE WHEN pg_temp.u(i,151) < .82 THEN 'MILES' WHEN pg_temp.u(i,151) < .93 THEN 'SILVER' ELSE 'GOLD' END, floor(90000 * power(pg_temp.u(i,152),4))::int, CASE WHEN pg_temp.u(i,153) < .45 THEN pg_temp.pk(i,154,'{LIS,LIS,LIS,LIS,OPO,OPO,FAO,FNC,PDL,CDG,ORY,GVA,LUX,LHR,GRU,EWR,BOS}') END,
 CASE WHEN pg_temp.u(i,155) < .07 AND rn > 40 THEN 'A' || (30000000 + x.a[pg_temp.r(i,156,rn - 1)] * 17) END, date '2019-01-10' + i / 7, CASE WHEN pg_temp.u(i,158) < .8 THEN date '2023-02-01' + pg_temp.r(i,159,440) END
FROM (SELECT pax_id i, row_number() OVER (ORDER BY pax_id)::int rn, array_agg(pax_id) OVER (ORDER BY pax_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) a FROM passenger WHERE pg_temp.u(pax_id,157) < .31) x
ORDER BY 2;

CREATE TABLE travel_agency (agcy_no char(8), name varchar(60), city varchar(50), ctry char(2), comm_pct numeric(4,2), gds char(2));
INSERT INTO travel_agency
SELECT lpad((10200000 + i * 4211)::text, 8, '0'), pg_temp.pk(i,161,'{Sol,Mar,Globo,Norte,Viagens,Top,Terra,Blue}') || ' ' || pg_temp.pk(i,162,'{Travel,Tours,Voyages,Reisen,Turismo}') || ' ' || i, a.city, a.ctry, (ARRAY[0,1,3,5])[pg_temp.r(i,163,4)], pg_temp.pk(i,164,'{1A,1A,1G,1S}')
FROM generate_series(1, 64) i, LATERAL (SELECT * FROM airport WHERE ctry <> 'VE' ORDER BY pg_temp.u(hashtext(iata) + i,165) LIMIT 1) a;

CREATE TABLE booking (pnr char(6), contact_pax int, contact_name varchar(80), agcy_no char(8), pos char(2), curr char(3), tot_amt numeric(12,2), pty_size smallint, status char(2), split_from char(6), remarks text, crtd_by int, crtd_at timestamp);
INSERT INTO booking
SELECT pn, p.pax_id, p.surname || '/' || p.given, CASE WHEN pg_temp.u(i,171) < .36 THEN g.a[pg_temp.sk(i,172,58,2)] END, coalesce(p.res_ctry, CASE WHEN pg_temp.u(i,173) < .006 THEN 'ZZ' ELSE p.natl END, 'PT'), CASE WHEN p.natl = 'BR' THEN 'BRL' WHEN p.natl = 'US' THEN 'USD' WHEN p.natl = 'GB' THEN 'GBP' ELSE 'EUR' END,
 round((60 + 1500 * power(pg_temp.u(i,174),3))::numeric,2), 1 + floor(4 * power(pg_temp.u(i,175),2.6))::int, pg_temp.pk(i,176,'{HK,HK,HK,HK,HK,HK,HK,XX,TK}'), CASE WHEN i > 1000 AND pg_temp.u(i,177) < .03 THEN upper(left(translate(encode(decode(md5('pnr' || (i - pg_temp.r(i,178,900))),'hex'),'base64'),'+/01','xyzw'),6)) END,
 CASE WHEN pg_temp.u(i,179) < .15 THEN pg_temp.pk(i,180,'{Passenger asked for wheelchair to gate and aisle seat,Group of musicians with cello in cabin on extra seat,Called twice about refund after schedule change and was promised a voucher,Special meal requested,Unaccompanied minor - contact of parents in OSI}') || ' (' || to_char(timestamp '2024-01-02' + i * interval '15 minutes','DDMON') || ').' END,
 CASE WHEN pg_temp.u(i,181) < .16 THEN e.a[pg_temp.sk(i,182,cardinality(e.a),1.6)] END, timestamp '2024-01-02' + i * interval '15 minutes'
FROM (SELECT i, upper(left(translate(encode(decode(md5('pnr' || i),'hex'),'base64'),'+/01','xyzw'),6)) pn, pg_temp.sk(i,183,12150,1.25) px FROM generate_series(1, 9400) i) b
JOIN (SELECT *, row_number() OVER (ORDER BY pax_id)::int rn FROM passenger) p ON p.rn = b.px
CROSS JOIN (SELECT array_agg(agcy_no ORDER BY agcy_no) a FROM travel_agency) g CROSS JOIN (SELECT array_agg(emp_id ORDER BY emp_id) a FROM employee WHERE job = 'GROUND') e
ORDER BY 13;

CREATE TABLE ticket (tkt_no char(13), pnr char(6), pax_id int, pax_name varchar(80), ff_no varchar(9), exch_for char(13), fare_amt numeric(10,2), tax_amt numeric(10,2), curr char(3), issued_on date);
INSERT INTO ticket
SELECT '471' || (2100000000 + n * 3), pnr, px, coalesce(p.surname || '/' || p.given || ' ' || p.title, 'ERASED'), CASE WHEN pg_temp.u(n,191) < .9 THEN l.ff_no END, CASE WHEN n > 1500 AND pg_temp.u(n,192) < .04 THEN '471' || (2100000000 + (n - pg_temp.r(n,193,1400)) * 3) END,
 round((tot_amt * .7 / pty_size)::numeric,2), round((tot_amt * .3 / pty_size)::numeric,2), curr, x.crtd_at::date
FROM (SELECT row_number() OVER (ORDER BY b.crtd_at, k) n, b.*, CASE WHEN k = 1 THEN b.contact_pax ELSE pg_temp.r(hashtext(b.pnr) + k,194,12300) END px FROM booking b, LATERAL generate_series(1, b.pty_size) k WHERE b.status <> 'XX') x
LEFT JOIN passenger p ON p.pax_id = x.px LEFT JOIN loyalty_acct l ON l.pax_id = x.px
ORDER BY 1;

CREATE TABLE coupon (tkt_no char(13), cpn_no smallint, flt_no varchar(6), dep_dt date, leg_seq smallint, fare_basis varchar(8), rbd char(1), status char(1), bag_kg int, val_amt numeric(10,2));
CREATE TEMP TABLE lg AS SELECT row_number() OVER (ORDER BY md5(flt_no || dep_dt || leg_seq)) n, flt_no, dep_dt, leg_seq, status FROM flight_leg;
INSERT INTO coupon
SELECT t.tkt_no, c, g.flt_no, CASE WHEN pg_temp.u(h,201) < .009 THEN g.dep_dt + 60 ELSE g.dep_dt END, g.leg_seq, f.a[pg_temp.sk(hashtext(t.pnr) + c,202,38,1.6)], left(f.a[pg_temp.sk(hashtext(t.pnr) + c,202,38,1.6)],1), CASE WHEN g.status = 'CNX' THEN pg_temp.pk(h,203,'{R,E}') WHEN pg_temp.u(h,204) < .93 THEN 'F' ELSE 'O' END, (ARRAY[0,0,23,23,46])[pg_temp.r(h,205,5)], round(t.fare_amt / 2,2)
FROM ticket t CROSS JOIN LATERAL generate_series(1, CASE WHEN pg_temp.u(hashtext(t.pnr),206) < .3 THEN 1 WHEN pg_temp.u(hashtext(t.pnr),206) < .86 THEN 2 ELSE 3 END) c CROSS JOIN LATERAL (SELECT hashtext(t.tkt_no)::bigint * 5 + c AS h) hh
CROSS JOIN (SELECT count(*)::int m FROM lg) m CROSS JOIN (SELECT array_agg(fare_basis ORDER BY md5(fare_basis)) a FROM fare) f JOIN lg g ON g.n = pg_temp.sk(hashtext(t.pnr)::bigint * 4 + c,207,m.m,1.3)
ORDER BY 1, 2;

CREATE TABLE boarding_pass (tkt_no char(13), cpn_no smallint, seq_no smallint, seat_no varchar(4), gate varchar(4), issued_at_arpt char(3), chnl varchar(5), issued_at timestamp, brd_at timestamp);
INSERT INTO boarding_pass
SELECT c.tkt_no, c.cpn_no, row_number() OVER (PARTITION BY c.flt_no, c.dep_dt, c.leg_seq ORDER BY md5(c.tkt_no)), pg_temp.r(h,211,29) || pg_temp.pk(h,212,'{A,B,C,D,E,F}'), pg_temp.pk(h,213,'{A,B,C,S}') || (10 + pg_temp.r(h,214,32)), CASE WHEN pg_temp.u(h,215) < .35 THEN l.dep_arpt END, CASE WHEN pg_temp.u(h,215) < .35 THEN pg_temp.pk(h,216,'{DESK,KIOSK}') ELSE pg_temp.pk(h,217,'{APP,APP,WEB}') END, l.atd - interval '1 hour' - pg_temp.u(h,218) * interval '22 hours', CASE WHEN pg_temp.u(h,219) < .98 THEN l.atd - interval '25 minutes' END
FROM coupon c JOIN flight_leg l USING (flt_no, dep_dt, leg_seq) CROSS JOIN LATERAL (SELECT hashtext(c.tkt_no)::bigint * 7 + c.cpn_no AS h) hh WHERE c.status = 'F'
ORDER BY 8;

CREATE TABLE baggage (tag_no bigint, tkt_no char(13), cpn_no smallint, final_dest char(3), wt_kg numeric(4,1), pcs smallint, status varchar(8), chkd_at timestamp);
INSERT INTO baggage
SELECT 471000000 + row_number() OVER (ORDER BY l.atd, c.tkt_no), c.tkt_no, CASE WHEN pg_temp.u(h,221) < .007 THEN c.cpn_no + 4 ELSE c.cpn_no END, l.arr_arpt, round((8 + 17 * pg_temp.u(h,222))::numeric,1), pg_temp.r(h,223,2), pg_temp.pk(h,224,'{LOADED,LOADED,LOADED,LOADED,LOADED,LOADED,LOADED,MISSED}'), l.atd - interval '100 minutes' + pg_temp.u(h,225) * interval '1 hour'
FROM coupon c JOIN flight_leg l USING (flt_no, dep_dt, leg_seq) CROSS JOIN LATERAL (SELECT hashtext(c.tkt_no)::bigint * 9 + c.cpn_no AS h) hh WHERE c.status = 'F' AND c.bag_kg > 0 AND pg_temp.u(h,226) < .75
ORDER BY 1;

CREATE TABLE lounge_visit (visit_id int, ff_no varchar(9), arpt char(3), tkt_no char(13), cpn_no smallint, guests smallint, entered_at timestamp);
