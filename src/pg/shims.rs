//! What differs between PostgreSQL 15, 16, 17 and 18. Every `cfg` on a version
//! is in this file.

use super::oids::{rel_id, role_id};
use pgrx::pg_sys;
use spyne_core::kernel::ids::{RelId, RoleId};

/// pg_inherits and its index on (inhrelid, inhseqno); fixed OIDs in all versions.
pub const INHERITS_RELATION: u32 = 2611;
pub const INHERITS_BY_CHILD: u32 = 2680;
/// pg_class's index on oid.
pub const CLASS_BY_OID: u32 = 2662;
/// pg_trigger's index on oid.
pub const TRIGGER_BY_OID: u32 = 2702;
/// pg_namespace.
pub const NAMESPACE_RELATION: u32 = 2615;
/// Its index on oid.
pub const NAMESPACE_BY_OID: u32 = 2685;

/// pg_depend, and its index on what is referred to.
pub const DEPEND_RELATION: u32 = 2608;
pub const DEPEND_BY_REFERENCE: u32 = 2674;
/// pg_index's index on indexrelid.
pub const INDEX_BY_OID: u32 = 2679;
/// pg_attrdef and pg_constraint.
pub const DEFAULT_RELATION: u32 = 2604;
pub const CONSTRAINT_RELATION: u32 = 2606;
/// pg_constraint.conrelid and contypid, by number.
#[cfg(not(feature = "pg18"))]
pub const CONSTRAINT_COLUMNS: (i16, i16) = (8, 9);
#[cfg(feature = "pg18")]
pub const CONSTRAINT_COLUMNS: (i16, i16) = (9, 10);

/// What a range table entry asks for, outside the executor: COPY and the like.
pub struct Requested {
    pub relid: RelId,
    pub reads: bool,
    pub writes: bool,
}

/// The arguments of ExecutorCheckPerms_hook.
#[cfg(feature = "pg15")]
pub type CheckPermissions = unsafe extern "C-unwind" fn(*mut pg_sys::List, bool) -> bool;
#[cfg(not(feature = "pg15"))]
pub type CheckPermissions =
    unsafe extern "C-unwind" fn(*mut pg_sys::List, *mut pg_sys::List, bool) -> bool;

fn requested(relid: pg_sys::Oid, permissions: pg_sys::AclMode) -> Requested {
    let writing = pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE;
    Requested {
        relid: rel_id(relid),
        reads: permissions & pg_sys::ACL_SELECT as pg_sys::AclMode != 0,
        writes: permissions & writing as pg_sys::AclMode != 0,
    }
}

/// The relations of a permission check.
///
/// # Safety
/// `list` is the first list (15) or the second (16 and later) that the hook got.
#[cfg(feature = "pg15")]
pub unsafe fn requested_relations(list: *mut pg_sys::List) -> Vec<Requested> {
    // SAFETY: a range table holds RangeTblEntry nodes alone.
    unsafe {
        super::statement::cells(list)
            .map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>())
            .filter(|rte| rte.rtekind == pg_sys::RTEKind::RTE_RELATION)
            .map(|rte| requested(rte.relid, rte.requiredPerms))
            .collect()
    }
}

#[cfg(not(feature = "pg15"))]
pub unsafe fn requested_relations(list: *mut pg_sys::List) -> Vec<Requested> {
    // SAFETY: the list holds RTEPermissionInfo nodes alone.
    unsafe {
        super::statement::cells(list)
            .map(|cell| &*cell.cast::<pg_sys::RTEPermissionInfo>())
            .map(|info| requested(info.relid, info.requiredPerms))
            .collect()
    }
}

unsafe extern "C-unwind" {
    fn standard_ExecutorStart(query: *mut pg_sys::QueryDesc, flags: core::ffi::c_int);
    fn standard_ExecutorFinish(query: *mut pg_sys::QueryDesc);
    fn standard_ProcessUtility(
        statement: *mut pg_sys::PlannedStmt,
        text: *const core::ffi::c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        destination: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

/// The standard functions behind the hooks, as plain C functions: no guard
/// around them, so that an error passes through unharmed.
pub const EXECUTOR_START: unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, core::ffi::c_int) =
    standard_ExecutorStart;
pub const EXECUTOR_FINISH: unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc) =
    standard_ExecutorFinish;
#[allow(clippy::type_complexity)]
pub const PROCESS_UTILITY: unsafe extern "C-unwind" fn(
    *mut pg_sys::PlannedStmt,
    *const core::ffi::c_char,
    bool,
    pg_sys::ProcessUtilityContext::Type,
    pg_sys::ParamListInfo,
    *mut pg_sys::QueryEnvironment,
    *mut pg_sys::DestReceiver,
    *mut pg_sys::QueryCompletion,
) = standard_ProcessUtility;

/// Calls `see` for each direct part of an expression, or each node of a list.
///
/// # Safety
/// A valid expression node.
pub unsafe fn each_part(node: *mut pg_sys::Node, see: &mut dyn FnMut(*mut pg_sys::Node)) {
    type Walker = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut core::ffi::c_void) -> bool;
    unsafe extern "C-unwind" {
        #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
        fn expression_tree_walker(
            node: *mut pg_sys::Node,
            walker: Walker,
            context: *mut core::ffi::c_void,
        ) -> bool;
    }
    struct Context<'a>(&'a mut dyn FnMut(*mut pg_sys::Node));
    unsafe extern "C-unwind" fn walker(
        part: *mut pg_sys::Node,
        context: *mut core::ffi::c_void,
    ) -> bool {
        // SAFETY: the context that is handed over below.
        unsafe { ((*context.cast::<Context>()).0)(part) };
        false
    }
    let mut context = Context(see);
    // SAFETY: the walker only collects; it neither raises nor goes deeper.
    unsafe { expression_tree_walker(node, walker, (&raw mut context).cast()) };
}

/// The view whose body a subquery is.
///
/// # Safety
/// A valid entry of kind RTE_SUBQUERY.
#[cfg(feature = "pg15")]
pub unsafe fn view_behind(entry: &pg_sys::RangeTblEntry) -> Option<pg_sys::Oid> {
    // SAFETY: a subquery has a query. The rewriter leaves the rule's OLD at the
    // first place of its range table: the view itself, outside of FROM.
    unsafe {
        let first = super::statement::cells((*entry.subquery).rtable).next()?;
        let first = &*first.cast::<pg_sys::RangeTblEntry>();
        let is_view = first.rtekind == pg_sys::RTEKind::RTE_RELATION
            && first.relkind as u8 == pg_sys::RELKIND_VIEW
            && !first.inFromCl;
        is_view.then_some(first.relid)
    }
}

#[cfg(not(feature = "pg15"))]
pub unsafe fn view_behind(entry: &pg_sys::RangeTblEntry) -> Option<pg_sys::Oid> {
    (entry.relid != pg_sys::InvalidOid).then_some(entry.relid)
}

/// Postgres's own check of privileges, as the executor makes it; raises.
///
/// # Safety
/// A valid planned statement.
#[cfg(feature = "pg15")]
pub unsafe fn check_permissions(planned: *mut pg_sys::PlannedStmt) {
    // SAFETY: the plan's own range table.
    unsafe { pg_sys::ExecCheckRTPerms((*planned).rtable, true) };
}

#[cfg(not(feature = "pg15"))]
pub unsafe fn check_permissions(planned: *mut pg_sys::PlannedStmt) {
    // SAFETY: the plan's own lists.
    unsafe { pg_sys::ExecCheckPermissions((*planned).rtable, (*planned).permInfos, true) };
}

/// As whom the relations of a plan are read: the user that a view stands for,
/// or 0 for whoever runs the statement. By place in the range table.
///
/// # Safety
/// A valid planned statement.
#[cfg(feature = "pg15")]
pub unsafe fn checked_as(
    _plan: *const pg_sys::PlannedStmt,
    entry: *const pg_sys::RangeTblEntry,
) -> RoleId {
    // SAFETY: an entry of the plan.
    unsafe { role_id((*entry).checkAsUser) }
}

#[cfg(not(feature = "pg15"))]
pub unsafe fn checked_as(
    plan: *const pg_sys::PlannedStmt,
    entry: *const pg_sys::RangeTblEntry,
) -> RoleId {
    // SAFETY: perminfoindex counts the plan's permInfos from 1; 0 is none.
    unsafe {
        let index = (*entry).perminfoindex as usize;
        match index.checked_sub(1).and_then(|i| super::statement::cells((*plan).permInfos).nth(i)) {
            Some(info) => role_id((*info.cast::<pg_sys::RTEPermissionInfo>()).checkAsUser),
            None => RoleId::NONE,
        }
    }
}

/// Calls `see` for each direct part of a plan's state.
///
/// # Safety
/// A valid plan state.
pub unsafe fn each_plan_state(
    state: *mut pg_sys::PlanState,
    see: &mut dyn FnMut(*mut pg_sys::PlanState),
) {
    type Walker =
        unsafe extern "C-unwind" fn(*mut pg_sys::PlanState, *mut core::ffi::c_void) -> bool;
    unsafe extern "C-unwind" {
        #[cfg_attr(not(feature = "pg15"), link_name = "planstate_tree_walker_impl")]
        fn planstate_tree_walker(
            state: *mut pg_sys::PlanState,
            walker: Walker,
            context: *mut core::ffi::c_void,
        ) -> bool;
    }
    struct Context<'a>(&'a mut dyn FnMut(*mut pg_sys::PlanState));
    unsafe extern "C-unwind" fn walker(
        part: *mut pg_sys::PlanState,
        context: *mut core::ffi::c_void,
    ) -> bool {
        // SAFETY: the context that is handed over below.
        unsafe { ((*context.cast::<Context>()).0)(part) };
        false
    }
    let mut context = Context(see);
    // SAFETY: the walker only visits.
    unsafe { planstate_tree_walker(state, walker, (&raw mut context).cast()) };
}

unsafe extern "C-unwind" {
    #[cfg(not(feature = "pg18"))]
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
        once: bool,
    );
    fn standard_ExecutorEnd(query: *mut pg_sys::QueryDesc);
}

pub type ExecutorRun =
    unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, pg_sys::ScanDirection::Type, u64, bool);
pub const EXECUTOR_RUN: ExecutorRun = standard_ExecutorRun;
pub const EXECUTOR_END: unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc) = standard_ExecutorEnd;

/// The type that a text names; an invalid OID where there is none.
///
/// # Safety
/// A C string, and places to write to.
#[cfg(feature = "pg15")]
pub unsafe fn parse_type(
    text: *const core::ffi::c_char,
    oid: *mut pg_sys::Oid,
    modifier: *mut i32,
) {
    // SAFETY: as promised by the caller.
    unsafe { pg_sys::parseTypeString(text, oid, modifier, true) };
}

#[cfg(not(feature = "pg15"))]
pub unsafe fn parse_type(
    text: *const core::ffi::c_char,
    oid: *mut pg_sys::Oid,
    modifier: *mut i32,
) {
    // SAFETY: as promised by the caller; without a context errors are raised.
    unsafe { pg_sys::parseTypeString(text, oid, modifier, std::ptr::null_mut()) };
}
