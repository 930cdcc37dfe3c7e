//! Which change of state may be made, and by whom.

use crate::gate::rules::{Denial, Rule};
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::role::{Permission, Role};
use crate::kernel::state::{State, TRANSITIONS};

/// Checks that a table in `actual` may go from `from` to `to`.
///
/// # Errors
/// 22023 where no such transition exists, 55000 where the table is in another
/// state than `from`; the message shows the state it is in.
pub fn check(relation: &str, actual: State, from: State, to: State) -> Result<()> {
    if !from.can_become(to) {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no transition from {} to {}", from.as_str(), to.as_str()),
            format!("The transitions are {}.", listed()),
            hint(actual, relation),
        ));
    }
    if actual != from {
        return Err(SpyneError::new(
            Code::WrongState,
            format!("table {relation} is {}, not {}", actual.as_str(), from.as_str()),
            format!("The transitions are {}; READ_ONLY never changes state.", listed()),
            hint(actual, relation),
        ));
    }
    Ok(())
}

/// The function that makes a transition; None where there is no such one.
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

/// What can be done with a table in `state`.
fn hint(state: State, relation: &str) -> String {
    let relation = crate::kernel::names::literal(relation);
    let relation = relation.trim_start();
    match state {
        State::ReadOnly => {
            "Make a version that can change: SELECT * FROM spyne_create_shadow(name);".into()
        }
        State::Shadow => format!("From here: SELECT * FROM spyne_promote({relation});"),
        State::Active => format!("From here: SELECT * FROM spyne_deprecate({relation}, 'reason');"),
        State::Deprecated => format!("From here: SELECT * FROM spyne_restore({relation});"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_shows_the_state_it_is_in() {
        let error = check("public.t", State::Active, State::Shadow, State::Active).unwrap_err();
        assert_eq!(error.code, Code::WrongState);
        assert_eq!(error.message, "table public.t is ACTIVE, not SHADOW");
    }

    #[test]
    fn an_impossible_transition_is_a_bad_argument() {
        let error = check("t", State::ReadOnly, State::ReadOnly, State::Active).unwrap_err();
        assert_eq!(error.code, Code::InvalidParameter);
        assert!(error.hint.contains("spyne_create_shadow"));
    }

    #[test]
    fn the_three_transitions_pass() {
        for (from, to, _) in TRANSITIONS {
            assert_eq!(check("t", from, from, to), Ok(()));
        }
    }

    #[test]
    fn a_missing_permission_names_the_role_to_grant() {
        let error = require("amy", Role::Analyst, Permission::Promote, "promote x").unwrap_err();
        assert_eq!(error.hint, "An administrator can run: GRANT spyne_admin TO amy;");
        assert_eq!(require("amy", Role::Admin, Permission::Promote, "promote x"), Ok(()));
    }
}
