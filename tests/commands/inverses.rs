//! Operations that can be undone, each on objects with odd names.

use postgres::Client;
use spyne_core::kernel::names::{Address, quote};
use spyne_core::lifecycle::plan::facts::{Grant, Publication, RowPolicy};
use spyne_core::lifecycle::plan::op::{Op, RelationKind, RowSecurity, RunsAs, Target};
use spyne_tests::fixture::{rows, run};

/// The state of the objects in the catalogs, without traces that a change and its
/// inverse leave behind, such as a list of privileges that says the same as none.
const STATE: &str = "
    SELECT 'relation ' || concat_ws('/', oid, relname, relnamespace, relkind, relowner, relrowsecurity, relforcerowsecurity)
        FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'Undo%')
    UNION ALL SELECT 'type ' || concat_ws('/', oid, typname, typnamespace) FROM pg_type WHERE oid >= 16384 AND typrelid <> 0
    UNION ALL SELECT 'grant ' || concat_ws('/', c.oid, x.grantee, x.privilege_type, x.is_grantable)
        FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x WHERE c.oid >= 16384 AND c.relkind = 'r'
    UNION ALL SELECT 'grant ' || concat_ws('/', n.oid, x.grantee, x.privilege_type, x.is_grantable)
        FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
    UNION ALL SELECT 'policy ' || concat_ws('/', polname, polrelid, polcmd, polpermissive, polroles::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy WHERE polrelid >= 16384
    UNION ALL SELECT 'publication ' || concat_ws('/', prpubid, prrelid, pg_get_expr(prqual, prrelid), prattrs::text) FROM pg_publication_rel
    ORDER BY 1";

const SETUP: &str = r#"
    CREATE SCHEMA "Undo it"; CREATE SCHEMA "Undo's other";
    CREATE TABLE "Undo it"."Order Lines" ("the id" integer PRIMARY KEY, label text);
    CREATE TABLE "Undo it".forced ("the id" integer);
    ALTER TABLE "Undo it".forced ENABLE ROW LEVEL SECURITY; ALTER TABLE "Undo it".forced FORCE ROW LEVEL SECURITY;
    CREATE SEQUENCE "Undo it"."a ""sequence""";
    CREATE VIEW "Undo it"."v1.5" AS SELECT 1 AS x;
    CREATE MATERIALIZED VIEW "Undo it"."mat" AS SELECT 1 AS x;
    CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
    CREATE FOREIGN TABLE "Undo it"."far" (x integer) SERVER nowhere;
    CREATE PUBLICATION "the pub" WITH (publish = 'insert');"#;

fn at(name: &str) -> Address {
    Address::new("Undo it", name)
}

fn table() -> Address {
    at("Order Lines")
}

/// Every operation that has an inverse, on every kind of object that it can be about.
fn operations() -> Vec<Op> {
    let objects = [
        (RelationKind::Table, "Order Lines"),
        (RelationKind::ForeignTable, "far"),
        (RelationKind::MaterializedView, "mat"),
        (RelationKind::View, "v1.5"),
        (RelationKind::Sequence, r#"a "sequence""#),
        (RelationKind::Index, "Order Lines_pkey"),
    ];
    let mut all = Vec::new();
    for (kind, name) in objects {
        let to = format!("{name}'s \\ new");
        all.push(Op::Rename { kind, at: at(name), to });
        // An index moves along with its table.
        if kind != RelationKind::Index {
            all.push(Op::SetSchema { kind, at: at(name), schema: "Undo's other".into() });
        }
    }
    for (name, to) in [
        ("Order Lines", RowSecurity::Enable),
        ("Order Lines", RowSecurity::Force),
        ("forced", RowSecurity::Disable),
        ("forced", RowSecurity::NoForce),
    ] {
        all.push(Op::SetRowSecurity { at: at(name), to });
    }
    let grant = |grantee: Option<&str>, privilege: &str, grantable: bool| Grant {
        grantee: grantee.map(str::to_string),
        privilege: privilege.to_string(),
        grantable,
        column: None,
    };
    let on = || Target::Table(table());
    all.push(Op::Grant { grant: grant(Some("App Owner"), "SELECT", false), on: on() });
    all.push(Op::Grant { grant: grant(Some("App Owner"), "DELETE", true), on: on() });
    all.push(Op::Grant { grant: grant(None, "INSERT", false), on: on() });
    let schema = Target::Schema("Undo it".into());
    all.push(Op::Grant { grant: grant(Some("App Owner"), "CREATE", false), on: schema });
    for (columns, filter) in [
        (None, None),
        (Some(vec!["the id".to_string()]), None),
        (None, Some(r#""the id" > 3"#.to_string())),
    ] {
        let name = "the pub".to_string();
        let publication = Publication { name, columns, filter, ..Publication::default() };
        all.push(Op::JoinPublication { publication, at: table() });
    }
    for permissive in [true, false] {
        let policy = RowPolicy {
            name: r#"it's "mine""#.into(),
            permissive,
            command: "ALL".into(),
            roles: vec![Some("App Owner".into()), None],
            using: Some(r#""the id" > 0"#.into()),
            with_check: Some("label <> 'x'".into()),
            ..RowPolicy::default()
        };
        all.push(Op::MakePolicy { policy, at: table(), owner: "postgres".into() });
    }
    all.push(Op::MakeMaterializedView {
        view: at("a \"new\" one"),
        options: vec!["autovacuum_enabled=false".into()],
        body: r#"SELECT "the id" FROM "Undo it"."Order Lines";"#.into(),
        owner: "postgres".into(),
    });
    all
}

/// Undoes each operation. Returns the names of those that were tried, as in JSON.
pub fn undo_all(client: &mut Client) -> Vec<String> {
    let mut tried = Vec::new();
    for op in operations() {
        let back = op.inverse().unwrap_or_else(|| panic!("no inverse: {op:?}"));
        let [sql, undo] = [&op, &back].map(|op| op.sql().expect("a statement"));
        run(client, "BEGIN");
        run(client, SETUP);
        let before = rows(client, STATE);
        if let RunsAs::Owner(owner) = op.runs_as() {
            run(client, &format!("SET LOCAL ROLE {}", quote(owner)));
        }
        run(client, &sql);
        run(client, "SET LOCAL ROLE NONE");
        let between = rows(client, STATE);
        assert_ne!(between, before, "it changes nothing: {sql}");
        run(client, &undo);
        let after = rows(client, STATE);
        assert_eq!(after, before, "{sql}\nis not undone by {undo}");
        run(client, "ROLLBACK");
        let name = serde_json::to_value(&op).expect("JSON");
        tried.extend(name.as_object().and_then(|object| object.keys().next()).cloned());
    }
    tried
}
