//! The guard triggers and event triggers, which enforce the rules where the library is
//! not preloaded. The first of them that is called in a session loads the library, and
//! from then on the hooks enforce the rules too.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::{check, ddl, drift, refuse};
use crate::guc::{self, Enforcement};
use crate::pg::elevate::{elevated, elevated_unpinned};
use crate::pg::{cache, catalogs, elevate, frames, trigger};
use crate::report::{self, OrRaise};
use crate::store::guards as store;
use spyne_core::gate::access::Access;
use spyne_core::kernel::error::{Code, SpyneError};

fn misuse(name: &str) -> ! {
    report::raise(SpyneError::new(
        Code::WrongObjectType,
        format!("{name} was not called by a trigger"),
        "It is the function of the triggers that spyne puts on governed tables.",
        "Do not call it.",
    ))
}

/// The row and statement trigger on governed tables: checks each write by the rules.
#[pg_extern(sql = "
CREATE FUNCTION spyne.guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn guard_trigger(call: pg_sys::FunctionCallInfo) {
    match trigger::relation(call) {
        Some(relid) if guc::enforcement() != Enforcement::Off => check(relid, Access::Write),
        Some(_) => {}
        None => misuse("spyne.guard"),
    }
}

/// The trigger on spyne.tables: tells all back ends that governance has changed.
#[pg_extern(sql = "
CREATE FUNCTION spyne.notice() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn notice_trigger(call: pg_sys::FunctionCallInfo) {
    match trigger::relation(call) {
        Some(_) => cache::invalidate_everywhere(),
        None => misuse("spyne.notice"),
    }
}

/// The event trigger on sql_drop: refuses to drop governed tables and their guards.
#[pg_extern(sql = "
CREATE FUNCTION spyne.guard_drop() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn guard_drop(call: pg_sys::FunctionCallInfo) {
    if !trigger::by_event(call) {
        misuse("spyne.guard_drop");
    }
    if idle() {
        return;
    }
    elevated_unpinned(|e| store::tables_with_losses(e))
        .or_raise()
        .into_iter()
        .for_each(drift::note_touched);
    for dropped in elevated_unpinned(|e| store::dropped_objects(e)).or_raise() {
        let table = dropped.table().into();
        if dropped.is_relation && cache::governed_itself(dropped.oid) {
            refuse(ddl::cannot_drop(&table).about(dropped.oid));
        }
        // The row guard exists in the states that forbid writes. It goes along with its
        // table only where somebody drops a partition of such a table.
        let guard = dropped.trigger.as_deref().unwrap_or_default();
        let by_name = dropped.original && guard.starts_with(ddl::GUARD_PREFIX);
        let with_partition = guard == "spyne_guard_row";
        if (by_name || with_partition) && !dropped.temporary {
            refuse(ddl::guards_stay(&table, guard));
        }
    }
}

/// The event trigger on ddl_command_end: puts the guards on all governed tables, also
/// on new partitions, and settles what the command has done to their shapes.
#[pg_extern(sql = "
CREATE FUNCTION spyne.guard_ddl() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn guard_ddl(call: pg_sys::FunctionCallInfo) {
    if !trigger::by_event(call) {
        misuse("spyne.guard_ddl");
    }
    if idle() {
        return;
    }
    if !cache::touched_bound() && !frames::has_losses() && !trigger::alters_type(call) {
        return;
    }
    let altered = elevated_unpinned(|e| store::altered_relations(e)).or_raise();
    let mut touched = frames::take_losses();
    touched.extend(&altered);
    touched.sort_unstable();
    touched.dedup();
    for relid in altered {
        let guard = cache::guard_of(relid);
        if guard.is_none() || guard == cache::Guard::CATALOG {
            continue;
        }
        if let Some(broken) = elevated(|e| store::broken_guard(e, relid)).or_raise() {
            refuse(ddl::guards_stay(&catalogs::relation_name(relid), &broken).about(relid));
        }
        elevated(|e| store::install(e, relid, guard.states())).or_raise();
    }
    drift::after_ddl(&touched);
}

/// Whether there is nothing to check: spyne itself is at work, the extension is not
/// installed, or enforcement is off.
fn idle() -> bool {
    elevate::at_work()
        || elevate::installing()
        || guc::enforcement() == Enforcement::Off
        || !cache::installed()
}
