//! The rules as rows, for the views `spyne.state_properties`,
//! `spyne.role_permissions`, `spyne.rules` and `spyne.drift_severities`.

use pgrx::prelude::*;

use crate::pg::row_sets::{Rows, row};
use spyne_core::gate::rules as gate;
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::kernel::state::{PROPERTIES, Properties, Readers, TRANSITIONS};
use spyne_core::shape::rules as shape;

row! {
    /// What a state means and allows.
    "state_rule" => StateRule {
        state: &'static str,
        meaning: &'static str,
        queryable: &'static str,
        writable: bool,
        visible: &'static str,
        auto_joined: bool,
        becomes: Vec<String>,
        registrable: bool,
    }
}

/// What each state means and allows.
#[pg_extern(sql = "
CREATE FUNCTION spyne.state_rules() RETURNS SETOF spyne.state_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn state_rules() -> Rows<StateRule> {
    let rule = |of: Properties| StateRule {
        state: of.state.as_str(),
        meaning: of.meaning,
        queryable: match of.readers {
            Readers::All => "yes",
            Readers::Staging => "engineers and admins",
            Readers::OptIn => "opt-in: SET spyne.include_deprecated = on",
        },
        writable: of.writable,
        visible: of.visible,
        auto_joined: of.auto_joined,
        becomes: TRANSITIONS
            .into_iter()
            .filter(|(from, _, _)| *from == of.state)
            .map(|(_, to, function)| format!("{} ({function})", to.as_str()))
            .collect(),
        registrable: of.registrable,
    };
    Rows::of(PROPERTIES.into_iter().map(rule).collect())
}

row! {
    /// What a role may do.
    "role_rule" => RoleRule {
        role: &'static str,
        query: bool,
        create_contracts: bool,
        ingest: bool,
        promote: bool,
        deprecate: bool,
        view_shadow: bool,
    }
}

/// What each role may do, the lowest first.
#[pg_extern(sql = "
CREATE FUNCTION spyne.role_rules() RETURNS SETOF spyne.role_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn role_rules() -> Rows<RoleRule> {
    let rule = |role: Role| RoleRule {
        role: role.as_str(),
        query: role.may(Permission::Query),
        create_contracts: role.may(Permission::CreateContracts),
        ingest: role.may(Permission::Ingest),
        promote: role.may(Permission::Promote),
        deprecate: role.may(Permission::Deprecate),
        view_shadow: role.may(Permission::ViewShadow),
    };
    Rows::of(Role::NAMED.into_iter().rev().map(rule).collect())
}

row! {
    /// A rule by which something is refused.
    "access_rule" => AccessRule {
        rule: &'static str,
        sqlstate: &'static str,
        refused: &'static str,
        place: &'static str,
    }
}

/// The rules by which statements, DDL and calls are refused.
#[pg_extern(sql = "
CREATE FUNCTION spyne.access_rules() RETURNS SETOF spyne.access_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn access_rules() -> Rows<AccessRule> {
    let rule = |of: gate::DescribedRule| AccessRule {
        rule: of.code,
        sqlstate: of.sqlstate.sqlstate(),
        refused: of.refused,
        place: of.place,
    };
    Rows::of(gate::RULES.into_iter().map(rule).collect())
}

row! {
    /// How bad a kind of change is, and why.
    "drift_rule" => DriftRule {
        change_type: &'static str,
        severity: &'static str,
        change: &'static str,
        because: &'static str,
    }
}

/// How bad each kind of change is, and why.
#[pg_extern(sql = "
CREATE FUNCTION spyne.drift_rules() RETURNS SETOF spyne.drift_rule
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn drift_rules() -> Rows<DriftRule> {
    let rule = |of: shape::ChangeRule| DriftRule {
        change_type: of.change_type.as_str(),
        severity: of.severity.as_str(),
        change: of.change,
        because: of.because,
    };
    Rows::of(shape::RULES.into_iter().map(rule).collect())
}
