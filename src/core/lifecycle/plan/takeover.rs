//! A table becomes the ACTIVE version of its name: promotion of a shadow, and
//! restoration of a deprecated version. Both are the same swap.

use super::dependents::{self, OnDependents};
use super::facts::{Governed, Table, TakeoverFacts};
use super::op::{Op, RelationKind, StateChange};
use super::parts::{Parts, free_name};
use super::{Plan, carry, view};
use crate::kernel::names::{Address, MAX_NAME_BYTES, quote, with_suffix};
use crate::kernel::state::State;
use crate::kernel::version::Version;
use crate::shape::SchemaChange;
use crate::shape::compare::{Relationship, compare};

/// What the caller asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub accept_breaking: bool,
    pub dependents: OnDependents,
    pub target_schema: Option<String>,
    pub target_name: Option<String>,
    /// Whether this is a restoration. It returns to a known version, so the shape is no
    /// surprise, and the version stays.
    pub restoring: bool,
}

/// The schema whose tables leave it when they become ACTIVE.
pub const STAGING: &str = "spyne_shadow";

/// The share of the superseded version's rows below which a shadow is suspect.
const FEW_ROWS: f64 = 0.5;

/// Plans how `facts.incoming` becomes the ACTIVE version of its name.
pub fn plan(facts: &TakeoverFacts, options: &Options) -> Plan {
    let mut plan = Plan::default();
    let incoming = &facts.incoming;
    let version = gate_shape(&mut plan, facts, options);
    gate_rows(&mut plan, facts);
    for open in &facts.open_drift {
        plan.warn(
            format!("{} {}", incoming.name, open.version),
            format!("has open drift: report {} ({})", open.report_id, open.severity.as_str()),
            format!("SELECT * FROM spyne_resolve_drift({}, 'apply', 'reason');", open.report_id),
        );
    }
    if incoming.table.is_partition {
        plan.warn(incoming.table.shown(), "is a partition: its parent is what is governed", "");
    }
    let target = target(&mut plan, facts, options);
    match &facts.outgoing {
        Some(outgoing) => swap(&mut plan, facts, outgoing, &target, version, options),
        None => settle(&mut plan, facts, &target, version),
    }
    gate_shards(&mut plan, facts, &target);
    view::point(&mut plan, facts, &incoming.table, &target);
    plan
}

/// Blocks where a table of Citus's would get another name and its shards would not: shards
/// are found by the name of their table.
fn gate_shards(plan: &mut Plan, facts: &TakeoverFacts, target: &Address) {
    let outgoing = facts.outgoing.as_ref().map(|outgoing| &outgoing.table);
    let moved = Some(&facts.incoming.table).filter(|table| table.at != *target);
    for table in moved.into_iter().chain(outgoing) {
        if facts.cut_off.contains(&table.oid) {
            plan.block(
                table.shown(),
                "Citus keeps its rows in shards, which would not get another name along with it",
                "SET citus.enable_ddl_propagation = on;",
            );
        }
    }
}

/// Blocks BREAKING differences unless they are accepted, and decides the version by the
/// differences.
fn gate_shape(plan: &mut Plan, facts: &TakeoverFacts, options: &Options) -> Version {
    let incoming = &facts.incoming;
    let own = Version::parse(&incoming.version).unwrap_or(Version::FIRST);
    let Some(outgoing) = &facts.outgoing else {
        return own;
    };
    let differences = differences(&outgoing.table, &incoming.table);
    let mut breaking = false;
    for difference in &differences {
        let detail =
            format!("{} (against {} {})", difference.detail, outgoing.name, outgoing.version);
        if !difference.is_breaking() {
            plan.warn(incoming.table.shown(), detail, "");
        } else if options.accept_breaking || options.restoring {
            breaking = true;
            plan.warn(incoming.table.shown(), format!("BREAKING, accepted: {detail}"), "");
        } else {
            plan.block(
                incoming.table.shown(),
                format!("BREAKING: {detail}"),
                "Change the shadow, or pass accept_breaking => true.",
            );
        }
    }
    if options.restoring || !breaking {
        return own;
    }
    let taken: Vec<Version> = facts.versions.iter().filter_map(|v| Version::parse(v)).collect();
    let others: Vec<Version> = taken.iter().copied().filter(|v| *v != own).collect();
    let before = Version::parse(&outgoing.version).unwrap_or(Version::FIRST);
    before.next_major(&others)
}

/// The differences between two versions. Whoever uses the old one may use any column of
/// it.
fn differences(old: &Table, new: &Table) -> Vec<SchemaChange> {
    let mut found = compare(&old.shape, &new.shape, Relationship::OtherTable, &|_| true, &new.at);
    found.sort_by_key(|difference| !difference.is_breaking());
    found
}

/// Warns of an empty or small shadow, which is most often an unfinished one.
fn gate_rows(plan: &mut Plan, facts: &TakeoverFacts) {
    let shown = facts.incoming.table.shown();
    let Some(rows) = facts.incoming.table.estimated_rows else {
        plan.warn(
            &shown,
            "was never analyzed: its number of rows is not known",
            format!("ANALYZE {};", facts.incoming.table.at.quoted()),
        );
        return;
    };
    let before = facts.outgoing.as_ref().and_then(|o| o.table.estimated_rows);
    if rows == 0.0 {
        plan.warn(&shown, "is empty", "");
    } else if let Some(before) = before.filter(|b| rows < b * FEW_ROWS) {
        plan.warn(
            &shown,
            format!("has about {rows} rows where the version it replaces has about {before}"),
            "",
        );
    }
}

/// The schema that the incoming table goes to.
pub fn target_schema(
    incoming: &Governed,
    outgoing: Option<&Governed>,
    asked: Option<&str>,
) -> String {
    match (outgoing, asked) {
        (Some(outgoing), _) => outgoing.table.at.schema.clone(),
        (None, Some(schema)) => schema.to_string(),
        (None, None) if incoming.table.at.schema == STAGING => "public".to_string(),
        (None, None) if incoming.state == State::Deprecated => incoming.home.schema.clone(),
        (None, None) => incoming.table.at.schema.clone(),
    }
}

/// The address that the incoming table will have.
fn target(plan: &mut Plan, facts: &TakeoverFacts, options: &Options) -> Address {
    let incoming = &facts.incoming;
    let chosen = options.target_schema.is_some() || options.target_name.is_some();
    if let Some(outgoing) = &facts.outgoing {
        if chosen {
            plan.block(
                outgoing.table.shown(),
                "the ACTIVE version has an address, which the new one takes",
                "Leave target_schema and target_name out.",
            );
        }
        return outgoing.table.at.clone();
    }
    let here = &incoming.table.at;
    let default = match (options.restoring, here.schema.as_str()) {
        (true, _) => incoming.home.clone(),
        (false, STAGING) => Address::new("public", &here.name),
        (false, _) => here.clone(),
    };
    let target = Address {
        schema: options.target_schema.clone().unwrap_or(default.schema),
        name: options.target_name.clone().unwrap_or(default.name),
    };
    check_target(plan, facts, &here, &target, options.restoring);
    target
}

/// Blocks where the incoming table cannot be at `target`.
fn check_target(
    plan: &mut Plan,
    facts: &TakeoverFacts,
    here: &Address,
    target: &Address,
    restoring: bool,
) {
    let Address { schema, name } = target;
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        plan.block(
            name,
            format!("a table name has 1 to {MAX_NAME_BYTES} bytes"),
            "Pass another target_name.",
        );
    }
    if !facts.target_schema_exists {
        plan.block(schema, "there is no such schema", format!("CREATE SCHEMA {};", quote(schema)));
    } else if ["spyne", "governed", "information_schema", STAGING].contains(&schema.as_str())
        || schema.starts_with("pg_")
    {
        plan.block(schema, "no table is promoted into this schema", "Pass another target_schema.");
    } else if target != here && facts.types_at_target.contains(name) {
        block_type(plan, facts, target);
    } else if target != here && facts.names_at_target.contains(name) {
        plan.block(
            target.shown(),
            "another relation has this address",
            match restoring {
                true => {
                    "Move that relation away, or restore it first if it is a version of the name."
                }
                false => {
                    "Pass target_schema => '...' or target_name => '...' to promote to another one."
                }
            },
        );
    }
}

/// Blocks where a type has the name that a table is to have.
fn block_type(plan: &mut Plan, facts: &TakeoverFacts, at: &Address) {
    let free = free_name(&at.name, "type", &facts.types_at_target);
    plan.block(
        at.shown(),
        "a type has this name, which the row type of a table would have",
        format!("ALTER TYPE {} RENAME TO {};", at.quoted(), quote(&free)),
    );
}

/// Plans a takeover that replaces no version: the table moves if it must.
fn settle(plan: &mut Plan, facts: &TakeoverFacts, target: &Address, version: Version) {
    let table = &facts.incoming.table;
    let mut parts = Parts::new(facts, &[&target.name]);
    parts.free(plan, (table, &facts.incoming.version), None, &target.schema);
    relocate(plan, table, target);
    if let Some(suspended) = &facts.suspended_grants {
        carry::replace_grants(plan, &table.shown(), target, &table.grants, suspended);
    }
    change(plan, &facts.incoming, State::Active, version, (None, None), target);
}

/// Plans a takeover in which the two tables change places.
fn swap(
    plan: &mut Plan,
    facts: &TakeoverFacts,
    outgoing: &Governed,
    target: &Address,
    version: Version,
    options: &Options,
) {
    let (old, new) = (&outgoing.table, &facts.incoming.table);
    let in_place = new.at == *target;
    let parked = with_suffix(&old.at.name, &format!("__{}", outgoing.version));
    let left = old.at.renamed(&parked);
    if facts.names_at_target.iter().any(|n| *n == parked && *n != new.at.name) {
        plan.block(
            left.shown(),
            "another relation has the name that the superseded version would take",
            format!(
                "ALTER TABLE {} RENAME TO {};",
                left.quoted(),
                quote(&free_name(&old.at.name, &outgoing.version, &facts.names_at_target))
            ),
        );
    }
    if facts.types_at_target.contains(&parked) {
        block_type(plan, facts, &left);
    }
    dependents::plan_all(
        plan,
        facts,
        (outgoing, target),
        options.dependents,
        &differences(old, new),
    );
    let mut moves = Plan::default();
    // In a restoration, the incoming table can have the very name that the outgoing one
    // is to get. It is renamed first.
    let mut here = new.clone();
    if !in_place && here.at == left {
        let aside = with_suffix(&here.at.name, &format!("__{}", here.oid));
        rename(&mut moves, &here, &aside);
        here.at.name = aside;
    }
    let mut parts = Parts::new(facts, &[&parked, &here.at.name]);
    parts.free(&mut moves, (&here, &facts.incoming.version), Some(outgoing), &target.schema);
    parts.give_back(&mut moves, &facts.incoming, outgoing);
    rename(&mut moves, old, &parked);
    relocate(&mut moves, &here, target);
    carry::all(&mut moves, new, old, (target, &left), &parts);
    // Dependents were planned above, so that all blockers are in one list. Their
    // statements run after the swap.
    let repointing = std::mem::replace(&mut plan.steps, moves.steps);
    plan.blockers.append(&mut moves.blockers);
    plan.warnings.append(&mut moves.warnings);
    plan.steps.extend(repointing);
    let own = Version::parse(&outgoing.version).unwrap_or(Version::FIRST);
    let successor = Some(version.to_string());
    change(plan, outgoing, State::Deprecated, own, (None, successor), &outgoing.home);
    let supersedes = Some(outgoing.version.clone());
    change(plan, &facts.incoming, State::Active, version, (supersedes, None), target);
}

fn rename(plan: &mut Plan, table: &Table, name: &str) {
    let (kind, at) = (RelationKind::of_table(&table.kind), table.at.clone());
    let becomes = table.at.renamed(name).shown();
    let op = Op::Rename { kind, at, to: name.to_string() };
    plan.step(table.shown(), format!("becomes {becomes}"), op);
}

/// Moves a table to another schema and name. A table must never pass through an address
/// that a third one may have, so where both parts change it gets a unique name in
/// between.
fn relocate(plan: &mut Plan, table: &Table, target: &Address) {
    let mut here = table.clone();
    if here.at.schema != target.schema {
        if here.at.name != target.name {
            let transit = with_suffix(&target.name, &format!("__{}", here.oid));
            rename(plan, &here, &transit);
            here.at.name = transit;
        }
        let (kind, at) = (RelationKind::of_table(&here.kind), here.at.clone());
        plan.step(
            here.shown(),
            format!("moves to schema {}", target.schema),
            Op::SetSchema { kind, at, schema: target.schema.clone() },
        );
        here.at.schema.clone_from(&target.schema);
    }
    if here.at.name != target.name {
        rename(plan, &here, &target.name);
    }
}

fn change(
    plan: &mut Plan,
    governed: &Governed,
    to: State,
    version: Version,
    (supersedes, superseded_by): (Option<String>, Option<String>),
    home: &Address,
) {
    let renumbered = match version.to_string() {
        same if same == governed.version => String::new(),
        new => format!(", version {} becomes {new}", governed.version),
    };
    plan.change(
        StateChange {
            relation: governed.table.oid,
            name: governed.name.clone(),
            shown: governed.table.shown(),
            from: governed.state,
            to,
            version: version.to_string(),
            supersedes,
            superseded_by,
            home: home.clone(),
            sunset_at: None,
        },
        &renumbered,
    );
}

#[cfg(test)]
#[path = "takeover_tests.rs"]
mod tests;
