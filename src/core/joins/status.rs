//! The statuses of join candidates and of accepted joins, and all changes of them that
//! are possible.

use serde::{Deserialize, Serialize};

/// What people have said of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CandidateStatus {
    /// The candidate is suggested.
    Open,
    /// A join has been made of the candidate.
    Accepted,
    /// The candidate is not suggested while its evidence is the same.
    Rejected,
}

/// How a candidate changes its status: from, to, and the function that changes it.
pub const CANDIDATE_TRANSITIONS: [(CandidateStatus, CandidateStatus, &str); 7] = [
    (CandidateStatus::Open, CandidateStatus::Accepted, "spyne_accept_join"),
    (CandidateStatus::Open, CandidateStatus::Rejected, "spyne_reject_join"),
    // The rejection gets another reason.
    (CandidateStatus::Rejected, CandidateStatus::Rejected, "spyne_reject_join"),
    (CandidateStatus::Rejected, CandidateStatus::Open, "spyne_propose_join"),
    (CandidateStatus::Rejected, CandidateStatus::Open, "spyne_discover_joins"),
    (CandidateStatus::Accepted, CandidateStatus::Open, "spyne_deprecate_join"),
    // Another join supersedes the join of the candidate.
    (CandidateStatus::Accepted, CandidateStatus::Open, "spyne_accept_join"),
];

impl CandidateStatus {
    pub const ALL: [CandidateStatus; 3] =
        [CandidateStatus::Open, CandidateStatus::Accepted, CandidateStatus::Rejected];

    pub const fn as_str(self) -> &'static str {
        match self {
            CandidateStatus::Open => "open",
            CandidateStatus::Accepted => "accepted",
            CandidateStatus::Rejected => "rejected",
        }
    }

    /// Reads a status, as the catalog has it.
    pub fn parse(text: &str) -> Option<CandidateStatus> {
        CandidateStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether `self -> to` is one of [`CANDIDATE_TRANSITIONS`].
    pub fn can_become(self, to: CandidateStatus) -> bool {
        CANDIDATE_TRANSITIONS.iter().any(|(a, b, _)| *a == self && *b == to)
    }
}

/// Whether an accepted join is relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinStatus {
    /// The join is in force.
    Accepted,
    /// The join is in force, and a change of its tables has put it in doubt.
    Suspect,
    /// The join is out of force for good.
    Deprecated,
}

/// How an accepted join changes its status: from, to, and the function that changes it.
pub const JOIN_TRANSITIONS: [(JoinStatus, JoinStatus, &str); 8] = [
    // A column that it joins by has changed.
    (JoinStatus::Accepted, JoinStatus::Suspect, "spyne_detect_drift"),
    // The version that takes over lacks the column, or has it with another type.
    (JoinStatus::Accepted, JoinStatus::Suspect, "spyne_promote"),
    // The next table with the name may be another.
    (JoinStatus::Accepted, JoinStatus::Suspect, "spyne_unregister"),
    (JoinStatus::Suspect, JoinStatus::Accepted, "spyne_validate_join"),
    (JoinStatus::Accepted, JoinStatus::Deprecated, "spyne_deprecate_join"),
    (JoinStatus::Suspect, JoinStatus::Deprecated, "spyne_deprecate_join"),
    // The next version of the join supersedes it, or another join of the same tables in
    // its role.
    (JoinStatus::Accepted, JoinStatus::Deprecated, "spyne_accept_join"),
    (JoinStatus::Suspect, JoinStatus::Deprecated, "spyne_accept_join"),
];

impl JoinStatus {
    pub const ALL: [JoinStatus; 3] =
        [JoinStatus::Accepted, JoinStatus::Suspect, JoinStatus::Deprecated];

    pub const fn as_str(self) -> &'static str {
        match self {
            JoinStatus::Accepted => "accepted",
            JoinStatus::Suspect => "suspect",
            JoinStatus::Deprecated => "deprecated",
        }
    }

    /// Reads a status, as the catalog has it.
    pub fn parse(text: &str) -> Option<JoinStatus> {
        JoinStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether statements may use the join.
    pub const fn is_in_force(self) -> bool {
        !matches!(self, JoinStatus::Deprecated)
    }

    /// Whether `self -> to` is one of [`JOIN_TRANSITIONS`].
    pub fn can_become(self, to: JoinStatus) -> bool {
        JOIN_TRANSITIONS.iter().any(|(a, b, _)| *a == self && *b == to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::kinds::{CandidateSource, JoinType, Risk};

    /// The CHECK constraints of the catalog.
    const CATALOG: &str = include_str!("../../../sql/joins.sql");

    fn is_checked(column: &str, values: &[&str]) -> bool {
        let values: Vec<String> = values.iter().map(|v| format!("'{v}'")).collect();
        CATALOG.contains(&format!("CHECK ({column} IN ({}))", values.join(", ")))
    }

    #[test]
    fn the_catalog_takes_these_words_and_no_others() {
        assert!(is_checked("status", &CandidateStatus::ALL.map(CandidateStatus::as_str)));
        assert!(is_checked("status", &JoinStatus::ALL.map(JoinStatus::as_str)));
        assert!(is_checked("join_type", &JoinType::ALL.map(JoinType::as_str)));
        assert!(is_checked("risk_level", &Risk::ALL.map(Risk::as_str)));
        assert!(is_checked("source", &CandidateSource::ALL.map(CandidateSource::as_str)));
    }

    #[test]
    fn what_a_join_rests_on_is_not_rejected() {
        use CandidateStatus::{Accepted, Open, Rejected};
        let becomes_rejected = CandidateStatus::ALL.map(|status| status.can_become(Rejected));
        assert_eq!(becomes_rejected, [true, false, true]);
        let becomes_accepted = CandidateStatus::ALL.map(|status| status.can_become(Accepted));
        assert_eq!(becomes_accepted, [true, false, false]);
        let becomes_open = CandidateStatus::ALL.map(|status| status.can_become(Open));
        assert_eq!(becomes_open, [false, true, true]);
    }

    #[test]
    fn a_deprecated_join_stays_deprecated() {
        use JoinStatus::{Accepted, Deprecated, Suspect};
        assert!(JoinStatus::ALL.iter().all(|to| !Deprecated.can_become(*to)));
        assert!(Accepted.can_become(Suspect) && Suspect.can_become(Accepted));
        assert!(Accepted.is_in_force() && Suspect.is_in_force() && !Deprecated.is_in_force());
        for status in JoinStatus::ALL {
            assert_eq!(JoinStatus::parse(status.as_str()), Some(status));
        }
    }
}
