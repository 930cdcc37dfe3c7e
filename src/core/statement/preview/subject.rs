//! What the rules of a preview look at.

use crate::statement::query::Query;
use crate::statement::query::plan::PlanNode;
use crate::statement::query::relations::Relations;

/// A statement and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub query: &'a Query,
    pub relations: &'a Relations,
    /// Its plan; None where it was not planned.
    pub plan: Option<&'a PlanNode>,
    pub limits: Limits,
    /// Its joins, and whether somebody has accepted them; empty while nothing
    /// is known of accepted joins.
    pub joins: &'a [JoinFact],
}

/// Where guardrails begin; settings in the extension.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a join for each row of its larger side.
    pub fan_out: f64,
    /// Rows of a join.
    pub join_rows: f64,
    /// Rows from which on a table should be filtered.
    pub large_table_rows: f64,
    pub require_accepted_joins: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fan_out: 1000.0,
            join_rows: 10e6,
            large_table_rows: 1e6,
            require_accepted_joins: false,
        }
    }
}

/// A join of the statement between governed tables.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinFact {
    pub left: String,
    pub right: String,
    pub standing: Standing,
}

/// What people have said of a join.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It is an accepted one.
    Accepted,
    /// It was accepted, and a column has drifted since: the join's id and that of its
    /// candidate.
    Suspect(String, i64),
    /// It is suggested: the candidate's number and confidence.
    Candidate(i64, f64),
    Unknown,
}
