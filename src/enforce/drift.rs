//! Drift in the act: what a DDL statement does to the shape of a governed table
//! is settled before the statement ends.

use super::refuse;
use crate::core::drift::decision::{Circumstances, Decision, decide};
use crate::core::drift::rules::Severity;
use crate::core::error::{Code, Result, SpyneError};
use crate::core::names::literal;
use crate::core::plan::facts::GovernedView;
use crate::core::plan::{Plan, view};
use crate::core::role::Role;
use crate::core::state::State;
use crate::guc;
use crate::pg::local::Local;
use crate::pg::{cache, catalogs, elevate, runs, users};
use crate::report::{self, OrRaise};
use crate::store::drift::{self, About, Found, Report, Source, Subject};
use crate::store::{facts, roles, steps, tables};

/// What came of looking at a table.
pub struct Settled {
    pub subject: Subject,
    pub found: Vec<Found>,
    pub report: Option<Report>,
    /// The version that has the new shape, where it was applied.
    pub version: Option<String>,
    /// Whether any of it was not known before.
    pub news: bool,
}

/// After a DDL statement: settles what it has done to these tables.
pub fn after_ddl(relations: &[u32]) {
    bring_back_views();
    for relid in relations {
        if !cache::governed_itself(*relid) {
            continue;
        }
        let acting = users::current();
        if let Some(settled) = settle(*relid, acting, true).or_raise() {
            tell(&settled);
        }
    }
}

/// Looks at a table and does what its drift calls for; None where it is not
/// governed. `in_the_act` while the statement runs that changes it.
///
/// # Errors
/// 55000 for what is refused; 2BP01 where a view stands in the way.
pub fn settle(relid: u32, acting: u32, in_the_act: bool) -> Result<Option<Settled>> {
    elevate::run(guc::lock_timeout_ms(), || settle_elevated(relid, acting, in_the_act))
}

fn settle_elevated(relid: u32, acting: u32, in_the_act: bool) -> Result<Option<Settled>> {
    let Some((subject, found)) = look(relid)? else {
        return Ok(None);
    };
    let unsettled =
        |subject, found| Settled { subject, found, report: None, version: None, news: false };
    if catalogs::read_only_here() {
        return Ok(Some(unsettled(subject, found)));
    }
    if found.is_empty() {
        if !drift::open_reports(&subject.name, &subject.version)?.is_empty() {
            drift::revert(&subject.name, &subject.version, acting)?;
        }
        drift::note_unchanged(relid)?;
        return Ok(Some(unsettled(subject, found)));
    }
    // Others may be settling the same: one after the other.
    tables::lock_versions(&subject.name)?;
    let Some((subject, found)) = look(relid)? else {
        return Ok(None);
    };
    let Some(severity) = drift::severity(&found) else {
        return Ok(Some(unsettled(subject, found)));
    };
    let known = drift::open_details(&subject.name, &subject.version)?;
    let is_news = |found: &Found| !known.contains(&found.change.detail);
    let news = found.iter().any(is_news);
    let newly_breaking = found.iter().any(|f| f.change.is_breaking() && is_news(f));
    let allowed = guc::allow_breaking_ddl() && roles::role_of(acting) == Role::Admin;
    let decision = decide(Circumstances {
        state: subject.state,
        severity,
        in_the_act,
        newly_breaking,
        allowed,
    });
    match decision {
        Decision::Refuse => {
            refuse(refusal(&subject, &found));
            // Let through, in permissive mode.
            record(subject, found, acting)
        }
        Decision::Follow => {
            tables::snapshot(relid, &subject.name, &subject.version, acting)?;
            drift::note_unchanged(relid)?;
            Ok(unsettled(subject, found))
        }
        Decision::Record => record(subject, found, acting),
        Decision::Apply | Decision::ApplyAllowed => {
            let plan = drift::view_plan(&subject)?;
            if !subject.exists() || !plan.blockers.is_empty() && decision == Decision::Apply {
                return record(subject, found, acting).map(|s| Some(Settled { news, ..s }));
            }
            if let Some(blocker) = plan.blockers.first() {
                return Err(in_the_way(&subject.label(), &blocker.object, &blocker.detail));
            }
            apply(subject, found, severity, &plan, acting)
        }
    }
    .map(|settled| Some(Settled { news, ..settled }))
}

fn look(relid: u32) -> Result<Option<(Subject, Vec<Found>)>> {
    let Some(subject) = drift::subject(relid)? else {
        return Ok(None);
    };
    let found = drift::changes(&subject)?;
    Ok(Some((subject, found)))
}

fn about(subject: &Subject) -> (String, String, String) {
    (subject.name.clone(), subject.version.clone(), subject.label())
}

fn record(subject: Subject, found: Vec<Found>, acting: u32) -> Result<Settled> {
    let (name, version, label) = about(&subject);
    let about = About { name: &name, version: &version, label: &label, source: Source::Table };
    let report = drift::store(&about, &found, acting)?;
    Ok(Settled { subject, found, report: Some(report), version: None, news: true })
}

/// Takes the live shape as a new version.
fn apply(
    subject: Subject,
    found: Vec<Found>,
    severity: Severity,
    plan: &Plan,
    acting: u32,
) -> Result<Settled> {
    let settled = record(subject, found, acting)?;
    let (subject, found) = (settled.subject, settled.found);
    let version = drift::next_version(&subject, severity)?.to_string();
    let reason = format!(
        "drift, {}: {}",
        severity.as_str(),
        found.iter().map(|f| f.change.detail.as_str()).collect::<Vec<_>>().join("; ")
    );
    take_shape(&subject, &version, plan, acting, &reason)?;
    if let Some(report) = &settled.report {
        drift::resolve(report.report_id, "applied", Some(&version), Some(&reason), acting)?;
    }
    Ok(Settled { subject, found, report: settled.report, version: Some(version), news: true })
}

/// Makes the live shape that of `version`, with the governed view to fit. To be
/// called while elevated.
pub fn take_shape(
    subject: &Subject,
    version: &str,
    plan: &Plan,
    acting: u32,
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

/// Tells whoever runs the statement what has come of it.
fn tell(settled: &Settled) {
    // What is known need not be said with every other change.
    let Some(report) = settled.report.as_ref().filter(|_| settled.news) else {
        return;
    };
    let label = settled.subject.label();
    let changes = joined(&settled.found, |_| true);
    let id = report.report_id;
    let severity = drift::severity(&settled.found).unwrap_or(Severity::Compatible);
    match &settled.version {
        Some(version) => report::notice(&format!("{label} is {version} now: {changes}")),
        None => report::warn(SpyneError::new(
            Code::WrongState,
            format!("{label} has drifted: {} ({})", severity.as_str(), changes),
            format!("Drift report {id} is open."),
            format!(
                "As an administrator: SELECT * FROM spyne_resolve_drift({id}, 'apply', 'reason'); or 'dismiss'."
            ),
        )),
    }
}

fn joined(found: &[Found], wanted: impl Fn(&Found) -> bool) -> String {
    let all: Vec<&str> =
        found.iter().filter(|f| wanted(f)).map(|f| f.change.detail.as_str()).collect();
    all.join("; ")
}

/// The refusal of breaking DDL, with the way that works.
fn refusal(subject: &Subject, found: &[Found]) -> SpyneError {
    let label = subject.label();
    let breaking = |f: &Found| f.change.is_breaking();
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
    let (rule, hint) = match subject.state {
        State::Deprecated => (
            "A DEPRECATED table is what can be restored, and stays as it was.",
            format!(
                "Unregister it first: SELECT * FROM spyne_unregister({}, 'reason'); An administrator may also let it through: SET LOCAL spyne.allow_breaking_ddl = on;",
                literal(&label)
            ),
        ),
        _ => (
            "What is ACTIVE changes only in ways that leave its readers and writers alone.",
            format!(
                "Make a shadow, change that, and promote it: SELECT * FROM spyne_create_shadow({0}); ... SELECT * FROM spyne_promote({1}, accept_breaking => true); An administrator may also let it through: SET LOCAL spyne.allow_breaking_ddl = on;",
                literal(&subject.name),
                literal(&format!("spyne_shadow.{}", subject.name)),
            ),
        ),
    };
    SpyneError::new(
        Code::WrongState,
        format!(
            "cannot break {} table {label}: {}",
            subject.state.as_str(),
            joined(found, breaking)
        ),
        format!("{rule}{uses} [drift.breaking]"),
        hint,
    )
}

/// A governed view that was taken out of the way of a change of its table.
struct Aside {
    relid: u32,
    name: String,
    view: GovernedView,
    /// In which subtransaction.
    within: u32,
}

static ASIDE: Local<Vec<Aside>> = Local::new(Vec::new());

/// Before ALTER TABLE drops a column or gives it another type: Postgres would
/// refuse that for the sake of the governed view, which is spyne's to make again.
pub fn set_view_aside(relid: u32) {
    let governed = cache::governed_itself(relid);
    if !governed || !users::has_rights_of(users::current(), catalogs::owner_of(relid)) {
        return;
    }
    elevate::run(guc::lock_timeout_ms(), || -> Result<()> {
        let Some(row) = tables::find(relid)? else {
            return Ok(());
        };
        if row.state == State::Shadow || !drift::is_behind_view(relid, &row.name)? {
            return Ok(());
        }
        let Some(view) = facts::view(&row.name)? else {
            return Ok(());
        };
        // Postgres says what stands on it.
        if !view.used_by.is_empty() {
            return Ok(());
        }
        steps::drop_view(&row.name)?;
        let within = runs::subtransaction();
        ASIDE.with(|all| all.push(Aside { relid, name: row.name, view, within }));
        Ok(())
    })
    .or_raise();
}

/// Whether any view is out of the way.
pub fn holds_views() -> bool {
    ASIDE.with(|all| !all.is_empty())
}

/// Makes the views again.
pub fn bring_back_views() {
    for aside in ASIDE.with(std::mem::take) {
        elevate::run(guc::lock_timeout_ms(), || -> Result<()> {
            let table = facts::table(aside.relid)?;
            let address = (table.schema.clone(), table.name.clone());
            let mut plan = Plan::default();
            view::bring_back(&mut plan, &aside.name, &aside.view, &table.shape.columns, &address);
            steps::execute(&plan, users::current(), None)
        })
        .or_raise();
    }
}

/// A transaction or subtransaction is undone, and with it what was set aside.
pub fn undone() {
    let here = runs::subtransaction();
    ASIDE.with(|all| all.retain(|aside| aside.within < here));
}
