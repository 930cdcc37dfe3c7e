//! Previews, their runs and their corrections.

use serde::Deserialize;
use serde_json::Value;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::names::Address;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::record::{Run, RunStatus, Scanned};

use super::query::{Json, Query, Statement};
use crate::pg::elevate::Elevated;
use crate::pg::users;

/// What storing a preview tells.
#[derive(Debug, Deserialize)]
pub struct PreviewKept {
    pub preview_id: String,
    /// As text, with a time zone.
    pub expires_at: String,
}

static INSERT: Query<(Json<Preview>, f64), PreviewKept> =
    Query::write(include_str!("../../sql/queries/store_preview.sql"));
static CLEAR: Query<(f64,), ()> =
    Query::write(include_str!("../../sql/queries/clear_previews.sql"));

/// Stores a preview that is good for `ttl` seconds.
pub fn insert(elevated: &Elevated, preview: &Preview, ttl: i32) -> Result<PreviewKept> {
    INSERT.one(elevated, (preview, f64::from(ttl)))
}

/// Clears a few old previews: of those that expired longer than `retention` seconds
/// ago and were never run.
pub fn clear(elevated: &Elevated, retention: i32) -> Result<()> {
    CLEAR.run(elevated, (f64::from(retention),))
}

static HELD: Query<(f64,), PreviewKept> = Query::read(
    "SELECT gen_random_uuid() AS preview_id, (clock_timestamp() + make_interval(secs => $1))::text AS expires_at",
);

/// An id and an end for a preview that is not stored.
pub fn held(elevated: &Elevated, ttl: i32) -> Result<PreviewKept> {
    HELD.one(elevated, (f64::from(ttl),))
}

/// What is known of earlier previews when another is made.
#[derive(Debug, Deserialize)]
pub struct Past {
    /// Milliseconds for each unit of the planner's cost: the median of the last
    /// hundred runs here. None under ten.
    pub ms_per_cost: Option<f64>,
    /// Whether there are previews to clear.
    pub is_cluttered: bool,
}

static PAST: Query<(f64,), Past> = Query::read(include_str!("../../sql/queries/past_previews.sql"));

/// What is known of earlier previews. One is cluttered by what expired longer than
/// `retention` seconds ago.
pub fn past(elevated: &Elevated, retention: i32) -> Result<Past> {
    PAST.one(elevated, (f64::from(retention),))
}

/// A stored preview, and whether it still authorises.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredPreview {
    pub preview: Preview,
    pub expired: bool,
    pub used: bool,
    /// Seconds.
    pub expires_in: f64,
    pub expires_at: String,
}

impl StoredPreview {
    pub fn authorises(&self) -> bool {
        let used_up = self.used && self.preview.writes;
        !(self.expired || used_up || self.preview.requires_confirmation)
    }
}

/// The head of a statement that finds previews, `p` being one.
macro_rules! found {
    ($rest:literal) => {
        concat!(include_str!("../../sql/queries/found_preview.sql"), $rest)
    };
}

static FIND: Query<(RoleId, String), StoredPreview> = Query::read(found!(
    "WHERE p.user_oid = $1 AND md5(p.sql) = md5($2) AND p.sql = $2
     ORDER BY p.expires_at > clock_timestamp() AND NOT p.requires_confirmation
              AND (p.used_at IS NULL OR NOT p.writes) DESC, p.created_at DESC LIMIT 1"
));
static BY_ID: Query<(String, RoleId, bool), StoredPreview> =
    Query::read(found!("WHERE p.preview_id = $1::uuid AND (p.user_oid = $2 OR $3)"));

/// The preview of a text by a user: the best there is. One that authorises, else
/// the newest.
pub fn find(elevated: &Elevated, user: RoleId, text: &str) -> Result<Option<StoredPreview>> {
    FIND.maybe(elevated, (user, text))
}

/// A preview by its id; None where there is none of this user's (or, for an admin,
/// of anybody's).
pub fn by_id(
    elevated: &Elevated,
    id: &str,
    user: RoleId,
    admin: bool,
) -> Result<Option<StoredPreview>> {
    BY_ID.maybe(elevated, (id, user, admin))
}

static TAKE: Query<(String,), bool> = Query::write(
    "UPDATE spyne.query_previews SET used_at = clock_timestamp()
     WHERE preview_id = $1::uuid AND used_at IS NULL RETURNING true",
);

/// Takes the one run of a write: true for whoever is first. Waits for a session
/// that has taken it and not yet committed.
pub fn take(elevated: &Elevated, id: &str) -> Result<bool> {
    Ok(TAKE.maybe(elevated, (id,))?.unwrap_or_default())
}

/// A run of a previewed statement.
#[derive(Debug)]
pub struct Execution {
    pub preview_id: String,
    pub user_oid: RoleId,
    pub user_name: String,
    pub execution_time_ms: f64,
    pub result_count: u64,
    pub status: RunStatus,
    pub scanned: Vec<Scanned>,
}

/// The columns of a run, but for the time at which it started.
type Columns = (String, RoleId, String, f64, i64, String, Json<Vec<Scanned>>);

// Every name in it is qualified: it runs without a pinned search_path, after every run.
static RECORD: Query<Columns, ()> = Query::write(include_str!("../../sql/queries/record_run.sql"));
static RECORD_WITH_JOINS: Query<Columns, ()> =
    Query::write(include_str!("../../sql/queries/record_run_with_joins.sql"));

/// Records a run that has used no joins. Works also within `elevated_unpinned`.
pub fn record_plain(elevated: &Elevated, execution: &Execution) -> Result<()> {
    record_by(&RECORD, elevated, execution)
}

/// Records a run, and the joins that it used.
pub fn record(elevated: &Elevated, execution: &Execution) -> Result<()> {
    record_by(&RECORD_WITH_JOINS, elevated, execution)
}

fn record_by(query: &Query<Columns, ()>, elevated: &Elevated, execution: &Execution) -> Result<()> {
    let columns = (
        execution.preview_id.as_str(),
        execution.user_oid,
        execution.user_name.as_str(),
        execution.execution_time_ms,
        i64::try_from(execution.result_count).unwrap_or(i64::MAX),
        execution.status.as_str(),
        &execution.scanned,
    );
    query.run(elevated, columns)
}

static RUN: Query<(i64, RoleId, bool), Run> =
    Query::read(include_str!("../../sql/queries/run_with_preview.sql"));

/// A run by its id; None where there is none of this user's (or, for an admin, of
/// anybody's).
pub fn run(elevated: &Elevated, id: i64, user: RoleId, admin: bool) -> Result<Option<Run>> {
    RUN.maybe(elevated, (id, user, admin))
}

static CORRECTED: Query<(String, String, Json<Value>, Vec<String>, RoleId, String), ()> =
    Query::write(
        "INSERT INTO spyne.query_corrections (corrected, new_preview_id, corrections, applied, user_oid, user_name)
         VALUES ($1::uuid, $2::uuid, CASE jsonb_typeof($3) WHEN 'array' THEN $3 ELSE jsonb_build_array($3) END, $4, $5, $6)",
    );

/// Stores what was corrected.
pub fn corrected(
    elevated: &Elevated,
    old: &str,
    new: &str,
    corrections: &Value,
    applied: &[String],
    user: RoleId,
) -> Result<()> {
    CORRECTED.run(elevated, (old, new, corrections, applied, user, &users::name(user)))
}

static LOGICAL: Query<(String, Option<String>, bool), Address> =
    Query::read(include_str!("../../sql/queries/table_of_name.sql"));

/// The version of a logical name, or without one its table in use. Staging only for
/// those who may see it.
pub fn logical(
    elevated: &Elevated,
    name: &str,
    version: Option<&str>,
    staging: bool,
) -> Result<Option<Address>> {
    LOGICAL.maybe(elevated, (name, version, staging))
}

static VERSION_OF: Query<(String, String, bool), Address> =
    Query::read(include_str!("../../sql/queries/table_of_version.sql"));

/// The table of a version, for a name as a statement writes it: the logical name, or
/// the name of any of its tables, with or without the schema.
pub fn version_of(
    elevated: &Elevated,
    name: &str,
    version: &str,
    staging: bool,
) -> Result<Option<Address>> {
    VERSION_OF.maybe(elevated, (name, version, staging))
}

static NAMES: Query<(RoleId,), String> =
    Query::read(include_str!("../../sql/queries/names_for_user.sql"));

/// Names of tables and views, and logical names, that `user` may know of.
pub fn names(elevated: &Elevated, user: RoleId) -> Result<Vec<String>> {
    NAMES.all(elevated, (user,))
}

/// Whether a text is a uuid as Postgres writes it.
pub fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[
    &INSERT,
    &CLEAR,
    &HELD,
    &PAST,
    &FIND,
    &BY_ID,
    &TAKE,
    &RECORD,
    &RECORD_WITH_JOINS,
    &RUN,
    &CORRECTED,
    &LOGICAL,
    &VERSION_OF,
    &NAMES,
];
