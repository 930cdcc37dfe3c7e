//! The shapes of tables, and drift: what has changed between two shapes, how bad it is,
//! and the SQL that undoes it.

pub mod compare;
pub mod constraints;
pub mod guide;
pub mod not_null;
pub mod remedies;
pub mod renames;
pub mod rules;
pub mod snapshot;
pub mod types;

use serde::{Deserialize, Serialize};

use rules::{ChangeType, Severity, What};

/// One change between two shapes of a table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SchemaChange {
    pub change_type: ChangeType,
    /// The column, by its old name where it had one; None for the table.
    pub column: Option<String>,
    pub old_name: Option<String>,
    pub new_name: Option<String>,
    /// The types; for a constraint or a default, the old and new definition.
    pub old_type: Option<String>,
    pub new_type: Option<String>,
    pub severity: Severity,
    pub detail: String,
    /// SQL that gives the old shape back; empty where nothing need be done.
    pub remedy: String,
}

impl SchemaChange {
    fn new(what: What, column: Option<&str>, detail: impl Into<String>) -> SchemaChange {
        let rule = what.rule();
        SchemaChange {
            change_type: rule.change_type,
            column: column.map(str::to_string),
            old_name: None,
            new_name: None,
            old_type: None,
            new_type: None,
            severity: rule.severity,
            detail: format!("{}: {}", detail.into(), rule.because),
            remedy: String::new(),
        }
    }

    fn names(self, old: Option<&str>, new: Option<&str>) -> SchemaChange {
        let owned = |name: Option<&str>| name.map(str::to_string);
        SchemaChange { old_name: owned(old), new_name: owned(new), ..self }
    }

    fn types(self, old: Option<&str>, new: Option<&str>) -> SchemaChange {
        let owned = |text: Option<&str>| text.map(str::to_string);
        SchemaChange { old_type: owned(old), new_type: owned(new), ..self }
    }

    /// Whether the change makes something stop working.
    pub fn is_breaking(&self) -> bool {
        self.severity == Severity::Breaking
    }
}

/// The severity of a whole report; None where it has no changes.
pub fn worst(changes: &[SchemaChange]) -> Option<Severity> {
    changes.iter().map(|change| change.severity).max()
}
