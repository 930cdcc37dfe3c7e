//! Operations as statements.

use super::{Op, RelationKind, RowSecurity, Target};
use crate::kernel::names::{Address, literal, quote};
use crate::lifecycle::plan::facts::{Grant, Publication, RowPolicy};
use crate::shape::constraints::is_enforced;

impl Op {
    /// The statement; None where only spyne's catalog changes.
    pub fn sql(&self) -> Option<String> {
        let statement = match self {
            Op::SetState(_) | Op::Record(_) => return None,
            Op::Grant { grant, on } => grant_sql(grant, on),
            Op::Revoke { privilege, on, from } => revoke_sql(privilege.as_deref(), on, from),
            Op::MakePolicy { policy, at, .. } => policy_sql(policy, at),
            Op::DropPolicy { name, at } => {
                format!("DROP POLICY {} ON {}", quote(name), at.quoted())
            }
            Op::Comment { kind, at, column, text } => {
                comment_sql(*kind, at, column.as_deref(), text)
            }
            Op::JoinPublication { publication, at } => publication_sql(publication, at),
            Op::LeavePublication { name, at } => {
                format!("ALTER PUBLICATION {} DROP TABLE ONLY {}", quote(name), at.quoted())
            }
            Op::GoOnAfter { at, column, value } => format!(
                "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass, {value})",
                literal(&at.quoted()),
                literal(column)
            ),
            Op::MakeIndex { definition, .. } => definition.clone(),
            Op::MakeView { .. }
            | Op::DropView { .. }
            | Op::SetViewOptions { .. }
            | Op::MakeMaterializedView { .. }
            | Op::DropMaterializedView { .. }
            | Op::RefreshMaterializedView { .. } => self.view_sql()?,
            Op::Rename { .. }
            | Op::SetSchema { .. }
            | Op::SetOwner { .. }
            | Op::SetRowSecurity { .. }
            | Op::SetReplicaIdentity { .. }
            | Op::OwnSequence { .. }
            | Op::MakeTableLike { .. }
            | Op::AddForeignKey { .. }
            | Op::RepointForeignKey { .. }
            | Op::ValidateForeignKey { .. } => self.relation_sql()?,
        };
        Some(statement)
    }

    /// Statements that make, move or alter a table, an index or a sequence.
    fn relation_sql(&self) -> Option<String> {
        Some(match self {
            Op::Rename { kind, at, to } => {
                format!("ALTER {} {} RENAME TO {}", kind.as_sql(), at.quoted(), quote(to))
            }
            Op::SetSchema { kind, at, schema } => {
                format!("ALTER {} {} SET SCHEMA {}", kind.as_sql(), at.quoted(), quote(schema))
            }
            Op::SetOwner { kind, at, owner } => {
                format!("ALTER {} {} OWNER TO {}", kind.as_sql(), at.quoted(), role(owner))
            }
            Op::SetRowSecurity { at, to } => {
                format!("ALTER TABLE {} {} ROW LEVEL SECURITY", at.quoted(), to.as_sql())
            }
            Op::SetReplicaIdentity { at, identity } => {
                format!("ALTER TABLE {} REPLICA IDENTITY {identity}", at.quoted())
            }
            Op::OwnSequence { sequence, at, column } => format!(
                "ALTER SEQUENCE {} OWNED BY {}.{}",
                sequence.quoted(),
                at.quoted(),
                quote(column)
            ),
            Op::MakeTableLike { at, model, partition_by } => format!(
                "CREATE TABLE {} (LIKE {} INCLUDING ALL){}",
                at.quoted(),
                model.quoted(),
                partition_by
                    .as_deref()
                    .map(|key| format!(" PARTITION BY {key}"))
                    .unwrap_or_default()
            ),
            Op::AddForeignKey { at, constraint, definition } => format!(
                "ALTER TABLE {} ADD CONSTRAINT {} {definition}",
                at.quoted(),
                quote(constraint)
            ),
            Op::RepointForeignKey { at, constraint, definition } => {
                repoint_sql(at, &quote(constraint), definition)
            }
            Op::ValidateForeignKey { at, constraint } => {
                format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", at.quoted(), quote(constraint))
            }
            _ => return None,
        })
    }

    /// Statements about views.
    fn view_sql(&self) -> Option<String> {
        Some(match self {
            Op::MakeView { view, options, body, .. } => format!(
                "CREATE OR REPLACE VIEW {}{} AS {}",
                view.quoted(),
                with_options(options),
                without_end(body)
            ),
            Op::DropView { view } => format!("DROP VIEW {}", view.quoted()),
            Op::SetViewOptions { view, options } => {
                format!("ALTER VIEW {} SET{}", view.quoted(), option_list(options))
            }
            Op::MakeMaterializedView { view, options, body, .. } => format!(
                "CREATE MATERIALIZED VIEW {}{} AS {} WITH NO DATA",
                view.quoted(),
                with_options(options),
                without_end(body)
            ),
            Op::DropMaterializedView { view } => {
                format!("DROP MATERIALIZED VIEW {}", view.quoted())
            }
            Op::RefreshMaterializedView { view } => {
                format!("REFRESH MATERIALIZED VIEW {}", view.quoted())
            }
            _ => return None,
        })
    }
}

impl RelationKind {
    const fn as_sql(self) -> &'static str {
        match self {
            RelationKind::Table => "TABLE",
            RelationKind::ForeignTable => "FOREIGN TABLE",
            RelationKind::MaterializedView => "MATERIALIZED VIEW",
            RelationKind::View => "VIEW",
            RelationKind::Index => "INDEX",
            RelationKind::Sequence => "SEQUENCE",
        }
    }
}

impl Target {
    fn as_sql(&self) -> String {
        match self {
            Target::Table(at) => format!("TABLE {}", at.quoted()),
            Target::Schema(schema) => format!("SCHEMA {}", quote(schema)),
        }
    }
}

impl RowSecurity {
    const fn as_sql(self) -> &'static str {
        match self {
            RowSecurity::Enable => "ENABLE",
            RowSecurity::Disable => "DISABLE",
            RowSecurity::Force => "FORCE",
            RowSecurity::NoForce => "NO FORCE",
        }
    }
}

/// A role in a statement. The two roles that spyne itself grants to are written as the
/// documents write them.
fn role(name: &str) -> String {
    match name {
        "spyne_views" | "spyne_viewer" => name.to_string(),
        other => quote(other),
    }
}

/// A role in GRANT and REVOKE; None stands for PUBLIC.
fn grantee(name: &Option<String>) -> String {
    name.as_deref().map_or_else(|| "PUBLIC".to_string(), role)
}

fn grant_sql(grant: &Grant, on: &Target) -> String {
    format!(
        "GRANT {}{} ON {} TO {}{}",
        grant.privilege,
        grant.column.as_deref().map(|c| format!(" ({})", quote(c))).unwrap_or_default(),
        on.as_sql(),
        grantee(&grant.grantee),
        if grant.grantable { " WITH GRANT OPTION" } else { "" }
    )
}

fn revoke_sql(privilege: Option<&str>, on: &Target, from: &[Option<String>]) -> String {
    let mut grantees: Vec<String> = from.iter().map(grantee).collect();
    grantees.sort();
    grantees.dedup();
    let grantees = grantees.join(", ");
    match privilege {
        Some(privilege) => format!("REVOKE {privilege} ON {} FROM {grantees}", on.as_sql()),
        None => format!("REVOKE ALL ON {} FROM {grantees} CASCADE", on.as_sql()),
    }
}

fn policy_sql(policy: &RowPolicy, at: &Address) -> String {
    let roles: Vec<String> = policy.roles.iter().map(grantee).collect();
    format!(
        "CREATE POLICY {} ON {} AS {} FOR {} TO {}{}{}",
        quote(&policy.name),
        at.quoted(),
        if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" },
        policy.command,
        roles.join(", "),
        policy.using.as_deref().map(|e| format!(" USING ({e})")).unwrap_or_default(),
        policy.with_check.as_deref().map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default(),
    )
}

fn publication_sql(publication: &Publication, at: &Address) -> String {
    format!(
        "ALTER PUBLICATION {} ADD TABLE ONLY {}{}{}",
        quote(&publication.name),
        at.quoted(),
        publication
            .columns
            .as_ref()
            .map(|c| format!(" ({})", c.iter().map(|n| quote(n)).collect::<Vec<_>>().join(", ")))
            .unwrap_or_default(),
        publication.filter.as_deref().map(|f| format!(" WHERE ({f})")).unwrap_or_default(),
    )
}

fn without_end(definition: &str) -> &str {
    definition.trim().trim_end_matches(';')
}

/// `WITH (name = value, ...)` from pg_class.reloptions.
fn with_options(options: &[String]) -> String {
    match options.is_empty() {
        true => String::new(),
        false => format!(" WITH{}", option_list(options)),
    }
}

/// ` (name = value, ...)`.
fn option_list(options: &[String]) -> String {
    let list: Vec<String> = options
        .iter()
        .map(|option| match option.split_once('=') {
            Some((name, value)) => format!("{} = {}", quote(name), literal(value)),
            None => quote(option),
        })
        .collect();
    format!(" ({})", list.join(", "))
}

fn comment_sql(kind: RelationKind, at: &Address, column: Option<&str>, text: &str) -> String {
    let (at, text) = (at.quoted(), literal(text));
    match column {
        None => format!("COMMENT ON {} {at} IS {text}", kind.as_sql()),
        Some(column) => format!("COMMENT ON COLUMN {at}.{} IS {text}", quote(column)),
    }
}

fn repoint_sql(at: &Address, constraint: &str, definition: &str) -> String {
    // The definition of a key that was NOT VALID already says so.
    let unvalidated = definition.trim_end().ends_with("NOT VALID") || !is_enforced(definition);
    let suffix = if unvalidated { "" } else { " NOT VALID" };
    format!(
        "ALTER TABLE {} DROP CONSTRAINT {constraint}, ADD CONSTRAINT {constraint} {definition}{suffix}",
        at.quoted()
    )
}
