//! Reads queries from Postgres's trees into `core::statement::query::Query`.

use std::cell::Cell;
use std::ffi::CStr;

use pgrx::pg_sys;

use super::deparse;
use super::expressions::Reader;
use crate::pg::lists::cells;
use crate::pg::oids::rel_id;
use crate::pg::server;
use spyne_core::statement::query::{
    CommandType, Cte, Distinct, Expr, ExprKind, From, Join, JoinKind, Query, SetOperation,
    SetOperator, Source, SourceKind, Target,
};

/// Reads an analyzed and rewritten query.
///
/// # Safety
/// A valid query tree.
pub unsafe fn read(query: *mut pg_sys::Query) -> Query {
    // SAFETY: as promised by the caller.
    unsafe { read_within(query, &[]) }
}

impl Reader<'_> {
    /// Reads a query inside the one that this reads.
    ///
    /// # Safety
    /// A valid query tree.
    pub unsafe fn subquery(&self, query: *mut pg_sys::Query) -> Query {
        // SAFETY: as promised by the caller.
        unsafe { read_within(query, self.levels) }
    }
}

/// Reads a query inside others, the outermost of which comes first.
///
/// # Safety
/// Valid query trees.
unsafe fn read_within(query: *mut pg_sys::Query, outer: &[*mut pg_sys::Query]) -> Query {
    // SAFETY: the lists of a query hold what their names say.
    unsafe {
        pg_sys::check_stack_depth();
        pgrx::check_for_interrupts!();
        let query = server::with_groups_written_out(query);
        let tree = &*query;
        let levels: Vec<*mut pg_sys::Query> = outer.iter().copied().chain([query]).collect();
        let wanted = wanted_texts(tree);
        let texts = deparse::texts(&levels, &wanted);
        let reader = Reader { levels: &levels, texts, depth: Cell::new(0) };
        let (from, filters) = match tree.jointree.is_null() {
            true => (Vec::new(), Vec::new()),
            false => (
                cells((*tree.jointree).fromlist).map(|c| from_item(c.cast(), &reader)).collect(),
                conjuncts((*tree.jointree).quals)
                    .into_iter()
                    .chain(conjuncts(server::merge_condition(tree)))
                    .map(|node| reader.read(node))
                    .collect(),
            ),
        };
        Query {
            command: match tree.commandType {
                pg_sys::CmdType::CMD_INSERT => CommandType::Insert,
                pg_sys::CmdType::CMD_UPDATE => CommandType::Update,
                pg_sys::CmdType::CMD_DELETE => CommandType::Delete,
                pg_sys::CmdType::CMD_MERGE => CommandType::Merge,
                _ => CommandType::Select,
            },
            sources: cells(tree.rtable).map(|c| source(&*c.cast(), &reader)).collect(),
            from,
            filters,
            targets: targets(tree.targetList, &reader),
            group_by: clause(tree.groupClause, tree.targetList, &reader),
            grouping_sets: !tree.groupingSets.is_null(),
            having: conjuncts(tree.havingQual).into_iter().map(|n| reader.read(n)).collect(),
            distinct: match (tree.distinctClause.is_null(), tree.hasDistinctOn) {
                (true, _) => Distinct::No,
                (false, false) => Distinct::Rows,
                (false, true) => Distinct::On,
            },
            order_by: clause(tree.sortClause, tree.targetList, &reader),
            limit: (!tree.limitCount.is_null()).then(|| reader.read(tree.limitCount)),
            offset: (!tree.limitOffset.is_null()).then(|| reader.read(tree.limitOffset)),
            set_operation: set_operation(tree.setOperations),
            ctes: cells(tree.cteList).map(|c| cte(&*c.cast(), &levels)).collect(),
            result: usize::try_from(tree.resultRelation).ok().filter(|n| *n > 0),
            returning: targets(tree.returningList, &reader),
            actions: actions(tree, &reader),
            elsewhere: elsewhere(tree, &reader),
        }
    }
}

/// The expressions of a level whose texts are shown to people.
unsafe fn wanted_texts(tree: &pg_sys::Query) -> Vec<*mut pg_sys::Node> {
    fn is_call(node: *mut pg_sys::Node) -> bool {
        // SAFETY: a valid node.
        let tag = unsafe { (*node).type_ };
        matches!(tag, pg_sys::NodeTag::T_Aggref | pg_sys::NodeTag::T_WindowFunc)
    }
    unsafe fn calls(node: *mut pg_sys::Node, into: &mut Vec<*mut pg_sys::Node>) {
        if node.is_null() {
            return;
        }
        if is_call(node) {
            into.push(node);
        }
        let mut parts = Vec::new();
        // SAFETY: the walker calls back for each direct part. A subquery has a
        // level of its own.
        unsafe {
            server::each_part(node, &mut |part| parts.push(part));
            for part in parts {
                if !part.is_null() && (*part).type_ != pg_sys::NodeTag::T_Query {
                    calls(part, into);
                }
            }
        }
    }
    unsafe fn conditions(item: *mut pg_sys::Node, into: &mut Vec<*mut pg_sys::Node>) {
        // SAFETY: the items of a join tree are one of these three.
        unsafe {
            match (*item).type_ {
                pg_sys::NodeTag::T_JoinExpr => {
                    let join = &*item.cast::<pg_sys::JoinExpr>();
                    conditions(join.larg, into);
                    conditions(join.rarg, into);
                    into.extend(conjuncts(join.quals));
                }
                pg_sys::NodeTag::T_FromExpr => {
                    let from = &*item.cast::<pg_sys::FromExpr>();
                    cells(from.fromlist).for_each(|c| conditions(c.cast(), into));
                    into.extend(conjuncts(from.quals));
                }
                _ => {}
            }
        }
    }
    let mut all = Vec::new();
    // SAFETY: the lists of a query hold what their names say.
    unsafe {
        if !tree.jointree.is_null() {
            conditions(tree.jointree.cast(), &mut all);
        }
        all.extend(conjuncts(server::merge_condition(tree)));
        all.extend(conjuncts(tree.havingQual));
        for cell in cells(tree.targetList) {
            let expression = (*cell.cast::<pg_sys::TargetEntry>()).expr.cast::<pg_sys::Node>();
            all.push(expression);
            calls(expression, &mut all);
        }
        calls(tree.havingQual, &mut all);
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The expressions that AND holds together.
unsafe fn conjuncts(node: *mut pg_sys::Node) -> Vec<*mut pg_sys::Node> {
    if node.is_null() {
        return Vec::new();
    }
    // SAFETY: the tag of a node says what it is.
    unsafe {
        match (*node).type_ {
            // The planner's implicit AND.
            pg_sys::NodeTag::T_List => {
                cells(node.cast()).flat_map(|c| conjuncts(c.cast())).collect()
            }
            pg_sys::NodeTag::T_BoolExpr
                if (*node.cast::<pg_sys::BoolExpr>()).boolop == pg_sys::BoolExprType::AND_EXPR =>
            {
                cells((*node.cast::<pg_sys::BoolExpr>()).args)
                    .flat_map(|c| conjuncts(c.cast()))
                    .collect()
            }
            _ => vec![node],
        }
    }
}

unsafe fn from_item(item: *mut pg_sys::Node, reader: &Reader) -> From {
    // SAFETY: the items of a join tree are one of these three.
    unsafe {
        let read = |nodes: Vec<*mut pg_sys::Node>| -> Vec<Expr> {
            nodes.into_iter().map(|node| reader.read(node)).collect()
        };
        match (*item).type_ {
            pg_sys::NodeTag::T_JoinExpr => {
                let join = &*item.cast::<pg_sys::JoinExpr>();
                From::Join(Box::new(Join {
                    kind: match join.jointype {
                        pg_sys::JoinType::JOIN_LEFT => JoinKind::Left,
                        pg_sys::JoinType::JOIN_RIGHT => JoinKind::Right,
                        pg_sys::JoinType::JOIN_FULL => JoinKind::Full,
                        _ => JoinKind::Inner,
                    },
                    left: from_item(join.larg, reader),
                    right: from_item(join.rarg, reader),
                    conditions: read(conjuncts(join.quals)),
                }))
            }
            pg_sys::NodeTag::T_FromExpr => {
                let from = &*item.cast::<pg_sys::FromExpr>();
                From::Nested(
                    cells(from.fromlist).map(|c| from_item(c.cast(), reader)).collect(),
                    read(conjuncts(from.quals)),
                )
            }
            _ => {
                let index = (*item.cast::<pg_sys::RangeTblRef>()).rtindex;
                From::Source(usize::try_from(index).unwrap_or(0))
            }
        }
    }
}

unsafe fn text(name: *const core::ffi::c_char) -> String {
    match name.is_null() {
        true => String::new(),
        // SAFETY: a C string.
        false => unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned(),
    }
}

unsafe fn source(entry: &pg_sys::RangeTblEntry, reader: &Reader) -> Source {
    use pg_sys::RTEKind::*;
    // SAFETY: the fields of an entry that its kind has.
    unsafe {
        let (alias, columns) = match entry.eref.is_null() {
            true => (String::new(), Vec::new()),
            false => (
                text((*entry.eref).aliasname),
                cells((*entry.eref).colnames)
                    .map(|c| text((*c.cast::<pg_sys::String>()).sval))
                    .collect(),
            ),
        };
        let kind = match entry.rtekind {
            RTE_RELATION if entry.relkind as u8 != pg_sys::RELKIND_VIEW => {
                SourceKind::Table(rel_id(entry.relid))
            }
            RTE_SUBQUERY => SourceKind::Subquery {
                query: Box::new(read_within(entry.subquery, reader.levels)),
                view: server::view_behind(entry).map(rel_id),
                lateral: entry.lateral,
            },
            RTE_CTE => SourceKind::Cte {
                name: text(entry.ctename),
                levels_up: entry.ctelevelsup,
                recursive_reference: entry.self_reference,
            },
            RTE_JOIN => SourceKind::Join(reader.all(entry.joinaliasvars)),
            RTE_FUNCTION => SourceKind::Function {
                calls: cells(entry.functions)
                    .map(|c| reader.read((*c.cast::<pg_sys::RangeTblFunction>()).funcexpr))
                    .collect(),
                lateral: entry.lateral,
            },
            RTE_VALUES => SourceKind::Values { rows: cells(entry.values_lists).count() },
            _ => SourceKind::Other,
        };
        Source { alias, columns, kind }
    }
}

unsafe fn targets(list: *mut pg_sys::List, reader: &Reader) -> Vec<Target> {
    // SAFETY: a target list holds target entries.
    unsafe {
        cells(list)
            .map(|cell| &*cell.cast::<pg_sys::TargetEntry>())
            .map(|entry| Target {
                name: text(entry.resname),
                expr: reader.read(entry.expr.cast()),
                hidden: entry.resjunk,
            })
            .collect()
    }
}

/// GROUP BY or ORDER BY: the target entries that its items point to.
unsafe fn clause(
    list: *mut pg_sys::List,
    targets: *mut pg_sys::List,
    reader: &Reader,
) -> Vec<Expr> {
    // SAFETY: these lists hold SortGroupClause nodes.
    unsafe {
        cells(list)
            .map(|cell| (*cell.cast::<pg_sys::SortGroupClause>()).tleSortGroupRef)
            .filter_map(|reference| {
                cells(targets)
                    .map(|cell| &*cell.cast::<pg_sys::TargetEntry>())
                    .find(|entry| entry.ressortgroupref == reference)
            })
            .map(|entry| reader.read(entry.expr.cast()))
            .collect()
    }
}

unsafe fn set_operation(node: *mut pg_sys::Node) -> Option<SetOperation> {
    if node.is_null() {
        return None;
    }
    // SAFETY: the top of a set operation's tree is one.
    let operation = unsafe { &*node.cast::<pg_sys::SetOperationStmt>() };
    Some(SetOperation {
        operator: match operation.op {
            pg_sys::SetOperation::SETOP_INTERSECT => SetOperator::Intersect,
            pg_sys::SetOperation::SETOP_EXCEPT => SetOperator::Except,
            _ => SetOperator::Union,
        },
        all: operation.all,
    })
}

unsafe fn cte(cte: &pg_sys::CommonTableExpr, levels: &[*mut pg_sys::Query]) -> Cte {
    // SAFETY: after analysis a CTE's query is a Query.
    unsafe {
        Cte {
            name: text(cte.ctename),
            query: read_within(cte.ctequery.cast(), levels),
            recursive: cte.cterecursive,
        }
    }
}

/// What a MERGE or an ON CONFLICT computes and compares.
unsafe fn actions(tree: &pg_sys::Query, reader: &Reader) -> Vec<Expr> {
    // SAFETY: the lists hold what their names say.
    unsafe {
        let mut all = Vec::new();
        let expressions =
            |list| targets(list, reader).into_iter().map(|target| target.expr).collect::<Vec<_>>();
        for cell in cells(tree.mergeActionList) {
            let action = &*cell.cast::<pg_sys::MergeAction>();
            all.extend(conjuncts(action.qual).into_iter().map(|node| reader.read(node)));
            all.extend(expressions(action.targetList));
        }
        if let Some(conflict) = tree.onConflict.as_ref() {
            all.extend(expressions(conflict.onConflictSet));
            let conditions = conjuncts(conflict.onConflictWhere);
            all.extend(conditions.into_iter().map(|node| reader.read(node)));
        }
        all
    }
}

/// Expressions that are in none of the other clauses and yet may hold a subquery or
/// call a function.
unsafe fn elsewhere(tree: &pg_sys::Query, reader: &Reader) -> Vec<Expr> {
    // SAFETY: the lists hold what their names say; an entry has the fields of
    // its kind, and the others are empty.
    unsafe {
        let mut all = Vec::new();
        for cell in cells(tree.rtable) {
            let entry = &*cell.cast::<pg_sys::RangeTblEntry>();
            for row in cells(entry.values_lists) {
                all.extend(reader.all(row.cast()));
            }
            if let Some(sample) = entry.tablesample.as_ref() {
                all.push(sampled(sample, reader));
            }
            if !entry.tablefunc.is_null() {
                all.push(reader.read(entry.tablefunc.cast()));
            }
            all.extend(reader.all(entry.securityQuals));
        }
        for cell in cells(tree.windowClause) {
            let window = &*cell.cast::<pg_sys::WindowClause>();
            for bound in [window.startOffset, window.endOffset] {
                if !bound.is_null() {
                    all.push(reader.read(bound));
                }
            }
        }
        for cell in cells(tree.withCheckOptions) {
            let qual = (*cell.cast::<pg_sys::WithCheckOption>()).qual;
            all.extend(conjuncts(qual).into_iter().map(|node| reader.read(node)));
        }
        if let Some(conflict) = tree.onConflict.as_ref() {
            all.extend(conjuncts(conflict.arbiterWhere).into_iter().map(|node| reader.read(node)));
        }
        all
    }
}

unsafe fn sampled(sample: &pg_sys::TableSampleClause, reader: &Reader) -> Expr {
    // SAFETY: the arguments are expressions.
    let mut operands = unsafe { reader.all(sample.args) };
    let name = match sample.repeatable.is_null() {
        true => "TABLESAMPLE",
        false => {
            // SAFETY: an expression.
            operands.push(unsafe { reader.read(sample.repeatable.cast()) });
            "TABLESAMPLE REPEATABLE"
        }
    };
    let kind = ExprKind::Other { name: name.to_string(), operands };
    Expr { kind, ..Expr::default() }
}
