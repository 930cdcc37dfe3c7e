//! The path of a discovery: the stages of `core::joins` one after the other. Only this
//! module reads data between them, and tells how far the discovery is.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::guc;
use crate::pg::caller_rights::as_caller_only;
use crate::pg::elevate::elevated;
use crate::pg::trial;
use crate::report;
use crate::store::{joinable, samples};
use spyne_core::joins::candidate::NewCandidate;
use spyne_core::joins::compare::{Compared, Comparison};
use spyne_core::joins::lookup::{KeyLookup, Told, lookups};
use spyne_core::joins::reading::{self, Reading};
use spyne_core::joins::samples::Samples;
use spyne_core::joins::scope::DiscoveryScope;
use spyne_core::joins::several;
use spyne_core::joins::sketch::Sketch;
use spyne_core::joins::table::{Pair, Table};
use spyne_core::joins::weighing::{Decided, Pairs, Weighing};
use spyne_core::kernel::digest::of_several;
use spyne_core::kernel::error::Result;

/// The candidates between these tables that are at least as likely as `least`, the
/// likeliest first, and then those that are `proposed`, however unlikely. Must be
/// called as the caller, whose rights decide what is read.
///
/// # Errors
/// XX000. A table that cannot be read is left out, with a notice.
pub(super) fn discover(
    tables: Vec<Table>,
    least: f64,
    proposed: &[Pair],
) -> Result<Vec<NewCandidate>> {
    let mut progress = Progress { last: Instant::now() };
    let rows = f64::from(guc::join_sample_rows());

    let scope = DiscoveryScope::new(as_caller_only(|c| joinable::with_statistics(c, tables))?);
    let readings = reading::choose(&scope, proposed, rows);
    let of = scope.tables.len();
    let samples =
        read(&scope, &readings, &mut progress, |at, _| format!("{at} of {of} tables read"))?;
    let compared = compare(&scope, &samples, proposed, &mut progress);
    let (compared, samples) = read_together(&scope, compared, samples, rows, &mut progress)?;
    let told = look_up(&scope, &samples, &compared, &mut progress)?;
    let decided = decide(&scope, &samples, &compared, &told, least, proposed, &mut progress);
    Ok(decided.iter().map(|decided| NewCandidate::of(&scope, decided)).collect())
}

/// Tells every two seconds how far the discovery is, and lets it be cancelled.
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

    /// The steps of a stage, with progress told at each of them.
    fn over<T>(&mut self, steps: impl Iterator<Item = T>, what: &str) -> impl Iterator<Item = T> {
        steps.inspect(move |_| self.say(|| what.to_string()))
    }
}

/// Reads the columns that were chosen, table by table. A table that cannot be read is
/// left out.
fn read(
    scope: &DiscoveryScope,
    readings: &[Reading],
    progress: &mut Progress,
    told: impl Fn(usize, &Table) -> String,
) -> Result<Samples> {
    let mut samples = Samples::default();
    let mut left_out: Option<usize> = None;
    for reading in readings {
        let table = &scope.tables[reading.table];
        progress.say(|| told(reading.table, table));
        if left_out == Some(reading.table) {
            continue;
        }
        match trial::caught(|| sketches(table, reading)) {
            Ok(found) => {
                for (set, mut sketch) in reading.sets.iter().zip(found?) {
                    sketch.shrink(reading.keep);
                    samples.add(reading.table, set.clone(), sketch);
                }
            }
            Err(error) => {
                report::notice(&format!("{} is left out: {error}", table.shown));
                left_out = Some(reading.table);
            }
        }
    }
    Ok(samples)
}

/// The sketches of the sets of columns. Those that an earlier discovery has read are
/// taken from there, while the table is the same; the others are read, and stored for
/// the next discovery.
fn sketches(table: &Table, reading: &Reading) -> Result<Vec<Sketch>> {
    let how = match reading.rows {
        // Where the limit allows all rows, the sample is all of them.
        Some(rows) if table.guessed_rows.is_none_or(|all| all > rows) => format!("{rows}"),
        _ => "all".to_string(),
    };
    let mut kept = elevated(|e| samples::kept(e, table, &how))?;
    let is_missing = |set: &&Vec<usize>| !kept.contains_key(&table.names_of(set));
    let missing: Vec<Vec<usize>> = reading.sets.iter().filter(is_missing).cloned().collect();
    if !missing.is_empty() {
        let fresh = as_caller_only(|c| samples::read(c, table, &missing, reading.rows))?;
        elevated(|e| samples::keep(e, table, &missing, &fresh, &how))?;
        kept.extend(missing.iter().map(|set| table.names_of(set)).zip(fresh));
    }
    let of = |set: &Vec<usize>| kept.get(&table.names_of(set)).cloned().unwrap_or_default();
    Ok(reading.sets.iter().map(of).collect())
}

fn compare(
    scope: &DiscoveryScope,
    samples: &Samples,
    proposed: &[Pair],
    progress: &mut Progress,
) -> Compared {
    let comparison = Comparison::new(scope, samples);
    let single = progress.over(comparison.single(), "comparing columns").flatten().collect();
    let several =
        progress.over(comparison.several(), "comparing several columns").flatten().collect();
    let several = several::with_proposed(several, proposed);
    Compared { single, several, keys: comparison.keys().to_vec() }
}

/// Reads several columns as one. The columns that are referred to come first, because
/// columns that are no key need no second look. Keeps only the pairs that refer to a
/// key.
fn read_together(
    scope: &DiscoveryScope,
    compared: Compared,
    samples: Samples,
    rows: f64,
    progress: &mut Progress,
) -> Result<(Compared, Samples)> {
    let keys =
        |_: usize, table: &Table| format!("looking for keys of several columns in {}", table.shown);
    let probes = several::probes(scope, &compared.several);
    let probed = read(scope, &probes, progress, keys)?;
    let readings = several::key_readings(scope, &compared.several, &probed, &samples);
    let samples = samples.and(read(scope, &readings, progress, keys)?);
    let several = several::that_are_keys(compared.several, &samples);
    let readings = several::child_readings(scope, &several, &samples, rows);
    let children = read(scope, &readings, progress, |_, table| {
        format!("comparing several columns of {}", table.shown)
    })?;
    Ok((Compared { several, ..compared }, samples.and(children)))
}

/// Looks up what the samples leave undecided.
fn look_up(
    scope: &DiscoveryScope,
    samples: &Samples,
    compared: &Compared,
    progress: &mut Progress,
) -> Result<Told> {
    let mut told = Told::new();
    for lookup in lookups(samples, &compared.undecided(samples)) {
        let table = &scope.tables[lookup.table];
        progress.say(|| format!("looking up values in {}", table.shown));
        told.extend(lookup.told(scope, samples, &found(table, &lookup)?));
    }
    Ok(told)
}

/// Which of the values are in the key. What an earlier discovery has found is used
/// again, for the same values in the same table.
fn found(table: &Table, lookup: &KeyLookup) -> Result<HashSet<u64>> {
    let how = format!("look-up {:016x}", of_several(lookup.wanted.iter().copied()));
    if let Some(kept) =
        elevated(|e| samples::kept(e, table, &how))?.remove(&table.names_of(&lookup.key))
    {
        return Ok(kept.hashes.into_iter().collect());
    }
    let found = as_caller_only(|c| samples::found_in(c, table, &lookup.key, &lookup.wanted))?;
    let kept = Sketch::of_hashes(found.iter().copied().collect());
    elevated(|e| samples::keep(e, table, std::slice::from_ref(&lookup.key), &[kept], &how))?;
    Ok(found)
}

fn decide(
    scope: &DiscoveryScope,
    samples: &Samples,
    compared: &Compared,
    told: &Told,
    least: f64,
    proposed: &[Pair],
    progress: &mut Progress,
) -> Vec<Decided> {
    let pairs = Pairs::new(compared, samples, told, proposed);
    let weighing = Weighing::new(scope, samples, &compared.keys, &pairs);
    let weighed: Vec<Decided> = progress.over(weighing.each(), "weighing what was found").collect();
    weighing.decide(&weighed, least, proposed)
}
