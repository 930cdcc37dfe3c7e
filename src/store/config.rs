//! Settings that are data: rows of `spyne.system_config`.

use spyne_core::kernel::error::Result;
use spyne_core::lifecycle::system_mode::SystemMode;

use super::query::{Query, Rights, Statement};
use crate::pg::elevate::Elevated;

static MODE: Query<(), SystemMode> =
    Query::read("SELECT value FROM spyne.system_config WHERE key = 'mode'");

/// The system mode now.
pub fn system_mode(rights: &impl Rights) -> Result<SystemMode> {
    Ok(MODE.maybe(rights, ())?.unwrap_or_default())
}

static SET: Query<(String, String, Option<String>, String), ()> = Query::write(
    "INSERT INTO spyne.system_config (key, value, reason, changed_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, reason = excluded.reason,
         changed_by = excluded.changed_by, changed_at = excluded.changed_at",
);

/// Changes the system mode, and records who did it and why.
pub fn set_system_mode(
    elevated: &Elevated,
    mode: SystemMode,
    reason: Option<&str>,
    by: &str,
) -> Result<()> {
    SET.run(elevated, ("mode", mode.as_str(), reason, by))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&MODE, &SET];
