//! The rules as rows, for the views `spyne.state_properties`,
//! `spyne.role_permissions`, `spyne.rules` and `spyne.drift_severities`.

use pgrx::prelude::*;

use spyne_core::gate::rules;
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::kernel::state::{PROPERTIES, Readers, TRANSITIONS};
use spyne_core::shape::rules::RULES;

#[pg_extern(sql = "
CREATE FUNCTION spyne.state_rules()
RETURNS TABLE (state text, meaning text, queryable text, writable boolean, visible text,
               auto_joined boolean, becomes text[], registrable boolean)
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn state_rules() -> TableIterator<
    'static,
    (
        name!(state, String),
        name!(meaning, String),
        name!(queryable, String),
        name!(writable, bool),
        name!(visible, String),
        name!(auto_joined, bool),
        name!(becomes, Vec<String>),
        name!(registrable, bool),
    ),
> {
    TableIterator::new(PROPERTIES.into_iter().map(|p| {
        let queryable = match p.readers {
            Readers::All => "yes",
            Readers::Staging => "engineers and admins",
            Readers::OptIn => "opt-in: SET spyne.include_deprecated = on",
        };
        let becomes = TRANSITIONS
            .into_iter()
            .filter(|(from, _, _)| *from == p.state)
            .map(|(_, to, function)| format!("{} ({function})", to.as_str()))
            .collect();
        (
            p.state.as_str().to_string(),
            p.meaning.to_string(),
            queryable.to_string(),
            p.writable,
            p.visible.to_string(),
            p.auto_joined,
            becomes,
            p.registrable,
        )
    }))
}

#[pg_extern(sql = "
CREATE FUNCTION spyne.role_rules()
RETURNS TABLE (role text, query boolean, create_contracts boolean, ingest boolean,
               promote boolean, deprecate boolean, view_shadow boolean)
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn role_rules() -> TableIterator<
    'static,
    (
        name!(role, String),
        name!(query, bool),
        name!(create_contracts, bool),
        name!(ingest, bool),
        name!(promote, bool),
        name!(deprecate, bool),
        name!(view_shadow, bool),
    ),
> {
    let lowest_first: Vec<Role> = Role::NAMED.into_iter().rev().collect();
    TableIterator::new(lowest_first.into_iter().map(|role| {
        (
            role.as_str().to_string(),
            role.may(Permission::Query),
            role.may(Permission::CreateContracts),
            role.may(Permission::Ingest),
            role.may(Permission::Promote),
            role.may(Permission::Deprecate),
            role.may(Permission::ViewShadow),
        )
    }))
}

#[pg_extern(sql = "
CREATE FUNCTION spyne.access_rules()
RETURNS TABLE (rule text, sqlstate text, refused text, place text)
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn access_rules() -> TableIterator<
    'static,
    (name!(rule, String), name!(sqlstate, String), name!(refused, String), name!(place, String)),
> {
    TableIterator::new(rules::RULES.into_iter().map(|rule| {
        (
            rule.code.to_string(),
            rule.sqlstate.sqlstate().to_string(),
            rule.refused.to_string(),
            rule.place.to_string(),
        )
    }))
}

#[pg_extern(sql = "
CREATE FUNCTION spyne.drift_rules()
RETURNS TABLE (change_type text, severity text, change text, because text)
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn drift_rules() -> TableIterator<
    'static,
    (
        name!(change_type, String),
        name!(severity, String),
        name!(change, String),
        name!(because, String),
    ),
> {
    TableIterator::new(RULES.into_iter().map(|rule| {
        (
            rule.change_type.as_str().to_string(),
            rule.severity.as_str().to_string(),
            rule.change.to_string(),
            rule.because.to_string(),
        )
    }))
}
