//! Traces where a column comes from, through subqueries, CTEs, joins and views.

use crate::kernel::ids::RelId;
use std::collections::BTreeSet;

use super::{Expr, ExprKind, Query, Source, SourceKind};
use crate::kernel::digest;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseColumn {
    /// The table's OID.
    pub relation: RelId,
    /// The number of the column, from 1.
    pub column: i32,
}

/// A query, and those around it, nearest last.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub query: &'a Query,
    pub outer: &'a [&'a Query],
}

/// The deepest nesting that is followed, which is more than people write.
pub const DEEP: usize = 64;

impl<'a> Scope<'a> {
    pub fn new(query: &'a Query, outer: &'a [&'a Query]) -> Scope<'a> {
        Scope { query, outer }
    }

    /// The query that is `levels_up` from here, and those around it.
    pub fn up(self, levels_up: u32) -> Option<Scope<'a>> {
        match (levels_up as usize).checked_sub(1) {
            None => Some(self),
            Some(skip) => {
                let at = self.outer.len().checked_sub(1 + skip)?;
                Some(Scope { query: self.outer[at], outer: &self.outer[..at] })
            }
        }
    }

    /// The column of a table that an expression is, with or without casts around it;
    /// None for a computed one.
    pub fn base_column(self, expr: &Expr) -> Option<BaseColumn> {
        self.trace(expr, Path { strip: without_casts, ..Path::default() }).map(|(base, _)| base)
    }

    /// The column of a table that an expression is, without casts that the author did
    /// not write; and a number for the appearance of the table that the column is of.
    /// Two columns with the same number are of the same row.
    pub fn origin(self, expr: &Expr) -> Option<(BaseColumn, u64)> {
        self.trace(expr, Path { strip: without_implicit_casts, ..Path::default() })
    }

    /// The source of this level that a column reference means, through the columns of
    /// JOINs.
    pub fn local_source(self, expr: &Expr) -> Option<(usize, i32)> {
        let ExprKind::Column { source, column, levels_up: 0 } = without_casts(expr).kind else {
            return None;
        };
        match &self.query.source(source)?.kind {
            SourceKind::Join(columns) => {
                self.local_source(columns.get(usize::try_from(column).ok()?.checked_sub(1)?)?)
            }
            _ => Some((source, column)),
        }
    }

    /// The columns of this level that an expression is computed from, through the
    /// columns of JOINs, and from within subqueries.
    pub fn columns_in(self, expr: &Expr) -> Vec<(usize, i32)> {
        let mut found = Vec::new();
        self.collect(expr, 0, &mut found);
        found
    }

    /// The columns of this level that a query directly inside it refers to.
    pub fn columns_used_within(self, query: &Query) -> Vec<(usize, i32)> {
        let mut found = Vec::new();
        self.collect_within(query, 1, &mut found);
        found
    }

    fn collect(self, expr: &Expr, depth: u32, into: &mut Vec<(usize, i32)>) {
        match &expr.kind {
            ExprKind::Column { source, column, levels_up } if *levels_up == depth => {
                let place = usize::try_from(*column).ok().and_then(|c| c.checked_sub(1));
                match (self.query.source(*source).map(|s| &s.kind), place) {
                    (Some(SourceKind::Join(columns)), Some(place)) => {
                        if let Some(behind) = columns.get(place) {
                            self.collect(behind, 0, into);
                        }
                    }
                    _ if into.contains(&(*source, *column)) => {}
                    _ => into.push((*source, *column)),
                }
            }
            ExprKind::Sublink(link) => self.collect_within(&link.query, depth + 1, into),
            _ => {}
        }
        expr.operands().into_iter().for_each(|e| self.collect(e, depth, into));
    }

    fn collect_within(self, query: &Query, depth: u32, into: &mut Vec<(usize, i32)>) {
        query.expressions().into_iter().for_each(|e| self.collect(e, depth, into));
        query.ctes.iter().for_each(|c| self.collect_within(&c.query, depth + 1, into));
        for source in &query.sources {
            if let SourceKind::Subquery { query, .. } = &source.kind {
                self.collect_within(query, depth + 1, into);
            }
        }
    }

    fn trace(self, expr: &Expr, path: Path) -> Option<(BaseColumn, u64)> {
        if path.depth > DEEP {
            return None;
        }
        let ExprKind::Column { source, column, levels_up } = (path.strip)(expr).kind else {
            return None;
        };
        let there = self.up(levels_up)?;
        there.trace_in(there.query.source(source)?, column, path)
    }

    fn trace_in(self, source: &'a Source, column: i32, path: Path) -> Option<(BaseColumn, u64)> {
        let place = usize::try_from(column).ok()?.checked_sub(1);
        match &source.kind {
            SourceKind::Table(relation) => {
                Some((BaseColumn { relation: *relation, column }, path.through(source).number))
            }
            SourceKind::Join(columns) => self.trace(columns.get(place?)?, path.deeper()),
            SourceKind::Subquery { query, .. } => {
                self.trace_output(query, place?, path.through(source))
            }
            SourceKind::Cte { name, levels_up, recursive_reference: false } => {
                let there = self.up(*levels_up)?;
                let cte = there.query.ctes.iter().find(|c| c.name == *name)?;
                there.trace_output(&cte.query, place?, path.through(source))
            }
            _ => None,
        }
    }

    /// The column behind one output column of a query inside this one.
    fn trace_output(self, query: &'a Query, place: usize, path: Path) -> Option<(BaseColumn, u64)> {
        if query.set_operation.is_some() {
            return None;
        }
        let target = *query.outputs().get(place)?;
        let outer: Vec<&Query> = self.outer.iter().copied().chain([self.query]).collect();
        Scope::new(query, &outer).trace(&target.expr, path.deeper())
    }
}

/// The way from an expression to the column of a table.
#[derive(Clone, Copy)]
struct Path {
    /// Removes the parts of an expression that do not count.
    strip: fn(&Expr) -> &Expr,
    depth: usize,
    /// A digest of the sources on the way.
    number: u64,
}

impl Default for Path {
    fn default() -> Path {
        Path { strip: without_casts, depth: 0, number: 0 }
    }
}

impl Path {
    fn deeper(self) -> Path {
        Path { depth: self.depth + 1, ..self }
    }

    /// Each source has an address of its own in memory while the query is looked at.
    fn through(self, source: &Source) -> Path {
        let place = std::ptr::from_ref(source) as u64;
        Path { number: digest::with(self.number, place), ..self }
    }
}

/// Every column of a table that a query reads or writes, anywhere in it. Column
/// 0 is the whole row.
pub fn used(query: &Query, into: &mut BTreeSet<BaseColumn>) {
    query.each_level(&mut |level, outer| {
        let scope = Scope::new(level, outer);
        let join_columns = level.sources.iter().flat_map(|s| match &s.kind {
            SourceKind::Join(columns) => columns.as_slice(),
            _ => &[],
        });
        for expression in level.expressions().into_iter().chain(join_columns) {
            expression.each(&mut |e| into.extend(scope.base_column(e)));
        }
        // A written column is named by its target.
        let written = level.result.and_then(|n| level.source(n)).filter(|_| level.command.writes());
        if let Some(Source { kind: SourceKind::Table(relation), columns, .. }) = written {
            let place = |name: &str| columns.iter().position(|c| c == name);
            let named = level.targets.iter().filter(|t| !t.hidden).filter_map(|t| place(&t.name));
            into.extend(named.map(|at| BaseColumn { relation: *relation, column: at as i32 + 1 }));
        }
    });
}

/// An expression without the casts around it.
pub fn without_casts(expr: &Expr) -> &Expr {
    use super::Form::{ExplicitCast, ImplicitCast};
    match &expr.kind {
        ExprKind::Call(call) if matches!(call.form, ExplicitCast | ImplicitCast) => {
            match call.arguments.first() {
                Some(argument) => without_casts(argument),
                None => expr,
            }
        }
        _ => expr,
    }
}

/// An expression without the casts around it that the author did not write: those of
/// Postgres's own, to a type that holds all values.
pub fn without_implicit_casts(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call(call) if call.form == super::Form::ImplicitCast && call.built_in => {
            call.arguments.first().map_or(expr, without_implicit_casts)
        }
        _ => expr,
    }
}
