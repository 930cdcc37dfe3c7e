//! spyne_create_shadow.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::context::{Caller, elevated, given, require_writable};
use super::{mode, registration as registering};
use crate::pg::oids::{AsOid, rel_id};
use crate::pg::{catalogs, users};
use crate::report::OrRaise;
use crate::store::{shadows, tables, versions};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::names::qualified;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::takeover::STAGING;
use spyne_core::lifecycle::registration;
use spyne_core::lifecycle::resolution;

/// Makes an empty table in spyne_shadow, shaped like the current version of a
/// name (or like `like_relation`), and registers it as SHADOW.
///
/// # Errors
/// 55000 in system mode READ_ONLY, 42P01 for an unknown name without a model,
/// 42P07 where spyne_shadow has a table of this name, 42501, 22023, 22004.
#[pg_extern(sql = "
CREATE FUNCTION spyne_create_shadow(name text, like_relation regclass DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (relation regclass, name text, state text, version text, like_relation regclass)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_create_shadow(
    name: Option<String>,
    like_relation: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(relation, Option<pg_sys::Oid>),
        name!(name, String),
        name!(state, String),
        name!(version, String),
        name!(like_relation, pg_sys::Oid),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_create_shadow('customer');";
    let run = || -> Result<_> {
        let name = given(name, "name", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        registration::check_name(&name)?;
        let caller = Caller::now();
        caller.require(Permission::Ingest, "create a shadow")?;
        mode::require_ingestion("create a shadow")?;
        let model = match like_relation {
            Some(model) => rel_id(model),
            None => {
                let all = elevated(versions::all)?;
                resolution::resolve(&name, &all, false, None)?.relation
            }
        };
        let shape = elevated(|| tables::candidate(model))?;
        check_model(&shape)?;
        if !catalogs::may_select(model) {
            return Err(SpyneError::new(
                Code::InsufficientPrivilege,
                format!("permission denied to make a table like {}", shape.label()),
                "Whoever copies a table's shape must be able to read it.",
                format!(
                    "Its owner can run: GRANT SELECT ON {} TO {};",
                    shape.label(),
                    users::quoted_name(caller.user)
                ),
            ));
        }
        check_vacant(&name)?;
        let (relation, version) = match dry_run {
            true => (None, elevated(|| next_version(&name))?),
            false => {
                // The table is made with the caller's own rights: its defaults
                // and expressions are theirs to evaluate, not a superuser's.
                let relation = shadows::create(&name, model)?;
                let candidate = elevated(|| tables::candidate(relation))?;
                let done = registering::register(
                    &candidate,
                    Some(name.clone()),
                    State::Shadow,
                    caller.user,
                    caller.user,
                    false,
                )?;
                (Some(relation.oid()), done.version)
            }
        };
        Ok((relation, name, State::Shadow.as_str().to_string(), version, model.oid()))
    };
    TableIterator::once(run().or_raise())
}

fn next_version(name: &str) -> Result<String> {
    let existing = tables::versions(name)?;
    let in_use = |wanted: State| existing.iter().find(|v| v.state == wanted);
    let current = in_use(State::Active).or_else(|| in_use(State::ReadOnly));
    let ever = tables::versions_ever(name)?;
    Ok(registration::next_version(current.map(|v| v.version.as_str()), &ever).to_string())
}

fn check_model(model: &tables::Candidate) -> Result<()> {
    if matches!(model.kind.as_str(), "r" | "p" | "f" | "m")
        && !model.is_system
        && !model.temporary
        && !matches!(model.schema.as_str(), "spyne" | "governed")
    {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::WrongObjectType,
        format!("{} cannot be the model of a shadow", model.label()),
        "A shadow is shaped like a permanent table, foreign table or materialized view.",
        "Pass another like_relation.",
    ))
}

fn check_vacant(name: &str) -> Result<()> {
    match catalogs::relation_in(STAGING, name) {
        None => Ok(()),
        Some(_) => Err(SpyneError::new(
            Code::DuplicateTable,
            format!("there is a shadow {} already", qualified(STAGING, name)),
            "spyne_shadow holds one table of each name.",
            format!(
                "Promote it, or unregister and drop it: SELECT * FROM spyne_unregister('{STAGING}.{name}');"
            ),
        )),
    }
}
