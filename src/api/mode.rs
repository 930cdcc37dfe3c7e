//! spyne_system_mode, spyne_set_system_mode.

use pgrx::prelude::*;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::lifecycle::system_mode::SystemMode;

use super::context::given;
use crate::command::mode::SetSystemMode;
use crate::command::{self, Mode};
use crate::pg::elevate::elevated;
use crate::pg::row_sets::{Rows, row};
use crate::report::OrRaise;
use crate::store::config;

/// Whether ingestion is open: READ_ONLY (the default) or INGESTION_READY.
#[pg_extern(sql = "
CREATE FUNCTION spyne_system_mode() RETURNS text STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_system_mode() -> String {
    elevated(|e| config::system_mode(e)).or_raise().as_str().to_string()
}

row! {
    /// The system mode, before and after.
    "mode_change" => ModeChange {
        mode_before: &'static str,
        mode_after: &'static str,
    }
}

/// Opens or closes ingestion. Returns the mode before and after.
///
/// # Errors
/// 22023 for another mode or an empty reason, 22004 for NULL, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_set_system_mode(mode text, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.mode_change ROWS 1 VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_set_system_mode(
    mode: Option<&str>,
    reason: Option<&str>,
    dry_run: Option<bool>,
) -> Rows<ModeChange> {
    let hint =
        "For example: SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'nightly load');";
    let run = || -> Result<_> {
        let mode = given(mode, "mode", hint)?;
        let reason = given(reason, "reason", hint)?.to_string();
        let run = Mode::of(given(dry_run, "dry_run", hint)?);
        let mode = SystemMode::parse(mode, hint)?;
        if reason.trim().is_empty() {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                "the system mode is changed for a reason",
                "The argument reason is empty.",
                hint,
            ));
        }
        let before = command::run(&SetSystemMode { mode, reason }, run)?.facts;
        Ok(ModeChange { mode_before: before.as_str(), mode_after: mode.as_str() })
    };
    Rows::one(run().or_raise())
}
