//! spyne_discover_joins, spyne_join_candidates, spyne_propose_join.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::json;

use super::context::{Caller, elevated, given, require_writable};
use crate::core::error::{Code, Result, SpyneError};
use crate::core::joins::candidates::{self, Several, Sketches};
use crate::core::joins::evidence::{Measured, measure, measured, weigh};
use crate::core::joins::names::{Named, Names};
use crate::core::joins::sketch::{K, Sketch, of_several};
use crate::core::joins::weighing::{self, Decided, Read, known_distinct};
use crate::core::joins::{Pair, Table};
use crate::core::names::plain;
use crate::core::role::{Permission, Role};
use crate::core::state::State;
use crate::guc;
use crate::pg::catalogs;
use crate::report::{self, OrRaise};
use crate::store::joins::{self, Candidate, NewCandidate};
use crate::store::{samples, tables};

/// The memory that the samples of one discovery may take, in bytes.
const MEMORY: usize = 64 << 20;

/// Rows of a sample that is to show whether anything repeats.
const A_FEW_ROWS: f64 = 100_000.0;

/// The share of rows whose values must be there together: each is by itself.
const TOGETHER: f64 = 0.95;

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
        candidate.table1.into(),
        candidate.columns1,
        candidate.table2.into(),
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
            new.iter().any(|n| {
                n.name1 == c.name1
                    && n.name2 == c.name2
                    && n.columns1 == c.columns1
                    && n.columns2 == c.columns2
            })
        };
        Ok(known.into_iter().filter(is_new).map(row).collect())
    })
}

/// Says every two seconds how far it is.
struct Progress {
    last: Instant,
}

impl Progress {
    fn say(&mut self, what: impl FnOnce() -> String) {
        pgrx::check_for_interrupts!();
        if self.last.elapsed() > Duration::from_secs(2) {
            report::notice(&what());
            self.last = Instant::now();
        }
    }
}

/// Reads what is to be read of a table, or takes what an earlier discovery has
/// read of it while it is the same.
fn read(table: &Table, sets: &[Vec<usize>], rows: Option<f64>) -> Result<Vec<Sketch>> {
    let how = match rows {
        None => "all".to_string(),
        // Where all rows fit, a sample is all of them.
        Some(rows) if table.guessed_rows.is_some_and(|all| all <= rows) => "all".to_string(),
        Some(rows) => format!("{rows}"),
    };
    let kept = elevated(|| samples::kept(table, &how))?;
    let named = |set: &Vec<usize>| -> Vec<String> {
        set.iter().map(|c| table.columns[*c].name.clone()).collect()
    };
    let missing: Vec<Vec<usize>> =
        sets.iter().filter(|set| !kept.contains_key(&named(set))).cloned().collect();
    let fresh = match missing.is_empty() {
        true => Vec::new(),
        false => samples::read(table, &missing, rows)?,
    };
    elevated(|| samples::keep(table, &missing, &fresh, &how))?;
    Ok(sets
        .iter()
        .map(|set| match missing.iter().position(|m| m == set) {
            Some(at) => fresh.get(at).cloned().unwrap_or_default(),
            None => kept.get(&named(set)).cloned().unwrap_or_default(),
        })
        .collect())
}

/// The candidates between these tables that are at least as likely as `least`, the
/// likeliest first. `proposed` are weighed too, however unlikely.
fn discover(mut tables: Vec<Table>, least: f64, proposed: &[Pair]) -> Result<Vec<NewCandidate>> {
    joins::statistics(&mut tables)?;
    let named: Vec<Named> = tables
        .iter()
        .map(|t| Named {
            table: &t.name,
            columns: t.columns.iter().map(|c| c.name.as_str()).collect(),
        })
        .collect();
    let names = Names::new(&named);
    let mut progress = Progress { last: Instant::now() };
    let mut readings = candidates::readings(&tables, &names);
    for pair in proposed {
        readings[pair.parent].want(&pair.key, true);
        readings[pair.child].want(&pair.columns, false);
    }
    let columns: usize = readings.iter().map(|r| r.whole.len() + r.sampled.len()).sum();
    let most = (MEMORY / 12 / columns.max(1)).clamp(64, K);
    let mut sketches = Sketches::new();
    for (at, (table, reading)) in tables.iter().zip(&readings).enumerate() {
        progress.say(|| format!("{at} of {} tables read", tables.len()));
        let some = Some(f64::from(guc::join_sample_rows()));
        for (columns, rows) in [(&reading.whole, None), (&reading.sampled, some)] {
            let sets: Vec<Vec<usize>> = columns.iter().map(|c| vec![*c]).collect();
            if sets.is_empty() {
                continue;
            }
            for (set, mut sketch) in sets.iter().zip(read(table, &sets, rows)?) {
                sketch.shrink(most);
                sketches.insert((at, set.clone()), sketch);
            }
        }
    }
    let keys: Vec<Vec<usize>> = tables
        .iter()
        .enumerate()
        .map(|(at, table)| candidates::single_keys(table, at, &sketches, &names))
        .collect();
    let mut at = 0;
    let found = candidates::pairs(&tables, &keys, &sketches, &names, || {
        at += 1;
        progress.say(|| format!("{at} of {} tables compared", tables.len()));
    });
    let undecided: Vec<&Pair> = found.iter().filter(|f| f.undecided).map(|f| &f.pair).collect();
    let mut looked_up = looked_up(&tables, &undecided, &sketches, &mut progress)?;
    let mut pairs: Vec<(Pair, Option<Measured>)> = found
        .into_iter()
        .map(|one| {
            let measured = looked_up.remove(&one.pair);
            (one.pair, measured)
        })
        .collect();
    let mut several = candidates::several(&tables, &keys, &sketches, &names);
    several.extend(
        proposed
            .iter()
            .filter(|pair| pair.columns.len() > 1)
            .map(|pair| Several { pair: pair.clone(), declared: true }),
    );
    pairs.extend(composite(&tables, several, proposed, &mut sketches, &mut progress)?);
    for pair in proposed {
        if !pairs.iter().any(|(p, _)| p == pair) {
            pairs.push((pair.clone(), None));
        }
    }
    let read = Read { tables: &tables, names: &names, sketches: &sketches, keys: &keys };
    let mut decided = weighing::decide(&read, pairs.clone(), least);
    for pair in proposed {
        if !decided.iter().any(|d| d.pair == *pair) {
            let facts = weighing::facts(&read, pair, None, false, &pairs);
            decided.push(Decided { pair: pair.clone(), weighed: weigh(&facts), facts });
        }
    }
    Ok(decided.into_iter().map(|d| described(&tables, d)).collect())
}

/// Looks for kept values in all of what they may refer to, where the two samples
/// cannot tell: one pass over each key, for all that may refer to it.
fn looked_up(
    tables: &[Table],
    pairs: &[&Pair],
    sketches: &Sketches,
    progress: &mut Progress,
) -> Result<HashMap<Pair, Measured>> {
    let of = |at: usize, columns: &[usize]| sketches.get(&(at, columns.to_vec()));
    let mut by_key: BTreeMap<(usize, Vec<usize>), Vec<&Pair>> = BTreeMap::new();
    for pair in pairs {
        by_key.entry((pair.parent, pair.key.clone())).or_default().push(pair);
    }
    let mut all = HashMap::new();
    for ((parent, key), pairs) in by_key {
        let table = &tables[parent];
        progress.say(|| format!("looking up values in {}", table.label));
        let mut wanted: Vec<u64> = pairs
            .iter()
            .filter_map(|pair| of(pair.child, &pair.columns))
            .flat_map(|sketch| sketch.hashes.iter().copied())
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = look_up(table, &key, &wanted)?;
        for pair in pairs {
            if let (Some(child), Some(theirs)) = (of(pair.child, &pair.columns), of(parent, &key)) {
                let overlap = child.where_found(|hash| found.contains(hash));
                let known = known_distinct(&tables[pair.child], &pair.columns);
                all.insert(pair.clone(), measured(child, theirs, overlap, known));
            }
        }
    }
    Ok(all)
}

/// Which hashes are of values in a key; or what an earlier discovery has found, of
/// the same values in the same table.
fn look_up(table: &Table, key: &[usize], wanted: &[u64]) -> Result<HashSet<u64>> {
    let set = [key.to_vec()];
    let how = format!("look-up {:016x}", of_several(wanted.iter().copied()));
    let names: Vec<String> = key.iter().map(|c| table.columns[*c].name.clone()).collect();
    if let Some(kept) = elevated(|| samples::kept(table, &how))?.remove(&names) {
        return Ok(kept.hashes.into_iter().collect());
    }
    let found = samples::found_in(table, key, wanted)?;
    let kept = Sketch::of_hashes(found.iter().copied().collect());
    elevated(|| samples::keep(table, &set, &[kept], &how))?;
    Ok(found)
}

/// Reads several columns as one, and leaves the pairs that hold.
fn composite(
    tables: &[Table],
    several: Vec<Several>,
    proposed: &[Pair],
    sketches: &mut Sketches,
    progress: &mut Progress,
) -> Result<Vec<(Pair, Option<Measured>)>> {
    // What is referred to first: what is no key needs no second look.
    for (at, table) in tables.iter().enumerate() {
        let mut sets = sets_of(several.iter().filter(|s| s.pair.parent == at).map(|s| &s.pair.key));
        progress.say(|| format!("looking for keys of several columns in {}", table.label));
        let large = table.guessed_rows.is_some_and(|rows| rows > 2.0 * A_FEW_ROWS);
        let undeclared: Vec<Vec<usize>> =
            sets.iter().filter(|set| !table.declares(set)).cloned().collect();
        if large && !undeclared.is_empty() {
            // What repeats in some rows is no key.
            let some = read(table, &undeclared, Some(A_FEW_ROWS))?;
            for (set, sketch) in undeclared.iter().zip(some) {
                if sketch.repeated > 0 {
                    sets.retain(|s| s != set);
                }
            }
        }
        read_sets(at, table, &sets, None, sketches)?;
    }
    let is_key = |one: &Several| {
        let key = sketches.get(&(one.pair.parent, one.pair.key.clone()));
        one.declared || key.is_some_and(candidates::is_key_in_fact)
    };
    let several = candidates::narrowest(several.into_iter().filter(|one| is_key(one)).collect());
    for (at, table) in tables.iter().enumerate() {
        let sets = sets_of(several.iter().filter(|s| s.pair.child == at).map(|s| &s.pair.columns));
        progress.say(|| format!("comparing several columns of {}", table.label));
        read_sets(at, table, &sets, Some(f64::from(guc::join_sample_rows())), sketches)?;
    }
    let undecided: Vec<&Pair> = several
        .iter()
        .map(|one| &one.pair)
        .filter(|pair| {
            let of = |at: usize, columns: &[usize]| sketches.get(&(at, columns.to_vec()));
            let both = of(pair.child, &pair.columns).zip(of(pair.parent, &pair.key));
            both.is_some_and(|(child, parent)| measure(child, parent, None).is_undecided())
        })
        .collect();
    let looked_up = looked_up(tables, &undecided, sketches, progress)?;
    let mut held: Vec<(Several, Option<Measured>)> = Vec::new();
    for one in several {
        let of = |at: usize, columns: &[usize]| sketches.get(&(at, columns.to_vec()));
        let (Some(child), Some(parent)) =
            (of(one.pair.child, &one.pair.columns), of(one.pair.parent, &one.pair.key))
        else {
            continue;
        };
        if child.values == 0 || parent.values == 0 {
            if one.declared {
                held.push((one, None));
            }
            continue;
        }
        let found = looked_up.get(&one.pair).cloned();
        let measured = found.unwrap_or_else(|| measure(child, parent, None));
        if measured.containment >= Some(TOGETHER) || proposed.contains(&one.pair) {
            held.push((one, Some(measured)));
        }
    }
    Ok(held.into_iter().map(|(s, measured)| (s.pair, measured)).collect())
}

fn sets_of<'a>(all: impl Iterator<Item = &'a Vec<usize>>) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = all.cloned().collect();
    sets.sort();
    sets.dedup();
    sets
}

fn read_sets(
    at: usize,
    table: &Table,
    sets: &[Vec<usize>],
    rows: Option<f64>,
    sketches: &mut Sketches,
) -> Result<()> {
    let missing: Vec<Vec<usize>> =
        sets.iter().filter(|set| !sketches.contains_key(&(at, set.to_vec()))).cloned().collect();
    if !missing.is_empty() {
        for (set, sketch) in missing.iter().zip(read(table, &missing, rows)?) {
            sketches.insert((at, set.clone()), sketch);
        }
    }
    Ok(())
}

/// A decision as a candidate.
fn described(tables: &[Table], decided: Decided) -> NewCandidate {
    let Decided { pair, facts, weighed } = decided;
    let (child, parent) = (&tables[pair.child], &tables[pair.parent]);
    let columns1: Vec<String> =
        pair.columns.iter().map(|c| child.columns[*c].name.clone()).collect();
    let columns2: Vec<String> = pair.key.iter().map(|c| parent.columns[*c].name.clone()).collect();
    let measured = &facts.measured;
    let share = measured.containment.unwrap_or(1.0);
    let outer = measured.null_share > 0.0 || share < 1.0;
    let risk = match () {
        () if share < 0.95 => "HIGH",
        () if measured.containment.is_none() || share < 1.0 || measured.null_share > 0.1 => {
            "MEDIUM"
        }
        () if !facts.key_declared => "MEDIUM",
        () => "LOW",
    };
    let evidence = json!({ "parts": weighed.parts, "measured": measured });
    // Rounded: a rejection stands until the evidence is another, not until a row
    // is added.
    let finding =
        format!("{}/{:.1}/{:.1}/{}", facts.declared, share, measured.coverage, facts.key_declared);
    NewCandidate {
        condition: condition(&child.name, &columns1, &parent.name, &columns2),
        name1: child.name.clone(),
        table1: child.oid.to_string(),
        columns1,
        name2: parent.name.clone(),
        table2: parent.oid.to_string(),
        columns2,
        join_type: if outer { "LEFT" } else { "INNER" }.to_string(),
        confidence: weighed.confidence,
        confidence_level: weighed.level().as_str().to_string(),
        reason: weighed.reason(),
        assumptions: assumptions(&facts, child, parent),
        risk_level: risk.to_string(),
        evidence,
        finding,
        source: if facts.declared { "declared" } else { "discovered" }.to_string(),
    }
}

/// The condition, by logical names. A table that refers to itself is called
/// parent where it is referred to.
pub(super) fn condition(
    name1: &str,
    columns1: &[String],
    name2: &str,
    columns2: &[String],
) -> String {
    let other = if name1 == name2 { "parent" } else { name2 };
    let each: Vec<String> = columns1
        .iter()
        .zip(columns2)
        .map(|(a, b)| format!("{}.{} = {}.{}", plain(name1), plain(a), plain(other), plain(b)))
        .collect();
    each.join(" AND ")
}

fn assumptions(
    facts: &crate::core::joins::evidence::Facts,
    child: &Table,
    parent: &Table,
) -> Vec<String> {
    let mut all = Vec::new();
    let measured = &facts.measured;
    if !facts.key_declared {
        all.push(format!(
            "the key of {} stays unique: it is so in fact, and not declared",
            parent.name
        ));
    }
    match measured.containment {
        None => all.push(
            "there were no values to compare: names and types alone speak for it".to_string(),
        ),
        Some(_) if (measured.compared as f64) < measured.child_distinct => all.push(format!(
            "{} of about {:.0} distinct values were compared",
            measured.compared, measured.child_distinct
        )),
        Some(_) => {}
    }
    if measured.containment.is_some_and(|share| share < 1.0) {
        all.push(format!("some values of {} are not in {}", child.name, parent.name));
    }
    if measured.null_share > 0.0 {
        let percent = (measured.null_share * 1000.0).round() / 10.0;
        all.push(format!("{percent} % of the rows of {} have no value", child.name));
    }
    if facts.width > 1 {
        all.push("the columns belong together, in this order".to_string());
    }
    all
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
            .map(|oid| joinable(oid.to_u32()))
            .collect::<Result<_>>()?;
        let (name1, name2) = (asked.first(), asked.get(1));
        let (name1, name2) = (name1.map(|t| t.name.as_str()), name2.map(|t| t.name.as_str()));
        let known = elevated(|| joins::candidates(name1, name2))?;
        if !known.is_empty() || name2.is_none() {
            return Ok(known.into_iter().map(row).collect());
        }
        require_writable(false)?;
        let oids: Vec<u32> = asked.iter().map(|t| t.relation).collect();
        let pair = readable(&oids, &caller)?;
        let classes =
            |table: &Table| -> Vec<_> { table.columns.iter().filter_map(|c| c.class).collect() };
        let (one, other) = (&pair[0], pair.last().unwrap_or(&pair[0]));
        if !classes(one).iter().any(|class| classes(other).contains(class)) {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                format!("{} and {} have no columns that could be compared", one.label, other.label),
                "Columns are compared where their types are of one kind: numbers, texts, uuids, dates and timestamps, or the same other type.",
                "Look at their columns: \\d. A cast in a view that is governed makes them comparable.",
            ));
        }
        let mut new = discover(pair, SHOWN, &[])?;
        let between = |n: &NewCandidate| {
            (Some(n.name1.as_str()), Some(n.name2.as_str())) == (name1, name2)
                || (Some(n.name2.as_str()), Some(n.name1.as_str())) == (name1, name2)
        };
        new.retain(between);
        stored(&new, None, &caller)
    };
    TableIterator::new(run().or_raise())
}

/// A governed table that can be joined.
///
/// # Errors
/// 55000 where it is not governed, or neither READ_ONLY nor ACTIVE.
pub(super) fn joinable(relid: u32) -> Result<tables::Row> {
    let row = elevated(|| tables::governed(relid))?;
    match row.state {
        State::ReadOnly | State::Active => Ok(row),
        state => Err(SpyneError::new(
            Code::WrongState,
            format!("{} is {}: it is not joined", catalogs::label(relid), state.as_str()),
            "Joins are between tables that are READ_ONLY or ACTIVE.",
            "See what its name means to readers: SELECT * FROM spyne_resolve(ARRAY['name']);",
        )),
    }
}

/// These tables, as the caller may read them, in their order.
///
/// # Errors
/// 42501 where the caller may read neither the table nor its governed view.
pub(super) fn readable(oids: &[u32], caller: &Caller) -> Result<Vec<Table>> {
    let found = elevated(|| joins::tables(None, Some(oids), caller.user))?;
    if let Some(hidden) = found.hidden.first() {
        return Err(SpyneError::new(
            Code::InsufficientPrivilege,
            format!("permission denied to read {}", hidden.label),
            "Joins are looked at with the rights of the caller, by the table or by its governed view.",
            format!("Its owner can run: GRANT SELECT ON {} TO ...;", hidden.label),
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
                return Err(SpyneError::new(
                    Code::WrongState,
                    format!("{} is not the version that its name means now", catalogs::label(*oid)),
                    "Joins are between what logical names mean now: the ACTIVE version, else the READ_ONLY one.",
                    "See it: SELECT * FROM spyne_resolve(ARRAY['name']);",
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
        let relid1 = given(table1, "table1", hint)?.to_u32();
        let relid2 = given(table2, "table2", hint)?.to_u32();
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
            && known.status == "rejected"
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
    let (child, parent) = (tables[pair.child].clone(), tables[pair.parent].clone());
    let columns = |table: &Table, set: &[usize]| -> Vec<String> {
        set.iter().map(|c| table.columns[*c].name.clone()).collect()
    };
    let (columns1, columns2) = (columns(&child, &pair.columns), columns(&parent, &pair.key));
    let found = discover(tables, 1.1, std::slice::from_ref(pair))?;
    let mine = |n: &&NewCandidate| {
        n.name1 == child.name
            && n.name2 == parent.name
            && n.columns1 == columns1
            && n.columns2 == columns2
    };
    let new = found.iter().find(mine).cloned().ok_or_else(|| {
        SpyneError::new(
            Code::Internal,
            "the proposed join was not weighed",
            "This is a defect of spyne.",
            "Report it, with the definitions of the two tables.",
        )
    })?;
    let source = if new.source == "declared" { "declared" } else { "proposed" };
    Ok(NewCandidate { source: source.to_string(), ..new })
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
                format!("{} has no column \"{name}\"", table.label),
                format!("{argument} names columns of {}: {}.", table.label, known.join(", ")),
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
            format!("Both sides are {}.", child.label),
            hint,
        ));
    }
    Ok(())
}
