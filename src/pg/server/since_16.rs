//! PostgreSQL 16 and later: permissions are in a list of their own, and the entry
//! of a view is its subquery.

use pgrx::pg_sys;
use spyne_core::kernel::ids::RoleId;

use super::shared::{Hooks, Requested, Walker, requested};
use crate::pg::lists::cells;
use crate::pg::oids::{AsOid, role_id};

unsafe extern "C-unwind" {
    #[link_name = "expression_tree_walker_impl"]
    pub(super) fn expression_tree_walker(
        node: *mut pg_sys::Node,
        walker: Walker<pg_sys::Node>,
        context: *mut core::ffi::c_void,
    ) -> bool;
    #[link_name = "planstate_tree_walker_impl"]
    pub(super) fn planstate_tree_walker(
        state: *mut pg_sys::PlanState,
        walker: Walker<pg_sys::PlanState>,
        context: *mut core::ffi::c_void,
    ) -> bool;
}

/// Whether foreign tables have TRUNCATE triggers: they have.
pub const FOREIGN_TABLES_TELL_OF_TRUNCATE: bool = true;

/// ExecutorCheckPerms_hook.
pub type CheckPermissions =
    unsafe extern "C-unwind" fn(*mut pg_sys::List, *mut pg_sys::List, bool) -> bool;

/// What ExecutorCheckPerms_hook is given to check: a range table, and the
/// permissions that its entries point to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PermissionLists {
    range_table: *mut pg_sys::List,
    permissions: *mut pg_sys::List,
}

impl PermissionLists {
    /// Has another hook check the same.
    ///
    /// # Safety
    /// The lists are those of a permission check that is under way.
    #[inline(always)]
    pub unsafe fn pass_to(self, next: CheckPermissions, abort: bool) -> bool {
        // SAFETY: as promised by the caller.
        unsafe { next(self.range_table, self.permissions, abort) }
    }

    /// The relations of a permission check.
    ///
    /// # Safety
    /// As for `pass_to`.
    pub unsafe fn requested(self) -> Vec<Requested> {
        // SAFETY: the list holds RTEPermissionInfo nodes alone.
        unsafe {
            cells(self.permissions)
                .map(|cell| &*cell.cast::<pg_sys::RTEPermissionInfo>())
                .map(|info| requested(info.relid, info.requiredPerms))
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
    permissions: *mut pg_sys::List,
    abort: bool,
) -> bool {
    // SAFETY: a trampoline.
    unsafe { H::permits(PermissionLists { range_table, permissions }, abort) }
}

/// Postgres's own check of a plan's privileges, as the executor makes it.
/// Raises 42501.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn require_permissions(plan: *mut pg_sys::PlannedStmt) {
    // SAFETY: the plan's own lists.
    unsafe { pg_sys::ExecCheckPermissions((*plan).rtable, (*plan).permInfos, true) };
}

/// Whether an entry of a plan's range table stands for a relation that the
/// statement uses. That of a view is the subquery that the view has become,
/// which keeps the view's OID.
#[inline(always)]
pub fn names_relation(entry: &pg_sys::RangeTblEntry) -> bool {
    entry.rtekind == pg_sys::RTEKind::RTE_RELATION
        || entry.rtekind == pg_sys::RTEKind::RTE_SUBQUERY && entry.relid != pg_sys::InvalidOid
}

/// The privileges that an entry of a plan's range table asks for.
///
/// # Safety
/// An entry of that plan.
#[inline(always)]
pub unsafe fn privileges(
    plan: *const pg_sys::PlannedStmt,
    entry: &pg_sys::RangeTblEntry,
) -> pg_sys::AclMode {
    // SAFETY: the list holds RTEPermissionInfo nodes alone; entries count them from 1, and
    // 0 is none.
    unsafe {
        let at = (entry.perminfoindex as usize).wrapping_sub(1);
        let info = cells((*plan).permInfos).nth(at);
        info.map_or(0, |cell| (*cell.cast::<pg_sys::RTEPermissionInfo>()).requiredPerms)
    }
}

/// As whom each entry of a plan's range table is read: the user that a view
/// stands for, or 0 for whoever runs the statement.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn users_of_entries(plan: *const pg_sys::PlannedStmt) -> Vec<RoleId> {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let infos: Vec<RoleId> = cells((*plan).permInfos)
            .map(|cell| role_id((*cell.cast::<pg_sys::RTEPermissionInfo>()).checkAsUser))
            .collect();
        let own: Vec<usize> = cells((*plan).rtable)
            .map(|cell| (*cell.cast::<pg_sys::RangeTblEntry>()).perminfoindex as usize)
            .collect();
        let parents: Vec<(usize, usize)> = cells((*plan).appendRelations)
            .map(|cell| &*cell.cast::<pg_sys::AppendRelInfo>())
            .map(|info| (info.child_relid as usize, info.parent_relid as usize))
            .collect();
        inherited(&own, &parents)
            .into_iter()
            .map(|info| {
                info.checked_sub(1).and_then(|at| infos.get(at)).copied().unwrap_or_default()
            })
            .collect()
    }
}

/// Which permissions hold for each entry of a range table: its own, or those of
/// the entry that it is a child of. A partition that Postgres has added to a
/// plan has none of its own (`expand_single_inheritance_child`). All numbers
/// count from 1, and 0 is none. `parents` has each child after its parent, as
/// the planner lists them.
fn inherited(own: &[usize], parents: &[(usize, usize)]) -> Vec<usize> {
    let mut all = own.to_vec();
    for (child, parent) in parents {
        let above = parent.checked_sub(1).and_then(|at| all.get(at)).copied().unwrap_or(0);
        if let Some(info @ 0) = child.checked_sub(1).and_then(|at| all.get_mut(at)) {
            *info = above;
        }
    }
    all
}

/// The view whose body a subquery is.
///
/// # Safety
/// A valid entry of kind RTE_SUBQUERY.
pub unsafe fn view_behind(entry: &pg_sys::RangeTblEntry) -> Option<pg_sys::Oid> {
    (entry.relid != pg_sys::InvalidOid).then_some(entry.relid)
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
    // Without this, a type that is missing would be an error.
    let mut context = pg_sys::ErrorSaveContext {
        type_: pg_sys::NodeTag::T_ErrorSaveContext,
        ..Default::default()
    };
    // SAFETY: as promised by the caller; the context outlives the call.
    unsafe {
        if !pg_sys::parseTypeString(text, oid, modifier, (&raw mut context).cast()) {
            *oid = pg_sys::InvalidOid;
        }
    }
}

/// Whether a role has the rights of this database's owner.
pub fn owns_database(role: RoleId) -> bool {
    // SAFETY: a look-up of the database that this is.
    unsafe {
        pg_sys::object_ownercheck(pg_sys::DatabaseRelationId, pg_sys::MyDatabaseId, role.oid())
    }
}
