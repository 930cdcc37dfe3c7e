//! spyne_correct.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::Value;

use super::context::{Caller, elevated, given};
use super::previews::{self as previewing, Request};
use crate::store::previews::{self, Preview};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::statement::correction;

const HINT: &str = "For example: SELECT * FROM spyne_correct('<preview_id>', '{\"type\": \"LIMIT\", \"to\": 10, \"reason\": \"a look is enough\"}');";

/// What spyne_correct stands on: the new preview's row.
///
/// # Errors
/// 22004, 22023 where a correction does not apply or there is no such preview;
/// and those of spyne_preview, for what was corrected.
#[pg_extern(sql = "
CREATE FUNCTION spyne.make_correction(id text, corrections jsonb) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn make_correction(id: Option<&str>, corrections: Option<JsonB>) -> JsonB {
    let run = || -> Result<Value> {
        let id = given(id, "id", HINT)?.trim().to_string();
        let JsonB(given_corrections) = given(corrections, "corrections", HINT)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "correct a statement")?;
        let old = find(&id, &caller)?;
        let asked = correction::read(&given_corrections)?;
        let staging = caller.role.may(Permission::ViewShadow);
        let resolve = |name: &str, version: &str| {
            elevated(|| previews::version_of(name, version, staging)).ok().flatten()
        };
        let corrected = correction::correct(&old.sql, &asked, &resolve)?;
        let request = Request::plain(&corrected.sql, old.include_deprecated);
        let new = previewing::preview(&request, Some(&old.preview_id))?;
        if let Some(new_id) =
            new["preview_id"].as_str().filter(|_| !crate::pg::catalogs::read_only_here())
        {
            elevated(|| {
                previews::corrected(
                    &old.preview_id,
                    new_id,
                    &given_corrections,
                    &corrected.applied,
                    caller.user,
                )
            })?;
        }
        Ok(new)
    };
    use crate::report::OrRaise;
    JsonB(run().or_raise())
}

/// The preview with this id, or the one that the run with this id came of.
fn find(id: &str, caller: &Caller) -> Result<Preview> {
    let admin = caller.role == Role::Admin;
    let found = match id.parse::<i64>() {
        Ok(run) => elevated(|| previews::run(run, caller.user, admin))?.map(|r| r.preview),
        Err(_) if previews::is_uuid(id) => {
            elevated(|| previews::by_id(id, caller.user, admin))?.map(|f| f.preview)
        }
        Err(_) => None,
    };
    found.ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            format!("there is no preview and no run {id} of yours"),
            "The argument id is a preview_id, or the execution_id of a run.",
            HINT,
        )
    })
}
