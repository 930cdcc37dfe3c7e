//! Situations of tables that come under governance and leave it, of shadows, and of the
//! system mode.

use spyne_core::kernel::names::{Address, literal, quote};

use crate::scene::{OWNERS, Scene, Situation};
use crate::tables;

/// Registration of everything that a relation may be, under names that are free and that are not.
pub fn register(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let at = relation(&mut scene);
    let mut arguments = vec![at.as_argument()];
    let name = match scene.which(&["its own name", "its own name", "another name", "a bad name"]) {
        "another name" => scene.name("logical"),
        "a bad name" => scene.chance.of(&["", " x", "x "]).to_string(),
        _ => at.name.clone(),
    };
    if name != at.name || scene.chance.in_hundred(20) {
        arguments.push(format!("name => {}", literal(&name)));
    }
    let state = match scene.chance.below(12) {
        0 => scene.which(&["ACTIVE", "DEPRECATED", "nothing"]),
        n if n < 6 => scene.which(&["SHADOW"]),
        _ => scene.which(&["READ_ONLY"]),
    };
    arguments.push(format!("state => {}", literal(state)));
    let owner = match scene.chance.below(16) {
        0 => "987654321".to_string(),
        1 => "NULL".to_string(),
        _ => literal(scene.chance.of(&OWNERS)),
    };
    arguments.push(format!("owner => {owner}"));
    let registered = scene.has("governed already") && name == at.name;
    if !registered && scene.maybe(40, "the name has versions") {
        versions(&mut scene, &name);
    }
    let roles = ["postgres", "admin", "engineer", "engineer"];
    scene.call_as(&roles, "spyne_register", arguments.join(", "))
}

/// Other tables under a name: with the same columns and with others.
fn versions(scene: &mut Scene, name: &str) {
    if name.trim() != name || name.is_empty() {
        return;
    }
    let other = scene.at("other");
    tables::make(scene, &other);
    if scene.chance.in_hundred(50) {
        let more = scene.quoted("more");
        scene.add(format!("ALTER TABLE {} ADD COLUMN {more} date", other.quoted()));
    }
    if scene.maybe(50, "of an engineer's") {
        scene.add(format!("ALTER TABLE {} OWNER TO engineer", other.quoted()));
    }
    let state = scene.which(&["READ_ONLY", "SHADOW", "ACTIVE", "DEPRECATED"]);
    let owner = scene.chance.of(&["postgres", "engineer"]);
    let given = format!("{}, name => {}, owner => '{owner}'", other.as_argument(), literal(name));
    match state {
        "READ_ONLY" => scene.add(format!("SELECT FROM spyne_register({given})")),
        _ => scene.add(format!("SELECT FROM spyne_register({given}, state => 'SHADOW')")),
    }
    if matches!(state, "ACTIVE" | "DEPRECATED") {
        scene.add(format!(
            "SELECT FROM spyne_promote({}, target_schema => {})",
            other.as_argument(),
            literal(&other.schema)
        ));
    }
    if state == "DEPRECATED" {
        scene.add(format!("SELECT FROM spyne_deprecate({}, 'old')", other.as_argument()));
    }
    if state != "SHADOW" {
        tables::dress_view(scene, name);
    }
}

/// A relation of some kind, which may be one that cannot be governed.
fn relation(scene: &mut Scene) -> Address {
    let at = scene.at("");
    let kind = match scene.chance.below(3) {
        0 => scene.which(&[
            "a view",
            "a materialized view",
            "a sequence",
            "a partition",
            "a temporary table",
            "a catalog",
            "spyne's own",
            "a foreign table",
            "governed already",
            "a composite type",
            "an index",
        ]),
        _ => "a table",
    };
    let (schema, name) = (quote(&at.schema), quote(&at.name));
    match kind {
        "a view" => scene.add(format!("CREATE VIEW {} AS SELECT 1 AS x", at.quoted())),
        "a materialized view" => {
            scene.add(format!("CREATE MATERIALIZED VIEW {} AS SELECT 1 AS x", at.quoted()))
        }
        "a sequence" => scene.add(format!("CREATE SEQUENCE {}", at.quoted())),
        "a composite type" => scene.add(format!("CREATE TYPE {} AS (x integer)", at.quoted())),
        "a temporary table" => {
            scene.add(format!("CREATE TABLE {} (x integer)", at.quoted()));
            // A temporary table is in a schema whose name is not known.
            scene.add(format!("CREATE TEMPORARY TABLE {name} (x integer)"));
        }
        "a catalog" => return Address::new("pg_catalog", "pg_class"),
        "spyne's own" => return Address::new("spyne", "tables"),
        "a foreign table" => {
            scene.add("CREATE FOREIGN DATA WRAPPER nothing");
            scene.add("CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing");
            scene.add(format!("CREATE FOREIGN TABLE {} (x integer) SERVER nowhere", at.quoted()));
        }
        "a partition" => {
            let parent = scene.at("parent").quoted();
            scene.add(format!("CREATE TABLE {parent} (i integer) PARTITION BY RANGE (i)"));
            scene.add(format!("CREATE TABLE {} PARTITION OF {parent} DEFAULT", at.quoted()));
        }
        _ => {
            tables::make(scene, &at);
            tables::dress(scene, &at);
        }
    }
    match kind {
        "governed already" => {
            scene.add(format!("SELECT FROM spyne_register({})", at.as_argument()));
        }
        "an index" => {
            let index = scene.name("also");
            let id = scene.quoted("id");
            scene.add(format!("CREATE INDEX {} ON {schema}.{name} ({id})", quote(&index)));
            return Address::new(&at.schema, index);
        }
        "a temporary table" => return Address::new("pg_temp", &at.name),
        _ => {}
    }
    if scene.chance.in_hundred(40) && matches!(kind, "a table" | "a materialized view") {
        let kind = if kind == "a table" { "TABLE" } else { "MATERIALIZED VIEW" };
        scene.add(format!("ALTER {kind} {} OWNER TO engineer", at.quoted()));
    }
    at
}

/// Registration of all tables of a schema, some of which cannot be.
pub fn register_schema(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    for suffix in ["", "two", "three"] {
        let at = scene.at(suffix);
        // Columns have the same names in each; indexes and sequences come from the table's.
        tables::make(&mut scene, &at);
        let stands = scene.chance.below(5);
        if stands == 0 {
            scene.add(format!("SELECT FROM spyne_register({})", at.as_argument()));
        }
        if stands == 1 {
            scene.add(format!("ALTER TABLE {} OWNER TO engineer", at.quoted()));
        }
        if stands == 2 {
            let elsewhere = Address::new("elsewhere", &at.name).quoted();
            scene.add("CREATE SCHEMA IF NOT EXISTS elsewhere");
            scene.add(format!("CREATE TABLE {elsewhere} (i integer)"));
            scene.add(format!("SELECT FROM spyne_register({})", literal(&elsewhere)));
        }
    }
    let schema = match scene.chance.below(10) {
        0 => "987654321".to_string(),
        _ => literal(&scene.schema()),
    };
    let state = scene.which(&["READ_ONLY", "SHADOW", "READ_ONLY", "SHADOW", "ACTIVE"]);
    let roles = ["postgres", "admin", "engineer"];
    scene.call_as(&roles, "spyne_register_schema", format!("{schema}, state => '{state}'"))
}

/// The end of governance: of the last version and of one of several, in every state.
pub fn unregister(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let (name, at) = (scene.name(""), scene.at(""));
    tables::make(&mut scene, &at);
    tables::dress(&mut scene, &at);
    let state = scene.which(&["READ_ONLY", "SHADOW", "ACTIVE", "DEPRECATED", "superseded", "none"]);
    match state {
        "READ_ONLY" | "SHADOW" => scene
            .add(format!("SELECT FROM spyne_register({}, state => '{state}')", at.as_argument())),
        "none" => {}
        _ => tables::activate(&mut scene, &at, &name),
    }
    let mut taken = at.as_argument();
    match state {
        "DEPRECATED" => {
            scene.add(format!("SELECT FROM spyne_deprecate({}, 'old')", at.as_argument()));
        }
        "superseded" => {
            let newer = scene.at("newer");
            tables::make(&mut scene, &newer);
            scene.add(format!(
                "SELECT FROM spyne_register({0}, name => {1}, state => 'SHADOW')",
                newer.as_argument(),
                literal(&name)
            ));
            tables::replace(&mut scene, &newer);
            taken = tables::superseded(&at);
        }
        _ => {}
    }
    if state != "none" && scene.maybe(40, "another version") {
        let other = scene.at("next");
        tables::make(&mut scene, &other);
        if scene.maybe(50, "with other columns") {
            let label = scene.quoted("label");
            scene.add(format!("ALTER TABLE {} DROP COLUMN {label}", other.quoted()));
        }
        let as_what = scene.chance.of(&["SHADOW", "READ_ONLY"]);
        // A second READ_ONLY version has no place beside a first.
        let as_what = if state == "READ_ONLY" { "SHADOW" } else { as_what };
        scene.add(format!(
            "SELECT FROM spyne_register({}, name => {}, state => '{as_what}')",
            other.as_argument(),
            literal(&name)
        ));
    }
    if !matches!(state, "none" | "SHADOW") {
        tables::dress_view(&mut scene, &name);
    }
    if !matches!(state, "none" | "superseded") && scene.maybe(6, "the table is gone") {
        scene.add("SET spyne.enforcement = off");
        scene.add(format!("DROP TABLE {} CASCADE", at.quoted()));
        scene.add("RESET spyne.enforcement");
        let oid = format!(
            "{{SELECT relation::oid FROM spyne.tables t WHERE logical_name = {} AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation)}}",
            literal(&name)
        );
        return scene.call("spyne_unregister", format!("{oid}, 'it is gone'"));
    }
    let mut arguments = taken;
    if scene.maybe(60, "a reason") {
        arguments.push_str(", reason => 'It''s over'");
    }
    if scene.maybe(50, "override") {
        arguments.push_str(", override => true");
    }
    let roles = ["postgres", "admin", "admin", "engineer"];
    scene.call_as(&roles, "spyne_unregister", arguments)
}

/// Shadows of a name and of a model.
pub fn create_shadow(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let (name, at) = (scene.name(""), scene.at(""));
    tables::make(&mut scene, &at);
    let (id, label) = (scene.quoted("id"), scene.quoted("label"));
    if scene.maybe(30, "with checks and expressions") {
        let table = at.quoted();
        scene.add(format!("ALTER TABLE {table} ADD CHECK ({label} <> ''), ADD COLUMN g integer GENERATED ALWAYS AS ({id} * 2) STORED"));
        scene.add(format!("CREATE INDEX ON {table} (lower({label})) WHERE {id} > 1"));
        scene.add(format!(
            "CREATE STATISTICS {} ON {id}, {label} FROM {table}",
            scene.at("stats").quoted()
        ));
    }
    if scene.maybe(30, "with a foreign key") {
        let (parent, table) = (scene.at("parent").quoted(), at.quoted());
        scene.add(format!("CREATE TABLE {parent} (i integer PRIMARY KEY)"));
        let valid = if scene.partitioned { "" } else { "NOT VALID" };
        scene.add(format!("INSERT INTO {parent} SELECT generate_series(1, 20)"));
        scene
            .add(format!("ALTER TABLE {table} ADD FOREIGN KEY ({id}) REFERENCES {parent} {valid}"));
        if scene.maybe(50, "that others may refer to") {
            scene.add(format!("GRANT REFERENCES ON {parent} TO PUBLIC"));
        }
    }
    if scene.maybe(15, "with a foreign key to itself") {
        let table = at.quoted();
        scene.add(format!("ALTER TABLE {table} ADD FOREIGN KEY ({id}) REFERENCES {table}"));
    }
    if scene.maybe(10, "with a type of its own") {
        let kind = scene.at("kind").quoted();
        scene.add(format!("CREATE TYPE {kind} AS ENUM ('a')"));
        if scene.maybe(50, "that is closed") {
            scene.add(format!("REVOKE USAGE ON TYPE {kind} FROM PUBLIC"));
        }
        scene.add(format!("ALTER TABLE {} ADD COLUMN k {kind}", at.quoted()));
    }
    if scene.maybe(70, "open to all") {
        scene.add(format!("GRANT SELECT ON {} TO PUBLIC", at.quoted()));
    }
    match scene.which(&["READ_ONLY", "ACTIVE", "SHADOW", "none", "ACTIVE"]) {
        "ACTIVE" => tables::activate(&mut scene, &at, &name),
        "none" => {}
        state => scene
            .add(format!("SELECT FROM spyne_register({}, state => '{state}')", at.as_argument())),
    }
    if scene.maybe(12, "there is one already") {
        scene.add(format!("CREATE TABLE {} (i integer)", scene.shadow("").quoted()));
    }
    if scene.schema() != quote("public") && scene.maybe(15, "the schema is closed") {
        scene.add(format!("REVOKE USAGE ON SCHEMA {} FROM PUBLIC", scene.schema()));
    }
    let mut arguments = match scene.chance.below(14) {
        0 => "''".to_string(),
        1 => "NULL".to_string(),
        2 => "'nobody knows it'".to_string(),
        _ => literal(&name),
    };
    if scene.maybe(40, "a model") {
        let model =
            match scene.which(&["the table", "the table", "a view", "a catalog", "a parent"]) {
                "a view" => {
                    let view = scene.at("view");
                    scene.add(format!("CREATE VIEW {} AS SELECT 1 AS x", view.quoted()));
                    view
                }
                "a catalog" => Address::new("pg_catalog", "pg_class"),
                _ => at,
            };
        arguments.push_str(&format!(", like_relation => {}", model.as_argument()));
    }
    if scene.maybe(10, "in READ_ONLY mode") {
        scene.add("SELECT FROM spyne_set_system_mode('READ_ONLY', 'a scene')");
    }
    let roles = ["postgres", "admin", "engineer", "engineer"];
    scene.call_as(&roles, "spyne_create_shadow", arguments)
}

/// Changes of the system mode.
pub fn set_system_mode(number: usize) -> Situation {
    let mut scene = Scene::new(number);
    let mode = scene.which(&["'INGESTION_READY'", "'READ_ONLY'", "'read_only'", "'x'", "NULL"]);
    let reason = scene.which(&["'why'", "'why'", "'It''s \\ \"so\"'", "' '", "NULL"]);
    scene.call("spyne_set_system_mode", format!("{mode}, {reason}"))
}
