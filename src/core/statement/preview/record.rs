//! Previews and runs, as they are stored and shown. Their fields are the columns of
//! spyne.query_previews and spyne.query_executions, by name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::description::{AggregateUse, FilterUse, JoinUse, TableUse, Use};
use super::findings::{Assumption, Guardrail, GuardrailSeverity};
use super::staleness::Basis;
use crate::kernel::ids::{RelId, RoleId};

/// A preview: what a statement will do, and the user whom it authorises to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The uuid of the preview; empty until the preview is stored or held.
    pub preview_id: String,
    /// The user whom the preview authorises.
    pub user_oid: RoleId,
    /// The name of the user when the preview was made.
    pub user_name: String,
    /// The statement without blanks around it.
    pub sql: String,
    /// SELECT, INSERT, ..., or the statement that wraps the query: COPY, EXPLAIN, ...
    pub statement: String,
    /// The search_path by which names were looked up.
    pub search_path: String,
    pub tables_used: Vec<TableUse>,
    /// The accepted joins that cover joins of the statement.
    pub join_versions: Vec<String>,
    pub joins: Vec<JoinUse>,
    pub filters: Vec<FilterUse>,
    pub aggregations: Vec<AggregateUse>,
    pub assumptions: Vec<Assumption>,
    pub guardrails: Vec<Guardrail>,
    pub dry_run: Option<DryRun>,
    /// From 0 to 1.
    pub confidence: f64,
    /// The number of rows by the planner; after a dry run, the exact number.
    pub estimated_rows: Option<f64>,
    /// The cost in the planner's units.
    pub estimated_cost: Option<f64>,
    pub estimated_execution_time_ms: Option<f64>,
    /// Whether some stop is not overridden. The statement does not run then.
    pub requires_confirmation: bool,
    /// The stops that were overridden, and why.
    pub overrides: Vec<String>,
    pub reason: Option<String>,
    pub include_deprecated: bool,
    /// Whether the statement writes, and so is authorised for one run only.
    pub writes: bool,
    /// What the preview was made against.
    pub basis: Basis,
    /// The preview that this one corrects.
    pub corrects: Option<String>,
    /// When the preview expires, as text; empty until the preview is stored or held.
    pub expires_at: String,
}

impl Preview {
    /// The codes of the stops that nobody has overridden.
    pub fn stops_left(&self) -> Vec<&str> {
        let stops = self.guardrails.iter().filter(|g| g.severity == GuardrailSeverity::Stop);
        let left = |code: &&str| !self.overrides.iter().any(|o| o == code);
        stops.map(|g| &*g.code).filter(left).collect()
    }

    /// The tables that foreign keys change along with those that the statement writes
    /// to.
    pub fn reached(&self) -> Vec<RelId> {
        let written = self.tables_used.iter().filter(|t| t.access == Use::Write);
        let basis = written.filter_map(|table| self.basis.relations.get(&table.oid));
        basis.flat_map(|b| b.cascades.iter().copied()).collect()
    }
}

/// What a write has done before it was undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    /// The number of rows that the statement writes.
    pub rows: u64,
    /// The table whose rows are shown; None where the user may not see them.
    pub table: Option<String>,
    /// Some of the rows as they were before, and as they were afterwards.
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
    /// The number of rows that the run returned or wrote.
    pub result_count: i64,
    pub status: RunStatus,
    pub scanned: Vec<Scanned>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunStatus {
    #[serde(rename = "completed")]
    Completed,
    /// The caller did not ask for every row.
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
