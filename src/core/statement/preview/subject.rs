//! What the rules of a preview look at.

use crate::statement::query::Query;
use crate::statement::query::plan::PlanNode;
use crate::statement::query::relations::Relations;

/// A statement, with the facts that the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub query: &'a Query,
    pub relations: &'a Relations,
    /// The plan of the statement; None where it was not planned.
    pub plan: Option<&'a PlanNode>,
    pub limits: Limits,
    /// The joins of the statement, and what people have said of them; empty where no
    /// accepted join is known.
    pub joins: &'a [JoinFact],
}

/// The limits from which on guardrails warn, which are settings of the extension.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of rows of a join for each row of its larger side.
    pub fan_out: f64,
    /// The number of rows of a join.
    pub join_rows: f64,
    /// The number of rows from which on a table should be filtered.
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
    /// The join is accepted.
    Accepted,
    /// The join was accepted, and a column has drifted since: the join's id and that of
    /// its candidate.
    Suspect(String, i64),
    /// The join is suggested: the candidate's number and its confidence.
    Candidate(i64, f64),
    Unknown,
}
