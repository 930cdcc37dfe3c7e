//! The user who acts, and the rights of users.

use spyne_core::kernel::ids::RoleId;
use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::frames;
use super::oids::{AsOid, role_id};

unsafe extern "C-unwind" {
    // These functions are declared here and not taken from pgrx, for the fast path:
    // they cannot raise, so they need no error boundary.
    fn GetUserId() -> pg_sys::Oid;
    fn GetOuterUserId() -> pg_sys::Oid;
    fn GetUserIdAndSecContext(user: *mut pg_sys::Oid, context: *mut core::ffi::c_int);
}

/// The owner of the cluster: the superuser that initdb made.
pub const BOOTSTRAP_SUPERUSER: RoleId = RoleId::new(pg_sys::BOOTSTRAP_SUPERUSERID);

/// `current_user`.
#[inline(always)]
pub fn current() -> RoleId {
    // SAFETY: reads a static; never raises.
    role_id(unsafe { GetUserId() })
}

/// Whether a foreign-key check or action is running: ri_triggers.c switches to
/// the table's owner with this flag, and nothing else sets it.
#[inline(always)]
fn in_key_check_context() -> bool {
    let mut user = pg_sys::InvalidOid;
    let mut context = 0;
    // SAFETY: writes the two out-parameters; never raises.
    unsafe { GetUserIdAndSecContext(&mut user, &mut context) };
    context & pg_sys::SECURITY_NOFORCE_RLS as i32 != 0
}

/// Whether the statement that starts now is a foreign key's own check or action. It is
/// not where a trigger or a function starts it that such an action calls, although that
/// runs in the same context.
#[inline(always)]
pub fn in_key_statement() -> bool {
    in_key_check_context() && !frames::now().within_key()
}

/// The user whose spyne role counts: `current_user`, except in a foreign-key action.
/// Postgres runs that as the owner of the table, so the user counts who has caused it.
pub fn acting() -> RoleId {
    if !in_key_statement() {
        return current();
    }
    match frames::now().finisher() {
        // A constraint that is deferred to the end of the transaction, or COPY.
        None => role_id(unsafe { GetOuterUserId() }),
        Some(user) => user,
    }
}

/// The user whose change fires its AFTER triggers now. Within a foreign-key action,
/// that is the user who has caused the action.
#[inline(always)]
pub fn finishing_now() -> RoleId {
    match frames::now().finisher() {
        Some(outer) if in_key_statement() => outer,
        _ => current(),
    }
}

/// A role's name.
pub fn name(user: RoleId) -> String {
    // SAFETY: told that a miss is fine, it returns null.
    unsafe {
        let name = pg_sys::GetUserNameFromId(user.oid(), true);
        match name.is_null() {
            true => format!("role {user}"),
            false => CStr::from_ptr(name).to_string_lossy().into_owned(),
        }
    }
}

/// Whether there is such a role.
pub fn exists(user: RoleId) -> bool {
    // SAFETY: told that a miss is fine.
    unsafe { !pg_sys::GetUserNameFromId(user.oid(), true).is_null() }
}

/// A role's name, quoted where it must be.
pub fn quoted_name(user: RoleId) -> String {
    let Ok(name) = CString::new(name(user)) else {
        return String::new();
    };
    // SAFETY: quote_identifier returns its argument or a palloc'd copy.
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }
        .to_string_lossy()
        .into_owned()
}

/// A role's OID; None where there is no such role.
pub fn role(name: &str) -> Option<RoleId> {
    let name = CString::new(name).ok()?;
    // SAFETY: told that a miss is fine.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then(|| role_id(oid))
}

/// Whether `user` has the rights of `role` now, without SET ROLE.
pub fn has_rights_of(user: RoleId, role: RoleId) -> bool {
    // SAFETY: look-ups in the role cache.
    unsafe { pg_sys::has_privs_of_role(user.oid(), role.oid()) }
}

pub fn is_superuser(user: RoleId) -> bool {
    // SAFETY: a look-up in the role cache.
    unsafe { pg_sys::superuser_arg(user.oid()) }
}
