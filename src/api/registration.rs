//! spyne_register, spyne_register_schema, spyne_unregister.

use std::time::Instant;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::context::{Caller, elevated, given, require_writable};
use crate::guc;
use crate::pg::oids::{AsOid, rel_id, role_id};
use crate::pg::{catalogs, elevate, users};
use crate::report::OrRaise;
use crate::store::tables::{self, Candidate, NewRow};
use crate::store::{facts, grants, guards, joins, roles, steps};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::names::literal;
use spyne_core::kernel::role::Role;
use spyne_core::kernel::state::{State, StateSet};
use spyne_core::lifecycle::plan::{Plan, view};
use spyne_core::lifecycle::registration::{self, Request};
use spyne_core::lifecycle::transition;

const HINT: &str = "For example: SELECT * FROM spyne_register('public.customer');";

/// A relation that was taken under governance.
pub(super) struct Registered {
    pub name: String,
    pub version: String,
}

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
        let relid = rel_id(given(relation, "relation", HINT)?);
        let state = transition::parse_state("state", given(state, "state", HINT)?)?;
        let owner = existing_role(given(owner, "owner", HINT)?)?;
        let dry_run = given(dry_run, "dry_run", HINT)?;
        require_writable(dry_run)?;
        let caller = Caller::now();
        let candidate = elevated(|| tables::candidate(relid))?;
        caller.require_steward(candidate.owner, &format!("register {}", candidate.label()))?;
        let done = register(&candidate, name, state, owner, caller.user, dry_run)?;
        let view = (state != State::Shadow).then(|| format!("governed.{}", done.name));
        Ok((relid.oid(), done.name, state.as_str().to_string(), done.version, view))
    };
    TableIterator::once(run().or_raise())
}

/// A role that answers for a table must exist: regrole takes any number.
pub(super) fn existing_role(role: pg_sys::Oid) -> Result<RoleId> {
    match users::exists(role_id(role)) {
        true => Ok(role_id(role)),
        false => Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no role with OID {}", role.to_u32()),
            "The argument owner names the role that answers for it.",
            "See which roles there are: \\du",
        )),
    }
}

/// Registers one candidate, whose caller was found to be allowed to.
pub(super) fn register(
    candidate: &Candidate,
    name: Option<String>,
    state: State,
    owner: RoleId,
    acting: RoleId,
    dry_run: bool,
) -> Result<Registered> {
    let label = candidate.label();
    registration::check(&Request {
        label: &label,
        schema: &candidate.schema,
        kind: &candidate.kind,
        temporary: candidate.temporary,
        is_partition: candidate.is_partition,
        parent: candidate.parent.as_deref(),
        is_system: candidate.is_system,
        extension: candidate.extension.as_deref(),
        governed: candidate.state.zip(candidate.governed_as.as_deref()),
    })?;
    registration::check_state(state)?;
    let name = name.unwrap_or_else(|| candidate.name.clone());
    registration::check_name(&name)?;
    elevated(|| -> Result<Registered> {
        let existing = tables::versions(&name)?;
        let held: Vec<_> =
            existing.iter().map(|v| (v.state, catalogs::label(v.relation))).collect();
        registration::check_free(&name, state, &held)?;
        let owners: Vec<RoleId> = existing.iter().map(|v| v.owner).collect();
        check_name_is_theirs(&name, state, &owners, acting)?;
        let in_use = |wanted: State| existing.iter().find(|v| v.state == wanted);
        let current = in_use(State::Active).or_else(|| in_use(State::ReadOnly));
        let ever = tables::versions_ever(&name)?;
        let version =
            registration::next_version(current.map(|v| v.version.as_str()), &ever).to_string();
        let shown = state != State::Shadow && in_use(State::Active).is_none();
        let pointed = if shown { Some(plan_view(candidate, &name)?) } else { None };
        if !dry_run {
            let address = (candidate.schema.as_str(), candidate.name.as_str());
            tables::insert(
                &NewRow {
                    relation: candidate.oid,
                    state,
                    name: &name,
                    version: &version,
                    owner,
                    home: address,
                },
                acting,
                None,
            )?;
            // Staging closes at once, also for a transaction that has read the
            // table before; elsewhere readers need not be waited for.
            if state == State::Shadow {
                elevate::lock_exclusive(candidate.oid);
            }
            guards::install(candidate.oid, StateSet::of(state))?;
            if state == State::Shadow {
                grants::suspend(candidate.oid)?;
            }
            if let Some(plan) = pointed {
                steps::execute(&plan, acting, None)?;
            }
        }
        Ok(Registered { name, version })
    })
}

/// What a name means to its readers is changed by those who answer for it: an
/// engineer stages a new version of any name, but does not publish under the
/// name of others.
fn check_name_is_theirs(name: &str, state: State, owners: &[RoleId], acting: RoleId) -> Result<()> {
    let theirs = |owner: &RoleId| users::has_rights_of(acting, *owner);
    let admin = roles::role_of(acting) == Role::Admin;
    if state == State::Shadow || admin || owners.iter().all(theirs) {
        return Ok(());
    }
    let denial = Denial::told(
        Rule::RolePublish,
        format!("permission denied to publish a table as {name}"),
        "The name has versions that others answer for, and readers who trust it.",
        "Register it as SHADOW and have it promoted, or under a name of its own.",
    );
    Err(denial.into())
}

/// Plans that `governed.<name>` reads the table.
///
/// # Errors
/// 2BP01 where the view must be made again and another view reads it.
fn plan_view(candidate: &Candidate, name: &str) -> Result<Plan> {
    let mut plan = Plan::default();
    let table = facts::table(candidate.oid)?;
    let address = (candidate.schema.clone(), candidate.name.clone());
    view::replace(&mut plan, name, facts::view(name)?.as_ref(), &table.shape.columns, &address);
    if let Some(blocker) = plan.blockers.first() {
        return Err(SpyneError::new(
            Code::DependentObjects,
            format!("cannot make governed.{name} read {}.{}", address.0, address.1),
            format!("{}: {}.", blocker.object, blocker.detail),
            blocker.remedy.clone(),
        ));
    }
    Ok(plan)
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
        let owner = existing_role(given(owner, "owner", hint)?)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        if !catalogs::schema_exists(schema) {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                format!("there is no schema with OID {schema}"),
                "The argument schema names the schema whose tables are registered.",
                "See which schemas there are: \\dn",
            ));
        }
        let caller = Caller::now();
        let candidates = elevated(|| tables::candidates_in(schema))?;
        if caller.role < Role::Engineer {
            caller.require_steward(users::BOOTSTRAP_SUPERUSER, "register a schema")?;
        }
        let mut progress = Progress::new(candidates.len());
        let mut rows = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            // Partitions come with their parent: a row each would be noise.
            if candidate.is_partition {
                continue;
            }
            let done = caller
                .require_steward(candidate.owner, &format!("register {}", candidate.label()))
                .and_then(|()| register(&candidate, None, state, owner, caller.user, dry_run));
            let relation = candidate.oid.oid();
            let stated = state.as_str().to_string();
            rows.push(match done {
                Ok(done) => (
                    relation,
                    done.name,
                    stated,
                    Some(done.version),
                    "registered".to_string(),
                    None,
                ),
                Err(error) => (
                    relation,
                    candidate.name.clone(),
                    candidate.state.map_or(stated, |s| s.as_str().to_string()),
                    None,
                    "skipped".to_string(),
                    Some(error.message),
                ),
            });
            progress.step();
        }
        Ok(rows)
    };
    TableIterator::new(run().or_raise())
}

/// Says how far a long registration has come, every two seconds.
struct Progress {
    total: usize,
    done: usize,
    said: Instant,
}

impl Progress {
    fn new(total: usize) -> Progress {
        Progress { total, done: 0, said: Instant::now() }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.said.elapsed().as_secs() >= 2 {
            notice!("spyne: {} of {} tables", self.done, self.total);
            self.said = Instant::now();
        }
    }
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
        let relid = rel_id(given(relation, "relation", hint)?);
        let overridden = given(r#override, "override", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        let caller = Caller::now();
        let label = catalogs::label(relid);
        // A table dropped while enforcement was off has no owner to ask.
        let owner = elevated(|| tables::candidate(relid))
            .map_or(users::BOOTSTRAP_SUPERUSER, |candidate| candidate.owner);
        caller.require_steward(owner, &format!("unregister {label}"))?;
        let row = elevated(|| -> Result<tables::Row> {
            if !dry_run {
                // After a wait for another change of state, what it left counts.
                tables::lock_versions(&tables::governed(relid)?.name)?;
            }
            tables::governed(relid)
        })?;
        let label = catalogs::label(relid);
        let reason = check_window(&row, &label, overridden, reason, &caller)?;
        let view = elevated(|| release(&row, &label, reason.as_deref(), caller.user, dry_run))?;
        Ok((relid.oid(), row.name, row.version, view))
    };
    TableIterator::once(run().or_raise())
}

/// The fallback of a promotion stays for a while, whoever wants it gone. An
/// override goes on record with the reason, which is returned.
fn check_window(
    row: &tables::Row,
    label: &str,
    overridden: bool,
    reason: Option<String>,
    caller: &Caller,
) -> Result<Option<String>> {
    let window = f64::from(guc::rollback_window_minutes());
    let Some(age) = row.deprecated_minutes_ago.filter(|age| row.superseded && *age < window) else {
        return Ok(reason);
    };
    let given = reason.filter(|r| !r.trim().is_empty());
    if let (true, Some(given), Role::Admin) = (overridden, given, caller.role) {
        return Ok(Some(format!("rollback window overridden: {given}")));
    }
    Err(SpyneError::new(
        Code::WrongState,
        format!("{label} is the fallback of a promotion"),
        format!(
            "It was superseded {} minutes ago, and spyne.rollback_window keeps it for {window} minutes.",
            age.floor()
        ),
        format!(
            "An admin can do it all the same, on record: SELECT * FROM spyne_unregister({}, 'reason', override => true);",
            literal(label)
        ),
    ))
}

fn release(
    row: &tables::Row,
    label: &str,
    reason: Option<&str>,
    acting: RoleId,
    dry_run: bool,
) -> Result<String> {
    let others: Vec<tables::Row> =
        tables::versions(&row.name)?.into_iter().filter(|v| v.relation != row.relation).collect();
    let next = [State::Active, State::ReadOnly, State::Deprecated]
        .into_iter()
        .find_map(|state| others.iter().rev().find(|v| v.state == state));
    let existing = facts::view(&row.name)?;
    let shown = match (&existing, next) {
        (None, _) => "none".to_string(),
        (Some(_), None) => format!("governed.{} goes", row.name),
        (Some(_), Some(next)) => {
            format!("governed.{} reads {}", row.name, catalogs::label(next.relation))
        }
    };
    if let (Some(view), None) = (&existing, next)
        && let Some(user) = view.used_by.first()
    {
        return Err(SpyneError::new(
            Code::DependentObjects,
            format!("cannot unregister {label}: governed.{} is in use", row.name),
            format!("The view {user} reads it."),
            format!("Drop it first: DROP VIEW {user};"),
        ));
    }
    let pointed = match (&existing, next) {
        (Some(_), Some(next)) => {
            Some(plan_view(&elevated(|| tables::candidate(next.relation))?, &row.name)?)
        }
        _ => None,
    };
    if dry_run {
        return Ok(shown);
    }
    let exists = catalogs::kind_of(row.relation).is_some();
    if row.state == State::Shadow && exists {
        grants::restore(row.relation)?;
    }
    if matches!(row.state, State::Active | State::ReadOnly) {
        joins::suspect_all(&row.name, &format!("{label} was unregistered"))?;
    }
    guards::remove(row.relation)?;
    tables::delete(row.relation)?;
    tables::history(&row.name, &row.version, label, Some(row.state), None, acting, reason)?;
    match (existing, next) {
        (Some(_), None) => grants::drop_view(&row.name)?,
        _ => {
            if let Some(plan) = pointed {
                steps::execute(&plan, acting, None)?;
            }
        }
    }
    if exists {
        grants::revoke_from_views(row.relation)?;
    }
    Ok(shown)
}
