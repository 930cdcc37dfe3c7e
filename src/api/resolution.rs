//! spyne_resolve.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};

use super::context::{Caller, given};
use crate::pg::elevate::elevated;
use crate::pg::oids::AsOid;
use crate::report::OrRaise;
use crate::store::versions;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::role::Permission;
use spyne_core::lifecycle::resolution;

/// The table that each logical name means now.
///
/// # Errors
/// 42P01 or 55000 for a name that resolves to nothing, 22023 for a bad pin,
/// 22004 for NULL, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_resolve(names text[], include_deprecated boolean DEFAULT false, pin jsonb DEFAULT NULL)
RETURNS TABLE (name text, relation regclass, version text, state text) STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_resolve(
    names: Option<Vec<Option<String>>>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
) -> TableIterator<
    'static,
    (
        name!(name, String),
        name!(relation, pg_sys::Oid),
        name!(version, String),
        name!(state, String),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_resolve(ARRAY['customer']);";
    let run = || -> Result<Vec<_>> {
        let names = given(names, "names", hint)?;
        let include_deprecated = given(include_deprecated, "include_deprecated", hint)?;
        Caller::now().require(Permission::Query, "resolve names")?;
        let pins = resolution::read_pins(pin.map(|p| p.0))?;
        let all = elevated(|e| versions::all(e))?;
        names
            .into_iter()
            .map(|name| {
                let name = given(name, "names", hint)?;
                let pinned = pins.get(&name).map(String::as_str);
                let found = resolution::resolve(&name, &all, include_deprecated, pinned)?;
                Ok((
                    name,
                    found.relation.oid(),
                    found.version.clone(),
                    found.state.as_str().to_string(),
                ))
            })
            .collect()
    };
    TableIterator::new(run().or_raise())
}
