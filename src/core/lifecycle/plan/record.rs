//! What a plan writes to spyne's own catalog.

use serde::Serialize;

use crate::drift::report::Status;
use crate::joins::record::JoinRecord;
use crate::kernel::ids::{RelId, RoleId};
use crate::kernel::names::Address;
use crate::kernel::state::State;
use crate::lifecycle::system_mode::SystemMode;

/// The table that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Is(RelId),
    /// One that a step of the same plan makes: it has no OID yet.
    Made(Address),
}

/// One change of spyne's catalog, or of what spyne keeps on a governed table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A table comes under governance: its row, its shape, its history.
    Register {
        table: Which,
        state: State,
        name: String,
        version: String,
        owner: RoleId,
        home: Address,
    },
    /// Governance of a table ends: its row goes, and its history says so.
    Release {
        relation: RelId,
        state: State,
        name: String,
        version: String,
        shown: String,
    },
    /// The guard triggers fit the state.
    InstallGuards {
        table: Which,
        state: State,
    },
    RemoveGuards {
        relation: RelId,
    },
    /// The grants of a table that enters staging are kept for later.
    SuspendGrants {
        table: Which,
    },
    RestoreGrants {
        relation: RelId,
    },
    /// The owner of the governed views reads governed tables alone.
    CloseToViews {
        relation: RelId,
    },
    /// All joins of a name are in doubt.
    SuspectJoins {
        name: String,
        because: String,
    },
    /// The joins of a name are in doubt whose columns its successor has not, or
    /// has otherwise.
    SuspectChangedJoins {
        name: String,
        successor: RelId,
    },
    /// What spyne itself has changed of a table is no drift.
    RefreshShape {
        relation: RelId,
    },
    /// The live shape of a table becomes that of a version.
    TakeShape {
        relation: RelId,
        state: State,
        name: String,
        version: String,
        shown: String,
        /// Where the table is to be looked for from now on.
        home: Option<Address>,
    },
    /// A person has settled a drift report; `version` is the one that came of it.
    SettleReport {
        report_id: i64,
        status: Status,
        version: Option<String>,
    },
    /// A change of join candidates or accepted joins.
    Join(JoinRecord),
    /// Ingestion opens or closes.
    SetSystemMode {
        mode: SystemMode,
    },
}
