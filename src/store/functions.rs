//! The functions of spyne's library, as the system catalogs have them.

use serde::Deserialize;
use spyne_core::kernel::error::Result;

use super::query::{Query, Rights, Statement};

/// A function that returns rows.
#[derive(Debug, Deserialize)]
pub struct Returning {
    /// The function's signature.
    pub function: String,
    /// The name of the composite type in schema spyne that the function returns; None
    /// where its columns are written out.
    pub row: Option<String>,
}

static RETURNING: Query<(), Returning> =
    Query::read(include_str!("../../sql/queries/functions_returning_rows.sql"));

/// The functions of the library that return sets of rows.
pub fn returning_rows(rights: &impl Rights) -> Result<Vec<Returning>> {
    RETURNING.all(rights, ())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&RETURNING];
