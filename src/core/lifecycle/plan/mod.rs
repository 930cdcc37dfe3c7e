//! The plan of a promotion or a restoration, worked out before anything is done.
//!
//! A plan is data: a dry run shows it, and a real run carries out the very same steps.
//! It is made from facts only, so each rule can be tested without a server.

pub mod carry;
pub mod dependents;
pub mod entry;
pub mod facts;
pub mod op;
mod parts;
pub mod record;
pub mod takeover;
pub mod view;

use serde::Serialize;

use crate::kernel::error::{Code, SpyneError};
use crate::kernel::names::RelationName;
use op::{Op, StateChange};
use record::Record;

/// One line of a plan, as its rows show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The object that is changed.
    pub object: String,
    /// What happens to the object, in words. The same operation reads differently
    /// depending on what it is done for.
    pub detail: String,
    pub op: Op,
}

impl Step {
    /// The statement, ready to be shown; None where only spyne's catalog changes.
    pub fn statement(&self) -> Option<String> {
        self.op.sql().map(|sql| format!("{sql};"))
    }
}

/// Something that people should know before the plan is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub object: String,
    pub detail: String,
    /// The SQL that resolves it; empty where nothing need be typed.
    pub remedy: String,
}

/// A plan: all that would be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The reason that the caller has given, for the history.
    pub reason: Option<String>,
    /// Reasons why nothing is done.
    pub blockers: Vec<Note>,
    pub warnings: Vec<Note>,
    /// What spyne writes to its catalog before the first step. It has no line in the
    /// output.
    pub before: Vec<Record>,
    pub steps: Vec<Step>,
    /// What spyne writes to its catalog after the last step. It has no line in the
    /// output.
    pub after: Vec<Record>,
    /// Statements left to the caller, because their cost grows with the data.
    pub follow_ups: Vec<Step>,
}

impl Plan {
    /// A plan for this reason, without any steps yet.
    pub fn because(reason: Option<&str>) -> Plan {
        Plan { reason: reason.map(str::to_string), ..Plan::default() }
    }

    /// Adds a step.
    pub fn step(&mut self, object: impl Into<String>, detail: impl Into<String>, op: Op) {
        self.steps.push(Step { object: object.into(), detail: detail.into(), op });
    }

    /// Adds a statement that is left to the caller.
    pub fn follow_up(&mut self, object: impl Into<String>, detail: impl Into<String>, op: Op) {
        self.follow_ups.push(Step { object: object.into(), detail: detail.into(), op });
    }

    /// Adds the step of a change of state.
    pub fn change(&mut self, change: StateChange, renumbered: &str) {
        self.step(
            change.shown.clone(),
            format!("{} to {}{renumbered}", change.from.as_str(), change.to.as_str()),
            Op::SetState(change),
        );
    }

    /// Adds a reason why nothing is done.
    pub fn block(
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

    /// Adds a warning.
    pub fn warn(
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

    /// The error of a real run that has blockers. `verb` is that of the function
    /// `spyne_<verb>`, which took the table at `subject`.
    pub fn blocked(&self, verb: &str, subject: &RelationName) -> SpyneError {
        let listed: Vec<String> = self
            .blockers
            .iter()
            .map(|b| format!("{}: {}. {}", b.object, b.detail, b.remedy))
            .collect();
        SpyneError::new(
            Code::WrongState,
            format!(
                "cannot {verb} {}: {} blocker{}",
                subject.shown(),
                listed.len(),
                if listed.len() == 1 { "" } else { "s" }
            ),
            listed.join("\n"),
            format!(
                "Nothing was changed. See the whole plan: SELECT * FROM spyne_{verb}({}, dry_run => true);",
                subject.as_argument()
            ),
        )
    }
}
