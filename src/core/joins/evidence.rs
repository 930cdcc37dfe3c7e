//! What is known of a pair, weighed into a confidence.
//!
//! Each kind of evidence adds its weight in log-odds to a sceptical beginning;
//! the sum becomes a probability by the logistic function, as in logistic
//! regression over the features of Rostin et al. (WebDB 2009) and Zhang et al.,
//! "On multi-column foreign key discovery" (PVLDB 2010). The weights are judged,
//! not fitted, so that each can be explained: `cargo xtask bench joins` shows what
//! they find.

use serde::Serialize;

use super::Level;
use super::sketch::{Overlap, Sketch};

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    pub evidence: &'static str,
    /// In log-odds: 0 says nothing, 1 makes it 2.7 times as likely.
    pub weight: f64,
    pub says: String,
}

/// What two samples of values tell of each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// The share of the referring side's rows with a value that is in the key;
    /// None where it has no values, or none that could be compared.
    pub containment: Option<f64>,
    /// The same share, of its distinct values.
    pub value_share: f64,
    /// Distinct values that were compared.
    pub compared: u64,
    /// The share of the key's values that are referred to, at least.
    pub coverage: f64,
    /// The share of the key's values between the smallest and the largest that
    /// are referred to; None for what has no order here.
    pub range: Option<f64>,
    /// How much the containment says by itself, 0 to 1: nothing for small numbers
    /// in a key of 1 to n.
    pub surprise: f64,
    /// Distinct values of the referring side, and of the key.
    pub child_distinct: f64,
    pub parent_distinct: f64,
    /// The share of rows of the referring side without a value.
    pub null_share: f64,
    pub child_unique: bool,
}

/// Compared values below which a containment is undecided while there are more.
const TOO_FEW: u64 = 24;

/// Whether so many compared values of so many do not tell.
pub fn too_few(compared: u64, distinct: f64) -> bool {
    (compared as f64) < distinct && compared < TOO_FEW
}

impl Measured {
    /// Whether too little could be compared to tell.
    pub fn is_undecided(&self) -> bool {
        too_few(self.compared, self.child_distinct)
    }
}

/// Compares the samples of two columns, or of two sets of columns. `child_distinct`
/// is what statistics say, where the sample is of some rows only.
pub fn measure(child: &Sketch, parent: &Sketch, child_distinct: Option<f64>) -> Measured {
    measured(child, parent, child.within(parent), child_distinct)
}

/// As [`measure`], where it was found elsewhere what of the child is in the parent.
pub fn measured(
    child: &Sketch,
    parent: &Sketch,
    overlap: Overlap,
    child_distinct: Option<f64>,
) -> Measured {
    let own = child.distinct();
    let distinct = child_distinct.map_or(own, |known| known.max(own));
    let there = parent.distinct().max(1.0);
    let rows = (child.values + child.nulls).max(1) as f64;
    Measured {
        containment: overlap.share(),
        value_share: overlap.value_share(),
        compared: overlap.values,
        coverage: (overlap.value_share() * distinct / there).min(1.0),
        range: overlap.range.and_then(|range| span(range, parent)),
        surprise: surprise(&overlap, parent),
        child_distinct: distinct,
        parent_distinct: parent.distinct(),
        null_share: child.nulls as f64 / rows,
        child_unique: child.is_unique(),
    }
}

/// The share of the key's values that lie between the smallest and the largest of
/// those that are referred to (the feature "out of range" of Rostin et al., turned
/// around).
fn span((low, high): (i64, i64), parent: &Sketch) -> Option<f64> {
    let numbers = parent.numbers();
    if numbers.is_empty() {
        return None;
    }
    let from = numbers.partition_point(|n| *n < low);
    let to = numbers.partition_point(|n| *n <= high);
    Some(to.saturating_sub(from) as f64 / numbers.len() as f64)
}

/// How surprising it is that values lie in the key: where the key leaves out few of
/// the numbers between the smallest and the largest of them, any number does.
fn surprise(overlap: &Overlap, parent: &Sketch) -> f64 {
    let found = overlap.values_found as f64;
    let per_value = match overlap.range.zip(parent.range) {
        // A text or uuid does not lie in another column by chance; a handful of
        // short codes may.
        None => 2.0,
        Some(((low, high), _)) => {
            let numbers = parent.numbers();
            let step = numbers
                .windows(2)
                .map(|pair| pair[1].abs_diff(pair[0]))
                .fold(0, greatest_common_divisor)
                .max(1);
            // Of a sample, only the spread is known: its steps are too wide.
            let step = if parent.threshold.is_some() { unit(step) } else { step };
            let from = numbers.partition_point(|n| *n < low);
            let to = numbers.partition_point(|n| *n <= high);
            let kept = to.saturating_sub(from) as f64;
            // What the sample keeps of so small a range tells nothing.
            if parent.threshold.is_some() && kept < 8.0 {
                return 0.0;
            }
            // As dense as it may well be, where a sample is all there is.
            let kept = match parent.threshold {
                Some(_) => kept + 2.0 * kept.sqrt() + 2.0,
                None => kept,
            };
            let there = kept * parent.distinct() / numbers.len().max(1) as f64;
            let places = high.abs_diff(low) as f64 / step as f64 + 1.0;
            (1.0 / (there / places).clamp(1e-6, 1.0)).ln()
        }
    };
    1.0 - (-(per_value * found) / 12.0).exp()
}

/// A day, where the step between sampled values is a number of days; else one.
fn unit(step: u64) -> u64 {
    const DAY: u64 = 86_400_000_000;
    if step.is_multiple_of(DAY) { DAY } else { 1 }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// All that is known of a pair.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// A foreign key is declared.
    pub declared: bool,
    /// How much the names speak of it, 0 to 1; None where names say nothing.
    pub names: Option<f64>,
    /// The name speaks of another table or key more than of this.
    pub named_elsewhere: bool,
    /// Beside the column is one for the type of what it refers to: owner_type for
    /// owner_id.
    pub polymorphic: bool,
    /// The referring column is called as keys are.
    pub called_key: bool,
    /// The referring column is called as measures and descriptions are.
    pub called_measure: bool,
    /// The key is called as measures and descriptions are.
    pub key_called_measure: bool,
    /// The key refers to another by the same name, and the column could mean either.
    pub heir: bool,
    /// Both sides are columns of one table.
    pub within_table: bool,
    /// One of several columns is a date or timestamp.
    pub has_time: bool,
    pub measured: Measured,
    /// How much the key looks like one, in log-odds: see [`super::keys`].
    pub key_likeness: f64,
    /// Whether the table has a likelier key than this.
    pub has_better_key: bool,
    pub key_declared: bool,
    /// The key is called as keys are.
    pub key_called_key: bool,
    /// Whether the referring columns are the main key of their own table.
    pub child_is_key: bool,
    /// Whether they are called for it.
    pub child_is_own_key: bool,
    /// Columns in step.
    pub width: usize,
    /// Whether each of several columns refers to another table by itself.
    pub explained: bool,
}

/// The parts and what they come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    pub parts: Vec<Part>,
    /// 0 to 1.
    pub confidence: f64,
}

impl Weighed {
    pub fn level(&self) -> Level {
        Level::of(self.confidence)
    }

    /// Those parts that say most, in words.
    pub fn reason(&self) -> String {
        let mut parts: Vec<&Part> = self.parts.iter().filter(|p| !p.says.is_empty()).collect();
        parts.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        let said: Vec<&str> = parts.iter().take(4).map(|p| p.says.as_str()).collect();
        said.join("; ")
    }
}

/// Of all pairs of columns few are references.
const BEGINNING: f64 = -2.0;

/// Without any value to look at, nobody can be sure.
const MOST_WITHOUT_VALUES: f64 = 0.79;

/// Weighs what is known.
pub fn weigh(facts: &Facts) -> Weighed {
    let mut parts = Vec::new();
    let mut add = |evidence, weight: f64, says: String| {
        let weight = (weight * 100.0).round() / 100.0;
        if weight != 0.0 {
            parts.push(Part { evidence, weight, says });
        }
    };
    if facts.declared {
        add("declared", 20.0, "a foreign key is declared".into());
    }
    let measured = &facts.measured;
    let dense = measured.surprise < 0.5;
    names(facts, &mut add);
    containment(facts, &mut add);
    coverage(measured, dense, &mut add);
    let key = facts.key_likeness.clamp(-2.5, 1.5);
    let says = match (facts.key_declared, key) {
        (true, _) => "the key is declared".to_string(),
        (_, k) if k > 0.5 => "what is referred to looks like a key".to_string(),
        (_, k) if k < -0.5 => "what is referred to does not look like a key".to_string(),
        _ => String::new(),
    };
    add("key", key, says);
    if facts.has_better_key {
        let weight = match (facts.key_declared, facts.key_called_key) {
            (true, _) => -0.7,
            (_, true) => -1.8,
            _ => -3.0,
        };
        add("another key", weight, "the table has a likelier key".into());
        if facts.key_called_measure && !facts.key_declared {
            add("copy", -2.5, "what is referred to describes a row and does not name it".into());
        }
    }
    if facts.child_is_key && !facts.declared {
        let weight = match facts.names {
            // Of all keys by one name this is the one that it is called for.
            _ if facts.child_is_own_key => -3.5,
            Some(names) if names >= 0.93 => -0.3,
            Some(_) => -3.0,
            None => -2.2,
        };
        let says = "the referring columns are the key of their own table".to_string();
        add("key to key", weight, says);
    }
    // A table refers to itself by its key, and its key refers to no other column.
    if facts.within_table && !facts.declared && (facts.has_better_key || facts.child_is_key) {
        add("within a table", -9.0, "a table refers to itself by its key only".to_string());
    }
    if facts.within_table && facts.names.is_none() && !facts.declared {
        add("within a table", -2.0, "few tables refer to themselves".to_string());
    }
    if facts.has_time && !facts.declared && !facts.key_declared {
        add(
            "time",
            if measured.child_unique { -9.0 } else { -1.5 },
            "times are seldom part of a reference".to_string(),
        );
    }
    if facts.width > 1 && facts.explained && measured.child_unique && !facts.declared {
        let says = "each of the columns refers to a table of its own".to_string();
        add("explained", -3.0, says);
    }
    let sum = BEGINNING + parts.iter().map(|p| p.weight).sum::<f64>();
    let confidence = 1.0 / (1.0 + (-sum).exp());
    let confidence = match measured.containment {
        None if !facts.declared => confidence.min(MOST_WITHOUT_VALUES),
        _ => confidence,
    };
    Weighed { parts, confidence: (confidence * 1000.0).round() / 1000.0 }
}

fn names(facts: &Facts, add: &mut impl FnMut(&'static str, f64, String)) {
    let Some(likeness) = facts.names else {
        return;
    };
    let (weight, says) = match likeness {
        n if n >= 0.93 => (4.2, "it is called for what it refers to"),
        n if n >= 0.8 => (3.4, "its name ends in what it refers to"),
        n if n >= 0.64 => (2.4, "its name speaks of what it refers to"),
        n if n >= 0.45 => (0.8, ""),
        _ if facts.called_key && !facts.named_elsewhere && facts.measured.surprise >= 0.5 => {
            (-0.8, "its name speaks of a key, not of this one")
        }
        // A number in a key of 1 to n, by another name: anything.
        _ if facts.measured.surprise < 0.5 => (-4.0, "its name does not speak of it"),
        _ => (-2.2, "its name does not speak of it"),
    };
    add("names", weight, says.to_string());
    if facts.polymorphic && likeness < 0.7 {
        let says = "another column says what kind of thing it refers to".to_string();
        add("polymorphic", -7.0, says);
    }
    if facts.named_elsewhere {
        add("named elsewhere", -2.5, "its name speaks of another table".to_string());
    }
    if facts.called_measure {
        let weight = if likeness >= 0.8 { -1.0 } else { -3.0 };
        add("measure", weight, "it is called as measures and descriptions are".to_string());
    }
}

fn containment(facts: &Facts, add: &mut impl FnMut(&'static str, f64, String)) {
    let measured = &facts.measured;
    let Some(share) = measured.containment else {
        add("no values", -0.3, "there are no values to compare".to_string());
        return;
    };
    let percent = format!("{:.4}", share * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    let says = format!(
        "{percent} % of the rows have a value that is in the key ({} values compared)",
        measured.compared
    );
    let weight = match share {
        s if s >= 0.999 => 0.5 + 3.0 * measured.surprise,
        s if s >= 0.98 => 2.5 * measured.surprise,
        s if s >= 0.95 => 1.5 * measured.surprise - 0.5,
        // Of several columns, each is mostly there by itself.
        _ if facts.width > 1 => -5.0,
        s if s >= 0.9 => measured.surprise - 1.5,
        s if s >= 0.8 => -4.0,
        s if s >= 0.7 => -5.0,
        _ => -8.0,
    };
    // Orphans are few rows; what is in no key for most of its values is something
    // else.
    let weight = if measured.value_share < 0.5 { weight - 3.0 } else { weight };
    // Two or three values are in anything.
    let few = measured.child_distinct < 4.0 && weight > 0.0;
    add("containment", if few { 0.6 * weight } else { weight }, says);
}

fn coverage(measured: &Measured, dense: bool, add: &mut impl FnMut(&'static str, f64, String)) {
    if measured.containment.is_none() {
        return;
    }
    let percent = (measured.coverage * 1000.0).round() / 10.0;
    let says = format!("{percent} % of the key's values are referred to");
    let weight = match measured.coverage {
        c if c >= 0.9 => 1.5,
        c if c >= 0.5 => {
            if dense {
                0.4
            } else {
                0.8
            }
        }
        c if c >= 0.05 => 0.0,
        _ if dense => -0.8,
        _ => 0.0,
    };
    add("coverage", weight, says);
    if let Some(range) = measured.range {
        let percent = (range * 1000.0).round() / 10.0;
        let weight = match range {
            r if r >= 0.95 => 1.0,
            r if r >= 0.5 => 0.0,
            _ if dense => -1.0,
            _ => -0.3,
        };
        add("range", weight, format!("its values span {percent} % of the key's"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::sketch::{Builder, Value, of_bytes};

    fn numbers(all: impl IntoIterator<Item = i64>) -> Sketch {
        let mut builder = Builder::default();
        all.into_iter().for_each(|n| builder.add(Value::Whole(n)));
        builder.finish()
    }

    fn texts(all: impl IntoIterator<Item = String>) -> Sketch {
        let mut builder = Builder::default();
        all.into_iter().for_each(|t| builder.add(Value::Hashed(of_bytes(t.as_bytes()))));
        builder.finish()
    }

    #[test]
    fn small_numbers_in_a_key_of_one_to_n_say_little() {
        let small = measure(&numbers((0..500).map(|n| n % 7 + 1)), &numbers(1..=1000), None);
        assert_eq!(small.containment, Some(1.0));
        assert!(small.surprise < 0.01 && small.range < Some(0.01));
        let sparse = measure(
            &numbers((0..500).map(|n| n * 97)),
            &numbers((0..1000).map(|n| n * 97 + i64::from(n % 2 == 1 && n > 500))),
            None,
        );
        assert!(sparse.surprise > 0.9, "{}", sparse.surprise);
    }

    #[test]
    fn texts_in_a_key_say_much() {
        let key = texts((0..300).map(|n| format!("C{n:05}")));
        let child = texts((0..90).map(|n| format!("C{:05}", n * 3)));
        let measured = measure(&child, &key, None);
        assert!(measured.surprise > 0.99);
        assert!((measured.coverage - 0.3).abs() < 0.01);
    }

    #[test]
    fn what_cannot_be_told_is_undecided() {
        let few = measure(&numbers(1..=20), &numbers(1..=1_000_000), None);
        assert!(few.is_undecided(), "{few:?}");
        assert!(!measure(&numbers(1..=20), &numbers(1..=1000), None).is_undecided());
    }

    #[test]
    fn evidence_adds_up() {
        let good = Measured {
            containment: Some(1.0),
            value_share: 1.0,
            compared: 500,
            coverage: 0.95,
            range: Some(1.0),
            child_distinct: 500.0,
            ..Measured::default()
        };
        let of = |names, measured: &Measured| {
            weigh(&Facts {
                names,
                measured: measured.clone(),
                key_likeness: 1.0,
                width: 1,
                ..Facts::default()
            })
        };
        assert!(of(Some(1.0), &good).confidence > 0.95);
        let nameless = of(None, &good).confidence;
        assert!((0.5..0.95).contains(&nameless), "{nameless}");
        assert!(of(Some(0.0), &good).confidence < 0.5);
        let orphans = Measured { containment: Some(0.4), ..good.clone() };
        assert!(of(Some(1.0), &orphans).confidence < 0.5);
        let nothing = Measured::default();
        assert!(of(Some(1.0), &nothing).confidence <= MOST_WITHOUT_VALUES);
        let declared = weigh(&Facts { declared: true, ..Facts::default() });
        assert!(declared.confidence > 0.99);
        assert!(of(Some(1.0), &good).reason().contains("called for"));
    }
}
