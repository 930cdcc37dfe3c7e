//! What differs between PostgreSQL 15, 16, 17 and 18, and the choice of one of
//! them: no other file asks for which major version this is built.
//!
//! A file `vNN` offers the same names as the others, with the same signatures
//! where they are called. What several majors share is in a file of its own,
//! `since_NN` or `until_NN`. What is declared here is the same in all of them.

use pgrx::pg_sys;
use spyne_core::gate::definitions::{Effect, of_part};

mod definitions;
mod shared;
#[cfg(not(feature = "pg15"))]
mod since_16;
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
mod since_17;
#[cfg(any(feature = "pg15", feature = "pg16"))]
mod until_16;
#[cfg(not(feature = "pg18"))]
mod until_17;
#[cfg(feature = "pg15")]
mod v15;
#[cfg(feature = "pg16")]
mod v16;
#[cfg(feature = "pg17")]
mod v17;
#[cfg(feature = "pg18")]
mod v18;

pub use definitions::effect_of_statement;
pub use shared::{Hooks, Requested, WRITING};

#[cfg(feature = "pg15")]
pub use v15::*;
#[cfg(feature = "pg16")]
pub use v16::*;
#[cfg(feature = "pg17")]
pub use v17::*;
#[cfg(feature = "pg18")]
pub use v18::*;

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
/// pg_inherits's index on inhparent.
pub const INHERITS_BY_PARENT: u32 = 2187;
/// pg_statistic_ext, its indexes on oid and on stxrelid.
pub const STATISTICS_RELATION: u32 = 3381;
pub const STATISTICS_BY_OID: u32 = 3380;
pub const STATISTICS_BY_RELATION: u32 = 3379;
/// pg_index's index on indrelid.
pub const INDEX_BY_RELATION: u32 = 2678;
/// pg_proc's index on oid.
pub const FUNCTION_BY_OID: u32 = 2690;
/// pg_attrdef's index on oid; pg_constraint's on oid, and on contypid.
pub const DEFAULT_BY_OID: u32 = 2657;
pub const CONSTRAINT_BY_OID: u32 = 2667;
pub const CONSTRAINT_BY_TYPE: u32 = 2666;
/// pg_rewrite, and its index on (ev_class, rulename).
pub const REWRITE_RELATION: u32 = 2618;
pub const REWRITE_BY_RELATION: u32 = 2693;
/// pg_depend's index on what depends.
pub const DEPEND_BY_DEPENDER: u32 = 2673;
/// pg_foreign_table, pg_foreign_server, pg_foreign_data_wrapper, pg_user_mapping.
pub const FOREIGN_TABLE_RELATION: u32 = 3118;
pub const FOREIGN_SERVER_RELATION: u32 = 1417;
pub const FOREIGN_WRAPPER_RELATION: u32 = 2328;
pub const USER_MAPPING_RELATION: u32 = 1418;
/// pg_type's index on oid.
pub const TYPE_BY_OID: u32 = 2703;
/// pg_range, and its index on rngtypid.
pub const RANGE_RELATION: u32 = 3541;
pub const RANGE_BY_TYPE: u32 = 3542;
/// pg_index's index on indexrelid.
pub const INDEX_BY_OID: u32 = 2679;
/// pg_attrdef and pg_constraint.
pub const DEFAULT_RELATION: u32 = 2604;
pub const CONSTRAINT_RELATION: u32 = 2606;

/// pg_constraint.contype, by number; pg_index.indexprs and indpred.
pub const CONSTRAINT_KIND: i32 = 4;
pub const INDEX_EXPRESSIONS: [i32; 2] = [20, 21];

unsafe extern "C-unwind" {
    fn standard_ExecutorStart(query: *mut pg_sys::QueryDesc, flags: core::ffi::c_int);
    fn standard_ExecutorFinish(query: *mut pg_sys::QueryDesc);
    fn standard_ExecutorEnd(query: *mut pg_sys::QueryDesc);
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
pub const EXECUTOR_END: unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc) = standard_ExecutorEnd;
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

/// What a part of ALTER TABLE does to rows; one that is not known is taken for the worst.
pub fn effect_of_part(part: pg_sys::AlterTableType::Type) -> Effect {
    definitions::effect_of_common_part(part)
        .or_else(|| effect_of_later_part(part))
        .unwrap_or(const { of_part("") })
}

/// Calls `see` for each direct part of an expression, or each node of a list.
///
/// # Safety
/// A valid expression node.
pub unsafe fn each_part(node: *mut pg_sys::Node, see: &mut dyn FnMut(*mut pg_sys::Node)) {
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

/// Calls `see` for each direct part of a plan's state.
///
/// # Safety
/// A valid plan state.
pub unsafe fn each_plan_state(
    state: *mut pg_sys::PlanState,
    see: &mut dyn FnMut(*mut pg_sys::PlanState),
) {
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
