//! spyne_version.

use pgrx::prelude::*;
use spyne_core::kernel::release::Releases;

use crate::pg::elevate::elevated;
use crate::pg::releases::LIBRARY;
use crate::pg::row_sets::{Rows, row};
use crate::report::OrRaise;
use crate::store::releases;

row! {
    /// The versions that meet in a session.
    "version_report" => VersionReport {
        library: &'static str,
        catalog: String,
        installed: Option<String>,
        advice: Option<String>,
    }
}

/// The versions of the loaded library, of this database's catalog and of the files
/// on disk, and what to do where they differ. For everybody.
#[pg_extern(sql = "
CREATE FUNCTION spyne_version() RETURNS SETOF spyne.version_report ROWS 1 STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_version() -> Rows<VersionReport> {
    let releases::Found { catalog, installed } = elevated(|e| releases::found(e)).or_raise();
    let meeting = Releases { library: LIBRARY.to_string(), catalog };
    let advice = meeting.advice(installed.as_deref().unwrap_or(LIBRARY));
    Rows::one(VersionReport { library: LIBRARY, catalog: meeting.catalog, installed, advice })
}
