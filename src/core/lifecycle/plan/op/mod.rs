//! The operations that plans consist of. Each is data: its SQL, who runs it, and its
//! inverse, where it has one.

mod sql;

use serde::Serialize;

use super::facts::{Grant, Publication, RowPolicy};
use super::record::Record;
use crate::kernel::ids::RelId;
use crate::kernel::names::Address;
use crate::kernel::state::State;

/// The kind of object that an operation is about, as ALTER and COMMENT name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    Table,
    ForeignTable,
    MaterializedView,
    View,
    Index,
    Sequence,
}

impl RelationKind {
    /// The kind of a table, from pg_class.relkind.
    pub fn of_table(relkind: &str) -> RelationKind {
        match relkind {
            "f" => RelationKind::ForeignTable,
            "m" => RelationKind::MaterializedView,
            _ => RelationKind::Table,
        }
    }
}

/// The object that a privilege is granted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Table(Address),
    Schema(String),
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
pub struct StateChange {
    pub relation: RelId,
    pub name: String,
    /// The address before the change, for people.
    pub shown: String,
    pub from: State,
    pub to: State,
    pub version: String,
    pub supersedes: Option<String>,
    /// The version that took this one's place, where one did.
    pub superseded_by: Option<String>,
    /// The address that the table has while applications use it.
    pub home: Address,
    /// When a deprecated version is meant to be removed, as text.
    pub sunset_at: Option<String>,
}

/// Who runs an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsAs<'a> {
    /// spyne itself, elevated: nothing in the statement was written by a user.
    Spyne,
    /// The owner of the object that the statement makes, in a security-restricted
    /// operation: a user wrote an expression in it, and parsing an expression can
    /// already run code.
    Owner(&'a str),
    /// The user who gives the command, with the user's rights and no others.
    Caller,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Rename {
        kind: RelationKind,
        at: Address,
        to: String,
    },
    SetSchema {
        kind: RelationKind,
        at: Address,
        schema: String,
    },
    SetOwner {
        kind: RelationKind,
        at: Address,
        owner: String,
    },
    Grant {
        grant: Grant,
        on: Target,
    },
    /// Revokes one privilege, or with None all of them, with the grants that depend on
    /// them.
    Revoke {
        privilege: Option<String>,
        on: Target,
        from: Vec<Option<String>>,
    },
    /// A policy whose expressions `owner` wrote.
    MakePolicy {
        policy: RowPolicy,
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
        kind: RelationKind,
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
    /// The sequence of a column goes on after a value.
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
    /// An empty table with the columns, defaults, constraints and indexes of another.
    /// The caller makes it, so expressions in it are evaluated with the caller's
    /// rights.
    MakeTableLike {
        at: Address,
        model: Address,
        partition_by: Option<String>,
    },
    /// A foreign key of a table that [`Op::MakeTableLike`] has made.
    AddForeignKey {
        at: Address,
        constraint: String,
        definition: String,
    },
    /// A foreign key is made again under the same definition, which means another table
    /// now. It is NOT VALID until its rows are checked.
    RepointForeignKey {
        at: Address,
        constraint: String,
        definition: String,
    },
    ValidateForeignKey {
        at: Address,
        constraint: String,
    },
    /// A view. Where a user wrote its query, `owner` runs the statement.
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
    SetState(StateChange),
    Record(Record),
}

impl Op {
    /// Who runs the statement.
    pub fn runs_as(&self) -> RunsAs<'_> {
        match self {
            Op::MakePolicy { owner, .. }
            | Op::MakeMaterializedView { owner, .. }
            | Op::MakeIndex { owner, .. }
            | Op::MakeView { owner: Some(owner), .. } => RunsAs::Owner(owner),
            Op::MakeTableLike { .. } | Op::AddForeignKey { .. } => RunsAs::Caller,
            _ => RunsAs::Spyne,
        }
    }

    /// The operation that undoes this one, where it has changed something. None where
    /// this one does not say what was there before, and where undoing would lose rows
    /// that came since.
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

#[cfg(test)]
mod tests;
