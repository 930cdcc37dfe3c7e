//! What a statement must pass: the caller's role, then the table's state.
//!
//! [`verdict`] decides, and runs for every relation of every statement, so it
//! is a handful of comparisons. [`explain`] puts a refusal into words, and runs
//! only when there is one.

use super::rules::{Rule, Words};

pub use super::kinds::Access;

use crate::kernel::names::literal;
use crate::kernel::role::{Permission, Role};
use crate::kernel::state::{Readers, State};

/// The role of whoever runs the statement, and the settings that the answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessContext {
    pub role: Role,
    /// `spyne.include_deprecated`.
    pub include_deprecated: bool,
    /// Whether the system mode is INGESTION_READY.
    pub ingestion_open: bool,
}

/// Why an access is refused: the rule of role and state that the statement breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller has no spyne role.
    NoRole,
    /// Reading SHADOW without `view shadow`.
    Staging,
    /// Reading DEPRECATED without having opted in.
    NotOptedIn,
    /// Writing where the state forbids it.
    NotWritable,
    /// Writing without `ingest`.
    NoIngest,
    /// Writing to SHADOW in system mode READ_ONLY.
    IngestionClosed,
}

impl Refusal {
    /// The line of the table of rules that this refusal stands for.
    pub const fn rule(self) -> Rule {
        match self {
            Refusal::NoRole => Rule::RoleQuery,
            Refusal::Staging => Rule::RoleViewShadow,
            Refusal::NotOptedIn => Rule::StateDeprecated,
            Refusal::NotWritable => Rule::StateReadOnly,
            Refusal::NoIngest => Rule::RoleIngest,
            Refusal::IngestionClosed => Rule::ModeIngestion,
        }
    }
}

/// Decides whether `caller` may have `access` to a table in `state`. Returns None where
/// the access is allowed.
pub fn verdict(state: State, access: Access, caller: AccessContext) -> Option<Refusal> {
    if access == Access::KeyCheck {
        return None;
    }
    if !caller.role.may(Permission::Query) {
        return Some(Refusal::NoRole);
    }
    let rules = state.properties();
    if rules.readers == Readers::Staging && !caller.role.may(Permission::ViewShadow) {
        return Some(Refusal::Staging);
    }
    if access >= Access::Lock {
        if !rules.writable {
            return Some(Refusal::NotWritable);
        }
        if !caller.role.may(Permission::Ingest) {
            return Some(Refusal::NoIngest);
        }
        if state == State::Shadow && !caller.ingestion_open {
            return Some(Refusal::IngestionClosed);
        }
    } else if rules.readers == Readers::OptIn && !caller.include_deprecated {
        return Some(Refusal::NotOptedIn);
    }
    None
}

/// The governed table that a statement is refused for, as the text of the refusal names
/// it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct RefusedTable {
    /// The relation the statement touched, `schema.name`.
    pub relation: String,
    /// The governed table whose state binds it: itself, or an ancestor.
    pub governed: String,
    pub name: String,
    pub version: String,
    pub deprecated_since: Option<String>,
    pub deprecated_by: Option<String>,
    /// The version to use instead, `schema.name`, where there is one.
    pub successor: Option<String>,
}

/// Puts a refusal into words: the message, its DETAIL and its HINT.
pub fn explain(
    refusal: Refusal,
    state: State,
    access: Access,
    user: &str,
    role: Role,
    subject: &RefusedTable,
) -> Words {
    let RefusedTable { relation, name, version, .. } = subject;
    let state_name = state.as_str();
    let inherited = match subject.governed == *relation {
        true => String::new(),
        false => format!(" {relation} takes its state from {}.", subject.governed),
    };
    let what = format!("{name} {version} is {state_name}");
    let has = match role {
        Role::None => format!("{user} has no spyne role"),
        held => format!("{user} has {}", held.as_str()),
    };
    match refusal {
        Refusal::NoRole => Words::new(
            format!("permission denied for governed table {relation}"),
            format!(
                "{what}; using a governed table needs the permission \"query\", and {has}.{inherited}"
            ),
            format!("An administrator can run: GRANT spyne_viewer TO {user};"),
        ),
        Refusal::Staging => Words::new(
            format!("permission denied for SHADOW table {relation}"),
            format!(
                "{what}: staging is open to those with \"view shadow\" (spyne_engineer and above), and {has}.{inherited}"
            ),
            format!(
                "See what the name means to readers: SELECT * FROM spyne_resolve(ARRAY[{}]);",
                literal(name)
            ),
        ),
        Refusal::NotOptedIn => not_opted_in(subject, &what, &inherited),
        Refusal::NotWritable => not_writable(state, access, subject, &what, &inherited),
        Refusal::NoIngest => Words::new(
            match access {
                Access::Lock => {
                    format!("permission denied to lock rows of governed table {relation}")
                }
                _ => format!("permission denied to write to governed table {relation}"),
            },
            format!(
                "{what}; writing needs the permission \"ingest\" (spyne_engineer and above), and {has}.{inherited}"
            ),
            format!("An administrator can run: GRANT spyne_engineer TO {user};"),
        ),
        Refusal::IngestionClosed => Words::new(
            format!("cannot write to SHADOW table {relation} while the system mode is READ_ONLY"),
            format!("{what}; staging is written to in INGESTION_READY only.{inherited}"),
            "An administrator can run: SELECT * FROM spyne_set_system_mode('INGESTION_READY', 'reason');",
        ),
    }
}

fn not_opted_in(subject: &RefusedTable, what: &str, inherited: &str) -> Words {
    let (successor, way) = match &subject.successor {
        Some(successor) => (
            format!("Its successor is {successor}."),
            format!("Use {successor}, or opt in: SET spyne.include_deprecated = on;"),
        ),
        None => (
            "It has no successor.".to_string(),
            "Preview it with include_deprecated => true, or opt in: SET spyne.include_deprecated = on;".to_string(),
        ),
    };
    Words::new(
        format!("table {} is deprecated", subject.relation),
        format!(
            "{what} since {} (by {}). {successor}{inherited}",
            subject.deprecated_since.as_deref().unwrap_or("an unknown time"),
            subject.deprecated_by.as_deref().unwrap_or("an unknown user"),
        ),
        way,
    )
}

fn not_writable(
    state: State,
    access: Access,
    subject: &RefusedTable,
    what: &str,
    inherited: &str,
) -> Words {
    let (state_name, relation) = (state.as_str(), &subject.relation);
    let back = || format!("SELECT * FROM spyne_restore({});", literal(&subject.governed));
    Words::new(
        match access {
            Access::Lock => format!("cannot lock rows of {state_name} table {relation}"),
            _ => format!("cannot write to {state_name} table {relation}"),
        },
        format!("{what}: nobody writes to it, neither its owner nor a superuser.{inherited}"),
        match (state, &subject.successor) {
            (State::Deprecated, Some(successor)) => {
                format!("Write to {successor}, or bring this version back: {}", back())
            }
            (State::Deprecated, None) => format!("Bring it back: {}", back()),
            _ => format!(
                "Make a writable version and promote it: SELECT * FROM spyne_create_shadow({});",
                literal(&subject.name)
            ),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> AccessContext {
        AccessContext { role, include_deprecated: false, ingestion_open: true }
    }

    #[test]
    fn nobody_writes_where_the_state_forbids_it() {
        for state in [State::ReadOnly, State::Deprecated] {
            for role in [Role::Viewer, Role::Analyst, Role::Engineer, Role::Admin] {
                for access in [Access::Write, Access::Lock] {
                    assert_eq!(verdict(state, access, caller(role)), Some(Refusal::NotWritable));
                }
            }
        }
    }

    #[test]
    fn without_a_role_nothing_is_open_but_key_checks() {
        for state in State::ALL {
            for access in [Access::Read, Access::Lock, Access::Write] {
                assert_eq!(verdict(state, access, caller(Role::None)), Some(Refusal::NoRole));
            }
            assert_eq!(verdict(state, Access::KeyCheck, caller(Role::None)), None);
        }
    }

    #[test]
    fn writing_needs_ingest() {
        assert_eq!(
            verdict(State::Active, Access::Write, caller(Role::Analyst)),
            Some(Refusal::NoIngest)
        );
        assert_eq!(verdict(State::Active, Access::Write, caller(Role::Engineer)), None);
        assert_eq!(verdict(State::Shadow, Access::Write, caller(Role::Engineer)), None);
    }

    #[test]
    fn the_system_mode_closes_staging_and_nothing_else() {
        let closed = AccessContext { ingestion_open: false, ..caller(Role::Admin) };
        assert_eq!(verdict(State::Shadow, Access::Write, closed), Some(Refusal::IngestionClosed));
        assert_eq!(verdict(State::Shadow, Access::Read, closed), None);
        assert_eq!(verdict(State::Active, Access::Write, closed), None);
    }

    #[test]
    fn shadow_is_for_engineers() {
        assert_eq!(
            verdict(State::Shadow, Access::Read, caller(Role::Analyst)),
            Some(Refusal::Staging)
        );
        assert_eq!(
            verdict(State::Shadow, Access::Write, caller(Role::Analyst)),
            Some(Refusal::Staging)
        );
        assert_eq!(verdict(State::Shadow, Access::Read, caller(Role::Engineer)), None);
    }

    #[test]
    fn deprecated_is_opt_in_for_everyone() {
        let asked = verdict(State::Deprecated, Access::Read, caller(Role::Admin));
        assert_eq!(asked, Some(Refusal::NotOptedIn));
        let opted = AccessContext { include_deprecated: true, ..caller(Role::Viewer) };
        assert_eq!(verdict(State::Deprecated, Access::Read, opted), None);
        assert_eq!(verdict(State::Deprecated, Access::Write, opted), Some(Refusal::NotWritable));
    }

    #[test]
    fn every_refusal_has_a_detail_and_a_hint() {
        let subject = RefusedTable {
            relation: "public.t".into(),
            governed: "public.p".into(),
            name: "p".into(),
            version: "v1".into(),
            ..RefusedTable::default()
        };
        for refusal in [
            Refusal::NoRole,
            Refusal::Staging,
            Refusal::NotOptedIn,
            Refusal::NotWritable,
            Refusal::NoIngest,
            Refusal::IngestionClosed,
        ] {
            let e = explain(refusal, State::Deprecated, Access::Write, "amy", Role::None, &subject);
            assert!(e.message.contains("public.t"));
            assert!(e.detail.contains("takes its state from public.p"), "{}", e.detail);
            assert!(e.hint.ends_with(';'), "{}", e.hint);
        }
    }
}
