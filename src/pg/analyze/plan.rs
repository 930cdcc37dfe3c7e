//! Estimates and permissions of a plan.

use pgrx::pg_sys;

use crate::pg::lists::cells;
use crate::pg::policy::Kind;
use crate::pg::{checks, server};
use spyne_core::statement::query::plan::{PlanNode, Planned};

/// Reads a plan's estimates.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn read(planned: *mut pg_sys::PlannedStmt) -> Planned {
    // SAFETY: as promised by the caller.
    unsafe {
        let top = (*planned).planTree;
        let subplans: Vec<*mut pg_sys::Plan> =
            cells((*planned).subplans).map(|cell| cell.cast()).collect();
        let mut tree = node(top);
        for subplan in subplans {
            if !subplan.is_null() {
                tree.children.push(node(subplan));
            }
        }
        let rows = match (*planned).commandType {
            pg_sys::CmdType::CMD_SELECT => (*top).plan_rows,
            // The node of a write returns rows only for RETURNING.
            _ => match (*top).lefttree.is_null() {
                true => (*top).plan_rows,
                false => (*(*top).lefttree).plan_rows,
            },
        };
        Planned { rows, cost: (*top).total_cost, tree }
    }
}

unsafe fn node(plan: *mut pg_sys::Plan) -> PlanNode {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag of a node says what it is.
    unsafe {
        let mut children = Vec::new();
        for child in [(*plan).lefttree, (*plan).righttree] {
            if !child.is_null() {
                children.push(node(child));
            }
        }
        let more = match (*plan).type_ {
            T_Append => (*plan.cast::<pg_sys::Append>()).appendplans,
            T_MergeAppend => (*plan.cast::<pg_sys::MergeAppend>()).mergeplans,
            T_BitmapAnd => (*plan.cast::<pg_sys::BitmapAnd>()).bitmapplans,
            T_BitmapOr => (*plan.cast::<pg_sys::BitmapOr>()).bitmapplans,
            _ => std::ptr::null_mut(),
        };
        children.extend(cells(more).map(|cell| node(cell.cast())));
        if (*plan).type_ == T_SubqueryScan {
            children.push(node((*plan.cast::<pg_sys::SubqueryScan>()).subplan));
        }
        let is_join = matches!((*plan).type_, T_NestLoop | T_MergeJoin | T_HashJoin);
        PlanNode { is_join, rows: (*plan).plan_rows, children }
    }
}

/// Makes sure that the current user may run the plan, or may look at it where it is
/// only explained: by Postgres's privileges and by spyne's rules.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn check_permissions(planned: *mut pg_sys::PlannedStmt, explained: bool) {
    // SAFETY: the lists of the plan itself.
    unsafe {
        checks::check_plan(planned, if explained { Kind::Explain } else { Kind::Preview });
        checks::while_checked(|| server::require_permissions(planned));
    }
}
