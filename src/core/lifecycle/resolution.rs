//! Resolves a logical name to the table that it means.

use std::collections::BTreeMap;

use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::RelId;
use crate::kernel::state::State;
use crate::words::likeness::near;

/// A version of a name, as resolution sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct VersionOfName {
    pub relation: RelId,
    pub name: String,
    pub version: String,
    pub state: State,
}

/// Reads the argument `pin`: an object of name and version.
///
/// # Errors
/// 22023 for anything else.
pub fn read_pins(pin: Option<serde_json::Value>) -> Result<BTreeMap<String, String>> {
    let bad = |detail: String| {
        SpyneError::new(
            Code::InvalidParameter,
            "pin is not an object of names and versions",
            detail,
            "For example: SELECT * FROM spyne_resolve(ARRAY['customer'], pin => '{\"customer\": \"v1\"}');",
        )
    };
    match pin {
        None | Some(serde_json::Value::Null) => Ok(BTreeMap::new()),
        Some(serde_json::Value::Object(object)) => object
            .into_iter()
            .map(|(name, version)| match version {
                serde_json::Value::String(version) => Ok((name, version)),
                other => Err(bad(format!("The version of {name} is {other}, not a text."))),
            })
            .collect(),
        Some(other) => Err(bad(format!("It is {other}."))),
    }
}

/// The version that `name` means: the pinned one; else the ACTIVE one, else the
/// READ_ONLY one, else the newest DEPRECATED one where that is asked for. Never a
/// SHADOW.
///
/// # Errors
/// 42P01 where the name is unknown, or 55000 where it exists only in a state
/// that does not answer; the message says which, and offers near names.
pub fn resolve<'a>(
    name: &str,
    all: &'a [VersionOfName],
    include_deprecated: bool,
    pinned: Option<&str>,
) -> Result<&'a VersionOfName> {
    let versions: Vec<&VersionOfName> = all.iter().filter(|v| v.name == name).collect();
    if let Some(pinned) = pinned {
        return match versions.iter().find(|v| v.version == pinned && v.state != State::Shadow) {
            Some(found) => Ok(found),
            None => Err(SpyneError::new(
                Code::UndefinedTable,
                format!("{name} has no version {pinned} to pin"),
                format!("Its versions are: {}.", listed(&versions)),
                "Pin one of them; SHADOW versions cannot be pinned.",
            )),
        };
    }
    let in_state = |state: State| versions.iter().rev().find(|v| v.state == state).copied();
    let found = in_state(State::Active)
        .or_else(|| in_state(State::ReadOnly))
        .or_else(|| include_deprecated.then(|| in_state(State::Deprecated)).flatten());
    found.ok_or_else(|| unresolved(name, &versions, all))
}

fn unresolved(name: &str, versions: &[&VersionOfName], all: &[VersionOfName]) -> SpyneError {
    if versions.is_empty() {
        let mut names: Vec<&str> =
            all.iter().filter(|v| v.state != State::Shadow).map(|v| v.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let close = near(name, names);
        return SpyneError::new(
            Code::UndefinedTable,
            format!("no governed table is called {name}"),
            "The name is unknown: nothing was registered under it.",
            match close.is_empty() {
                true => {
                    "List the names: SELECT DISTINCT logical_name FROM spyne.tables;".to_string()
                }
                false => format!("Perhaps you meant {}.", close.join(" or ")),
            },
        );
    }
    let only_deprecated = versions.iter().any(|v| v.state == State::Deprecated);
    let (what, hint) = match only_deprecated {
        true => ("DEPRECATED", "Pass include_deprecated => true, or pin a version.".to_string()),
        false => {
            ("SHADOW", "Staging is never resolved; promote it first: spyne_promote.".to_string())
        }
    };
    SpyneError::new(
        Code::WrongState,
        format!("{name} has only {what} versions"),
        format!(
            "A name resolves to its ACTIVE version, else to its READ_ONLY one. There are: {}.",
            listed(versions)
        ),
        hint,
    )
}

fn listed(versions: &[&VersionOfName]) -> String {
    match versions.is_empty() {
        true => "none".to_string(),
        false => versions
            .iter()
            .map(|v| format!("{} ({})", v.version, v.state.as_str()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, version: &str, state: State) -> VersionOfName {
        VersionOfName { relation: RelId::new(1), name: name.into(), version: version.into(), state }
    }

    #[test]
    fn active_comes_before_read_only() {
        let all = [version("t", "v1", State::ReadOnly), version("t", "v1.1", State::Active)];
        assert_eq!(resolve("t", &all, false, None).unwrap().version, "v1.1");
        assert_eq!(resolve("t", &all[..1], false, None).unwrap().version, "v1");
    }

    #[test]
    fn deprecated_must_be_asked_for_or_pinned() {
        let all = [version("t", "v1", State::Deprecated)];
        assert_eq!(
            resolve("t", &all, false, None).unwrap_err().message,
            "t has only DEPRECATED versions"
        );
        assert!(resolve("t", &all, true, None).is_ok());
        assert!(resolve("t", &all, false, Some("v1")).is_ok());
    }

    #[test]
    fn shadow_is_never_resolved() {
        let all = [version("t", "v1", State::Shadow)];
        assert_eq!(
            resolve("t", &all, true, None).unwrap_err().message,
            "t has only SHADOW versions"
        );
        assert!(resolve("t", &all, true, Some("v1")).is_err());
    }

    #[test]
    fn an_unknown_name_gets_near_ones_but_no_shadows() {
        let all = [
            version("customer", "v1", State::ReadOnly),
            version("customers_secret", "v1", State::Shadow),
        ];
        let error = resolve("custmer", &all, false, None).unwrap_err();
        assert_eq!(error.code, Code::UndefinedTable);
        assert_eq!(error.hint, "Perhaps you meant customer.");
    }

    #[test]
    fn pins_are_an_object_of_texts() {
        assert!(read_pins(None).unwrap().is_empty());
        assert_eq!(read_pins(Some(serde_json::json!({"t": "v1"}))).unwrap()["t"], "v1");
        assert!(read_pins(Some(serde_json::json!(["t"]))).is_err());
        assert!(read_pins(Some(serde_json::json!({"t": 1}))).is_err());
    }
}
