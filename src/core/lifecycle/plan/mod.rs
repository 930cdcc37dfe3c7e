//! What a promotion or a restoration does, worked out before anything is done.
//!
//! A plan is data: a dry run shows it, a real run carries out the very same
//! steps. It is made from facts alone, so each rule can be tested without a
//! server.

pub mod carry;
pub mod dependents;
pub mod facts;
pub mod takeover;
pub mod view;

use crate::kernel::ids::RelId;
use crate::kernel::state::State;

/// One line of a plan, as its rows show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is changed.
    pub object: String,
    /// What happens to it, in words.
    pub detail: String,
    pub action: Action,
}

/// How a step is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One statement, run with elevated rights. Fixed catalog work: none of
    /// these statements reads a user's table or calls a user's function.
    Sql(String),
    /// One statement with an expression that a user wrote: run as the owner of
    /// the object, whose it is, in a security-restricted operation. To parse an
    /// expression can already run code (a domain's CHECK, a cast).
    SqlAs { owner: String, sql: String },
    /// A table changes state in spyne's own catalog.
    Change(Change),
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub oid: RelId,
    pub name: String,
    pub relation: String,
    pub from: State,
    pub to: State,
    pub version: String,
    pub supersedes: Option<String>,
    /// The version that took over, for one that is superseded.
    pub superseded_by: Option<String>,
    /// The address that the table has when it is the one applications use.
    pub home: (String, String),
    /// When a deprecated version is meant to go, as text.
    pub sunset_at: Option<String>,
}

/// Something a person should know before it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub object: String,
    pub detail: String,
    /// What resolves it; empty where nothing need be typed.
    pub remedy: String,
}

/// The whole of what would be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Reasons why nothing is done.
    pub blockers: Vec<Note>,
    pub warnings: Vec<Note>,
    pub steps: Vec<Step>,
    /// Statements left to the caller, because their cost grows with the data.
    pub follow_ups: Vec<Step>,
}

impl Plan {
    /// Adds the one step of a deprecation.
    pub fn deprecate(&mut self, change: Change) {
        self.steps.push(Step {
            object: change.relation.clone(),
            detail: format!("{} to {}", change.from.as_str(), change.to.as_str()),
            action: Action::Change(change),
        });
    }

    fn sql(&mut self, object: &str, detail: impl Into<String>, sql: String) {
        self.steps.push(Step {
            object: object.to_string(),
            detail: detail.into(),
            action: Action::Sql(sql),
        });
    }

    fn sql_as(&mut self, object: &str, detail: impl Into<String>, owner: &str, sql: String) {
        self.steps.push(Step {
            object: object.to_string(),
            detail: detail.into(),
            action: Action::SqlAs { owner: owner.to_string(), sql },
        });
    }

    fn block(
        &mut self,
        object: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.blockers.push(Note {
            object: object.into(),
            detail: detail.into(),
            remedy: remedy.into(),
        });
    }

    fn warn(
        &mut self,
        object: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(Note {
            object: object.into(),
            detail: detail.into(),
            remedy: remedy.into(),
        });
    }
}
