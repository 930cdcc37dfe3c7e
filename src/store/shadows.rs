//! Makes the table of a shadow.

use serde_json::json;

use super::sql;
use crate::pg::{catalogs, elevate};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::qualified;
use spyne_core::lifecycle::plan::takeover::STAGING;

/// Creates `spyne_shadow.<name>` with columns, defaults, constraints and
/// indexes of `model`, as the caller. Returns its OID.
pub fn create(name: &str, model: RelId) -> Result<RelId> {
    let address = qualified(STAGING, name);
    let source = catalogs::label(model);
    // Nothing of spyne's rules is lifted here: LIKE reads no rows.
    let partitioning: Option<String> = match catalogs::kind_of(model) {
        Some(b'p') => sql::read(
            "SELECT pg_catalog.to_jsonb(pg_catalog.pg_get_partkeydef(($1 OPERATOR(pg_catalog.->>) 'oid')::pg_catalog.oid))",
            json!({ "oid": model.to_string() }),
        )?,
        _ => None,
    };
    let suffix = partitioning.map(|key| format!(" PARTITION BY {key}")).unwrap_or_default();
    sql::run(&format!("CREATE TABLE {address} (LIKE {source} INCLUDING ALL){suffix}"))?;
    for definition in foreign_keys(model, &source, &address)? {
        sql::run(&format!("ALTER TABLE {address} ADD {definition}"))?;
    }
    Ok(catalogs::relation_in(STAGING, name).unwrap_or_default())
}

/// LIKE leaves out foreign keys. One of a table to itself becomes one of the
/// shadow to itself.
fn foreign_keys(model: RelId, source: &str, address: &str) -> Result<Vec<String>> {
    let found: Option<Vec<(String, String, bool)>> = elevate::run(0, || {
        sql::read(
            "SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.confrelid = k.conrelid) ORDER BY k.conname)
             FROM pg_constraint k
             WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ($1 ->> 'oid')::oid",
            json!({ "oid": model.to_string() }),
        )
    })?;
    Ok(found
        .unwrap_or_default()
        .into_iter()
        .map(|(name, definition, own)| {
            let definition = match own {
                true => definition.replacen(
                    &format!("REFERENCES {source}"),
                    &format!("REFERENCES {address}"),
                    1,
                ),
                false => definition,
            };
            format!("CONSTRAINT {} {definition}", spyne_core::kernel::names::quote(&name))
        })
        .collect())
}
