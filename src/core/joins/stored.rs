//! Candidates and accepted joins, as the catalog has them. Each field has the name of
//! its column.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::{JoinType, Risk};
use super::status::{CandidateStatus, JoinStatus};
use super::table::Table;
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::{RelId, RoleId};

/// A join that was found or proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub candidate_id: i64,
    /// The logical table that refers, and the table that this name means now.
    pub name1: String,
    pub table1: RelId,
    pub columns1: Vec<String>,
    /// The one that is referred to, likewise.
    pub name2: String,
    pub table2: RelId,
    /// In step with `columns1`.
    pub columns2: Vec<String>,
    pub join_type: JoinType,
    pub condition: String,
    /// 0 to 1.
    pub confidence: f64,
    pub confidence_level: String,
    pub reason: String,
    pub assumptions: Vec<String>,
    pub risk_level: Risk,
    pub validation_stats: Option<Value>,
    pub status: CandidateStatus,
    pub rejected_by: Option<String>,
    pub rejected_because: Option<String>,
    /// Microseconds since 2000-01-01, as Postgres counts.
    pub expires_at: i64,
    pub expired: bool,
}

/// A join that people rely on, or did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptedJoin {
    pub join_id: String,
    /// The table that its first name means now; None where there is none.
    pub table1: Option<RelId>,
    pub columns1: Vec<String>,
    pub table2: Option<RelId>,
    pub columns2: Vec<String>,
    /// What sets it apart from others of the same tables; empty where nothing does.
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

impl Candidate {
    /// Its columns in the tables as they are now.
    ///
    /// # Errors
    /// 55000 where one is gone.
    pub fn columns(&self, child: &Table, parent: &Table) -> Result<(Vec<usize>, Vec<usize>)> {
        Ok((self.columns_of(child, &self.columns1)?, self.columns_of(parent, &self.columns2)?))
    }

    fn columns_of(&self, table: &Table, names: &[String]) -> Result<Vec<usize>> {
        let of = |name: &String| table.column(name).ok_or_else(|| self.without(table, name));
        names.iter().map(of).collect()
    }

    fn without(&self, table: &Table, column: &str) -> SpyneError {
        SpyneError::new(
            Code::WrongState,
            format!("{} has no column \"{column}\" any more", table.shown),
            format!("Join candidate {} was found when it had.", self.candidate_id),
            "Find its joins again: SELECT * FROM spyne_discover_joins();",
        )
    }

    /// # Errors
    /// 55000 where it is too old, unless a join rests on it.
    pub fn check_fresh(&self) -> Result<()> {
        if !self.expired || self.status == CandidateStatus::Accepted {
            return Ok(());
        }
        Err(SpyneError::new(
            Code::WrongState,
            format!("join candidate {} has expired", self.candidate_id),
            "Its evidence is too old: the tables may not be what they were.",
            "Find it again: SELECT * FROM spyne_discover_joins(); or propose it: spyne_propose_join.",
        ))
    }

    /// The refusal of what an admin has rejected.
    pub fn rejected(&self) -> SpyneError {
        SpyneError::new(
            Code::WrongState,
            format!("join candidate {} was rejected", self.candidate_id),
            format!(
                "By {}: {}",
                self.rejected_by.as_deref().unwrap_or("nobody"),
                self.rejected_because.as_deref().unwrap_or_default()
            ),
            "An administrator may propose it again: spyne_propose_join.",
        )
    }
}

impl AcceptedJoin {
    /// # Errors
    /// 55000 where it is out of force already.
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
