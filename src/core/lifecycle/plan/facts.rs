//! The facts that a plan is made from: what `spyne.describe` and `spyne.dependents`
//! return.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::kernel::ids::RelId;
use crate::kernel::names::Address;
use crate::kernel::state::State;
use crate::shape::rules::Severity;
use crate::shape::snapshot::{Column, Snapshot};

/// A table as the system catalogs have it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Table {
    pub oid: RelId,
    /// The address of the table.
    #[serde(flatten)]
    pub at: Address,
    /// pg_class.relkind.
    pub kind: String,
    pub owner: String,
    pub is_partition: bool,
    /// The number of rows by statistics; None where the table was never analyzed.
    pub estimated_rows: Option<f64>,
    pub shape: Snapshot,
    pub row_security: bool,
    pub force_row_security: bool,
    /// pg_class.relreplident.
    pub replica_identity: String,
    pub comment: Option<String>,
    pub column_comments: BTreeMap<String, String>,
    pub grants: Vec<Grant>,
    pub policies: Vec<RowPolicy>,
    pub publications: Vec<Publication>,
    pub indexes: Vec<String>,
    /// The keys that a foreign key of another table may refer to, each with its
    /// columns.
    #[serde(default)]
    pub keys: Vec<Vec<String>>,
    /// The same for foreign keys over periods; the last column is the period.
    #[serde(default)]
    pub period_keys: Vec<Vec<String>>,
    pub sequences: Vec<Sequence>,
    pub triggers: Vec<String>,
    /// The number of tables that inherit from this one, without partitions.
    pub children: u64,
}

impl Table {
    /// The address of the table, for people.
    pub fn shown(&self) -> String {
        self.at.shown()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Grant {
    /// None stands for PUBLIC.
    pub grantee: Option<String>,
    pub privilege: String,
    pub grantable: bool,
    /// None stands for the whole table.
    pub column: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct RowPolicy {
    pub name: String,
    pub permissive: bool,
    pub command: String,
    /// None stands for PUBLIC.
    pub roles: Vec<Option<String>>,
    pub using: Option<String>,
    pub with_check: Option<String>,
    /// The columns of the table that the policy names.
    #[serde(default)]
    pub uses: Vec<String>,
    /// The schemas of objects that the policy names which the table's owner may not
    /// use.
    #[serde(default)]
    pub closed: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Publication {
    pub name: String,
    pub columns: Option<Vec<String>>,
    pub filter: Option<String>,
    /// The columns of the table that the publication's column list and filter name.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Whether the publication publishes partitions as their root.
    #[serde(default)]
    pub via_root: bool,
}

/// A sequence that belongs to a column.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Sequence {
    pub name: String,
    pub column: String,
    /// Whether the sequence is that of the column's identity, and not merely owned by
    /// the column.
    pub identity: bool,
    pub last_value: Option<i64>,
}

/// An object that refers to a table, by its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind")]
pub enum Dependent {
    #[serde(rename = "foreign key")]
    ForeignKey {
        /// The table that has the object.
        #[serde(flatten)]
        at: Address,
        constraint: String,
        definition: String,
        /// The columns of the outgoing table that the object uses.
        uses: Vec<String>,
        /// The one of them over whose periods it refers.
        #[serde(default)]
        period: Option<String>,
        /// It belongs to a partitioned table, where Postgres has no NOT VALID
        /// foreign keys.
        partitioned: bool,
    },
    #[serde(rename = "view")]
    View {
        #[serde(flatten)]
        at: Address,
        definition: String,
        uses: Vec<String>,
        options: Option<Vec<String>>,
        owner: String,
        /// Whether the owner may create in the schema now.
        can_create: bool,
        /// The schemas of objects that it names which the owner may not use.
        #[serde(default)]
        closed: Vec<String>,
    },
    #[serde(rename = "materialized view")]
    MaterializedView(Box<MaterializedView>),
    #[serde(rename = "rule")]
    Rule {
        #[serde(flatten)]
        at: Address,
        constraint: String,
    },
    #[serde(rename = "function")]
    Function {
        #[serde(flatten)]
        at: Address,
    },
    #[serde(rename = "policy")]
    Policy {
        #[serde(flatten)]
        at: Address,
        constraint: String,
    },
}

#[derive(Clone, Debug, Deserialize)]
pub struct MaterializedView {
    #[serde(flatten)]
    pub at: Address,
    pub definition: String,
    pub uses: Vec<String>,
    pub options: Option<Vec<String>>,
    pub owner: String,
    pub can_create: bool,
    #[serde(default)]
    pub closed: Vec<String>,
    pub comment: Option<String>,
    pub indexes: Vec<String>,
    pub grants: Vec<Grant>,
    pub used_by: u64,
}

/// A governed table: its row in spyne.tables and its description.
#[derive(Clone, Debug, Deserialize)]
pub struct Governed {
    pub name: String,
    pub version: String,
    pub state: State,
    /// The address that the version has while applications use it.
    pub home: Address,
    pub table: Table,
}

/// The view `governed.<name>`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct GovernedView {
    pub columns: Vec<Column>,
    pub grants: Vec<Grant>,
    pub comment: Option<String>,
    /// Views that depend on this view, as `schema.name`.
    pub used_by: Vec<String>,
    /// pg_class.reloptions.
    #[serde(default)]
    pub options: Option<Vec<String>>,
    #[serde(default)]
    pub column_comments: BTreeMap<String, String>,
}

/// Everything that a takeover is planned from.
#[derive(Clone, Debug, Deserialize)]
pub struct TakeoverFacts {
    /// The table that becomes ACTIVE.
    pub incoming: Governed,
    /// The ACTIVE version that makes room, if there is one.
    pub outgoing: Option<Governed>,
    /// Every version of the name.
    pub versions: Vec<String>,
    /// Everything that refers to the outgoing table.
    pub dependents: Vec<Dependent>,
    /// Relations in the schema that the incoming table moves to.
    pub names_at_target: Vec<String>,
    /// The types in that schema that belong to no relation. A table needs a name that
    /// is free among those too, for its row type.
    pub types_at_target: Vec<String>,
    /// The relations in the schema that the incoming table is in now.
    pub names_here: Vec<String>,
    pub target_schema_exists: bool,
    pub view: Option<GovernedView>,
    /// The grants to give back when the incoming table leaves staging; None where none
    /// were revoked.
    pub suspended_grants: Option<Vec<Grant>>,
    /// The open reports of drift of the two versions.
    #[serde(default)]
    pub open_drift: Vec<OpenDrift>,
    /// Those of the two versions whose rows Citus keeps in shards, where what is done to
    /// them here is not done to the shards.
    #[serde(default)]
    pub cut_off: Vec<RelId>,
}

/// A drift report that is open.
#[derive(Clone, Debug, Deserialize)]
pub struct OpenDrift {
    pub report_id: i64,
    pub severity: Severity,
    pub version: String,
}
