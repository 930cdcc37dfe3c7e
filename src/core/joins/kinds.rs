//! The kinds of join, what can go wrong with one, and where it was found, as the
//! catalog calls them.

use serde::{Deserialize, Serialize};

/// The kind of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JoinType {
    Inner,
    /// Keeps rows of table1 that an inner join would leave out.
    Left,
    Right,
    Full,
}

impl JoinType {
    pub const ALL: [JoinType; 4] =
        [JoinType::Inner, JoinType::Left, JoinType::Right, JoinType::Full];

    pub const fn as_str(self) -> &'static str {
        match self {
            JoinType::Inner => "INNER",
            JoinType::Left => "LEFT",
            JoinType::Right => "RIGHT",
            JoinType::Full => "FULL",
        }
    }

    /// Reads the name of a kind, in any case.
    pub fn parse(text: &str) -> Option<JoinType> {
        JoinType::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// The kind that leaves no row of table1 out.
    pub const fn keeping(all_rows_match: bool) -> JoinType {
        if all_rows_match { JoinType::Inner } else { JoinType::Left }
    }
}

/// How much can go wrong with a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    pub const ALL: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];

    pub const fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "LOW",
            Risk::Medium => "MEDIUM",
            Risk::High => "HIGH",
        }
    }
}

/// Where a candidate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CandidateSource {
    /// A declared foreign key.
    Declared,
    Discovered,
    /// A proposal.
    Proposed,
}

impl CandidateSource {
    pub const ALL: [CandidateSource; 3] =
        [CandidateSource::Declared, CandidateSource::Discovered, CandidateSource::Proposed];

    pub const fn as_str(self) -> &'static str {
        match self {
            CandidateSource::Declared => "declared",
            CandidateSource::Discovered => "discovered",
            CandidateSource::Proposed => "proposed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_in_any_case() {
        assert_eq!(JoinType::parse(" left "), Some(JoinType::Left));
        assert_eq!(JoinType::parse("CROSS"), None);
    }
}
