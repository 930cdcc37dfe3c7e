//! The part that the descriptions of joins and of other clauses share: which columns of
//! which sources a condition is about.

use crate::statement::query::columns::{BaseColumn, Scope, without_casts};
use crate::statement::query::relations::Relations;
use crate::statement::query::{Expr, ExprKind, From, JoinKind, SourceKind};

/// Reads one query level.
pub struct Reader<'a> {
    pub scope: Scope<'a>,
    pub relations: &'a Relations,
    /// The kind of join that a comparison with the query around this one makes: SEMI or
    /// ANTI within EXISTS, CORRELATED elsewhere.
    pub correlated: &'static str,
}

/// A column on one side of a condition: the source it belongs to, counted in
/// the query `levels_up` from here, and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    pub levels_up: u32,
    pub source: usize,
    pub column: String,
}

impl Reader<'_> {
    /// `schema.name` of the table behind a source, or the source's alias.
    fn shown_source(&self, levels_up: u32, source: usize, column: Option<BaseColumn>) -> String {
        if let Some(base) = column {
            return self.relations.shown(base.relation);
        }
        let found = self.scope.up(levels_up).and_then(|s| s.query.source(source));
        match found.map(|s| (&s.kind, &s.alias)) {
            Some((SourceKind::Table(oid), _)) => self.relations.shown(*oid),
            Some((_, alias)) => alias.clone(),
            None => String::new(),
        }
    }

    /// Source and column behind an expression that is a plain column.
    pub fn side(&self, expr: &Expr) -> Option<(Side, String)> {
        let ExprKind::Column { levels_up, .. } = without_casts(expr).kind else {
            return None;
        };
        let scope = self.scope.up(levels_up)?;
        let (source, number) = match levels_up {
            0 => scope.local_source(expr)?,
            _ => {
                let mut local = without_casts(expr).clone();
                if let ExprKind::Column { levels_up, .. } = &mut local.kind {
                    *levels_up = 0;
                }
                scope.local_source(&local)?
            }
        };
        let base = self.scope.base_column(expr);
        let column = match base {
            Some(base) => self.relations.column_name(base.relation, base.column),
            None => {
                let place = usize::try_from(number).ok()?.checked_sub(1)?;
                scope.query.source(source)?.columns.get(place)?.clone()
            }
        };
        let shown = self.shown_source(levels_up, source, base);
        Some((Side { levels_up, source, column }, shown))
    }

    /// The sources, of this level and those around it, that a condition names.
    pub fn sources_of(&self, condition: &Expr) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        condition.each(&mut |e| {
            if let Some((side, _)) = self.side(e)
                && !found.contains(&(side.levels_up, side.source))
            {
                found.push((side.levels_up, side.source));
            }
        });
        found
    }

    /// Every condition of this level, with the kind of join it belongs to.
    pub fn conditions(&self) -> Vec<(JoinKind, &Expr)> {
        fn collect<'q>(item: &'q From, into: &mut Vec<(JoinKind, &'q Expr)>) {
            match item {
                From::Source(_) => {}
                From::Join(join) => {
                    collect(&join.left, into);
                    collect(&join.right, into);
                    into.extend(join.conditions.iter().map(|c| (join.kind, c)));
                }
                From::Nested(items, conditions) => {
                    items.iter().for_each(|i| collect(i, into));
                    into.extend(conditions.iter().map(|c| (JoinKind::Inner, c)));
                }
            }
        }
        let mut all = Vec::new();
        self.scope.query.from.iter().for_each(|item| collect(item, &mut all));
        all.extend(self.scope.query.filters.iter().map(|c| (JoinKind::Inner, c)));
        all
    }

    /// The position of a source in FROM. The earlier of two is the left side.
    pub fn place(&self, source: (u32, usize)) -> (i64, usize) {
        let numbers = self.scope.query.source_numbers();
        let at = numbers.iter().position(|n| *n == source.1).unwrap_or(usize::MAX);
        (-i64::from(source.0), at)
    }

    /// The columns that a condition names.
    pub fn columns_of(&self, condition: &Expr) -> Vec<(Side, String)> {
        let mut found: Vec<(Side, String)> = Vec::new();
        condition.each(&mut |e| {
            if let (ExprKind::Column { .. }, Some(side)) = (&e.kind, self.side(e))
                && !found.contains(&side)
            {
                found.push(side);
            }
        });
        found
    }
}
