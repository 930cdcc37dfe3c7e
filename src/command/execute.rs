//! Carries out a plan.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::state::StateSet;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::op::{Change, Op};
use spyne_core::lifecycle::plan::record::Record;

use crate::pg::elevate::{self, Elevated, elevated};
use crate::pg::users;
use crate::store::tables::{self, Line, NewRow, NewState};
use crate::store::{config, drift, grants, guards, joins, query, shapes};

/// Locks relations in ACCESS EXCLUSIVE mode, in the order given; waits for each
/// as long as `spyne.lock_timeout` allows.
///
/// # Errors
/// 42P01 for one that was dropped meanwhile. One that this very session still
/// uses ends the statement with 55006.
pub fn lock(relations: &[RelId], verb: &str) -> Result<()> {
    for relation in relations {
        if !elevated(|_| elevate::lock_exclusive(*relation)) {
            return Err(SpyneError::new(
                Code::UndefinedTable,
                format!("relation {relation} was dropped while {verb} waited for it"),
                "Nothing was changed.",
                "Run it again.",
            ));
        }
        elevate::refuse_if_in_use(*relation, verb);
    }
    Ok(())
}

/// Runs the steps of a plan, and what spyne notes before and after them.
/// Everything that it needs is locked; `acting` is who goes on record.
///
/// # Errors
/// Those of the statements, and 42704 where a role is gone as whom one runs.
pub fn plan(elevated: &Elevated, plan: &Plan, acting: RoleId) -> Result<()> {
    let reason = plan.reason.as_deref();
    for record in &plan.before {
        note(elevated, record, acting, reason)?;
    }
    for step in &plan.steps {
        operation(elevated, &step.op, acting, reason)?;
    }
    for record in &plan.after {
        note(elevated, record, acting, reason)?;
    }
    Ok(())
}

fn operation(elevated: &Elevated, op: &Op, acting: RoleId, reason: Option<&str>) -> Result<()> {
    match op {
        Op::SetState(change) => set_state(elevated, change, acting, reason),
        Op::Record(record) => note(elevated, record, acting, reason),
        statement => {
            let Some(sql) = statement.sql() else {
                return Ok(());
            };
            match statement.runs_as() {
                None => query::run(elevated, &sql),
                Some(owner) => {
                    let owner = users::role(owner).ok_or_else(|| gone(owner, &sql))?;
                    elevate::step_down(elevated, owner, || query::run(elevated, &sql))
                }
            }
        }
    }
}

/// A role that a step runs as is not there any more: running it as anybody else
/// would give somebody else's expressions other rights.
fn gone(role: &str, sql: &str) -> SpyneError {
    SpyneError::new(
        Code::UndefinedObject,
        format!("there is no role \"{role}\" any more"),
        format!("It was to run, as the owner of what it makes: {sql}"),
        "Look at the plan again: dry_run => true shows it as it is now.",
    )
}

/// Changes a table's state: its row, its history, its guards.
fn set_state(
    elevated: &Elevated,
    change: &Change,
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    let new = NewState {
        relation: change.relation,
        to: change.to,
        version: &change.version,
        supersedes: change.supersedes.as_deref(),
        superseded_by: change.superseded_by.as_deref(),
        home: &change.home,
        sunset_at: change.sunset_at.as_deref(),
        by: &users::name(acting),
    };
    tables::set_state(elevated, &new)?;
    // A promotion settles the version, and with it the shape that has it.
    if change.from.is_staging() {
        shapes::store(elevated, change.relation, &change.name, &change.version, acting)?;
    }
    let line = Line {
        name: &change.name,
        version: &change.version,
        shown: &change.shown,
        from: Some(change.from),
        to: Some(change.to),
    };
    tables::history(elevated, &line, acting, reason)?;
    guards::install(elevated, change.relation, StateSet::of(change.to))
}

fn note(elevated: &Elevated, record: &Record, acting: RoleId, reason: Option<&str>) -> Result<()> {
    match record {
        Record::Register { relation, state, name, version, owner, home } => {
            let (relation, state, owner) = (*relation, *state, *owner);
            let row = NewRow { relation, state, name, version, owner, home };
            tables::insert(elevated, &row, acting, reason)
        }
        Record::Release { relation, state, name, version, shown } => {
            tables::delete(elevated, *relation)?;
            let line = Line { name, version, shown, from: Some(*state), to: None };
            tables::history(elevated, &line, acting, reason)
        }
        Record::Lock { relation } => {
            elevate::lock_exclusive(*relation);
            Ok(())
        }
        Record::InstallGuards { relation, state } => {
            guards::install(elevated, *relation, StateSet::of(*state))
        }
        Record::RemoveGuards { relation } => guards::remove(elevated, *relation),
        Record::SuspendGrants { relation } => grants::suspend(elevated, *relation),
        Record::RestoreGrants { relation } => grants::restore(elevated, *relation),
        Record::CloseToViews { relation } => grants::revoke_from_views(elevated, *relation),
        Record::SuspectJoins { name, because } => joins::suspect_all(name, because),
        Record::SuspectChangedJoins { name, successor } => {
            joins::suspect_where_changed(name, *successor)
        }
        Record::RefreshShape { relation } => match tables::find(elevated, *relation)? {
            Some(row) => shapes::store(elevated, *relation, &row.name, &row.version, acting),
            None => Ok(()),
        },
        Record::TakeShape { relation, state, name, version, shown, home } => {
            tables::set_version(elevated, *relation, version, home.as_ref())?;
            shapes::store(elevated, *relation, name, version, acting)?;
            let (from, to) = (Some(*state), Some(*state));
            let line = Line { name, version, shown, from, to };
            tables::history(elevated, &line, acting, reason)
        }
        Record::SettleReport { report_id, status, version } => {
            let version = version.as_deref();
            drift::resolve(elevated, *report_id, *status, version, reason, acting)
        }
        Record::SetSystemMode { mode } => {
            config::set_system_mode(elevated, *mode, reason, &users::name(acting))
        }
    }
}
