//! spyne_resolve.

use pgrx::JsonB;
use pgrx::prelude::*;

use super::context::{Caller, given};
use crate::pg::elevate::elevated;
use crate::pg::row_sets::{Rows, row};
use crate::report::OrRaise;
use crate::store::versions;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::role::Permission;
use spyne_core::lifecycle::resolution;

row! {
    /// What a logical name means.
    "resolved_name" => ResolvedName {
        name: String,
        relation: RelId,
        version: String,
        state: &'static str,
    }
}

/// The table that each logical name means now.
///
/// # Errors
/// 42P01 or 55000 for a name that resolves to nothing, 22023 for a bad pin,
/// 22004 for NULL, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_resolve(names text[], include_deprecated boolean DEFAULT false, pin jsonb DEFAULT NULL)
RETURNS SETOF spyne.resolved_name STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_resolve(
    names: Option<Vec<Option<String>>>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
) -> Rows<ResolvedName> {
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
                Ok(ResolvedName {
                    name,
                    relation: found.relation,
                    version: found.version.clone(),
                    state: found.state.as_str(),
                })
            })
            .collect()
    };
    Rows::of(run().or_raise())
}
