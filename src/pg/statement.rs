//! Which relations a planned statement touches, and how.

use pgrx::pg_sys;

use super::lists::cells;
use super::oids::rel_id;
use super::policy::{Access, Kind, Statement, Touched};
use super::{catalogs, plans, server, users};

/// A digest of the relations that a plan touches. The same text can have another plan
/// where its parameters have other types.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn relations_of(plan: *const pg_sys::PlannedStmt) -> u64 {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let written = !(*plan).resultRelations.is_null();
        cells((*plan).rtable).fold(0xcbf2_9ce4_8422_2325 ^ u64::from(written), |hash, cell| {
            let entry = &*cell.cast::<pg_sys::RangeTblEntry>();
            match server::names_relation(entry) {
                true => (hash ^ u64::from(entry.relid.to_u32()) ^ asked(plan, entry))
                    .wrapping_mul(0x0000_0100_0000_01b3)
                    .rotate_left(23),
                false => hash,
            }
        })
    }
}

/// The privileges of a writer that an entry asks for, as bits of a digest.
///
/// # Safety
/// An entry of that plan.
unsafe fn asked(plan: *const pg_sys::PlannedStmt, entry: &pg_sys::RangeTblEntry) -> u64 {
    // SAFETY: as promised by the caller.
    let writing = unsafe { server::privileges(plan, entry) } & server::WRITING;
    (writing as u64) << 32
}

/// The integers of a list.
///
/// # Safety
/// As for [`cells`], for a List of integers.
unsafe fn integers(list: *mut pg_sys::List) -> Vec<i32> {
    // SAFETY: as above.
    unsafe {
        match list.is_null() {
            true => Vec::new(),
            false => std::slice::from_raw_parts((*list).elements, (*list).length as usize)
                .iter()
                .map(|cell| cell.int_value)
                .collect(),
        }
    }
}

/// Reads a plan: relations from its flat range table (CTEs, subqueries, views,
/// partitions and inlined functions included), writes from its result relations, locks
/// from its row marks. Where a plan lists either, permission bits say nothing about writes:
/// a foreign-key check has the UPDATE bit set on the table that it reads, and a rule leaves
/// the bits of a table that nothing is written to any more.
///
/// # Safety
/// `plan` is a valid planned statement.
pub unsafe fn read(plan: *const pg_sys::PlannedStmt, kind: Kind) -> Statement {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let plan = &*plan;
        let key_check = is_key_check(plan);
        let base = if key_check { Access::KeyCheck } else { Access::Read };
        let mut access: Vec<Option<Touched>> = cells(plan.rtable)
            .map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>())
            .zip(server::users_of_entries(plan))
            .map(|(rte, as_user)| {
                server::names_relation(rte).then(|| Touched {
                    relid: rel_id(rte.relid),
                    access: base,
                    as_user,
                })
            })
            .collect();
        let mut raise = |index: usize, to: Access| {
            if let Some(Some(touched)) = access.get_mut(index.wrapping_sub(1)) {
                touched.access = touched.access.max(to);
            }
        };
        if !key_check {
            for cell in cells(plan.rowMarks) {
                let mark = &*cell.cast::<pg_sys::PlanRowMark>();
                // Weaker marks lock nothing: they only fetch rows again for a join.
                if mark.markType <= pg_sys::RowMarkType::ROW_MARK_KEYSHARE {
                    raise(mark.rti as usize, Access::Lock);
                }
            }
        }
        for index in integers(plan.resultRelations) {
            raise(index as usize, Access::Write);
        }
        for (index, access) in by_permissions(plan) {
            raise(index, access);
        }
        let touched = access.into_iter().flatten().collect();
        Statement { relations: relations_of(plan), ..Statement::plain(touched, kind, None) }
    }
}

/// The writes of a plan that lists neither result relations nor row marks, by the
/// privileges that it asks for: Citus puts a scan of its own in the place of what writes,
/// and keeps the command and the privileges. Entries count from 1. A SELECT that asks for
/// UPDATE has a CTE that updates, or FOR UPDATE; either is taken for a lock, which is
/// forbidden wherever writes are.
///
/// # Safety
/// A valid planned statement.
unsafe fn by_permissions(plan: &pg_sys::PlannedStmt) -> Vec<(usize, Access)> {
    use pg_sys::CmdType::{CMD_DELETE, CMD_INSERT, CMD_MERGE, CMD_UPDATE};
    if !plan.resultRelations.is_null() || !plan.rowMarks.is_null() {
        return Vec::new();
    }
    let writes = matches!(plan.commandType, CMD_INSERT | CMD_UPDATE | CMD_DELETE | CMD_MERGE);
    let rows = (pg_sys::ACL_INSERT | pg_sys::ACL_DELETE) as pg_sys::AclMode;
    // SAFETY: a range table holds RangeTblEntry nodes alone.
    unsafe {
        let entries = cells(plan.rtable).map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>());
        let asked = entries.enumerate().filter_map(|(at, entry)| {
            let asked = server::privileges(plan, entry) & server::WRITING;
            (asked != 0).then_some((at + 1, asked))
        });
        let asked: Vec<_> = asked.collect();
        if asked.is_empty() || !writes && !plans::has_custom_scan(plan) {
            return Vec::new();
        }
        let access = |asked| if writes || asked & rows != 0 { Access::Write } else { Access::Lock };
        asked.into_iter().map(|(at, asked)| (at, access(asked))).collect()
    }
}

/// Whether this is the query of a foreign-key check: run by ri_triggers.c with
/// SECURITY_NOFORCE_RLS, as the owner of the table that it looks into, comparing key
/// columns with parameters, locking FOR KEY SHARE and returning a constant. A trigger
/// that runs inside a cascade has that context too, so the shape of the query is
/// checked as well. A query of that shape tells nobody more than the foreign key itself
/// does, namely whether a key exists.
///
/// # Safety
/// `plan` is a valid planned statement.
unsafe fn is_key_check(plan: &pg_sys::PlannedStmt) -> bool {
    if plan.commandType != pg_sys::CmdType::CMD_SELECT || !users::in_key_statement() {
        return false;
    }
    // SAFETY: the lists of a plan hold what their names say.
    unsafe {
        let mut relations = cells(plan.rtable).map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>());
        let first = match relations.next() {
            Some(rte) if rte.rtekind == pg_sys::RTEKind::RTE_RELATION => rel_id(rte.relid),
            _ => return false,
        };
        let others_below = relations.all(|rte| {
            rte.rtekind == pg_sys::RTEKind::RTE_RELATION
                && catalogs::parents_of(rel_id(rte.relid)).len() == 1
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
            && plan.subplans.is_null()
            && catalogs::owner_of(first) == users::current()
            && compares_keys(plan.planTree, plan.rtable)
    }
}

/// Whether a plan does nothing but look up rows by key columns.
///
/// # Safety
/// `node` is a plan node of the statement whose range table is `rtable`.
unsafe fn compares_keys(node: *mut pg_sys::Plan, rtable: *mut pg_sys::List) -> bool {
    // SAFETY: the tag of a node says what it is; lists hold what their names say.
    unsafe {
        if node.is_null() || !(*node).initPlan.is_null() {
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
        let Some(entry) = cells(rtable).nth((((*scan).scanrelid).wrapping_sub(1)) as usize) else {
            return false;
        };
        let keys = catalogs::key_columns(rel_id((*entry.cast::<pg_sys::RangeTblEntry>()).relid));
        let mut all = cells(conditions).chain(cells((*node).qual));
        all.all(|condition| is_key_comparison(condition.cast(), &keys))
    }
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
