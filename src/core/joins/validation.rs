//! Judges the figures of a join: its cardinality, warnings, and blockers of its
//! acceptance.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::accepted::AcceptedJoin;
use super::kinds::{JoinType, Risk};
use crate::kernel::role::Role;

/// The figures of a join, counted on all rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of the referring table, and those of them without a value in one of
    /// the columns.
    pub rows1: i64,
    pub nulls1: i64,
    /// Distinct values of the referring side.
    pub distinct1: i64,
    pub rows2: i64,
    pub nulls2: i64,
    pub distinct2: i64,
    /// Rows of each side with a value that the other has.
    pub matched1: i64,
    pub matched2: i64,
    /// The number of rows of the join.
    pub joined: i64,
    /// The most rows of the referring side with the same value, among those that
    /// the other side has.
    pub fan_out_max: i64,
}

/// How many rows of one side match one row of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    OneToOne,
    OneToMany,
    ManyToMany,
}

impl Cardinality {
    pub const fn as_str(self) -> &'static str {
        match self {
            Cardinality::OneToOne => "one_to_one",
            Cardinality::OneToMany => "one_to_many",
            Cardinality::ManyToMany => "many_to_many",
        }
    }
}

/// The percentage of rows without a value from which on there is a warning.
const MANY_NULLS: f64 = 10.0;

/// The number of rows for one of the other side from which on there is a warning.
const LARGE_FAN_OUT: i64 = 100;

impl Counts {
    /// The cardinality, seen from the referred table (table2).
    pub fn cardinality(&self) -> Cardinality {
        let repeats1 = self.rows1 - self.nulls1 > self.distinct1;
        let repeats2 = !self.parent_key_unique();
        match (repeats1, repeats2) {
            (false, false) => Cardinality::OneToOne,
            (true, true) => Cardinality::ManyToMany,
            _ => Cardinality::OneToMany,
        }
    }

    pub fn parent_key_unique(&self) -> bool {
        self.rows2 - self.nulls2 == self.distinct2
    }

    /// Rows of the referring side that have a value which the other side lacks.
    pub fn orphans(&self) -> i64 {
        self.rows1 - self.nulls1 - self.matched1
    }

    pub fn null_percent1(&self) -> f64 {
        percent(self.nulls1, self.rows1)
    }

    pub fn null_percent2(&self) -> f64 {
        percent(self.nulls2, self.rows2)
    }

    /// The percentage of orphans among the rows that have a value.
    pub fn orphan_percent(&self) -> f64 {
        percent(self.orphans(), self.rows1 - self.nulls1)
    }

    /// The average number of rows of the referring side for a row of the other that has
    /// any.
    pub fn fan_out_average(&self) -> f64 {
        match self.matched2 {
            0 => 0.0,
            rows => rounded(self.joined as f64 / rows as f64),
        }
    }

    /// Warnings to read before relying on the join.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (percent, side) in [(self.null_percent1(), "table1"), (self.null_percent2(), "table2")]
        {
            if percent > MANY_NULLS {
                warnings.push(format!(
                    "{percent} % of the rows of {side} have no value: an inner join leaves them out"
                ));
            }
        }
        if self.fan_out_max > LARGE_FAN_OUT {
            warnings.push(format!(
                "one row of table2 meets up to {} rows of table1: totals over table2 count it as often",
                self.fan_out_max
            ));
        }
        if self.orphans() > 0 {
            warnings.push(format!(
                "{} rows of table1 ({} %) have a value that table2 lacks: an inner join leaves them out",
                self.orphans(),
                self.orphan_percent()
            ));
        }
        let has_values = self.rows1 > self.nulls1;
        if has_values && !self.parent_key_unique() && self.cardinality() == Cardinality::OneToMany {
            warnings.push("the values of table2 repeat and those of table1 do not: it is table1 that is referred to".to_string());
        }
        if self.rows1 == self.nulls1 || self.rows2 == self.nulls2 {
            warnings.push("a side has no values: nothing is known of how they match".to_string());
        }
        warnings
    }

    /// The reasons why the join may not be accepted without an override. `most_orphans`
    /// is the share of orphans, 0 to 1, that is let through.
    pub fn blockers(&self, most_orphans: f64) -> Vec<String> {
        let mut blockers = Vec::new();
        if self.cardinality() == Cardinality::ManyToMany {
            blockers.push(
                "it is many to many: the key is not unique, and each row meets several".to_string(),
            );
        }
        let orphans = self.orphan_percent();
        if orphans > 100.0 * most_orphans {
            blockers.push(format!(
                "{orphans} % of the rows of table1 that have a value are orphans; the limit is {} %",
                rounded(100.0 * most_orphans)
            ));
        }
        blockers
    }

    /// How much can go wrong with the join.
    pub fn risk(&self, most_orphans: f64) -> Risk {
        let doubtful = self.orphans() > 0
            || self.null_percent1() > MANY_NULLS
            || self.fan_out_max > LARGE_FAN_OUT
            || self.rows1 == self.nulls1;
        match (self.blockers(most_orphans).is_empty(), doubtful) {
            (false, _) => Risk::High,
            (true, true) => Risk::Medium,
            (true, false) => Risk::Low,
        }
    }

    /// The kind of join that leaves no row of table1 out.
    pub fn join_type(&self) -> JoinType {
        JoinType::keeping(self.nulls1 == 0 && self.orphans() == 0)
    }
}

/// The result of validating a join.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated {
    pub counts: Counts,
    /// The reasons why the join may not be accepted without an override.
    pub blockers: Vec<String>,
    pub risk: Risk,
    /// Whether row level security applied: then the figures are of the rows that the
    /// caller sees.
    pub hides_rows: bool,
}

impl Validated {
    /// Judges the figures of a join. `most_orphans` is the share of orphans, 0 to 1,
    /// that is let through.
    pub fn new(counts: Counts, most_orphans: f64, hides_rows: bool) -> Validated {
        let mut blockers = counts.blockers(most_orphans);
        if hides_rows {
            blockers.push(
                "row level security hides rows from you: what you count is not all there is"
                    .to_string(),
            );
        }
        Validated { risk: counts.risk(most_orphans), counts, blockers, hides_rows }
    }

    /// The result as it is stored; `by` is the user who validated.
    pub fn stats(&self, by: &str) -> Value {
        let counts = &self.counts;
        json!({
            "cardinality": counts.cardinality().as_str(),
            "null_percent1": counts.null_percent1(), "null_percent2": counts.null_percent2(),
            "orphans": counts.orphans(), "orphan_percent": counts.orphan_percent(),
            "fan_out_average": counts.fan_out_average(), "fan_out_max": counts.fan_out_max,
            "parent_key_unique": counts.parent_key_unique(),
            "rows1": counts.rows1, "rows2": counts.rows2, "joined": counts.joined,
            "warnings": counts.warnings(), "blockers": self.blockers, "validated_by": by,
        })
    }

    /// Whether the result is stored with the candidate: figures that others rely on
    /// must come from a user who sees all rows.
    pub fn is_kept(&self, role: Role) -> bool {
        !self.hides_rows && role >= Role::Engineer
    }

    /// Whether the result takes the join of the candidate back into force. An admin's
    /// does, where no blocker stands in the way but those that were overridden before.
    pub fn renews(&self, join: &AcceptedJoin, role: Role) -> bool {
        let overridden = join.validation_stats["blockers"] == json!(self.blockers);
        self.is_kept(role) && role == Role::Admin && (self.blockers.is_empty() || overridden)
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// A percentage with three decimals; 0 of 0 is 0.
fn percent(part: i64, whole: i64) -> f64 {
    match whole {
        0 => 0.0,
        whole => rounded(100.0 * part as f64 / whole as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::status::JoinStatus;

    fn clean() -> Counts {
        Counts {
            rows1: 1000,
            distinct1: 90,
            rows2: 100,
            distinct2: 100,
            matched1: 1000,
            matched2: 90,
            joined: 1000,
            fan_out_max: 20,
            ..Counts::default()
        }
    }

    #[test]
    fn cardinality_is_by_what_repeats() {
        assert_eq!(clean().cardinality(), Cardinality::OneToMany);
        let one = Counts { distinct1: 1000, ..clean() };
        assert_eq!(one.cardinality(), Cardinality::OneToOne);
        let many = Counts { distinct2: 99, ..clean() };
        assert_eq!(many.cardinality(), Cardinality::ManyToMany);
        assert!(!many.blockers(0.05).is_empty());
        // Only the referred side repeats: each of its rows meets one.
        let turned = Counts { distinct1: 1000, distinct2: 99, ..clean() };
        assert_eq!(turned.cardinality(), Cardinality::OneToMany);
        // Nulls are no values.
        let nulls = Counts { nulls1: 910, matched1: 90, ..clean() };
        assert_eq!(nulls.cardinality(), Cardinality::OneToOne);
    }

    #[test]
    fn orphans_beyond_the_limit_block() {
        let some = Counts { matched1: 950, ..clean() };
        assert_eq!(some.orphan_percent(), 5.0);
        assert!(some.blockers(0.05).is_empty());
        assert_eq!(some.risk(0.05), Risk::Medium);
        let more = Counts { matched1: 949, ..clean() };
        assert_eq!(more.blockers(0.05).len(), 1);
        assert_eq!(more.risk(0.05), Risk::High);
        assert_eq!(more.join_type(), JoinType::Left);
        assert_eq!(clean().risk(0.05), Risk::Low);
        assert_eq!(clean().join_type(), JoinType::Inner);
    }

    #[test]
    fn nulls_and_fan_out_are_warned_about() {
        assert!(clean().warnings().is_empty());
        assert_eq!(Counts { nulls1: 100, matched1: 900, ..clean() }.warnings().len(), 0);
        assert_eq!(Counts { nulls1: 101, matched1: 899, ..clean() }.warnings().len(), 1);
        assert_eq!(Counts { fan_out_max: 101, ..clean() }.warnings().len(), 1);
        assert_eq!(Counts { rows1: 0, distinct1: 0, matched1: 0, ..clean() }.warnings().len(), 1);
        assert!((clean().fan_out_average() - 11.111).abs() < 0.001);
    }

    #[test]
    fn an_admins_validation_renews_what_nothing_stands_in_the_way_of() {
        let join = crate::joins::testing::accepted_join("j_v1", 1, JoinStatus::Suspect);
        let fine = Validated::new(clean(), 0.05, false);
        assert!(fine.renews(&join, Role::Admin) && fine.is_kept(Role::Engineer));
        assert!(!fine.renews(&join, Role::Engineer) && !fine.is_kept(Role::Viewer));
        // The blockers that were overridden then may be there now, and no others.
        let with = |blockers: &[&str]| Validated {
            blockers: blockers.iter().map(|b| b.to_string()).collect(),
            ..fine.clone()
        };
        assert!(with(&["one"]).renews(&join, Role::Admin));
        assert!(!with(&["another"]).renews(&join, Role::Admin));
        // The figures of a user who does not see all rows do not count for others.
        let partly = Validated::new(clean(), 0.05, true);
        assert_eq!(partly.blockers.len(), 1);
        assert!(!partly.is_kept(Role::Admin) && !partly.renews(&join, Role::Admin));
    }
}
