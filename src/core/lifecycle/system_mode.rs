//! Whether contracts, ingestion and staging are open.

use serde::{Deserialize, Serialize};

use crate::kernel::error::{Code, Result, SpyneError};

/// The system mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SystemMode {
    #[default]
    ReadOnly,
    IngestionReady,
}

impl SystemMode {
    pub const ALL: [SystemMode; 2] = [SystemMode::ReadOnly, SystemMode::IngestionReady];

    /// The mode's name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            SystemMode::ReadOnly => "READ_ONLY",
            SystemMode::IngestionReady => "INGESTION_READY",
        }
    }

    /// Reads a mode's name, in any case.
    ///
    /// # Errors
    /// 22023 for any other text.
    pub fn parse(text: &str, hint: &str) -> Result<SystemMode> {
        let wanted = text.trim().to_ascii_uppercase();
        SystemMode::ALL.into_iter().find(|mode| mode.as_str() == wanted).ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("\"{wanted}\" is not a system mode"),
                format!("The modes are {}.", SystemMode::ALL.map(SystemMode::as_str).join(" and ")),
                hint,
            )
        })
    }

    /// Checks that ingestion is open, for the action called `action`.
    ///
    /// # Errors
    /// 55000 where it is closed.
    pub fn require_ingestion(self, action: &str) -> Result<()> {
        match self {
            SystemMode::IngestionReady => Ok(()),
            SystemMode::ReadOnly => Err(SpyneError::new(
                Code::WrongState,
                format!("cannot {action} while the system mode is {}", self.as_str()),
                "Contracts, ingestion and staging are open in INGESTION_READY only.",
                "An admin can run: SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'reason');",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_in_any_case_and_nothing_else_is_one() {
        assert_eq!(SystemMode::parse(" ingestion_ready ", ""), Ok(SystemMode::IngestionReady));
        let refused = SystemMode::parse("open", "").expect_err("no mode");
        assert_eq!(refused.message, "\"OPEN\" is not a system mode");
    }

    #[test]
    fn staging_is_open_in_one_mode_only() {
        assert!(SystemMode::IngestionReady.require_ingestion("create a shadow").is_ok());
        let refused = SystemMode::ReadOnly.require_ingestion("create a shadow");
        assert_eq!(refused.map_err(|e| e.code), Err(Code::WrongState));
    }
}
