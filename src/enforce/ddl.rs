//! What DDL may do to a governed table.

use super::words::catalog_write;
use super::{check, evaluation, refuse, shards};
use crate::pg::cache::{self, Guard};
use crate::pg::frames::{self, Dropping};
use crate::pg::policy::{Kind, ObjectEvent, Statement, Touched};
use crate::pg::{catalogs, elevate, users};
use spyne_core::gate::access::Access;
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::RelationName;
use spyne_core::kernel::state::State;

/// The names of the triggers that spyne puts on governed tables begin so.
pub(super) const GUARD_PREFIX: &str = "spyne_guard";

/// Checks one change of an object, and refuses it where a rule forbids it.
pub(super) fn object(event: ObjectEvent) {
    if elevate::at_work() || elevate::installing() {
        return;
    }
    match event {
        ObjectEvent::DropRelation(relid) => drop_relation(relid),
        ObjectEvent::AlterRelation { relid, internal } => identity(relid, internal),
        ObjectEvent::CreateRelation(relid) => evaluation::relation(relid),
        ObjectEvent::AlterColumn(relid) => {
            column(relid);
            evaluation::column(relid);
        }
        ObjectEvent::DropColumn(relid, number) => {
            column(relid);
            evaluation::column_dropped(relid, number);
        }
        ObjectEvent::Constrain { constraint, created } => {
            evaluation::constraint(constraint, created);
        }
        ObjectEvent::SetDefault(oid) => evaluation::generated(oid),
        ObjectEvent::CreateStatistics(oid) => evaluation::statistics(oid),
        ObjectEvent::Compute { relid, computing } => evaluation::computed(relid, computing),
        ObjectEvent::Lock { relid, shared } => evaluation::locked(relid, shared),
        ObjectEvent::Truncate(relid) => truncate(relid),
        ObjectEvent::DropTrigger(oid) => drop_trigger(oid),
        ObjectEvent::AlterTrigger(oid) => trigger(oid, false),
        // CREATE OR REPLACE TRIGGER reaches a guard that is there already.
        ObjectEvent::CreateTrigger(oid) => {
            trigger(oid, true);
            shards::trigger_made(oid);
        }
        ObjectEvent::Inherit { child, parent } => inherit(child, parent),
        ObjectEvent::AlterSchema(schema) => schema_identity(schema),
        ObjectEvent::DefineView { schema } => define_view(schema),
        ObjectEvent::ConstrainDomain(domain) => evaluation::domain(domain, &[]),
        ObjectEvent::DropIndexConcurrently(index) => drop_index_concurrently(index),
        ObjectEvent::CallOnShards { call, table } => shards::called(call, table),
        ObjectEvent::AlterEnded => super::drift::bring_back_views(),
        ObjectEvent::RemakeColumns(relid) => super::drift::set_view_aside(relid),
    }
}

/// Checks TRUNCATE, which is a write and needs a preview like any other.
fn truncate(relid: RelId) {
    let touched = vec![Touched::directly(relid, Access::Write)];
    super::statement(&Statement::plain(touched, Kind::Copy, frames::utility_text()));
}

/// Refuses DROP INDEX CONCURRENTLY of a unique index of a table that is in use. It runs
/// in several transactions, so it has to be refused before the first.
fn drop_index_concurrently(index: RelId) {
    let Some(table) = catalogs::table_of_index(index).filter(|t| cache::governed_itself(*t)) else {
        return;
    };
    let states = cache::guard_of(table).states();
    let in_use = states.iter().any(|s| matches!(s, State::Active | State::Deprecated));
    if !in_use || !catalogs::is_unique_index(index) {
        return;
    }
    let (at, index) = (catalogs::relation_name(table), catalogs::relation_name(index));
    let denial = Denial::told(
        Rule::DriftBreaking,
        format!("cannot drop unique index {index} of {at} concurrently"),
        "Joins on it may multiply rows without it, and ON CONFLICT fails; half of the work would be done when that shows.",
        "Promote a version without it; or, as an administrator, in a transaction: SET LOCAL spyne.allow_breaking_ddl = on; and DROP INDEX without CONCURRENTLY.",
    );
    refuse(denial.about(table));
}

fn drop_relation(relid: RelId) {
    if let Some(table) = catalogs::table_of_index(relid) {
        return super::drift::note_touched(table);
    }
    governed_view(relid);
    let guard = cache::guard_of(relid);
    if cache::governed_itself(relid) {
        refuse(cannot_drop(&catalogs::relation_name(relid)).about(relid));
    } else if !guard.is_none() && guard != Guard::CATALOG {
        // A partition takes its rows with it.
        check(relid, Access::Write);
    }
}

/// Refuses to drop a governed view while its table is governed. DROP COLUMN or DROP
/// TYPE with CASCADE would otherwise take the view from its readers unnoticed.
fn governed_view(relid: RelId) {
    if is_governed_view(relid) && frames::dropping() != Dropping::Spyne {
        refuse(stays(&catalogs::relation_name(relid)).about(relid));
    }
}

fn is_governed_view(relid: RelId) -> bool {
    catalogs::kind_of(relid) == Some(b'v')
        && catalogs::schema_oid("governed") == Some(catalogs::namespace_of(relid))
}

/// Refuses views that users define in the schema `governed`, because spyne trusts what
/// is there as its own.
fn define_view(schema: u32) {
    if schema == 0 || catalogs::schema_oid("governed") != Some(schema) {
        return;
    }
    refuse(Denial::told(
        Rule::DdlGovernedSchema,
        "cannot define a view in schema governed",
        "The views in it are spyne's: one for each governed table, and readers trust them.",
        "Make the view in another schema; spyne_register and spyne_promote make those in governed.",
    ));
}

fn stays(view: &RelationName) -> Denial {
    Denial::told(
        Rule::DdlView,
        format!("cannot drop or change governed view {view}"),
        "It is the approved way to read its table, and stays as it is while the table is governed.",
        "Unregister the table, or promote a version without the column that is to go.",
    )
}

pub(super) fn cannot_drop(table: &RelationName) -> Denial {
    if frames::dropping() == Dropping::Spyne {
        return Denial::told(
            Rule::DdlExtension,
            "cannot drop the extension while tables are governed",
            format!("CASCADE would end the governance of {table} without a word on record."),
            "First unregister each table: SELECT spyne_unregister(relation, 'reason', override => true) FROM spyne.tables;",
        );
    }
    Denial::told(
        Rule::DdlDrop,
        format!("cannot drop governed table {table}"),
        "A governed table is dropped only after it has been unregistered; CASCADE and DROP OWNED change nothing about that.",
        format!("First run: SELECT * FROM spyne_unregister({}, 'reason');", table.as_argument()),
    )
}

/// Refuses to alter or drop columns of spyne's catalog and of governed views.
fn column(relid: RelId) {
    catalog(relid);
    governed_view(relid);
}

/// Refuses to alter spyne's catalog, except for CREATE, ALTER and DROP EXTENSION.
fn catalog(relid: RelId) {
    if cache::guard_of(relid) == Guard::CATALOG && frames::dropping() != Dropping::Spyne {
        refuse(catalog_write(relid));
    }
}

/// Refuses another name, schema or owner for a governed table, which only a promotion
/// gives.
fn identity(relid: RelId, internal: bool) {
    // VACUUM FULL and CLUSTER change nothing but the file, in spyne's catalog as elsewhere.
    if !internal || frames::dropping() == Dropping::Columns {
        catalog(relid);
    }
    let view = is_governed_view(relid);
    if !view && !cache::governed_itself(relid) {
        return;
    }
    let (Some(before), Some(after)) =
        (catalogs::identity(relid, false), catalogs::identity(relid, true))
    else {
        return;
    };
    if before == after {
        return;
    }
    let table = catalogs::relation_name(relid);
    if view {
        return refuse(stays(&table).about(relid));
    }
    let what = match () {
        () if before.name != after.name => "rename",
        () if before.schema != after.schema => "move",
        () => "change the owner of",
    };
    let denial = Denial::told(
        Rule::DdlIdentity,
        format!("cannot {what} governed table {table}"),
        "The name, schema and owner of a governed table are part of what it promises to its readers; they change only by promotion.",
        format!(
            "Unregister it first: SELECT * FROM spyne_unregister({}, 'reason'); then register it again.",
            table.as_argument()
        ),
    );
    refuse(denial.about(relid));
}

/// Checks the drop of a trigger. A guard trigger stays where DROP TRIGGER names it; one
/// that goes along with its table is judged as a drop of the table.
fn drop_trigger(oid: u32) {
    if frames::dropping() == Dropping::Trigger {
        return trigger(oid, false);
    }
    let Some((relid, name)) = catalogs::trigger(oid, false) else {
        return;
    };
    catalog(relid);
    if name.starts_with(GUARD_PREFIX) {
        drop_relation(relid);
    }
}

fn trigger(oid: u32, newest: bool) {
    let Some((relid, name)) = catalogs::trigger(oid, newest) else {
        return;
    };
    catalog(relid);
    if name.starts_with(GUARD_PREFIX) && !cache::guard_of(relid).is_none() {
        refuse(guards_stay(&catalogs::relation_name(relid), &name).about(relid));
    }
}

pub(super) fn guards_stay(table: &RelationName, trigger: &str) -> Denial {
    Denial::told(
        Rule::DdlGuards,
        format!("cannot change trigger {trigger} of governed table {table}"),
        "It holds the write rules where the library is not preloaded.",
        format!(
            "To end governance of the table: SELECT * FROM spyne_unregister({}, 'reason');",
            table.as_argument()
        ),
    )
}

/// Checks a partition that is attached or detached: its rows come or go, which is a
/// write to the parent.
fn inherit(child: RelId, parent: RelId) {
    check(parent, Access::Write);
    let partitioned = catalogs::kind_of(parent) == Some(b'p');
    if partitioned && cache::governed_itself(child) {
        let table = catalogs::relation_name(child);
        let denial = Denial::told(
            Rule::DdlPartition,
            format!("cannot make governed table {table} a partition"),
            "Rows routed through its parent would reach it past its own state; what is governed is the parent.",
            format!(
                "Unregister it first: SELECT * FROM spyne_unregister({}, 'reason');",
                table.as_argument()
            ),
        );
        refuse(denial.about(child));
    }
}

fn schema_identity(schema: u32) {
    let ours = ["spyne", "spyne_shadow", "governed"]
        .into_iter()
        .any(|name| catalogs::schema_oid(name) == Some(schema));
    let holds = cache::governed_relations()
        .into_iter()
        .filter(|r| catalogs::namespace_of(*r) == schema)
        .min();
    // Only a new name matters; a new owner or grants do not reach the tables.
    if !catalogs::schema_renamed(schema) {
        return;
    }
    let detail = match (ours, holds) {
        (true, _) => "The schema is spyne's own.".to_string(),
        (_, Some(relid)) => {
            format!("It holds the governed table {}.", catalogs::relation_name(relid))
        }
        _ => return,
    };
    refuse(Denial::told(
        Rule::DdlSchema,
        "cannot rename a schema that holds governed tables",
        detail,
        format!(
            "Unregister the tables first, as an administrator; you are {}.",
            users::name(users::current())
        ),
    ));
}
