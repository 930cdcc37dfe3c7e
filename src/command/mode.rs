//! Opening and closing ingestion.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::role::Permission;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::op::Op;
use spyne_core::lifecycle::plan::record::Record;
use spyne_core::lifecycle::system_mode::SystemMode;

use super::Command;
use super::caller::Caller;
use crate::pg::elevate::Elevated;
use crate::store::config;

/// Changes the system mode, for a reason.
pub struct SetSystemMode {
    pub mode: SystemMode,
    pub reason: String,
}

impl Command for SetSystemMode {
    /// The mode before.
    type Facts = SystemMode;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Promote, "change the system mode")
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<SystemMode> {
        config::system_mode(elevated)
    }

    fn plan(&self, before: &SystemMode) -> Result<Plan> {
        let mut plan = Plan::because(Some(&self.reason));
        plan.step(
            "system mode",
            format!("{} to {}", before.as_str(), self.mode.as_str()),
            Op::Record(Record::SetSystemMode { mode: self.mode }),
        );
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        "set_system_mode"
    }

    fn subject(&self, _before: &SystemMode) -> RelationName {
        Address::new("spyne", "system_config").into()
    }
}
