//! The queries that foreign keys are checked by, told from all others by their shape.

use pgrx::pg_sys;

use super::lists::cells;
use super::oids::rel_id;
use super::{catalogs, users};

/// Whether this is the query of a foreign-key check: run by ri_triggers.c with
/// SECURITY_NOFORCE_RLS, as the owner of the table that it looks into, comparing key
/// columns with parameters, locking FOR KEY SHARE and returning a constant. A trigger
/// that runs inside a cascade has that context too, so the shape of the query is
/// checked as well. A query of that shape tells nobody more than the foreign key itself
/// does, namely whether a key exists.
///
/// # Safety
/// `plan` is a valid planned statement.
pub unsafe fn is_key_check(plan: &pg_sys::PlannedStmt) -> bool {
    if plan.commandType != pg_sys::CmdType::CMD_SELECT || !users::in_key_statement() {
        return false;
    }
    // SAFETY: the lists of a plan hold what their names say.
    unsafe {
        let mut relations = cells(plan.rtable)
            .map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>())
            // The rows that a check over periods gathers are a subquery's.
            .filter(|rte| !is_plain_subquery(rte));
        let first = match relations.next() {
            Some(rte) if rte.rtekind == pg_sys::RTEKind::RTE_RELATION => rel_id(rte.relid),
            _ => return false,
        };
        let over_periods = !plan.subplans.is_null();
        let others_below = relations.all(|rte| {
            let relid = rel_id(rte.relid);
            rte.rtekind == pg_sys::RTEKind::RTE_RELATION
                && (catalogs::parents_of(relid).len() == 1
                    || over_periods && catalogs::refers_to(first, relid))
        });
        let mut marks =
            cells(plan.rowMarks).map(|cell| &*cell.cast::<pg_sys::PlanRowMark>()).peekable();
        let locks = marks.peek().is_some()
            && marks.all(|mark| mark.markType == pg_sys::RowMarkType::ROW_MARK_KEYSHARE);
        let constant = cells((*plan.planTree).targetlist)
            .map(|cell| &*cell.cast::<pg_sys::TargetEntry>())
            .filter(|entry| !entry.resjunk)
            .all(|entry| (*entry.expr.cast::<pg_sys::Node>()).type_ == pg_sys::NodeTag::T_Const);
        others_below
            && locks
            && constant
            && catalogs::owner_of(first) == users::current()
            && cells(plan.subplans).all(|part| gathers_periods(part.cast(), plan.rtable, false))
            && (compares_keys(plan.planTree, plan.rtable)
                || gathers_periods(plan.planTree, plan.rtable, true))
    }
}

/// Whether an entry of a range table is a subquery that is no view.
fn is_plain_subquery(entry: &pg_sys::RangeTblEntry) -> bool {
    entry.rtekind == pg_sys::RTEKind::RTE_SUBQUERY && entry.relid == pg_sys::InvalidOid
}

/// Whether a plan does nothing but gather the periods of the rows that have a key:
/// `SELECT range_agg(r) FROM (SELECT period r FROM t WHERE ... FOR KEY SHARE)`, and with
/// `compares` the constant that is returned where these cover a parameter. It is how
/// PostgreSQL 18 and later check a foreign key over periods.
///
/// # Safety
/// `node` is a plan node of the statement whose range table is `rtable`.
unsafe fn gathers_periods(
    node: *mut pg_sys::Plan,
    rtable: *mut pg_sys::List,
    compares: bool,
) -> bool {
    // SAFETY: the tag of a node says what it is; lists hold what their names say.
    unsafe {
        if node.is_null()
            || (*node).type_ != pg_sys::NodeTag::T_Agg
            || !(*node).initPlan.is_null()
            || (*node.cast::<pg_sys::Agg>()).numCols != 0
        {
            return false;
        }
        let gathered = (*node).lefttree;
        if gathered.is_null()
            || (*gathered).type_ != pg_sys::NodeTag::T_SubqueryScan
            || !(*gathered).qual.is_null()
            || !(*gathered).initPlan.is_null()
        {
            return false;
        }
        let inner = (*gathered.cast::<pg_sys::SubqueryScan>()).subplan;
        let is_key = |column| is_key_below(gathered, column, rtable);
        let mut result = cells((*node).targetlist)
            .map(|cell| (*cell.cast::<pg_sys::TargetEntry>()).expr.cast::<pg_sys::Node>());
        cells((*node).qual).count() == usize::from(compares)
            && cells((*node).qual).all(|condition| is_of_periods(condition.cast(), &is_key))
            && result.all(|part| is_of_periods(part, &is_key))
            && compares_keys(inner, rtable)
    }
}

/// Whether a column that a plan returns, counted from 1, is a key column of the table that
/// it comes from.
///
/// # Safety
/// `node` is a plan node of the statement whose range table is `rtable`.
unsafe fn is_key_below(node: *mut pg_sys::Plan, column: i16, rtable: *mut pg_sys::List) -> bool {
    // SAFETY: the tag of a node says what it is; lists hold what their names say.
    unsafe {
        if node.is_null() {
            return false;
        }
        let place = usize::try_from(i32::from(column) - 1).unwrap_or(usize::MAX);
        let entry = cells((*node).targetlist).nth(place);
        let value = entry.map(|cell| (*cell.cast::<pg_sys::TargetEntry>()).expr);
        let Some(var) = value
            .map(|value| value.cast::<pg_sys::Node>())
            .filter(|value| (**value).type_ == pg_sys::NodeTag::T_Var)
            .map(|value| &*value.cast::<pg_sys::Var>())
        else {
            return false;
        };
        match (*node).type_ {
            pg_sys::NodeTag::T_SubqueryScan => {
                let inner = (*node.cast::<pg_sys::SubqueryScan>()).subplan;
                is_key_below(inner, var.varattno, rtable)
            }
            pg_sys::NodeTag::T_LockRows => is_key_below((*node).lefttree, var.varattno, rtable),
            pg_sys::NodeTag::T_Append => cells((*node.cast::<pg_sys::Append>()).appendplans)
                .all(|child| is_key_below(child.cast(), column, rtable)),
            pg_sys::NodeTag::T_SeqScan
            | pg_sys::NodeTag::T_IndexScan
            | pg_sys::NodeTag::T_BitmapHeapScan => {
                keys_of((*node.cast::<pg_sys::Scan>()).scanrelid, rtable).contains(&var.varattno)
            }
            _ => false,
        }
    }
}

/// The key columns of a table, by its place in the range table, counted from 1.
///
/// # Safety
/// A range table.
unsafe fn keys_of(place: u32, rtable: *mut pg_sys::List) -> Vec<i16> {
    // SAFETY: a range table holds RangeTblEntry nodes alone.
    unsafe {
        let entry = cells(rtable).nth(place.wrapping_sub(1) as usize);
        entry.map_or_else(Vec::new, |cell| {
            catalogs::key_columns(rel_id((*cell.cast::<pg_sys::RangeTblEntry>()).relid))
        })
    }
}

/// Whether a plan does nothing but look up rows by key columns.
///
/// # Safety
/// `node` is a plan node of the statement whose range table is `rtable`.
unsafe fn compares_keys(node: *mut pg_sys::Plan, rtable: *mut pg_sys::List) -> bool {
    // SAFETY: the tag of a node says what it is; lists hold what their names say.
    unsafe {
        if node.is_null() {
            return false;
        }
        let scan = node.cast::<pg_sys::Scan>();
        let conditions = match (*node).type_ {
            pg_sys::NodeTag::T_LockRows => {
                return (*node).qual.is_null() && compares_keys((*node).lefttree, rtable);
            }
            pg_sys::NodeTag::T_Append => {
                let mut children = cells((*node.cast::<pg_sys::Append>()).appendplans);
                return children.all(|child| compares_keys(child.cast(), rtable));
            }
            // A partition that cannot hold the key is pruned, and leaves an empty
            // result.
            pg_sys::NodeTag::T_Result => return (*node).lefttree.is_null(),
            pg_sys::NodeTag::T_SeqScan => std::ptr::null_mut(),
            pg_sys::NodeTag::T_IndexScan => {
                let index = node.cast::<pg_sys::IndexScan>();
                if !(*index).indexorderby.is_null() {
                    return false;
                }
                (*index).indexqualorig
            }
            pg_sys::NodeTag::T_BitmapHeapScan => {
                (*node.cast::<pg_sys::BitmapHeapScan>()).bitmapqualorig
            }
            _ => return false,
        };
        let keys = keys_of((*scan).scanrelid, rtable);
        let is_key = |column| keys.contains(&column);
        let mut all = cells(conditions).chain(cells((*node).qual));
        all.all(|condition| {
            is_key_comparison(condition.cast(), &keys) || is_of_periods(condition.cast(), &is_key)
        })
    }
}

/// Whether an expression compares periods as the check of a foreign key does: key
/// columns, parameters and what was gathered of them, by operators of ranges that
/// Postgres has of its own. They give no function of an ordinary user a
/// value, and raise no error that would tell one.
///
/// # Safety
/// `expression` is a valid expression.
unsafe fn is_of_periods(expression: *mut pg_sys::Node, is_key: &dyn Fn(i16) -> bool) -> bool {
    // SAFETY: the tag of a node says what it is.
    unsafe {
        let bare = without_casts(expression);
        let all =
            |parts: *mut pg_sys::List| cells(parts).all(|part| is_of_periods(part.cast(), is_key));
        match bare.as_ref().map(|node| node.type_) {
            Some(pg_sys::NodeTag::T_Const | pg_sys::NodeTag::T_Param) => true,
            Some(pg_sys::NodeTag::T_Var) => is_key((*bare.cast::<pg_sys::Var>()).varattno),
            Some(pg_sys::NodeTag::T_Aggref) => {
                let gathered = &*bare.cast::<pg_sys::Aggref>();
                let name = pg_sys::get_func_name(gathered.aggfnoid);
                let mut arguments = cells(gathered.args)
                    .map(|cell| (*cell.cast::<pg_sys::TargetEntry>()).expr.cast());
                is_built_in(gathered.aggfnoid, name, &["range_agg"])
                    && arguments.all(|argument| is_of_periods(argument, is_key))
            }
            Some(pg_sys::NodeTag::T_OpExpr) => {
                let operation = &*bare.cast::<pg_sys::OpExpr>();
                let name = pg_sys::get_opname(operation.opno);
                is_built_in(operation.opno, name, &["&&", "<@", "*"]) && all(operation.args)
            }
            Some(pg_sys::NodeTag::T_BoolExpr) => {
                let operation = &*bare.cast::<pg_sys::BoolExpr>();
                operation.boolop == pg_sys::BoolExprType::NOT_EXPR && all(operation.args)
            }
            Some(pg_sys::NodeTag::T_CoalesceExpr) => {
                all((*bare.cast::<pg_sys::CoalesceExpr>()).args)
            }
            _ => false,
        }
    }
}

/// Whether a function or an operator is Postgres's own and has one of these names.
///
/// # Safety
/// `name` is null or a C string.
unsafe fn is_built_in(oid: pg_sys::Oid, name: *const core::ffi::c_char, names: &[&str]) -> bool {
    if name.is_null() || oid.to_u32() >= pg_sys::FirstNormalObjectId {
        return false;
    }
    // SAFETY: as promised by the caller.
    let name = unsafe { std::ffi::CStr::from_ptr(name) };
    name.to_str().is_ok_and(|name| names.contains(&name))
}

/// Whether an expression is `key column = parameter`, by an operator that is an
/// equality of some btree operator family. Only superusers make those, so no function
/// of an ordinary user gets the value of the column.
///
/// # Safety
/// `expression` is a valid expression.
unsafe fn is_key_comparison(expression: *mut pg_sys::Node, keys: &[i16]) -> bool {
    // SAFETY: the tag of a node says what it is.
    unsafe {
        if expression.is_null() || (*expression).type_ != pg_sys::NodeTag::T_OpExpr {
            return false;
        }
        let operation = &*expression.cast::<pg_sys::OpExpr>();
        if pg_sys::get_mergejoin_opfamilies(operation.opno).is_null() {
            return false;
        }
        let mut column = false;
        let mut parameter = false;
        for cell in cells(operation.args) {
            let bare = without_casts(cell.cast());
            match bare.as_ref().map(|node| node.type_) {
                Some(pg_sys::NodeTag::T_Var) => {
                    column |= keys.contains(&(*bare.cast::<pg_sys::Var>()).varattno);
                }
                // A plan that was made for given values has these in place of
                // parameters.
                Some(pg_sys::NodeTag::T_Const) => parameter = true,
                Some(pg_sys::NodeTag::T_Param) => {
                    let kind = (*bare.cast::<pg_sys::Param>()).paramkind;
                    parameter |= kind == pg_sys::ParamKind::PARAM_EXTERN;
                }
                _ => return false,
            }
        }
        column && parameter
    }
}

/// An expression without the built-in casts around it.
///
/// # Safety
/// `node` is null or a valid expression.
unsafe fn without_casts(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: the tag of a node says what it is.
    unsafe {
        while !node.is_null() {
            node = match (*node).type_ {
                pg_sys::NodeTag::T_RelabelType => (*node.cast::<pg_sys::RelabelType>()).arg.cast(),
                pg_sys::NodeTag::T_FuncExpr => {
                    let call = &*node.cast::<pg_sys::FuncExpr>();
                    let built_in = call.funcid.to_u32() < pg_sys::FirstNormalObjectId;
                    match cells(call.args).next() {
                        Some(argument) if built_in => argument.cast(),
                        _ => return node,
                    }
                }
                _ => return node,
            };
        }
        node
    }
}
