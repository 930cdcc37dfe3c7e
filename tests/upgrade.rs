//! ALTER EXTENSION spyne UPDATE takes a database from an earlier build to this one: every object,
//! grant and comment is then as after a fresh installation, and governed data is as it was.
//!
//! An earlier build is made up: this build's script, with a few objects taken back at its end, and
//! an upgrade script that brings them. What is under test is that an upgrade script can do its work
//! past spyne's own protection, with tables governed, and that nobody else can.
//!
//! The scripts of versions are kept in `sql/released`, byte for byte. Each of them leads to this
//! build, and this build's library works with the catalog that each of them makes.

use std::fs;
use std::path::PathBuf;

use postgres::Client;
use spyne_tests::fixture::{
    DATABASE, assert_whole, connect, empty_database, governed_database, refused, rows, run,
};
use spyne_tests::{SUPERUSER, server, toolchain};
use xtask::{extension, place};

const EARLIER: &str = "0.0.9";

/// What the earlier build did not have, or had otherwise.
const TAKEN_BACK: &str = "
    DROP FUNCTION @extschema@.spyne_coverage();
    ALTER TABLE spyne.tables DROP CONSTRAINT tables_name_length;
    ALTER TABLE spyne.table_versions DROP COLUMN created_by;
    ALTER TABLE spyne.system_config DISABLE TRIGGER notice;
    DROP EVENT TRIGGER spyne_guard_ddl;
    DROP INDEX spyne.table_state_history_by_name;
    DROP VIEW spyne.state_properties;
    COMMENT ON TABLE spyne.tables IS 'as it was';
    REVOKE SELECT ON spyne.table_versions FROM spyne_viewer;
    INSERT INTO spyne.system_config (key, value, changed_by) VALUES ('earlier', 'yes', 'nobody');
    ALTER TYPE spyne.mode_change DROP ATTRIBUTE mode_before;
";

/// The comments on what the earlier build did not have, or had otherwise, as statements.
const COMMENTS: &str = "
    SELECT format('COMMENT ON %s %s IS %L;', CASE WHEN d.objsubid > 0 THEN 'column' ELSE o.type END, o.identity, d.description)
    FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    WHERE o.identity IN ('public.spyne_coverage()', 'spyne.tables', 'spyne_guard_ddl', 'spyne.table_versions.created_by',
                         'spyne.mode_change.mode_before')
       OR starts_with(o.identity, 'spyne.state_properties')";

/// Files of the made-up build, taken away again at the end.
struct Earlier {
    files: [PathBuf; 2],
}

impl Drop for Earlier {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
    }
}

impl Earlier {
    /// Makes the earlier build of this one, which is installed in `fresh`.
    fn install(current: &str, fresh: &mut Client) -> Earlier {
        let directory = toolchain().sharedir().join("extension");
        let script = fs::read_to_string(directory.join(format!("spyne--{current}.sql")))
            .expect("this build's script");
        let function = cut(&script, "CREATE FUNCTION spyne_coverage()", "\n$$;");
        let view = cut(&script, "CREATE VIEW spyne.state_properties", ";");
        let comments = rows(fresh, COMMENTS);
        let upgrade = format!(
            "{function}
             REVOKE ALL ON FUNCTION spyne_coverage() FROM PUBLIC;
             GRANT EXECUTE ON FUNCTION spyne_coverage() TO spyne_viewer;
             ALTER TABLE spyne.tables ADD CONSTRAINT tables_name_length CHECK (octet_length(logical_name) BETWEEN 1 AND 63);
             ALTER TABLE spyne.table_versions ADD COLUMN created_by name;
             UPDATE spyne.table_versions SET created_by = 'unknown';
             ALTER TABLE spyne.table_versions ALTER created_by SET NOT NULL;
             ALTER TABLE spyne.system_config ENABLE ALWAYS TRIGGER notice;
             CREATE EVENT TRIGGER spyne_guard_ddl ON ddl_command_end EXECUTE FUNCTION spyne.guard_ddl();
             ALTER EVENT TRIGGER spyne_guard_ddl ENABLE ALWAYS;
             CREATE INDEX table_state_history_by_name ON spyne.table_state_history (logical_name, id);
             {view}
             GRANT SELECT ON spyne.table_versions, spyne.state_properties TO spyne_viewer;
             DELETE FROM spyne.system_config WHERE key = 'earlier';
             ALTER TYPE spyne.mode_change ADD ATTRIBUTE mode_before text;
             {comments}"
        );
        let files = [format!("spyne--{EARLIER}.sql"), format!("spyne--{EARLIER}--{current}.sql")]
            .map(|name| directory.join(name));
        let earlier = Earlier { files };
        fs::write(&earlier.files[0], format!("{script}\n{TAKEN_BACK}"))
            .expect("the earlier script");
        fs::write(&earlier.files[1], upgrade).expect("the upgrade script");
        earlier
    }
}

/// The statement that begins and ends so.
fn cut<'a>(script: &'a str, begin: &str, end: &str) -> &'a str {
    let start = script.find(begin).unwrap_or_else(|| panic!("{begin} is not in the script"));
    let length = script[start..].find(end).expect("an end") + end.len();
    &script[start..start + length]
}

/// All that belongs to the extension. By name: OIDs, and the numbers of columns, may differ.
const OBJECTS: [(&str, &str); 9] = [
    ("members", "SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE deptype = 'e'
        AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spyne') ORDER BY 1"),
    ("functions", "SELECT p.oid::regprocedure, md5(pg_get_functiondef(p.oid)), p.proacl, p.proowner::regrole, obj_description(p.oid)
        FROM pg_proc p WHERE (p.pronamespace = 'spyne'::regnamespace OR p.proname LIKE 'spyne%') AND prokind = 'f' ORDER BY p.oid::regprocedure::text"),
    ("columns", "SELECT a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
        a.attacl, a.attidentity FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'spyne'::regnamespace AND c.relkind IN ('r', 'v', 'S', 'c') AND a.attnum > 0 AND NOT attisdropped ORDER BY a.attrelid::regclass::text, a.attname"),
    ("comments", "SELECT pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description FROM pg_description d JOIN pg_depend e
        ON e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e' AND e.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spyne') ORDER BY 1"),
    ("relations", "SELECT c.oid::regclass, c.relkind, c.relowner::regrole, c.relrowsecurity, c.reloptions,
        (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(c.relacl) x),
        CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) END
        FROM pg_class c WHERE c.relnamespace = 'spyne'::regnamespace ORDER BY c.oid::regclass::text"),
    ("constraints", "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'spyne'::regnamespace ORDER BY conrelid::regclass::text, conname"),
    ("triggers", "SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(t.oid), obj_description(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE c.relnamespace = 'spyne'::regnamespace AND NOT t.tgisinternal ORDER BY tgrelid::regclass::text, tgname"),
    ("event triggers", "SELECT evtname, evtevent, evtenabled, evtfoid::regproc, evtowner::regrole, obj_description(oid) FROM pg_event_trigger ORDER BY 1"),
    ("the rest", "SELECT (SELECT array_agg(c::regclass::text ORDER BY c::regclass::text) FROM unnest(extconfig) c), extversion, extrelocatable FROM pg_extension WHERE extname = 'spyne'"),
];

fn objects(client: &mut Client) -> Vec<(&'static str, String)> {
    OBJECTS.iter().map(|(what, sql)| (*what, rows(client, sql))).collect()
}

fn data(client: &mut Client) -> String {
    rows(
        client,
        "SELECT relation, state, version, supersedes, created_at, deprecated_at FROM spyne.tables ORDER BY relation::text;
         SELECT * FROM spyne.table_state_history ORDER BY id;
         SELECT logical_name, version, schema_snapshot FROM spyne.table_versions ORDER BY 1, 2;
         SELECT key, value FROM spyne.system_config WHERE key = 'mode';
         SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname LIKE 'spyne_guard%' ORDER BY 1, 2",
    )
}

#[test]
fn an_upgraded_database_is_as_one_installed_afresh() {
    let server = server("upgrade").start().expect("a server");
    let mut fresh = empty_database(&server, "fresh");
    run(&mut fresh, "CREATE EXTENSION spyne");
    let current = rows(&mut fresh, "SELECT extversion FROM pg_extension WHERE extname = 'spyne'");
    let earlier = Earlier::install(&current, &mut fresh);

    let mut client = empty_database(&server, "upgraded");
    run(&mut client, &format!("CREATE EXTENSION spyne VERSION '{EARLIER}'"));
    assert_ne!(
        objects(&mut client),
        objects(&mut fresh),
        "the earlier build differs from this one"
    );
    run(&mut client, "ALTER EXTENSION spyne UPDATE");
    for ((what, expected), (_, found)) in objects(&mut fresh).iter().zip(objects(&mut client)) {
        assert_eq!(&found, expected, "{what}");
    }
    drop(earlier);

    // The same with tables in every state, which stay as they are.
    let mut governed = governed_database(&server);
    run(&mut governed, "SELECT FROM spyne_promote('spyne_shadow.customer')");
    run(&mut governed, "CREATE SCHEMA other; CREATE TABLE other.t (id int)");
    let before = data(&mut governed);
    let mut session = connect(&server, DATABASE, "engineer");
    let put = session.prepare("INSERT INTO customer VALUES (1000, 'before')").expect("prepares");
    session.execute(&put, &[]).expect("an engineer writes");
    // From this build back, and forth again: both ways are scripts like any other.
    let earlier = Earlier::install(&current, &mut fresh);
    let back = toolchain().sharedir().join(format!("extension/spyne--{current}--{EARLIER}.sql"));
    fs::write(&back, TAKEN_BACK).expect("the script back");
    let went_back = governed.batch_execute(&format!("ALTER EXTENSION spyne UPDATE TO '{EARLIER}'"));
    fs::remove_file(&back).expect("the script is there");
    went_back.expect("goes back");
    for client in [&mut governed, &mut session] {
        refused(client.batch_execute("INSERT INTO facts VALUES (100)"), "25006");
    }
    // An upgrade that is not a superuser's is refused by Postgres.
    assert!(
        connect(&server, DATABASE, "admin").batch_execute("ALTER EXTENSION spyne UPDATE").is_err()
    );
    run(&mut governed, "ALTER EXTENSION spyne UPDATE");
    drop(earlier);
    assert_eq!(data(&mut governed), before);
    for ((what, expected), (_, found)) in objects(&mut fresh).iter().zip(objects(&mut governed)) {
        assert_eq!(&found, expected, "{what}, with governed tables");
    }
    for name in ["customer", "facts", "ledger"] {
        assert_whole(&mut governed, name);
    }
    refused(session.batch_execute("INSERT INTO facts VALUES (100)"), "25006");
    refused(session.batch_execute("TRUNCATE ledger"), "25006");
    refused(governed.batch_execute("DELETE FROM spyne.tables"), "42501");
    refused(governed.batch_execute("ALTER TABLE spyne.tables ADD x int"), "42501");
    // What the library returns fits the types, in whatever order their columns came.
    assert_eq!(rows(&mut governed, "SELECT * FROM spyne.check_rows()"), "");
    assert_eq!(
        rows(
            &mut governed,
            "SELECT mode_before, mode_after FROM spyne_set_system_mode('READ_ONLY', 'over', dry_run => true)"
        ),
        "INGESTION_READY|READ_ONLY"
    );
    run(&mut governed, "SELECT FROM spyne_restore('customer__v1')");
    assert_whole(&mut governed, "customer");
    drop(connect(&server, DATABASE, SUPERUSER));
}

/// The kept versions and where their scripts are.
fn kept() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = fs::read_dir(place::repository().join("sql/released"))
        .expect("sql/released")
        .map(|entry| entry.expect("an entry of sql/released").path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let version = name.strip_prefix("spyne--")?.strip_suffix(".sql")?;
            Some((version.to_owned(), path.clone()))
        })
        .collect();
    found.sort();
    found
}

/// A kept version's script, put beside this build's; this build's own stays as it is.
struct Kept(Option<PathBuf>);

impl Kept {
    fn install(version: &str, script: &PathBuf) -> Kept {
        if extension::version().expect("a version") == version {
            return Kept(None);
        }
        let installed = toolchain().sharedir().join(format!("extension/spyne--{version}.sql"));
        fs::copy(script, &installed).expect("the script is copied");
        Kept(Some(installed))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            let _ = fs::remove_file(file);
        }
    }
}

/// Which function of the library each function of the catalog calls, and how.
const CALLS: &str = "SELECT prosrc, pg_get_function_identity_arguments(oid), pg_get_function_result(oid), proretset, proisstrict
    FROM pg_proc WHERE probin LIKE '%spyne%' ORDER BY prosrc, 2";

#[test]
fn the_script_of_this_version_is_kept_byte_for_byte() {
    let version = extension::version().expect("a version");
    let name = extension::script_name().expect("a name");
    let built = fs::read_to_string(toolchain().sharedir().join("extension").join(&name))
        .expect("this build's script");
    let path = place::repository().join("sql/released").join(name);
    if std::env::var_os("SPYNE_BLESS_RELEASED").is_some() {
        fs::write(&path, &built).expect("a writable script");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differing = built.lines().zip(kept.lines()).find(|(built, kept)| built != kept);
    assert!(
        built == kept,
        "sql/released has another script of {version}; the first line that differs: {differing:?}. \
         Until {version} is released: SPYNE_BLESS_RELEASED=1. Afterwards it is immutable, and the \
         change makes a new version with an upgrade script"
    );
}

#[test]
fn every_kept_version_leads_to_this_one() {
    let server = server("kept").start().expect("a server");
    let mut fresh = empty_database(&server, "fresh");
    run(&mut fresh, "CREATE EXTENSION spyne");
    let current = rows(&mut fresh, CALLS);
    let versions = kept();
    assert!(versions.iter().any(|(version, _)| version == "0.1.0"), "the first version is kept");
    for (number, (version, script)) in versions.iter().enumerate() {
        let _installed = Kept::install(version, script);
        let mut client = empty_database(&server, &format!("kept_{number}"));
        run(&mut client, &format!("CREATE EXTENSION spyne VERSION '{version}'"));
        // The library is this build's: with the older catalog it does all that it did.
        assert_eq!(rows(&mut client, "SELECT * FROM spyne.check_statements()"), "", "{version}");
        for call in rows(&mut client, CALLS).lines() {
            assert!(
                current.lines().any(|line| line == call),
                "{version} calls {call}: keep it, and give what is called otherwise another name"
            );
        }
        run(&mut client, "ALTER EXTENSION spyne UPDATE");
        for ((what, expected), (_, found)) in objects(&mut fresh).iter().zip(objects(&mut client)) {
            assert_eq!(&found, expected, "{what}, from {version}");
        }
    }
}
