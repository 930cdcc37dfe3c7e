//! Candidates for joins: as a discovery makes them of what it has decided, which is its
//! last value, and as they are stored.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::evidence::PairFacts;
use super::kinds::{CandidateSource, JoinType, Risk};
use super::scope::DiscoveryScope;
use super::status::CandidateStatus;
use super::table::Table;
use super::weighing::Decided;
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::RelId;
use crate::kernel::names::plain;

/// The share of rows whose value is in the key below which the risk is high.
const FEW_ORPHANS: f64 = 0.95;

/// The share of rows without a value beyond which the risk is not low.
const MANY_NULLS: f64 = 0.1;

/// Declares a struct with the columns that a candidate has as soon as it is found, and
/// with fields of its own. A field has the name of its column in
/// `spyne.join_candidates`.
macro_rules! candidate {
    ($(#[$about:meta])* $name:ident { $($(#[$about_own:meta])* $own:ident: $type:ty,)* }) => {
        $(#[$about])*
        pub struct $name {
            /// The logical table that refers to another.
            pub name1: String,
            /// The relation that `name1` means now.
            pub table1: RelId,
            pub columns1: Vec<String>,
            /// The logical table that is referred to.
            pub name2: String,
            /// The relation that `name2` means now.
            pub table2: RelId,
            /// In step with `columns1`.
            pub columns2: Vec<String>,
            pub join_type: JoinType,
            pub condition: String,
            /// 0 to 1.
            pub confidence: f64,
            pub confidence_level: String,
            pub reason: String,
            pub assumptions: Vec<String>,
            pub risk_level: Risk,
            $($(#[$about_own])* pub $own: $type,)*
        }
    };
}

candidate! {
    /// A candidate that a discovery or a proposal has made, to be stored.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    NewCandidate {
        evidence: Value,
        /// A digest of the evidence: a rejection stands while the digest is the same.
        finding: String,
        source: CandidateSource,
    }
}

candidate! {
    /// A candidate that is stored.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    Candidate {
        candidate_id: i64,
        validation_stats: Option<Value>,
        status: CandidateStatus,
        rejected_by: Option<String>,
        rejected_because: Option<String>,
        /// Microseconds since 2000-01-01, as Postgres counts.
        expires_at: i64,
        expired: bool,
    }
}

impl NewCandidate {
    /// The candidate of a pair that was decided on, with the reasons in words.
    pub fn of(scope: &DiscoveryScope, decided: &Decided) -> NewCandidate {
        let Decided { pair, facts, weighed } = decided;
        let (child, parent) = (&scope.tables[pair.child], &scope.tables[pair.parent]);
        let (columns1, columns2) = (child.names_of(&pair.columns), parent.names_of(&pair.key));
        NewCandidate {
            condition: condition(&child.name, &columns1, &parent.name, &columns2),
            name1: child.name.clone(),
            table1: child.oid,
            columns1,
            name2: parent.name.clone(),
            table2: parent.oid,
            columns2,
            join_type: join_type(facts),
            confidence: weighed.confidence,
            confidence_level: weighed.level().as_str().to_string(),
            reason: weighed.reason(),
            assumptions: assumptions(facts, child, parent),
            risk_level: risk(facts),
            evidence: json!({ "parts": weighed.parts, "measured": facts.measured }),
            finding: finding(facts),
            source: if facts.declared {
                CandidateSource::Declared
            } else {
                CandidateSource::Discovered
            },
        }
    }

    /// Whether the two candidates join the same columns.
    pub fn is_over_those_of(&self, stored: &Candidate) -> bool {
        self.is_over((&stored.name1, &stored.columns1), (&stored.name2, &stored.columns2))
    }

    /// Whether the candidate joins these columns of one logical table to these of the
    /// other, in this direction.
    pub fn is_over(&self, one: (&str, &[String]), other: (&str, &[String])) -> bool {
        (self.name1.as_str(), self.columns1.as_slice()) == one
            && (self.name2.as_str(), self.columns2.as_slice()) == other
    }

    /// Whether the candidate is between these two logical tables, whichever of them
    /// refers to the other.
    pub fn is_between(&self, one: &str, other: &str) -> bool {
        let names = (self.name1.as_str(), self.name2.as_str());
        names == (one, other) || names == (other, one)
    }
}

impl Candidate {
    /// The numbers of the candidate's columns in the tables as they are now.
    ///
    /// # Errors
    /// 55000 where a column is gone.
    pub fn columns(&self, child: &Table, parent: &Table) -> Result<(Vec<usize>, Vec<usize>)> {
        Ok((self.columns_of(child, &self.columns1)?, self.columns_of(parent, &self.columns2)?))
    }

    fn columns_of(&self, table: &Table, names: &[String]) -> Result<Vec<usize>> {
        let of = |name: &String| table.column(name).ok_or_else(|| self.without(table, name));
        names.iter().map(of).collect()
    }

    fn without(&self, table: &Table, column: &str) -> SpyneError {
        SpyneError::new(
            Code::WrongState,
            format!("{} has no column \"{column}\" any more", table.shown),
            format!("Join candidate {} was found when it had.", self.candidate_id),
            "Find its joins again: SELECT * FROM spyne_discover_joins();",
        )
    }

    /// Checks that the evidence for the candidate is not too old.
    ///
    /// # Errors
    /// 55000 where the candidate has expired, unless a join rests on it.
    pub fn check_fresh(&self) -> Result<()> {
        if !self.expired || self.status == CandidateStatus::Accepted {
            return Ok(());
        }
        Err(SpyneError::new(
            Code::WrongState,
            format!("join candidate {} has expired", self.candidate_id),
            "Its evidence is too old: the tables may not be what they were.",
            "Find it again: SELECT * FROM spyne_discover_joins(); or propose it: spyne_propose_join.",
        ))
    }

    /// The refusal of a candidate that an admin has rejected.
    pub fn rejected(&self) -> SpyneError {
        SpyneError::new(
            Code::WrongState,
            format!("join candidate {} was rejected", self.candidate_id),
            format!(
                "By {}: {}",
                self.rejected_by.as_deref().unwrap_or("nobody"),
                self.rejected_because.as_deref().unwrap_or_default()
            ),
            "An administrator may propose it again: spyne_propose_join.",
        )
    }
}

/// The share of rows whose value is in the key; 1 where there is no value to compare.
fn share(facts: &PairFacts) -> f64 {
    facts.measured.containment.unwrap_or(1.0)
}

fn join_type(facts: &PairFacts) -> JoinType {
    JoinType::keeping(facts.measured.null_share <= 0.0 && share(facts) >= 1.0)
}

fn risk(facts: &PairFacts) -> Risk {
    let measured = &facts.measured;
    let nothing_compared = measured.containment.is_none();
    match share(facts) {
        share if share < FEW_ORPHANS => Risk::High,
        share if nothing_compared || share < 1.0 || measured.null_share > MANY_NULLS => {
            Risk::Medium
        }
        _ if !facts.key_declared => Risk::Medium,
        _ => Risk::Low,
    }
}

/// A digest of the evidence. Its figures are rounded, so that a rejection stands until
/// the evidence changes, and not until a row is added.
fn finding(facts: &PairFacts) -> String {
    let (share, coverage) = (share(facts), facts.measured.coverage);
    format!("{}/{share:.1}/{coverage:.1}/{}", facts.declared, facts.key_declared)
}

/// The condition, by logical names. In a table that refers to itself, the referred side
/// is called parent.
fn condition(name1: &str, columns1: &[String], name2: &str, columns2: &[String]) -> String {
    let other = if name1 == name2 { "parent" } else { name2 };
    let each: Vec<String> = columns1
        .iter()
        .zip(columns2)
        .map(|(a, b)| format!("{}.{} = {}.{}", plain(name1), plain(a), plain(other), plain(b)))
        .collect();
    each.join(" AND ")
}

/// The assumptions of the candidate, which nobody has checked.
fn assumptions(facts: &PairFacts, child: &Table, parent: &Table) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::evidence::weigh;
    use crate::joins::measure::Measured;
    use crate::joins::table::Pair;
    use crate::joins::testing::shop;

    fn of(facts: PairFacts) -> NewCandidate {
        let pair = Pair { child: 1, columns: vec![1], parent: 0, key: vec![0] };
        let weighed = weigh(&facts);
        NewCandidate::of(&DiscoveryScope::new(shop()), &Decided { pair, facts, weighed })
    }

    fn measured(containment: f64, null_share: f64) -> Measured {
        let child_distinct = 900.0;
        let compared = 900;
        Measured {
            containment: Some(containment),
            null_share,
            child_distinct,
            compared,
            coverage: 0.9,
            ..Measured::default()
        }
    }

    #[test]
    fn rows_that_would_be_left_out_make_it_a_left_join() {
        let facts = |containment, null_share, key_declared| PairFacts {
            measured: measured(containment, null_share),
            key_declared,
            width: 1,
            ..PairFacts::default()
        };
        let all = of(facts(1.0, 0.0, true));
        assert_eq!(all.condition, "orders.customer_id = customers.id");
        assert_eq!((all.join_type, all.risk_level), (JoinType::Inner, Risk::Low));
        assert!(all.assumptions.is_empty(), "{:?}", all.assumptions);
        assert_eq!(of(facts(1.0, 0.0, false)).risk_level, Risk::Medium);
        let nulls = of(facts(1.0, 0.2, true));
        assert_eq!((nulls.join_type, nulls.risk_level), (JoinType::Left, Risk::Medium));
        let orphans = of(facts(0.9, 0.0, true));
        assert_eq!((orphans.join_type, orphans.risk_level), (JoinType::Left, Risk::High));
        assert_eq!(orphans.assumptions, ["some values of orders are not in customers"]);
    }

    #[test]
    fn what_is_found_changes_with_the_evidence_and_not_with_a_row() {
        let finding = |containment| {
            of(PairFacts { measured: measured(containment, 0.0), ..PairFacts::default() }).finding
        };
        assert_eq!(finding(1.0), finding(0.999));
        assert_ne!(finding(1.0), finding(0.9));
    }

    #[test]
    fn a_table_that_refers_to_itself_has_a_parent() {
        let texts = |all: &[&str]| all.iter().map(|t| t.to_string()).collect::<Vec<_>>();
        let (one, two) = (texts(&["Line", "b"]), texts(&["id", "c"]));
        assert_eq!(
            condition("part", &one, "part", &two),
            "part.\"Line\" = parent.id AND part.b = parent.c"
        );
    }
}
