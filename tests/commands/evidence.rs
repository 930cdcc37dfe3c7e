//! Situations of drift reports and joins, which are settled, accepted, rejected and
//! deprecated.

use spyne_core::kernel::names::{Address, literal};

use crate::scene::{OWNERS, Scene, Situation};
use crate::tables;

/// A drift report of a table or of a feed, settled in each way.
pub fn resolve_drift(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let (name, at) = (scene.name(""), scene.at(""));
    tables::make(&mut scene, &at);
    match scene.which(&["READ_ONLY", "ACTIVE", "ACTIVE", "DEPRECATED"]) {
        "READ_ONLY" => scene.add(format!("SELECT FROM spyne_register({})", at.as_argument())),
        state => {
            tables::activate(&mut scene, &at, &name);
            if state == "DEPRECATED" {
                scene.add(format!("SELECT FROM spyne_deprecate({}, 'old')", at.as_argument()));
            }
        }
    }
    tables::dress_view(&mut scene, &name);
    let feed = scene.maybe(20, "of a feed");
    match feed {
        true => scene.add(format!(
            r#"SELECT FROM spyne_detect_drift({}, '{{"columns": [{{"name": "a", "data_type": "text"}}]}}')"#,
            literal(&name)
        )),
        false => drift(&mut scene, &at),
    }
    if !feed && scene.maybe(10, "the table is gone") {
        scene.force(format!("DROP TABLE {} CASCADE", at.quoted()));
    }
    if scene.maybe(8, "settled already") {
        scene.add(
            "SELECT spyne_resolve_drift(report_id, 'dismiss', 'no') FROM spyne.drift_reports WHERE status = 'open'",
        );
    }
    let report = match scene.chance.below(20) {
        0 => "987654321",
        1 => "NULL",
        _ => "{SELECT max(report_id) FROM spyne.drift_reports}",
    };
    let action = scene.which(&["'apply'", "'apply'", "'apply'", "'dismiss'", "'x'"]);
    let reason = scene.chance.of(&["'It''s agreed'", "'It''s agreed'", "' '", "'  agreed '"]);
    scene.call("spyne_resolve_drift", format!("{report}, {action}, {reason}"))
}

/// Changes a governed table while enforcement is off, and then looks for drift.
fn drift(scene: &mut Scene, at: &Address) {
    let (id, label, amount) = (scene.quoted("id"), scene.quoted("label"), scene.quoted("amount"));
    let more = scene.quoted("more");
    let table = at.quoted();
    let change = scene.which(&[
        "a column that is gone",
        "a wider type",
        "another name",
        "one more column",
        "no default",
        "a check",
    ]);
    let ddl = match change {
        "a column that is gone" => format!("DROP COLUMN {amount} CASCADE"),
        "a wider type" => format!("ALTER COLUMN {amount} TYPE numeric(12,2)"),
        "another name" => format!("RENAME COLUMN {label} TO {more}"),
        "one more column" => format!("ADD COLUMN {more} date"),
        "no default" => format!("ALTER COLUMN {label} DROP DEFAULT"),
        _ => format!("ADD CHECK ({id} > 0)"),
    };
    // Postgres keeps the type of a column that a view shows.
    if change == "a wider type" {
        let view = Address::new("governed", scene.name("")).quoted();
        scene.force(format!("DROP VIEW {view} CASCADE"));
    }
    scene.force(format!("ALTER TABLE {table} {ddl}"));
    scene.add(format!("SELECT FROM spyne_detect_drift({})", at.as_argument()));
    if scene.maybe(20, "changed again since") {
        scene.force(format!("ALTER TABLE {table} ADD COLUMN again date"));
    }
}

/// Two tables and a candidate for a join between them: its number, as SQL.
fn candidate(scene: &mut Scene) -> &'static str {
    let (child, parent) = (scene.at("child"), scene.at("parent"));
    let (id, refers) = (scene.quoted("id"), scene.quoted("refers"));
    let orphans = scene.maybe(30, "orphans");
    let several = scene.maybe(20, "a parent that is not unique");
    let far = if orphans { 60 } else { 50 };
    let unique = if several { "integer" } else { "integer PRIMARY KEY" };
    scene.add(format!("CREATE TABLE {} ({id} {unique})", parent.quoted()));
    scene.add(format!("INSERT INTO {} SELECT generate_series(1, 50)", parent.quoted()));
    if several {
        scene.add(format!("INSERT INTO {} SELECT generate_series(1, 50)", parent.quoted()));
    }
    scene.add(format!("CREATE TABLE {} ({id} integer, {refers} integer)", child.quoted()));
    scene.add(format!(
        "INSERT INTO {} SELECT g, 1 + g % {far} FROM generate_series(1, 300) g",
        child.quoted()
    ));
    if scene.maybe(80, "open to all") {
        for table in [&child, &parent] {
            scene.add(format!("GRANT SELECT ON {} TO PUBLIC", table.quoted()));
        }
    }
    for table in [&child, &parent] {
        scene.add(format!("SELECT FROM spyne_register({})", table.as_argument()));
    }
    if scene.maybe(10, "rows that are hidden") {
        scene.add(format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", child.quoted()));
    }
    scene.add(format!(
        "SELECT FROM spyne_propose_join({}, ARRAY[{}], {}, ARRAY[{}])",
        child.as_argument(),
        literal(&scene.name("refers")),
        parent.as_argument(),
        literal(&scene.name("id"))
    ));
    history(scene, "(SELECT max(candidate_id) FROM spyne.join_candidates)");
    "{SELECT max(candidate_id) FROM spyne.join_candidates}"
}

/// What may have happened to a candidate before.
fn history(scene: &mut Scene, candidate: &str) {
    match scene.which(&[
        "new",
        "new",
        "new",
        "accepted",
        "rejected",
        "accepted and deprecated",
        "expired",
        "suspect",
    ]) {
        "rejected" => scene.add(format!("SELECT FROM spyne_reject_join({candidate}, 'no')")),
        "expired" => {
            scene.force("UPDATE spyne.join_candidates SET expires_at = now() - interval '1 day'")
        }
        "new" => {}
        more => {
            scene.add(format!(
                "SELECT FROM spyne_accept_join({candidate}, 'yes', override => true)"
            ));
            if more == "accepted and deprecated" {
                scene.add("SELECT FROM spyne_deprecate_join((SELECT max(join_id) FROM spyne.accepted_joins), 'no')");
            }
            if more == "suspect" {
                let refers = scene.quoted("refers");
                let child = scene.at("child").quoted();
                scene.add(format!("SET spyne.allow_breaking_ddl = on; ALTER TABLE {child} ALTER COLUMN {refers} SET DEFAULT 7; RESET spyne.allow_breaking_ddl"));
                scene.force("UPDATE spyne.accepted_joins SET status = 'suspect', suspect_since = now(), suspect_because = 'a scene'");
            }
        }
    }
}

/// Acceptance of a candidate.
pub fn accept_join(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let id = candidate(&mut scene);
    let id = if scene.maybe(5, "an unknown candidate") { "987654321" } else { id };
    let rationale = scene.chance.of(&["'It''s so'", "'It''s so'", "'It''s so'", "' '", "NULL"]);
    let mut arguments = vec![id.to_string(), rationale.to_string()];
    if scene.maybe(40, "a kind of join") {
        let kind = scene.chance.of(&["LEFT", "inner", "CROSS"]);
        arguments.push(format!("join_type => '{kind}'"));
    }
    if scene.maybe(40, "a role") {
        let role = scene.chance.of(&["buyer", "Käufer", "a b"]);
        arguments.push(format!("role => '{role}'"));
    }
    if scene.maybe(40, "override") {
        arguments.push("override => true".into());
    }
    if scene.maybe(30, "an owner") {
        let owner = literal(scene.chance.of(&OWNERS));
        arguments.push(format!("owner => {owner}"));
    }
    scene.call("spyne_accept_join", arguments.join(", "))
}

/// Rejection of a candidate.
pub fn reject_join(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let id = candidate(&mut scene);
    let reason = scene.chance.of(&["'It''s not'", "'It''s not'", "'It''s not'", "' '", "NULL"]);
    scene.call("spyne_reject_join", format!("{id}, {reason}"))
}

/// The end of an accepted join.
pub fn deprecate_join(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    candidate(&mut scene);
    let join = match scene.chance.below(6) {
        0 => "'none'",
        1 => "NULL",
        _ => "{SELECT coalesce(max(quote_literal(join_id)), $$'none'$$) FROM spyne.accepted_joins}",
    };
    let reason = scene.chance.of(&["'It''s over'", "'It''s over'", "'It''s over'", "' '"]);
    scene.call("spyne_deprecate_join", format!("{join}, {reason}"))
}
