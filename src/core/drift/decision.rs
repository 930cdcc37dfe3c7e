//! What is done about drift.

use crate::kernel::state::State;
use crate::shape::rules::Severity;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Staging takes any shape: its snapshot follows.
    Follow,
    /// The shape becomes a version by itself.
    Apply,
    /// An administrator has said beforehand that it may.
    ApplyAllowed,
    /// It is on record, and stays open.
    Record,
    /// The statement that does it ends with an error.
    Refuse,
}

/// What is known of a change when it is decided upon.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub state: State,
    pub severity: Severity,
    /// The statement that makes the change is still running.
    pub in_the_act: bool,
    /// Some BREAKING change is not on record already.
    pub newly_breaking: bool,
    /// It makes rows come from elsewhere: what nobody writes to says something else
    /// by it.
    pub elsewhere: bool,
    /// An administrator has set spyne.allow_breaking_ddl.
    pub allowed: bool,
}

pub fn decide(given: Circumstances) -> Decision {
    match (given.state, given.severity) {
        (State::Shadow, _) => Decision::Follow,
        (_, Severity::Compatible) => Decision::Apply,
        // What is in use, and what it can fall back on; and rows that nobody is to change.
        (state, Severity::Breaking)
            if given.in_the_act
                && given.newly_breaking
                && (state != State::ReadOnly || given.elsewhere) =>
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
                for (allowed, elsewhere) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    let given = Circumstances {
                        state,
                        severity,
                        in_the_act: true,
                        newly_breaking: severity == Severity::Breaking,
                        elsewhere,
                        allowed,
                    };
                    let expected = match (state, severity, allowed) {
                        (State::Shadow, ..) => Decision::Follow,
                        (_, Severity::Compatible, _) => Decision::Apply,
                        (State::ReadOnly, Severity::Breaking, true) if elsewhere => {
                            Decision::ApplyAllowed
                        }
                        (State::ReadOnly, Severity::Breaking, false) if elsewhere => {
                            Decision::Refuse
                        }
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
            elsewhere: false,
            allowed: false,
        };
        assert_eq!(decide(given), Decision::Record);
        assert_eq!(
            decide(Circumstances { in_the_act: false, newly_breaking: true, ..given }),
            Decision::Record
        );
    }
}
