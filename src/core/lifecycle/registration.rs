//! The checks of a registration.

use crate::gate::rules::{Denial, Rule};
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::names::{Address, MAX_NAME_BYTES, RelationName, literal};
use crate::kernel::state::State;
use crate::kernel::version::Version;

/// A relation that somebody wants to register.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub address: Address,
    /// pg_class.relkind.
    pub kind: &'a str,
    pub temporary: bool,
    pub is_partition: bool,
    pub parent: Option<&'a str>,
    pub is_system: bool,
    pub extension: Option<&'a str>,
    /// Whether Citus keeps the rows of the relation in shards, and lets no trigger be put on
    /// it.
    pub sharded: bool,
    /// The state and the name of the relation, where it is governed already.
    pub governed: Option<(State, &'a str)>,
}

/// Checks that a relation is of a kind that can be governed.
///
/// # Errors
/// 42809 for a relation that cannot be governed, 42710 for one that is governed
/// already.
pub fn check(request: &Request) -> Result<()> {
    let shown = &request.address.shown();
    let wrong = |what: &str, detail: &str, hint: String| {
        Err(SpyneError::new(
            Code::WrongObjectType,
            format!("cannot govern {shown}: it is {what}"),
            detail.to_string(),
            hint,
        ))
    };
    let tables =
        "Tables, partitioned tables, foreign tables and materialized views can be governed.";
    let list = "List what can be registered: \\dt".to_string();
    if let Some((state, name)) = request.governed {
        return Err(governed_already(&request.address.clone().into(), state, name));
    }
    if request.is_system {
        return wrong("a system catalog", tables, list);
    }
    if matches!(request.address.schema.as_str(), "spyne" | "governed") {
        return wrong(
            "spyne's own",
            "spyne's catalog and views are governed by spyne itself.",
            list,
        );
    }
    if request.temporary {
        return wrong(
            "a temporary table",
            "It ends with its session, and nobody else sees it.",
            format!(
                "Make it a permanent table first: CREATE TABLE {} AS TABLE {};",
                Address::new("public", &request.address.name),
                Address::new("pg_temp", &request.address.name)
            ),
        );
    }
    if request.is_partition {
        return wrong(
            "a partition",
            "Partitions take their state from the table they belong to.",
            match request.parent {
                Some(parent) => format!(
                    "Register the whole table: SELECT * FROM spyne_register({});",
                    literal(parent)
                ),
                None => "Register the whole table instead.".to_string(),
            },
        );
    }
    if let Some(extension) = request.extension {
        return wrong(
            &format!("part of extension {extension}"),
            "What belongs to an extension is changed by that extension.",
            list,
        );
    }
    if request.sharded {
        return Err(SpyneError::new(
            Code::Unsupported,
            format!("cannot govern {shown}: Citus keeps its rows in shards"),
            "Citus lets no trigger be put on it, and who uses a shard by its own name, or by another server, passes by what governs the table here.",
            format!(
                "To govern it on this server alone: SET citus.enable_ddl_propagation = off; SELECT * FROM spyne_register({});",
                request.address.as_argument()
            ),
        ));
    }
    match request.kind {
        "r" | "p" | "f" | "m" => Ok(()),
        "v" => wrong(
            "a view",
            "A view holds no data: what is governed is what it reads.",
            "Register the tables behind it; views are judged by the tables they read.".to_string(),
        ),
        "S" => wrong("a sequence", tables, list),
        "i" | "I" => wrong("an index", tables, list),
        "c" => wrong("a composite type", tables, list),
        "t" => wrong("a TOAST table", tables, list),
        _ => wrong("not a table", tables, list),
    }
}

/// The error where a relation is governed already: it has one state and one name.
pub fn governed_already(relation: &RelationName, state: State, name: &str) -> SpyneError {
    SpyneError::new(
        Code::DuplicateObject,
        format!("table {relation} is governed already"),
        format!("It is {} as {name}; a relation is governed once.", state.as_str()),
        format!("See it: SELECT * FROM spyne_table_state({});", relation.as_argument()),
    )
}

/// Checks that the caller may publish under a name. An engineer may stage a new version
/// of any name, but what a name means to its readers is changed only by those who
/// answer for it. `theirs` says whether the caller answers for all versions of the
/// name.
///
/// # Errors
/// 42501 for a name that others answer for.
pub fn check_theirs(name: &str, state: State, theirs: bool) -> Result<()> {
    if state.is_staging() || theirs {
        return Ok(());
    }
    let denial = Denial::told(
        Rule::RolePublish,
        format!("permission denied to publish a table as {name}"),
        "The name has versions that others answer for, and readers who trust it.",
        "Register it as SHADOW and have it promoted, or under a name of its own.",
    );
    Err(denial.into())
}

/// Checks a logical name.
///
/// # Errors
/// 22023 for a name that is empty or longer than a name may be.
pub fn check_name(name: &str) -> Result<()> {
    let problem = match name.len() {
        0 => "it is empty".to_string(),
        n if n > MAX_NAME_BYTES => format!("it has {n} bytes"),
        _ if name.trim() != name => "it begins or ends with a space".to_string(),
        _ => return Ok(()),
    };
    Err(SpyneError::new(
        Code::InvalidParameter,
        format!("\"{name}\" cannot be a logical name"),
        format!(
            "A logical name has 1 to {MAX_NAME_BYTES} bytes and no space around it; {problem}."
        ),
        "Pass another name.",
    ))
}

/// Checks the state that a registration asks for.
///
/// # Errors
/// 22023 for ACTIVE and DEPRECATED, which are reached by promotion alone.
pub fn check_state(state: State) -> Result<()> {
    if state.properties().registrable {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::InvalidParameter,
        format!("a table cannot be registered as {}", state.as_str()),
        "Only READ_ONLY and SHADOW may be asked for at registration.",
        "To make an existing table ACTIVE: register it as SHADOW, then run spyne_promote.",
    ))
}

/// Checks that a READ_ONLY registration of `table` does not meet another of its
/// name.
///
/// # Errors
/// 42710 where the name has another table.
pub fn check_free(
    table: &Address,
    name: &str,
    state: State,
    existing: &[(State, String)],
) -> Result<()> {
    match existing.iter().find(|(held, _)| state == State::ReadOnly && *held == State::ReadOnly) {
        None => Ok(()),
        Some((_, held)) => Err(SpyneError::new(
            Code::DuplicateObject,
            format!("the name {name} is taken"),
            format!("{held} is READ_ONLY under this name, and a name resolves to one table."),
            format!(
                "Register it under another name: SELECT * FROM spyne_register({}, name => 'another_name');",
                table.as_argument()
            ),
        )),
    }
}

/// The version of a table that comes under governance: v1 for a new name, else
/// the first free minor version after the one in use.
pub fn next_version(current: Option<&str>, ever: &[String]) -> Version {
    let taken: Vec<Version> = ever.iter().filter_map(|v| Version::parse(v)).collect();
    match current.and_then(Version::parse).or(taken.iter().copied().max()) {
        None => Version::FIRST,
        Some(version) => version.next_minor(&taken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<'a>() -> Request<'a> {
        Request { address: Address::new("public", "t"), kind: "r", ..Request::default() }
    }

    #[test]
    fn the_four_kinds_of_tables_pass() {
        for kind in ["r", "p", "f", "m"] {
            assert_eq!(check(&Request { kind, ..table() }), Ok(()));
        }
    }

    #[test]
    fn everything_else_is_refused_by_what_it_is() {
        let code = |request: Request| check(&request).unwrap_err().code;
        for kind in ["v", "S", "i", "I", "c", "t"] {
            assert_eq!(code(Request { kind, ..table() }), Code::WrongObjectType);
        }
        assert_eq!(code(Request { temporary: true, ..table() }), Code::WrongObjectType);
        assert_eq!(code(Request { is_partition: true, ..table() }), Code::WrongObjectType);
        assert_eq!(code(Request { is_system: true, ..table() }), Code::WrongObjectType);
        assert_eq!(
            code(Request { address: Address::new("spyne", "t"), ..table() }),
            Code::WrongObjectType
        );
        assert_eq!(code(Request { extension: Some("x"), ..table() }), Code::WrongObjectType);
        let sharded = Request { sharded: true, ..table() };
        assert_eq!(code(sharded), Code::Unsupported);
        let twice = Request { governed: Some((State::Active, "t")), ..table() };
        assert_eq!(code(twice), Code::DuplicateObject);
    }

    #[test]
    fn names_have_bounds() {
        assert!(check_name("customer").is_ok());
        for bad in ["", " a", "a "] {
            assert!(check_name(bad).is_err());
        }
        assert!(check_name(&"x".repeat(64)).is_err());
    }

    #[test]
    fn only_read_only_and_shadow_can_be_registered() {
        let allowed: Vec<_> = State::ALL.into_iter().filter(|s| check_state(*s).is_ok()).collect();
        assert_eq!(allowed, [State::ReadOnly, State::Shadow]);
    }

    #[test]
    fn versions_go_on_where_they_were() {
        assert_eq!(next_version(None, &[]).to_string(), "v1");
        assert_eq!(next_version(Some("v1"), &["v1".into()]).to_string(), "v1.1");
        assert_eq!(next_version(None, &["v1".into(), "v2".into()]).to_string(), "v2.1");
    }
}
