//! Which source of a query multiplies the rows of which: the structure behind
//! fan traps, chasm traps and Cartesian products.
//!
//! One row of a source determines one row of another where the other's unique
//! key is compared with columns that are determined already (the closure of
//! functional dependencies, as in Ullman, Principles of Database Systems). What
//! is not determined may come several times for one row, and so repeat it.

use super::super::query::columns::{Scope, without_casts};
use super::super::query::relations::Relations;
use super::super::query::{Distinct, Expr, ExprKind, From, JoinKind, Query, SourceKind};

/// The sources of one query level, and how equality connects them.
#[derive(Debug)]
pub struct Structure<'a> {
    scope: Scope<'a>,
    relations: &'a Relations,
    /// The numbers of its sources, in the order they are written.
    pub sources: Vec<usize>,
    /// `a.x = b.y`.
    equal: Vec<((usize, i32), (usize, i32))>,
    /// `a.x = constant`, or a value of the query around.
    fixed: Vec<(usize, i32)>,
    /// Sources that any one condition names together.
    linked: Vec<Vec<usize>>,
}

impl<'a> Structure<'a> {
    pub fn of(scope: Scope<'a>, relations: &'a Relations) -> Structure<'a> {
        let mut structure = Structure {
            scope,
            relations,
            sources: scope.query.source_numbers(),
            equal: Vec::new(),
            fixed: Vec::new(),
            linked: Vec::new(),
        };
        let conditions = scope.query.join_conditions().into_iter().chain(&scope.query.filters);
        for condition in conditions {
            structure.add(condition);
        }
        structure
    }

    fn add(&mut self, condition: &Expr) {
        let mut together = Vec::new();
        condition.each(&mut |e| {
            if let Some((source, _)) = self.column(e)
                && !together.contains(&source)
            {
                together.push(source);
            }
        });
        if together.len() > 1 {
            self.linked.push(together);
        }
        for equality in condition.equalities() {
            self.add_equality(equality);
        }
    }

    fn add_equality(&mut self, equality: &Expr) {
        let ExprKind::Call(call) = &equality.kind else {
            return;
        };
        if call.arguments.len() != 2 {
            return;
        }
        match (self.column(&call.arguments[0]), self.column(&call.arguments[1])) {
            (Some(left), Some(right)) if left.0 != right.0 => self.equal.push((left, right)),
            (Some(column), None) if self.is_fixed(&call.arguments[1]) => self.fixed.push(column),
            (None, Some(column)) if self.is_fixed(&call.arguments[0]) => self.fixed.push(column),
            _ => {}
        }
    }

    /// A column of a source of this level.
    fn column(&self, expr: &Expr) -> Option<(usize, i32)> {
        self.scope.local_source(expr)
    }

    /// Whether an expression has one value for all rows of this level.
    fn is_fixed(&self, expr: &Expr) -> bool {
        !expr.any(|e| {
            matches!(&e.kind, ExprKind::Column { levels_up: 0, .. } | ExprKind::Sublink(_))
        }) || matches!(&without_casts(expr).kind, ExprKind::Sublink(link)
            if link.kind == super::super::query::SublinkKind::Scalar
                && !refers_outside(&link.query))
    }

    /// The sources whose row is settled once a row of `start` is.
    pub fn determined_by(&self, start: usize) -> Vec<usize> {
        let mut known = vec![start];
        loop {
            let next = self
                .sources
                .iter()
                .copied()
                .find(|s| !known.contains(s) && self.settled(*s, &known));
            match next {
                Some(source) => known.push(source),
                None => return known,
            }
        }
    }

    /// Whether a source has at most one row for one row of each of `known`.
    fn settled(&self, source: usize, known: &[usize]) -> bool {
        if self.one_row(source) {
            return true;
        }
        let bound: Vec<i32> = self
            .equal
            .iter()
            .flat_map(|(a, b)| [(*a, *b), (*b, *a)])
            .filter(|(mine, other)| mine.0 == source && known.contains(&other.0))
            .map(|(mine, _)| mine.1)
            .chain(self.fixed.iter().filter(|c| c.0 == source).map(|c| c.1))
            .collect();
        self.keys(source).iter().any(|key| key.iter().all(|column| bound.contains(column)))
    }

    /// The sets of output columns that are unique in a source.
    fn keys(&self, source: usize) -> Vec<Vec<i32>> {
        match self.scope.query.source(source).map(|s| &s.kind) {
            Some(SourceKind::Table(oid)) => {
                let Some(relation) = self.relations.get(*oid) else {
                    return Vec::new();
                };
                let by_statistics =
                    relation.columns.iter().filter(|c| c.distinct_values).map(|c| vec![c.number]);
                relation.unique_keys.iter().cloned().chain(by_statistics).collect()
            }
            Some(SourceKind::Subquery { query, .. }) => self.keys_of(query, self.scope),
            Some(SourceKind::Cte { name, levels_up, recursive_reference: false }) => {
                let Some(there) = self.scope.up(*levels_up) else {
                    return Vec::new();
                };
                match there.query.ctes.iter().find(|c| c.name == *name) {
                    Some(cte) => self.keys_of(&cte.query, there),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// The unique sets of output columns of a query inside `around`.
    fn keys_of(&self, query: &Query, around: Scope) -> Vec<Vec<i32>> {
        if query.set_operation.is_some() {
            return Vec::new();
        }
        let outputs: Vec<&Expr> =
            query.targets.iter().filter(|t| !t.hidden).map(|t| &t.expr).collect();
        let place = |wanted: &Expr| {
            outputs.iter().position(|o| o.kind == wanted.kind).map(|at| at as i32 + 1)
        };
        let mut keys = Vec::new();
        if query.distinct == Distinct::Rows {
            keys.push((1..=outputs.len() as i32).collect());
        }
        if !query.group_by.is_empty() && !query.grouping_sets {
            let grouped: Option<Vec<i32>> = query.group_by.iter().map(place).collect();
            keys.extend(grouped);
            return keys;
        }
        // A plain selection: the keys of a source that settles all the others.
        let outer: Vec<&Query> = around.outer.iter().copied().chain([around.query]).collect();
        let inside = Structure::of(Scope::new(query, &outer), self.relations);
        for source in &inside.sources {
            if inside.determined_by(*source).len() < inside.sources.len() {
                continue;
            }
            for key in inside.keys(*source) {
                let shown: Option<Vec<i32>> = key
                    .iter()
                    .map(|column| {
                        outputs
                            .iter()
                            .position(|o| inside.column(o) == Some((*source, *column)))
                            .map(|at| at as i32 + 1)
                    })
                    .collect();
                keys.extend(shown);
            }
        }
        keys
    }

    /// Whether a source has at most one row in all.
    fn one_row(&self, source: usize) -> bool {
        match self.scope.query.source(source).map(|s| &s.kind) {
            Some(SourceKind::Subquery { query, .. }) => returns_one_row(query),
            Some(SourceKind::Cte { name, levels_up, recursive_reference: false }) => self
                .scope
                .up(*levels_up)
                .and_then(|there| there.query.ctes.iter().find(|c| c.name == *name))
                .is_some_and(|cte| returns_one_row(&cte.query)),
            Some(SourceKind::Values { rows }) => *rows <= 1,
            Some(SourceKind::Function { calls, .. }) => calls.iter().all(|c| {
                !matches!(&c.kind, ExprKind::Call(call) if returns_many(&call.name) || !call.built_in)
            }),
            _ => false,
        }
    }

    /// The sources that may come several times for one row of `source`.
    pub fn fanned_out_by(&self, source: usize) -> Vec<usize> {
        let known = self.determined_by(source);
        self.sources.iter().copied().filter(|s| !known.contains(s)).collect()
    }

    /// Whether two sources are compared with each other directly.
    pub fn compared(&self, a: usize, b: usize) -> bool {
        self.linked.iter().any(|together| together.contains(&a) && together.contains(&b))
    }

    /// Groups of sources that no condition connects: more than one make a
    /// Cartesian product. Sources of one row, functions, VALUES and LATERAL
    /// subqueries multiply nothing, or on purpose.
    pub fn unconnected(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for source in &self.sources {
            let kind = self.scope.query.source(*source).map(|s| &s.kind);
            let harmless = matches!(
                kind,
                Some(
                    SourceKind::Function { .. }
                        | SourceKind::Values { .. }
                        | SourceKind::Other
                        | SourceKind::Subquery { lateral: true, .. }
                )
            );
            // One that a constant picks out has one row.
            if harmless || self.settled(*source, &[]) {
                continue;
            }
            groups.push(vec![*source]);
        }
        for together in &self.linked {
            let (joined, apart): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|g| g.iter().any(|s| together.contains(s)));
            groups = apart;
            if !joined.is_empty() {
                groups.push(joined.into_iter().flatten().collect());
            }
        }
        groups.sort();
        groups
    }

    /// Whether a source may come without a match, with all its columns NULL.
    pub fn nullable(&self, source: usize) -> bool {
        self.scope.query.from.iter().any(|item| nullable_in(item, source, false))
    }

    /// What to call a source.
    pub fn label(&self, source: usize) -> String {
        match self.scope.query.source(source) {
            Some(s) => match &s.kind {
                SourceKind::Table(oid) => self.relations.label(*oid),
                _ => s.alias.clone(),
            },
            None => String::new(),
        }
    }
}

fn nullable_in(item: &From, wanted: usize, nullable: bool) -> bool {
    match item {
        From::Source(number) => nullable && *number == wanted,
        From::Nested(items, _) => items.iter().any(|i| nullable_in(i, wanted, nullable)),
        From::Join(join) => {
            let left = nullable || matches!(join.kind, JoinKind::Right | JoinKind::Full);
            let right = nullable || matches!(join.kind, JoinKind::Left | JoinKind::Full);
            nullable_in(&join.left, wanted, left) || nullable_in(&join.right, wanted, right)
        }
    }
}

/// Whether a query returns at most one row: an aggregate without GROUP BY, or
/// LIMIT 1.
pub fn returns_one_row(query: &Query) -> bool {
    let limit_one = query.limit.as_ref().is_some_and(
        |l| matches!(&without_casts(l).kind, ExprKind::Constant(Some(n)) if n == "1" || n == "0"),
    );
    let aggregates = || {
        query
            .targets
            .iter()
            .map(|t| &t.expr)
            .chain(&query.having)
            .any(|e| e.any(|e| matches!(&e.kind, ExprKind::Aggregate(a) if a.levels_up == 0)))
    };
    limit_one
        || (query.set_operation.is_none()
            && query.group_by.is_empty()
            && !query.grouping_sets
            && aggregates())
        || (query.from.is_empty() && query.set_operation.is_none() && !query.command.writes())
}

fn returns_many(function: &str) -> bool {
    function.starts_with("generate_")
        || function.contains("unnest")
        || function.contains("_each")
        || function.contains("elements")
        || function.contains("regexp_matches")
        || function.contains("to_table")
        || function.contains("recordset")
}

fn refers_outside(query: &Query) -> bool {
    let mut found = false;
    query.each_level(&mut |level, outer| {
        for expression in level.expressions() {
            found |= expression.any(|e| {
                matches!(e.kind, ExprKind::Column { levels_up, .. } if levels_up as usize > outer.len())
            });
        }
    });
    found
}
