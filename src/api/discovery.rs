//! The path of a discovery: what is read, in which order, and handed to the rules of
//! `core::joins`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;

use super::context::elevated;
use crate::guc;
use crate::pg::trial;
use crate::report;
use crate::store::joins::{self, NewCandidate};
use crate::store::samples;
use spyne_core::joins::candidates::{self, Sketches};
use spyne_core::joins::composite::{self, Several};
use spyne_core::joins::evidence::{Facts, Measured, measure, measured, weigh};
use spyne_core::joins::names::{Named, Names};
use spyne_core::joins::sketch::{K, Sketch, of_several};
use spyne_core::joins::weighing::{self, Decided, Index, Read, known_distinct};
use spyne_core::joins::{Pair, Table};
use spyne_core::kernel::error::Result;
use spyne_core::kernel::names::plain;

/// The memory that the samples of one discovery may take, in bytes.
const MEMORY: usize = 64 << 20;

/// Rows of a sample that is to show whether anything repeats.
const A_FEW_ROWS: f64 = 100_000.0;

/// The share of rows whose values must be there together: each is by itself.
const TOGETHER: f64 = 0.95;

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
pub(super) fn discover(
    mut tables: Vec<Table>,
    least: f64,
    proposed: &[Pair],
) -> Result<Vec<NewCandidate>> {
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
            // One table that cannot be read is no reason to look at none.
            let sampled = match trial::caught(|| read(table, &sets, rows)) {
                Ok(sampled) => sampled?,
                Err(error) => {
                    report::notice(&format!("{} is left out: {error}", table.label));
                    break;
                }
            };
            for (set, mut sketch) in sets.iter().zip(sampled) {
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
    let found = candidates::pairs(&tables, &keys, &sketches, &names, || {
        progress.say(|| "comparing columns".to_string());
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
    let mut several = composite::several(&tables, &keys, &sketches, &names, || {
        progress.say(|| "comparing several columns".to_string());
    });
    several.extend(
        proposed
            .iter()
            .filter(|pair| pair.columns.len() > 1)
            .map(|pair| Several { pair: pair.clone(), declared: true }),
    );
    pairs.extend(read_together(&tables, several, proposed, &mut sketches, &mut progress)?);
    for pair in proposed {
        if !pairs.iter().any(|(p, _)| p == pair) {
            pairs.push((pair.clone(), None));
        }
    }
    let read = Read { tables: &tables, names: &names, sketches: &sketches, keys: &keys };
    let mut decided = weighing::decide(&read, pairs.clone(), least, || {
        progress.say(|| "weighing what was found".to_string());
    });
    for pair in proposed {
        if !decided.iter().any(|d| d.pair == *pair) {
            let facts = weighing::facts(&read, pair, None, false, &Index::new(&pairs));
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
fn read_together(
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
    let several = composite::narrowest(several.into_iter().filter(|one| is_key(one)).collect());
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
fn condition(name1: &str, columns1: &[String], name2: &str, columns2: &[String]) -> String {
    let other = if name1 == name2 { "parent" } else { name2 };
    let each: Vec<String> = columns1
        .iter()
        .zip(columns2)
        .map(|(a, b)| format!("{}.{} = {}.{}", plain(name1), plain(a), plain(other), plain(b)))
        .collect();
    each.join(" AND ")
}

fn assumptions(facts: &Facts, child: &Table, parent: &Table) -> Vec<String> {
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
