//! Rows of `spyne.tables`, of its history and of the versions.

use serde::Deserialize;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::{Address, RelationName, literal};
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::registration;

use super::query::{Oid, Query, Rights, Statement};
use super::shapes;
use crate::pg::elevate::Elevated;
use crate::pg::{catalogs, users};

/// A relation, as registration needs to know it.
#[derive(Clone, Debug, Deserialize)]
pub struct RegistrationCandidate {
    pub oid: RelId,
    pub schema: String,
    pub name: String,
    /// pg_class.relkind.
    pub kind: String,
    pub owner: RoleId,
    pub temporary: bool,
    pub is_partition: bool,
    /// The table that the relation is a partition of, for people.
    pub parent: Option<String>,
    pub is_system: bool,
    /// The extension that the relation belongs to.
    pub extension: Option<String>,
    /// The state of the relation, where it is governed already.
    pub state: Option<State>,
    pub governed_as: Option<String>,
}

impl RegistrationCandidate {
    /// The address of the relation.
    pub fn address(&self) -> Address {
        Address::new(&self.schema, &self.name)
    }
}

/// The head of a statement that describes relations, `c` being pg_class.
macro_rules! candidates {
    ($rest:literal) => {
        concat!(include_str!("../../sql/queries/registration_candidates.sql"), $rest)
    };
}

static CANDIDATE: Query<(RelId,), RegistrationCandidate> =
    Query::read(candidates!("WHERE c.oid = $1"));
static CANDIDATES_IN: Query<(Oid,), RegistrationCandidate> = Query::read(candidates!(
    "WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p', 'f', 'm') ORDER BY c.relname"
));

/// Describes a relation.
///
/// # Errors
/// 42P01 where there is no such relation.
pub fn candidate(elevated: &Elevated, relid: RelId) -> Result<RegistrationCandidate> {
    CANDIDATE.maybe(elevated, (relid,))?.ok_or_else(|| {
        SpyneError::new(
            Code::UndefinedTable,
            format!("there is no relation with OID {relid}"),
            "It was dropped, or never existed.",
            "List the tables with \\dt, or: SELECT * FROM spyne.tables;",
        )
    })
}

/// The relations of a schema that could be governed, by name.
pub fn candidates_in(elevated: &Elevated, schema: u32) -> Result<Vec<RegistrationCandidate>> {
    CANDIDATES_IN.all(elevated, (schema,))
}

/// One governed version.
#[derive(Clone, Debug, Deserialize)]
pub struct TableRow {
    pub relation: RelId,
    pub state: State,
    pub name: String,
    pub version: String,
    pub owner: RoleId,
    home_schema: String,
    home_name: String,
    pub deprecated_minutes_ago: Option<f64>,
    /// Whether another version has taken this one's place.
    pub superseded: bool,
}

impl TableRow {
    /// The address that the version has while applications use it.
    pub fn home(&self) -> Address {
        Address::new(&self.home_schema, &self.home_name)
    }
}

/// The head of a statement that reads versions, `t` being spyne.tables.
macro_rules! versions {
    ($rest:literal) => {
        concat!(include_str!("../../sql/queries/versions.sql"), $rest)
    };
}

static FIND: Query<(RelId,), TableRow> = Query::read(versions!("WHERE t.relation = $1"));
static VERSIONS: Query<(String,), TableRow> = Query::read(versions!(
    "WHERE t.logical_name = $1 ORDER BY coalesce(t.deprecated_at, t.created_at), t.version"
));
static LOCK_VERSIONS: Query<(String,), ()> = Query::write(
    "SELECT FROM spyne.tables t WHERE t.logical_name = $1 ORDER BY t.relation::oid FOR UPDATE",
);

/// The row of a relation; None where it is not governed.
pub fn find(rights: &impl Rights, relid: RelId) -> Result<Option<TableRow>> {
    FIND.maybe(rights, (relid,))
}

/// As [`find`].
///
/// # Errors
/// 55000 where the relation is not governed.
pub fn governed(rights: &impl Rights, relid: RelId) -> Result<TableRow> {
    find(rights, relid)?.ok_or_else(|| {
        let table = catalogs::relation_name(relid);
        SpyneError::new(
            Code::WrongState,
            format!("table {table} is not governed"),
            "It has no state, so there is nothing to change or to show.",
            match &table {
                RelationName::At(at) => format!(
                    "Take it under governance: SELECT * FROM spyne_register({});",
                    at.as_argument()
                ),
                RelationName::Gone(_) => {
                    "List the governed tables: SELECT * FROM spyne.tables;".to_string()
                }
            },
        )
    })
}

/// Locks every version of a name against other changes of state until the transaction
/// ends, in a fixed order, and returns the versions.
pub fn lock_versions(elevated: &Elevated, name: &str) -> Result<Vec<TableRow>> {
    LOCK_VERSIONS.run(elevated, (name,))?;
    versions(elevated, name)
}

/// Every version of a name, oldest first.
pub fn versions(elevated: &Elevated, name: &str) -> Result<Vec<TableRow>> {
    VERSIONS.all(elevated, (name,))
}

static VERSIONS_EVER: Query<(String,), String> = Query::read(
    "SELECT version FROM spyne.tables WHERE logical_name = $1
     UNION SELECT version FROM spyne.table_state_history WHERE logical_name = $1 ORDER BY version",
);

/// Versions of a name that exist or once did.
pub fn versions_ever(elevated: &Elevated, name: &str) -> Result<Vec<String>> {
    VERSIONS_EVER.all(elevated, (name,))
}

/// A new row of `spyne.tables`.
pub struct NewRow<'a> {
    pub relation: RelId,
    pub state: State,
    pub name: &'a str,
    pub version: &'a str,
    pub owner: RoleId,
    pub home: &'a Address,
}

static INSERT: Query<(RelId, String, String, String, RoleId, String, String), bool> =
    Query::write(
        "INSERT INTO spyne.tables (relation, state, logical_name, version, owner, home_schema, home_name)
         VALUES ($1::regclass, $2, $3, $4, $5::regrole, $6, $7) ON CONFLICT DO NOTHING RETURNING true",
    );

/// Takes a table under governance: writes its row, its shape and its history.
///
/// # Errors
/// 42710 where another session has registered the table, or has taken the version,
/// since the caller looked.
pub fn insert(
    elevated: &Elevated,
    row: &NewRow,
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    // The insertion waits for a session that registers the same and has not committed.
    let (schema, name) = (row.home.schema.as_str(), row.home.name.as_str());
    let state = row.state.as_str();
    let given = (row.relation, state, row.name, row.version, row.owner, schema, name);
    if INSERT.maybe(elevated, given)?.is_none() {
        return Err(lost_race(elevated, row));
    }
    shapes::store(elevated, row.relation, row.name, row.version, acting)?;
    let line = Line {
        name: row.name,
        version: row.version,
        shown: &catalogs::relation_name(row.relation).shown(),
        from: None,
        to: Some(row.state),
    };
    history(elevated, &line, acting, reason)
}

/// The error where another session was faster.
fn lost_race(elevated: &Elevated, row: &NewRow) -> SpyneError {
    let table = catalogs::relation_name(row.relation);
    match find(elevated, row.relation) {
        Ok(Some(now)) => registration::governed_already(&table, now.state, &now.name),
        _ => SpyneError::new(
            Code::DuplicateObject,
            format!("cannot register {table}: {} was changed by another session", row.name),
            format!(
                "A version of {} was registered or promoted while this waited for it.",
                row.name
            ),
            format!(
                "Look at its versions, and run it again: SELECT * FROM spyne.tables WHERE logical_name = {};",
                literal(row.name)
            ),
        ),
    }
}

/// A line of a name's history.
pub struct Line<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// The table's address at that time, for people.
    pub shown: &'a str,
    /// The state before; None where governance begins.
    pub from: Option<State>,
    /// The state afterwards; None where governance ends.
    pub to: Option<State>,
}

type HistoryArguments =
    (String, String, String, Option<String>, Option<String>, String, Option<String>);

static HISTORY: Query<HistoryArguments, ()> = Query::write(
    "INSERT INTO spyne.table_state_history
         (logical_name, version, relation, from_state, to_state, current_user_name, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);

/// Adds a line to the history.
pub fn history(
    elevated: &Elevated,
    line: &Line,
    acting: RoleId,
    reason: Option<&str>,
) -> Result<()> {
    let (from, to) = (line.from.map(State::as_str), line.to.map(State::as_str));
    let by = users::name(acting);
    HISTORY.run(elevated, (line.name, line.version, line.shown, from, to, &by, reason))
}

static DELETE: Query<(RelId,), ()> = Query::write("DELETE FROM spyne.tables WHERE relation = $1");

/// Ends governance of a relation.
pub fn delete(elevated: &Elevated, relid: RelId) -> Result<()> {
    DELETE.run(elevated, (relid,))
}

/// A change of state, as it is written into the row of a version.
pub struct NewState<'a> {
    pub relation: RelId,
    pub to: State,
    pub version: &'a str,
    pub supersedes: Option<&'a str>,
    pub superseded_by: Option<&'a str>,
    pub home: &'a Address,
    pub sunset_at: Option<&'a str>,
    pub by: &'a str,
}

type NewStateArguments =
    (RelId, String, String, Option<String>, Option<String>, String, String, Option<String>, String);

static SET_STATE: Query<NewStateArguments, ()> =
    Query::write(include_str!("../../sql/queries/set_state.sql"));

/// Writes a change of state into a version's row.
pub fn set_state(elevated: &Elevated, new: &NewState) -> Result<()> {
    let (schema, name) = (new.home.schema.as_str(), new.home.name.as_str());
    SET_STATE.run(
        elevated,
        (
            new.relation,
            new.to.as_str(),
            new.version,
            new.supersedes,
            new.superseded_by,
            schema,
            name,
            new.sunset_at,
            new.by,
        ),
    )
}

static SET_VERSION: Query<(RelId, String, Option<String>, Option<String>), ()> = Query::write(
    "UPDATE spyne.tables t SET version = $2, updated_at = now(),
         home_schema = coalesce($3, t.home_schema), home_name = coalesce($4, t.home_name)
     WHERE t.relation = $1",
);

/// Gives a version another number, and another home where there is one.
pub fn set_version(
    elevated: &Elevated,
    relid: RelId,
    version: &str,
    home: Option<&Address>,
) -> Result<()> {
    let (schema, name) = (home.map(|h| h.schema.as_str()), home.map(|h| h.name.as_str()));
    SET_VERSION.run(elevated, (relid, version, schema, name))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[
    &CANDIDATE,
    &CANDIDATES_IN,
    &FIND,
    &VERSIONS,
    &LOCK_VERSIONS,
    &VERSIONS_EVER,
    &INSERT,
    &HISTORY,
    &DELETE,
    &SET_STATE,
    &SET_VERSION,
];
