//! PostgreSQL 15: range table entries carry the permissions that they need.

use pgrx::pg_sys;
use spyne_core::kernel::ids::RoleId;

use super::shared::{Hooks, Requested, Walker, requested};
use crate::pg::lists::cells;
use crate::pg::oids::{AsOid, role_id};

pub use super::until_16::*;
pub use super::until_17::*;

unsafe extern "C-unwind" {
    pub(super) fn expression_tree_walker(
        node: *mut pg_sys::Node,
        walker: Walker<pg_sys::Node>,
        context: *mut core::ffi::c_void,
    ) -> bool;
    pub(super) fn planstate_tree_walker(
        state: *mut pg_sys::PlanState,
        walker: Walker<pg_sys::PlanState>,
        context: *mut core::ffi::c_void,
    ) -> bool;
}

/// Whether foreign tables have TRUNCATE triggers: they have none.
pub const FOREIGN_TABLES_TELL_OF_TRUNCATE: bool = false;

/// ExecutorCheckPerms_hook.
pub type CheckPermissions = unsafe extern "C-unwind" fn(*mut pg_sys::List, bool) -> bool;

/// What ExecutorCheckPerms_hook is given to check: a range table.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PermissionLists {
    range_table: *mut pg_sys::List,
}

impl PermissionLists {
    /// Has another hook check the same.
    ///
    /// # Safety
    /// The lists are those of a permission check that is under way.
    #[inline(always)]
    pub unsafe fn pass_to(self, next: CheckPermissions, abort: bool) -> bool {
        // SAFETY: as promised by the caller.
        unsafe { next(self.range_table, abort) }
    }

    /// The relations of a permission check.
    ///
    /// # Safety
    /// As for `pass_to`.
    pub unsafe fn requested(self) -> Vec<Requested> {
        // SAFETY: a range table holds RangeTblEntry nodes alone.
        unsafe {
            cells(self.range_table)
                .map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>())
                .filter(|entry| names_relation(entry))
                .map(|entry| requested(entry.relid, entry.requiredPerms))
                .collect()
        }
    }
}

/// ExecutorCheckPerms_hook, as `H` has it.
///
/// # Safety
/// For Postgres to call.
pub unsafe extern "C-unwind" fn check_permissions<H: Hooks<Lists = PermissionLists>>(
    range_table: *mut pg_sys::List,
    abort: bool,
) -> bool {
    // SAFETY: a trampoline.
    unsafe { H::permits(PermissionLists { range_table }, abort) }
}

/// Postgres's own check of a plan's privileges, as the executor makes it.
/// Raises 42501.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn require_permissions(plan: *mut pg_sys::PlannedStmt) {
    // SAFETY: the plan's own range table.
    unsafe { pg_sys::ExecCheckRTPerms((*plan).rtable, true) };
}

/// Whether an entry of a plan's range table stands for a relation that the
/// statement uses. A view is in its own entry, beside what it is made of.
#[inline(always)]
pub fn names_relation(entry: &pg_sys::RangeTblEntry) -> bool {
    entry.rtekind == pg_sys::RTEKind::RTE_RELATION
}

/// The privileges that an entry of a plan's range table asks for.
///
/// # Safety
/// An entry of that plan.
#[inline(always)]
pub unsafe fn privileges(
    _plan: *const pg_sys::PlannedStmt,
    entry: &pg_sys::RangeTblEntry,
) -> pg_sys::AclMode {
    entry.requiredPerms
}

/// As whom each entry of a plan's range table is read: the user that a view
/// stands for, or 0 for whoever runs the statement.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn users_of_entries(plan: *const pg_sys::PlannedStmt) -> Vec<RoleId> {
    // SAFETY: a range table holds RangeTblEntry nodes alone. The entry of a
    // partition is a copy of its parent's.
    unsafe {
        cells((*plan).rtable)
            .map(|cell| role_id((*cell.cast::<pg_sys::RangeTblEntry>()).checkAsUser))
            .collect()
    }
}

/// The view whose body a subquery is.
///
/// # Safety
/// A valid entry of kind RTE_SUBQUERY.
pub unsafe fn view_behind(entry: &pg_sys::RangeTblEntry) -> Option<pg_sys::Oid> {
    // SAFETY: a subquery has a query. The rewriter leaves the rule's OLD at the
    // first place of its range table: the view itself, outside of FROM.
    unsafe {
        let first = cells((*entry.subquery).rtable).next()?;
        let first = &*first.cast::<pg_sys::RangeTblEntry>();
        let is_view = first.rtekind == pg_sys::RTEKind::RTE_RELATION
            && first.relkind as u8 == pg_sys::RELKIND_VIEW
            && !first.inFromCl;
        is_view.then_some(first.relid)
    }
}

/// Looks up the type that a text names; leaves an invalid OID where there is
/// none. Raises 42601 where the text is no name of a type.
///
/// # Safety
/// A C string, and places to write to.
pub unsafe fn parse_type(
    text: *const core::ffi::c_char,
    oid: *mut pg_sys::Oid,
    modifier: *mut i32,
) {
    // SAFETY: as promised by the caller.
    unsafe { pg_sys::parseTypeString(text, oid, modifier, true) };
}

/// Whether a role has the rights of this database's owner.
pub fn owns_database(role: RoleId) -> bool {
    // SAFETY: a look-up of the database that this is.
    unsafe { pg_sys::pg_database_ownercheck(pg_sys::MyDatabaseId, role.oid()) }
}
