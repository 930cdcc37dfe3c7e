//! Shapes in force, and reports of drift from them.

use serde::Deserialize;
use spyne_core::drift::report::{ReportSource, Status};
use spyne_core::drift::subject::{Consumers, DriftSubject, FoundChange, severity};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::Address;
use spyne_core::kernel::state::State;
use spyne_core::shape::SchemaChange;
use spyne_core::shape::rules::{ChangeType, Severity};
use spyne_core::shape::snapshot::Snapshot;

use super::query::{Json, Query, Statement, Text};
use crate::pg::elevate::Elevated;
use crate::pg::users;

static SUBJECT: Query<(RelId,), DriftSubject> =
    Query::read(include_str!("../../sql/queries/drift_subject.sql"));

/// A governed table with its shapes; None where it is not governed.
pub fn subject(elevated: &Elevated, relid: RelId) -> Result<Option<DriftSubject>> {
    SUBJECT.maybe(elevated, (relid,))
}

#[derive(Deserialize)]
struct Consumer {
    attnum: i32,
    consumer: serde_json::Value,
}

static CONSUMERS: Query<(RelId,), Consumer> = Query::read(
    "SELECT c.attnum::int4 AS attnum, c.consumer FROM spyne.column_consumers($1) c
     ORDER BY c.attnum, c.consumer ->> 'kind', c.consumer ->> 'name'",
);

/// What uses the columns of a table.
pub fn consumers(elevated: &Elevated, relid: RelId) -> Result<Consumers> {
    let mut all = Consumers::new();
    for one in CONSUMERS.all(elevated, (relid,))? {
        all.entry(one.attnum).or_default().push(one.consumer);
    }
    Ok(all)
}

/// The changes of a table since its shape was taken, and what uses the changed columns.
pub fn changes(elevated: &Elevated, subject: &DriftSubject) -> Result<Vec<FoundChange>> {
    let used_by = match subject.differs() {
        true => consumers(elevated, subject.relation)?,
        false => Consumers::new(),
    };
    Ok(subject.changes(&used_by))
}

/// The relations among these that are governed and have the shape in force.
pub fn without_drift(elevated: &Elevated, relations: &[RelId]) -> Result<Vec<RelId>> {
    let mut found = Vec::new();
    for relid in relations {
        if let Some(subject) = subject(elevated, *relid)?
            && subject.changes(&Consumers::new()).is_empty()
        {
            found.push(*relid);
        }
    }
    Ok(found)
}

/// A report that was stored.
#[derive(Clone, Debug, Deserialize)]
pub struct ReportKept {
    pub report_id: i64,
    /// Whether the report is a new one, and was not stored before.
    pub is_new: bool,
}

/// What a report is about.
pub struct About<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// The table, for people.
    pub shown: &'a str,
    pub source: ReportSource,
    /// Whether the report is about a shadow.
    pub staging: bool,
}

type StoreArguments =
    (String, String, String, String, String, Json<Vec<SchemaChange>>, String, bool);

static STORE: Query<StoreArguments, ReportKept> =
    Query::write(include_str!("../../sql/queries/store_drift_report.sql"));
static STORE_CHANGES: Query<(i64, Json<Vec<FoundChange>>), ()> =
    Query::write(include_str!("../../sql/queries/store_drift_changes.sql"));

/// Stores a finding once. It supersedes the table's open report of another finding; a
/// superseded or reverted report of the same finding is open again.
pub fn store(
    elevated: &Elevated,
    about: &About,
    found: &[FoundChange],
    acting: RoleId,
) -> Result<ReportKept> {
    let changes: Vec<SchemaChange> = found.iter().map(|f| f.change.clone()).collect();
    let severity = severity(found).unwrap_or(Severity::Compatible).as_str();
    let source = about.source.as_str();
    let by = users::name(acting);
    let (name, version, shown, staging) = (about.name, about.version, about.shown, about.staging);
    let given = (name, version, shown, source, severity, &changes, by.as_str(), staging);
    let report = STORE.maybe(elevated, given)?.ok_or_else(|| {
        SpyneError::new(
            Code::Internal,
            "spyne could not store a drift report",
            "Its row was changed by other hands.",
            "Run it again.",
        )
    })?;
    if report.is_new {
        STORE_CHANGES.run(elevated, (report.report_id, &found.to_vec()))?;
    }
    Ok(report)
}

static REVERT: Query<(String, String, String), ()> =
    Query::write(include_str!("../../sql/queries/revert_drift_report.sql"));

/// Ends the open report of a table that has its shape in force again.
pub fn revert(elevated: &Elevated, name: &str, version: &str, acting: RoleId) -> Result<()> {
    REVERT.run(elevated, (name, version, &users::name(acting)))
}

static RESOLVE: Query<(i64, String, String, Option<String>, Option<String>), ()> = Query::write(
    "UPDATE spyne.drift_reports r SET status = $2, resolved_at = clock_timestamp(), resolved_by = $3,
         reason = $4, new_version = $5 WHERE r.report_id = $1",
);

/// Settles a report.
pub fn resolve(
    elevated: &Elevated,
    report_id: i64,
    status: Status,
    new_version: Option<&str>,
    reason: Option<&str>,
    acting: RoleId,
) -> Result<()> {
    let by = users::name(acting);
    RESOLVE.run(elevated, (report_id, status.as_str(), &by, reason, new_version))
}

/// A report, as it is needed to settle it.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownReport {
    pub logical_name: String,
    pub version: String,
    pub source: ReportSource,
    pub status: Status,
    pub severity: Severity,
    pub finding: String,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<String>,
    /// The table that has the version now; None where none has it any more.
    pub relation: Option<RelId>,
}

static LOCK: Query<(i64,), ()> =
    Query::write("SELECT FROM spyne.drift_reports r WHERE r.report_id = $1 FOR UPDATE");
static FIND: Query<(i64,), KnownReport> =
    Query::read(include_str!("../../sql/queries/drift_report.sql"));

/// Locks a report until the transaction ends.
pub fn lock(elevated: &Elevated, report_id: i64) -> Result<()> {
    LOCK.run(elevated, (report_id,))
}

/// A report by its number; None where there is none.
pub fn find(elevated: &Elevated, report_id: i64) -> Result<Option<KnownReport>> {
    FIND.maybe(elevated, (report_id,))
}

static MOVED: Query<(), RelId> = Query::read(include_str!("../../sql/queries/moved_tables.sql"));

/// The governed tables that were renamed, moved or dropped.
pub fn moved(elevated: &Elevated) -> Result<Vec<RelId>> {
    MOVED.all(elevated, ())
}

static FINDING: Query<(Json<Vec<SchemaChange>>,), String> =
    Query::read("SELECT md5($1::text) AS finding");

/// The digest by which a report tells one finding from another.
pub fn finding(elevated: &Elevated, found: &[FoundChange]) -> Result<String> {
    let changes: Vec<SchemaChange> = found.iter().map(|f| f.change.clone()).collect();
    FINDING.one(elevated, (&changes,))
}

/// A change that is on record.
#[derive(Debug, PartialEq, Deserialize)]
pub struct OnRecord {
    change_type: ChangeType,
    column_name: Option<String>,
    old_name: Option<String>,
    new_name: Option<String>,
    old_type: Option<String>,
    new_type: Option<String>,
}

impl OnRecord {
    /// Whether the recorded change is this one.
    pub fn is(&self, change: &SchemaChange) -> bool {
        self.change_type == change.change_type
            && self.column_name == change.column
            && self.old_name == change.old_name
            && self.new_name == change.new_name
            && self.old_type == change.old_type
            && self.new_type == change.new_type
    }
}

static ON_RECORD: Query<(Text, Text), OnRecord> =
    Query::read(include_str!("../../sql/queries/drift_on_record.sql"));

/// The recorded changes of a table: those of reports that are open, or were dismissed
/// and still hold.
pub fn on_record(elevated: &Elevated, name: &str, version: &str) -> Result<Vec<OnRecord>> {
    ON_RECORD.all(elevated, (name, version))
}

static BEHIND_VIEW: Query<(RelId, String), bool> =
    Query::read(include_str!("../../sql/queries/is_behind_view.sql"));

/// Whether `governed.<name>` reads this table.
pub fn is_behind_view(elevated: &Elevated, relid: RelId, name: &str) -> Result<bool> {
    BEHIND_VIEW.one(elevated, (relid, name))
}

/// A stored shape.
#[derive(Clone, Debug, Deserialize)]
pub struct VersionShape {
    pub shape: Snapshot,
    pub origin: Option<String>,
    /// The state of the table that has the shape now; None where none has it.
    pub state: Option<State>,
}

static SHAPE: Query<(Text, Text), VersionShape> = Query::read(
    "SELECT v.schema_snapshot AS shape, v.origin, t.state
     FROM spyne.table_versions v LEFT JOIN spyne.tables t USING (logical_name, version)
     WHERE v.logical_name = $1 AND v.version = $2",
);

/// The shape of a version; None where there is no such version.
pub fn shape(elevated: &Elevated, name: &str, version: &str) -> Result<Option<VersionShape>> {
    SHAPE.maybe(elevated, (name, version))
}

static NAMES: Query<(), String> =
    Query::read("SELECT DISTINCT logical_name FROM spyne.table_versions ORDER BY logical_name");
static VERSIONS: Query<(String,), String> = Query::read(
    "SELECT version FROM spyne.table_versions WHERE logical_name = $1 ORDER BY created_at",
);

/// The names that have shapes.
pub fn names(elevated: &Elevated) -> Result<Vec<String>> {
    NAMES.all(elevated, ())
}

/// The versions of a name that have shapes, oldest first.
pub fn versions(elevated: &Elevated, name: &str) -> Result<Vec<String>> {
    VERSIONS.all(elevated, (name,))
}

static ADDRESS_OF: Query<(Text, Text), Address> =
    Query::read(include_str!("../../sql/queries/address_of_name.sql"));

/// The address of the table of a name that applications use: the one of this version,
/// else the ACTIVE one, else the READ_ONLY one.
pub fn address_of(elevated: &Elevated, name: &str, version: &str) -> Result<Option<Address>> {
    ADDRESS_OF.maybe(elevated, (name, version))
}

static TARGET_OF_FEED: Query<(String,), RelId> =
    Query::read(include_str!("../../sql/queries/target_of_feed.sql"));

/// The table that a feed for a name is compared with: the ACTIVE version, else the
/// READ_ONLY one, else the newest.
pub fn target_of_feed(elevated: &Elevated, name: &str) -> Result<Option<RelId>> {
    TARGET_OF_FEED.maybe(elevated, (name,))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[
    &SUBJECT,
    &CONSUMERS,
    &STORE,
    &STORE_CHANGES,
    &REVERT,
    &RESOLVE,
    &LOCK,
    &FIND,
    &MOVED,
    &FINDING,
    &ON_RECORD,
    &BEHIND_VIEW,
    &SHAPE,
    &NAMES,
    &VERSIONS,
    &ADDRESS_OF,
    &TARGET_OF_FEED,
];
