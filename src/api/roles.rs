//! spyne_can, and the functions that the views on roles call.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::context::{Caller, given};
use crate::pg::oids::role_id;
use crate::report::{OrRaise, raise};
use crate::store::roles::role_of;
use spyne_core::kernel::error::{Code, SpyneError};
use spyne_core::kernel::role::{MATRIX, Permission};

/// Whether a role has a permission of the matrix.
///
/// # Errors
/// 22023 for an unknown permission, 22004 for NULL.
#[pg_extern(sql = "
CREATE FUNCTION spyne_can(
    permission text,
    role regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole)
RETURNS boolean STABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_can(permission: Option<&str>, role: Option<pg_sys::Oid>) -> bool {
    let hint = "For example: SELECT spyne_can('query');";
    let permission = given(permission, "permission", hint).or_raise();
    let role = given(role, "role", hint).or_raise();
    let known = MATRIX.map(|(p, _)| p.as_str()).join(", ");
    match Permission::parse(permission) {
        Some(parsed) => role_of(role_id(role)).may(parsed),
        None => raise(SpyneError::new(
            Code::InvalidParameter,
            format!("\"{permission}\" is not a permission"),
            format!("The permissions are {known}."),
            "See who has what: SELECT * FROM spyne.role_permissions;",
        )),
    }
}

/// The name of the spyne role that a Postgres role has the rights of.
#[pg_extern(sql = "
CREATE FUNCTION spyne.role_of(role oid) RETURNS text STRICT STABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn role_name(role: pg_sys::Oid) -> String {
    role_of(role_id(role)).as_str().to_string()
}

/// Raises where the caller does not have a spyne role; for functions that are
/// written in SQL.
///
/// # Errors
/// 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne.require_role(role text, action text) RETURNS boolean STRICT STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn require_role(role: &str, action: &str) -> bool {
    let permission = match role {
        "spyne_admin" => Permission::Promote,
        "spyne_engineer" => Permission::ViewShadow,
        _ => Permission::Query,
    };
    Caller::now().require(permission, action).or_raise();
    true
}
