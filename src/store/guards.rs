//! The guard triggers on governed tables and everything below them, and what event
//! triggers can ask about the running command.

use serde::Deserialize;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use spyne_core::kernel::state::StateSet;

use super::query::{self, Query, Rights, Statement};
use crate::pg::elevate::Elevated;

/// An object that the running command has dropped.
#[derive(Deserialize)]
pub struct Dropped {
    pub oid: RelId,
    pub is_relation: bool,
    /// The schema of the table that was dropped, or that the dropped trigger was on.
    schema: String,
    name: String,
    /// Whether the command names the object, and has not dropped it along with another.
    pub original: bool,
    pub temporary: bool,
    /// The trigger's name, for a trigger.
    pub trigger: Option<String>,
}

impl Dropped {
    /// The address of the table.
    pub fn table(&self) -> Address {
        Address::new(&self.schema, &self.name)
    }
}

static DROPPED: Query<(), Dropped> =
    Query::read(include_str!("../../sql/queries/dropped_objects.sql"));

/// What the running command has dropped, in an event trigger for sql_drop.
pub fn dropped_objects(rights: &impl Rights) -> Result<Vec<Dropped>> {
    DROPPED.all(rights, ())
}

static LOSSES: Query<(), RelId> =
    Query::read("SELECT t.oid FROM spyne.tables_with_losses() t(oid) WHERE t.oid IS NOT NULL");

/// The tables that the running command takes something from, in an event trigger for
/// sql_drop.
pub fn tables_with_losses(elevated: &Elevated) -> Result<Vec<RelId>> {
    LOSSES.all(elevated, ())
}

static ALTERED: Query<(), RelId> =
    Query::read("SELECT DISTINCT t.oid FROM spyne.altered_tables() t(oid) WHERE t.oid IS NOT NULL");

/// The tables that the running command has created or altered: by themselves,
/// by a trigger, constraint or index of theirs, by a type that a column has, or
/// along with a parent.
pub fn altered_relations(elevated: &Elevated) -> Result<Vec<RelId>> {
    ALTERED.all(elevated, ())
}

static BROKEN: Query<(RelId,), String> =
    Query::read(include_str!("../../sql/queries/broken_guard.sql"));

/// A guard in the tree of `relid` that is disabled, or that another trigger has
/// replaced under its name; None where all are as they were made.
pub fn broken_guard(elevated: &Elevated, relid: RelId) -> Result<Option<String>> {
    BROKEN.maybe(elevated, (relid,))
}

/// A table of a tree of partitions or children, with the guards that it has.
#[derive(Deserialize)]
struct Member {
    schema: String,
    name: String,
    /// pg_class.relkind.
    kind: String,
    guards: Vec<String>,
    /// Whether the table is a partition of another in the tree, from which it gets its
    /// row triggers.
    partition: bool,
}

impl Member {
    fn quoted(&self) -> String {
        Address::new(&self.schema, &self.name).quoted()
    }

    fn has(&self, guard: &str) -> bool {
        self.guards.iter().any(|g| g == guard)
    }
}

static MEMBERS: Query<(RelId,), Member> =
    Query::read(include_str!("../../sql/queries/guarded_tree.sql"));

/// Makes the guards of a tree fit its state: statement triggers always, the row trigger
/// only where writes are forbidden. Logical replication fires the row trigger alone,
/// and it costs nothing on tables that nobody may write to.
pub fn install(elevated: &Elevated, relid: RelId, states: StateSet) -> Result<()> {
    let read_only = states.iter().any(|s| !s.properties().writable);
    for member in MEMBERS.all(elevated, (relid,))? {
        let mut wanted = vec![("spyne_guard", "BEFORE INSERT OR UPDATE OR DELETE", "STATEMENT")];
        // Foreign tables have TRUNCATE triggers only from PostgreSQL 16 on.
        if member.kind != "f" {
            wanted.push(("spyne_guard_truncate", "BEFORE TRUNCATE", "STATEMENT"));
        }
        if read_only && !member.partition {
            wanted.push(("spyne_guard_row", "AFTER INSERT OR UPDATE OR DELETE", "ROW"));
        }
        let table = member.quoted();
        for (trigger, when, level) in wanted.into_iter().filter(|(g, _, _)| !member.has(g)) {
            query::run(
                elevated,
                &format!(
                    "CREATE TRIGGER {trigger} {when} ON {table} FOR EACH {level} EXECUTE FUNCTION spyne.guard()"
                ),
            )?;
            let kind = if member.kind == "f" { "FOREIGN TABLE" } else { "TABLE" };
            query::run(elevated, &format!("ALTER {kind} {table} ENABLE ALWAYS TRIGGER {trigger}"))?;
        }
        if member.has("spyne_guard_row") && !read_only && !member.partition {
            query::run(elevated, &format!("DROP TRIGGER spyne_guard_row ON {table}"))?;
        }
    }
    Ok(())
}

/// Drops the guards of a tree.
pub fn remove(elevated: &Elevated, relid: RelId) -> Result<()> {
    for member in MEMBERS.all(elevated, (relid,))? {
        // Row triggers of partitions go with their parent's.
        let own = |guard: &&String| !(member.partition && *guard == "spyne_guard_row");
        for guard in member.guards.iter().filter(own) {
            let table = member.quoted();
            query::run(elevated, &format!("DROP TRIGGER IF EXISTS {guard} ON {table}"))?;
        }
    }
    Ok(())
}

/// The statements of this module. Some can run only inside an event trigger, so the
/// test prepares them and does not run them.
pub static STATEMENTS: &[&dyn Statement] = &[&DROPPED, &LOSSES, &ALTERED, &BROKEN, &MEMBERS];
