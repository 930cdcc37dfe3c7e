//! The operations that plans are made of. Each is data: what it does as SQL, who
//! runs it, and what undoes it, where something does.

use serde::Serialize;

use super::facts::{Grant, Policy, Publication};
use crate::kernel::ids::RelId;
use crate::kernel::names::{Address, literal, quote};
use crate::kernel::state::State;

/// What kind of object an operation is about, as ALTER and COMMENT name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Table,
    ForeignTable,
    MaterializedView,
    View,
    Index,
    Sequence,
}

impl Kind {
    /// The kind of a table, from pg_class.relkind.
    pub fn of_table(relkind: &str) -> Kind {
        match relkind {
            "f" => Kind::ForeignTable,
            "m" => Kind::MaterializedView,
            _ => Kind::Table,
        }
    }

    const fn as_sql(self) -> &'static str {
        match self {
            Kind::Table => "TABLE",
            Kind::ForeignTable => "FOREIGN TABLE",
            Kind::MaterializedView => "MATERIALIZED VIEW",
            Kind::View => "VIEW",
            Kind::Index => "INDEX",
            Kind::Sequence => "SEQUENCE",
        }
    }
}

/// What a privilege is granted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Table(Address),
    Schema(String),
}

impl Target {
    fn as_sql(&self) -> String {
        match self {
            Target::Table(at) => format!("TABLE {}", at.quoted()),
            Target::Schema(schema) => format!("SCHEMA {}", quote(schema)),
        }
    }
}

/// A change of a table's row security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowSecurity {
    Enable,
    Disable,
    Force,
    NoForce,
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

    const fn inverse(self) -> RowSecurity {
        match self {
            RowSecurity::Enable => RowSecurity::Disable,
            RowSecurity::Disable => RowSecurity::Enable,
            RowSecurity::Force => RowSecurity::NoForce,
            RowSecurity::NoForce => RowSecurity::Force,
        }
    }
}

/// A change of state in `spyne.tables`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub relation: RelId,
    pub name: String,
    /// The address before the change, for people.
    pub shown: String,
    pub from: State,
    pub to: State,
    pub version: String,
    pub supersedes: Option<String>,
    /// The version that took over, for one that is superseded.
    pub superseded_by: Option<String>,
    /// The address that the table has when it is the one applications use.
    pub home: Address,
    /// When a deprecated version is meant to go, as text.
    pub sunset_at: Option<String>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Rename {
        kind: Kind,
        at: Address,
        to: String,
    },
    SetSchema {
        kind: Kind,
        at: Address,
        schema: String,
    },
    SetOwner {
        kind: Kind,
        at: Address,
        owner: String,
    },
    Grant {
        grant: Grant,
        on: Target,
    },
    /// Takes one privilege away, or with None all of them and what hangs on them.
    Revoke {
        privilege: Option<String>,
        on: Target,
        from: Vec<Option<String>>,
    },
    /// A policy whose expressions `owner` wrote.
    MakePolicy {
        policy: Policy,
        at: Address,
        owner: String,
    },
    DropPolicy {
        name: String,
        at: Address,
    },
    SetRowSecurity {
        at: Address,
        to: RowSecurity,
    },
    Comment {
        kind: Kind,
        at: Address,
        column: Option<String>,
        text: String,
    },
    JoinPublication {
        publication: Publication,
        at: Address,
    },
    LeavePublication {
        name: String,
        at: Address,
    },
    /// `DEFAULT`, `NOTHING` or `FULL`.
    SetReplicaIdentity {
        at: Address,
        identity: String,
    },
    /// The sequence behind a column goes on after a value.
    GoOnAfter {
        at: Address,
        column: String,
        value: i64,
    },
    OwnSequence {
        sequence: Address,
        at: Address,
        column: String,
    },
    /// A foreign key means another table under the same definition. It is NOT
    /// VALID until its rows are checked.
    RepointForeignKey {
        at: Address,
        constraint: String,
        definition: String,
    },
    ValidateForeignKey {
        at: Address,
        constraint: String,
    },
    /// A view. Where a user wrote its body, `owner` runs the statement.
    MakeView {
        view: Address,
        options: Vec<String>,
        body: String,
        owner: Option<String>,
    },
    DropView {
        view: Address,
    },
    SetViewOptions {
        view: Address,
        options: Vec<String>,
    },
    MakeMaterializedView {
        view: Address,
        options: Vec<String>,
        body: String,
        owner: String,
    },
    DropMaterializedView {
        view: Address,
    },
    RefreshMaterializedView {
        view: Address,
    },
    /// An index by its whole definition.
    MakeIndex {
        definition: String,
        owner: String,
    },
    SetState(Change),
    Record(super::record::Record),
}

impl Op {
    /// The statement; None where what changes is spyne's catalog alone.
    pub fn sql(&self) -> Option<String> {
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
            Op::Grant { grant, on } => grant_sql(grant, on),
            Op::Revoke { privilege, on, from } => revoke_sql(privilege.as_deref(), on, from),
            Op::MakePolicy { policy, at, .. } => policy_sql(policy, at),
            Op::DropPolicy { name, at } => {
                format!("DROP POLICY {} ON {}", quote(name), at.quoted())
            }
            Op::SetRowSecurity { at, to } => {
                format!("ALTER TABLE {} {} ROW LEVEL SECURITY", at.quoted(), to.as_sql())
            }
            Op::Comment { kind, at, column, text } => match column {
                None => {
                    format!("COMMENT ON {} {} IS {}", kind.as_sql(), at.quoted(), literal(text))
                }
                Some(column) => {
                    let at = at.quoted();
                    format!("COMMENT ON COLUMN {at}.{} IS {}", quote(column), literal(text))
                }
            },
            Op::JoinPublication { publication, at } => publication_sql(publication, at),
            Op::LeavePublication { name, at } => {
                format!("ALTER PUBLICATION {} DROP TABLE ONLY {}", quote(name), at.quoted())
            }
            Op::SetReplicaIdentity { at, identity } => {
                format!("ALTER TABLE {} REPLICA IDENTITY {identity}", at.quoted())
            }
            Op::GoOnAfter { at, column, value } => format!(
                "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass, {value})",
                literal(&at.quoted()),
                literal(column)
            ),
            Op::OwnSequence { sequence, at, column } => format!(
                "ALTER SEQUENCE {} OWNED BY {}.{}",
                sequence.quoted(),
                at.quoted(),
                quote(column)
            ),
            Op::RepointForeignKey { at, constraint, definition } => {
                let constraint = quote(constraint);
                // One that was NOT VALID already says so in its definition.
                let unvalidated = definition.trim_end().ends_with("NOT VALID");
                let suffix = if unvalidated { "" } else { " NOT VALID" };
                format!(
                    "ALTER TABLE {} DROP CONSTRAINT {constraint}, ADD CONSTRAINT {constraint} {definition}{suffix}",
                    at.quoted()
                )
            }
            Op::ValidateForeignKey { at, constraint } => {
                format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", at.quoted(), quote(constraint))
            }
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
            Op::MakeIndex { definition, .. } => definition.clone(),
            Op::SetState(_) | Op::Record(_) => return None,
        })
    }

    /// The role that runs the statement, where a user wrote an expression in it:
    /// the owner of the object, in a security-restricted operation, since to
    /// parse an expression can already run code. None for spyne's own work.
    pub fn runs_as(&self) -> Option<&str> {
        match self {
            Op::MakePolicy { owner, .. }
            | Op::MakeMaterializedView { owner, .. }
            | Op::MakeIndex { owner, .. } => Some(owner),
            Op::MakeView { owner, .. } => owner.as_deref(),
            _ => None,
        }
    }

    /// What undoes it; None where it alone does not say what was there before.
    pub fn inverse(&self) -> Option<Op> {
        Some(match self {
            Op::Rename { kind, at, to } => {
                Op::Rename { kind: *kind, at: Address::new(&at.schema, to), to: at.name.clone() }
            }
            Op::SetSchema { kind, at, schema } => Op::SetSchema {
                kind: *kind,
                at: Address::new(schema, &at.name),
                schema: at.schema.clone(),
            },
            Op::SetRowSecurity { at, to } => {
                Op::SetRowSecurity { at: at.clone(), to: to.inverse() }
            }
            Op::Grant { grant, on } if grant.column.is_none() => Op::Revoke {
                privilege: Some(grant.privilege.clone()),
                on: on.clone(),
                from: vec![grant.grantee.clone()],
            },
            Op::JoinPublication { publication, at } => {
                Op::LeavePublication { name: publication.name.clone(), at: at.clone() }
            }
            Op::MakePolicy { policy, at, .. } => {
                Op::DropPolicy { name: policy.name.clone(), at: at.clone() }
            }
            Op::MakeMaterializedView { view, .. } => {
                Op::DropMaterializedView { view: view.clone() }
            }
            _ => return None,
        })
    }
}

/// A role in a statement. The two that spyne grants to of its own accord read
/// as its documents write them.
fn role(name: &str) -> String {
    match name {
        "spyne_views" | "spyne_viewer" => name.to_string(),
        other => quote(other),
    }
}

/// A role in GRANT and REVOKE; None is PUBLIC.
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

fn policy_sql(policy: &Policy, at: &Address) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Address {
        Address::new("public", "Order Lines")
    }

    #[test]
    fn what_has_an_inverse_is_the_inverse_of_its_inverse() {
        let both_ways = [
            Op::Rename { kind: Kind::Table, at: at(), to: "lines".into() },
            Op::SetSchema { kind: Kind::Index, at: at(), schema: "old".into() },
            Op::SetRowSecurity { at: at(), to: RowSecurity::Force },
        ];
        for op in both_ways {
            let back = op.inverse().expect("it has an inverse");
            assert_ne!(back.sql(), op.sql());
            assert_eq!(back.inverse(), Some(op));
        }
        let grant =
            Grant { grantee: None, privilege: "SELECT".into(), grantable: false, column: None };
        let granted = Op::Grant { grant, on: Target::Table(at()) };
        let revoked = granted.inverse().and_then(|op| op.sql());
        let wanted = r#"REVOKE SELECT ON TABLE "public"."Order Lines" FROM PUBLIC"#;
        assert_eq!(revoked.as_deref(), Some(wanted));
    }

    #[test]
    fn what_a_user_wrote_runs_as_its_owner() {
        let owner = || "o".to_string();
        let by_owner = [
            Op::MakePolicy { policy: Policy::default(), at: at(), owner: owner() },
            Op::MakeIndex { definition: "CREATE INDEX ...".into(), owner: owner() },
            Op::MakeView {
                view: at(),
                options: vec![],
                body: "SELECT 1".into(),
                owner: Some(owner()),
            },
            Op::MakeMaterializedView {
                view: at(),
                options: vec![],
                body: "SELECT 1".into(),
                owner: owner(),
            },
        ];
        assert!(by_owner.iter().all(|op| op.runs_as() == Some("o")));
        assert_eq!(Op::DropView { view: at() }.runs_as(), None);
    }

    #[test]
    fn a_key_that_was_not_valid_is_not_made_so_twice() {
        let sql = |definition: &str| {
            let (constraint, definition) = ("k".to_string(), definition.to_string());
            Op::RepointForeignKey { at: at(), constraint, definition }.sql().unwrap_or_default()
        };
        assert!(sql("FOREIGN KEY (a) REFERENCES b(id)").ends_with("b(id) NOT VALID"));
        assert!(sql("FOREIGN KEY (a) REFERENCES b(id) NOT VALID").ends_with("b(id) NOT VALID"));
    }
}
