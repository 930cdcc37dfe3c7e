//! The tables of a join with the caller's rights on them, and the measures of a join.

use serde_json::Value;
use spyne_core::joins::candidate::Candidate;
use spyne_core::joins::table::Table;
use spyne_core::joins::validation::Validated;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::literal;
use spyne_core::kernel::state::State;

use super::caller::Caller;
use crate::guc;
use crate::pg::caller_rights::as_caller_only;
use crate::pg::elevate::elevated;
use crate::pg::{catalogs, users};
use crate::store::tables::{self, TableRow};
use crate::store::{joinable, samples};

/// A governed table that can be joined.
///
/// # Errors
/// 55000 where the table is not governed, or neither READ_ONLY nor ACTIVE.
pub fn joinable(relation: RelId) -> Result<TableRow> {
    let row = elevated(|e| tables::governed(e, relation))?;
    match row.state {
        State::ReadOnly | State::Active => Ok(row),
        state => Err(SpyneError::new(
            Code::WrongState,
            format!(
                "{} is {}: it is not joined",
                catalogs::relation_name(relation),
                state.as_str()
            ),
            "Joins are between tables that are READ_ONLY or ACTIVE.",
            format!(
                "See what its name means to readers: SELECT * FROM spyne_resolve(ARRAY[{}]);",
                literal(&row.name)
            ),
        )),
    }
}

/// These tables, each once and in their order, with the relation by which the caller
/// may read them.
///
/// # Errors
/// 42501 where the caller may read neither the table nor its governed view; 55000 for a
/// table that is not the one its logical name means now.
pub fn readable(relations: &[RelId], caller: &Caller) -> Result<Vec<Table>> {
    let found = elevated(|e| joinable::tables(e, None, Some(relations), caller.user))?;
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
    let mut tables: Vec<Table> = Vec::new();
    for relation in relations {
        let table = found.readable.iter().find(|t| t.oid == *relation);
        let table = table.ok_or(()).or_else(|()| Err(not_meant(*relation)?))?;
        if !tables.iter().any(|t| t.oid == *relation) {
            tables.push(table.clone());
        }
    }
    Ok(tables)
}

/// The refusal of a table that is not the one its logical name means now.
fn not_meant(relation: RelId) -> Result<SpyneError> {
    let name = elevated(|e| tables::governed(e, relation))?.name;
    Ok(SpyneError::new(
        Code::WrongState,
        format!("{} is not the version that its name means now", catalogs::relation_name(relation)),
        "Joins are between what logical names mean now: the ACTIVE version, else the READ_ONLY one.",
        format!("See it: SELECT * FROM spyne_resolve(ARRAY[{}]);", literal(&name)),
    ))
}

/// The joined rows that a validation shows.
pub struct Sample {
    pub rows: i32,
    /// Whether all columns are shown, or only those that are joined by.
    pub all_columns: bool,
}

/// The measures of a candidate on the live data.
pub struct CandidateMeasured {
    pub validated: Validated,
    /// The measures as they are stored.
    pub stats: Value,
    /// Joined rows, as they were asked for.
    pub sample: Value,
}

/// Measures a candidate on all rows, with the rights of the caller. It may take long,
/// and holds no lock that a writer would wait for.
///
/// # Errors
/// Those of [`joinable`] and [`readable`]; 55000 where a column is gone.
pub fn measure(
    candidate: &Candidate,
    caller: &Caller,
    sample: Option<Sample>,
) -> Result<CandidateMeasured> {
    let one = joinable(candidate.table1)?.relation;
    let other = joinable(candidate.table2)?.relation;
    let both = readable(&[one, other], caller)?;
    let (child, parent) = (&both[0], &both[both.len() - 1]);
    let (columns, key) = candidate.columns(child, parent)?;
    as_caller_only(|c| {
        let counts = samples::count(c, child, &columns, parent, &key)?;
        let hides_rows = joinable::hides_rows(c, &[one, other])?;
        let validated = Validated::new(counts, guc::max_orphan_rate(), hides_rows);
        let sample = match sample {
            Some(Sample { rows, all_columns }) if rows > 0 => {
                samples::rows_of(c, (child, &columns), (parent, &key), rows, all_columns)?
            }
            _ => Value::Array(Vec::new()),
        };
        let stats = validated.stats(&users::name(caller.user));
        Ok(CandidateMeasured { validated, stats, sample })
    })
}
