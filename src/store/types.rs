//! Types, and what uses them.

use serde::Deserialize;
use serde_json::json;

use super::sql;
use crate::guc;
use crate::pg::elevate;
use crate::report::OrRaise;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::shape::types::Facts;

/// The tables and materialized views with a column of this type, or of one made
/// of it: a domain over it, an array, a range or a composite of it.
pub fn tables_of(oid: u32) -> Vec<RelId> {
    elevate::run(guc::lock_timeout_ms(), || {
        sql::read(
            "SELECT jsonb_agg(r.relation::int8) FROM spyne.relations_of_type(($1 ->> 'oid')::oid) r",
            json!({ "oid": oid.to_string() }),
        )
    })
    .or_raise()
    .unwrap_or_default()
}

/// A type as shapes have it.
#[derive(Debug, Default, Deserialize)]
pub struct Named {
    #[serde(rename = "type")]
    pub data_type: String,
    pub facts: Option<Facts>,
}

/// A type by its OID and modifier. To be called while elevated.
pub fn named(oid: u32, modifier: i32) -> Result<Named> {
    let found: Option<Named> = sql::read(
        "SELECT jsonb_build_object(
             'type', format_type(($1 ->> 'oid')::oid, ($1 ->> 'modifier')::int4),
             'facts', spyne.type_facts(($1 ->> 'oid')::oid))",
        json!({ "oid": oid.to_string(), "modifier": modifier }),
    )?;
    Ok(found.unwrap_or_default())
}
