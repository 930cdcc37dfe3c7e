//! spyne_discover_joins, spyne_join_candidates, spyne_propose_join.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};

use super::context::{Caller, elevated, given, require_writable};
use super::discovery::discover;
use crate::guc;
use crate::pg::oids::{AsOid, rel_id};
use crate::pg::{catalogs, users};
use crate::report::{self, OrRaise};
use crate::store::joins::{self, Candidate};
use crate::store::tables;
use spyne_core::joins::candidate::NewCandidate;
use spyne_core::joins::kinds::Source;
use spyne_core::joins::status::CandidateStatus;
use spyne_core::joins::table::{Pair, Table};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::literal;
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::kernel::state::State;

/// What is suggested unasked is at least as likely as this.
const SUGGESTED: f64 = 0.5;

/// What is shown for two tables that somebody asks about.
const SHOWN: f64 = 0.05;

pub(super) type CandidateRow = (
    i64,
    pg_sys::Oid,
    Vec<String>,
    pg_sys::Oid,
    Vec<String>,
    String,
    String,
    f64,
    String,
    String,
    Vec<String>,
    String,
    Option<JsonB>,
    TimestampWithTimeZone,
);

/// A time that the catalog has counted in seconds since 2000-01-01, as Postgres
/// counts.
pub(super) fn timestamp(seconds: f64) -> TimestampWithTimeZone {
    let microseconds = (seconds * 1e6) as pg_sys::TimestampTz;
    // What is later than any time there is has no end.
    TimestampWithTimeZone::try_from(microseconds)
        .unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}

pub(super) fn row(candidate: Candidate) -> CandidateRow {
    (
        candidate.candidate_id,
        candidate.table1.oid(),
        candidate.columns1,
        candidate.table2.oid(),
        candidate.columns2,
        candidate.join_type,
        candidate.condition,
        candidate.confidence,
        candidate.confidence_level,
        candidate.reason,
        candidate.assumptions,
        candidate.risk_level,
        candidate.validation_stats.map(JsonB),
        timestamp(candidate.expires_at),
    )
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
RETURNS TABLE (candidate_id bigint, table1 regclass, columns1 text[], table2 regclass, columns2 text[], join_type text,
               condition text, confidence double precision, confidence_level text, reason text, assumptions text[],
               risk_level text, validation_stats jsonb, expires_at timestamptz)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_discover_joins(
    schemas: Option<Vec<Option<pg_sys::Oid>>>,
    max_candidates: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(candidate_id, i64),
        name!(table1, pg_sys::Oid),
        name!(columns1, Vec<String>),
        name!(table2, pg_sys::Oid),
        name!(columns2, Vec<String>),
        name!(join_type, String),
        name!(condition, String),
        name!(confidence, f64),
        name!(confidence_level, String),
        name!(reason, String),
        name!(assumptions, Vec<String>),
        name!(risk_level, String),
        name!(validation_stats, Option<JsonB>),
        name!(expires_at, TimestampWithTimeZone),
    ),
> {
    let run = || -> Result<Vec<CandidateRow>> {
        let hint =
            "For example: SELECT * FROM spyne_discover_joins('{public}', max_candidates => 100);";
        let most = given(max_candidates, "max_candidates", hint)?;
        let most = usize::try_from(most).ok().filter(|n| *n > 0).ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("max_candidates cannot be {most}"),
                "It is the number of candidates to keep at most.",
                hint,
            )
        })?;
        let caller = Caller::now();
        caller.require(Permission::Query, "look for joins")?;
        require_writable(false)?;
        let schemas: Option<Vec<u32>> =
            schemas.map(|all| all.into_iter().flatten().map(|s| s.to_u32()).collect());
        let found = elevated(|| joins::tables(schemas.as_deref(), None, caller.user))?;
        if !found.hidden.is_empty() {
            report::notice(&format!(
                "{} tables are left out: {} may not read them",
                found.hidden.len(),
                crate::pg::users::name(caller.user)
            ));
        }
        let tables = found.readable;
        let mut new = discover(tables.clone(), SUGGESTED, &[])?;
        let names: Vec<String> = tables.into_iter().map(|t| t.name).collect();
        // What an admin does not find is out of date; what others do not find may be
        // hidden from them.
        let all = caller.role == Role::Admin && new.len() <= most;
        new.truncate(most);
        stored(&new, all.then_some(&names[..]), &caller)
    };
    TableIterator::new(run().or_raise())
}

/// Stores candidates and answers with their rows; those that were rejected on the
/// same evidence are left out.
fn stored(
    new: &[NewCandidate],
    looked_at: Option<&[String]>,
    caller: &Caller,
) -> Result<Vec<CandidateRow>> {
    elevated(|| {
        joins::store(new, looked_at, guc::join_candidate_ttl_seconds(), caller.user)?;
        let known = joins::candidates(None, None)?;
        let is_new = |c: &Candidate| {
            new.iter().any(|n| n.is_over(&c.name1, &c.columns1, &c.name2, &c.columns2))
        };
        Ok(known.into_iter().filter(is_new).map(row).collect())
    })
}

/// The candidates that are stored: all, those of one table, or those between two,
/// which are looked for where there are none.
///
/// # Errors
/// 22023 where two tables have no columns that could be compared; 55000 where a
/// table is not governed, or neither READ_ONLY nor ACTIVE; 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_join_candidates(table1 regclass DEFAULT NULL, table2 regclass DEFAULT NULL)
RETURNS TABLE (candidate_id bigint, table1 regclass, columns1 text[], table2 regclass, columns2 text[], join_type text,
               condition text, confidence double precision, confidence_level text, reason text, assumptions text[],
               risk_level text, validation_stats jsonb, expires_at timestamptz)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_join_candidates(
    table1: Option<pg_sys::Oid>,
    table2: Option<pg_sys::Oid>,
) -> TableIterator<
    'static,
    (
        name!(candidate_id, i64),
        name!(table1, pg_sys::Oid),
        name!(columns1, Vec<String>),
        name!(table2, pg_sys::Oid),
        name!(columns2, Vec<String>),
        name!(join_type, String),
        name!(condition, String),
        name!(confidence, f64),
        name!(confidence_level, String),
        name!(reason, String),
        name!(assumptions, Vec<String>),
        name!(risk_level, String),
        name!(validation_stats, Option<JsonB>),
        name!(expires_at, TimestampWithTimeZone),
    ),
> {
    let run = || -> Result<Vec<CandidateRow>> {
        let caller = Caller::now();
        caller.require(Permission::Query, "see join candidates")?;
        let asked: Vec<tables::Row> = [table1, table2]
            .into_iter()
            .flatten()
            .map(|oid| joinable(rel_id(oid)))
            .collect::<Result<_>>()?;
        let (name1, name2) = (asked.first(), asked.get(1));
        let (name1, name2) = (name1.map(|t| t.name.as_str()), name2.map(|t| t.name.as_str()));
        let known = elevated(|| joins::candidates(name1, name2))?;
        if !known.is_empty() || name2.is_none() {
            return Ok(known.into_iter().map(row).collect());
        }
        require_writable(false)?;
        let oids: Vec<RelId> = asked.iter().map(|t| t.relation).collect();
        let pair = readable(&oids, &caller)?;
        let classes =
            |table: &Table| -> Vec<_> { table.columns.iter().filter_map(|c| c.class).collect() };
        let (one, other) = (&pair[0], pair.last().unwrap_or(&pair[0]));
        if !classes(one).iter().any(|class| classes(other).contains(class)) {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                format!("{} and {} have no columns that could be compared", one.shown, other.shown),
                "Columns are compared where their types are of one kind: numbers, texts, uuids, dates and timestamps, or the same other type.",
                "Look at their columns: \\d. A cast in a view that is governed makes them comparable.",
            ));
        }
        let (name1, name2) = (one.name.clone(), other.name.clone());
        let mut new = discover(pair, SHOWN, &[])?;
        new.retain(|n| n.is_between(&name1, &name2));
        stored(&new, None, &caller)
    };
    TableIterator::new(run().or_raise())
}

/// A governed table that can be joined.
///
/// # Errors
/// 55000 where it is not governed, or neither READ_ONLY nor ACTIVE.
pub(super) fn joinable(relid: RelId) -> Result<tables::Row> {
    let row = crate::pg::elevate::elevated(|e| tables::governed(e, relid))?;
    match row.state {
        State::ReadOnly | State::Active => Ok(row),
        state => Err(SpyneError::new(
            Code::WrongState,
            format!("{} is {}: it is not joined", catalogs::relation_name(relid), state.as_str()),
            "Joins are between tables that are READ_ONLY or ACTIVE.",
            format!(
                "See what its name means to readers: SELECT * FROM spyne_resolve(ARRAY[{}]);",
                literal(&row.name)
            ),
        )),
    }
}

/// These tables, as the caller may read them, in their order.
///
/// # Errors
/// 42501 where the caller may read neither the table nor its governed view.
pub(super) fn readable(oids: &[RelId], caller: &Caller) -> Result<Vec<Table>> {
    let found = elevated(|| joins::tables(None, Some(oids), caller.user))?;
    if let Some(hidden) = found.hidden.first() {
        return Err(SpyneError::new(
            Code::InsufficientPrivilege,
            format!("permission denied to read {}", hidden.shown),
            "Joins are looked at with the rights of the caller, by the table or by its governed view.",
            format!(
                "Its owner can run: GRANT SELECT ON {} TO {};",
                hidden.shown,
                users::quoted_name(caller.user)
            ),
        ));
    }
    let mut tables = Vec::new();
    for oid in oids {
        match found.readable.iter().find(|t| t.oid == *oid) {
            Some(table) if !tables.iter().any(|t: &Table| t.oid == *oid) => {
                tables.push(table.clone())
            }
            Some(_) => {}
            None => {
                let name = crate::pg::elevate::elevated(|e| tables::governed(e, *oid))?.name;
                return Err(SpyneError::new(
                    Code::WrongState,
                    format!(
                        "{} is not the version that its name means now",
                        catalogs::relation_name(*oid)
                    ),
                    "Joins are between what logical names mean now: the ACTIVE version, else the READ_ONLY one.",
                    format!("See it: SELECT * FROM spyne_resolve(ARRAY[{}]);", literal(&name)),
                ));
            }
        }
    }
    Ok(tables)
}

/// Makes a candidate by hand: columns of one table that refer to as many of
/// another.
///
/// # Errors
/// 22023 for columns that are not there, not as many, given twice, or not
/// comparable; 55000 as for `spyne_join_candidates`; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_propose_join(table1 regclass, columns1 text[], table2 regclass, columns2 text[])
RETURNS TABLE (candidate_id bigint, table1 regclass, columns1 text[], table2 regclass, columns2 text[], join_type text,
               condition text, confidence double precision, confidence_level text, reason text, assumptions text[],
               risk_level text, validation_stats jsonb, expires_at timestamptz)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_propose_join(
    table1: Option<pg_sys::Oid>,
    columns1: Option<Vec<Option<String>>>,
    table2: Option<pg_sys::Oid>,
    columns2: Option<Vec<Option<String>>>,
) -> TableIterator<
    'static,
    (
        name!(candidate_id, i64),
        name!(table1, pg_sys::Oid),
        name!(columns1, Vec<String>),
        name!(table2, pg_sys::Oid),
        name!(columns2, Vec<String>),
        name!(join_type, String),
        name!(condition, String),
        name!(confidence, f64),
        name!(confidence_level, String),
        name!(reason, String),
        name!(assumptions, Vec<String>),
        name!(risk_level, String),
        name!(validation_stats, Option<JsonB>),
        name!(expires_at, TimestampWithTimeZone),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_propose_join('orders', '{customer_id}', 'customer', '{id}');";
    let run = || -> Result<Vec<CandidateRow>> {
        let relid1 = rel_id(given(table1, "table1", hint)?);
        let relid2 = rel_id(given(table2, "table2", hint)?);
        let names1 = given(columns1, "columns1", hint)?
            .into_iter()
            .map(|name| given(name, "columns1", hint))
            .collect::<Result<Vec<String>>>()?;
        let names2 = given(columns2, "columns2", hint)?
            .into_iter()
            .map(|name| given(name, "columns2", hint))
            .collect::<Result<Vec<String>>>()?;
        let caller = Caller::now();
        caller.require(Permission::Query, "propose a join")?;
        require_writable(false)?;
        joinable(relid1)?;
        joinable(relid2)?;
        let both = readable(&[relid1, relid2], &caller)?;
        let parent = both.len() - 1;
        let columns = columns_of(&both[0], &names1, "columns1", hint)?;
        let key = columns_of(&both[parent], &names2, "columns2", hint)?;
        check_steps(&both[0], &columns, &both[parent], &key, hint)?;
        let pair = Pair { child: 0, columns, parent, key };
        let new = proposed(both, &pair)?;
        if let Some(id) = elevated(|| joins::candidate_over(&new))?
            && let Some(known) = elevated(|| joins::candidate(id))?
            && known.status == CandidateStatus::Rejected
        {
            // Who may reject may think again.
            if caller.role < Role::Admin {
                return Err(rejected(&known));
            }
            elevated(|| joins::reopen(id))?;
        }
        stored(std::slice::from_ref(&new), None, &caller)
    };
    TableIterator::new(run().or_raise())
}

/// The refusal of what an admin has rejected.
pub(super) fn rejected(candidate: &Candidate) -> SpyneError {
    SpyneError::new(
        Code::WrongState,
        format!("join candidate {} was rejected", candidate.candidate_id),
        format!(
            "By {}: {}",
            candidate.rejected_by.as_deref().unwrap_or("nobody"),
            candidate.rejected_because.as_deref().unwrap_or_default()
        ),
        "An administrator may propose it again: spyne_propose_join.",
    )
}

/// The candidate that a proposal makes: measured as any other.
fn proposed(tables: Vec<Table>, pair: &Pair) -> Result<NewCandidate> {
    let (child, parent) = (&tables[pair.child], &tables[pair.parent]);
    let (columns1, columns2) = (child.names_of(&pair.columns), parent.names_of(&pair.key));
    let (name1, name2) = (child.name.clone(), parent.name.clone());
    let found = discover(tables, 1.1, std::slice::from_ref(pair))?;
    let mine = |n: &&NewCandidate| n.is_over(&name1, &columns1, &name2, &columns2);
    let new = found.iter().find(mine).cloned().ok_or_else(|| {
        SpyneError::new(
            Code::Internal,
            "the proposed join was not weighed",
            "This is a defect of spyne.",
            "Report it, with the definitions of the two tables.",
        )
    })?;
    let source = match new.source {
        Source::Declared => Source::Declared,
        Source::Discovered | Source::Proposed => Source::Proposed,
    };
    Ok(NewCandidate { source, ..new })
}

fn bad(message: String, detail: String, hint: &str) -> SpyneError {
    SpyneError::new(Code::InvalidParameter, message, detail, hint)
}

fn columns_of(table: &Table, names: &[String], argument: &str, hint: &str) -> Result<Vec<usize>> {
    let mut columns = Vec::new();
    for name in names {
        let Some(column) = table.column(name) else {
            let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            return Err(bad(
                format!("{} has no column \"{name}\"", table.shown),
                format!("{argument} names columns of {}: {}.", table.shown, known.join(", ")),
                hint,
            ));
        };
        if columns.contains(&column) {
            return Err(bad(
                format!("{argument} names \"{name}\" twice"),
                "Each column stands in one step of the join.".into(),
                hint,
            ));
        }
        columns.push(column);
    }
    match columns.is_empty() {
        true => Err(bad(
            format!("{argument} is empty"),
            "A join has at least one column on each side.".into(),
            hint,
        )),
        false => Ok(columns),
    }
}

fn check_steps(
    child: &Table,
    columns: &[usize],
    parent: &Table,
    key: &[usize],
    hint: &str,
) -> Result<()> {
    if columns.len() != key.len() {
        return Err(bad(
            format!("columns1 has {} columns and columns2 {}", columns.len(), key.len()),
            "They are taken in step: the first with the first, and so on.".into(),
            hint,
        ));
    }
    for (column, other) in columns.iter().zip(key) {
        let (one, two) = (&child.columns[*column], &parent.columns[*other]);
        if one.class.is_none() || one.class != two.class {
            return Err(bad(
                format!(
                    "{} ({}) cannot be compared with {} ({})",
                    one.name, one.data_type, two.name, two.data_type
                ),
                "Columns are compared where their types are of one kind: numbers without decimals, texts, uuids, dates and timestamps, or the same other type.".into(),
                hint,
            ));
        }
    }
    if child.oid == parent.oid && columns == key {
        return Err(bad(
            "a column cannot refer to itself".into(),
            format!("Both sides are {}.", child.shown),
            hint,
        ));
    }
    Ok(())
}
