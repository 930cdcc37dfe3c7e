//! A preview and a run, as they are stored and shown. Their fields are the columns
//! of spyne.query_previews and spyne.query_executions, by name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::description::{AggregateUse, FilterUse, JoinUse, TableUse, Use};
use super::findings::{Assumption, Guardrail, Severity};
use super::staleness::Basis;
use crate::kernel::ids::{RelId, RoleId};

/// What a statement will do, and whom it authorises to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// A uuid; empty until it is stored or held.
    pub preview_id: String,
    /// Whom it authorises.
    pub user_oid: RoleId,
    /// What they were called then.
    pub user_name: String,
    /// Without space around it.
    pub sql: String,
    /// SELECT, INSERT, ..., or what wraps it: COPY, EXPLAIN, ...
    pub statement: String,
    /// Where its names were looked for.
    pub search_path: String,
    pub tables_used: Vec<TableUse>,
    /// The accepted joins that cover its joins.
    pub join_versions: Vec<String>,
    pub joins: Vec<JoinUse>,
    pub filters: Vec<FilterUse>,
    pub aggregations: Vec<AggregateUse>,
    pub assumptions: Vec<Assumption>,
    pub guardrails: Vec<Guardrail>,
    pub dry_run: Option<DryRun>,
    /// From 0 to 1.
    pub confidence: f64,
    /// By the planner; after a dry run, exact.
    pub estimated_rows: Option<f64>,
    /// In the planner's units.
    pub estimated_cost: Option<f64>,
    pub estimated_execution_time_ms: Option<f64>,
    /// Whether a stop is left that nobody has overridden: it does not run then.
    pub requires_confirmation: bool,
    /// The stops that were overridden, and why.
    pub overrides: Vec<String>,
    pub reason: Option<String>,
    pub include_deprecated: bool,
    /// Whether it runs only once.
    pub writes: bool,
    /// What it was made against.
    pub basis: Basis,
    /// The preview that it corrects.
    pub corrects: Option<String>,
    /// Until when it authorises, as a text; empty as `preview_id` is.
    pub expires_at: String,
}

impl Preview {
    /// The codes of the stops that nobody has overridden.
    pub fn stops_left(&self) -> Vec<&str> {
        let stops = self.guardrails.iter().filter(|g| g.severity == Severity::Stop);
        let left = |code: &&str| !self.overrides.iter().any(|o| o == code);
        stops.map(|g| &*g.code).filter(left).collect()
    }

    /// The tables that foreign keys change along with those that it writes to.
    pub fn reached(&self) -> Vec<RelId> {
        let written = self.tables_used.iter().filter(|t| t.access == Use::Write);
        let basis = written.filter_map(|table| self.basis.relations.get(&table.oid));
        basis.flat_map(|b| b.cascades.iter().copied()).collect()
    }
}

/// What a write has done before it was undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    /// How many rows it writes.
    pub rows: u64,
    /// The table whose rows are shown; none where they may not be.
    pub table: Option<String>,
    /// Some of the rows as they were, and as they became.
    pub before: Vec<Value>,
    pub after: Vec<Value>,
}

/// A run of a previewed statement, with its preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub preview: Preview,
    pub user_name: String,
    pub started_at: String,
    pub execution_time_ms: f64,
    /// Rows that it returned or wrote.
    pub result_count: i64,
    pub status: RunStatus,
    pub scanned: Vec<Scanned>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunStatus {
    #[serde(rename = "completed")]
    Completed,
    /// Not every row was asked for.
    #[serde(rename = "stopped early")]
    StoppedEarly,
}

impl RunStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            RunStatus::Completed => "completed",
            RunStatus::StoppedEarly => "stopped early",
        }
    }
}

/// Rows that a run has read from a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scanned {
    pub relation: String,
    pub oid: RelId,
    pub rows: f64,
}
