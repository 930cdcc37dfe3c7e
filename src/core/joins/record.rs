//! What a plan about joins writes to the catalog.

use serde::Serialize;
use serde_json::Value;

use super::candidate::NewCandidate;
use super::kinds::{JoinType, Risk};
use super::validation::Cardinality;
use crate::kernel::ids::RoleId;

/// One change of join candidates or of accepted joins. The user who goes on record is
/// the one who carries out the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRecord {
    /// Candidates are stored. Stored candidates between two of the tables in
    /// `looked_at` (logical names) that were not found again expire.
    Store { candidates: Vec<NewCandidate>, looked_at: Option<Vec<String>> },
    /// A rejection is taken back, because somebody who may do so proposes the join
    /// again.
    Reopen { candidate_id: i64 },
    /// A candidate is rejected: it is not suggested while its evidence is the same.
    Reject { candidate_id: i64, reason: String },
    /// The measures of a validation are stored, with the risk and the kind of join that
    /// follow from them.
    KeepValidation { candidate_id: i64, stats: Value, risk: Risk, join_type: JoinType },
    /// A join was validated again, and holds.
    Renew { join_id: String, stats: Value, cardinality: Cardinality },
    /// A candidate becomes a join that people rely on.
    Accept(NewJoin),
    /// A join goes out of force; its candidate is open again.
    Deprecate { join_id: String, reason: String, superseded_by: Option<String> },
}

/// What goes on record of an acceptance, besides what the candidate says.
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
    /// The blockers that were overridden.
    pub overridden: Vec<String>,
}
