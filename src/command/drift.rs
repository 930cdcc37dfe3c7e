//! Settling a drift report by hand.

use spyne_core::drift::report::{ReportSource, Settlement, Status};
use spyne_core::drift::subject::DriftSubject;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::role::Permission;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::op::Op;
use spyne_core::lifecycle::plan::record::Record;

use super::Command;
use super::caller::Caller;
use super::settling::{self, ViewFacts};
use crate::pg::elevate::Elevated;
use crate::store::drift::{self, KnownReport};
use crate::store::tables;

/// Settles a drift report, for a reason.
pub struct ResolveDrift {
    pub report_id: i64,
    pub settlement: Settlement,
    pub reason: String,
}

/// What settling a report is planned from.
pub struct ReportToSettle {
    pub known: KnownReport,
    table: Option<Drifted>,
}

/// The table of a report, whose live shape may become a version.
struct Drifted {
    subject: DriftSubject,
    /// Whether the changes of the table are still those of the report.
    same: bool,
    version: String,
    view: ViewFacts,
}

impl ReportToSettle {
    /// The version that the name has afterwards.
    pub fn version(&self) -> &str {
        self.table.as_ref().map_or(&self.known.version, |table| &table.version)
    }
}

impl ResolveDrift {
    fn known(&self, elevated: &Elevated) -> Result<KnownReport> {
        drift::find(elevated, self.report_id)?.ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("there is no drift report {}", self.report_id),
                "Reports are numbered as spyne.drift_reports has them.",
                "List them: SELECT report_id, relation, severity, detected_at FROM spyne.drift_reports WHERE status = 'open';",
            )
        })
    }

    fn check_open(&self, known: &KnownReport) -> Result<()> {
        if known.status == Status::Open {
            return Ok(());
        }
        Err(SpyneError::new(
            Code::WrongState,
            format!("drift report {} is settled: {}", self.report_id, known.status.as_str()),
            format!(
                "By {} at {}.",
                known.resolved_by.as_deref().unwrap_or("nobody"),
                known.resolved_at.as_deref().unwrap_or("no time")
            ),
            "See what is open: SELECT * FROM spyne.drift_reports WHERE status = 'open';",
        ))
    }

    fn unfit(&self, detail: String, hint: String) -> SpyneError {
        SpyneError::new(
            Code::WrongState,
            format!("drift report {} cannot be applied", self.report_id),
            detail,
            hint,
        )
    }

    fn check_fits(&self, report: &ReportToSettle) -> Result<()> {
        let known = &report.known;
        if known.source == ReportSource::Feed {
            return Err(self.unfit(
                "It is about the schema that a feed describes; the table is what it was.".into(),
                format!(
                    "Change a shadow of {0} to fit and promote it, or dismiss the report.",
                    known.logical_name
                ),
            ));
        }
        match &report.table {
            None => Err(self.unfit(
                format!(
                    "Version {} of {} has no table any more.",
                    known.version, known.logical_name
                ),
                "Dismiss it, and unregister the table.".into(),
            )),
            Some(table) if !table.same => {
                let at = table.subject.address();
                Err(self.unfit(
                    format!("{} has changed since.", at.shown()),
                    format!("Look again: SELECT * FROM spyne_detect_drift({});", at.as_argument()),
                ))
            }
            Some(_) => Ok(()),
        }
    }
}

impl Command for ResolveDrift {
    type Facts = ReportToSettle;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Promote, "settle drift")
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        drift::lock(elevated, self.report_id)?;
        let known = self.known(elevated)?;
        if self.settlement == Settlement::Apply && known.source == ReportSource::Table {
            tables::lock_versions(elevated, &known.logical_name)?;
        }
        Ok(Vec::new())
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<ReportToSettle> {
        let known = self.known(elevated)?;
        self.check_open(&known)?;
        let applies = self.settlement == Settlement::Apply && known.source == ReportSource::Table;
        let subject = match known.relation.filter(|_| applies) {
            Some(relation) => drift::subject(elevated, relation)?.filter(DriftSubject::exists),
            None => None,
        };
        let Some(subject) = subject else {
            return Ok(ReportToSettle { known, table: None });
        };
        let found = drift::changes(elevated, &subject)?;
        let table = Drifted {
            same: drift::finding(elevated, &found)? == known.finding,
            version: settling::next_version(elevated, &subject, known.severity)?,
            view: ViewFacts::read(elevated, &subject)?,
            subject,
        };
        Ok(ReportToSettle { known, table: Some(table) })
    }

    fn plan(&self, report: &ReportToSettle) -> Result<Plan> {
        let mut plan = Plan::because(Some(&self.reason));
        if self.settlement == Settlement::Apply {
            self.check_fits(report)?;
            if let Some(table) = &report.table {
                let (subject, version) = (&table.subject, &table.version);
                plan = settling::applying(subject, version, &table.view, &self.reason);
                if let Some(blocker) = plan.blockers.first() {
                    return Err(settling::in_the_way(&subject.address(), blocker));
                }
            }
        }
        let version = report.table.as_ref().map(|table| table.version.clone());
        let (report_id, status) = (self.report_id, self.settlement.status());
        let record = Record::SettleReport { report_id, status, version };
        let object = format!("drift report {report_id}");
        plan.step(object, status.as_str(), Op::Record(record));
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        "resolve_drift"
    }

    fn subject(&self, report: &ReportToSettle) -> RelationName {
        match &report.table {
            Some(table) => table.subject.address().into(),
            None => Address::new("spyne", "drift_reports").into(),
        }
    }
}
