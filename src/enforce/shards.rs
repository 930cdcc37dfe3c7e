//! What Citus may do to a governed table, as far as this server sees it: whether its rows go
//! into shards, and what is done to those.

use super::{check, refuse};
use crate::pg::{cache, catalogs, citus};
use spyne_core::gate::access::Access;
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::gate::shards::Call;
use spyne_core::kernel::ids::RelId;

/// Judges the call of a function of Citus's. What it runs on the shards is a write, since
/// nobody here sees what it is.
pub(super) fn called(call: Call, table: Option<RelId>) {
    match (call, table) {
        (Call::Distribute, Some(table)) if cache::governed_itself(table) => {
            refuse(moves(table).about(table));
        }
        // Where the table cannot be told, its trigger or its DROP tells.
        (Call::Distribute, _) => {}
        (Call::Drop, Some(table)) if cache::guard_of(table).is_governed() => {
            refuse(drops(table).about(table));
        }
        (Call::Drop, Some(_)) => {}
        (Call::Command, Some(table)) => check(table, Access::Write),
        (Call::Drop | Call::Command, None) => {
            let governed = cache::governed_relations().into_iter();
            if let Some(table) = governed.filter(|table| citus::holds(*table)).min() {
                refuse(untold(table).about(table));
            }
        }
    }
}

/// Citus puts a trigger on a table that it takes, before it makes shards: whoever asks it to,
/// and by whatever function.
pub(super) fn trigger_made(trigger: u32) {
    if !citus::made_trigger(trigger) {
        return;
    }
    let table = catalogs::trigger(trigger, true).map(|(table, _)| table);
    if let Some(table) = table.filter(|table| cache::governed_itself(*table)) {
        refuse(moves(table).about(table));
    }
}

fn moves(table: RelId) -> Denial {
    let at = catalogs::relation_name(table);
    Denial::told(
        Rule::DdlShards,
        format!("cannot move the rows of governed table {at} into shards, or out of them"),
        "Who uses a shard by its own name, or by another server, passes by what governs the table here.",
        format!(
            "Unregister it first: SELECT * FROM spyne_unregister({}, 'reason');",
            at.as_argument()
        ),
    )
}

fn drops(table: RelId) -> Denial {
    let at = catalogs::relation_name(table);
    Denial::told(
        Rule::DdlDrop,
        format!("cannot drop the shards of governed table {at}"),
        "They hold its rows, and go only after the table has been unregistered.",
        format!("First run: SELECT * FROM spyne_unregister({}, 'reason');", at.as_argument()),
    )
}

fn untold(governed: RelId) -> Denial {
    let at = catalogs::relation_name(governed);
    Denial::told(
        Rule::DdlShards,
        "cannot run a command on the shards of a table that is worked out as it runs",
        format!(
            "The table could be a governed one, such as {at}, and nobody here sees what is done to shards."
        ),
        "Name the table as a constant, in a statement of its own.",
    )
}
