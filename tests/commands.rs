//! A dry run shows what a real run does: for every command, in many situations.
//!
//! Each situation is made from its number: tables with plain and with odd names, with
//! all that can belong to them and depend on them, in each state. The command is given
//! twice in one transaction, first as a dry run. Both must return the same rows, or the
//! same refusal, and after the dry run everything must be as it was before.

#[path = "commands/chance.rs"]
mod chance;
#[path = "commands/evidence.rs"]
mod evidence;
#[path = "commands/inverses.rs"]
mod inverses;
#[path = "commands/play.rs"]
mod play;
#[path = "commands/registration.rs"]
mod registration;
#[path = "commands/scene.rs"]
mod scene;
#[path = "commands/tables.rs"]
mod tables;
#[path = "commands/versions.rs"]
mod versions;

use std::collections::BTreeSet;

use play::Count;
use scene::Situation;
use spyne_tests::fixture::{assert_whole, database, governed_database, refused, rows, run};
use spyne_tests::server;

/// The name of a command, the function that makes a situation from its number, and the
/// number of situations.
type Case = (&'static str, fn(usize) -> Situation, usize);

/// Every command, with the number of situations in which it is given.
const CASES: [Case; 12] = [
    ("spyne_promote", versions::promote, 70),
    ("spyne_restore", versions::restore, 25),
    ("spyne_deprecate", versions::deprecate, 16),
    ("spyne_register", registration::register, 45),
    ("spyne_register_schema", registration::register_schema, 12),
    ("spyne_unregister", registration::unregister, 30),
    ("spyne_create_shadow", registration::create_shadow, 35),
    ("spyne_set_system_mode", registration::set_system_mode, 10),
    ("spyne_resolve_drift", evidence::resolve_drift, 30),
    ("spyne_accept_join", evidence::accept_join, 70),
    ("spyne_reject_join", evidence::reject_join, 12),
    ("spyne_deprecate_join", evidence::deprecate_join, 12),
];

/// The functions of the extension that have a dry run, except that of a preview, which
/// is another thing: it runs the statement and undoes it.
const COMMANDS: &str = "
    SELECT p.proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND d.deptype = 'e'
    WHERE e.extname = 'spyne' AND 'dry_run' = ANY (p.proargnames)
      AND p.proname NOT IN ('spyne_preview', 'spyne_preview_text', 'make_preview')";

#[test]
fn a_dry_run_shows_what_a_real_run_does() {
    let server = server("commands").start().expect("a server");
    let mut client = database(&server);
    run(&mut client, include_str!("commands/world.sql"));
    run(
        &mut client,
        r#"CREATE ROLE "App Owner"; CREATE ROLE "O'Neill ""y"""; SET client_min_messages = error"#,
    );
    let commands: BTreeSet<String> =
        rows(&mut client, COMMANDS).lines().map(str::to_string).collect();
    let cases: BTreeSet<String> = CASES.iter().map(|(name, ..)| name.to_string()).collect();
    assert_eq!(commands, cases, "each command with a dry run has its situations");

    let (mut count, mut faults) = (Count::default(), Vec::new());
    let mut number = 0;
    for (function, make, times) in CASES {
        for _ in 0..times {
            number += 1;
            let situation = make(number);
            assert_eq!(situation.call.function, function);
            match play::play(&mut client, &situation) {
                Ok(verdict) => count.add(function, verdict),
                Err(fault) => faults.push(fault),
            }
        }
    }
    assert!(faults.is_empty(), "{} of {number}:\n{}", faults.len(), faults.join("\n\n"));
    for (function, [done, refused, blocked]) in count.all() {
        println!("{function}: {done} done, {refused} refused, {blocked} blocked");
        assert!(done >= 3 && refused >= 3, "{function} is done and refused at least 3 times each");
    }
    assert!(number >= 200, "only {number} situations");
}

/// Operations that have an inverse.
const UNDONE: [&str; 7] = [
    "grant",
    "join_publication",
    "make_materialized_view",
    "make_policy",
    "rename",
    "set_row_security",
    "set_schema",
];

#[test]
fn what_undoes_an_operation_gives_back_what_was_there() {
    let server = server("inverses").start().expect("a server");
    let mut client = database(&server);
    run(&mut client, r#"CREATE ROLE "App Owner""#);
    let tried: BTreeSet<String> = inverses::undo_all(&mut client).into_iter().collect();
    assert_eq!(tried, UNDONE.map(str::to_string).into());
}

/// Renames a role at the first step of a promotion, as another session might.
const LEAVES: &str = "
    CREATE ROLE leaver;
    GRANT CREATE ON SCHEMA public TO leaver;
    CREATE FUNCTION watch.leave() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF to_regrole('leaver') IS NOT NULL THEN ALTER ROLE leaver RENAME TO somebody_else; END IF;
    END $$";
const TRIGGER: &str = "CREATE EVENT TRIGGER leaves ON ddl_command_end
    WHEN TAG IN ('ALTER INDEX', 'ALTER TABLE') EXECUTE FUNCTION watch.leave()";

#[test]
fn what_an_owner_wrote_runs_as_nobody_else_when_the_role_is_gone() {
    let server = server("leaver").start().expect("a server");
    let mut client = governed_database(&server);
    let owned = "
        SET spyne.enforcement = off;
        ALTER TABLE customer OWNER TO leaver; ALTER TABLE spyne_shadow.customer OWNER TO leaver;
        RESET spyne.enforcement;
        CREATE POLICY theirs ON customer USING (origin <> '')";
    run(&mut client, LEAVES);
    run(&mut client, owned);
    let shown = rows(
        &mut client,
        "SELECT kind, detail FROM spyne_promote('spyne_shadow.customer', dry_run => true)",
    );
    assert!(shown.contains("step|policy theirs"), "{shown}");
    run(&mut client, TRIGGER);

    let promoted = client.simple_query("SELECT * FROM spyne_promote('spyne_shadow.customer')");
    let error = refused(promoted, "42704");
    assert_eq!(error.message(), r#"there is no role "leaver" any more"#);
    assert!(error.detail().is_some_and(|detail| detail.contains("CREATE POLICY")), "{error:?}");
    // Nothing is left of the promotion, also not the new name of the role.
    assert_eq!(rows(&mut client, "SELECT to_regrole('leaver')"), "leaver");
    assert_whole(&mut client, "customer");
}
