//! The four states of a table, and what each allows. No other module says so.

use serde::{Deserialize, Serialize};

/// The state of a governed table version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    ReadOnly,
    Shadow,
    Active,
    Deprecated,
}

/// Who may read a table in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everyone with the permission `query`.
    All,
    /// Those with `view shadow`.
    Staging,
    /// Everyone with `query` who has opted in.
    OptIn,
}

/// What a state means. The rows of `spyne.state_properties`.
#[derive(Clone, Copy, Debug)]
pub struct Properties {
    pub state: State,
    pub meaning: &'static str,
    pub readers: Readers,
    pub writable: bool,
    /// Who sees the table in listings.
    pub visible: &'static str,
    /// Whether joins to it are suggested and applied.
    pub auto_joined: bool,
    /// Whether a table can be registered in this state.
    pub registrable: bool,
}

/// The rules, state by state.
pub const PROPERTIES: [Properties; 4] = [
    Properties {
        state: State::ReadOnly,
        meaning: "an existing table, taken under governance",
        readers: Readers::All,
        writable: false,
        visible: "everyone",
        auto_joined: true,
        registrable: true,
    },
    Properties {
        state: State::Shadow,
        meaning: "staging, isolated",
        readers: Readers::Staging,
        writable: true,
        visible: "engineers and admins",
        auto_joined: false,
        registrable: true,
    },
    Properties {
        state: State::Active,
        meaning: "canonical",
        readers: Readers::All,
        writable: true,
        visible: "everyone",
        auto_joined: true,
        registrable: false,
    },
    Properties {
        state: State::Deprecated,
        meaning: "former canonical, safe fallback",
        readers: Readers::OptIn,
        writable: false,
        visible: "hidden",
        auto_joined: false,
        registrable: false,
    },
];

/// All changes of state that are possible, with the function that makes each.
pub const TRANSITIONS: [(State, State, &str); 3] = [
    (State::Shadow, State::Active, "spyne_promote"),
    (State::Active, State::Deprecated, "spyne_deprecate"),
    (State::Deprecated, State::Active, "spyne_restore"),
];

impl State {
    pub const ALL: [State; 4] = [State::ReadOnly, State::Shadow, State::Active, State::Deprecated];

    pub const fn as_str(self) -> &'static str {
        match self {
            State::ReadOnly => "READ_ONLY",
            State::Shadow => "SHADOW",
            State::Active => "ACTIVE",
            State::Deprecated => "DEPRECATED",
        }
    }

    /// Reads the name of a state, in any case.
    pub fn parse(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether tables in this state are staging.
    pub const fn is_staging(self) -> bool {
        matches!(self, State::Shadow)
    }

    pub const fn properties(self) -> &'static Properties {
        &PROPERTIES[self as usize]
    }

    /// Whether `self -> to` is one of [`TRANSITIONS`].
    pub fn can_become(self, to: State) -> bool {
        TRANSITIONS.iter().any(|(a, b, _)| *a == self && *b == to)
    }

    /// This state's bit in a [`StateSet`].
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of states in one byte. A relation that inherits from several governed
/// tables must pass the rules of every one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSet(pub u8);

impl StateSet {
    pub const EMPTY: StateSet = StateSet(0);

    pub const fn of(state: State) -> StateSet {
        StateSet(state.bit())
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn with(self, other: StateSet) -> StateSet {
        StateSet(self.0 | other.0)
    }

    pub const fn contains(self, state: State) -> bool {
        self.0 & state.bit() != 0
    }

    pub fn iter(self) -> impl Iterator<Item = State> {
        State::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_listed_in_the_order_of_the_states() {
        for state in State::ALL {
            assert_eq!(state.properties().state, state);
        }
    }

    #[test]
    fn names_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse(" read_only "), Some(State::ReadOnly));
        assert_eq!(State::parse("READONLY"), None);
    }

    #[test]
    fn only_the_three_transitions_exist() {
        let mut found = Vec::new();
        for from in State::ALL {
            for to in State::ALL {
                if from.can_become(to) {
                    found.push((from.as_str(), to.as_str()));
                }
            }
        }
        assert_eq!(
            found,
            [("SHADOW", "ACTIVE"), ("ACTIVE", "DEPRECATED"), ("DEPRECATED", "ACTIVE")]
        );
    }

    #[test]
    fn only_shadow_and_active_are_writable() {
        let writable: Vec<_> =
            PROPERTIES.iter().filter(|p| p.writable).map(|p| p.state.as_str()).collect();
        assert_eq!(writable, ["SHADOW", "ACTIVE"]);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = StateSet::of(State::Shadow).with(StateSet::of(State::ReadOnly));
        assert_eq!(set.iter().collect::<Vec<_>>(), [State::ReadOnly, State::Shadow]);
        assert!(StateSet::EMPTY.is_empty());
    }
}
