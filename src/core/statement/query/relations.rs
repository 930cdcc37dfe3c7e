//! What the catalogs have on the relations that a query names: `store::relations`
//! reads it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::kernel::ids::RelId;
use crate::kernel::state::State;

/// Relations by OID.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Relations(pub BTreeMap<RelId, Relation>);

impl Relations {
    pub fn get(&self, oid: RelId) -> Option<&Relation> {
        self.0.get(&oid)
    }

    /// `schema.name`, quoted where it must be, or the OID of a relation that is not
    /// known.
    pub fn shown(&self, oid: RelId) -> String {
        self.get(oid).map_or_else(|| format!("relation {oid}"), |r| r.shown.clone())
    }

    /// The name of a column, or its number.
    pub fn column_name(&self, oid: RelId, number: i32) -> String {
        self.get(oid)
            .and_then(|r| r.column(number))
            .map_or_else(|| format!("column {number}"), |c| c.name.clone())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Relation {
    pub oid: RelId,
    /// `schema.name`, quoted where it must be.
    pub shown: String,
    /// The bare name.
    pub name: String,
    /// pg_class.relkind.
    pub kind: String,
    /// The state of the nearest governed table: itself, or the one that it is a
    /// partition of.
    pub state: Option<State>,
    pub version: Option<String>,
    pub logical_name: Option<String>,
    /// The number of rows by statistics; None where there are none.
    pub estimated_rows: Option<f64>,
    /// The rows that Postgres has counted as changed since the last ANALYZE, among them
    /// some that ANALYZE has read; None where it does not count.
    pub changed_rows: Option<f64>,
    /// The number of pages when `estimated_rows` was found.
    pub analyzed_pages: Option<f64>,
    /// The number of pages now; None where it is not needed, since few rows have
    /// changed.
    pub pages: Option<f64>,
    pub columns: Vec<RelationColumn>,
    /// The column numbers of each unique constraint or index over plain columns,
    /// without a WHERE.
    pub unique_keys: Vec<Vec<i32>>,
    /// The columns that some index begins with.
    pub indexed: Vec<i32>,
}

impl Relation {
    pub fn column(&self, number: i32) -> Option<&RelationColumn> {
        self.columns.iter().find(|c| c.number == number)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct RelationColumn {
    pub number: i32,
    pub name: String,
    pub type_oid: u32,
    pub not_null: bool,
    /// pg_stats.null_frac; None without statistics.
    #[serde(default)]
    pub null_fraction: Option<f64>,
}
