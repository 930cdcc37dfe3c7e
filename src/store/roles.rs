//! The spyne role of a Postgres role.

use crate::pg::users;
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::role::Role;

/// The highest spyne role that `user` has the rights of. A superuser counts as admin.
/// Where the roles are missing, no other user has one, so that statements are refused.
pub fn role_of(user: RoleId) -> Role {
    if users::is_superuser(user) {
        return Role::Admin;
    }
    Role::NAMED
        .into_iter()
        .find(|role| users::role(role.as_str()).is_some_and(|oid| users::has_rights_of(user, oid)))
        .unwrap_or(Role::None)
}
