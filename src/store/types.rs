//! Types, and what uses them.

use serde_json::json;

use super::sql;
use crate::guc;
use crate::pg::elevate;
use crate::report::OrRaise;

/// The tables and materialized views with a column of this type, or of one made
/// of it: a domain over it, an array, a range or a composite of it.
pub fn tables_of(oid: u32) -> Vec<u32> {
    elevate::run(guc::lock_timeout_ms(), || {
        sql::read(
            "SELECT jsonb_agg(r.relation::int8) FROM spyne.relations_of_type(($1 ->> 'oid')::oid) r",
            json!({ "oid": oid.to_string() }),
        )
    })
    .or_raise()
    .unwrap_or_default()
}
