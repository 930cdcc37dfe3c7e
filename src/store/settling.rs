//! Settling drift: a table is compared with its shape in force, and what
//! `core::drift::decision` says is done.

use super::drift::{self, About, Found, Report, Source, Subject};
use super::{joins, steps, tables};
use crate::guc;
use crate::pg::{catalogs, elevate};
use spyne_core::drift::decision::{Circumstances, Decision, decide};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::lifecycle::plan::Plan;
use spyne_core::shape::rules::Severity;

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
    let looked = elevate::run(guc::lock_timeout_ms(), || look(relid))?;
    Ok(looked.map(|(subject, found)| Settled::of(subject, found)))
}

/// Looks at a table and does what its drift calls for; None where it is not
/// governed. `in_the_act` while the statement runs that changes it: whether an
/// administrator has allowed it to break something.
///
/// # Errors
/// 2BP01 where a view stands in the way.
pub fn settle(relid: RelId, acting: RoleId, in_the_act: Option<bool>) -> Result<Option<Settled>> {
    elevate::run(guc::lock_timeout_ms(), || settle_elevated(relid, acting, in_the_act))
}

fn settle_elevated(
    relid: RelId,
    acting: RoleId,
    in_the_act: Option<bool>,
) -> Result<Option<Settled>> {
    let Some((subject, found)) = look(relid)? else {
        return Ok(None);
    };
    if catalogs::read_only_here() {
        return Ok(Some(Settled::of(subject, found)));
    }
    if found.is_empty() {
        drift::revert(&subject.name, &subject.version, acting)?;
        drift::note_unchanged(relid)?;
        return Ok(Some(Settled::of(subject, found)));
    }
    // Others may be settling the same: one after the other.
    tables::lock_versions(&subject.name)?;
    let Some((subject, found)) = look(relid)? else {
        return Ok(None);
    };
    let Some(severity) = drift::severity(&found) else {
        return Ok(Some(Settled::of(subject, found)));
    };
    let known = drift::on_record(&subject.name, &subject.version)?;
    let is_news = |found: &Found| !known.iter().any(|one| one.is(&found.change));
    let news = found.iter().any(is_news);
    let newly_breaking = found.iter().any(|f| f.change.is_breaking() && is_news(f));
    let decision = decide(Circumstances {
        state: subject.state,
        severity,
        in_the_act: in_the_act.is_some(),
        newly_breaking,
        allowed: in_the_act == Some(true),
    });
    match decision {
        Decision::Refuse => Ok(Settled { refused: true, ..Settled::of(subject, found) }),
        Decision::Follow => {
            tables::snapshot(relid, &subject.name, &subject.version, acting)?;
            drift::note_unchanged(relid)?;
            Ok(Settled::of(subject, found))
        }
        Decision::Record => store(Settled::of(subject, found), acting),
        Decision::Apply | Decision::ApplyAllowed => {
            let plan = drift::view_plan(&subject)?;
            if !subject.exists() || !plan.blockers.is_empty() && decision == Decision::Apply {
                let stored = store(Settled::of(subject, found), acting)?;
                return Ok(Some(Settled { news, ..stored }));
            }
            if let Some(blocker) = plan.blockers.first() {
                return Err(in_the_way(&subject.label(), &blocker.object, &blocker.detail));
            }
            apply(subject, found, severity, &plan, acting)
        }
    }
    .map(|settled| Some(Settled { news, ..settled }))
}

fn look(relid: RelId) -> Result<Option<(Subject, Vec<Found>)>> {
    let Some(subject) = drift::subject(relid)? else {
        return Ok(None);
    };
    let found = drift::changes(&subject)?;
    Ok(Some((subject, found)))
}

/// Puts on record what was not refused after all.
///
/// # Errors
/// XX000.
pub fn record(settled: Settled, acting: RoleId) -> Result<Settled> {
    elevate::run(guc::lock_timeout_ms(), || store(settled, acting))
}

fn store(settled: Settled, acting: RoleId) -> Result<Settled> {
    let subject = &settled.subject;
    let label = subject.label();
    let about = About {
        name: &subject.name,
        version: &subject.version,
        label: &label,
        source: Source::Table,
        staging: false,
    };
    let report = drift::store(&about, &settled.found, acting)?;
    for found in &settled.found {
        if let Some(column) = &found.change.column {
            joins::suspect(&subject.name, column, &found.change.detail)?;
        }
    }
    Ok(Settled { report: Some(report), news: true, refused: false, ..settled })
}

/// Takes the live shape as a new version.
fn apply(
    subject: Subject,
    found: Vec<Found>,
    severity: Severity,
    plan: &Plan,
    acting: RoleId,
) -> Result<Settled> {
    let settled = store(Settled::of(subject, found), acting)?;
    let (subject, found) = (&settled.subject, &settled.found);
    let version = drift::next_version(subject, severity)?.to_string();
    let reason = format!(
        "drift, {}: {}",
        severity.as_str(),
        found.iter().map(|f| f.change.detail.as_str()).collect::<Vec<_>>().join("; ")
    );
    take_shape(subject, &version, plan, acting, &reason)?;
    if let Some(report) = &settled.report {
        drift::resolve(report.report_id, "applied", Some(&version), Some(&reason), acting)?;
    }
    Ok(Settled { version: Some(version), ..settled })
}

/// Makes the live shape that of `version`, with the governed view to fit. To be
/// called while elevated.
pub fn take_shape(
    subject: &Subject,
    version: &str,
    plan: &Plan,
    acting: RoleId,
    reason: &str,
) -> Result<()> {
    steps::execute(plan, acting, Some(reason))?;
    drift::apply(subject, version, acting, reason)?;
    drift::note_unchanged(subject.oid)
}

/// The error where views on the governed view keep it from changing.
pub fn in_the_way(label: &str, object: &str, detail: &str) -> SpyneError {
    SpyneError::new(
        Code::DependentObjects,
        format!("the governed view of {label} cannot follow: {object} stands in the way"),
        format!("{object} is a {detail}."),
        "Drop it, and create it again afterwards.",
    )
}
