//! What the incoming table takes over from the outgoing one: owner, grants,
//! row security, comments, publications, sequences.

use super::facts::{Grant, Policy, Publication, Table};
use super::{Plan, takeover};
use crate::kernel::names::{literal, qualified, quote};

/// A role in GRANT and REVOKE; None is PUBLIC.
fn grantee(role: &Option<String>) -> String {
    role.as_deref().map_or_else(|| "PUBLIC".to_string(), quote)
}

/// The GRANT statement that gives `grant` on `object` (`TABLE "s"."t"`).
pub fn grant_sql(grant: &Grant, object: &str) -> String {
    format!(
        "GRANT {}{} ON {object} TO {}{}",
        grant.privilege,
        grant.column.as_deref().map(|c| format!(" ({})", quote(c))).unwrap_or_default(),
        grantee(&grant.grantee),
        if grant.grantable { " WITH GRANT OPTION" } else { "" }
    )
}

/// Replaces all grants of `object` but its owner's by `wanted`.
pub fn replace_grants(
    plan: &mut Plan,
    label: &str,
    object: &str,
    held: &[Grant],
    wanted: &[Grant],
) {
    let mut grantees: Vec<String> = held.iter().map(|g| grantee(&g.grantee)).collect();
    grantees.push("PUBLIC".to_string());
    grantees.sort();
    grantees.dedup();
    plan.sql(
        label,
        "takes the grants of the version it replaces",
        format!("REVOKE ALL ON {object} FROM {} CASCADE", grantees.join(", ")),
    );
    // REVOKE on a table takes column grants away too.
    for grant in wanted {
        plan.sql(
            label,
            format!("{} to {}", grant.privilege, grant.grantee.as_deref().unwrap_or("PUBLIC")),
            grant_sql(grant, object),
        );
    }
}

fn policy_sql(policy: &Policy, table: &str) -> String {
    let roles: Vec<String> = policy.roles.iter().map(grantee).collect();
    format!(
        "CREATE POLICY {} ON {table} AS {} FOR {} TO {}{}{}",
        quote(&policy.name),
        if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" },
        policy.command,
        roles.join(", "),
        policy.using.as_deref().map(|e| format!(" USING ({e})")).unwrap_or_default(),
        policy.with_check.as_deref().map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default(),
    )
}

fn publication_sql(publication: &Publication, table: &str) -> String {
    format!(
        "ALTER PUBLICATION {} ADD TABLE ONLY {table}{}{}",
        quote(&publication.name),
        publication
            .columns
            .as_ref()
            .map(|c| format!(" ({})", c.iter().map(|n| quote(n)).collect::<Vec<_>>().join(", ")))
            .unwrap_or_default(),
        publication.filter.as_deref().map(|f| format!(" WHERE ({f})")).unwrap_or_default(),
    )
}

/// Adds the steps that pass on what belongs to the address and not to the
/// data. `at` is where the incoming table is by then, `left` where the outgoing
/// one is.
pub fn all(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &str, left: &str) {
    let label = outgoing.label();
    if incoming.owner != outgoing.owner {
        plan.sql(
            &label,
            format!("owner {} as before", outgoing.owner),
            format!("ALTER TABLE {at} OWNER TO {}", quote(&outgoing.owner)),
        );
    }
    replace_grants(plan, &label, &format!("TABLE {at}"), &incoming.grants, &outgoing.grants);
    row_security(plan, incoming, outgoing, at, &label);
    comments(plan, incoming, outgoing, at, &label);
    publications(plan, incoming, outgoing, at, left, &label);
    sequences(plan, incoming, outgoing, at, &label);
    let lost: Vec<&str> = outgoing
        .triggers
        .iter()
        .filter(|t| !incoming.triggers.contains(t))
        .map(String::as_str)
        .collect();
    if !lost.is_empty() {
        plan.warn(
            incoming.label(),
            format!("lacks the triggers {} of {}", lost.join(", "), outgoing.label()),
            "Create them on the shadow before promoting it.",
        );
    }
    if outgoing.children > 0 {
        plan.warn(
            outgoing.label(),
            format!("has {} inheriting tables, which stay with the old version", outgoing.children),
            "",
        );
    }
}

fn row_security(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &str, label: &str) {
    for policy in &incoming.policies {
        let sql = format!("DROP POLICY {} ON {at}", quote(&policy.name));
        plan.sql(label, format!("policy {} of the shadow goes", policy.name), sql);
    }
    for policy in &outgoing.policies {
        let sql = policy_sql(policy, at);
        plan.sql_as(label, format!("policy {}", policy.name), &outgoing.owner, sql);
    }
    if incoming.row_security != outgoing.row_security {
        let verb = if outgoing.row_security { "ENABLE" } else { "DISABLE" };
        plan.sql(
            label,
            "row security as before",
            format!("ALTER TABLE {at} {verb} ROW LEVEL SECURITY"),
        );
    }
    if incoming.force_row_security != outgoing.force_row_security {
        let verb = if outgoing.force_row_security { "FORCE" } else { "NO FORCE" };
        plan.sql(
            label,
            "row security as before",
            format!("ALTER TABLE {at} {verb} ROW LEVEL SECURITY"),
        );
    }
}

fn comments(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &str, label: &str) {
    if let (None, Some(comment)) = (&incoming.comment, &outgoing.comment) {
        let kind = takeover::object_kind(&incoming.kind);
        plan.sql(label, "comment", format!("COMMENT ON {kind} {at} IS {}", literal(comment)));
    }
    for (column, comment) in &outgoing.column_comments {
        let exists = incoming.shape.columns.iter().any(|c| c.name == *column);
        if exists && !incoming.column_comments.contains_key(column) {
            plan.sql(
                label,
                format!("comment on {column}"),
                format!("COMMENT ON COLUMN {at}.{} IS {}", quote(column), literal(comment)),
            );
        }
    }
}

/// Subscribers know a table by its name, so the publication follows the name.
fn publications(
    plan: &mut Plan,
    incoming: &Table,
    outgoing: &Table,
    at: &str,
    left: &str,
    label: &str,
) {
    for publication in &outgoing.publications {
        let name = &publication.name;
        if incoming.publications.iter().any(|p| p.name == *name) {
            let sql = format!("ALTER PUBLICATION {} DROP TABLE ONLY {at}", quote(name));
            plan.sql(label, format!("publication {name}"), sql);
        }
        let leave = format!("ALTER PUBLICATION {} DROP TABLE ONLY {left}", quote(name));
        plan.sql(label, format!("the old version leaves publication {name}"), leave);
        plan.sql(label, format!("publication {name}"), publication_sql(publication, at));
    }
    let identity = match outgoing.replica_identity.as_str() {
        same if same == incoming.replica_identity => return,
        "d" => "DEFAULT",
        "n" => "NOTHING",
        "f" => "FULL",
        _ => {
            plan.warn(
                incoming.label(),
                format!(
                    "{} has an index as its replica identity; choose one for the new version",
                    outgoing.label()
                ),
                format!("ALTER TABLE {at} REPLICA IDENTITY USING INDEX ...;"),
            );
            return;
        }
    };
    plan.sql(
        label,
        "replica identity as before",
        format!("ALTER TABLE {at} REPLICA IDENTITY {identity}"),
    );
}

/// Numbers go on where they were: an identity column of the new version must
/// not hand out a value that the old one has used, and a sequence shared by a
/// default must not go down with the old table.
fn sequences(plan: &mut Plan, incoming: &Table, outgoing: &Table, at: &str, label: &str) {
    for old in &outgoing.sequences {
        let twin = incoming.sequences.iter().find(|s| s.column == old.column);
        match twin {
            Some(new) => {
                if let Some(value) = old.last_value.filter(|v| *v > new.last_value.unwrap_or(0)) {
                    plan.sql(
                        label,
                        format!("{} goes on after {value}", new.column),
                        format!(
                            "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass, {value})",
                            literal(at),
                            literal(&new.column)
                        ),
                    );
                }
            }
            None if !old.identity
                && incoming.shape.columns.iter().any(|c| c.name == old.column) =>
            {
                plan.sql(
                    label,
                    format!("sequence {} now belongs to the new version", old.name),
                    format!(
                        "ALTER SEQUENCE {} OWNED BY {at}.{}",
                        qualified(&outgoing.schema, &old.name),
                        quote(&old.column)
                    ),
                );
            }
            None => {}
        }
    }
}
