//! Finds which added column may be a removed one under another name, where only the two
//! descriptions are known. The result is a suggestion, with a confidence.
//!
//! The confidence is a weighted sum, as in composite schema matchers (Do and
//! Rahm, COMA, VLDB 2002): how the names resemble each other, how the types fit,
//! and whether the columns stand at the same place among their neighbours.

use super::snapshot::Column;
use super::types::{Fit, fit};
use crate::words::likeness::of_names;
use crate::words::split::{common_first, without_first, words};

/// The confidence from which on a pair counts as a rename; below it, the pair is two
/// changes.
pub const CERTAIN: f64 = 0.8;

/// The confidence from which on the two changes mention each other.
const POSSIBLE: f64 = 0.55;

const NAME: f64 = 0.65;
const TYPE: f64 = 0.2;
const PLACE: f64 = 0.15;

/// The least distance to the next best pair: a closer rival makes a pair uncertain.
const MARGIN: f64 = 0.1;

/// The most pairs that are compared. Among more, no pair would be certain.
const MOST_PAIRS: usize = 100_000;

/// A removed and an added column that may be one.
#[derive(Clone, Copy, Debug)]
pub struct Suggestion<'a> {
    pub old: &'a Column,
    pub new: &'a Column,
    /// 0 to 1.
    pub confidence: f64,
}

/// The likeliest pairs, with each column in at most one of them.
pub fn suggest<'a>(
    old: &'a [Column],
    new: &'a [Column],
    gone: &[&'a Column],
    added: &[&'a Column],
) -> Vec<Suggestion<'a>> {
    if gone.len() * added.len() > MOST_PAIRS {
        return Vec::new();
    }
    let (gone_words, added_words) = (words_of(old, gone), words_of(new, added));
    let mut all: Vec<Suggestion> = Vec::new();
    for (was, was_words) in gone.iter().zip(&gone_words) {
        for (now, now_words) in added.iter().zip(&added_words) {
            let confidence = NAME * of_names(was_words, now_words)
                + TYPE * type_likeness(was, now)
                + PLACE * place_likeness(old, new, was, now);
            if confidence >= POSSIBLE {
                all.push(Suggestion { old: was, new: now, confidence });
            }
        }
    }
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut chosen: Vec<Suggestion> = Vec::new();
    for one in &all {
        let rival = |other: &&Suggestion| {
            let same_old = std::ptr::eq(other.old, one.old);
            let same_new = std::ptr::eq(other.new, one.new);
            same_old != same_new
        };
        let taken = |c: &Suggestion| std::ptr::eq(c.old, one.old) || std::ptr::eq(c.new, one.new);
        if chosen.iter().any(taken) {
            continue;
        }
        let contested =
            all.iter().filter(rival).any(|other| other.confidence > one.confidence - MARGIN);
        let confidence = match contested {
            true => one.confidence.min(CERTAIN - 0.01),
            false => one.confidence,
        };
        chosen.push(Suggestion { confidence, ..*one });
    }
    chosen
}

/// The words of some columns, without a first word that most columns of the table have
/// in common: exports often put their own name before each.
fn words_of(all: &[Column], some: &[&Column]) -> Vec<Vec<String>> {
    let names: Vec<Vec<String>> = all.iter().map(|column| words(&column.name)).collect();
    let mut found: Vec<Vec<String>> = some.iter().map(|column| words(&column.name)).collect();
    if let Some(common) = common_first(&names) {
        without_first(&mut found, &common);
    }
    found
}

fn type_likeness(was: &Column, now: &Column) -> f64 {
    match fit(&was.data_type, was.facts.as_ref(), &now.data_type, now.facts.as_ref()) {
        Fit::Same => 1.0,
        Fit::Wider | Fit::Checked => 0.8,
        Fit::Lossy => 0.5,
        Fit::Other => -1.0,
    }
}

/// Whether the neighbours on both sides are the same.
fn place_likeness(old: &[Column], new: &[Column], was: &Column, now: &Column) -> f64 {
    let place = |all: &[Column], one: &Column| all.iter().position(|c| std::ptr::eq(c, one));
    let (Some(i), Some(j)) = (place(old, was), place(new, now)) else {
        return 0.0;
    };
    let name =
        |all: &[Column], at: Option<usize>| at.and_then(|at| all.get(at)).map(|c| c.name.clone());
    let before = name(old, i.checked_sub(1)) == name(new, j.checked_sub(1));
    let after = name(old, Some(i + 1)) == name(new, Some(j + 1));
    match (before, after) {
        (true, true) => 1.0,
        (true, false) | (false, true) => 0.7,
        _ if i.abs_diff(j) <= 1 => 0.6,
        _ => 0.0,
    }
}
