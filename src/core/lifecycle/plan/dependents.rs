//! The objects that refer to the outgoing table. The plan lists each of them, and moves
//! them on request.

use super::Plan;
use super::facts::{Dependent, Governed, Grant, MaterializedView, Table, TakeoverFacts};
use super::op::{Op, RelationKind, Target};
use crate::kernel::names::{Address, quote};
use crate::shape::SchemaChange;
use crate::shape::constraints::is_enforced;
use crate::shape::rules::ChangeType;

/// What to do about the dependents of the table that makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDependents {
    Block,
    Repoint,
}

impl OnDependents {
    /// Reads the argument `dependents`.
    pub fn parse(text: &str) -> Option<OnDependents> {
        match text.trim().to_ascii_lowercase().as_str() {
            "block" => Some(OnDependents::Block),
            "repoint" => Some(OnDependents::Repoint),
            _ => None,
        }
    }
}

/// Adds blockers, or the statements that move each dependent. They run after
/// the swap, when the old address, `target`, means the new table; texts were read
/// before.
pub fn plan_all(
    plan: &mut Plan,
    facts: &TakeoverFacts,
    (outgoing, target): (&Governed, &Address),
    policy: OnDependents,
    differences: &[SchemaChange],
) {
    let (incoming, old) = (&facts.incoming.table, outgoing.table.shown());
    for dependent in &facts.dependents {
        let (kind, at) = describe(dependent);
        let lost = lost_columns(dependent, differences);
        let missing = missing_key(dependent, incoming);
        match policy {
            OnDependents::Repoint if !lost.is_empty() => plan.block(
                at.shown(),
                format!("{kind} uses what the new version has no more: {}", lost.join(", ")),
                "Drop it, or keep the columns it uses as they are.",
            ),
            OnDependents::Block => plan.block(
                at.shown(),
                format!("{kind} on {old} would stay with the old version"),
                "Pass dependents => 'repoint' to move it, or drop it.",
            ),
            OnDependents::Repoint if missing.is_some() => {
                let columns = missing.unwrap_or_default();
                plan.block(
                    at.shown(),
                    format!("{kind} needs a unique key over ({columns}), which the new version does not have"),
                    format!("ALTER TABLE {} ADD UNIQUE ({columns});", incoming.at.clone().quoted()),
                );
            }
            OnDependents::Repoint
                if *at == incoming.at && matches!(dependent, Dependent::MaterializedView(_)) =>
            {
                plan.block(
                    at.shown(),
                    format!("{kind} reads {old}, whose place it would take"),
                    "Make it read something else, and promote that.",
                );
            }
            OnDependents::Repoint => {
                // An object of the incoming table has moved along with it.
                let at = if *at == incoming.at { target } else { at };
                repoint(plan, dependent, &kind, at, &old);
            }
        }
    }
}

/// The columns that a foreign key refers to, as a key is written, where the new
/// version has no key over them.
fn missing_key(dependent: &Dependent, incoming: &Table) -> Option<String> {
    let Dependent::ForeignKey { uses, period, .. } = dependent else {
        return None;
    };
    let keys = if period.is_some() { &incoming.period_keys } else { &incoming.keys };
    let same = |key: &Vec<String>| {
        key.len() == uses.len()
            && uses.iter().all(|c| key.contains(c))
            && (period.is_none() || period.as_ref() == key.last())
    };
    if keys.iter().any(same) {
        return None;
    }
    let plain = uses.iter().filter(|c| Some(*c) != period.as_ref()).map(|c| quote(c));
    let period = period.iter().map(|c| format!("{} WITHOUT OVERLAPS", quote(c)));
    Some(plain.chain(period).collect::<Vec<_>>().join(", "))
}

/// The breaking differences in columns that a dependent uses. A view keeps its
/// column types; a foreign key needs types that compare; a materialized view is
/// made anew, and takes new types as they are.
fn lost_columns(dependent: &Dependent, differences: &[SchemaChange]) -> Vec<String> {
    let uses = match dependent {
        Dependent::ForeignKey { uses, .. } | Dependent::View { uses, .. } => uses,
        Dependent::MaterializedView(view) => &view.uses,
        _ => return Vec::new(),
    };
    let lost = |difference: &SchemaChange| {
        let Some(column) = difference.column.as_ref().filter(|c| uses.contains(c)) else {
            return false;
        };
        let (from, to) = (difference.old_type.as_deref(), difference.new_type.as_deref());
        match difference.change_type {
            ChangeType::Remove | ChangeType::Rename => {
                // A lost key of the same name does not matter here: only columns do.
                difference.old_name.as_ref() == Some(column)
            }
            ChangeType::TypeChange if from != to => match dependent {
                Dependent::View { .. } => true,
                Dependent::ForeignKey { .. } => {
                    family(from.unwrap_or_default()) != family(to.unwrap_or_default())
                }
                _ => false,
            },
            _ => false,
        }
    };
    differences.iter().filter(|d| lost(d)).map(|d| d.detail.clone()).collect()
}

/// A common name for types that Postgres compares with one another.
fn family(data_type: &str) -> &str {
    let bare = data_type.split_once('(').map_or(data_type, |(name, _)| name);
    match bare {
        "smallint" | "integer" | "bigint" => "integer",
        "character varying" | "text" => "text",
        other => other,
    }
}

/// The kind of a dependent in words, and its address.
fn describe(dependent: &Dependent) -> (String, &Address) {
    match dependent {
        Dependent::ForeignKey { at, constraint, .. } => (format!("foreign key {constraint}"), at),
        Dependent::View { at, .. } => ("view".into(), at),
        Dependent::MaterializedView(view) => ("materialized view".into(), &view.at),
        Dependent::Rule { at, constraint } => (format!("rule {constraint}"), at),
        Dependent::Function { at } => ("function".into(), at),
        Dependent::Policy { at, constraint } => (format!("policy {constraint}"), at),
    }
}

fn repoint(plan: &mut Plan, dependent: &Dependent, kind: &str, at: &Address, outgoing: &str) {
    let object = at.shown();
    match dependent {
        Dependent::ForeignKey { constraint, partitioned: true, .. } => plan.block(
            object,
            format!("{kind} belongs to a partitioned table, where Postgres has no NOT VALID foreign keys"),
            format!(
                "ALTER TABLE {} DROP CONSTRAINT {}; and add it again afterwards.",
                at.quoted(),
                quote(constraint)
            ),
        ),
        Dependent::ForeignKey { constraint, definition, .. } => {
            let constraint = constraint.clone();
            let validate =
                Op::ValidateForeignKey { at: at.clone(), constraint: constraint.clone() };
            let op = Op::RepointForeignKey {
                at: at.clone(),
                constraint,
                definition: definition.clone(),
            };
            let enforced = is_enforced(definition);
            plan.step(&object, format!("{kind} points to the new version"), op);
            // What is not enforced is not checked either.
            if enforced {
                plan.follow_up(
                    object,
                    format!("{kind} is NOT VALID until the rows have been checked"),
                    validate,
                );
            }
        }
        Dependent::View { owner, closed, .. } if !closed.is_empty() => {
            block_closed(plan, at, kind, owner, closed);
        }
        Dependent::View { definition, options, owner, can_create, .. } => {
            let op = Op::MakeView {
                view: at.clone(),
                options: options.clone().unwrap_or_default(),
                body: definition.clone(),
                owner: Some(owner.clone()),
            };
            creating(plan, at, owner, *can_create, |plan| {
                plan.step(&object, "view reads the new version", op);
            });
        }
        Dependent::MaterializedView(view) => materialized(plan, view, at),
        Dependent::Rule { .. } | Dependent::Function { .. } | Dependent::Policy { .. } => plan
            .warn(
                object,
                format!("{kind} refers to {outgoing} and stays with the old version"),
                "Create it again after the promotion.",
            ),
    }
}

/// Makes a materialized view again, since it cannot be replaced. It is empty then: its
/// REFRESH takes as long as the data is large, so it is left to the caller.
fn materialized(plan: &mut Plan, view: &MaterializedView, at: &Address) {
    let object = at.shown();
    if view.used_by > 0 {
        plan.block(
            object,
            format!(
                "materialized view has {} views on top of it, and must be made again",
                view.used_by
            ),
            "Drop the views above it, and create them again afterwards.",
        );
        return;
    }
    let owner = &view.owner;
    if !view.closed.is_empty() {
        block_closed(plan, at, "materialized view", owner, &view.closed);
        return;
    }
    let drop = Op::DropMaterializedView { view: at.clone() };
    plan.step(&object, "materialized view makes room", drop);
    creating(plan, at, owner, view.can_create, |plan| {
        let op = Op::MakeMaterializedView {
            view: at.clone(),
            options: view.options.clone().unwrap_or_default(),
            body: view.definition.clone(),
            owner: owner.clone(),
        };
        plan.step(&object, "materialized view reads the new version", op);
        for index in &view.indexes {
            let op = Op::MakeIndex { definition: index.clone(), owner: owner.clone() };
            plan.step(&object, "index as before", op);
        }
    });
    for grant in &view.grants {
        let op = Op::Grant { grant: grant.clone(), on: Target::Table(at.clone()) };
        plan.step(&object, "grants as before", op);
    }
    if let Some(text) = &view.comment {
        let (kind, text) = (RelationKind::MaterializedView, text.clone());
        let op = Op::Comment { kind, at: at.clone(), column: None, text };
        plan.step(&object, "comment as before", op);
    }
    plan.follow_up(
        object,
        "the materialized view is empty until it is refreshed",
        Op::RefreshMaterializedView { view: at.clone() },
    );
}

/// Blocks where the owner of an object cannot make it again, for lack of rights on
/// schemas.
pub fn block_closed(plan: &mut Plan, at: &Address, kind: &str, owner: &str, closed: &[String]) {
    let schemas: Vec<String> = closed.iter().map(|schema| quote(schema)).collect();
    let schemas = schemas.join(", ");
    plan.block(
        at.shown(),
        format!("{kind} has to be made again by its owner, {owner}, who may not use the schemas {schemas}"),
        format!("GRANT USAGE ON SCHEMA {schemas} TO {};", quote(owner)),
    );
}

/// Grants an owner who may no longer create in a schema that right, for the statements
/// in between.
fn creating(
    plan: &mut Plan,
    at: &Address,
    owner: &str,
    can_create: bool,
    add: impl FnOnce(&mut Plan),
) {
    let on = Target::Schema(at.schema.clone());
    let owner = Some(owner.to_string());
    if !can_create {
        let grant = Grant {
            grantee: owner.clone(),
            privilege: "CREATE".to_string(),
            grantable: false,
            column: None,
        };
        let op = Op::Grant { grant, on: on.clone() };
        plan.step(at.shown(), "its owner may create it again", op);
    }
    add(plan);
    if !can_create {
        let op = Op::Revoke { privilege: Some("CREATE".to_string()), on, from: vec![owner] };
        plan.step(at.shown(), "and nothing else", op);
    }
}

#[cfg(test)]
#[path = "dependents_tests.rs"]
mod tests;
