//! Finds the accepted join that a query's join is.

use crate::kernel::ids::RelId;
use serde::Deserialize;

/// Two columns that a query sets equal.
#[derive(Clone, Debug, Default)]
pub struct Equated {
    /// The OID of the table and the name of the column, on both sides.
    pub left: (RelId, String),
    pub right: (RelId, String),
    /// The appearances of the tables in the query that the columns belong to. Rows are
    /// joined by columns of the same two appearances.
    pub appearances: (u64, u64),
}

/// A join that is written twice is the same, whichever appearances it is of.
impl PartialEq for Equated {
    fn eq(&self, other: &Equated) -> bool {
        self.left == other.left && self.right == other.right
    }
}

/// A join that people know of: an accepted one, or a candidate.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownJoin {
    /// The join's id; None for a candidate.
    pub join_id: Option<String>,
    pub candidate_id: i64,
    pub name1: String,
    pub columns1: Vec<String>,
    pub name2: String,
    pub columns2: Vec<String>,
    /// Whether a column has drifted since the join was validated.
    #[serde(default)]
    pub suspect: bool,
    pub accepted_by: Option<String>,
    pub accepted_at: Option<String>,
    pub confidence: f64,
}

impl KnownJoin {
    /// Whether a query that sets these columns equal joins as this join does, which
    /// means by all of its columns. Further conditions narrow the result down and
    /// change nothing. `name_of` gives the logical name of a table.
    pub fn covers<'a>(
        &self,
        equated: &[Equated],
        name_of: &impl Fn(RelId) -> Option<&'a str>,
    ) -> bool {
        let is = |side: &(RelId, String), name: &str, column: &str| {
            side.1 == column && name_of(side.0) == Some(name)
        };
        let steps = || self.columns1.iter().zip(&self.columns2);
        let of = |e: &Equated, left: (&str, &str), right: (&str, &str)| {
            is(&e.left, left.0, left.1) && is(&e.right, right.0, right.1)
        };
        equated.iter().any(|first| {
            let mates = || equated.iter().filter(|e| e.appearances == first.appearances);
            let straight = steps()
                .all(|(one, two)| mates().any(|e| of(e, (&self.name1, one), (&self.name2, two))));
            let turned = steps()
                .all(|(one, two)| mates().any(|e| of(e, (&self.name2, two), (&self.name1, one))));
            straight || turned
        })
    }
}

/// The known join that a query's join is. An accepted one comes first, then a suspect
/// one, then the first candidate.
pub fn best<'k, 'n>(
    known: &'k [KnownJoin],
    equated: &[Equated],
    name_of: &impl Fn(RelId) -> Option<&'n str>,
) -> Option<&'k KnownJoin> {
    let covering = known.iter().filter(|k| k.covers(equated, name_of));
    covering.min_by_key(|k| (k.join_id.is_none(), k.suspect, k.candidate_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(columns1: &[&str], columns2: &[&str]) -> KnownJoin {
        let texts = |all: &[&str]| all.iter().map(|t| t.to_string()).collect();
        KnownJoin {
            join_id: Some("line_part_v1".into()),
            candidate_id: 1,
            name1: "line".into(),
            columns1: texts(columns1),
            name2: "part".into(),
            columns2: texts(columns2),
            suspect: false,
            accepted_by: None,
            accepted_at: None,
            confidence: 1.0,
        }
    }

    fn equated(left: (u32, &str), right: (u32, &str)) -> Equated {
        Equated {
            left: (RelId::new(left.0), left.1.into()),
            right: (RelId::new(right.0), right.1.into()),
            appearances: (u64::from(left.0), u64::from(right.0)),
        }
    }

    fn name_of(oid: RelId) -> Option<&'static str> {
        match oid.get() {
            1 => Some("line"),
            2 => Some("part"),
            _ => None,
        }
    }

    #[test]
    fn all_columns_in_step_cover_in_either_direction() {
        let join = known(&["p", "s"], &["pk", "sk"]);
        let both = [equated((1, "p"), (2, "pk")), equated((1, "s"), (2, "sk"))];
        assert!(join.covers(&both, &name_of));
        let turned = [equated((2, "pk"), (1, "p")), equated((2, "sk"), (1, "s"))];
        assert!(join.covers(&turned, &name_of));
        // Half of the columns make another join, and so do columns in another order.
        assert!(!join.covers(&both[..1], &name_of));
        let crossed = [equated((1, "p"), (2, "sk")), equated((1, "s"), (2, "pk"))];
        assert!(!join.covers(&crossed, &name_of));
        // Another table with the same columns is another table.
        let other = [equated((1, "p"), (3, "pk")), equated((1, "s"), (3, "sk"))];
        assert!(!join.covers(&other, &name_of));
        // These are columns of two different rows of the table.
        let mut apart = both.clone();
        apart[1].appearances = (7, 2);
        assert!(!join.covers(&apart, &name_of));
        // Half of the columns in one direction and half in the other make no join.
        let mixed = [equated((1, "p"), (2, "pk")), equated((2, "sk"), (1, "s"))];
        assert!(!join.covers(&mixed, &name_of));
    }
}
