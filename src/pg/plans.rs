//! The nodes of a plan.

use pgrx::pg_sys;

use super::lists::cells;
use super::server;

/// Calls `see` for each node of a planned statement, those of its subplans included.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn each_node(plan: *const pg_sys::PlannedStmt, see: &mut dyn FnMut(*mut pg_sys::Plan)) {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        each_below((*plan).planTree, see);
        cells((*plan).subplans).for_each(|subplan| each_below(subplan.cast(), see));
    }
}

unsafe fn each_below(node: *mut pg_sys::Plan, see: &mut dyn FnMut(*mut pg_sys::Plan)) {
    // SAFETY: the tag of a node says what it is; lists hold what their names say.
    unsafe {
        if node.is_null() {
            return;
        }
        see(node);
        each_below((*node).lefttree, see);
        each_below((*node).righttree, see);
        let more = match (*node).type_ {
            pg_sys::NodeTag::T_Append => (*node.cast::<pg_sys::Append>()).appendplans,
            pg_sys::NodeTag::T_MergeAppend => (*node.cast::<pg_sys::MergeAppend>()).mergeplans,
            pg_sys::NodeTag::T_CustomScan => (*node.cast::<pg_sys::CustomScan>()).custom_plans,
            pg_sys::NodeTag::T_SubqueryScan => {
                return each_below((*node.cast::<pg_sys::SubqueryScan>()).subplan, see);
            }
            _ => return,
        };
        cells(more).for_each(|child| each_below(child.cast(), see));
    }
}

/// Whether some node of a plan is another library's own.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn has_custom_scan(plan: *const pg_sys::PlannedStmt) -> bool {
    let mut found = false;
    // SAFETY: as promised by the caller; every node has a tag.
    unsafe {
        each_node(plan, &mut |node| found |= (*node).type_ == pg_sys::NodeTag::T_CustomScan);
    }
    found
}

/// The calls of a function in what a plan computes, as far as they are in its target
/// lists, its conditions, its scans of functions and its lists of values.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn calls_of(
    plan: *const pg_sys::PlannedStmt,
    function: u32,
) -> Vec<*const pg_sys::FuncExpr> {
    let mut calls = Vec::new();
    // SAFETY: as promised by the caller; the tag of a node says what it is.
    unsafe {
        each_node(plan, &mut |node| {
            each_call((*node).targetlist.cast(), function, &mut calls);
            each_call((*node).qual.cast(), function, &mut calls);
            let more: *mut pg_sys::List = match (*node).type_ {
                pg_sys::NodeTag::T_FunctionScan => (*node.cast::<pg_sys::FunctionScan>()).functions,
                pg_sys::NodeTag::T_ValuesScan => (*node.cast::<pg_sys::ValuesScan>()).values_lists,
                _ => std::ptr::null_mut(),
            };
            each_call(more.cast(), function, &mut calls);
        });
    }
    calls
}

unsafe fn each_call(
    node: *mut pg_sys::Node,
    function: u32,
    calls: &mut Vec<*const pg_sys::FuncExpr>,
) {
    // SAFETY: an expression, or a list of them; its tag says what it is.
    unsafe {
        if node.is_null() {
            return;
        }
        if (*node).type_ == pg_sys::NodeTag::T_FuncExpr {
            let call = node.cast::<pg_sys::FuncExpr>();
            if (*call).funcid.to_u32() == function {
                calls.push(call);
            }
        }
        server::each_part(node, &mut |part| each_call(part, function, calls));
    }
}
