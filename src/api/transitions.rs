//! spyne_promote, spyne_deprecate, spyne_restore.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::context::{Caller, elevated, given, require_writable};
use crate::pg::oids::rel_id;
use crate::pg::{catalogs, elevate};
use crate::report::OrRaise;
use crate::store::{drift, facts, joins, steps, tables};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::literal;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::dependents::Policy;
use spyne_core::lifecycle::plan::takeover::{self, Options};
use spyne_core::lifecycle::plan::{Action, Change, Plan};
use spyne_core::lifecycle::transition;

/// A step, a blocker, a warning or a follow-up: number, kind, object, detail,
/// statement.
type OutcomeRow = (i32, String, String, String, Option<String>);

/// Makes a SHADOW table the ACTIVE version of its name. Where there is one, the
/// two swap places.
///
/// # Errors
/// 55000 for a table in another state, or with blockers; 22023, 22004, 42501;
/// 55P03 where a lock cannot be had within spyne.lock_timeout.
#[pg_extern(sql = "
CREATE FUNCTION spyne_promote(
    relation regclass,
    from_state text DEFAULT 'SHADOW',
    to_state text DEFAULT 'ACTIVE',
    dry_run boolean DEFAULT false,
    accept_breaking boolean DEFAULT false,
    dependents text DEFAULT 'block',
    target_schema text DEFAULT NULL,
    target_name text DEFAULT NULL,
    reason text DEFAULT NULL)
RETURNS TABLE (seq integer, kind text, object text, detail text, statement text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::too_many_arguments)]
fn spyne_promote(
    relation: Option<pg_sys::Oid>,
    from_state: Option<&str>,
    to_state: Option<&str>,
    dry_run: Option<bool>,
    accept_breaking: Option<bool>,
    dependents: Option<&str>,
    target_schema: Option<String>,
    target_name: Option<String>,
    reason: Option<String>,
) -> TableIterator<
    'static,
    (
        name!(seq, i32),
        name!(kind, String),
        name!(object, String),
        name!(detail, String),
        name!(statement, Option<String>),
    ),
> {
    let hint =
        "For example: SELECT * FROM spyne_promote('spyne_shadow.customer', dry_run => true);";
    let run = || -> Result<Vec<OutcomeRow>> {
        let relid = rel_id(given(relation, "relation", hint)?);
        let from = transition::parse_state("from_state", given(from_state, "from_state", hint)?)?;
        let to = transition::parse_state("to_state", given(to_state, "to_state", hint)?)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        let dependents = given(dependents, "dependents", hint)?;
        let options = Options {
            accept_breaking: given(accept_breaking, "accept_breaking", hint)?,
            dependents: Policy::parse(dependents).ok_or_else(|| unknown_policy(dependents))?,
            target_schema,
            target_name,
            restoring: false,
        };
        let caller = Caller::now();
        let label = catalogs::label(relid);
        caller.require(Permission::Promote, &format!("promote {label}"))?;
        let row = elevated(|| tables::governed(relid))?;
        if (from, to) != (State::Shadow, State::Active) {
            transition::check(&label, row.state, from, to)?;
            return Err(other_function(from, to, &label));
        }
        transition::check(&label, row.state, from, to)?;
        take_over(relid, from, &options, &caller, dry_run, reason.as_deref(), "promote")
    };
    TableIterator::new(run().or_raise())
}

fn unknown_policy(text: &str) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        format!("\"{text}\" is not a way to treat dependents"),
        "dependents is block (the default: each is a blocker) or repoint (each is moved).",
        "For example: spyne_promote(..., dependents => 'repoint')",
    )
}

/// spyne_promote makes one of the three transitions; the others have their own
/// functions, which ask for what they need.
fn other_function(from: State, to: State, label: &str) -> SpyneError {
    let function = transition::function(from, to).unwrap_or("spyne_promote");
    SpyneError::new(
        Code::InvalidParameter,
        format!("spyne_promote does not take a table from {} to {}", from.as_str(), to.as_str()),
        format!("That is what {function} does."),
        match function {
            "spyne_deprecate" => {
                format!("SELECT * FROM spyne_deprecate({}, 'reason');", literal(label))
            }
            _ => format!("SELECT * FROM spyne_restore({});", literal(label)),
        },
    )
}

/// Deprecates the ACTIVE version of a name, with nothing in its place.
///
/// # Errors
/// 55000 for a table in another state, 22023 for an empty reason or a sunset in
/// the past, 22004, 42501, 55P03.
#[pg_extern(sql = "
CREATE FUNCTION spyne_deprecate(
    relation regclass,
    reason text,
    sunset_at timestamptz DEFAULT NULL,
    dry_run boolean DEFAULT false)
RETURNS TABLE (seq integer, kind text, object text, detail text, statement text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_deprecate(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    sunset_at: Option<TimestampWithTimeZone>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(seq, i32),
        name!(kind, String),
        name!(object, String),
        name!(detail, String),
        name!(statement, Option<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_deprecate('public.customer', 'replaced by crm');";
    let run = || -> Result<Vec<OutcomeRow>> {
        let relid = rel_id(given(relation, "relation", hint)?);
        let reason = given(reason, "reason", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        let past = sunset_at.is_some_and(|at| at < pgrx::datum::datetime_support::now());
        if reason.trim().is_empty() || past {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                if past {
                    "sunset_at is in the past"
                } else {
                    "a table is deprecated for a reason"
                },
                if past {
                    "It is when the table is meant to go."
                } else {
                    "The argument reason is empty."
                },
                hint,
            ));
        }
        let caller = Caller::now();
        let label = catalogs::label(relid);
        caller.require(Permission::Deprecate, &format!("deprecate {label}"))?;
        let row = elevated(|| tables::governed(relid))?;
        transition::check(&label, row.state, State::Active, State::Deprecated)?;
        let mut plan = Plan::default();
        if !dry_run {
            lock(&[relid], "deprecate")?;
        }
        let row = elevated(|| -> Result<tables::Row> {
            if !dry_run {
                tables::lock_versions(&row.name)?;
            }
            tables::governed(relid)
        })?;
        transition::check(&label, row.state, State::Active, State::Deprecated)?;
        plan.deprecate(Change {
            oid: relid,
            name: row.name.clone(),
            relation: label.clone(),
            from: State::Active,
            to: State::Deprecated,
            version: row.version.clone(),
            supersedes: None,
            superseded_by: None,
            home: (row.home_schema.clone(), row.home_name.clone()),
            sunset_at: sunset_at.map(|at| at.to_iso_string()),
        });
        if !dry_run {
            elevated(|| steps::execute(&plan, caller.user, Some(&reason)))?;
        }
        Ok(rows(plan))
    };
    TableIterator::new(run().or_raise())
}

/// Makes a DEPRECATED version ACTIVE again. Where a successor is ACTIVE, the
/// two swap back, and the successor becomes DEPRECATED.
///
/// # Errors
/// As spyne_promote.
#[pg_extern(sql = "
CREATE FUNCTION spyne_restore(relation regclass, reason text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (seq integer, kind text, object text, detail text, statement text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_restore(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(seq, i32),
        name!(kind, String),
        name!(object, String),
        name!(detail, String),
        name!(statement, Option<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_restore('public.customer__v1');";
    let run = || -> Result<Vec<OutcomeRow>> {
        let relid = rel_id(given(relation, "relation", hint)?);
        let dry_run = given(dry_run, "dry_run", hint)?;
        require_writable(dry_run)?;
        let caller = Caller::now();
        let label = catalogs::label(relid);
        caller.require(Permission::Promote, &format!("restore {label}"))?;
        let row = elevated(|| tables::governed(relid))?;
        transition::check(&label, row.state, State::Deprecated, State::Active)?;
        let options = Options {
            accept_breaking: true,
            // What hangs on the successor came to it from this version, or
            // would be left on a table nobody may write to.
            dependents: Policy::Repoint,
            target_schema: None,
            target_name: None,
            restoring: true,
        };
        take_over(
            relid,
            State::Deprecated,
            &options,
            &caller,
            dry_run,
            reason.as_deref(),
            "restore",
        )
    };
    TableIterator::new(run().or_raise())
}

/// Plans and, in a real run, carries out how `relid` becomes ACTIVE. Locks come
/// first and in one order for all; then everything is read again, since it may
/// have changed while this waited.
fn take_over(
    relid: RelId,
    from: State,
    options: &Options,
    caller: &Caller,
    dry_run: bool,
    reason: Option<&str>,
    verb: &str,
) -> Result<Vec<OutcomeRow>> {
    let outgoing_of = |versions: &[tables::Row]| {
        versions.iter().find(|v| v.state == State::Active && v.relation != relid).cloned()
    };
    let mut wanted = Vec::new();
    if !dry_run {
        wanted = elevated(|| -> Result<Vec<RelId>> {
            let row = tables::governed(relid)?;
            let versions = tables::lock_versions(&row.name)?;
            facts::locks(&row.name, relid, outgoing_of(&versions).map(|o| o.relation))
        })?;
        lock(&wanted, verb)?;
    }
    let label = catalogs::label(relid);
    let plan = elevated(|| -> Result<Plan> {
        let row = tables::governed(relid)?;
        transition::check(&label, row.state, from, State::Active)?;
        let outgoing = outgoing_of(&tables::versions(&row.name)?);
        let facts = facts::takeover(&row, outgoing.as_ref(), options.target_schema.as_deref())?;
        Ok(takeover::plan(&facts, options))
    })?;
    if !dry_run {
        if !plan.blockers.is_empty() {
            return Err(blocked(&plan, &label, verb));
        }
        elevated(|| -> Result<()> {
            let unchanged = drift::without_drift(&wanted)?;
            let row = tables::governed(relid)?;
            joins::suspect_where_changed(&row.name, relid)?;
            steps::execute(&plan, caller.user, reason)?;
            // The swap gives indexes other names, and foreign keys another table.
            unchanged.into_iter().try_for_each(|relid| drift::refresh(relid, caller.user))
        })?;
    }
    Ok(rows(plan))
}

/// Locks relations, in the order given.
fn lock(relations: &[RelId], action: &str) -> Result<()> {
    for relid in relations {
        let exists = elevated(|| elevate::lock_exclusive(*relid));
        if !exists {
            return Err(SpyneError::new(
                Code::UndefinedTable,
                format!("relation {relid} was dropped while {action} waited for it"),
                "Nothing was changed.",
                "Run it again.",
            ));
        }
        elevate::refuse_if_in_use(*relid, action);
    }
    Ok(())
}

fn blocked(plan: &Plan, label: &str, verb: &str) -> SpyneError {
    let listed: Vec<String> =
        plan.blockers.iter().map(|b| format!("{}: {}. {}", b.object, b.detail, b.remedy)).collect();
    SpyneError::new(
        Code::WrongState,
        format!(
            "cannot {verb} {label}: {} blocker{}",
            listed.len(),
            if listed.len() == 1 { "" } else { "s" }
        ),
        listed.join("\n"),
        format!(
            "Nothing was changed. See the whole plan: SELECT * FROM spyne_{verb}({}, dry_run => true);",
            literal(label)
        ),
    )
}

fn rows(plan: Plan) -> Vec<OutcomeRow> {
    let statement = |action: Action| match action {
        Action::Sql(sql) | Action::SqlAs { sql, .. } => Some(format!("{sql};")),
        Action::Change(_) => None,
    };
    let text = |text: String| (!text.is_empty()).then_some(text);
    let blockers =
        plan.blockers.into_iter().map(|n| ("blocker", n.object, n.detail, text(n.remedy)));
    let warnings =
        plan.warnings.into_iter().map(|n| ("warning", n.object, n.detail, text(n.remedy)));
    let steps = plan.steps.into_iter().map(|s| ("step", s.object, s.detail, statement(s.action)));
    let later =
        plan.follow_ups.into_iter().map(|s| ("follow-up", s.object, s.detail, statement(s.action)));
    blockers
        .chain(warnings)
        .chain(steps)
        .chain(later)
        .zip(1..)
        .map(|((kind, object, detail, statement), seq)| {
            (seq, kind.to_string(), object, detail, statement)
        })
        .collect()
}
