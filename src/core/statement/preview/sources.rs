//! The sources of a query level, as far as the query alone shows them.

use crate::statement::query::columns::{Scope, without_casts};
use crate::statement::query::{Expr, ExprKind, From, Join, JoinKind, Query, SourceKind};

/// A column of a source of the level.
pub type Column = (usize, i32);

/// The sources of columns, each once.
pub fn sources_among(columns: &[Column]) -> Vec<usize> {
    let mut all = Vec::new();
    for (source, _) in columns {
        if !all.contains(source) {
            all.push(*source);
        }
    }
    all
}

/// Every condition of a level, with the outer join whose ON it is in, if any.
pub fn conditions(query: &Query) -> Vec<(&Expr, Option<&Join>)> {
    fn collect<'q>(item: &'q From, into: &mut Vec<(&'q Expr, Option<&'q Join>)>) {
        match item {
            From::Source(_) => {}
            From::Join(join) => {
                collect(&join.left, into);
                collect(&join.right, into);
                let outer = (join.kind != JoinKind::Inner).then_some(&**join);
                into.extend(join.conditions.iter().map(|c| (c, outer)));
            }
            From::Nested(items, conditions) => {
                items.iter().for_each(|i| collect(i, into));
                into.extend(conditions.iter().map(|c| (c, None)));
            }
        }
    }
    let mut all = Vec::new();
    query.from.iter().for_each(|item| collect(item, &mut all));
    all.extend(query.filters.iter().map(|c| (c, None)));
    all
}

/// Whether an outer join of a query can leave a source without a match, so that all its
/// columns are NULL.
pub fn nullable(query: &Query, source: usize) -> bool {
    fn within(item: &From, wanted: usize, nullable: bool) -> bool {
        match item {
            From::Source(number) => nullable && *number == wanted,
            From::Nested(items, _) => items.iter().any(|i| within(i, wanted, nullable)),
            From::Join(join) => {
                let left = nullable || matches!(join.kind, JoinKind::Right | JoinKind::Full);
                let right = nullable || matches!(join.kind, JoinKind::Left | JoinKind::Full);
                within(&join.left, wanted, left) || within(&join.right, wanted, right)
            }
        }
    }
    query.from.iter().any(|item| within(item, source, false))
}

/// The query behind a reference to a CTE, and where it is defined.
pub fn cte<'a>(scope: Scope<'a>, kind: &SourceKind) -> Option<(&'a Query, Scope<'a>)> {
    let SourceKind::Cte { name, levels_up, .. } = kind else {
        return None;
    };
    let there = scope.up(*levels_up)?;
    let cte = there.query.ctes.iter().find(|c| c.name == *name)?;
    Some((&cte.query, there))
}

/// Whether a query has aggregates and no GROUP BY, and so one row.
pub fn aggregates_to_one_row(query: &Query) -> bool {
    let aggregate =
        |e: &Expr| e.any(|e| matches!(&e.kind, ExprKind::Aggregate(a) if a.levels_up == 0));
    query.set_operation.is_none()
        && query.group_by.is_empty()
        && !query.grouping_sets
        && query.targets.iter().map(|t| &t.expr).chain(&query.having).any(aggregate)
}

/// Whether a query returns at most one row: an aggregate without GROUP BY,
/// LIMIT 1, or no FROM.
pub fn returns_one_row(query: &Query) -> bool {
    let limit_one = query.limit.as_ref().is_some_and(
        |l| matches!(&without_casts(l).kind, ExprKind::Constant(Some(n)) if n == "1" || n == "0"),
    );
    limit_one
        || aggregates_to_one_row(query)
        || (query.from.is_empty() && query.set_operation.is_none() && !query.command.writes())
}

/// Whether a source repeats rows only on purpose: functions, VALUES, LATERAL
/// subqueries, and sources that are made of these alone.
pub fn in_passing(scope: Scope, number: usize) -> bool {
    fn made_up(query: &Query, around: Scope, depth: usize) -> bool {
        let outer: Vec<&Query> = around.outer.iter().copied().chain([around.query]).collect();
        let inside = Scope::new(query, &outer);
        depth < 8 && query.source_numbers().iter().all(|n| source(inside, *n, depth + 1))
    }
    fn source(scope: Scope, number: usize, depth: usize) -> bool {
        match scope.query.source(number).map(|s| &s.kind) {
            Some(SourceKind::Table(_)) => false,
            Some(SourceKind::Subquery { lateral: true, .. }) => true,
            Some(SourceKind::Subquery { query, .. }) => made_up(query, scope, depth),
            Some(SourceKind::Cte { recursive_reference: true, .. }) => true,
            Some(kind @ SourceKind::Cte { .. }) => {
                cte(scope, kind).is_none_or(|(query, there)| made_up(query, there, depth))
            }
            _ => true,
        }
    }
    source(scope, number, 0)
}
