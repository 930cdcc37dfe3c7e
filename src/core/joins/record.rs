//! What a plan writes of joins.

use serde::Serialize;
use serde_json::Value;

use super::candidate::NewCandidate;
use super::kinds::{JoinType, Risk};
use super::validation::Cardinality;
use crate::kernel::ids::RoleId;

/// One change of join candidates or of accepted joins. Who makes it is whoever
/// carries out the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRecord {
    /// Candidates are stored. Those between two of the tables that were looked at,
    /// by name, which were found before and not now, expire.
    Store { candidates: Vec<NewCandidate>, looked_at: Option<Vec<String>> },
    /// A rejection is taken back: somebody who may has more to say for it.
    Reopen { candidate_id: i64 },
    /// A candidate is not suggested any more, for as long as its evidence is the same.
    Reject { candidate_id: i64, reason: String },
    /// What a validation has measured is kept, with the risk and the kind of join that
    /// come of it.
    KeepValidation { candidate_id: i64, stats: Value, risk: Risk, join_type: JoinType },
    /// A join was validated again, and holds.
    Renew { join_id: String, stats: Value, cardinality: Cardinality },
    /// A candidate becomes a join that people rely on.
    Accept(NewJoin),
    /// A join goes out of force; its candidate is open again.
    Deprecate { join_id: String, reason: String, superseded_by: Option<String> },
}

/// What is put on record of an acceptance, beside what the candidate says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewJoin {
    pub candidate_id: i64,
    pub join_id: String,
    pub role: String,
    pub version: i32,
    pub join_type: JoinType,
    pub cardinality: Cardinality,
    pub rationale: String,
    pub owner: RoleId,
    pub stats: Value,
    /// What stood in the way.
    pub overridden: Vec<String>,
}
