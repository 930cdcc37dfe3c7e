//! spyne_system_mode, spyne_set_system_mode.

use pgrx::prelude::*;

use super::context::{Caller, elevated, given, require_writable};
use crate::report::OrRaise;
use crate::store::tables;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::role::Permission;

const READ_ONLY: &str = "READ_ONLY";
const INGESTION_READY: &str = "INGESTION_READY";

/// The system mode now.
pub(super) fn current() -> Result<String> {
    Ok(elevated(|| tables::config("mode"))?.unwrap_or_else(|| READ_ONLY.to_string()))
}

/// Whether ingestion is open: READ_ONLY (the default) or INGESTION_READY.
#[pg_extern(sql = "
CREATE FUNCTION spyne_system_mode() RETURNS text STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_system_mode() -> String {
    current().or_raise()
}

/// Opens or closes ingestion. Returns the mode before and after.
///
/// # Errors
/// 22023 for another mode or an empty reason, 22004 for NULL, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_set_system_mode(mode text, reason text, dry_run boolean DEFAULT false)
RETURNS TABLE (mode_before text, mode_after text) ROWS 1 VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_set_system_mode(
    mode: Option<&str>,
    reason: Option<&str>,
    dry_run: Option<bool>,
) -> TableIterator<'static, (name!(mode_before, String), name!(mode_after, String))> {
    let hint =
        "For example: SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'nightly load');";
    let run = || -> Result<_> {
        let wanted = given(mode, "mode", hint)?.trim().to_ascii_uppercase();
        let reason = given(reason, "reason", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        if wanted != READ_ONLY && wanted != INGESTION_READY {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                format!("\"{wanted}\" is not a system mode"),
                format!("The modes are {READ_ONLY} and {INGESTION_READY}."),
                hint,
            ));
        }
        if reason.trim().is_empty() {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                "the system mode is changed for a reason",
                "The argument reason is empty.",
                hint,
            ));
        }
        let caller = Caller::now();
        caller.require(Permission::Promote, "change the system mode")?;
        let before = current()?;
        if !dry_run {
            elevated(|| tables::set_config("mode", &wanted, reason, caller.user))?;
        }
        Ok((before, wanted))
    };
    TableIterator::once(run().or_raise())
}

/// # Errors
/// 55000 where ingestion is closed.
pub(super) fn require_ingestion(action: &str) -> Result<()> {
    if current()? == INGESTION_READY {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::WrongState,
        format!("cannot {action} while the system mode is {READ_ONLY}"),
        "Contracts, ingestion and staging are open in INGESTION_READY only.",
        "An admin can run: SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'reason');",
    ))
}
