//! spyne_promote, spyne_deprecate, spyne_restore.

use pgrx::pg_sys;
use pgrx::prelude::*;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::dependents::OnDependents;
use spyne_core::lifecycle::plan::takeover::Options;
use spyne_core::lifecycle::plan::{Note, Plan, Step};
use spyne_core::lifecycle::transition;

use super::context::{Caller, given};
use crate::command::transitions::{Deprecate, TakeOver};
use crate::command::{self, Command, Mode};
use crate::pg::catalogs;
use crate::pg::elevate::elevated;
use crate::pg::oids::rel_id;
use crate::pg::row_sets::{Rows, row};
use crate::report::OrRaise;
use crate::store::tables;

row! {
    /// A step, a blocker, a warning or a follow-up.
    "plan_line" => PlanLine {
        seq: i32,
        kind: &'static str,
        object: String,
        detail: String,
        statement: Option<String>,
    }
}

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
RETURNS SETOF spyne.plan_line
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
) -> Rows<PlanLine> {
    let hint =
        "For example: SELECT * FROM spyne_promote('spyne_shadow.customer', dry_run => true);";
    let run = || -> Result<Rows<PlanLine>> {
        let relation = rel_id(given(relation, "relation", hint)?);
        let from = transition::parse_state("from_state", given(from_state, "from_state", hint)?)?;
        let to = transition::parse_state("to_state", given(to_state, "to_state", hint)?)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        let dependents = given(dependents, "dependents", hint)?;
        let options = Options {
            accept_breaking: given(accept_breaking, "accept_breaking", hint)?,
            dependents: OnDependents::parse(dependents)
                .ok_or_else(|| unknown_policy(relation, dependents))?,
            target_schema,
            target_name,
            restoring: false,
        };
        let promotion = TakeOver { relation, from: State::Shadow, options, reason };
        if (from, to) != (State::Shadow, State::Active) {
            return Err(no_promotion(&promotion, from, to)?);
        }
        Ok(lines(command::run(&promotion, mode)?.plan))
    };
    run().or_raise()
}

fn unknown_policy(relation: RelId, text: &str) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        format!("\"{text}\" is not a way to treat dependents"),
        "dependents is block (the default: each is a blocker) or repoint (each is moved).",
        format!(
            "For example: SELECT * FROM spyne_promote({}, dependents => 'repoint', dry_run => true);",
            catalogs::relation_name(relation).as_argument()
        ),
    )
}

/// The refusal of a promotion from any state but SHADOW. The other transitions have
/// functions of their own, which ask for what they need.
fn no_promotion(promotion: &TakeOver, from: State, to: State) -> Result<SpyneError> {
    command::caller::require_writable(true)?;
    let relation: RelId = promotion.relation;
    let at = catalogs::relation_name(relation);
    let caller = Caller::now();
    caller.require(Permission::Promote, &format!("{} {}", promotion.verb(), at.shown()))?;
    let row = elevated(|e| tables::governed(e, relation))?;
    let subject = transition::Subject { relation: &at, name: &row.name, state: row.state };
    transition::check(subject, from, to)?;
    let function = transition::function(from, to).unwrap_or("spyne_promote");
    Ok(SpyneError::new(
        Code::InvalidParameter,
        format!("spyne_promote does not take a table from {} to {}", from.as_str(), to.as_str()),
        format!("That is what {function} does."),
        match function {
            "spyne_deprecate" => {
                format!("SELECT * FROM spyne_deprecate({}, 'reason');", at.as_argument())
            }
            _ => format!("SELECT * FROM spyne_restore({});", at.as_argument()),
        },
    ))
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
RETURNS SETOF spyne.plan_line
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_deprecate(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    sunset_at: Option<TimestampWithTimeZone>,
    dry_run: Option<bool>,
) -> Rows<PlanLine> {
    let hint = "For example: SELECT * FROM spyne_deprecate('public.customer', 'replaced by crm');";
    let run = || -> Result<Rows<PlanLine>> {
        let relation = rel_id(given(relation, "relation", hint)?);
        let reason = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        command::caller::require_writable(mode == Mode::Show)?;
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
        let sunset_at = sunset_at.map(|at| at.to_iso_string());
        Ok(lines(command::run(&Deprecate { relation, reason, sunset_at }, mode)?.plan))
    };
    run().or_raise()
}

/// Makes a DEPRECATED version ACTIVE again. Where a successor is ACTIVE, the
/// two swap back, and the successor becomes DEPRECATED.
///
/// # Errors
/// As spyne_promote.
#[pg_extern(sql = "
CREATE FUNCTION spyne_restore(relation regclass, reason text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.plan_line
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_restore(
    relation: Option<pg_sys::Oid>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> Rows<PlanLine> {
    let hint = "For example: SELECT * FROM spyne_restore('public.customer__v1');";
    let run = || -> Result<Rows<PlanLine>> {
        let relation = rel_id(given(relation, "relation", hint)?);
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        let options = Options {
            accept_breaking: true,
            // What depends on the successor has come to it from this version, or would
            // be left on a table that nobody may write to.
            dependents: OnDependents::Repoint,
            target_schema: None,
            target_name: None,
            restoring: true,
        };
        let restoration = TakeOver { relation, from: State::Deprecated, options, reason };
        Ok(lines(command::run(&restoration, mode)?.plan))
    };
    run().or_raise()
}

/// The lines of a plan. They are the same for a dry run and a real one.
fn lines(plan: Plan) -> Rows<PlanLine> {
    let line =
        |kind, object, detail, statement| PlanLine { seq: 0, kind, object, detail, statement };
    let note = |kind| {
        move |n: Note| line(kind, n.object, n.detail, Some(n.remedy).filter(|r| !r.is_empty()))
    };
    let step = |kind| {
        move |s: Step| {
            let statement = s.statement();
            line(kind, s.object, s.detail, statement)
        }
    };
    let blockers = plan.blockers.into_iter().map(note("blocker"));
    let warnings = plan.warnings.into_iter().map(note("warning"));
    let steps = plan.steps.into_iter().map(step("step"));
    let later = plan.follow_ups.into_iter().map(step("follow-up"));
    let all = blockers.chain(warnings).chain(steps).chain(later);
    Rows::of(all.zip(1..).map(|(line, seq)| PlanLine { seq, ..line }).collect())
}
