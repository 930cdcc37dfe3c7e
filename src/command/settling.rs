//! Settling drift: a table is compared with its shape in force, and what
//! `core::drift::decision` says is done.

use spyne_core::drift::decision::{Circumstances, Decision, decide};
use spyne_core::drift::report::{Source, Status};
use spyne_core::drift::subject::{Found, Subject, severity};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::Address;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::facts::GovernedView;
use spyne_core::lifecycle::plan::op::Op;
use spyne_core::lifecycle::plan::record::Record;
use spyne_core::lifecycle::plan::{Note, Plan, view};
use spyne_core::shape::rules::{ChangeType, Severity};

use super::execute;
use crate::pg::catalogs;
use crate::pg::elevate::{Elevated, elevated};
use crate::store::drift::{self, About, Report};
use crate::store::{facts, joins, shapes, tables};

/// The statement that changes a table, while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// An administrator has allowed it to break something.
    pub allowed: bool,
    /// It has given the rows other values.
    pub rewritten: bool,
}

/// What came of looking at a table.
pub struct Settled {
    pub subject: Subject,
    pub found: Vec<Found>,
    pub report: Option<Report>,
    /// The version that has the new shape, where it was applied.
    pub version: Option<String>,
    /// Whether any of it was not known before.
    pub news: bool,
    /// Nothing was done: the statement that does it is to be refused.
    pub refused: bool,
}

impl Settled {
    fn of(subject: Subject, found: Vec<Found>) -> Settled {
        Settled { subject, found, report: None, version: None, news: false, refused: false }
    }
}

/// Looks at a table, and changes nothing; None where it is not governed.
///
/// # Errors
/// XX000.
pub fn look_only(relid: RelId) -> Result<Option<Settled>> {
    let looked = elevated(|e| look(e, relid, false))?;
    Ok(looked.map(|(subject, found)| Settled::of(subject, found)))
}

/// Looks at a table and does what its drift calls for; None where it is not
/// governed. `act` while the statement runs that changes it.
///
/// # Errors
/// 2BP01 where a view stands in the way.
pub fn settle(relid: RelId, acting: RoleId, act: Option<Act>) -> Result<Option<Settled>> {
    let rewritten = act.is_some_and(|act| act.rewritten);
    elevated(|e| {
        let Some((subject, found)) = look(e, relid, rewritten)? else {
            return Ok(None);
        };
        if catalogs::read_only_here() {
            return Ok(Some(Settled::of(subject, found)));
        }
        if found.is_empty() {
            drift::revert(e, &subject.name, &subject.version, acting)?;
            shapes::note_unchanged(e, relid)?;
            return Ok(Some(Settled::of(subject, found)));
        }
        // Others may be settling the same: one after the other.
        tables::lock_versions(e, &subject.name)?;
        match look(e, relid, rewritten)? {
            Some((subject, found)) => decided(e, subject, found, acting, act).map(Some),
            None => Ok(None),
        }
    })
}

fn look(
    elevated: &Elevated,
    relid: RelId,
    rewritten: bool,
) -> Result<Option<(Subject, Vec<Found>)>> {
    let Some(mut subject) = drift::subject(elevated, relid)? else {
        return Ok(None);
    };
    subject.rewritten |= rewritten;
    let found = drift::changes(elevated, &subject)?;
    Ok(Some((subject, found)))
}

/// Does what is decided about what was found.
fn decided(
    elevated: &Elevated,
    subject: Subject,
    found: Vec<Found>,
    acting: RoleId,
    act: Option<Act>,
) -> Result<Settled> {
    let Some(severity) = severity(&found) else {
        return Ok(Settled::of(subject, found));
    };
    let known = drift::on_record(elevated, &subject.name, &subject.version)?;
    let is_news = |found: &Found| !known.iter().any(|one| one.is(&found.change));
    let news = found.iter().any(is_news);
    let decision = decide(Circumstances {
        state: subject.state,
        severity,
        in_the_act: act.is_some(),
        newly_breaking: found.iter().any(|f| f.change.is_breaking() && is_news(f)),
        elsewhere: found.iter().any(|f| {
            f.change.change_type == ChangeType::Source && f.change.is_breaking() && is_news(f)
        }),
        allowed: act.is_some_and(|act| act.allowed),
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

fn reason(severity: Severity, found: &[Found]) -> String {
    let details: Vec<&str> = found.iter().map(|f| f.change.detail.as_str()).collect();
    format!("drift, {}: {}", severity.as_str(), details.join("; "))
}

/// Puts on record what was not refused after all.
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
        source: Source::Table,
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
pub fn next_version(elevated: &Elevated, subject: &Subject, severity: Severity) -> Result<String> {
    let ever = tables::versions_ever(elevated, &subject.name)?;
    Ok(subject.next_version(severity, &ever).to_string())
}

/// What is known of the governed view of a table whose shape is to be taken.
pub struct ViewFacts {
    /// The view, where it reads the table.
    existing: Option<Option<GovernedView>>,
}

impl ViewFacts {
    /// Reads it.
    pub fn read(elevated: &Elevated, subject: &Subject) -> Result<ViewFacts> {
        let reads = subject.place().is_some()
            && drift::is_behind_view(elevated, subject.relation, &subject.name)?;
        let existing = match reads {
            true => Some(facts::view(elevated, &subject.name)?),
            false => None,
        };
        Ok(ViewFacts { existing })
    }
}

/// Plans that the live shape becomes that of `version`, with the governed view
/// to fit.
pub fn applying(subject: &Subject, version: &str, view: &ViewFacts, reason: &str) -> Plan {
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

/// The error where views on the governed view keep it from changing.
pub fn in_the_way(at: &Address, blocker: &Note) -> SpyneError {
    let (object, detail) = (&blocker.object, &blocker.detail);
    SpyneError::new(
        Code::DependentObjects,
        format!("the governed view of {} cannot follow: {object} stands in the way", at.shown()),
        format!("{object} is a {detail}."),
        "Drop it, and create it again afterwards.",
    )
}
