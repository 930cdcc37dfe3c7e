//! Accepted joins, as the catalog has them. Each field has the name of its column.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::JoinType;
use super::status::JoinStatus;
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::{RelId, RoleId};

/// A join that people rely on, or relied on until it was deprecated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptedJoin {
    pub join_id: String,
    /// The relation that the join's first name means now; None where there is none.
    pub table1: Option<RelId>,
    pub columns1: Vec<String>,
    pub table2: Option<RelId>,
    pub columns2: Vec<String>,
    /// What sets the join apart from others between the same tables; empty where
    /// nothing does.
    pub role: String,
    pub join_type: JoinType,
    pub condition: String,
    pub cardinality: String,
    pub version: i32,
    pub status: JoinStatus,
    pub rationale: String,
    pub owner: RoleId,
    pub accepted_by: String,
    /// Microseconds since 2000-01-01, as Postgres counts.
    pub accepted_at: i64,
    pub validated_at: i64,
    pub confidence: f64,
    pub evidence: Value,
    pub validation_stats: Value,
    pub suspect_because: Option<String>,
    pub superseded_by: Option<String>,
}

impl AcceptedJoin {
    /// Checks that the join can be taken out of force.
    ///
    /// # Errors
    /// 55000 where the join is out of force already.
    pub fn check_deprecable(&self) -> Result<()> {
        if self.status.can_become(JoinStatus::Deprecated) {
            return Ok(());
        }
        Err(SpyneError::new(
            Code::WrongState,
            format!("join {} is deprecated already", self.join_id),
            match &self.superseded_by {
                Some(successor) => format!("{successor} has taken its place."),
                None => "Nothing has taken its place.".to_string(),
            },
            "List those in force: SELECT join_id, condition FROM spyne.accepted_joins WHERE status <> 'deprecated';",
        ))
    }
}
