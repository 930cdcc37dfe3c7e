//! spyne_register, spyne_register_schema, spyne_unregister.

use pgrx::pg_sys;
use pgrx::prelude::*;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
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
use crate::pg::oids::{rel_id, role_id};
use crate::pg::row_sets::{Rows, row};
use crate::pg::users;
use crate::report::OrRaise;
use crate::store::tables;

const HINT: &str = "For example: SELECT * FROM spyne_register('public.customer');";

row! {
    /// A table that was taken under governance.
    "registration" => Registration {
        relation: RelId,
        name: String,
        state: &'static str,
        version: String,
        governed_view: Option<String>,
    }
}

/// Takes a table under governance.
///
/// # Errors
/// 42809 for a relation that cannot be governed, 42710 for one that is governed
/// already, 22023 for a bad name, state or owner, 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_register(
    relation regclass,
    name text DEFAULT NULL,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.registration
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_register(
    relation: Option<pg_sys::Oid>,
    name: Option<String>,
    state: Option<&str>,
    owner: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> Rows<Registration> {
    let run = || -> Result<_> {
        let relation = rel_id(given(relation, "relation", HINT)?);
        let state = transition::parse_state("state", given(state, "state", HINT)?)?;
        let owner = existing_role(role_id(given(owner, "owner", HINT)?))?;
        let mode = Mode::of(given(dry_run, "dry_run", HINT)?);
        let facts = command::run(&Register { relation, name, state, owner }, mode)?.facts;
        let view = (!state.is_staging()).then(|| Address::new("governed", &facts.name).shown());
        Ok(Registration {
            relation,
            state: state.as_str(),
            version: facts.version(),
            governed_view: view,
            name: facts.name,
        })
    };
    Rows::one(run().or_raise())
}

row! {
    /// A table of a schema: `registered` or `skipped`, and why.
    "schema_registration" => SchemaRegistration {
        relation: RelId,
        name: String,
        state: &'static str,
        version: Option<String>,
        outcome: &'static str,
        detail: Option<String>,
    }
}

/// Takes all tables of a schema under governance. Returns a row for each, also for
/// those that cannot be governed.
///
/// # Errors
/// 22004, 22023, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_register_schema(
    schema regnamespace,
    state text DEFAULT 'READ_ONLY',
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.schema_registration
ROWS 100 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_register_schema(
    schema: Option<pg_sys::Oid>,
    state: Option<&str>,
    owner: Option<pg_sys::Oid>,
    dry_run: Option<bool>,
) -> Rows<SchemaRegistration> {
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
        // Partitions come with their parent, and get no rows of their own.
        for candidate in candidates.into_iter().filter(|c| !c.is_partition) {
            let relation = candidate.oid;
            let registration = Register { relation, name: None, state, owner };
            rows.push(match command::run(&registration, mode) {
                Ok(done) => SchemaRegistration {
                    relation,
                    state: state.as_str(),
                    version: Some(done.facts.version()),
                    name: done.facts.name,
                    outcome: "registered",
                    detail: None,
                },
                Err(error) => SchemaRegistration {
                    relation,
                    name: candidate.name,
                    state: candidate.state.unwrap_or(state).as_str(),
                    version: None,
                    outcome: "skipped",
                    detail: Some(error.message),
                },
            });
            progress.step();
        }
        Ok(rows)
    };
    Rows::of(run().or_raise())
}

row! {
    /// A table whose governance has ended, with what has become of its governed view in
    /// words.
    "unregistration" => Unregistration {
        relation: RelId,
        name: String,
        version: String,
        governed_view: String,
    }
}

/// Ends governance of a table; the table itself stays as it is.
///
/// # Errors
/// 55000 where the table is not governed, or is the fallback of a promotion within
/// `spyne.rollback_window`; 42501; 2BP01 where another view depends on its governed
/// view.
#[pg_extern(sql = "
CREATE FUNCTION spyne_unregister(
    relation regclass,
    reason text DEFAULT NULL,
    override boolean DEFAULT false,
    dry_run boolean DEFAULT false)
RETURNS SETOF spyne.unregistration
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_unregister(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    r#override: Option<bool>,
    dry_run: Option<bool>,
) -> Rows<Unregistration> {
    let hint = "For example: SELECT * FROM spyne_unregister('public.customer', 'moved elsewhere');";
    let run = || -> Result<_> {
        let relation = rel_id(given(relation, "relation", hint)?);
        let overridden = given(r#override, "override", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        let facts = command::run(&Unregister { relation, reason, overridden }, mode)?.facts;
        let governed_view = facts.view_afterwards();
        let (name, version) = (facts.row.name, facts.row.version);
        Ok(Unregistration { relation, name, version, governed_view })
    };
    Rows::one(run().or_raise())
}
