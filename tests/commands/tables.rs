//! Makes tables with all that can belong to them and depend on them.

use spyne_core::kernel::names::{Address, literal, quote, with_suffix};

use crate::scene::{OWNERS, READERS, Scene};

/// Makes a table of three columns (`_id`, its key, `_label` and `_amount`) with some rows.
pub fn make(scene: &mut Scene, at: &Address) {
    let (id, label, amount) = (scene.quoted("id"), scene.quoted("label"), scene.quoted("amount"));
    let key = scene.which(&["integer", "serial", "integer GENERATED ALWAYS AS IDENTITY"]);
    let table = at.quoted();
    let parted = scene.maybe(8, "partitioned");
    let by = if parted { format!(" PARTITION BY RANGE ({id})") } else { String::new() };
    scene.add(format!(
        "CREATE TABLE {table} ({id} {key} PRIMARY KEY, {label} text DEFAULT 'x' NOT NULL, {amount} numeric(10,2)){by}"
    ));
    if parted {
        scene.partitioned = true;
        let part = Address::new(&at.schema, with_suffix(&at.name, "part")).quoted();
        scene.add(format!("CREATE TABLE {part} PARTITION OF {table} DEFAULT"));
    }
    match key {
        "integer" => scene.add(format!(
            "INSERT INTO {table} ({id}, {amount}) SELECT g, g FROM generate_series(1, 20) g"
        )),
        _ => scene
            .add(format!("INSERT INTO {table} ({amount}) SELECT g FROM generate_series(1, 20) g")),
    }
    if scene.chance.in_hundred(50) {
        scene.add(format!("ANALYZE {table}"));
    }
}

/// Gives a table what belongs to its address: owner, grants, policies, comments, publications,
/// sequences, triggers, indexes.
pub fn dress(scene: &mut Scene, at: &Address) {
    let (id, label, amount) = (scene.quoted("id"), scene.quoted("label"), scene.quoted("amount"));
    let table = at.quoted();
    if scene.maybe(40, "an owner") {
        let owner = scene.chance.of(&OWNERS);
        scene.add(format!("ALTER TABLE {table} OWNER TO {owner}"));
    }
    if scene.maybe(50, "grants") {
        let (reader, other) = (scene.chance.of(&READERS), scene.chance.of(&READERS[1..]));
        scene.add(format!("GRANT SELECT, INSERT ON {table} TO {reader}"));
        scene.add(format!("GRANT UPDATE ({label}), SELECT ({id}, {amount}) ON {table} TO {other}"));
        if reader != "PUBLIC" {
            scene.add(format!("GRANT DELETE ON {table} TO {reader} WITH GRANT OPTION"));
        }
    }
    if scene.maybe(30, "row security") {
        let to = scene.chance.of(&["ENABLE", "FORCE"]);
        scene.add(format!("ALTER TABLE {table} {to} ROW LEVEL SECURITY"));
    }
    if scene.maybe(30, "policies") {
        let (policy, reader) = (scene.quoted("policy"), scene.chance.of(&READERS));
        let kind = scene.chance.of(&["PERMISSIVE", "RESTRICTIVE"]);
        scene.add(format!(
            "CREATE POLICY {policy} ON {table} AS {kind} TO {reader} USING ({label} <> current_user::text) WITH CHECK ({id} > 0)"
        ));
        scene.add(format!("CREATE POLICY more ON {table} FOR INSERT WITH CHECK ({amount} > 0)"));
    }
    if scene.maybe(30, "comments") {
        scene.add(format!("COMMENT ON TABLE {table} IS 'It''s \\ \" what'"));
        scene.add(format!("COMMENT ON COLUMN {table}.{label} IS 'a label'"));
    }
    if scene.maybe(25, "a publication") {
        let publication = scene.quoted("publication");
        let what = match scene.partitioned {
            true => "all of it",
            false => scene.which(&["all of it", "columns", "rows"]),
        };
        let rest = match what {
            "columns" => format!("({id}, {label})"),
            "rows" => format!("WHERE ({id} > 3)"),
            _ => String::new(),
        };
        let published = "WITH (publish = 'insert')";
        scene.add(format!("CREATE PUBLICATION {publication} FOR TABLE {table} {rest} {published}"));
    }
    if scene.maybe(20, "a replica identity") {
        let identity = scene.chance.of(&["FULL", "NOTHING", "USING INDEX"]);
        let index = match identity {
            "USING INDEX" => {
                let key = scene.quoted("key");
                scene.add(format!("ALTER TABLE {table} ADD CONSTRAINT {key} UNIQUE ({id})"));
                key
            }
            _ => String::new(),
        };
        scene.add(format!("ALTER TABLE {table} REPLICA IDENTITY {identity} {index}"));
    }
    if scene.maybe(25, "a trigger") {
        let (trigger, function) = (scene.quoted("trigger"), scene.at("fires").quoted());
        scene.add(format!(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
        ));
        scene.add(format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        ));
    }
    if scene.maybe(40, "an index") {
        let index = scene.quoted("index");
        scene.add(format!("CREATE INDEX {index} ON {table} (lower({label}))"));
    }
}

/// Makes objects that refer to a table, and stay or move when another table takes its
/// place.
pub fn depend(scene: &mut Scene, at: &Address) {
    foreign_keys(scene, at);
    views(scene, at);
    let (table, id) = (at.quoted(), scene.quoted("id"));
    if scene.maybe(10, "a rule elsewhere") {
        let other = scene.at("ruled").quoted();
        scene.add(format!("CREATE TABLE {other} (i integer)"));
        scene.add(format!(
            "CREATE RULE rule AS ON INSERT TO {other} DO ALSO UPDATE {table} SET {id} = {id} WHERE false"
        ));
    }
    if scene.maybe(10, "a function") {
        let function = scene.at("counts").quoted();
        scene.add(format!(
            "CREATE FUNCTION {function}() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM {table}; END"
        ));
    }
    if scene.maybe(10, "a policy elsewhere") {
        let other = scene.at("filtered").quoted();
        scene.add(format!("CREATE TABLE {other} (i integer)"));
        scene.add(format!(
            "CREATE POLICY theirs ON {other} USING (i IN (SELECT {id} FROM {table}))"
        ));
    }
}

fn foreign_keys(scene: &mut Scene, at: &Address) {
    let (table, id) = (at.quoted(), scene.quoted("id"));
    if scene.maybe(25, "a foreign key") {
        let (child, key) = (scene.at("child").quoted(), scene.quoted("fk"));
        let valid = scene.chance.of(&["", "NOT VALID", "ON DELETE CASCADE DEFERRABLE"]);
        let data_type = scene.chance.of(&["integer", "bigint"]);
        scene.add(format!("CREATE TABLE {child} (i integer, parent {data_type})"));
        scene.add(format!(
            "ALTER TABLE {child} ADD CONSTRAINT {key} FOREIGN KEY (parent) REFERENCES {table} {valid}"
        ));
    }
    if scene.maybe(8, "a foreign key of a partitioned table") {
        let child = scene.at("parted").quoted();
        scene.add(format!(
            "CREATE TABLE {child} (i integer, parent integer REFERENCES {table}) PARTITION BY RANGE (i)"
        ));
    }
    if scene.maybe(8, "a foreign key to itself") {
        scene.add(format!("ALTER TABLE {table} ADD FOREIGN KEY ({id}) REFERENCES {table}"));
    }
}

fn views(scene: &mut Scene, at: &Address) {
    let (id, label) = (scene.quoted("id"), scene.quoted("label"));
    let table = at.quoted();
    if scene.maybe(25, "a view") {
        let view = scene.at("view").quoted();
        let options = scene.chance.of(&["", "WITH (security_barrier = true)"]);
        let star = scene.chance.of(&["*", "id and label"]);
        let list = if star == "*" { "*".into() } else { format!("{id} AS a, {label} || 'x' AS b") };
        scene.add(format!("CREATE VIEW {view} {options} AS SELECT {list} FROM {table}"));
        if scene.maybe(50, "of somebody who may not create") {
            let owner = scene.chance.of(&OWNERS[1..]);
            scene.add(format!("GRANT SELECT ON {table} TO {owner}"));
            scene.add(format!("ALTER VIEW {view} OWNER TO {owner}"));
        }
        if scene.maybe(20, "a view on it") {
            let above = scene.at("above").quoted();
            scene.add(format!("CREATE VIEW {above} AS SELECT * FROM {view}"));
        }
    }
    if scene.maybe(20, "a materialized view") {
        let view = scene.at("mat").quoted();
        scene.add(format!(
            "CREATE MATERIALIZED VIEW {view} AS SELECT {id} AS a, lower({label}) AS b FROM {table}"
        ));
        scene.add(format!("CREATE UNIQUE INDEX ON {view} (a)"));
        scene.add(format!("COMMENT ON MATERIALIZED VIEW {view} IS 'kept'"));
        let reader = scene.chance.of(&READERS);
        scene.add(format!("GRANT SELECT ON {view} TO {reader}"));
        if scene.maybe(20, "a view on the materialized one") {
            let above = scene.at("abovemat").quoted();
            scene.add(format!("CREATE VIEW {above} AS SELECT * FROM {view}"));
        }
    }
}

/// Makes a table the ACTIVE version of its name.
pub fn activate(scene: &mut Scene, at: &Address, name: &str) {
    let table = at.as_argument();
    scene.add(format!(
        "SELECT FROM spyne_register({table}, name => {}, state => 'SHADOW')",
        literal(name)
    ));
    scene.add(format!(
        "SELECT FROM spyne_promote({table}, target_schema => {}, target_name => {})",
        literal(&at.schema),
        literal(&at.name)
    ));
}

/// Changes the governed view of a name, or makes a view that depends on it.
pub fn dress_view(scene: &mut Scene, name: &str) {
    let view = format!("governed.{}", quote(name));
    let id = scene.quoted("id");
    if scene.maybe(30, "grants on the governed view") {
        let reader = scene.chance.of(&READERS);
        scene.add(format!("GRANT SELECT ON {view} TO {reader}"));
        scene.add(format!("GRANT SELECT ({id}) ON {view} TO outsider"));
    }
    if scene.maybe(20, "a comment on the governed view") {
        scene.force(format!("COMMENT ON VIEW {view} IS 'ours'"));
        scene.force(format!("COMMENT ON COLUMN {view}.{id} IS 'a key'"));
    }
    if scene.maybe(15, "options of the governed view") {
        scene.force(format!("ALTER VIEW {view} SET (security_barrier = true)"));
    }
    if scene.maybe(15, "a view on the governed view") {
        let above = scene.at("upon").quoted();
        scene.add(format!("CREATE VIEW {above} AS SELECT * FROM {view}"));
    }
}

/// Gives a table some of what it would take over from the version that it replaces.
pub fn dress_lightly(scene: &mut Scene, at: &Address) {
    let table = at.quoted();
    let reader = scene.chance.of(&READERS);
    scene.add(format!("GRANT SELECT ON {table} TO {reader}"));
    scene.add(format!("CREATE POLICY own ON {table} USING (true)"));
    scene.add(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
    scene.add(format!("COMMENT ON TABLE {table} IS 'its own'"));
}

/// Promotes a shadow over the ACTIVE version. Where that is blocked, all stays as it is, which is a
/// situation too.
pub fn replace(scene: &mut Scene, shadow: &Address) {
    scene.add(format!(
        "DO $do$ BEGIN PERFORM spyne_promote({}, accept_breaking => true, dependents => 'repoint');
         EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END $do$",
        shadow.as_argument()
    ));
}

/// The version that was at `at` before another took its place, as an argument; where none has, the
/// one that is there still.
pub fn superseded(at: &Address) -> String {
    let parked = Address::new(&at.schema, with_suffix(&at.name, "__v1"));
    format!(
        "{{SELECT coalesce(to_regclass({}), to_regclass({}))::oid}}",
        literal(&parked.quoted()),
        literal(&at.quoted())
    )
}

/// Drops a column of a shadow, whose grants were revoked before.
pub fn lose_column(scene: &mut Scene, at: &Address) {
    if scene.maybe(20, "a column less since") {
        let amount = scene.quoted("amount");
        scene.add(format!("ALTER TABLE {} DROP COLUMN {amount} CASCADE", at.quoted()));
    }
}
