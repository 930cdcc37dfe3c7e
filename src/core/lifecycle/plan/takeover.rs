//! One table takes the ACTIVE place of its name: promotion of a shadow, and
//! restoration of a deprecated version. The two are the same swap.

use super::dependents::{self, Policy};
use super::facts::{Facts, Governed, Table};
use super::{Action, Change, Plan, Step, carry, view};
use crate::kernel::names::{MAX_NAME_BYTES, qualified, quote, with_suffix};
use crate::kernel::state::State;
use crate::kernel::version::Version;
use crate::shape::Change as Difference;
use crate::shape::compare::{Relationship, compare};

/// What the caller asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub accept_breaking: bool,
    pub dependents: Policy,
    pub target_schema: Option<String>,
    pub target_name: Option<String>,
    /// A restoration returns to a known version: its shape is no surprise and
    /// it keeps its version.
    pub restoring: bool,
}

/// The schema whose tables leave it when they become ACTIVE.
pub const STAGING: &str = "spyne_shadow";

/// Under this share of the superseded version's rows, a shadow is suspect.
const FEW_ROWS: f64 = 0.5;

/// `TABLE`, `FOREIGN TABLE` or `MATERIALIZED VIEW`, from pg_class.relkind.
pub fn object_kind(kind: &str) -> &'static str {
    match kind {
        "f" => "FOREIGN TABLE",
        "m" => "MATERIALIZED VIEW",
        _ => "TABLE",
    }
}

/// Plans how `facts.incoming` becomes the ACTIVE version of its name.
pub fn plan(facts: &Facts, options: &Options) -> Plan {
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
        plan.warn(incoming.table.label(), "is a partition: its parent is what is governed", "");
    }
    let target = target(&mut plan, facts, options);
    match &facts.outgoing {
        Some(outgoing) => swap(&mut plan, facts, outgoing, &target, version, options),
        None => settle(&mut plan, facts, &target, version),
    }
    view::point(&mut plan, facts, &incoming.table, &target);
    plan
}

/// BREAKING differences block unless accepted, and decide the version.
fn gate_shape(plan: &mut Plan, facts: &Facts, options: &Options) -> Version {
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
            plan.warn(incoming.table.label(), detail, "");
        } else if options.accept_breaking || options.restoring {
            breaking = true;
            plan.warn(incoming.table.label(), format!("BREAKING, accepted: {detail}"), "");
        } else {
            plan.block(
                incoming.table.label(),
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

/// The drift from one version to the next. Whoever uses the old one may use any
/// column of it.
fn differences(old: &Table, new: &Table) -> Vec<Difference> {
    let mut found = compare(
        &old.shape,
        &new.shape,
        Relationship::OtherTable,
        &|_| true,
        &crate::kernel::names::Address::new(&new.schema, &new.name),
    );
    found.sort_by_key(|difference| !difference.is_breaking());
    found
}

/// An empty or small shadow is most often an unfinished one.
fn gate_rows(plan: &mut Plan, facts: &Facts) {
    let label = facts.incoming.table.label();
    let Some(rows) = facts.incoming.table.estimated_rows else {
        plan.warn(
            &label,
            "was never analyzed: its number of rows is not known",
            format!("ANALYZE {};", facts.incoming.table.address()),
        );
        return;
    };
    let before = facts.outgoing.as_ref().and_then(|o| o.table.estimated_rows);
    if rows == 0.0 {
        plan.warn(&label, "is empty", "");
    } else if let Some(before) = before.filter(|b| rows < b * FEW_ROWS) {
        plan.warn(
            &label,
            format!("has about {rows} rows where the version it replaces has about {before}"),
            "",
        );
    }
}

/// Where the incoming table will be.
fn target(plan: &mut Plan, facts: &Facts, options: &Options) -> (String, String) {
    let incoming = &facts.incoming;
    let chosen = options.target_schema.is_some() || options.target_name.is_some();
    if let Some(outgoing) = &facts.outgoing {
        if chosen {
            plan.block(
                outgoing.table.label(),
                "the ACTIVE version has an address, which the new one takes",
                "Leave target_schema and target_name out.",
            );
        }
        return (outgoing.table.schema.clone(), outgoing.table.name.clone());
    }
    let here = (incoming.table.schema.as_str(), incoming.table.name.as_str());
    let default = match (options.restoring, here.0) {
        (true, _) => (incoming.home_schema.as_str(), incoming.home_name.as_str()),
        (false, STAGING) => ("public", here.1),
        (false, _) => here,
    };
    let schema = options.target_schema.as_deref().unwrap_or(default.0).to_string();
    let name = options.target_name.as_deref().unwrap_or(default.1).to_string();
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        plan.block(
            &name,
            format!("a table name has 1 to {MAX_NAME_BYTES} bytes"),
            "Pass another target_name.",
        );
    }
    if !facts.target_schema_exists {
        plan.block(
            &schema,
            "there is no such schema",
            format!("CREATE SCHEMA {};", quote(&schema)),
        );
    } else if ["spyne", "governed", "information_schema", STAGING].contains(&schema.as_str())
        || schema.starts_with("pg_")
    {
        plan.block(&schema, "no table is promoted into this schema", "Pass another target_schema.");
    } else if (schema.as_str(), name.as_str()) != here && facts.names_at_target.contains(&name) {
        plan.block(
            format!("{schema}.{name}"),
            "another relation has this address",
            match options.restoring {
                true => {
                    "Move that relation away, or restore it first if it is a version of the name."
                }
                false => {
                    "Pass target_schema => '...' or target_name => '...' to promote to another one."
                }
            },
        );
    }
    (schema, name)
}

/// The incoming table has no version to replace: it moves if need be.
fn settle(plan: &mut Plan, facts: &Facts, target: &(String, String), version: Version) {
    let table = &facts.incoming.table;
    free_index_names(plan, facts, table, None, target);
    relocate(plan, table, target);
    if let Some(suspended) = &facts.suspended_grants {
        carry::replace_grants(
            plan,
            &table.label(),
            &format!("TABLE {}", qualified(&target.0, &target.1)),
            &table.grants,
            suspended,
        );
    }
    change(plan, &facts.incoming, State::Active, version, (None, None), target);
}

/// The two tables change places.
fn swap(
    plan: &mut Plan,
    facts: &Facts,
    outgoing: &Governed,
    target: &(String, String),
    version: Version,
    options: &Options,
) {
    let (old, new) = (&outgoing.table, &facts.incoming.table);
    let in_place = new.schema == target.0 && new.name == target.1;
    let parked = with_suffix(&old.name, &format!("__{}", outgoing.version));
    if facts.names_at_target.iter().any(|n| *n == parked && *n != new.name) {
        plan.block(
            format!("{}.{parked}", old.schema),
            "another relation has the name that the superseded version would take",
            format!("ALTER TABLE {} RENAME TO ...;", qualified(&old.schema, &parked)),
        );
    }
    let differences = differences(old, new);
    dependents::plan_all(plan, &facts.dependents, options.dependents, &old.label(), &differences);
    let at = qualified(&target.0, &target.1);
    let left = qualified(&old.schema, &parked);
    let mut moves = Plan::default();
    // Where the incoming table sits under the very name that the outgoing one
    // is parked as (a restoration), it steps aside first.
    let mut here = new.clone();
    if !in_place && here.schema == old.schema && here.name == parked {
        let aside = with_suffix(&here.name, &format!("__{}", here.oid));
        rename(&mut moves, &here, &aside);
        here.name = aside;
    }
    free_index_names(&mut moves, facts, &here, Some(outgoing), target);
    return_index_names(&mut moves, &facts.incoming, outgoing);
    rename(&mut moves, old, &parked);
    relocate(&mut moves, &here, target);
    carry::all(&mut moves, new, old, &at, &left);
    // Dependents were planned above, so that blockers come in one list; their
    // statements run after the swap.
    let repointing = std::mem::replace(&mut plan.steps, moves.steps);
    plan.warnings.append(&mut moves.warnings);
    plan.steps.extend(repointing);
    let home = (outgoing.home_schema.clone(), outgoing.home_name.clone());
    let own = Version::parse(&outgoing.version).unwrap_or(Version::FIRST);
    let successor = Some(version.to_string());
    change(plan, outgoing, State::Deprecated, own, (None, successor), &home);
    let supersedes = Some(outgoing.version.clone());
    change(plan, &facts.incoming, State::Active, version, (supersedes, None), target);
}

fn rename(plan: &mut Plan, table: &Table, name: &str) {
    plan.sql(
        &table.label(),
        format!("becomes {}.{name}", table.schema),
        format!("ALTER {} {} RENAME TO {}", object_kind(&table.kind), table.address(), quote(name)),
    );
}

/// Moves a table to another schema and name. A table never passes through an
/// address that a third one may have: both change by way of a unique name.
fn relocate(plan: &mut Plan, table: &Table, target: &(String, String)) {
    let mut here = table.clone();
    if here.schema != target.0 {
        if here.name != target.1 {
            let transit = with_suffix(&target.1, &format!("__{}", here.oid));
            rename(plan, &here, &transit);
            here.name = transit;
        }
        plan.sql(
            &here.label(),
            format!("moves to schema {}", target.0),
            format!(
                "ALTER {} {} SET SCHEMA {}",
                object_kind(&here.kind),
                here.address(),
                quote(&target.0)
            ),
        );
        here.schema = target.0.clone();
    }
    if here.name != target.1 {
        rename(plan, &here, &target.1);
    }
}

/// Indexes and sequences move with their table and need free names where it
/// goes. The version that is in use has the plain names; the other gets a
/// suffix.
fn free_index_names(
    plan: &mut Plan,
    facts: &Facts,
    incoming: &Table,
    outgoing: Option<&Governed>,
    target: &(String, String),
) {
    if incoming.schema == target.0 {
        return;
    }
    let mut taken: Vec<String> = facts.names_at_target.clone();
    let moving = incoming
        .indexes
        .iter()
        .map(|n| (n, "INDEX"))
        .chain(incoming.sequences.iter().map(|s| (&s.name, "SEQUENCE")));
    for (name, kind) in moving {
        if !taken.contains(name) {
            taken.push(name.clone());
            continue;
        }
        let held_by_old = outgoing.is_some_and(|o| {
            o.table.indexes.contains(name) || o.table.sequences.iter().any(|s| s.name == *name)
        });
        let (schema, suffix) = match outgoing {
            Some(old) if held_by_old => (&old.table.schema, old.version.clone()),
            _ => (&incoming.schema, facts.incoming.version.clone()),
        };
        let free = free_name(name, &suffix, &taken);
        plan.sql(
            &format!("{schema}.{name}"),
            format!("becomes {free}"),
            // An index may be moved as ALTER INDEX whatever holds it; a
            // sequence likewise.
            format!("ALTER {kind} {} RENAME TO {}", qualified(schema, name), quote(&free)),
        );
        taken.push(free);
    }
}

/// A version that comes back gets the plain names back, which it lost to its
/// successor when that moved in.
fn return_index_names(plan: &mut Plan, incoming: &Governed, outgoing: &Governed) {
    let suffix = format!("__{}", incoming.version);
    let (new, old) = (&incoming.table, &outgoing.table);
    if new.schema != old.schema {
        return;
    }
    let objects = |table: &Table| -> Vec<(String, &'static str)> {
        let indexes = table.indexes.iter().map(|n| (n.clone(), "INDEX"));
        indexes.chain(table.sequences.iter().map(|s| (s.name.clone(), "SEQUENCE"))).collect()
    };
    let held = objects(old);
    for (name, kind) in objects(new) {
        let Some(plain) = name.strip_suffix(&suffix) else { continue };
        if !held.iter().any(|(n, k)| n == plain && *k == kind) {
            continue;
        }
        let parked = with_suffix(plain, &format!("__{}", outgoing.version));
        for (from, to) in [(plain, parked.as_str()), (name.as_str(), plain)] {
            plan.sql(
                &format!("{}.{from}", old.schema),
                format!("becomes {to}"),
                format!("ALTER {kind} {} RENAME TO {}", qualified(&old.schema, from), quote(to)),
            );
        }
    }
}

fn free_name(name: &str, version: &str, taken: &[String]) -> String {
    let first = with_suffix(name, &format!("__{version}"));
    if !taken.contains(&first) {
        return first;
    }
    (2..)
        .map(|n| with_suffix(name, &format!("__{version}_{n}")))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or(first)
}

fn change(
    plan: &mut Plan,
    governed: &Governed,
    to: State,
    version: Version,
    (supersedes, superseded_by): (Option<String>, Option<String>),
    home: &(String, String),
) {
    let renumbered = match version.to_string() {
        same if same == governed.version => String::new(),
        new => format!(", version {} becomes {new}", governed.version),
    };
    plan.steps.push(Step {
        object: governed.table.label(),
        detail: format!("{} to {}{renumbered}", governed.state.as_str(), to.as_str()),
        action: Action::Change(Change {
            oid: governed.table.oid,
            name: governed.name.clone(),
            relation: governed.table.label(),
            from: governed.state,
            to,
            version: version.to_string(),
            supersedes,
            superseded_by,
            home: home.clone(),
            sunset_at: None,
        }),
    });
}

#[cfg(test)]
#[path = "takeover_tests.rs"]
mod tests;
