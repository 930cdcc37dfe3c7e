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
    /// A table that a step of the same plan makes: it has no OID yet.
    Made(Address),
}

/// One change of spyne's catalog, or of what spyne has put on a governed table.
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
    /// Governance of a table ends: its row is deleted, and its history says so.
    Release {
        relation: RelId,
        state: State,
        name: String,
        version: String,
        shown: String,
    },
    /// The guard triggers are made to fit the state.
    InstallGuards {
        table: Which,
        state: State,
    },
    RemoveGuards {
        relation: RelId,
    },
    /// The grants on a table that enters staging are revoked, and kept for later.
    SuspendGrants {
        table: Which,
    },
    RestoreGrants {
        relation: RelId,
    },
    /// The owner of the governed views loses its grants on the table, because it reads
    /// governed tables only.
    CloseToViews {
        relation: RelId,
    },
    /// All joins of a name become suspect.
    SuspectJoins {
        name: String,
        because: String,
    },
    /// The joins of a name become suspect whose columns its successor lacks or has with
    /// another type.
    SuspectChangedJoins {
        name: String,
        successor: RelId,
    },
    /// The shape of a table is taken anew, since changes by spyne itself are no drift.
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
        /// The address that the table should have from now on.
        home: Option<Address>,
    },
    /// Somebody has settled a drift report. `version` is the version that came of it.
    SettleReport {
        report_id: i64,
        status: Status,
        version: Option<String>,
    },
    /// A change of join candidates or accepted joins.
    Join(JoinRecord),
    /// The system mode changes.
    SetSystemMode {
        mode: SystemMode,
    },
}
