//! Types, and the tables that use them.

use serde::Deserialize;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::shape::types::TypeFacts;

use super::query::{Oid, Query, Statement};
use crate::pg::elevate::Elevated;

static TABLES_OF: Query<(Oid,), RelId> =
    Query::read("SELECT r.relation::oid FROM spyne.relations_of_type($1) r");

/// The tables and materialized views with a column of this type, or of one that is made
/// of it: a domain over it, an array, a range or a composite.
pub fn tables_of(elevated: &Elevated, oid: u32) -> Result<Vec<RelId>> {
    TABLES_OF.all(elevated, (oid,))
}

/// A type as shapes have it.
#[derive(Debug, Default, Deserialize)]
pub struct NamedType {
    pub data_type: String,
    pub facts: Option<TypeFacts>,
}

static NAMED: Query<(Oid, i32), NamedType> =
    Query::read("SELECT format_type($1, $2) AS data_type, spyne.type_facts($1) AS facts");

/// A type by its OID and modifier.
pub fn named(elevated: &Elevated, oid: u32, modifier: i32) -> Result<NamedType> {
    NAMED.one(elevated, (oid, modifier))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&TABLES_OF, &NAMED];
