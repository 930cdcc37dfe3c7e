//! The guard triggers on governed tables and everything below them.

use serde::Deserialize;
use serde_json::json;

use super::sql;
use crate::guc;
use crate::pg::elevate;
use crate::report::OrRaise;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::state::StateSet;

/// An object that the running command has dropped.
#[derive(Deserialize)]
pub struct Dropped {
    pub oid: RelId,
    pub is_relation: bool,
    pub identity: String,
    /// Named in the command, not dropped along with something else.
    pub original: bool,
    pub temporary: bool,
    /// The trigger's name, for a trigger.
    pub trigger: Option<String>,
}

/// What the running command has dropped, in an event trigger for sql_drop.
pub fn dropped_objects() -> Vec<Dropped> {
    sql::read(
        "SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
             'oid', d.objid::pg_catalog.int8,
             'is_relation', d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid OPERATOR(pg_catalog.=) 0,
             'identity', d.object_identity, 'original', d.original, 'temporary', d.is_temporary,
             'trigger', CASE d.object_type WHEN 'trigger' THEN d.address_names[3] END))
         FROM pg_catalog.pg_event_trigger_dropped_objects() d
         WHERE $1 IS NOT NULL AND d.object_type IN ('table', 'foreign table', 'materialized view', 'trigger')",
        json!({}),
    )
    .or_raise()
    .unwrap_or_default()
}

/// The tables that lose something by the running command, in an event trigger for
/// sql_drop.
pub fn tables_with_losses() -> Vec<RelId> {
    elevate::run_prepared(|| {
        sql::read(
            "SELECT pg_catalog.jsonb_agg(t.oid::pg_catalog.int8)
             FROM spyne.tables_with_losses() t(oid) WHERE $1 IS NOT NULL AND t.oid IS NOT NULL",
            json!({}),
        )
    })
    .or_raise()
    .unwrap_or_default()
}

/// The tables that the running command has created or altered: by themselves,
/// by a trigger, constraint or index of theirs, by a type that a column has, or
/// along with a parent.
pub fn altered_relations() -> Vec<RelId> {
    // For whoever runs DDL, with a function that pins its search_path.
    elevate::run_prepared(|| {
        sql::read(
            "SELECT pg_catalog.jsonb_agg(DISTINCT t.oid::pg_catalog.int8)
             FROM spyne.altered_tables() t(oid) WHERE $1 IS NOT NULL",
            json!({}),
        )
    })
    .or_raise()
    .unwrap_or_default()
}

/// The relation and all that are below it: partitions and inheritance.
const TREE: &str = "WITH RECURSIVE tree(oid) AS (
    SELECT ($1 ->> 'oid')::oid
    UNION SELECT h.inhrelid FROM pg_inherits h JOIN tree t ON h.inhparent = t.oid)";

/// A guard in the tree of `relid` that is not what it was made as: disabled, or
/// replaced under its name; None where all are whole.
pub fn broken_guard(relid: RelId) -> Option<String> {
    elevate::run(guc::lock_timeout_ms(), || {
        sql::read(
            &format!(
                "{TREE} SELECT to_jsonb(g.tgname) FROM pg_trigger g JOIN tree t ON g.tgrelid = t.oid
                 WHERE starts_with(g.tgname, 'spyne_guard') AND NOT spyne.is_guard(g) LIMIT 1"
            ),
            json!({ "oid": relid.to_string() }),
        )
    })
    .or_raise()
}

/// Gives tables that have come under `relid` their guards.
pub fn install_on_new_children(relid: RelId, states: StateSet) {
    elevate::run(guc::lock_timeout_ms(), || install(relid, states)).or_raise();
}

/// A table of the tree, with the guards it has.
#[derive(Deserialize)]
struct Member {
    name: String,
    kind: String,
    guards: Vec<String>,
    /// Whether the table is a partition of another in the tree: row triggers
    /// come to it from there.
    partition: bool,
}

/// Makes the guards of a tree fit the state: statement triggers always, the
/// row trigger only where writes are forbidden. It is the one that logical
/// replication meets, and it costs nothing on tables that nobody may write to.
/// To be called while elevated.
pub fn install(relid: RelId, states: StateSet) -> Result<()> {
    let read_only = states.iter().any(|s| !s.properties().writable);
    for member in members(relid)? {
        let Member { name, kind, guards, partition } = member;
        let mut wanted = vec![("spyne_guard", "BEFORE INSERT OR UPDATE OR DELETE", "STATEMENT")];
        // Foreign tables have TRUNCATE triggers only from PostgreSQL 16 on.
        if kind != "f" {
            wanted.push(("spyne_guard_truncate", "BEFORE TRUNCATE", "STATEMENT"));
        }
        if read_only && !partition {
            wanted.push(("spyne_guard_row", "AFTER INSERT OR UPDATE OR DELETE", "ROW"));
        }
        for (trigger, when, level) in &wanted {
            if guards.iter().any(|g| g == trigger) {
                continue;
            }
            sql::run(&format!(
                "CREATE TRIGGER {trigger} {when} ON {name} FOR EACH {level} EXECUTE FUNCTION spyne.guard()"
            ))?;
            sql::run(&format!(
                "ALTER {} {name} ENABLE ALWAYS TRIGGER {trigger}",
                alter_kind(&kind)
            ))?;
        }
        let has_row_guard = guards.iter().any(|g| g == "spyne_guard_row");
        if has_row_guard && !read_only && !partition {
            sql::run(&format!("DROP TRIGGER spyne_guard_row ON {name}"))?;
        }
    }
    Ok(())
}

/// Takes the guards of a tree away. To be called while elevated.
pub fn remove(relid: RelId) -> Result<()> {
    // Row triggers of partitions go with their parent's, so the tree is read
    // anew after each table.
    for member in members(relid)? {
        for guard in member.guards {
            if guard == "spyne_guard_row" && member.partition {
                continue;
            }
            sql::run(&format!("DROP TRIGGER IF EXISTS {guard} ON {}", member.name))?;
        }
    }
    Ok(())
}

fn alter_kind(kind: &str) -> &'static str {
    match kind {
        "f" => "FOREIGN TABLE",
        _ => "TABLE",
    }
}

/// The tree's tables, parents first.
fn members(relid: RelId) -> Result<Vec<Member>> {
    let found: Option<Vec<Member>> = sql::read(
        &format!(
            "{TREE} SELECT jsonb_agg(jsonb_build_object(
                 'name', format('%I.%I', n.nspname, c.relname), 'kind', c.relkind, 'partition', c.relispartition AND c.oid <> ($1 ->> 'oid')::oid,
                 'guards', (SELECT coalesce(jsonb_agg(g.tgname), '[]') FROM pg_trigger g
                            WHERE g.tgrelid = c.oid AND g.tgfoid = 'spyne.guard()'::regprocedure)))
             FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'f')"
        ),
        json!({ "oid": relid.to_string() }),
    )?;
    Ok(found.unwrap_or_default())
}
