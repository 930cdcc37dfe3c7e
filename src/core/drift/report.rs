//! Drift reports: their sources and their statuses.

use serde::{Deserialize, Serialize};

/// Where a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportSource {
    /// The table itself.
    Table,
    /// A feed's description of what it will send.
    Feed,
}

impl ReportSource {
    /// The source's name, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReportSource::Table => "table",
            ReportSource::Feed => "feed",
        }
    }
}

/// What has become of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    /// The table has drifted further, and a later report has all its changes.
    Superseded,
    /// The table has its shape in force again.
    Reverted,
    /// The live shape has become a version.
    Applied,
    /// Somebody has said that the table may stay as it is.
    Dismissed,
}

/// All changes of status that are possible.
pub const TRANSITIONS: [(Status, Status); 6] = [
    (Status::Open, Status::Superseded),
    (Status::Open, Status::Reverted),
    (Status::Open, Status::Applied),
    (Status::Open, Status::Dismissed),
    // The same changes are found once more.
    (Status::Superseded, Status::Open),
    (Status::Reverted, Status::Open),
];

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Open, Status::Superseded, Status::Reverted, Status::Applied, Status::Dismissed];

    /// The status's name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Superseded => "superseded",
            Status::Reverted => "reverted",
            Status::Applied => "applied",
            Status::Dismissed => "dismissed",
        }
    }

    /// Whether `self -> to` is one of [`TRANSITIONS`].
    pub fn can_become(self, to: Status) -> bool {
        TRANSITIONS.contains(&(self, to))
    }
}

/// What somebody does with an open report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The live shape becomes a version.
    Apply,
    /// Nothing changes.
    Dismiss,
}

impl Settlement {
    /// Reads the argument `action`, in any case.
    pub fn parse(text: &str) -> Option<Settlement> {
        match text.trim().to_ascii_lowercase().as_str() {
            "apply" => Some(Settlement::Apply),
            "dismiss" => Some(Settlement::Dismiss),
            _ => None,
        }
    }

    /// The status that the report gets.
    pub const fn status(self) -> Status {
        match self {
            Settlement::Apply => Status::Applied,
            Settlement::Dismiss => Status::Dismissed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_has_settled_stays_settled() {
        for settled in [Status::Applied, Status::Dismissed] {
            assert!(Status::ALL.into_iter().all(|to| !settled.can_become(to)));
            assert!(Status::Open.can_become(settled));
        }
        assert!(Status::Reverted.can_become(Status::Open));
        assert_eq!(Settlement::parse(" Apply").map(Settlement::status), Some(Status::Applied));
        assert_eq!(Settlement::parse("ignore"), None);
    }
}
