//! The checks of a change of state: whether it exists, and who may make it.

use crate::gate::rules::{Denial, Rule};
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::names::{RelationName, literal};
use crate::kernel::role::{Permission, Role};
use crate::kernel::state::{State, TRANSITIONS};

/// A governed table that is to change its state.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub relation: &'a RelationName,
    /// Its logical name.
    pub name: &'a str,
    pub state: State,
}

/// Checks that a table may go from `from` to `to`.
///
/// # Errors
/// 22023 where no such transition exists, 55000 where the table is in another
/// state than `from`; the message shows the state it is in.
pub fn check(subject: Subject, from: State, to: State) -> Result<()> {
    let Subject { relation, state: actual, .. } = subject;
    if !from.can_become(to) {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no transition from {} to {}", from.as_str(), to.as_str()),
            format!("The transitions are {}.", listed()),
            hint(subject),
        ));
    }
    if actual != from {
        return Err(SpyneError::new(
            Code::WrongState,
            format!("table {relation} is {}, not {}", actual.as_str(), from.as_str()),
            format!("The transitions are {}; READ_ONLY never changes state.", listed()),
            hint(subject),
        ));
    }
    Ok(())
}

/// The function that makes a transition; None where there is no such transition.
pub fn function(from: State, to: State) -> Option<&'static str> {
    TRANSITIONS.into_iter().find(|(a, b, _)| (*a, *b) == (from, to)).map(|(_, _, name)| name)
}

/// Reads the name of a state given as the argument `argument`.
///
/// # Errors
/// 22023 for any other text.
pub fn parse_state(argument: &str, text: &str) -> Result<State> {
    State::parse(text).ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            format!("\"{text}\" is not a table state"),
            format!("{argument} is one of {}.", State::ALL.map(State::as_str).join(", ")),
            "See what each allows: SELECT * FROM spyne.state_properties;",
        )
    })
}

/// Checks that `role` has `permission`, for the action called `action`.
///
/// # Errors
/// 42501.
pub fn require(user: &str, role: Role, permission: Permission, action: &str) -> Result<()> {
    if role.may(permission) {
        return Ok(());
    }
    let needed = permission.lowest().as_str();
    let denial = Denial::told(
        Rule::of(permission),
        format!("permission denied to {action}"),
        format!(
            "This needs the permission \"{}\", which begins at {needed}; {user} has {}.",
            permission.as_str(),
            match role {
                Role::None => "no spyne role",
                held => held.as_str(),
            }
        ),
        format!("An administrator can run: GRANT {needed} TO {user};"),
    );
    Err(denial.into())
}

fn listed() -> String {
    TRANSITIONS
        .map(|(from, to, function)| format!("{} to {} ({function})", from.as_str(), to.as_str()))
        .join(", ")
}

/// The HINT that says what can be done with a table in its state.
fn hint(subject: Subject) -> String {
    let relation = subject.relation.as_argument();
    match subject.state {
        State::ReadOnly => format!(
            "Make a version that can change: SELECT * FROM spyne_create_shadow({});",
            literal(subject.name)
        ),
        State::Shadow => format!("From here: SELECT * FROM spyne_promote({relation});"),
        State::Active => format!("From here: SELECT * FROM spyne_deprecate({relation}, 'reason');"),
        State::Deprecated => format!("From here: SELECT * FROM spyne_restore({relation});"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::names::Address;

    fn checked(state: State, from: State, to: State) -> Result<()> {
        let relation = Address::new("public", "t").into();
        check(Subject { relation: &relation, name: "t", state }, from, to)
    }

    #[test]
    fn the_message_shows_the_state_it_is_in() {
        let error = checked(State::Active, State::Shadow, State::Active).unwrap_err();
        assert_eq!(error.code, Code::WrongState);
        assert_eq!(error.message, "table public.t is ACTIVE, not SHADOW");
    }

    #[test]
    fn an_impossible_transition_is_a_bad_argument() {
        let error = checked(State::ReadOnly, State::ReadOnly, State::Active).unwrap_err();
        assert_eq!(error.code, Code::InvalidParameter);
        assert!(error.hint.ends_with("spyne_create_shadow('t');"));
    }

    #[test]
    fn the_three_transitions_pass() {
        for (from, to, _) in TRANSITIONS {
            assert_eq!(checked(from, from, to), Ok(()));
        }
    }

    #[test]
    fn a_missing_permission_names_the_role_to_grant() {
        let error = require("amy", Role::Analyst, Permission::Promote, "promote x").unwrap_err();
        assert_eq!(error.hint, "An administrator can run: GRANT spyne_admin TO amy;");
        assert_eq!(require("amy", Role::Admin, Permission::Promote, "promote x"), Ok(()));
    }
}
