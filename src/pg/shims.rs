//! What differs between PostgreSQL 15, 16, 17 and 18. Every `cfg` on a version
//! is in this file.

use pgrx::pg_sys;

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

/// What a range table entry asks for, outside the executor: COPY and the like.
pub struct Requested {
    pub relid: u32,
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
        relid: relid.to_u32(),
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
