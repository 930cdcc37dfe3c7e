//! Settles drift: compares a table with its shape in force, and does what
//! `core::drift::decision` says.

use spyne_core::drift::decision::{Circumstances, Decision, decide};
use spyne_core::drift::report::{ReportSource, Status};
use spyne_core::drift::subject::{DriftSubject, FoundChange, severity};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::Address;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::facts::GovernedView;
use spyne_core::lifecycle::plan::op::Op;
use spyne_core::lifecycle::plan::record::Record;
use spyne_core::lifecycle::plan::{Note, Plan, view};
use spyne_core::shape::rules::Severity;

use super::execute;
use crate::pg::elevate::{Elevated, elevated};
use crate::pg::transaction;
use crate::store::drift::{self, About, ReportKept};
use crate::store::{facts, joins, shapes, tables};

/// A table that was compared with its shape in force, and what was done about the
/// changes.
pub struct Settled {
    pub subject: DriftSubject,
    pub found: Vec<FoundChange>,
    pub report: Option<ReportKept>,
    /// The version that has the new shape, where the changes were applied.
    pub version: Option<String>,
    /// Whether some change was not on record before.
    pub news: bool,
    /// Whether the statement that makes the changes is to be refused; then nothing was
    /// done about them.
    pub refused: bool,
}

impl Settled {
    fn of(subject: DriftSubject, found: Vec<FoundChange>) -> Settled {
        Settled { subject, found, report: None, version: None, news: false, refused: false }
    }
}

/// Compares a table with its shape in force, and changes nothing; None where the table
/// is not governed.
///
/// # Errors
/// XX000.
pub fn look_only(relid: RelId) -> Result<Option<Settled>> {
    let looked = elevated(|e| look(e, relid))?;
    Ok(looked.map(|(subject, found)| Settled::of(subject, found)))
}

/// Compares a table with its shape in force and settles the changes; None where the
/// table is not governed. `in_the_act` is set while the statement runs that makes the
/// changes: it says whether an administrator has allowed breaking changes.
///
/// # Errors
/// 2BP01 where a view stands in the way.
pub fn settle(relid: RelId, acting: RoleId, in_the_act: Option<bool>) -> Result<Option<Settled>> {
    elevated(|e| {
        let Some((subject, found)) = look(e, relid)? else {
            return Ok(None);
        };
        if transaction::read_only_here() {
            return Ok(Some(Settled::of(subject, found)));
        }
        if found.is_empty() {
            drift::revert(e, &subject.name, &subject.version, acting)?;
            shapes::note_unchanged(e, relid)?;
            return Ok(Some(Settled::of(subject, found)));
        }
        // Others may be settling the drift of the same table: only one at a time goes
        // on.
        tables::lock_versions(e, &subject.name)?;
        match look(e, relid)? {
            Some((subject, found)) => decided(e, subject, found, acting, in_the_act).map(Some),
            None => Ok(None),
        }
    })
}

fn look(elevated: &Elevated, relid: RelId) -> Result<Option<(DriftSubject, Vec<FoundChange>)>> {
    let Some(subject) = drift::subject(elevated, relid)? else {
        return Ok(None);
    };
    let found = drift::changes(elevated, &subject)?;
    Ok(Some((subject, found)))
}

/// Decides about the changes that were found, and does what was decided.
fn decided(
    elevated: &Elevated,
    subject: DriftSubject,
    found: Vec<FoundChange>,
    acting: RoleId,
    in_the_act: Option<bool>,
) -> Result<Settled> {
    let Some(severity) = severity(&found) else {
        return Ok(Settled::of(subject, found));
    };
    let known = drift::on_record(elevated, &subject.name, &subject.version)?;
    let is_news = |found: &FoundChange| !known.iter().any(|one| one.is(&found.change));
    let news = found.iter().any(is_news);
    let decision = decide(Circumstances {
        state: subject.state,
        severity,
        in_the_act: in_the_act.is_some(),
        newly_breaking: found.iter().any(|f| f.change.is_breaking() && is_news(f)),
        allowed: in_the_act == Some(true),
    });
    let settled = match decision {
        Decision::Refuse => Settled { refused: true, ..Settled::of(subject, found) },
        Decision::Follow => {
            let relation = subject.relation;
            shapes::store(elevated, relation, &subject.name, &subject.version, acting)?;
            Settled::of(subject, found)
        }
        Decision::Record => store(elevated, Settled::of(subject, found), acting)?,
        Decision::Apply | Decision::ApplyAllowed => {
            let view = ViewFacts::read(elevated, &subject)?;
            let version = next_version(elevated, &subject, severity)?;
            let plan = applying(&subject, &version, &view, &reason(severity, &found));
            match plan.blockers.first() {
                Some(blocker) if decision == Decision::ApplyAllowed => {
                    return Err(in_the_way(&subject.address(), blocker));
                }
                None if subject.exists() => {
                    let settled = store(elevated, Settled::of(subject, found), acting)?;
                    apply(elevated, settled, version, &plan, acting)?
                }
                _ => store(elevated, Settled::of(subject, found), acting)?,
            }
        }
    };
    Ok(Settled { news, ..settled })
}

fn reason(severity: Severity, found: &[FoundChange]) -> String {
    let details: Vec<&str> = found.iter().map(|f| f.change.detail.as_str()).collect();
    format!("drift, {}: {}", severity.as_str(), details.join("; "))
}

/// Records changes that permissive mode has not refused after all.
///
/// # Errors
/// XX000.
pub fn record(settled: Settled, acting: RoleId) -> Result<Settled> {
    elevated(|e| store(e, settled, acting))
}

fn store(elevated: &Elevated, settled: Settled, acting: RoleId) -> Result<Settled> {
    let subject = &settled.subject;
    let about = About {
        name: &subject.name,
        version: &subject.version,
        shown: &subject.address().shown(),
        source: ReportSource::Table,
        staging: false,
    };
    let report = drift::store(elevated, &about, &settled.found, acting)?;
    for found in &settled.found {
        if let Some(column) = &found.change.column {
            joins::suspect(elevated, &subject.name, column, &found.change.detail)?;
        }
    }
    Ok(Settled { report: Some(report), news: true, refused: false, ..settled })
}

/// Takes the live shape as a new version.
fn apply(
    elevated: &Elevated,
    settled: Settled,
    version: String,
    plan: &Plan,
    acting: RoleId,
) -> Result<Settled> {
    execute::within(elevated, plan, acting)?;
    if let Some(report) = &settled.report {
        let (status, reason) = (Status::Applied, plan.reason.as_deref());
        drift::resolve(elevated, report.report_id, status, Some(&version), reason, acting)?;
    }
    Ok(Settled { version: Some(version), ..settled })
}

/// The version of a table after changes of this severity.
pub fn next_version(
    elevated: &Elevated,
    subject: &DriftSubject,
    severity: Severity,
) -> Result<String> {
    let ever = tables::versions_ever(elevated, &subject.name)?;
    Ok(subject.next_version(severity, &ever).to_string())
}

/// The governed view of a table whose live shape is to become a version.
pub struct ViewFacts {
    /// The governed view, where it reads the table.
    existing: Option<Option<GovernedView>>,
}

impl ViewFacts {
    /// Reads the governed view of a table.
    pub fn read(elevated: &Elevated, subject: &DriftSubject) -> Result<ViewFacts> {
        let reads = subject.place().is_some()
            && drift::is_behind_view(elevated, subject.relation, &subject.name)?;
        let existing = match reads {
            true => Some(facts::view(elevated, &subject.name)?),
            false => None,
        };
        Ok(ViewFacts { existing })
    }
}

/// The plan by which the live shape becomes that of `version`, with the governed view
/// to fit.
pub fn applying(subject: &DriftSubject, version: &str, view: &ViewFacts, reason: &str) -> Plan {
    let mut plan = Plan::because(Some(reason));
    if let (Some(existing), Some(at)) = (&view.existing, subject.place()) {
        let columns = subject.live().columns;
        view::replace(&mut plan, &subject.name, existing.as_ref(), &columns, &at);
    }
    let home = subject.place().filter(|_| subject.state != State::Deprecated);
    let record = Record::TakeShape {
        relation: subject.relation,
        state: subject.state,
        name: subject.name.clone(),
        version: version.to_string(),
        shown: subject.address().shown(),
        home,
    };
    plan.step(subject.address().shown(), format!("becomes {version}"), Op::Record(record));
    plan
}

/// The error where other views depend on the governed view and keep it from changing.
pub fn in_the_way(at: &Address, blocker: &Note) -> SpyneError {
    let (object, detail) = (&blocker.object, &blocker.detail);
    SpyneError::new(
        Code::DependentObjects,
        format!("the governed view of {} cannot follow: {object} stands in the way", at.shown()),
        format!("{object} is a {detail}."),
        "Drop it, and create it again afterwards.",
    )
}
