//! The description of a statement: the tables, joins, filters and aggregations that it
//! uses.

use serde::{Deserialize, Serialize};

use crate::joins::cover::Equated;
use crate::kernel::ids::RelId;
use crate::kernel::state::State;

/// How a statement uses a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    Read,
    Write,
}

/// A table that a statement uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableUse {
    /// The logical name of a governed table, else the table's own name.
    pub name: String,
    /// `schema.name`.
    pub relation: String,
    pub oid: RelId,
    pub state: Option<State>,
    pub version: Option<String>,
    pub access: Use,
    pub estimated_rows: Option<f64>,
    /// The views by way of which the table is used, outermost first.
    pub via: Vec<String>,
}

/// Two sources that a query connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinUse {
    pub left: String,
    pub left_columns: Vec<String>,
    pub right: String,
    pub right_columns: Vec<String>,
    /// INNER, LEFT, RIGHT, FULL; SEMI and ANTI for EXISTS and IN; CORRELATED
    /// for a subquery in an expression that refers to the query around it.
    #[serde(rename = "type")]
    pub join_type: String,
    pub condition: String,
    /// The accepted join that covers this one, and who accepted it when.
    pub join_id: Option<String>,
    pub accepted_by: Option<String>,
    pub accepted_at: Option<String>,
    /// The columns of tables that are set equal, by which an accepted join is found.
    #[serde(skip)]
    pub equated: Vec<Equated>,
    /// Whether the left side is a subquery, and whether the right side is.
    #[serde(skip)]
    pub derived: (bool, bool),
}

/// A condition on one table, or on groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterUse {
    pub table: Option<String>,
    pub column: Option<String>,
    pub operator: Option<String>,
    pub value: Option<String>,
    pub expression: String,
}

/// An aggregate that a query computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateUse {
    pub function: String,
    pub table: Option<String>,
    pub column: Option<String>,
    pub expression: String,
    pub alias: Option<String>,
}

/// The whole description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    pub tables_used: Vec<TableUse>,
    pub joins: Vec<JoinUse>,
    pub filters: Vec<FilterUse>,
    pub aggregations: Vec<AggregateUse>,
}
