//! Situations of promotion, restoration and deprecation, with and without a version to
//! replace.

use spyne_core::kernel::names::{Address, literal, quote, with_suffix};

use crate::scene::{Scene, Situation};
use crate::tables;

/// Promotion of a shadow: with and without an ACTIVE version, with what blocks it and what does not.
pub fn promote(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let name = scene.name("");
    let at = scene.at("");
    let replaces = scene.maybe(70, "an ACTIVE version");
    let shadow = match replaces {
        true => successor(&mut scene, &at, &name),
        false => first(&mut scene, &name),
    };
    let mut arguments = vec![shadow.as_argument()];
    if scene.maybe(50, "repoint") {
        arguments.push("dependents => 'repoint'".into());
    }
    if scene.maybe(50, "accept_breaking") {
        arguments.push("accept_breaking => true".into());
    }
    targets(&mut scene, &mut arguments, replaces);
    if scene.maybe(30, "a reason") {
        arguments.push(format!("reason => {}", literal("It's \\ \"so\"")));
    }
    if scene.maybe(4, "a bad argument") {
        arguments.push(
            scene
                .which(&[
                    "from_state => 'DEPRECATED'",
                    "from_state => 'ACTIVE', to_state => 'DEPRECATED'",
                    "to_state => NULL",
                    "from_state => 'x'",
                ])
                .to_string(),
        );
    }
    scene.call("spyne_promote", arguments.join(", "))
}

fn targets(scene: &mut Scene, arguments: &mut Vec<String>, replaces: bool) {
    if scene.maybe(if replaces { 5 } else { 40 }, "a target_schema") {
        let schema = scene.chance.of(&["public", "its own", "spyne", "no such"]);
        let schema = match schema {
            "its own" => scene.at("").schema,
            other => other.to_string(),
        };
        arguments.push(format!("target_schema => {}", literal(&schema)));
    }
    if scene.maybe(if replaces { 5 } else { 40 }, "a target_name") {
        let name = match scene.chance.below(5) {
            0 => String::new(),
            1 => "x".repeat(64),
            _ => scene.name("target"),
        };
        arguments.push(format!("target_name => {}", literal(&name)));
    }
}

/// A shadow whose name has no version yet.
fn first(scene: &mut Scene, name: &str) -> Address {
    let at = match scene.maybe(50, "in the staging schema") {
        true => scene.shadow(""),
        false => scene.at(""),
    };
    tables::make(scene, &at);
    tables::dress(scene, &at);
    tables::depend(scene, &at);
    if scene.maybe(25, "another relation where it would go") {
        let target = scene.chance.of(&["", "target"]);
        let there = [Address::new("public", scene.name(target)), scene.at(target)];
        let there = &there[scene.chance.below(2)];
        if *there != at {
            scene.add(format!("CREATE TABLE {} (i integer)", there.quoted()));
        }
    }
    scene.add(format!(
        "SELECT FROM spyne_register({}, name => {}, state => 'SHADOW')",
        at.as_argument(),
        literal(name)
    ));
    tables::lose_column(scene, &at);
    at
}

/// A shadow of a name that has an ACTIVE version at `at`, with all that depends on
/// that.
fn successor(scene: &mut Scene, at: &Address, name: &str) -> Address {
    tables::make(scene, at);
    tables::dress(scene, at);
    tables::depend(scene, at);
    tables::activate(scene, at, name);
    tables::dress_view(scene, name);
    let shadow = match scene.maybe(75, "made like it") {
        true => {
            scene.add(format!("SELECT FROM spyne_create_shadow({})", literal(name)));
            Address::new("spyne_shadow", name)
        }
        false => {
            let beside = scene.at("beside");
            let (table, source) = (beside.quoted(), at.quoted());
            match scene.which(&["made anew", "of another kind", "a copy", "a copy"]) {
                "made anew" => tables::make(scene, &beside),
                "of another kind" => return other_kind(scene, at, &beside, name),
                _ => {
                    let including = scene.chance.of(&["", "INCLUDING ALL"]);
                    scene.add(format!("CREATE TABLE {table} (LIKE {source} {including})"));
                }
            }
            if scene.maybe(40, "with its own grants and policies") {
                tables::dress_lightly(scene, &beside);
            }
            scene.add(format!(
                "SELECT FROM spyne_register({}, name => {}, state => 'SHADOW')",
                beside.as_argument(),
                literal(name)
            ));
            beside
        }
    };
    differ(scene, &shadow, at);
    if scene.maybe(8, "something where the old version would go") {
        let parked = Address::new(&at.schema, with_suffix(&at.name, "__v1")).quoted();
        let what = scene.chance.of(&["TABLE IF NOT EXISTS", "TYPE"]);
        match what {
            "TYPE" => scene.add(format!(
                "DO $do$ BEGIN CREATE TYPE {parked} AS ENUM (); EXCEPTION WHEN duplicate_object THEN NULL; END $do$"
            )),
            _ => scene.add(format!("CREATE {what} {parked} (i integer)")),
        }
    }
    if !scene.partitioned && scene.maybe(10, "it refers to the version that it replaces") {
        let (id, table) = (scene.quoted("id"), shadow.quoted());
        let old = at.quoted();
        scene.add(format!(
            "ALTER TABLE {table} ADD CONSTRAINT before FOREIGN KEY ({id}) REFERENCES {old} NOT VALID"
        ));
    }
    if scene.maybe(10, "drift that nobody has seen") {
        scene.force(format!("ALTER TABLE {} ADD COLUMN drifted integer", at.quoted()));
    }
    shadow
}

/// A materialized view or a foreign table that is to take the place of a table.
fn other_kind(scene: &mut Scene, at: &Address, beside: &Address, name: &str) -> Address {
    let (view, source) = (beside.quoted(), at.quoted());
    match scene.which(&["a materialized view", "a foreign table"]) {
        "a materialized view" => {
            let (id, label) = (scene.quoted("id"), scene.quoted("label"));
            let body = match scene.maybe(40, "which reads what it is to replace") {
                true => format!("SELECT * FROM {source}"),
                false => format!(
                    "SELECT 1 AS {id}, 'x'::text AS {label}, 1::numeric(10,2) AS {}",
                    scene.quoted("amount")
                ),
            };
            scene.add(format!("CREATE MATERIALIZED VIEW {view} AS {body}"));
        }
        _ => {
            let (id, label) = (scene.quoted("id"), scene.quoted("label"));
            let amount = scene.quoted("amount");
            scene.add("CREATE FOREIGN DATA WRAPPER nothing");
            scene.add("CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing");
            scene.add(format!(
                "CREATE FOREIGN TABLE {view} ({id} integer, {label} text, {amount} numeric(10,2)) SERVER nowhere"
            ));
        }
    }
    scene.add(format!(
        "SELECT FROM spyne_register({}, name => {}, state => 'SHADOW')",
        beside.as_argument(),
        literal(name)
    ));
    beside.clone()
}

/// Makes a shadow differ from the version that it is to replace.
fn differ(scene: &mut Scene, shadow: &Address, at: &Address) {
    let (id, label, amount) = (scene.quoted("id"), scene.quoted("label"), scene.quoted("amount"));
    let table = shadow.quoted();
    if scene.maybe(25, "one more column") {
        scene.add(format!("ALTER TABLE {table} ADD COLUMN {} date", scene.quoted("more")));
    }
    let less = scene.maybe(15, "one column less").then(|| [&label, &amount][scene.chance.below(2)]);
    if let Some(column) = less {
        scene.add(format!("ALTER TABLE {table} DROP COLUMN {column} CASCADE"));
    } else if scene.maybe(15, "another type") {
        let to = scene.chance.of(&["varchar(40)", "text"]);
        scene.add(format!("ALTER TABLE {table} ALTER COLUMN {label} TYPE {to}"));
        scene.add(format!("ALTER TABLE {table} ALTER COLUMN {amount} TYPE double precision"));
    }
    if scene.maybe(10, "no key") {
        let key = quote(&with_suffix(&shadow.name, "_pkey"));
        scene.add(format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key} CASCADE"));
    }
    if !scene.partitioned && scene.maybe(60, "rows") {
        let source = at.quoted();
        let (columns, values) = match less == Some(&label) {
            true => (id.clone(), format!("{id} + 100")),
            false => (format!("{id}, {label}"), format!("{id} + 100, {label}")),
        };
        scene.add(format!(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {source}"
        ));
    }
    if scene.chance.in_hundred(50) {
        scene.add(format!("ANALYZE {table}"));
    }
}

/// Restoration of a deprecated version, over a successor or on its own.
pub fn restore(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let name = scene.name("");
    let at = scene.at("");
    let old = match scene.maybe(70, "over a successor") {
        true => {
            let shadow = successor(&mut scene, &at, &name);
            tables::replace(&mut scene, &shadow);
            tables::superseded(&at)
        }
        false => {
            tables::make(&mut scene, &at);
            tables::dress(&mut scene, &at);
            tables::activate(&mut scene, &at, &name);
            scene.add(format!("SELECT FROM spyne_deprecate({}, 'old')", at.as_argument()));
            if scene.maybe(30, "and a new ACTIVE version") {
                let newer = scene.at("newer");
                tables::make(&mut scene, &newer);
                tables::activate(&mut scene, &newer, &name);
            }
            at.as_argument()
        }
    };
    if scene.maybe(20, "a view on what is in use") {
        scene.add(format!(
            "CREATE VIEW {} AS SELECT * FROM governed.{}",
            scene.at("later").quoted(),
            quote(&name)
        ));
    }
    let reason = match scene.maybe(50, "a reason") {
        true => ", reason => 'it was better'",
        false => "",
    };
    scene.call("spyne_restore", format!("{old}{reason}"))
}

/// Deprecation with nothing in the place.
pub fn deprecate(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let (name, at) = (scene.name(""), scene.at(""));
    tables::make(&mut scene, &at);
    match scene.which(&["ACTIVE", "ACTIVE", "ACTIVE", "SHADOW", "READ_ONLY", "nothing"]) {
        "ACTIVE" => {
            tables::dress(&mut scene, &at);
            tables::depend(&mut scene, &at);
            tables::activate(&mut scene, &at, &name);
            tables::dress_view(&mut scene, &name);
        }
        "nothing" => {}
        state => scene
            .add(format!("SELECT FROM spyne_register({}, state => '{state}')", at.as_argument())),
    }
    let reason = scene.chance.of(&["'It''s old'", "'It''s old'", "'It''s old'", "' '", "NULL"]);
    let mut arguments = format!("{}, {reason}", at.as_argument());
    if scene.maybe(30, "a sunset") {
        let when = scene.chance.of(&["'infinity'", "now() + interval '30 days'", "'2001-01-01'"]);
        arguments.push_str(&format!(", sunset_at => {when}"));
    }
    scene.call("spyne_deprecate", arguments)
}
