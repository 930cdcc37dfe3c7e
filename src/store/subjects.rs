//! What a refusal says about a table. Read only when there is a refusal.

use serde_json::json;

use super::sql;
use crate::pg::{cache, catalogs, elevate};
use spyne_core::gate::access::Subject;
use spyne_core::kernel::ids::RelId;

/// Describes the governed table that binds `relid`.
pub fn describe(relid: RelId) -> Subject {
    let governed = cache::governing(relid).unwrap_or(relid);
    let found: Option<Subject> = elevate::run(0, || {
        sql::read(
            "SELECT jsonb_build_object(
                     'relation', '', 'governed', '', 'name', t.logical_name, 'version', t.version,
                     'deprecated_since', to_char(t.deprecated_at, 'YYYY-MM-DD HH24:MI'),
                     'deprecated_by', t.deprecated_by,
                     'successor', (SELECT format('%I.%I', n.nspname, c.relname)
                                   FROM spyne.tables s JOIN pg_class c ON c.oid = s.relation
                                   JOIN pg_namespace n ON n.oid = c.relnamespace
                                   WHERE s.logical_name = t.logical_name AND s.state = 'ACTIVE'))
                 FROM spyne.tables t WHERE t.relation = ($1 ->> 'oid')::oid",
            json!({ "oid": governed.to_string() }),
        )
    })
    .unwrap_or_default();
    Subject {
        relation: catalogs::label(relid),
        governed: catalogs::label(governed),
        ..found.unwrap_or_default()
    }
}
