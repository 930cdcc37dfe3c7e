//! spyne_correct.

use pgrx::JsonB;
use pgrx::prelude::*;

use super::context::{Caller, given};
use super::previews::{PreviewRow, preview};
use crate::pg::elevate::elevated;
use crate::pg::row_sets::Rows;
use crate::pg::transaction;
use crate::report::OrRaise;
use crate::store::previews;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::statement::correction;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::asked::Asked;

const HINT: &str = "For example: SELECT * FROM spyne_correct('<preview_id>', '{\"type\": \"LIMIT\", \"to\": 10, \"reason\": \"a look is enough\"}');";

/// Corrects a previewed statement, and previews the corrected one. Callers need the
/// permission to query, and may correct their own previews and runs; an admin may
/// correct anybody's.
///
/// # Errors
/// 22004, 22023 where a correction does not apply or there is no such preview;
/// and those of spyne_preview, for what was corrected.
#[pg_extern(sql = "
CREATE FUNCTION spyne_correct(id text, corrections jsonb)
RETURNS SETOF spyne.preview
ROWS 1 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_correct(id: Option<&str>, corrections: Option<JsonB>) -> Rows<PreviewRow> {
    let run = || -> Result<Preview> {
        let id = given(id, "id", HINT)?.trim().to_string();
        let JsonB(given_corrections) = given(corrections, "corrections", HINT)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "correct a statement")?;
        let old = find(&id, &caller)?;
        let asked = correction::read(&given_corrections)?;
        let staging = caller.role.may(Permission::ViewShadow);
        let resolve = |name: &str, version: &str| {
            elevated(|e| previews::version_of(e, name, version, staging)).ok().flatten()
        };
        let corrected = correction::correct(&old.sql, &asked, &resolve)?;
        let asked = Asked::plain(&corrected.sql, old.include_deprecated);
        let new = preview(&asked, Some(&old.preview_id), &caller)?;
        if !transaction::read_only_here() {
            elevated(|e| {
                previews::corrected(
                    e,
                    &old.preview_id,
                    &new.preview_id,
                    &given_corrections,
                    &corrected.applied,
                    caller.user,
                )
            })?;
        }
        Ok(new)
    };
    Rows::one(PreviewRow::of(run().or_raise()))
}

/// The preview with this id, or the preview by which the run with this id ran.
fn find(id: &str, caller: &Caller) -> Result<Preview> {
    let admin = caller.role == Role::Admin;
    let found = match id.parse::<i64>() {
        Ok(run) => elevated(|e| previews::run(e, run, caller.user, admin))?.map(|r| r.preview),
        Err(_) if previews::is_uuid(id) => {
            elevated(|e| previews::by_id(e, id, caller.user, admin))?.map(|f| f.preview)
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
