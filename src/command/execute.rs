//! Carries out a plan.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::state::StateSet;
use spyne_core::lifecycle::plan::op::{Op, RunsAs, StateChange};
use spyne_core::lifecycle::plan::record::{Record, Which};
use spyne_core::lifecycle::plan::{Plan, Step};

use super::caller::Caller;
use super::{Hold, registration};
use crate::pg::caller_rights::as_caller_only;
use crate::pg::elevate::{self, Elevated, LockMode, elevated};
use crate::pg::{catalogs, users};
use crate::store::tables::{self, Line, NewRow, NewState};
use crate::store::{config, drift, grants, guards, joins, query, shapes};

/// Locks relations, in the order given; waits for each as long as
/// `spyne.lock_timeout` allows.
///
/// # Errors
/// 42P01 for a relation that was dropped meanwhile; 55006 for one that this session
/// itself uses and that is to be held alone.
pub fn lock(relations: &[RelId], hold: Hold, verb: &str) -> Result<()> {
    let mode = match hold {
        Hold::Alone | Hold::Closed => LockMode::AccessExclusive,
        Hold::Readable => LockMode::ShareRowExclusive,
    };
    for relation in relations {
        if !elevated(|_| elevate::lock(*relation, mode)) {
            return Err(SpyneError::new(
                Code::UndefinedTable,
                format!("relation {relation} was dropped while {verb} waited for it"),
                "Nothing was changed.",
                "Run it again.",
            ));
        }
        if hold == Hold::Alone {
            elevate::refuse_if_in_use(*relation, verb);
        }
    }
    Ok(())
}

/// Runs the steps of a plan, and records what spyne notes before and after them. Each
/// step runs with the rights that it is meant to have, and steps of the caller's run
/// outside of all elevation. All that the plan needs must be locked. `caller` is who
/// goes on record.
///
/// # Errors
/// Those of the statements; 42704 where the role that a step runs as is gone.
pub fn plan(plan: &Plan, caller: &Caller) -> Result<()> {
    let (acting, reason) = (caller.user, plan.reason.as_deref());
    elevated(|e| notes(e, &plan.before, acting, reason))?;
    let theirs = |step: &Step| step.op.runs_as() == RunsAs::Caller;
    for steps in plan.steps.chunk_by(|one, next| theirs(one) == theirs(next)) {
        match steps.first().is_some_and(theirs) {
            true => as_caller_only(|c| {
                let statements = steps.iter().filter_map(|step| step.op.sql());
                statements.into_iter().try_for_each(|sql| query::run(c, &sql))
            })?,
            false => elevated(|e| operations(e, steps, acting, reason))?,
        }
    }
    elevated(|e| notes(e, &plan.after, acting, reason))
}

/// As [`plan`], within elevated work, for a plan that has no steps of the caller's.
///
/// # Errors
/// As [`plan`]; XX000 for a step of the caller's, whose rights are not there in
/// elevated work.
pub fn within(elevated: &Elevated, plan: &Plan, acting: RoleId) -> Result<()> {
    let reason = plan.reason.as_deref();
    notes(elevated, &plan.before, acting, reason)?;
    operations(elevated, &plan.steps, acting, reason)?;
    notes(elevated, &plan.after, acting, reason)
}

fn notes(
    elevated: &Elevated,
    records: &[Record],
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    records.iter().try_for_each(|record| note(elevated, record, acting, reason))
}

fn operations(
    elevated: &Elevated,
    steps: &[Step],
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    for step in steps {
        match &step.op {
            Op::SetState(change) => set_state(elevated, change, acting, reason)?,
            Op::Record(record) => note(elevated, record, acting, reason)?,
            statement => run(elevated, statement)?,
        }
    }
    Ok(())
}

/// Runs the statement of an operation, as the role that it is to run as.
fn run(elevated: &Elevated, op: &Op) -> Result<()> {
    let Some(sql) = op.sql() else {
        return Ok(());
    };
    match op.runs_as() {
        RunsAs::Spyne => query::run(elevated, &sql),
        RunsAs::Owner(owner) => {
            let owner = users::role(owner).ok_or_else(|| gone(owner, &sql))?;
            elevate::step_down(elevated, owner, |as_owner| query::run(as_owner, &sql))
        }
        RunsAs::Caller => Err(SpyneError::new(
            Code::Internal,
            "spyne was about to run a statement of the caller's with other rights",
            format!("It was: {sql}"),
            "This is a defect of spyne: report it, with the statement that you ran.",
        )),
    }
}

/// The error where the role that a step runs as is gone. Running the step as anybody
/// else would give expressions that a user wrote other rights.
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
    change: &StateChange,
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
    // A promotion decides the version of a shadow, and with it the version that its
    // shape belongs to.
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

/// The table that a plan brings under governance.
///
/// # Errors
/// XX000 or 42809, where steps of the caller's were to make the table: functions of the
/// caller's run in them, and may have put something else in its place, or something
/// that cannot be governed.
fn entering(elevated: &Elevated, table: &Which, acting: RoleId) -> Result<RelId> {
    let at = match table {
        Which::Is(relation) => return Ok(*relation),
        Which::Made(at) => at,
    };
    let lost = |detail: &str| {
        SpyneError::new(
            Code::WrongState,
            format!("{at} is not the table that was made"),
            detail,
            "Look at what runs when it is made: an expression of an index, or a trigger on DDL.",
        )
    };
    let relation =
        catalogs::relation_at(at).ok_or_else(|| lost("It was dropped as soon as it was made."))?;
    let candidate = tables::candidate(elevated, relation)?;
    registration::check_kind(&candidate)?;
    match users::has_rights_of(acting, candidate.owner) {
        true => Ok(relation),
        false => Err(lost("Somebody else owns what is there.")),
    }
}

/// The table that a plan has brought under governance.
fn entered(table: &Which) -> Result<RelId> {
    match table {
        Which::Is(relation) => Ok(*relation),
        Which::Made(at) => catalogs::relation_at(at).ok_or_else(|| {
            SpyneError::new(
                Code::Internal,
                format!("{at} is gone"),
                "It came under governance a moment ago.",
                "Run it again.",
            )
        }),
    }
}

fn note(elevated: &Elevated, record: &Record, acting: RoleId, reason: Option<&str>) -> Result<()> {
    match record {
        Record::Register { table, state, name, version, owner, home } => {
            let (relation, state, owner) = (entering(elevated, table, acting)?, *state, *owner);
            let row = NewRow { relation, state, name, version, owner, home };
            tables::insert(elevated, &row, acting, reason)
        }
        Record::Release { relation, state, name, version, shown } => {
            tables::delete(elevated, *relation)?;
            let line = Line { name, version, shown, from: Some(*state), to: None };
            tables::history(elevated, &line, acting, reason)
        }
        Record::InstallGuards { table, state } => {
            guards::install(elevated, entered(table)?, StateSet::of(*state))
        }
        Record::RemoveGuards { relation } => guards::remove(elevated, *relation),
        Record::SuspendGrants { table } => grants::suspend(elevated, entered(table)?),
        Record::RestoreGrants { relation } => grants::restore(elevated, *relation),
        Record::CloseToViews { relation } => grants::revoke_from_views(elevated, *relation),
        Record::SuspectJoins { name, because } => joins::suspect_all(elevated, name, because),
        Record::SuspectChangedJoins { name, successor } => {
            joins::suspect_where_changed(elevated, name, *successor)
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
        Record::Join(record) => joins::change(elevated, record, acting),
        Record::SetSystemMode { mode } => {
            config::set_system_mode(elevated, *mode, reason, &users::name(acting))
        }
    }
}
