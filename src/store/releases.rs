//! The versions of spyne, as the server's catalogs have them.

use serde::Deserialize;
use spyne_core::kernel::error::Result;

use super::query::{Query, Rights, Statement};

/// What is in this database, and what lies on disk.
#[derive(Debug, Deserialize)]
pub struct Found {
    pub catalog: String,
    /// None where the files of the extension are gone.
    pub installed: Option<String>,
}

static FOUND: Query<(), Found> = Query::read(
    "SELECT e.extversion AS catalog, a.default_version::text AS installed
     FROM pg_extension e LEFT JOIN pg_available_extensions a ON a.name = e.extname WHERE e.extname = 'spyne'",
);

/// The version of the catalog, and that of the files on disk.
pub fn found(rights: &impl Rights) -> Result<Found> {
    FOUND.one(rights, ())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&FOUND];
