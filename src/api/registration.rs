//! spyne_register, spyne_register_schema, spyne_unregister.

use pgrx::pg_sys;
use pgrx::prelude::*;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::names::Address;
use spyne_core::kernel::role::Role;
use spyne_core::lifecycle::registration;
use spyne_core::lifecycle::transition;

use super::context::{Caller, given};
use super::progress::Progress;
use crate::command::caller::require_writable;
use crate::command::registration::{Register, Unregister, existing_role, existing_schema};
use crate::command::{self, Mode};
use crate::pg::elevate::elevated;
use crate::pg::oids::{AsOid, rel_id, role_id};
use crate::pg::users;
use crate::report::OrRaise;
use crate::store::tables;

const HINT: &str = "For example: SELECT * FROM spyne_register('public.customer');";

/// Takes a table under governance.
///
/// # Errors
/// 42809, 42710, 22023, 22004, 42501: see `core::registration`.
#[pg_extern(sql = "
CREATE FUNCTION spyne_register(
    relation regclass,
    name text DEFAULT NULL,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS TABLE (relation regclass, name text, state text, version text, governed_view text)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_register(
    relation: Option<pg_sys::Oid>,
    name: Option<String>,
    state: Option<&str>,
    owner: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(name, String),
        name!(state, String),
        name!(version, String),
        name!(governed_view, Option<String>),
    ),
> {
    let run = || -> Result<_> {
        let relation = rel_id(given(relation, "relation", HINT)?);
        let state = transition::parse_state("state", given(state, "state", HINT)?)?;
        let owner = existing_role(role_id(given(owner, "owner", HINT)?))?;
        let mode = Mode::of(given(dry_run, "dry_run", HINT)?);
        let facts = command::run(&Register { relation, name, state, owner }, mode)?.facts;
        let view = (!state.is_staging()).then(|| Address::new("governed", &facts.name).shown());
        let version = facts.version();
        Ok((relation.oid(), facts.name, state.as_str().to_string(), version, view))
    };
    TableIterator::once(run().or_raise())
}

/// Takes all tables of a schema under governance: a row each, also for those
/// that cannot be.
///
/// # Errors
/// 22004, 22023, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_register_schema(
    schema regnamespace,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS TABLE (relation regclass, name text, state text, version text, outcome text, detail text)
ROWS 100 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_register_schema(
    schema: Option<pg_sys::Oid>,
    state: Option<&str>,
    owner: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(name, String),
        name!(state, String),
        name!(version, Option<String>),
        name!(outcome, String),
        name!(detail, Option<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_register_schema('public');";
    let run = || -> Result<Vec<_>> {
        let schema = given(schema, "schema", hint)?.to_u32();
        let state = transition::parse_state("state", given(state, "state", hint)?)?;
        registration::check_state(state)?;
        let owner = existing_role(role_id(given(owner, "owner", hint)?))?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        require_writable(mode == Mode::Show)?;
        let schema = existing_schema(schema)?;
        let caller = Caller::now();
        let candidates = elevated(|e| tables::candidates_in(e, schema))?;
        if caller.role < Role::Engineer {
            caller.require_steward(users::BOOTSTRAP_SUPERUSER, "register a schema")?;
        }
        let mut progress = Progress::new("tables", candidates.len());
        let mut rows = Vec::with_capacity(candidates.len());
        // Partitions come with their parent: a row each would be noise.
        for candidate in candidates.into_iter().filter(|c| !c.is_partition) {
            let relation = candidate.oid;
            let registration = Register { relation, name: None, state, owner };
            let stated = state.as_str().to_string();
            rows.push(match command::run(&registration, mode) {
                Ok(done) => {
                    let version = Some(done.facts.version());
                    let name = done.facts.name;
                    (relation.oid(), name, stated, version, "registered".to_string(), None)
                }
                Err(error) => {
                    let stated = candidate.state.map_or(stated, |s| s.as_str().to_string());
                    let why = Some(error.message);
                    let name = candidate.name;
                    (relation.oid(), name, stated, None, "skipped".to_string(), why)
                }
            });
            progress.step();
        }
        Ok(rows)
    };
    TableIterator::new(run().or_raise())
}

/// Ends governance of a table; the table itself stays as it is.
///
/// # Errors
/// 55000 where it is not governed, or is the fallback of a promotion within
/// `spyne.rollback_window`; 42501; 2BP01 where a view hangs on its governed view.
#[pg_extern(sql = "
CREATE FUNCTION spyne_unregister(
    relation regclass,
    reason text DEFAULT NULL,
    override boolean DEFAULT false,
    dry_run boolean DEFAULT false)
RETURNS TABLE (relation regclass, name text, version text, governed_view text)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_unregister(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    r#override: Option<bool>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(name, String),
        name!(version, String),
        name!(governed_view, String),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_unregister('public.customer', 'moved elsewhere');";
    let run = || -> Result<_> {
        let relation = rel_id(given(relation, "relation", hint)?);
        let overridden = given(r#override, "override", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        let facts = command::run(&Unregister { relation, reason, overridden }, mode)?.facts;
        let view = facts.view_afterwards();
        Ok((relation.oid(), facts.row.name, facts.row.version, view))
    };
    TableIterator::once(run().or_raise())
}
