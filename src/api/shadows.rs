//! spyne_create_shadow.

use pgrx::pg_sys;
use pgrx::prelude::*;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::registration;

use super::context::given;
use crate::command::shadows::CreateShadow;
use crate::command::{self, Mode};
use crate::pg::oids::rel_id;
use crate::pg::row_sets::{Rows, row};
use crate::report::OrRaise;

row! {
    /// A shadow that was made; in a dry run there is no relation yet.
    "new_shadow" => NewShadow {
        relation: Option<RelId>,
        name: String,
        state: &'static str,
        version: String,
        like_relation: RelId,
    }
}

/// Makes an empty table in spyne_shadow, shaped like the current version of a
/// name (or like `like_relation`), and registers it as SHADOW.
///
/// # Errors
/// 55000 in system mode READ_ONLY, 42P01 for an unknown name without a model,
/// 42P07 where spyne_shadow has a table of this name, 42501, 22023, 22004.
#[pg_extern(sql = "
CREATE FUNCTION spyne_create_shadow(name text, like_relation regclass DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.new_shadow
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_create_shadow(
    name: Option<String>,
    like_relation: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> Rows<NewShadow> {
    let hint = "For example: SELECT * FROM spyne_create_shadow('customer');";
    let run = || -> Result<_> {
        let name = given(name, "name", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        registration::check_name(&name)?;
        let command = CreateShadow::new(&name, like_relation.map(rel_id));
        let made = command::run(&command, mode)?.facts;
        Ok(NewShadow {
            relation: if mode == Mode::Do { command.relation() } else { None },
            name,
            state: State::Shadow.as_str(),
            version: made.version().to_string(),
            like_relation: made.model,
        })
    };
    Rows::one(run().or_raise())
}
