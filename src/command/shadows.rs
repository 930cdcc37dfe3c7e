//! Making a shadow: the caller makes the table, and spyne registers it.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::takeover::STAGING;
use spyne_core::lifecycle::{registration, resolution};

use super::caller::{Caller, require_writable};
use super::registration::Register;
use super::{Mode, run};
use crate::pg::elevate::{Elevated, elevated};
use crate::pg::reading::as_caller_only;
use crate::pg::{catalogs, users};
use crate::store::tables::{self, Candidate};
use crate::store::{config, shadows, versions};

/// A shadow that was made, or would be.
pub struct Shadow {
    /// None in a dry run: there is no table yet.
    pub relation: Option<RelId>,
    pub version: String,
    /// The table that it is shaped like.
    pub model: RelId,
}

/// Makes an empty table in spyne_shadow, shaped like the current version of
/// `name` or like `model`, and registers it as SHADOW.
///
/// # Errors
/// 55000 in system mode READ_ONLY, 42P01 for an unknown name without a model,
/// 42P07 where spyne_shadow has a table of this name, 42501, 25006.
pub fn create(name: &str, model: Option<RelId>, mode: Mode) -> Result<Shadow> {
    require_writable(mode == Mode::Show)?;
    registration::check_name(name)?;
    let caller = Caller::now();
    caller.require(Permission::Ingest, "create a shadow")?;
    elevated(|e| config::system_mode(e))?.require_ingestion("create a shadow")?;
    let model = match model {
        Some(model) => model,
        None => {
            let all = elevated(|e| versions::all(e))?;
            resolution::resolve(name, &all, false, None)?.relation
        }
    };
    check_model(&elevated(|e| tables::candidate(e, model))?, &caller)?;
    let at = Address::new(STAGING, name);
    check_vacant(&at)?;
    if mode == Mode::Show {
        let version = elevated(|e| next_version(e, name))?;
        return Ok(Shadow { relation: None, version, model });
    }
    // The table is made with the caller's own rights: its defaults and
    // expressions are theirs to evaluate, not a superuser's.
    let left_out = elevated(|e| shadows::left_out(e, model))?;
    as_caller_only(|c| shadows::create(c, &at, model, &left_out))?;
    let relation = catalogs::relation_at(&at).unwrap_or_default();
    let name = Some(name.to_string());
    let registration = Register { relation, name, state: State::Shadow, owner: caller.user };
    let version = run(&registration, mode)?.facts.version();
    Ok(Shadow { relation: Some(relation), version, model })
}

fn next_version(elevated: &Elevated, name: &str) -> Result<String> {
    let existing = tables::versions(elevated, name)?;
    let in_use = |wanted: State| existing.iter().find(|v| v.state == wanted);
    let current = in_use(State::Active).or_else(|| in_use(State::ReadOnly));
    let ever = tables::versions_ever(elevated, name)?;
    Ok(registration::next_version(current.map(|v| v.version.as_str()), &ever).to_string())
}

/// # Errors
/// 42809 for what cannot be a model; 42501 where the caller may not read it.
fn check_model(model: &Candidate, caller: &Caller) -> Result<()> {
    let shown = model.address().shown();
    let fits = matches!(model.kind.as_str(), "r" | "p" | "f" | "m")
        && !model.is_system
        && !model.temporary
        && !matches!(model.schema.as_str(), "spyne" | "governed");
    if !fits {
        return Err(SpyneError::new(
            Code::WrongObjectType,
            format!("{shown} cannot be the model of a shadow"),
            "A shadow is shaped like a permanent table, foreign table or materialized view.",
            "Pass another like_relation.",
        ));
    }
    if !catalogs::may_select(model.oid) {
        return Err(SpyneError::new(
            Code::InsufficientPrivilege,
            format!("permission denied to make a table like {shown}"),
            "Whoever copies a table's shape must be able to read it.",
            format!(
                "Its owner can run: GRANT SELECT ON {shown} TO {};",
                users::quoted_name(caller.user)
            ),
        ));
    }
    Ok(())
}

/// # Errors
/// 42P07 where the address is taken.
fn check_vacant(at: &Address) -> Result<()> {
    match catalogs::relation_at(at) {
        None => Ok(()),
        Some(_) => Err(SpyneError::new(
            Code::DuplicateTable,
            format!("there is a shadow {} already", at.quoted()),
            "spyne_shadow holds one table of each name.",
            format!(
                "Promote it, or unregister and drop it: SELECT * FROM spyne_unregister({});",
                at.as_argument()
            ),
        )),
    }
}
