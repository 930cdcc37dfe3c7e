//! The functions of spyne's library, as the catalog has them.

use serde::Deserialize;
use spyne_core::kernel::error::Result;

use super::query::{Query, Rights, Statement};

/// A function that returns rows.
#[derive(Debug, Deserialize)]
pub struct Returning {
    /// Its signature.
    pub function: String,
    /// The name of the composite type in schema spyne that it returns; None where
    /// its columns are written out.
    pub row: Option<String>,
}

static RETURNING: Query<(), Returning> = Query::read(
    "SELECT p.oid::regprocedure::text AS function,
            CASE WHEN t.typtype = 'c' AND t.typnamespace = 'spyne'::regnamespace THEN t.typname::text END AS row
     FROM pg_depend d
     JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
     JOIN pg_language l ON l.oid = p.prolang
     JOIN pg_type t ON t.oid = p.prorettype
     WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
       AND d.refobjid = (SELECT x.oid FROM pg_extension x WHERE x.extname = 'spyne')
       AND l.lanname = 'c' AND t.typtype IN ('c', 'p') AND p.proretset
     ORDER BY 1",
);

/// The functions of the library that return sets of rows.
pub fn returning_rows(rights: &impl Rights) -> Result<Vec<Returning>> {
    RETURNING.all(rights, ())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&RETURNING];
