//! Whether the library and the catalog fit each other.

use pgrx::prelude::*;

use super::context::Caller;
use crate::report::OrRaise;
use crate::store;
use spyne_core::kernel::role::Permission;

/// The statements of spyne's own that cannot run against this catalog, or whose
/// results are not what the library expects. None of them is run. There are none
/// after an installation and after an upgrade.
///
/// # Errors
/// 42501 for callers who are no admins.
#[pg_extern(sql = "
CREATE FUNCTION spyne.check_statements() RETURNS TABLE (statement text, fault text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn check_statements() -> TableIterator<'static, (name!(statement, String), name!(fault, String))> {
    Caller::now().require(Permission::Promote, "check spyne's statements").or_raise();
    let faults = store::statements()
        .filter_map(|one| Some((one.text().to_string(), one.fault()?)))
        .collect::<Vec<_>>();
    TableIterator::new(faults)
}

/// How many statements [`check_statements`] looks at.
#[pg_extern(sql = "
CREATE FUNCTION spyne.statement_count() RETURNS integer IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn statement_count() -> i32 {
    store::statements().count() as i32
}
