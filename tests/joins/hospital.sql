-- A general hospital: patients, stays, wards and beds, staff, diagnoses (ICD codes as text keys), drugs, lab, insurance claims.
-- Noise: orphans of 0.5-3 % in a few references, mostly-NULL optional references, copied names (drug, insurer, country),
-- status codes without lookup, gaps in some serials, retired ICD codes, one empty table (a module bought but not used yet).

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

CREATE TABLE countries (code char(2), name text, dial_prefix text);
INSERT INTO countries SELECT c, n, p FROM (VALUES
 ('DE','Germany','+49'),('AT','Austria','+43'),('CH','Switzerland','+41'),('FR','France','+33'),('IT','Italy','+39'),
 ('ES','Spain','+34'),('PT','Portugal','+351'),('PL','Poland','+48'),('CZ','Czechia','+420'),('SK','Slovakia','+421'),
 ('HU','Hungary','+36'),('RO','Romania','+40'),('BG','Bulgaria','+359'),('GR','Greece','+30'),('TR','Turkey','+90'),
 ('SY','Syria','+963'),('UA','Ukraine','+380'),('GB','United Kingdom','+44'),('IE','Ireland','+353'),('NL','Netherlands','+31'),
 ('BE','Belgium','+32'),('DK','Denmark','+45'),('SE','Sweden','+46'),('NO','Norway','+47'),('FI','Finland','+358'),
 ('US','United States','+1'),('CA','Canada','+1'),('IN','India','+91'),('CN','China','+86'),('VN','Vietnam','+84')) v(c,n,p);

CREATE TABLE job_titles (id int, title text, category text);
INSERT INTO job_titles VALUES (1,'Consultant','medical'),(2,'Senior Physician','medical'),(3,'Resident','medical'),
 (4,'Head Nurse','nursing'),(5,'Registered Nurse','nursing'),(6,'Nursing Assistant','nursing'),(7,'Physiotherapist','therapy'),
 (8,'Pharmacist','pharmacy'),(9,'Lab Technician','lab'),(10,'Radiographer','imaging'),(11,'Registration Clerk','admin'),
 (12,'Billing Clerk','admin'),(13,'IT Specialist','admin'),(14,'Facility Worker','support');

CREATE TABLE specialties (id int, name text);
INSERT INTO specialties SELECT o, s FROM unnest('{Internal Medicine,Cardiology,Gastroenterology,Neurology,Oncology,General Surgery,Orthopaedics,Urology,Gynaecology,Paediatrics,Anaesthesiology,Radiology,Psychiatry,Dermatology,Ophthalmology,Nephrology,Pulmonology,Geriatrics,Pathology}'::text[]) WITH ORDINALITY x(s,o);

CREATE TABLE staff (id int, employee_no text, first_name text, last_name text, job_title_id int, department_id int,
 manager_id int, email text, fte numeric(3,2), hired_on date, left_on date, created_at timestamp);
INSERT INTO staff
SELECT i, 'E' || lpad((20000 + i * 7)::text, 6, '0'), pg_temp.fn(i,11), pg_temp.ln(i,12),
 CASE WHEN pg_temp.u(i,13) < .05 THEN 1 WHEN pg_temp.u(i,13) < .12 THEN 2 WHEN pg_temp.u(i,13) < .22 THEN 3
      WHEN pg_temp.u(i,13) < .27 THEN 4 WHEN pg_temp.u(i,13) < .60 THEN 5 WHEN pg_temp.u(i,13) < .72 THEN 6
      ELSE 6 + pg_temp.r(i,14,8) END,
 pg_temp.sk(i,15,18,1.6),
 CASE WHEN i > 4 AND pg_temp.u(i,16) > .03 THEN 1 + floor(least(i - 1, 82) * power(pg_temp.u(i,17),1.3))::int END,
 lower(pg_temp.fn(i,11) || '.' || pg_temp.ln(i,12)) || i || '@stmary-hospital.example',
 (ARRAY[1.0,1.0,1.0,.8,.75,.5])[pg_temp.r(i,18,6)],
 date '2001-03-01' + (i * 8 + pg_temp.r(i,19,200)),
 CASE WHEN pg_temp.u(i,20) < .11 THEN date '2022-06-30' + pg_temp.r(i,21,700) END,
 timestamp '2018-05-01 09:00' + i * interval '3 minutes'
FROM generate_series(1, 860) i;

CREATE TABLE departments (id int, code text, name text, parent_department_id int, head_id int, floor int, cost_center text, created_at timestamp);
INSERT INTO departments
SELECT o, upper(left(n,3)) || o, n, CASE WHEN o IN (3,4,5,16) THEN 1 WHEN o IN (7,8) THEN 6 END,
 (SELECT s.id FROM staff s WHERE s.job_title_id IN (1,2) ORDER BY pg_temp.u(s.id * 100 + o, 31) LIMIT 1),
 pg_temp.r(o,32,6) - 1, 'CC' || (4000 + o * 10), timestamp '2018-04-11 10:00'
FROM unnest('{Internal Medicine,Emergency,Cardiology,Neurology,Oncology,Surgery,Orthopaedics,Urology,Gynaecology,Paediatrics,Intensive Care,Radiology,Laboratory,Pharmacy,Psychiatry,Nephrology,Rehabilitation,Administration}'::text[]) WITH ORDINALITY x(n,o);

CREATE TABLE wards (id int, department_id int, name text, ward_type text, bed_capacity int, floor int, head_nurse_id int, phone_ext text);
INSERT INTO wards
SELECT i, CASE WHEN i <= 11 THEN i WHEN i = 12 THEN 15 ELSE (ARRAY[1,1,2,3,5,6,6,7,10,11,16,17,1,6])[pg_temp.r(i,41,14)] END,
 'Ward ' || (1 + i / 4) || chr(65 + i % 4), pg_temp.pk(i,42,'{general,general,general,private,intensive,step-down}'),
 8 + pg_temp.r(i,43,20), 1 + i / 6,
 CASE WHEN i NOT IN (9,22) THEN (SELECT s.id FROM staff s WHERE s.job_title_id = 4 ORDER BY pg_temp.u(s.id * 100 + i, 44) LIMIT 1) END,
 (3100 + i * 11)::text
FROM generate_series(1, 34) i;

CREATE TABLE beds (id int, ward_id int, bed_no text, bed_type text, is_active boolean, last_serviced_on date);
INSERT INTO beds
SELECT row_number() OVER (ORDER BY w.id, b), w.id, b || pg_temp.pk(b,51,'{A,B}'), pg_temp.pk(w.id * 100 + b,52,'{standard,standard,standard,bariatric,icu}'),
 pg_temp.u(w.id * 100 + b,53) > .04, date '2023-01-01' + pg_temp.r(w.id * 100 + b,54,500)
FROM wards w, generate_series(1, w.bed_capacity) b
ORDER BY 1;

CREATE TABLE physician_profiles (staff_id int, license_no text, specialty_id int, second_specialty_id int, board_certified_on date, consult_fee numeric(8,2), bio text);
INSERT INTO physician_profiles
SELECT id, 'LIC-' || upper(substr(md5(id::text),1,7)), pg_temp.sk(id,61,19,1.5),
 CASE WHEN pg_temp.u(id,62) < .1 THEN pg_temp.r(id,63,19) END, hired_on - pg_temp.r(id,64,2000), 80 + 5 * pg_temp.r(id,65,30),
 'Trained at ' || pg_temp.pk(id,66,'{Vienna,Prague,Leiden,Padua,Heidelberg,Lyon}') || '; main interest in ' || pg_temp.pk(id,67,'{chronic disease,minimally invasive techniques,patient safety,teaching,clinical research,quality management}') || '.'
FROM staff WHERE job_title_id IN (1,2,3);

CREATE TABLE users (id int, staff_id int, username text, is_active boolean, failed_logins int, last_login_at timestamp, created_at timestamp);
INSERT INTO users
SELECT row_number() OVER (ORDER BY k, i), i, coalesce(lower(left(pg_temp.fn(i,11),1) || pg_temp.ln(i,12)) || i, nm), pg_temp.u(coalesce(i,k),71) > .08,
 pg_temp.r(coalesce(i,k),72,4) - 1, timestamp '2024-02-01' + pg_temp.u(coalesce(i,k),73) * interval '90 days', timestamp '2018-06-01' + coalesce(i,k) * interval '31 hours'
FROM (SELECT k, NULL::int AS i, nm FROM (VALUES (1,'system'),(2,'migration'),(3,'hl7_gateway')) v(k,nm)
      UNION ALL SELECT 10, id, NULL FROM staff WHERE job_title_id <> 14 AND pg_temp.u(id,74) < .86) x
ORDER BY 1;

CREATE TABLE patients (id int, mrn text, first_name text, last_name text, birth_date date, sex char(1), phone text, street text, city text, postal_code text,
 country_code char(2), nationality char(2), primary_physician_id int, mother_patient_id int, blood_group text, created_by int, created_at timestamp, updated_at timestamp);
INSERT INTO patients
SELECT i, 'M' || lpad((i * 13 + 700001)::text, 8, '0'), pg_temp.fn(i,81), pg_temp.ln(i,82), date '1932-01-01' + floor(33000 * sqrt(pg_temp.u(i,83)))::int,
 CASE WHEN pg_temp.u(i,84) < .52 THEN 'F' WHEN pg_temp.u(i,84) < .998 THEN 'M' ELSE 'X' END,
 CASE WHEN pg_temp.u(i,85) < .8 THEN '+49 ' || (150 + pg_temp.r(i,86,29)) || ' ' || (1000000 + pg_temp.r(i,87,8999999)) END,
 pg_temp.pk(i,88,'{Main Street,Church Lane,Station Road,Mill Road,Garden Street,High Street,River Walk,Oak Avenue}') || ' ' || pg_temp.r(i,89,140),
 pg_temp.pk(i,90,'{Altstadt,Neuburg,Bergheim,Seefeld,Lindau,Marktheim}'), (70000 + pg_temp.sk(i,91,240,2) * 3)::text,
 CASE WHEN pg_temp.u(i,92) < .93 THEN 'DE' ELSE (ARRAY['AT','CH','FR','PL','TR','NL','CZ','IT'])[pg_temp.r(i,93,8)] END,
 CASE WHEN pg_temp.u(i,94) < .78 THEN 'DE' WHEN pg_temp.u(i,94) < .82 THEN NULL WHEN pg_temp.u(i,94) < .826 THEN 'XX' ELSE (ARRAY['TR','PL','IT','RO','SY','UA','GR','AT','FR','BG','VN','IN','GB','US','HU','ES'])[1 + floor(16 * power(pg_temp.u(i,95),1.7))::int] END,
 CASE WHEN pg_temp.u(i,96) < .38 THEN d.a[pg_temp.sk(i,97,cardinality(d.a),1.8)] END,
 CASE WHEN i > 300 AND pg_temp.u(i,98) < .045 THEN pg_temp.r(i,99,i - 1) END,
 CASE WHEN pg_temp.u(i,100) < .7 THEN pg_temp.pk(i,101,'{A+,A+,A+,0+,0+,0+,B+,AB+,A-,0-,B-,AB-}') END,
 CASE WHEN i < 2500 THEN 2 WHEN pg_temp.u(i,102) < .012 THEN 1040 + pg_temp.r(i,104,30) ELSE c.a[pg_temp.sk(i,103,cardinality(c.a),1.7)] END,
 timestamp '2018-06-04 07:30' + i * interval '4 hours 20 minutes', timestamp '2018-06-04 07:30' + i * interval '4 hours 20 minutes' + pg_temp.u(i,105) * interval '200 days'
FROM generate_series(1, 11800) i,
 (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2)) d,
 (SELECT array_agg(u.id ORDER BY u.id) a FROM users u JOIN staff s ON s.id = u.staff_id WHERE s.job_title_id IN (11,5)) c
ORDER BY 1;

CREATE TABLE insurers (id int, payer_code text, name text, insurer_type text, country_name text, contact_email text, payment_days int);
INSERT INTO insurers
SELECT o, 'P' || lpad((o * 137 % 1000)::text, 4, '0'), n, CASE WHEN o <= 9 THEN 'statutory' ELSE 'private' END,
 CASE WHEN o = 15 THEN 'Austria' WHEN o = 16 THEN 'Switzerland' ELSE 'Germany' END, 'claims@payer' || o || '.example', (ARRAY[14,30,30,45])[pg_temp.r(o,111,4)]
FROM unnest('{General Health Fund,Union Health Fund,Techniker Fund,Miners Fund,Farmers Health,Railway Health,City Fund,Craft Fund,Northern Fund,Alpina Private,Helvia Private,Secura,Continental Care,Civil Service Aid,Wiener Health,Helvetic Care}'::text[]) WITH ORDINALITY x(n,o);

CREATE TABLE insurance_policies (id int, patient_id int, insurer_id int, policy_no text, holder_patient_id int, copay_pct int, valid_from date, valid_to date);
INSERT INTO insurance_policies
SELECT row_number() OVER (ORDER BY p.id, k), p.id, CASE WHEN k = 1 THEN 1 + floor(12 * power(pg_temp.u(p.id,121),1.9))::int ELSE 9 + pg_temp.r(p.id,122,6) END,
 upper(substr(md5((p.id * 10 + k)::text),1,10)),
 CASE WHEN pg_temp.u(p.id * 10 + k,123) < .09 THEN pg_temp.r(p.id,124,11800) END, (ARRAY[0,0,0,10,20])[pg_temp.r(p.id,125,5)],
 date '2015-01-01' + pg_temp.r(p.id * 10 + k,126,2400), CASE WHEN pg_temp.u(p.id * 10 + k,127) < .2 THEN date '2024-12-31' END
FROM patients p, generate_series(1, 2) k
WHERE (k = 1 AND pg_temp.u(p.id,128) < .9) OR (k = 2 AND pg_temp.u(p.id,129) < .08)
ORDER BY 1;

CREATE TABLE admissions (id int, patient_id int, ward_id int, bed_id int, attending_physician_id int, referring_physician_id int, admission_type text, status text,
 triage_level int, age_years int, readmission_of_id int, admitted_at timestamp, discharged_at timestamp, discharge_note text, created_by int, created_at timestamp);
INSERT INTO admissions
SELECT i, CASE WHEN pg_temp.u(i,131) < .008 THEN 11800 + pg_temp.r(i,132,400) ELSE pg_temp.sk(i,133,11800,1.35) END, b.ward_id,
 CASE WHEN pg_temp.u(i,134) < .84 THEN b.id END, d.a[pg_temp.sk(i,135,cardinality(d.a),1.6)],
 CASE WHEN pg_temp.u(i,136) < .1 THEN d.a[pg_temp.r(i,137,cardinality(d.a))] END,
 pg_temp.pk(i,138,'{emergency,emergency,elective,elective,elective,transfer,maternity}'),
 CASE WHEN i > 13700 THEN 'ADMITTED' WHEN pg_temp.u(i,139) < .03 THEN 'CANCELLED' WHEN pg_temp.u(i,139) < .05 THEN 'DECEASED' ELSE 'DISCHARGED' END,
 CASE WHEN pg_temp.u(i,140) < .5 THEN pg_temp.r(i,141,5) END, floor(96 * sqrt(pg_temp.u(i,142)))::int,
 CASE WHEN i > 500 AND pg_temp.u(i,143) < .06 THEN i - pg_temp.r(i,144,480) END,
 timestamp '2021-01-01' + i * interval '121 minutes', CASE WHEN i <= 13700 THEN timestamp '2021-01-01' + i * interval '121 minutes' + (.3 + 14 * power(pg_temp.u(i,145),2.5)) * interval '1 day' END,
 CASE WHEN pg_temp.u(i,146) < .7 THEN 'Patient admitted with ' || pg_temp.pk(i,147,'{acute pain,shortness of breath,fever,planned surgery,dizziness,a fall at home,chest discomfort}')
   || '. Course of the stay was ' || pg_temp.pk(i,148,'{without complications,prolonged by infection,satisfactory,complicated by delirium}') || '. Advised '
   || pg_temp.pk(i,149,'{rest and follow-up in two weeks,outpatient physiotherapy,review by family doctor,wound check after ten days}') || ' (' || pg_temp.r(i,150,28) || ' days).' END,
 c.a[pg_temp.sk(i,151,cardinality(c.a),1.5)], timestamp '2021-01-01' + i * interval '121 minutes' + pg_temp.u(i,152) * interval '1 hour'
FROM generate_series(1, 14000) i
CROSS JOIN (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2,3)) d
CROSS JOIN (SELECT array_agg(u.id ORDER BY u.id) a FROM users u JOIN staff s ON s.id = u.staff_id WHERE s.job_title_id IN (11,4)) c
CROSS JOIN (SELECT count(*)::int n FROM beds) nb
JOIN beds b ON b.id = pg_temp.sk(i,153,nb.n,1.3)
ORDER BY 1;

CREATE TABLE icd_codes (code text, parent_code text, title text, billable boolean, valid_from date);
INSERT INTO icd_codes
SELECT c, NULL, pg_temp.pk(n,161,'{Disorder,Infection,Malignant neoplasm,Injury,Inflammation,Insufficiency,Benign neoplasm,Malformation}') || ' of ' || pg_temp.pk(n,162,'{heart,lung,kidney,liver,skin,eye,ear,stomach,colon,knee,hip,shoulder,spine,brain,thyroid,blood,bladder}'), false, date '2018-01-01'
FROM (SELECT chr(65 + n / 100) || lpad((n % 100)::text, 2, '0') c, n FROM generate_series(0, 2399) n WHERE pg_temp.u(n,163) < .075) x;
INSERT INTO icd_codes
SELECT p.code || '.' || k, p.code, p.title || ', ' || (ARRAY['acute','chronic','recurrent','bilateral','with complication','without complication','type 1','type 2','other specified','unspecified'])[k + 1], true, date '2018-01-01' + (CASE WHEN pg_temp.u(hashtext(p.code) + k,165) < .1 THEN 1461 ELSE 0 END)
FROM icd_codes p, generate_series(0, 9) k WHERE k = 9 OR pg_temp.u(hashtext(p.code) + k,164) < .42;

CREATE TABLE diagnoses (id int, admission_id int, icd_code text, diagnosis_type text, rank int, diagnosed_by int, diagnosed_on date, remark text);
INSERT INTO diagnoses
SELECT row_number() OVER (ORDER BY a.id, k), a.id,
 CASE WHEN pg_temp.u(a.id * 10 + k,171) < .017 THEN pg_temp.pk(a.id * 10 + k,172,'{Z99.99,R69.X,U07.10,O80.00,T14.00}') ELSE c.a[pg_temp.sk(a.id * 10 + k,173,cardinality(c.a),2.4)] END,
 CASE k WHEN 1 THEN 'principal' ELSE pg_temp.pk(a.id * 10 + k,174,'{secondary,secondary,comorbidity,suspected}') END, k,
 CASE WHEN pg_temp.u(a.id * 10 + k,175) < .6 THEN a.attending_physician_id ELSE d.a[pg_temp.sk(a.id * 10 + k,176,cardinality(d.a),1.4)] END,
 a.admitted_at::date + pg_temp.r(a.id * 10 + k,177,4) - 1,
 CASE WHEN pg_temp.u(a.id * 10 + k,178) < .05 THEN 'see consult letter of ' || to_char(a.admitted_at, 'DD Mon YYYY') END
FROM admissions a CROSS JOIN LATERAL generate_series(1, 1 + floor(4 * power(pg_temp.u(a.id,179),2))::int) k
CROSS JOIN (SELECT array_agg(code ORDER BY code) a FROM icd_codes WHERE billable) c
CROSS JOIN (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2,3)) d
ORDER BY 1;

CREATE TABLE procedure_types (id int, ops_code text, name text, department_id int, base_price numeric(10,2), typical_minutes int);
INSERT INTO procedure_types
SELECT i, '5-' || (100 + i * 7 % 900) || '.' || i % 10, pg_temp.pk(i,181,'{Excision,Endoscopy,Repair,Replacement,Biopsy,Drainage,Imaging,Reconstruction}') || ' ' || pg_temp.pk(i,182,'{knee,hip,colon,stomach,heart valve,bladder,skin,lung,shoulder,uterus}') || ' ' || i,
 (ARRAY[3,6,6,7,8,9,12,12,5])[pg_temp.r(i,183,9)], 100 + 25 * pg_temp.r(i,184,160), 15 * pg_temp.r(i,185,12)
FROM generate_series(1, 120) i;

CREATE TABLE procedures (id int, admission_id int, procedure_type_id int, surgeon_id int, assistant_id int, anesthetist_id int, performed_at timestamp, duration_min int, asa_score int, outcome text);
INSERT INTO procedures
SELECT row_number() OVER (ORDER BY a.id, k), a.id, pg_temp.sk(a.id * 10 + k,191,112,1.9), d.a[pg_temp.sk(a.id * 10 + k,192,cardinality(d.a),1.9)],
 CASE WHEN pg_temp.u(a.id * 10 + k,193) < .35 THEN d.a[pg_temp.r(a.id * 10 + k,194,cardinality(d.a))] END,
 CASE WHEN pg_temp.u(a.id * 10 + k,195) < .55 THEN n.a[pg_temp.r(a.id * 10 + k,196,cardinality(n.a))] END,
 a.admitted_at + pg_temp.u(a.id * 10 + k,197) * interval '3 days', 10 + floor(240 * power(pg_temp.u(a.id * 10 + k,198),2))::int, pg_temp.r(a.id * 10 + k,199,4),
 pg_temp.pk(a.id * 10 + k,200,'{ok,ok,ok,ok,ok,ok,complication,aborted}')
FROM admissions a CROSS JOIN LATERAL generate_series(1, CASE WHEN pg_temp.u(a.id,201) < .36 THEN pg_temp.r(a.id,202,2) ELSE 0 END) k
CROSS JOIN (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2,3)) d
CROSS JOIN (SELECT array_agg(staff_id ORDER BY staff_id) a FROM physician_profiles WHERE specialty_id IN (11,1,6)) n
ORDER BY 1;

CREATE TABLE drugs (id int, atc_code text, name text, strength text, form text, manufacturer text, generic_drug_id int, pack_size int, unit_price numeric(10,2), is_controlled boolean);
INSERT INTO drugs
SELECT i, chr(65 + pg_temp.r(i,211,18)) || '0' || pg_temp.r(i,212,9) || chr(64 + pg_temp.r(i,213,24)) || chr(64 + pg_temp.r(i,214,24)) || lpad(pg_temp.r(i,215,60)::text,2,'0'),
 pg_temp.pk(i,216,'{Amo,Cef,Met,Ibu,Para,Ator,Biso,Rami,Panto,Levo,Trama,Hepa,Dexa,Furo,Keto}') || pg_temp.pk(i,217,'{xal,pril,min,statin,zole,lol,dine,profen,cillin,mab}') || CASE WHEN pg_temp.u(i,218) < .5 THEN '' ELSE ' ' || pg_temp.pk(i,219,'{Retard,Forte,N,Plus,Hexal}') END,
 (ARRAY['5 mg','10 mg','20 mg','40 mg','100 mg','250 mg','500 mg','1 g'])[pg_temp.r(i,220,8)], pg_temp.pk(i,221,'{tablet,tablet,capsule,injection,infusion,ointment,syrup}'),
 pg_temp.pk(i,222,'{Novopharm,Bayern Chemie,Medigen,Alpha Labs,Sanera}'), CASE WHEN i > 40 AND pg_temp.u(i,223) < .27 THEN pg_temp.r(i,224,40) END,
 (ARRAY[10,20,30,50,100])[pg_temp.r(i,225,5)], 1 + round((90 * power(pg_temp.u(i,226),3))::numeric,2), pg_temp.u(i,227) < .06
FROM generate_series(1, 470) i WHERE i <= 40 OR pg_temp.u(i,228) > .014;

CREATE TABLE prescriptions (id int, patient_id int, admission_id int, drug_id int, drug_name text, prescriber_id int, dose_qty numeric(6,2), times_per_day int, duration_days int, route text, status text, comment text, prescribed_at timestamp);
INSERT INTO prescriptions
SELECT row_number() OVER (ORDER BY t, pid), pid, aid, g.id, coalesce(dr.name, 'Unlisted preparation'), doc, (ARRAY[.5,1,1,1,2])[pg_temp.r(h,231,5)], pg_temp.r(h,232,4), (ARRAY[3,5,7,7,10,14,30,90])[pg_temp.r(h,233,8)],
 pg_temp.pk(h,234,'{oral,oral,oral,oral,iv,iv,sc,topical}'), pg_temp.pk(h,235,'{active,completed,completed,completed,stopped}'),
 CASE WHEN pg_temp.u(h,236) < .12 THEN pg_temp.pk(h,237,'{take with food,do not combine with alcohol,reduce dose if renal function worsens,monitor potassium twice a week,stop before surgery}') END, t
FROM (SELECT a.id * 10 + k AS h, a.patient_id AS pid, a.id AS aid, a.attending_physician_id AS doc, a.admitted_at + pg_temp.u(a.id * 10 + k,238) * interval '4 days' AS t
      FROM admissions a CROSS JOIN LATERAL generate_series(1, floor(4 * power(pg_temp.u(a.id,239),1.3))::int) k
      UNION ALL
      SELECT 900000 + i, pg_temp.sk(i,240,11800,1.2), NULL, d.a[pg_temp.sk(i,241,cardinality(d.a),1.5)], timestamp '2021-01-01 08:00' + i * interval '330 minutes'
      FROM generate_series(1, 5000) i, (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2,3)) d) x
CROSS JOIN LATERAL (SELECT pg_temp.sk(h,242,440,2.1) AS id) g LEFT JOIN drugs dr ON dr.id = g.id
ORDER BY 1;

CREATE TABLE lab_tests (id int, loinc_code text, name text, unit text, ref_low numeric, ref_high numeric, sample_type text, turnaround_hours int);
INSERT INTO lab_tests
SELECT o, (1000 + o * 97)::text || '-' || o % 10, n, pg_temp.pk(o,251,'{mg/dL,mmol/L,U/L,g/L,%}'), o % 13, o % 13 + 5 + o, pg_temp.pk(o,252,'{serum,serum,plasma,blood,urine}'), (ARRAY[1,2,4,24])[pg_temp.r(o,253,4)]
FROM unnest('{Sodium,Potassium,Chloride,Calcium,Magnesium,Phosphate,Creatinine,Urea,Uric acid,Glucose,HbA1c,Cholesterol,HDL,LDL,Triglycerides,ALT,AST,GGT,ALP,Bilirubin,Albumin,Total protein,CRP,Procalcitonin,Ferritin,Iron,Transferrin,TSH,fT3,fT4,Troponin T,CK,CK-MB,NT-proBNP,D-dimer,INR,aPTT,Fibrinogen,Hemoglobin,Hematocrit,Erythrocytes,Leukocytes,Thrombocytes,MCV,MCH,Lymphocytes,Neutrophils,Eosinophils,Lipase,Amylase,Lactate,PSA,CEA,Vitamin D,Vitamin B12,Folate,Cortisol,Urine pH,Urine protein,Urine leukocytes,HIV screen,HBsAg,Anti-HCV,Blood culture}'::text[]) WITH ORDINALITY x(n,o);

CREATE TABLE lab_orders (id int, patient_id int, admission_id int, ordered_by int, priority int, status text, sample_barcode text, ordered_at timestamp, created_at timestamp);
INSERT INTO lab_orders
SELECT row_number() OVER (ORDER BY t), CASE WHEN pg_temp.u(h,261) < .011 THEN 990000 + pg_temp.r(h,262,5000) ELSE pid END, aid, doc, (ARRAY[1,2,2,2,3,3])[pg_temp.r(h,263,6)],
 pg_temp.pk(h,264,'{FINAL,FINAL,FINAL,FINAL,PARTIAL,CANCELLED}'), 'S' || upper(substr(md5('s' || h),1,9)), t, t + interval '2 minutes'
FROM (SELECT a.id * 10 + k AS h, a.patient_id pid, a.id aid, CASE WHEN pg_temp.u(a.id * 10 + k,265) < .7 THEN a.attending_physician_id ELSE d.a[pg_temp.r(a.id * 10 + k,266,cardinality(d.a))] END doc, a.admitted_at + pg_temp.u(a.id * 10 + k,267) * interval '5 days' t
      FROM admissions a CROSS JOIN LATERAL generate_series(1, floor(3 * power(pg_temp.u(a.id,268),1.5))::int) k CROSS JOIN (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (2,3)) d
      UNION ALL
      SELECT 800000 + i, pg_temp.sk(i,269,11800,1.2), NULL, d.a[pg_temp.sk(i,270,cardinality(d.a),1.5)], timestamp '2021-01-02' + i * interval '9 hours'
      FROM generate_series(1, 3000) i, (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id IN (1,2)) d) x
ORDER BY 1;

CREATE TABLE lab_results (id bigint, lab_order_id int, lab_test_id int, value_num numeric(10,2), flag char(1), validated_by int, resulted_at timestamp);
INSERT INTO lab_results
SELECT row_number() OVER (ORDER BY o.id, k), o.id, 1 + (pg_temp.sk(o.id,271,60,1.6) + k * 5) % 60, round((5 + 120 * power(pg_temp.u(o.id * 20 + k,273),2))::numeric,2),
 CASE WHEN pg_temp.u(o.id * 20 + k,274) < .1 THEN 'H' WHEN pg_temp.u(o.id * 20 + k,274) < .18 THEN 'L' END,
 CASE WHEN pg_temp.u(o.id * 20 + k,275) < .7 THEN v.a[pg_temp.sk(o.id * 20 + k,276,cardinality(v.a),1.3)] END, o.ordered_at + pg_temp.u(o.id * 20 + k,277) * interval '9 hours'
FROM lab_orders o CROSS JOIN LATERAL generate_series(1, CASE WHEN o.status = 'CANCELLED' THEN 0 ELSE 1 + floor(7 * pg_temp.u(o.id,278))::int END) k
CROSS JOIN (SELECT array_agg(id ORDER BY id) a FROM staff WHERE job_title_id = 9) v
ORDER BY 1;

CREATE TABLE claims (id int, claim_no text, admission_id int, insurance_policy_id int, insurer_name text, original_claim_id int, status text, amount_claimed numeric(12,2), amount_paid numeric(12,2), submitted_on date, created_by int, created_at timestamp);
INSERT INTO claims
SELECT id, 'CL' || to_char(dis, 'YY') || '-' || lpad(id::text, 6, '0'), aid, CASE WHEN pg_temp.u(id,281) < .009 THEN 14000 + pg_temp.r(id,282,900) ELSE pol END, nm,
 CASE WHEN id > 200 AND pg_temp.u(id,283) < .05 THEN id - pg_temp.r(id,284,190) END, st, amt, CASE WHEN st = 'PAID' THEN amt WHEN st = 'PARTIAL' THEN round(amt * .7,2) END, dis::date + pg_temp.r(id,285,20),
 b.a[pg_temp.sk(id,286,cardinality(b.a),1.5)], dis + interval '1 day'
FROM (SELECT row_number() OVER (ORDER BY a.id)::int id, a.id aid, p.id pol, n.name nm, a.discharged_at dis, pg_temp.pk(a.id,287,'{PAID,PAID,PAID,PAID,PARTIAL,DENIED,OPEN}') st, round((300 + 9000 * power(pg_temp.u(a.id,288),3))::numeric,2) amt
      FROM admissions a JOIN LATERAL (SELECT * FROM insurance_policies q WHERE q.patient_id = a.patient_id ORDER BY q.id LIMIT 1) p ON true JOIN insurers n ON n.id = p.insurer_id
      WHERE a.status = 'DISCHARGED' AND pg_temp.u(a.id,289) < .93) x,
 (SELECT array_agg(u.id ORDER BY u.id) a FROM users u JOIN staff s ON s.id = u.staff_id WHERE s.job_title_id = 12) b
ORDER BY 1;

CREATE TABLE claim_items (id int, claim_id int, line_no int, procedure_id int, description text, quantity int, unit_amount numeric(10,2));
INSERT INTO claim_items
SELECT row_number() OVER (ORDER BY cid, k, pr), cid, row_number() OVER (PARTITION BY cid ORDER BY k, pr), pr, d, q, a
FROM (SELECT c.id cid, 0 k, NULL::int pr, 'Daily ward charge' d, pg_temp.r(c.id,291,12) q, 210.00 a FROM claims c
      UNION ALL SELECT c.id, 1, p.id, t.name, 1, t.base_price FROM claims c JOIN procedures p ON p.admission_id = c.admission_id JOIN procedure_types t ON t.id = p.procedure_type_id
      UNION ALL SELECT c.id, 2, NULL, pg_temp.pk(c.id,292,'{Medication,Laboratory,Transport,Materials}'), pg_temp.r(c.id,293,5), 10 * pg_temp.r(c.id,294,40) FROM claims c WHERE pg_temp.u(c.id,295) < .6) x
ORDER BY 1;

CREATE TABLE research_consents (id int, patient_id int, study_code text, obtained_by int, consented_on date, revoked_on date, created_at timestamp);
