//! Shapes in force, and what was found to differ from them. Everything here is
//! to be called while elevated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{facts, sql, tables};
use crate::pg::{digest, users};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::qualified;
use spyne_core::kernel::state::State;
use spyne_core::kernel::version::Version;
use spyne_core::lifecycle::plan::{Plan, view};
use spyne_core::shape::compare::{self, Relationship};
use spyne_core::shape::rules::{ChangeType, Severity};
use spyne_core::shape::snapshot::Snapshot;
use spyne_core::shape::{Change, worst};

/// A governed table: the shape in force, and the one it has.
#[derive(Debug, Deserialize)]
pub struct Subject {
    pub oid: RelId,
    pub name: String,
    pub version: String,
    pub state: State,
    home_schema: String,
    home_name: String,
    /// Where it is; None where it is no more.
    schema: Option<String>,
    table: Option<String>,
    in_force: Option<Snapshot>,
    live: Option<Snapshot>,
    origin: Option<String>,
    live_origin: String,
}

impl Subject {
    /// Its address, quoted.
    pub fn address(&self) -> String {
        match (&self.schema, &self.table) {
            (Some(schema), Some(table)) => qualified(schema, table),
            _ => qualified(&self.home_schema, &self.home_name),
        }
    }

    /// Its address, for people.
    pub fn label(&self) -> String {
        match (&self.schema, &self.table) {
            (Some(schema), Some(table)) => format!("{schema}.{table}"),
            _ => format!("{}.{}", self.home_schema, self.home_name),
        }
    }

    /// The columns that the shape in force has and the table still has: the name
    /// that they have now, and the promised one.
    pub fn promised_columns(&self) -> Vec<(String, String)> {
        let (Some(promised), Some(live)) = (&self.in_force, &self.live) else {
            return Vec::new();
        };
        compare::kept(promised, live, self.relationship())
            .into_iter()
            .map(|(was, now)| (now.name.clone(), was.name.clone()))
            .collect()
    }

    fn relationship(&self) -> Relationship {
        match self.origin.as_deref() == Some(&self.live_origin) {
            true => Relationship::SameTable,
            false => Relationship::Restored,
        }
    }

    /// Schema and name, where it is.
    pub fn place(&self) -> Option<(String, String)> {
        self.schema.clone().zip(self.table.clone())
    }

    pub fn exists(&self) -> bool {
        self.live.is_some()
    }

    /// The shape it has; none of any columns where it is no more.
    pub fn live(&self) -> Snapshot {
        self.live.clone().unwrap_or_default()
    }
}

/// A governed table with its shapes; None where it is not governed.
pub fn subject(relid: RelId) -> Result<Option<Subject>> {
    sql::read(
        "SELECT jsonb_build_object(
             'oid', t.relation::oid::int8, 'name', t.logical_name, 'version', t.version, 'state', t.state,
             'home_schema', t.home_schema, 'home_name', t.home_name, 'schema', n.nspname, 'table', c.relname,
             'in_force', v.schema_snapshot, 'origin', v.origin,
             'live', CASE WHEN c.oid IS NOT NULL THEN spyne.schema_snapshot(c.oid) END,
             'live_origin', spyne.origin_of(t.relation))
         FROM spyne.tables t
         LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = t.relation
         LEFT JOIN spyne.table_versions v ON v.logical_name = t.logical_name AND v.version = t.version
         WHERE t.relation = ($1 ->> 'oid')::oid",
        json!({ "oid": relid.to_string() }),
    )
}

/// A change, and what uses its column.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    #[serde(flatten)]
    pub change: Change,
    pub consumers: Vec<Value>,
}

#[derive(Deserialize)]
struct Consumer {
    attnum: i32,
    consumer: Value,
}

/// What uses the columns of a table, by column number; 0 stands for all.
fn consumers(relid: RelId) -> Result<BTreeMap<i32, Vec<Value>>> {
    let found: Option<Vec<Consumer>> = sql::read(
        "SELECT jsonb_agg(to_jsonb(c) ORDER BY c.attnum, c.consumer ->> 'kind', c.consumer ->> 'name')
         FROM spyne.column_consumers(($1 ->> 'oid')::oid) c",
        json!({ "oid": relid.to_string() }),
    )?;
    let mut all: BTreeMap<i32, Vec<Value>> = BTreeMap::new();
    for one in found.unwrap_or_default() {
        all.entry(one.attnum).or_default().push(one.consumer);
    }
    Ok(all)
}

/// The changes of a table since its shape was taken, and who meets them.
pub fn changes(subject: &Subject) -> Result<Vec<Found>> {
    let home = (subject.home_schema.as_str(), subject.home_name.as_str());
    let here = subject.schema.as_deref().zip(subject.table.as_deref());
    // A superseded version waits under another name.
    let moved = match subject.state {
        State::Deprecated if here.is_some() => None,
        _ => compare::table(home, here),
    };
    let mut found: Vec<Change> = moved.into_iter().collect();
    let (Some(old), Some(new)) = (&subject.in_force, &subject.live) else {
        return Ok(alone(found));
    };
    if old == new && found.is_empty() {
        return Ok(Vec::new());
    }
    let relationship = subject.relationship();
    let address = subject.address();
    if compare::compare(old, new, relationship, &|_| true, &address).is_empty() {
        return Ok(alone(found));
    }
    let users = consumers(subject.oid)?;
    let number = |name: &str| {
        let shape = if relationship == Relationship::SameTable { old } else { new };
        shape.columns.iter().find(|c| c.name == name).and_then(|c| c.attnum)
    };
    let of_column = |name: &str| -> Vec<Value> {
        let own = number(name).and_then(|n| users.get(&n)).into_iter().flatten();
        own.chain(users.get(&0).into_iter().flatten()).cloned().collect()
    };
    let used = |name: &str| !of_column(name).is_empty();
    found.extend(compare::compare(old, new, relationship, &used, &address));
    Ok(found
        .into_iter()
        .map(|change| {
            let consumers = match (&change.column, change.change_type) {
                // Nobody uses yet what is new.
                (Some(_), ChangeType::Add) | (None, _) => Vec::new(),
                (Some(column), _) => of_column(column),
            };
            Found { change, consumers }
        })
        .collect())
}

fn alone(changes: Vec<Change>) -> Vec<Found> {
    changes.into_iter().map(|change| Found { change, consumers: Vec::new() }).collect()
}

/// The worst severity among changes.
pub fn severity(found: &[Found]) -> Option<Severity> {
    let changes: Vec<Change> = found.iter().map(|f| f.change.clone()).collect();
    worst(&changes)
}

/// A stored report.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    pub report_id: i64,
    /// Whether it was stored just now.
    #[serde(default)]
    pub is_new: bool,
}

/// Where a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Table,
    Feed,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Source::Table => "table",
            Source::Feed => "feed",
        }
    }
}

/// What a report is about.
pub struct About<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub label: &'a str,
    pub source: Source,
    /// It is about a shadow.
    pub staging: bool,
}

/// Stores a finding, once. The table's open report about something else is
/// superseded by it; a report of the same that was superseded or reverted is
/// open again.
pub fn store(about: &About, found: &[Found], acting: RoleId) -> Result<Report> {
    let changes: Vec<&Change> = found.iter().map(|f| &f.change).collect();
    let severity = severity(found).unwrap_or(Severity::Compatible);
    let report: Option<Report> = sql::read_write(
        "WITH a AS (SELECT $1 AS a, md5(($1 -> 'changes')::text) AS finding),
         ended AS (
             UPDATE spyne.drift_reports r
             SET standing = false,
                 status = CASE r.status WHEN 'open' THEN 'superseded' ELSE r.status END,
                 resolved_at = CASE r.status WHEN 'open' THEN clock_timestamp() ELSE r.resolved_at END,
                 resolved_by = CASE r.status WHEN 'open' THEN a.a ->> 'by' ELSE r.resolved_by END
             FROM a WHERE r.logical_name = a.a ->> 'name' AND r.version = a.a ->> 'version' AND r.source = a.a ->> 'source'
               AND r.source = 'table' AND r.standing AND r.status IN ('open', 'dismissed') AND r.finding <> a.finding
             RETURNING r.report_id),
         made AS (
             INSERT INTO spyne.drift_reports (logical_name, version, relation, source, severity, finding, status, detected_by, staging)
             SELECT a.a ->> 'name', a.a ->> 'version', a.a ->> 'label', a.a ->> 'source', a.a ->> 'severity', a.finding, 'open', a.a ->> 'by', (a.a ->> 'staging')::bool
             FROM a WHERE (SELECT count(*) FROM ended) >= 0
             ON CONFLICT (logical_name, version, source, finding) DO UPDATE
             SET standing = true,
                 status = CASE WHEN drift_reports.status IN ('superseded', 'reverted') THEN 'open' ELSE drift_reports.status END,
                 resolved_at = CASE WHEN drift_reports.status IN ('superseded', 'reverted') THEN NULL ELSE drift_reports.resolved_at END,
                 resolved_by = CASE WHEN drift_reports.status IN ('superseded', 'reverted') THEN NULL ELSE drift_reports.resolved_by END
             RETURNING report_id, xmax = 0 AS is_new)
         SELECT to_jsonb(made) FROM made",
        json!({
            "name": about.name, "version": about.version, "label": about.label,
            "source": about.source.as_str(), "severity": severity.as_str(), "changes": changes,
            "by": users::name(acting), "staging": about.staging,
        }),
    )?;
    let report = report.ok_or_else(|| lost("store"))?;
    if report.is_new {
        sql::write(
            "INSERT INTO spyne.drift_changes
                 (report_id, seq, change_type, \"column\", old_name, new_name, old_type, new_type, severity, detail, consumers, remedy)
             SELECT ($1 ->> 'report')::int8, x.seq, c ->> 'change_type', c ->> 'column', c ->> 'old_name', c ->> 'new_name',
                    c ->> 'old_type', c ->> 'new_type', c ->> 'severity', c ->> 'detail', c -> 'consumers', c ->> 'remedy'
             FROM jsonb_array_elements($1 -> 'found') WITH ORDINALITY x(c, seq)",
            json!({ "report": report.report_id, "found": found }),
        )?;
    }
    Ok(report)
}

fn lost(action: &str) -> SpyneError {
    SpyneError::new(
        Code::Internal,
        format!("spyne could not {action} a drift report"),
        "Its row was changed by other hands.",
        "Run it again.",
    )
}

/// Takes note that a table is again what it was: ends its open report.
pub fn revert(name: &str, version: &str, acting: RoleId) -> Result<()> {
    sql::write(
        "UPDATE spyne.drift_reports r
         SET standing = false,
             status = CASE r.status WHEN 'open' THEN 'reverted' ELSE r.status END,
             resolved_at = CASE r.status WHEN 'open' THEN clock_timestamp() ELSE r.resolved_at END,
             resolved_by = CASE r.status WHEN 'open' THEN $1 ->> 'by' ELSE r.resolved_by END
         WHERE r.logical_name = $1 ->> 'name' AND r.version = $1 ->> 'version' AND r.source = 'table'
           AND r.standing AND r.status IN ('open', 'dismissed')",
        json!({ "name": name, "version": version, "by": users::name(acting) }),
    )
}

/// Settles a report.
pub fn resolve(
    report_id: i64,
    status: &str,
    new_version: Option<&str>,
    reason: Option<&str>,
    acting: RoleId,
) -> Result<()> {
    sql::write(
        "UPDATE spyne.drift_reports r
         SET status = $1 ->> 'status', resolved_at = clock_timestamp(), resolved_by = $1 ->> 'by',
             reason = $1 ->> 'reason', new_version = $1 ->> 'version'
         WHERE r.report_id = ($1 ->> 'report')::int8",
        json!({
            "report": report_id, "status": status, "version": new_version, "reason": reason,
            "by": users::name(acting),
        }),
    )
}

/// A report, as resolving it needs to know it.
#[derive(Debug, Deserialize)]
pub struct Known {
    pub logical_name: String,
    pub version: String,
    pub source: String,
    pub status: String,
    pub severity: Severity,
    pub finding: String,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<String>,
    /// The table that has the version; None where none has it any more.
    pub relation: Option<RelId>,
}

const KNOWN: &str = "SELECT to_jsonb(r) || jsonb_build_object(
        'resolved_at', to_char(r.resolved_at, 'YYYY-MM-DD HH24:MI'),
        'relation', (SELECT t.relation::oid::int8 FROM spyne.tables t WHERE t.logical_name = r.logical_name AND t.version = r.version))
    FROM spyne.drift_reports r";

/// A report, locked until the transaction ends; None where there is none.
pub fn lock(report_id: i64) -> Result<Option<Known>> {
    sql::read_write(
        &format!("{KNOWN} WHERE r.report_id = ($1 ->> 'report')::int8 FOR UPDATE OF r"),
        json!({ "report": report_id }),
    )
}

/// As [`lock`], without the lock.
pub fn find(report_id: i64) -> Result<Option<Known>> {
    sql::read(
        &format!("{KNOWN} WHERE r.report_id = ($1 ->> 'report')::int8"),
        json!({ "report": report_id }),
    )
}

/// The governed tables that are not where they should be, or not at all.
pub fn moved() -> Result<Vec<RelId>> {
    let found: Option<Vec<RelId>> = sql::read(
        "SELECT jsonb_agg(t.relation::oid::int8) FROM spyne.tables t
         LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = t.relation
         WHERE $1 IS NOT NULL AND (c.oid IS NULL
               OR (t.state <> 'DEPRECATED' AND (n.nspname, c.relname) IS DISTINCT FROM (t.home_schema::name, t.home_name::name)))",
        json!({}),
    )?;
    Ok(found.unwrap_or_default())
}

/// Changes of a table's shape that are only described, with what uses the
/// columns.
pub fn with_consumers(relid: RelId, shape: &Snapshot, found: Vec<Found>) -> Result<Vec<Found>> {
    if found.is_empty() {
        return Ok(found);
    }
    let users = consumers(relid)?;
    let number = |name: &str| shape.columns.iter().find(|c| c.name == name).and_then(|c| c.attnum);
    Ok(found
        .into_iter()
        .map(|f| {
            let column =
                f.change.column.as_deref().filter(|_| f.change.change_type != ChangeType::Add);
            let own = column.and_then(number).and_then(|n| users.get(&n));
            let whole = column.and_then(|_| users.get(&0));
            let consumers = own.into_iter().chain(whole).flatten().cloned().collect();
            Found { consumers, ..f }
        })
        .collect())
}

/// The digest that a finding has in its report.
pub fn finding(found: &[Found]) -> Result<String> {
    let changes: Vec<&Change> = found.iter().map(|f| &f.change).collect();
    let digest: Option<String> =
        sql::read("SELECT to_jsonb(md5(($1 -> 'changes')::text))", json!({ "changes": changes }))?;
    Ok(digest.unwrap_or_default())
}

/// A change that is on record.
#[derive(Debug, PartialEq, Deserialize)]
pub struct OnRecord {
    change_type: ChangeType,
    column: Option<String>,
    old_name: Option<String>,
    new_name: Option<String>,
    old_type: Option<String>,
    new_type: Option<String>,
}

impl OnRecord {
    /// Whether it is this very change.
    pub fn is(&self, change: &Change) -> bool {
        self.change_type == change.change_type
            && self.column == change.column
            && self.old_name == change.old_name
            && self.new_name == change.new_name
            && self.old_type == change.old_type
            && self.new_type == change.new_type
    }
}

/// The changes that a table is known to have: of reports that are open or
/// dismissed, and stand.
pub fn on_record(name: &str, version: &str) -> Result<Vec<OnRecord>> {
    let found: Option<Vec<OnRecord>> = sql::read(
        "SELECT jsonb_agg(to_jsonb(c)) FROM spyne.drift_reports r JOIN spyne.drift_changes c USING (report_id)
         WHERE r.logical_name = $1 ->> 'name' AND r.version = $1 ->> 'version' AND r.source = 'table'
           AND r.standing AND r.status IN ('open', 'dismissed')",
        json!({ "name": name, "version": version }),
    )?;
    Ok(found.unwrap_or_default())
}

/// Whether `governed.<name>` reads this table.
pub fn is_behind_view(relid: RelId, name: &str) -> Result<bool> {
    let found: Option<bool> = sql::read(
        "SELECT to_jsonb(EXISTS (
             SELECT FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid
             JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
             WHERE c.relnamespace = 'governed'::regnamespace AND c.relname = $1 ->> 'name' AND c.relowner = 'spyne_views'::regrole
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ($1 ->> 'oid')::oid))",
        json!({ "oid": relid.to_string(), "name": name }),
    )?;
    Ok(found.unwrap_or(false))
}

/// The next version of a table after changes of this severity.
pub fn next_version(subject: &Subject, severity: Severity) -> Result<Version> {
    let ever = tables::versions_ever(&subject.name)?;
    let taken: Vec<Version> = ever.iter().filter_map(|v| Version::parse(v)).collect();
    let own = Version::parse(&subject.version).unwrap_or(Version::FIRST);
    Ok(match severity {
        Severity::Breaking => own.next_major(&taken),
        _ => own.next_minor(&taken),
    })
}

/// What taking the live shape as the new version does to the governed view.
pub fn view_plan(subject: &Subject) -> Result<Plan> {
    let mut plan = Plan::default();
    let (Some(schema), Some(table)) = (&subject.schema, &subject.table) else {
        return Ok(plan);
    };
    if is_behind_view(subject.oid, &subject.name)? {
        let existing = facts::view(&subject.name)?;
        let address = (schema.clone(), table.clone());
        view::replace(
            &mut plan,
            &subject.name,
            existing.as_ref(),
            &subject.live().columns,
            &address,
        );
    }
    Ok(plan)
}

/// Takes the live shape as the new version: its row, snapshot and history.
pub fn apply(subject: &Subject, version: &str, acting: RoleId, reason: &str) -> Result<()> {
    sql::write(
        "UPDATE spyne.tables t SET version = a ->> 'version', updated_at = now(),
             home_schema = coalesce(a ->> 'schema', t.home_schema), home_name = coalesce(a ->> 'table', t.home_name)
         FROM (SELECT $1) x(a) WHERE t.relation = (a ->> 'oid')::oid",
        json!({
            "oid": subject.oid.to_string(), "version": version,
            "schema": subject.schema.as_ref().filter(|_| subject.state != State::Deprecated),
            "table": subject.table.as_ref().filter(|_| subject.state != State::Deprecated),
        }),
    )?;
    tables::snapshot(subject.oid, &subject.name, version, acting)?;
    let state = Some(subject.state);
    tables::history(&subject.name, version, &subject.label(), state, state, acting, Some(reason))
}

/// Those of these relations that are governed and have the shape in force.
pub fn without_drift(relations: &[RelId]) -> Result<Vec<RelId>> {
    let mut found = Vec::new();
    for relid in relations {
        if let Some(subject) = subject(*relid)?
            && changes(&subject)?.is_empty()
        {
            found.push(*relid);
        }
    }
    Ok(found)
}

/// Takes the live shape as that of the present version: what spyne's own work
/// has changed is no drift.
pub fn refresh(relid: RelId, acting: RoleId) -> Result<()> {
    match tables::find(relid)? {
        Some(row) => tables::snapshot(relid, &row.name, &row.version, acting),
        None => Ok(()),
    }
}

/// Keeps in mind that a table's shape is the one in force.
pub fn note_unchanged(relid: RelId) -> Result<()> {
    let Some(now) = digest::of(&[relid]).get(&relid).copied() else {
        return Ok(());
    };
    sql::write(
        "INSERT INTO spyne.snapshot_digests (relation, digest)
         SELECT ($1 ->> 'oid')::oid, ($1 ->> 'digest')::int8
         ON CONFLICT (relation) DO UPDATE SET digest = excluded.digest WHERE snapshot_digests.digest <> excluded.digest",
        json!({ "oid": relid.to_string(), "digest": (now as i64).to_string() }),
    )
}

/// A stored shape.
#[derive(Debug, Deserialize)]
pub struct Stored {
    pub shape: Snapshot,
    pub origin: Option<String>,
    /// Of the table that has it now; None where none has.
    pub state: Option<State>,
}

/// The shape of a version; None where there is no such version.
pub fn shape(name: &str, version: &str) -> Result<Option<Stored>> {
    sql::read(
        "SELECT jsonb_build_object('shape', v.schema_snapshot, 'origin', v.origin,
             'state', (SELECT t.state FROM spyne.tables t WHERE t.logical_name = v.logical_name AND t.version = v.version))
         FROM spyne.table_versions v
         WHERE v.logical_name = $1 ->> 'name' AND v.version = $1 ->> 'version'",
        json!({ "name": name, "version": version }),
    )
}

/// The names that have shapes, and the versions of one of them.
pub fn known_versions(name: &str) -> Result<(Vec<String>, Vec<String>)> {
    let found: Option<(Vec<String>, Vec<String>)> = sql::read(
        "SELECT jsonb_build_array(
             coalesce((SELECT jsonb_agg(DISTINCT logical_name) FROM spyne.table_versions), '[]'),
             coalesce((SELECT jsonb_agg(version ORDER BY created_at) FROM spyne.table_versions WHERE logical_name = $1 ->> 'name'), '[]'))",
        json!({ "name": name }),
    )?;
    Ok(found.unwrap_or_default())
}

/// Where the table of a name is that applications use: of this version, else
/// ACTIVE, else READ_ONLY. Schema and name.
pub fn address_of(name: &str, version: &str) -> Result<Option<(String, String)>> {
    sql::read(
        "SELECT jsonb_build_array(n.nspname, c.relname)
         FROM spyne.tables t JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE t.logical_name = $1 ->> 'name'
         ORDER BY t.version = $1 ->> 'version' DESC, t.state = 'ACTIVE' DESC, t.state = 'READ_ONLY' DESC LIMIT 1",
        json!({ "name": name, "version": version }),
    )
}

/// The version that a feed for a name is compared with: ACTIVE, else READ_ONLY,
/// else the newest. Its OID.
pub fn target_of_feed(name: &str) -> Result<Option<RelId>> {
    sql::read(
        "SELECT to_jsonb(t.relation::oid::int8) FROM spyne.tables t WHERE t.logical_name = $1 ->> 'name'
         ORDER BY t.state = 'ACTIVE' DESC, t.state = 'READ_ONLY' DESC, t.state = 'SHADOW' DESC, t.created_at DESC LIMIT 1",
        json!({ "name": name }),
    )
}
