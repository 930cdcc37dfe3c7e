//! spyne_discover_joins, spyne_join_candidates, spyne_propose_join.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use spyne_core::joins::candidate::{Candidate, NewCandidate};
use spyne_core::joins::kinds::CandidateSource;
use spyne_core::joins::table::{Pair, Table};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::role::{Permission, Role};

use super::context::{Caller, given, require_writable};
use super::discovery::discover;
use crate::command::joinable::{joinable, readable};
use crate::command::joins::{KeepCandidates, ProposeJoin};
use crate::command::{self, Mode};
use crate::pg::elevate::elevated;
use crate::pg::oids::rel_id;
use crate::pg::row_sets::{Rows, row};
use crate::pg::users;
use crate::report::{self, OrRaise};
use crate::store::{joinable as tables, joins};

/// The least confidence of a candidate that is suggested without being asked for.
const SUGGESTED: f64 = 0.5;

/// The least confidence of a candidate that is shown for two tables that somebody asks
/// about.
const SHOWN: f64 = 0.05;

/// More than any confidence: a discovery with this limit finds only what is proposed.
const IMPOSSIBLE: f64 = 1.1;

/// A time that the catalog has stored in microseconds since 2000-01-01.
pub(super) fn timestamp(microseconds: i64) -> TimestampWithTimeZone {
    // A number beyond the last timestamp is infinity.
    TimestampWithTimeZone::try_from(microseconds)
        .unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}

row! {
    /// A candidate, as it is returned.
    "join_candidate" => JoinCandidate {
        candidate_id: i64,
        table1: RelId,
        columns1: Vec<String>,
        table2: RelId,
        columns2: Vec<String>,
        join_type: &'static str,
        condition: String,
        confidence: f64,
        confidence_level: String,
        reason: String,
        assumptions: Vec<String>,
        risk_level: &'static str,
        validation_stats: Option<JsonB>,
        expires_at: TimestampWithTimeZone,
    }
}

impl From<Candidate> for JoinCandidate {
    fn from(candidate: Candidate) -> JoinCandidate {
        JoinCandidate {
            candidate_id: candidate.candidate_id,
            table1: candidate.table1,
            columns1: candidate.columns1,
            table2: candidate.table2,
            columns2: candidate.columns2,
            join_type: candidate.join_type.as_str(),
            condition: candidate.condition,
            confidence: candidate.confidence,
            confidence_level: candidate.confidence_level,
            reason: candidate.reason,
            assumptions: candidate.assumptions,
            risk_level: candidate.risk_level.as_str(),
            validation_stats: candidate.validation_stats.map(JsonB),
            expires_at: timestamp(candidate.expires_at),
        }
    }
}

fn rows(candidates: Vec<Candidate>) -> Vec<JoinCandidate> {
    candidates.into_iter().map(JoinCandidate::from).collect()
}

/// Looks for joins between the governed tables that are READ_ONLY or ACTIVE, and
/// stores what it finds as candidates. `schemas` narrows it down; of more than
/// `max_candidates` the likeliest are kept.
///
/// # Errors
/// 22023 where `max_candidates` is not positive; 25006 on a standby and in a
/// read-only transaction; 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_discover_joins(schemas regnamespace[] DEFAULT NULL, max_candidates integer DEFAULT 1000)
RETURNS SETOF spyne.join_candidate
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_discover_joins(
    schemas: Option<Vec<Option<pg_sys::Oid>>>,
    max_candidates: Option<i32>,
) -> Rows<JoinCandidate> {
    let run = || -> Result<Vec<JoinCandidate>> {
        let most = most_candidates(max_candidates)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "look for joins")?;
        require_writable(false)?;
        let schemas: Option<Vec<u32>> =
            schemas.map(|all| all.into_iter().flatten().map(|s| s.to_u32()).collect());
        let found = elevated(|e| tables::tables(e, schemas.as_deref(), None, caller.user))?;
        if !found.hidden.is_empty() {
            report::notice(&format!(
                "{} tables are left out: {} may not read them",
                found.hidden.len(),
                users::name(caller.user)
            ));
        }
        let names: Vec<String> = found.readable.iter().map(|t| t.name.clone()).collect();
        let mut new = discover(found.readable, SUGGESTED, &[])?;
        // Candidates that an admin does not find any more are out of date. Those that
        // others do not find may only be hidden from them.
        let all = caller.role == Role::Admin && new.len() <= most;
        new.truncate(most);
        kept(new, all.then_some(names))
    };
    Rows::of(run().or_raise())
}

fn most_candidates(max_candidates: Option<i32>) -> Result<usize> {
    let hint =
        "For example: SELECT * FROM spyne_discover_joins('{public}', max_candidates => 100);";
    let most = given(max_candidates, "max_candidates", hint)?;
    usize::try_from(most).ok().filter(|n| *n > 0).ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            format!("max_candidates cannot be {most}"),
            "It is the number of candidates to keep at most.",
            hint,
        )
    })
}

/// Stores candidates and returns their rows.
fn kept(
    candidates: Vec<NewCandidate>,
    looked_at: Option<Vec<String>>,
) -> Result<Vec<JoinCandidate>> {
    let command = KeepCandidates { candidates, looked_at };
    command::run(&command, Mode::Do)?;
    stored(&command.candidates)
}

/// The rows of candidates that were kept; those that were rejected on the same
/// evidence are left out.
fn stored(new: &[NewCandidate]) -> Result<Vec<JoinCandidate>> {
    let mut known = elevated(|e| joins::candidates(e, None, None))?;
    known.retain(|known| new.iter().any(|new| new.is_over_those_of(known)));
    Ok(rows(known))
}

/// The candidates that are stored: all, those of one table, or those between two
/// tables. Candidates between two tables are looked for where none is stored.
///
/// # Errors
/// 22023 where two tables have no columns that could be compared; 55000 where a
/// table is not governed, or neither READ_ONLY nor ACTIVE; 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_join_candidates(table1 regclass DEFAULT NULL, table2 regclass DEFAULT NULL)
RETURNS SETOF spyne.join_candidate
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_join_candidates(
    table1: Option<pg_sys::Oid>,
    table2: Option<pg_sys::Oid>,
) -> Rows<JoinCandidate> {
    let run = || -> Result<Vec<JoinCandidate>> {
        let caller = Caller::now();
        caller.require(Permission::Query, "see join candidates")?;
        let asked = [table1, table2].into_iter().flatten().map(|oid| joinable(rel_id(oid)));
        let asked = asked.collect::<Result<Vec<_>>>()?;
        let name = |at: usize| asked.get(at).map(|table| table.name.as_str());
        let known = elevated(|e| joins::candidates(e, name(0), name(1)))?;
        let (Some(name1), Some(name2)) = (name(0), name(1)) else {
            return Ok(rows(known));
        };
        if !known.is_empty() {
            return Ok(rows(known));
        }
        require_writable(false)?;
        let relations: Vec<RelId> = asked.iter().map(|table| table.relation).collect();
        let both = readable(&relations, &caller)?;
        check_comparable(&both[0], &both[both.len() - 1])?;
        let mut new = discover(both, SHOWN, &[])?;
        new.retain(|n| n.is_between(name1, name2));
        kept(new, None)
    };
    Rows::of(run().or_raise())
}

/// Checks that two tables have columns that could be compared.
///
/// # Errors
/// 22023 where they have none.
fn check_comparable(one: &Table, other: &Table) -> Result<()> {
    let classes = |table: &Table| table.columns.iter().filter_map(|c| c.class).collect::<Vec<_>>();
    let known = classes(other);
    if classes(one).iter().any(|class| known.contains(class)) {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::InvalidParameter,
        format!("{} and {} have no columns that could be compared", one.shown, other.shown),
        "Columns are compared where their types are of one kind: numbers, texts, uuids, dates and timestamps, or the same other type.",
        "Look at their columns: \\d. A cast in a view that is governed makes them comparable.",
    ))
}

/// Makes a candidate by hand: columns of one table that refer to as many of
/// another.
///
/// # Errors
/// 22023 for columns that are not there, not as many, given twice, or not
/// comparable; 55000 as for `spyne_join_candidates`; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_propose_join(table1 regclass, columns1 text[], table2 regclass, columns2 text[])
RETURNS SETOF spyne.join_candidate
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_propose_join(
    table1: Option<pg_sys::Oid>,
    columns1: Option<Vec<Option<String>>>,
    table2: Option<pg_sys::Oid>,
    columns2: Option<Vec<Option<String>>>,
) -> Rows<JoinCandidate> {
    let hint = "For example: SELECT * FROM spyne_propose_join('orders', '{customer_id}', 'customer', '{id}');";
    let run = || -> Result<Vec<JoinCandidate>> {
        let relation1 = rel_id(given(table1, "table1", hint)?);
        let relation2 = rel_id(given(table2, "table2", hint)?);
        let names1 = names(columns1, "columns1", hint)?;
        let names2 = names(columns2, "columns2", hint)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "propose a join")?;
        require_writable(false)?;
        joinable(relation1)?;
        joinable(relation2)?;
        let both = readable(&[relation1, relation2], &caller)?;
        let (child, parent) = (&both[0], &both[both.len() - 1]);
        let columns = child.columns_named(&names1, "columns1", hint)?;
        let key = parent.columns_named(&names2, "columns2", hint)?;
        child.check_steps(&columns, parent, &key, hint)?;
        let pair = Pair { child: 0, columns, parent: both.len() - 1, key };
        let command = ProposeJoin { candidate: proposed(both, &pair)? };
        command::run(&command, Mode::Do)?;
        stored(std::slice::from_ref(&command.candidate))
    };
    Rows::of(run().or_raise())
}

/// The names of columns.
fn names(columns: Option<Vec<Option<String>>>, argument: &str, hint: &str) -> Result<Vec<String>> {
    given(columns, argument, hint)?.into_iter().map(|name| given(name, argument, hint)).collect()
}

/// The candidate that a proposal makes. It is measured like any other.
fn proposed(tables: Vec<Table>, pair: &Pair) -> Result<NewCandidate> {
    let (child, parent) = (&tables[pair.child], &tables[pair.parent]);
    let (columns1, columns2) = (child.names_of(&pair.columns), parent.names_of(&pair.key));
    let (name1, name2) = (child.name.clone(), parent.name.clone());
    let found = discover(tables, IMPOSSIBLE, std::slice::from_ref(pair))?;
    let mine = |n: &NewCandidate| n.is_over((&name1, &columns1), (&name2, &columns2));
    let new = found.into_iter().find(mine).ok_or_else(|| {
        SpyneError::new(
            Code::Internal,
            "the proposed join was not weighed",
            "This is a defect of spyne.",
            "Report it, with the definitions of the two tables.",
        )
    })?;
    let source = match new.source {
        CandidateSource::Declared => CandidateSource::Declared,
        CandidateSource::Discovered | CandidateSource::Proposed => CandidateSource::Proposed,
    };
    Ok(NewCandidate { source, ..new })
}
