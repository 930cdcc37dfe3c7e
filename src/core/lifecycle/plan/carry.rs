//! What the incoming table takes over from the outgoing one: owner, grants,
//! row security, comments, publications, sequences.

use super::facts::{Grant, Publication, RowPolicy, Table};
use super::op::{Op, RelationKind, RowSecurity, Target};
use super::parts::Parts;
use super::{Plan, dependents};
use crate::kernel::names::{Address, quote};

/// Replaces all grants of the table at `on` but its owner's by `wanted`.
pub fn replace_grants(
    plan: &mut Plan,
    shown: &str,
    on: &Address,
    held: &[Grant],
    wanted: &[Grant],
) {
    let on = Target::Table(on.clone());
    let from = held.iter().map(|g| g.grantee.clone()).chain([None]).collect();
    plan.step(
        shown,
        "takes the grants of the version it replaces",
        Op::Revoke { privilege: None, on: on.clone(), from },
    );
    // REVOKE on a table takes column grants away too.
    for grant in wanted {
        plan.step(
            shown,
            format!("{} to {}", grant.privilege, grant.grantee.as_deref().unwrap_or("PUBLIC")),
            Op::Grant { grant: grant.clone(), on: on.clone() },
        );
    }
}

/// Adds the steps that pass on what belongs to the address and not to the data. `at` is
/// the address of the incoming table at that time, `left` that of the outgoing one, and
/// `parts` has the names of its sequences.
pub fn all(
    plan: &mut Plan,
    incoming: &Table,
    outgoing: &Table,
    (at, left): (&Address, &Address),
    parts: &Parts,
) {
    let shown = outgoing.shown();
    if incoming.owner != outgoing.owner {
        plan.step(
            &shown,
            format!("owner {} as before", outgoing.owner),
            Op::SetOwner {
                kind: RelationKind::Table,
                at: at.clone(),
                owner: outgoing.owner.clone(),
            },
        );
    }
    let kept = kept_grants(plan, incoming, outgoing);
    replace_grants(plan, &shown, at, &incoming.grants, &kept);
    row_security(plan, incoming, outgoing, at);
    comments(plan, incoming, outgoing, at);
    publications(plan, incoming, outgoing, at, left);
    replica_identity(plan, incoming, outgoing, at);
    sequences(plan, incoming, outgoing, at, parts);
    let lost: Vec<&str> = outgoing
        .triggers
        .iter()
        .filter(|t| !incoming.triggers.contains(t))
        .map(String::as_str)
        .collect();
    if !lost.is_empty() {
        plan.warn(
            incoming.shown(),
            format!("lacks the triggers {} of {shown}", lost.join(", ")),
            "Create them on the shadow before promoting it.",
        );
    }
    if outgoing.children > 0 {
        plan.warn(
            shown,
            format!("has {} inheriting tables, which stay with the old version", outgoing.children),
            "",
        );
    }
}

/// The grants that the incoming table can have. Grants on columns that it lacks are
/// left out.
fn kept_grants(plan: &mut Plan, incoming: &Table, outgoing: &Table) -> Vec<Grant> {
    let (kept, gone): (Vec<Grant>, Vec<Grant>) = outgoing
        .grants
        .iter()
        .cloned()
        .partition(|grant| grant.column.as_ref().is_none_or(|column| has(incoming, column)));
    for grant in gone {
        let (column, to) = (grant.column.unwrap_or_default(), grant.grantee);
        plan.warn(
            outgoing.shown(),
            format!(
                "{} ({column}) to {} goes with the column",
                grant.privilege,
                to.as_deref().unwrap_or("PUBLIC")
            ),
            "",
        );
    }
    kept
}

fn has(table: &Table, column: &str) -> bool {
    table.shape.columns.iter().any(|c| c.name == column)
}

/// Whether Postgres stores the table's rows itself. Policies, publications and replica
/// identities are only for such tables.
fn has_rows(table: &Table) -> bool {
    matches!(table.kind.as_str(), "r" | "p")
}

/// The kind of a table without rows of its own, in words.
fn kind_of(table: &Table) -> &'static str {
    match table.kind.as_str() {
        "f" => "foreign table",
        _ => "materialized view",
    }
}

/// The columns in `uses` that the incoming table lacks, in words.
fn missing(incoming: &Table, uses: &[String]) -> Option<String> {
    let gone: Vec<&str> =
        uses.iter().filter(|column| !has(incoming, column)).map(String::as_str).collect();
    (!gone.is_empty()).then(|| gone.join(", "))
}

fn row_security(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &Address) {
    let shown = outgoing.shown();
    for policy in &incoming.policies {
        plan.step(
            &shown,
            format!("policy {} of the shadow goes", policy.name),
            Op::DropPolicy { name: policy.name.clone(), at: at.clone() },
        );
    }
    if outgoing.row_security && !has_rows(incoming) {
        plan.block(
            &shown,
            format!("has row security, and a {} can have none", kind_of(incoming)),
            format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY;", outgoing.at.clone().quoted()),
        );
    }
    for policy in &outgoing.policies {
        if blocks(plan, policy, incoming, outgoing) {
            continue;
        }
        let (policy, owner) = (policy.clone(), outgoing.owner.clone());
        plan.step(
            &shown,
            format!("policy {}", policy.name),
            Op::MakePolicy { policy, at: at.clone(), owner },
        );
    }
    let mut set = |to: RowSecurity| {
        plan.step(&shown, "row security as before", Op::SetRowSecurity { at: at.clone(), to });
    };
    if !has_rows(incoming) {
        return;
    }
    if incoming.row_security != outgoing.row_security {
        set(if outgoing.row_security { RowSecurity::Enable } else { RowSecurity::Disable });
    }
    if incoming.force_row_security != outgoing.force_row_security {
        set(if outgoing.force_row_security { RowSecurity::Force } else { RowSecurity::NoForce });
    }
}

/// Blocks where a policy cannot be made on the incoming table, because rows that it
/// hides would show.
fn blocks(plan: &mut Plan, policy: &RowPolicy, incoming: &Table, outgoing: &Table) -> bool {
    let (at, name) = (outgoing.at.clone(), &policy.name);
    let drop = format!("DROP POLICY {} ON {};", quote(name), at.quoted());
    if !has_rows(incoming) {
        let kind = kind_of(incoming);
        plan.block(at.shown(), format!("has policy {name}, and a {kind} can have none"), drop);
    } else if let Some(columns) = missing(incoming, &policy.uses) {
        plan.block(
            at.shown(),
            format!("policy {name} uses what the new version has no more: {columns}"),
            drop,
        );
    } else if !policy.closed.is_empty() {
        let kind = format!("policy {name}");
        dependents::block_closed(plan, &at, &kind, &outgoing.owner, &policy.closed);
    } else {
        return false;
    }
    true
}

fn comments(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &Address) {
    let shown = outgoing.shown();
    let comment = |column: Option<&String>, text: &String| Op::Comment {
        kind: RelationKind::of_table(&incoming.kind),
        at: at.clone(),
        column: column.cloned(),
        text: text.clone(),
    };
    if let (None, Some(text)) = (&incoming.comment, &outgoing.comment) {
        plan.step(&shown, "comment", comment(None, text));
    }
    for (column, text) in &outgoing.column_comments {
        if has(incoming, column) && !incoming.column_comments.contains_key(column) {
            plan.step(&shown, format!("comment on {column}"), comment(Some(column), text));
        }
    }
}

/// Moves publications to the incoming table: subscribers know a table by its name, so a
/// publication follows the name.
fn publications(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &Address, left: &Address) {
    let shown = outgoing.shown();
    for publication in &outgoing.publications {
        let name = &publication.name;
        let leave = |at: &Address| Op::LeavePublication { name: name.clone(), at: at.clone() };
        if keeps_out(plan, publication, incoming, outgoing) {
            continue;
        }
        if incoming.publications.iter().any(|p| p.name == *name) {
            plan.step(&shown, format!("publication {name}"), leave(at));
        }
        plan.step(&shown, format!("the old version leaves publication {name}"), leave(left));
        let join = Op::JoinPublication { publication: publication.clone(), at: at.clone() };
        plan.step(&shown, format!("publication {name}"), join);
    }
}

/// Blocks where the incoming table cannot be in a publication as the outgoing one is.
fn keeps_out(
    plan: &mut Plan,
    publication: &Publication,
    incoming: &Table,
    outgoing: &Table,
) -> bool {
    let (at, name) = (outgoing.at.clone(), &publication.name);
    let leave = format!("ALTER PUBLICATION {} DROP TABLE {};", quote(name), at.quoted());
    let in_part = publication.columns.is_some() || publication.filter.is_some();
    if !has_rows(incoming) {
        let kind = kind_of(incoming);
        plan.block(
            at.shown(),
            format!("is in publication {name}, and a {kind} can be in none"),
            leave,
        );
    } else if let Some(columns) = missing(incoming, &publication.uses) {
        plan.block(
            at.shown(),
            format!("publication {name} names what the new version has no more: {columns}"),
            leave,
        );
    } else if in_part && incoming.kind == "p" && !publication.via_root {
        plan.block(
            at.shown(),
            format!("publication {name} has a part of it, and has partitions one by one"),
            format!("ALTER PUBLICATION {} SET (publish_via_partition_root = true);", quote(name)),
        );
    } else {
        return false;
    }
    true
}

/// Gives the incoming table the replica identity of the outgoing one.
fn replica_identity(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &Address) {
    let shown = outgoing.shown();
    if !has_rows(incoming) {
        return;
    }
    let identity = match outgoing.replica_identity.as_str() {
        same if same == incoming.replica_identity => return,
        "d" => "DEFAULT",
        "n" => "NOTHING",
        "f" => "FULL",
        _ => {
            plan.warn(
                incoming.shown(),
                format!(
                    "{shown} has an index as its replica identity; choose one for the new version"
                ),
                format!("ALTER TABLE {} REPLICA IDENTITY USING INDEX ...;", at.quoted()),
            );
            return;
        }
    };
    let op = Op::SetReplicaIdentity { at: at.clone(), identity: identity.to_string() };
    plan.step(shown, "replica identity as before", op);
}

/// Makes sequences go on where they were. An identity column of the new version must
/// not hand out a value that the old one has used, and a sequence that a default shares
/// must not be dropped with the old table.
fn sequences(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &Address, parts: &Parts) {
    let shown = outgoing.shown();
    for old in &outgoing.sequences {
        let twin = incoming.sequences.iter().find(|s| s.column == old.column);
        match twin {
            Some(new) => {
                if let Some(value) = old.last_value.filter(|v| *v > new.last_value.unwrap_or(0)) {
                    let (at, column) = (at.clone(), new.column.clone());
                    let op = Op::GoOnAfter { at, column, value };
                    plan.step(&shown, format!("{} goes on after {value}", new.column), op);
                }
            }
            None if !old.identity && incoming.kind != "m" && has(incoming, &old.column) => {
                plan.step(
                    &shown,
                    format!("sequence {} now belongs to the new version", old.name),
                    Op::OwnSequence {
                        sequence: parts.now(Address::new(&outgoing.at.schema, &old.name)),
                        at: at.clone(),
                        column: old.column.clone(),
                    },
                );
            }
            None => {}
        }
    }
}
