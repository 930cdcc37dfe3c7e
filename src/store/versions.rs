//! Every version of every name, for resolution.

use serde_json::json;

use super::sql;
use spyne_core::kernel::error::Result;
use spyne_core::lifecycle::resolution::Version;

/// All versions, oldest first. To be called while elevated.
pub fn all() -> Result<Vec<Version>> {
    let found: Option<Vec<Version>> = sql::read(
        "SELECT jsonb_agg(jsonb_build_object('relation', relation::oid::bigint, 'name', logical_name,
                                             'version', version, 'state', state)
                          ORDER BY coalesce(deprecated_at, created_at), version)
         FROM spyne.tables WHERE $1 IS NOT NULL",
        json!({}),
    )?;
    Ok(found.unwrap_or_default())
}
