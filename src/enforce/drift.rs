//! Drift as it happens: what a DDL statement does to the shape of a governed table is
//! settled before the statement ends.

use super::refuse;
use crate::command::execute;
use crate::command::settling::{self, Settled};
use crate::guc;
use crate::pg::elevate::elevated;
use crate::pg::frames::{self, Aside};
use crate::pg::{cache, catalogs, users};
use crate::report::{self, OrRaise};
use crate::store::{drift, facts, query, roles, tables};
use spyne_core::drift::subject::{DriftSubject, FoundChange, severity};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, literal};
use spyne_core::kernel::role::Role;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::takeover::STAGING;
use spyne_core::lifecycle::plan::{Plan, view};
use spyne_core::shape::rules::Severity;

/// Settles what a DDL statement has done to these tables. Called when the statement
/// ends.
pub fn after_ddl(relations: &[RelId]) {
    for relid in relations {
        if !cache::governed_itself(*relid) {
            continue;
        }
        let acting = users::current();
        let allowed = guc::allow_breaking_ddl() && roles::role_of(acting) == Role::Admin;
        let settled = settling::settle(*relid, acting, Some(allowed)).map_err(by_rule);
        let Some(settled) = settled.or_raise() else {
            continue;
        };
        if settled.refused {
            refuse(refusal(&settled.subject, &settled.found));
            // Permissive mode has let the statement through.
            tell(&settling::record(settled, acting).or_raise());
        } else {
            tell(&settled);
        }
    }
}

/// Makes a refusal by rule of the error that views depend on the governed view.
fn by_rule(error: SpyneError) -> SpyneError {
    match error.code {
        Code::DependentObjects => {
            Denial::told(Rule::DriftDependents, error.message, error.detail, error.hint).into()
        }
        _ => error,
    }
}

/// Tells the user who runs the statement what spyne has done about the drift.
fn tell(settled: &Settled) {
    // Drift that was on record before is not repeated with every other change.
    let Some(report) = settled.report.as_ref().filter(|_| settled.news) else {
        return;
    };
    let table = settled.subject.address();
    let changes = joined(&settled.found, |_| true);
    let id = report.report_id;
    let severity = severity(&settled.found).unwrap_or(Severity::Compatible);
    match &settled.version {
        Some(version) => report::notice(&format!("{table} is {version} now: {changes}")),
        None => report::warn(SpyneError::new(
            Code::WrongState,
            format!("{table} has drifted: {} ({})", severity.as_str(), changes),
            format!("Drift report {id} is open."),
            format!(
                "As an administrator: SELECT * FROM spyne_resolve_drift({id}, 'apply', 'reason'); or 'dismiss'."
            ),
        )),
    }
}

fn joined(found: &[FoundChange], wanted: impl Fn(&FoundChange) -> bool) -> String {
    let all: Vec<&str> =
        found.iter().filter(|f| wanted(f)).map(|f| f.change.detail.as_str()).collect();
    all.join("; ")
}

/// The refusal of breaking DDL, with the way that works.
fn refusal(subject: &DriftSubject, found: &[FoundChange]) -> Denial {
    let table = subject.address();
    let breaking = |f: &FoundChange| f.change.is_breaking();
    let mut users: Vec<String> = Vec::new();
    for consumer in found.iter().filter(|f| breaking(f)).flat_map(|f| &f.consumers) {
        let text = |key: &str| consumer[key].as_str().unwrap_or_default().to_string();
        let user = match text("kind").as_str() {
            "preview" => format!("previews of {}", text("name")),
            kind => format!("{kind} {}", text("name")),
        };
        if !users.contains(&user) {
            users.push(user);
        }
    }
    let more = users.len().saturating_sub(5);
    users.truncate(5);
    let uses = match (users.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" It is used by {}.", users.join(", ")),
        (false, more) => format!(" It is used by {} and {more} more.", users.join(", ")),
    };
    let (why, hint) = match subject.state {
        State::Deprecated => (
            "A DEPRECATED table is what can be restored, and stays as it was.",
            format!(
                "Unregister it first: SELECT * FROM spyne_unregister({}, 'reason'); An administrator may also let it through: SET LOCAL spyne.allow_breaking_ddl = on;",
                table.as_argument()
            ),
        ),
        _ => (
            "What is ACTIVE changes only in ways that leave its readers and writers alone.",
            format!(
                "Make a shadow, change that, and promote it: SELECT * FROM spyne_create_shadow({0}); ... SELECT * FROM spyne_promote({1}, accept_breaking => true); An administrator may also let it through: SET LOCAL spyne.allow_breaking_ddl = on;",
                literal(&subject.name),
                Address::new(STAGING, &subject.name).as_argument(),
            ),
        ),
    };
    let denial = Denial::told(
        Rule::DriftBreaking,
        format!(
            "cannot break {} table {table}: {}",
            subject.state.as_str(),
            joined(found, breaking)
        ),
        format!("{why}{uses}"),
        hint,
    );
    denial.about(subject.relation)
}

/// Drops the governed view before ALTER TABLE drops a column or changes its type.
/// Postgres would refuse that because of the view, which spyne can make again.
pub fn set_view_aside(relid: RelId) {
    let governed = cache::governed_itself(relid);
    if !governed || !users::has_rights_of(users::current(), catalogs::owner_of(relid)) {
        return;
    }
    elevated(|e| -> Result<()> {
        let Some(row) = tables::find(e, relid)? else {
            return Ok(());
        };
        if row.state == State::Shadow || !drift::is_behind_view(e, relid, &row.name)? {
            return Ok(());
        }
        let Some(view) = facts::view(e, &row.name)? else {
            return Ok(());
        };
        // Where other views depend on the governed view, Postgres itself raises the
        // error that names them.
        if !view.used_by.is_empty() {
            return Ok(());
        }
        query::run(e, &format!("DROP VIEW {}", Address::new("governed", &row.name).quoted()))?;
        frames::set_aside(Aside { relid, name: row.name, view }).map_err(|aside| {
            SpyneError::new(
                Code::Internal,
                format!("governed view {} cannot be taken out of the way", aside.name),
                "It would not be made again: no statement is known to run that changes its table.",
                "Promote a version with the change; this is a defect of spyne.",
            )
        })
    })
    .or_raise();
}

/// Makes the views again that [`set_view_aside`] has dropped, with the columns of the
/// shape in force. Called when the statement ends.
pub fn bring_back_views() {
    for aside in frames::take_asides() {
        elevated(|e| -> Result<()> {
            let Some(subject) = drift::subject(e, aside.relid)? else {
                return Ok(());
            };
            let Some(address) = subject.place() else {
                return Ok(());
            };
            let mut plan = Plan::default();
            let columns = subject.promised_columns();
            view::bring_back(&mut plan, &aside.name, &aside.view, &columns, &address);
            execute::within(e, &plan, users::current())
        })
        .or_raise();
    }
}

/// Notes that the running command takes something from a table, whose shape is looked
/// at when the command ends.
pub(super) fn note_touched(table: RelId) {
    if cache::governed_itself(table) {
        frames::lost(table);
    }
}
