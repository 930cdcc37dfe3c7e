//! Decides what is done about drift.

use crate::kernel::state::State;
use crate::shape::rules::Severity;

/// What is done about the changes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The stored shape follows the table: a shadow may take any shape.
    Follow,
    /// The live shape becomes a version without anybody's doing.
    Apply,
    /// The live shape becomes a version, because an administrator has allowed breaking
    /// changes beforehand.
    ApplyAllowed,
    /// The changes are recorded in a report, which stays open.
    Record,
    /// The statement that makes the changes ends with an error.
    Refuse,
}

/// What the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub state: State,
    pub severity: Severity,
    /// Whether the statement that makes the changes is still running.
    pub in_the_act: bool,
    /// Whether some BREAKING change is not on record already.
    pub newly_breaking: bool,
    /// Whether an administrator has set spyne.allow_breaking_ddl.
    pub allowed: bool,
}

pub fn decide(given: Circumstances) -> Decision {
    match (given.state, given.severity) {
        (State::Shadow, _) => Decision::Follow,
        (_, Severity::Compatible) => Decision::Apply,
        // ACTIVE tables are in use, and DEPRECATED ones are what can be restored.
        (State::Active | State::Deprecated, Severity::Breaking)
            if given.in_the_act && given.newly_breaking =>
        {
            if given.allowed {
                Decision::ApplyAllowed
            } else {
                Decision::Refuse
            }
        }
        _ => Decision::Record,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_breaking_what_is_in_use_or_the_fallback_is_refused() {
        for state in State::ALL {
            for severity in [Severity::Compatible, Severity::Warning, Severity::Breaking] {
                for allowed in [false, true] {
                    let given = Circumstances {
                        state,
                        severity,
                        in_the_act: true,
                        newly_breaking: severity == Severity::Breaking,
                        allowed,
                    };
                    let expected = match (state, severity, allowed) {
                        (State::Shadow, ..) => Decision::Follow,
                        (_, Severity::Compatible, _) => Decision::Apply,
                        (State::Active | State::Deprecated, Severity::Breaking, true) => {
                            Decision::ApplyAllowed
                        }
                        (State::Active | State::Deprecated, Severity::Breaking, false) => {
                            Decision::Refuse
                        }
                        _ => Decision::Record,
                    };
                    assert_eq!(decide(given), expected, "{given:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_on_record_already_does_not_stop_another_change() {
        let given = Circumstances {
            state: State::Active,
            severity: Severity::Breaking,
            in_the_act: true,
            newly_breaking: false,
            allowed: false,
        };
        assert_eq!(decide(given), Decision::Record);
        assert_eq!(
            decide(Circumstances { in_the_act: false, newly_breaking: true, ..given }),
            Decision::Record
        );
    }
}
