//! Weighs the evidence for a pair into a confidence.
//!
//! Each kind of evidence adds its weight in log-odds to a sceptical beginning;
//! the sum becomes a probability by the logistic function, as in logistic
//! regression over the features of Rostin et al. (WebDB 2009) and Zhang et al.,
//! "On multi-column foreign key discovery" (PVLDB 2010). The weights are those of
//! [`weights`].

use serde::Serialize;

use super::measure::Measured;
use super::weights::{self, MEANT, Weight};

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    pub evidence: &'static str,
    /// The weight in log-odds: 0 says nothing, 1 makes the pair 2.7 times as likely.
    pub weight: f64,
    pub says: String,
}

/// The evidence for a pair: see [`facts`](super::facts).
#[derive(Clone, Debug, Default)]
pub struct PairFacts {
    /// A foreign key is declared.
    pub declared: bool,
    /// How much the names suggest the pair, 0 to 1; None where names say nothing.
    pub names: Option<f64>,
    /// Whether the name suggests another table or key more than this one.
    pub named_elsewhere: bool,
    /// Whether the table has another column for the type of what this one refers to:
    /// owner_type for owner_id.
    pub polymorphic: bool,
    /// Whether the referring column is named as keys are.
    pub called_key: bool,
    /// Whether the referring column is named as measures and descriptions are.
    pub called_measure: bool,
    /// Whether the key is named as measures and descriptions are.
    pub key_called_measure: bool,
    /// Whether the key refers to another key of the same name, so that the column could
    /// mean either.
    pub heir: bool,
    /// Both sides are columns of one table.
    pub within_table: bool,
    /// One of several columns is a date or timestamp.
    pub has_time: bool,
    pub measured: Measured,
    /// How much the key looks like one, in log-odds: see [`keys`](super::keys).
    pub key_likeness: f64,
    /// Whether the table has a likelier key than this.
    pub has_better_key: bool,
    pub key_declared: bool,
    /// Whether the key is named as keys are.
    pub key_called_key: bool,
    /// Whether the referring columns are the main key of their own table.
    pub child_is_key: bool,
    /// Whether those columns are named after their own table.
    pub child_is_own_key: bool,
    /// The number of columns on each side.
    pub width: usize,
    /// Whether each of several columns refers to another table by itself.
    pub explained: bool,
}

/// How confident a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfidenceLevel {
    Low,
    Medium,
    High,
}

impl ConfidenceLevel {
    pub const fn of(confidence: f64) -> ConfidenceLevel {
        match confidence {
            c if c >= 0.8 => ConfidenceLevel::High,
            c if c >= 0.5 => ConfidenceLevel::Medium,
            _ => ConfidenceLevel::Low,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            ConfidenceLevel::High => "HIGH",
            ConfidenceLevel::Medium => "MEDIUM",
            ConfidenceLevel::Low => "LOW",
        }
    }
}

/// The parts of the evidence, and the confidence that they add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    pub parts: Vec<Part>,
    /// 0 to 1.
    pub confidence: f64,
}

impl Weighed {
    pub fn level(&self) -> ConfidenceLevel {
        ConfidenceLevel::of(self.confidence)
    }

    /// The sum of the parts in log-odds, without the sceptical beginning.
    pub fn sum(&self) -> f64 {
        self.parts.iter().map(|part| part.weight).sum()
    }

    /// The parts that weigh most, in words.
    pub fn reason(&self) -> String {
        let mut parts: Vec<&Part> = self.parts.iter().filter(|p| !p.says.is_empty()).collect();
        parts.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        let said: Vec<&str> = parts.iter().take(4).map(|p| p.says.as_str()).collect();
        said.join("; ")
    }
}

/// Weighs the evidence for a pair.
pub fn weigh(facts: &PairFacts) -> Weighed {
    let mut parts = Parts::default();
    if facts.declared {
        parts.add(weights::DECLARED);
    }
    names(facts, &mut parts);
    containment(facts, &mut parts);
    coverage(&facts.measured, &mut parts);
    key(facts, &mut parts);
    key_to_key(facts, &mut parts);
    within_a_table(facts, &mut parts);
    several(facts, &mut parts);
    let parts = parts.0;
    let sum = weights::BEGINNING.weight + parts.iter().map(|p| p.weight).sum::<f64>();
    let confidence = 1.0 / (1.0 + (-sum).exp());
    let confidence = match facts.measured.containment {
        None if !facts.declared => confidence.min(weights::MOST_WITHOUT_VALUES),
        _ => confidence,
    };
    Weighed { parts, confidence: (confidence * 1000.0).round() / 1000.0 }
}

/// The parts, as they are added up.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, row: Weight) {
        self.add_as(row.evidence, row.weight, row.says.to_string());
    }

    /// Adds a part whose weight or words depend on figures.
    fn add_as(&mut self, evidence: &'static str, weight: f64, says: String) {
        let weight = (weight * 100.0).round() / 100.0;
        if weight != 0.0 {
            self.0.push(Part { evidence, weight, says });
        }
    }
}

/// The likeness below which a name does not say that this table is meant, where the
/// table has a column for the type of what is referred to.
const NAMED_DESPITE_TYPE: f64 = 0.7;

fn names(facts: &PairFacts, parts: &mut Parts) {
    use weights::{
        CALLED_FOR_IT, ENDS_IN_IT, MAY_SPEAK_OF_IT, MEASURE, MEASURE_BY_NAME, NAMED_ELSEWHERE,
        POLYMORPHIC, SAYS_NOTHING, SAYS_NOTHING_OF_A_NUMBER, SPEAKS_OF_A_KEY, SPEAKS_OF_IT,
    };
    let Some(likeness) = facts.names else {
        return;
    };
    let dense = !facts.measured.is_surprising();
    let speaks = [CALLED_FOR_IT, ENDS_IN_IT, SPEAKS_OF_IT, MAY_SPEAK_OF_IT];
    parts.add(match weights::first_reached(&speaks, likeness) {
        Some(row) => row,
        None if facts.called_key && !facts.named_elsewhere && !dense => SPEAKS_OF_A_KEY,
        // A number in a key of 1 to n with another name can be anything.
        None if dense => SAYS_NOTHING_OF_A_NUMBER,
        None => SAYS_NOTHING,
    });
    if facts.polymorphic && likeness < NAMED_DESPITE_TYPE {
        parts.add(POLYMORPHIC);
    }
    if facts.named_elsewhere {
        parts.add(NAMED_ELSEWHERE);
    }
    if facts.called_measure {
        parts.add(if likeness >= MEANT { MEASURE_BY_NAME } else { MEASURE });
    }
}

fn containment(facts: &PairFacts, parts: &mut Parts) {
    use weights::{
        ALL_WITHIN, MANY_ORPHANS, MANY_WITHIN, MOST_VALUES_ELSEWHERE, MOST_WITHIN, MOSTLY_ORPHANS,
        NEARLY_ALL_WITHIN, SEVERAL_NOT_WITHIN, SOME_ORPHANS,
    };
    let measured = &facts.measured;
    let Some(share) = measured.containment else {
        parts.add(weights::NO_VALUES);
        return;
    };
    let percent = format!("{:.4}", share * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    let says = format!(
        "{percent} % of the rows have a value that is in the key ({} values compared)",
        measured.compared
    );
    let mostly = [ALL_WITHIN, NEARLY_ALL_WITHIN, MOST_WITHIN];
    let less = [MANY_WITHIN, SOME_ORPHANS, MANY_ORPHANS, MOSTLY_ORPHANS];
    let row = match weights::first_reached(&mostly, share) {
        Some(row) => row,
        // Each of several columns mostly has its values in the key by itself.
        None if facts.width > 1 => SEVERAL_NOT_WITHIN,
        None => weights::first_reached(&less, share).unwrap_or(MOSTLY_ORPHANS),
    };
    let mut weight = row.weight + row.by_surprise * measured.surprise;
    // Orphans are few rows. A column of which most values are in no key is something
    // else.
    if measured.value_share < 0.5 {
        weight += MOST_VALUES_ELSEWHERE.weight;
    }
    let few = measured.child_distinct < weights::FEW_VALUES && weight > 0.0;
    let weight = if few { weights::OF_FEW_VALUES * weight } else { weight };
    parts.add_as(row.evidence, weight, says);
}

fn coverage(measured: &Measured, parts: &mut Parts) {
    use weights::{
        HALF_COVERED, HALF_COVERED_BY_NUMBERS, HALF_SPANNED, HARDLY_COVERED_BY_NUMBERS,
        LITTLE_COVERED, LITTLE_SPANNED, LITTLE_SPANNED_BY_NUMBERS, MOST_COVERED, MOST_SPANNED,
    };
    if measured.containment.is_none() {
        return;
    }
    let in_percent = |share: f64| (share * 1000.0).round() / 10.0;
    let dense = !measured.is_surprising();
    let covered = match dense {
        true => [MOST_COVERED, HALF_COVERED_BY_NUMBERS, LITTLE_COVERED, HARDLY_COVERED_BY_NUMBERS],
        false => [MOST_COVERED, HALF_COVERED, LITTLE_COVERED, LITTLE_COVERED],
    };
    if let Some(row) = weights::first_reached(&covered, measured.coverage) {
        let percent = in_percent(measured.coverage);
        let says = format!("{percent} % of the key's values are referred to");
        parts.add_as(row.evidence, row.weight, says);
    }
    let Some(range) = measured.range else {
        return;
    };
    let last = if dense { LITTLE_SPANNED_BY_NUMBERS } else { LITTLE_SPANNED };
    if let Some(row) = weights::first_reached(&[MOST_SPANNED, HALF_SPANNED, last], range) {
        let says = format!("its values span {} % of the key's", in_percent(range));
        parts.add_as(row.evidence, row.weight, says);
    }
}

/// The log-odds beyond which a key looks like one, or does not.
const LOOKS: f64 = 0.5;

fn key(facts: &PairFacts, parts: &mut Parts) {
    use weights::{BETTER_KEY, BETTER_KEY_THAN_DECLARED, BETTER_KEY_THAN_NAMED, COPY};
    let (least, most) = (weights::KEY_LEAST.weight, weights::KEY_MOST.weight);
    let key = facts.key_likeness.clamp(least, most);
    let says = match (facts.key_declared, key) {
        (true, _) => "the key is declared",
        (_, k) if k > LOOKS => "what is referred to looks like a key",
        (_, k) if k < -LOOKS => "what is referred to does not look like a key",
        _ => "",
    };
    parts.add_as(weights::KEY_MOST.evidence, key, says.to_string());
    if facts.has_better_key {
        parts.add(match (facts.key_declared, facts.key_called_key) {
            (true, _) => BETTER_KEY_THAN_DECLARED,
            (_, true) => BETTER_KEY_THAN_NAMED,
            _ => BETTER_KEY,
        });
        if facts.key_called_measure && !facts.key_declared {
            parts.add(COPY);
        }
    }
}

fn key_to_key(facts: &PairFacts, parts: &mut Parts) {
    use weights::{KEY_TO_KEY, NAMED_KEY_TO_KEY, NAMELESS_KEY_TO_KEY, OWN_KEY_BY_NAME};
    if !facts.child_is_key || facts.declared {
        return;
    }
    parts.add(match facts.names {
        // Of all keys with one name, this is the one that is named after its own table.
        _ if facts.child_is_own_key => OWN_KEY_BY_NAME,
        Some(names) => weights::first_reached(&[NAMED_KEY_TO_KEY], names).unwrap_or(KEY_TO_KEY),
        None => NAMELESS_KEY_TO_KEY,
    });
}

fn within_a_table(facts: &PairFacts, parts: &mut Parts) {
    if !facts.within_table || facts.declared {
        return;
    }
    // A table refers to itself by its key, and its key refers to no other column of it.
    if facts.has_better_key || facts.child_is_key {
        parts.add(weights::WITHIN_BY_NO_KEY);
    }
    if facts.names.is_none() {
        parts.add(weights::WITHIN_NAMELESS);
    }
}

fn several(facts: &PairFacts, parts: &mut Parts) {
    let unique = facts.measured.child_unique;
    if facts.has_time && !facts.declared && !facts.key_declared {
        parts.add(if unique { weights::TIME_OF_A_KEY } else { weights::TIME });
    }
    if facts.width > 1 && facts.explained && unique && !facts.declared {
        parts.add(weights::EXPLAINED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            weigh(&PairFacts {
                names,
                measured: measured.clone(),
                key_likeness: 1.0,
                width: 1,
                ..PairFacts::default()
            })
        };
        assert!(of(Some(1.0), &good).confidence > 0.95);
        let nameless = of(None, &good).confidence;
        assert!((0.5..0.95).contains(&nameless), "{nameless}");
        assert!(of(Some(0.0), &good).confidence < 0.5);
        let orphans = Measured { containment: Some(0.4), ..good.clone() };
        assert!(of(Some(1.0), &orphans).confidence < 0.5);
        let nothing = Measured::default();
        assert!(of(Some(1.0), &nothing).confidence <= weights::MOST_WITHOUT_VALUES);
        let declared = weigh(&PairFacts { declared: true, ..PairFacts::default() });
        assert!(declared.confidence > 0.99);
        assert!(of(Some(1.0), &good).reason().contains("called for"));
    }
}
