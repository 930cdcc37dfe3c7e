//! Join candidates and accepted joins: rows of the catalog.

use std::collections::BTreeSet;

use spyne_core::joins::accepted::AcceptedJoin;
use spyne_core::joins::candidate::{Candidate, NewCandidate};
use spyne_core::joins::cover::KnownJoin;
use spyne_core::joins::graph::Edge;
use spyne_core::joins::record::{JoinRecord, NewJoin};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::query::{self, Json, Query, Rights, Statement};
use crate::guc;
use crate::pg::elevate::Elevated;
use crate::pg::users;

/// The columns that two tables are joined by: each table's logical name, and its
/// columns.
type Over = (String, Vec<String>, String, Vec<String>);

/// The head of a statement that reads candidates.
macro_rules! candidates {
    ($rest:literal) => {
        concat!(include_str!("../../sql/queries/join_candidates.sql"), $rest)
    };
}

static CANDIDATE: Query<(i64,), Candidate> = Query::read(candidates!("WHERE c.candidate_id = $1"));
static CANDIDATE_OVER: Query<Over, Candidate> = Query::read(candidates!(
    "WHERE c.name1 = $1 AND c.columns1 = $2 AND c.name2 = $3 AND c.columns2 = $4"
));
static CANDIDATES: Query<(Option<String>, Option<String>), Candidate> = Query::read(candidates!(
    "WHERE c.status <> 'rejected' AND c.expires_at > clock_timestamp() AND ($1 IS NULL OR $1 IN (c.name1, c.name2))
       AND ($2 IS NULL OR $2 IN (c.name1, c.name2) AND ($1 <> $2 OR c.name1 = c.name2))
     ORDER BY c.confidence DESC, c.candidate_id"
));
static LOCK_CANDIDATE: Query<(i64,), ()> =
    Query::write("SELECT FROM spyne.join_candidates WHERE candidate_id = $1 FOR UPDATE");

/// A candidate by its number.
pub fn candidate(elevated: &Elevated, candidate_id: i64) -> Result<Option<Candidate>> {
    CANDIDATE.maybe(elevated, (candidate_id,))
}

/// Locks a candidate until the transaction ends.
pub fn lock_candidate(elevated: &Elevated, candidate_id: i64) -> Result<()> {
    LOCK_CANDIDATE.run(elevated, (candidate_id,))
}

/// The stored candidate over the same columns as a new one.
pub fn candidate_over(elevated: &Elevated, new: &NewCandidate) -> Result<Option<Candidate>> {
    CANDIDATE_OVER.maybe(elevated, (&new.name1, &new.columns1, &new.name2, &new.columns2))
}

/// The candidates that are open or accepted and have not expired: all of them, those of
/// one logical table, or those between two.
pub fn candidates(
    elevated: &Elevated,
    name1: Option<&str>,
    name2: Option<&str>,
) -> Result<Vec<Candidate>> {
    CANDIDATES.all(elevated, (name1.or(name2), name2.filter(|_| name1.is_some())))
}

/// The head of a statement that reads accepted joins.
macro_rules! accepted_joins {
    ($rest:literal) => {
        concat!(include_str!("../../sql/queries/accepted_joins.sql"), $rest)
    };
}

static ACCEPTED: Query<(String,), AcceptedJoin> =
    Query::read(accepted_joins!("WHERE j.join_id = $1"));
static VERSIONS: Query<(String, String, String), AcceptedJoin> = Query::read(accepted_joins!(
    "WHERE j.name1 = $1 AND j.name2 = $2 AND j.role = $3 ORDER BY j.version DESC"
));
static IN_FORCE_OVER: Query<Over, AcceptedJoin> = Query::read(accepted_joins!(
    "WHERE j.status <> 'deprecated' AND j.name1 = $1 AND j.columns1 = $2 AND j.name2 = $3 AND j.columns2 = $4"
));
static JOIN_IDS: Query<(), String> = Query::read("SELECT join_id FROM spyne.accepted_joins");

/// A join by its id.
pub fn accepted(elevated: &Elevated, join_id: &str) -> Result<Option<AcceptedJoin>> {
    ACCEPTED.maybe(elevated, (join_id,))
}

/// The joins of a pair of tables in one role, the newest version first.
pub fn versions(
    elevated: &Elevated,
    name1: &str,
    name2: &str,
    role: &str,
) -> Result<Vec<AcceptedJoin>> {
    VERSIONS.all(elevated, (name1, name2, role))
}

/// The join in force over the columns of a candidate, in whatever role.
pub fn in_force_over(elevated: &Elevated, candidate: &Candidate) -> Result<Option<AcceptedJoin>> {
    let Candidate { name1, columns1, name2, columns2, .. } = candidate;
    IN_FORCE_OVER.maybe(elevated, (name1, columns1, name2, columns2))
}

/// The ids of all joins.
pub fn join_ids(elevated: &Elevated) -> Result<Vec<String>> {
    JOIN_IDS.all(elevated, ())
}

/// Locks out other acceptances, so that only one of them decides which version comes
/// next.
pub fn lock_acceptance(elevated: &Elevated) -> Result<()> {
    query::run(elevated, "LOCK TABLE spyne.accepted_joins IN SHARE ROW EXCLUSIVE MODE")
}

static BETWEEN: Query<(Vec<String>,), KnownJoin> =
    Query::read(include_str!("../../sql/queries/joins_between.sql"));
static EDGES: Query<(), Edge> = Query::read(
    "SELECT name1, columns1, name2, columns2, status = 'suspect' AS suspect, cardinality
     FROM spyne.accepted_joins WHERE status <> 'deprecated' ORDER BY join_id",
);

/// The accepted joins and the candidates between some logical tables.
pub fn between(rights: &impl Rights, names: &BTreeSet<&str>) -> Result<Vec<KnownJoin>> {
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    BETWEEN.all(rights, (&names,))
}

/// The joins in force, as they are drawn.
pub fn edges(elevated: &Elevated) -> Result<Vec<Edge>> {
    EDGES.all(elevated, ())
}

static STORE: Query<(Json<Vec<NewCandidate>>, f64, String), ()> =
    Query::write(include_str!("../../sql/queries/store_join_candidates.sql"));
static EXPIRE: Query<(Json<Vec<NewCandidate>>, Vec<String>), ()> =
    Query::write(include_str!("../../sql/queries/expire_join_candidates.sql"));
static REOPEN: Query<(i64,), ()> = Query::write(
    "UPDATE spyne.join_candidates SET status = 'open', rejected_by = NULL, rejected_at = NULL, rejected_because = NULL
     WHERE candidate_id = $1 AND status = 'rejected'",
);
static REJECT: Query<(i64, String, String), ()> = Query::write(
    "UPDATE spyne.join_candidates
     SET status = 'rejected', rejected_because = $2, rejected_by = $3, rejected_at = clock_timestamp() WHERE candidate_id = $1",
);
static KEEP_VALIDATION: Query<(i64, Json<serde_json::Value>, String, String), ()> = Query::write(
    "UPDATE spyne.join_candidates SET validation_stats = $2, risk_level = $3, join_type = $4 WHERE candidate_id = $1",
);
static RENEW: Query<(String, Json<serde_json::Value>, String), ()> = Query::write(
    "UPDATE spyne.accepted_joins SET status = 'accepted', suspect_since = NULL, suspect_because = NULL,
         validated_at = clock_timestamp(), validation_stats = $2, cardinality = $3
     WHERE join_id = $1 AND status <> 'deprecated'",
);
static DEPRECATE: Query<(String, String, String, Option<String>), ()> =
    Query::write(include_str!("../../sql/queries/deprecate_join.sql"));

/// Changes joins as a plan says. `acting` is the user who goes on record.
///
/// # Errors
/// Those of the statements.
pub fn change(elevated: &Elevated, record: &JoinRecord, acting: RoleId) -> Result<()> {
    let by = users::name(acting);
    match record {
        JoinRecord::Store { candidates, looked_at } => {
            let seconds = f64::from(guc::join_candidate_ttl_seconds());
            STORE.run(elevated, (candidates, seconds, &by))?;
            match looked_at {
                Some(names) => EXPIRE.run(elevated, (candidates, names)),
                None => Ok(()),
            }
        }
        JoinRecord::Reopen { candidate_id } => REOPEN.run(elevated, (*candidate_id,)),
        JoinRecord::Reject { candidate_id, reason } => {
            REJECT.run(elevated, (*candidate_id, reason, &by))
        }
        JoinRecord::KeepValidation { candidate_id, stats, risk, join_type } => {
            let given = (*candidate_id, stats, risk.as_str(), join_type.as_str());
            KEEP_VALIDATION.run(elevated, given)
        }
        JoinRecord::Renew { join_id, stats, cardinality } => {
            RENEW.run(elevated, (join_id, stats, cardinality.as_str()))
        }
        JoinRecord::Accept(new) => accept(elevated, new, &by),
        JoinRecord::Deprecate { join_id, reason, superseded_by } => {
            DEPRECATE.run(elevated, (join_id, &by, reason, superseded_by.as_deref()))
        }
    }
}

type Accepting = (
    i64,
    String,
    String,
    i32,
    String,
    String,
    String,
    RoleId,
    Json<serde_json::Value>,
    Vec<String>,
    String,
);

static ACCEPT: Query<Accepting, ()> =
    Query::write(include_str!("../../sql/queries/accept_join.sql"));
static ACCEPT_CANDIDATE: Query<(i64,), ()> =
    Query::write("UPDATE spyne.join_candidates SET status = 'accepted' WHERE candidate_id = $1");

fn accept(elevated: &Elevated, new: &NewJoin, by: &str) -> Result<()> {
    let given = (
        new.candidate_id,
        new.join_id.as_str(),
        new.role.as_str(),
        new.version,
        new.join_type.as_str(),
        new.cardinality.as_str(),
        new.rationale.as_str(),
        new.owner,
        &new.stats,
        new.overridden.as_slice(),
        by,
    );
    ACCEPT.run(elevated, given)?;
    ACCEPT_CANDIDATE.run(elevated, (new.candidate_id,))
}

static SUSPECT: Query<(String, Option<String>, String), ()> =
    Query::write(include_str!("../../sql/queries/suspect_joins.sql"));
static SUSPECT_CHANGED: Query<(String, RelId), ()> =
    Query::write(include_str!("../../sql/queries/suspect_changed_joins.sql"));

/// Marks all joins of a name as suspect, because the next table with this name may be
/// another.
pub fn suspect_all(elevated: &Elevated, name: &str, because: &str) -> Result<()> {
    SUSPECT.run(elevated, (name, None, because))
}

/// Marks the joins as suspect that use a column which has changed.
pub fn suspect(elevated: &Elevated, name: &str, column: &str, because: &str) -> Result<()> {
    SUSPECT.run(elevated, (name, Some(column), because))
}

/// Marks the joins of a name as suspect whose columns a successor lacks or has with
/// another type. Must be called before the successor takes the name over.
pub fn suspect_where_changed(elevated: &Elevated, name: &str, successor: RelId) -> Result<()> {
    SUSPECT_CHANGED.run(elevated, (name, successor))
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[
    &CANDIDATE,
    &CANDIDATE_OVER,
    &CANDIDATES,
    &LOCK_CANDIDATE,
    &ACCEPTED,
    &VERSIONS,
    &IN_FORCE_OVER,
    &JOIN_IDS,
    &BETWEEN,
    &EDGES,
    &STORE,
    &EXPIRE,
    &REOPEN,
    &REJECT,
    &KEEP_VALIDATION,
    &RENEW,
    &DEPRECATE,
    &ACCEPT,
    &ACCEPT_CANDIDATE,
    &SUSPECT,
    &SUSPECT_CHANGED,
];
