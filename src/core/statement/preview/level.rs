//! A query level, as the rules see it.

use super::fan::Structure;
use super::keys::{self, KnownKeys};
use super::subject::Subject;
use crate::statement::query::columns::{Scope, without_casts};
use crate::statement::query::{Expr, ExprKind, Query};

/// A query level, as the rules see it.
pub struct Level<'a> {
    pub subject: &'a Subject<'a>,
    pub scope: Scope<'a>,
    pub structure: Structure<'a>,
}

impl<'a> Level<'a> {
    pub fn of(
        subject: &'a Subject<'a>,
        query: &'a Query,
        outer: &'a [&'a Query],
        known: &KnownKeys,
    ) -> Level<'a> {
        let scope = Scope::new(query, outer);
        Level { subject, scope, structure: keys::structure(scope, subject.relations, known) }
    }

    /// Every expression of the level and all within, subqueries aside.
    pub fn each_expression(&self, see: &mut dyn FnMut(&Expr)) {
        for expression in self.scope.query.expressions() {
            expression.each(&mut |e| see(e));
        }
    }

    /// `schema.table.column` of an expression that is a plain column, else its
    /// source's alias and name; None for anything computed.
    pub fn shown_column(&self, expr: &Expr) -> Option<String> {
        shown_column(self.subject, self.scope, expr)
    }

    /// A short name of an expression, for a sentence.
    pub fn short(&self, expr: &Expr) -> String {
        match &without_casts(expr).kind {
            ExprKind::Constant(Some(value)) => value.clone(),
            ExprKind::Parameter(n) => format!("${n}"),
            ExprKind::Aggregate(_) | ExprKind::Window(_) => without_casts(expr).text.clone(),
            _ => self.shown_column(expr).unwrap_or_else(|| "(...)".to_string()),
        }
    }
}

/// `schema.table.column` of a plain column of a scope, as [`Level::shown_column`].
pub fn shown_column(subject: &Subject, scope: Scope, expr: &Expr) -> Option<String> {
    if let Some(base) = scope.base_column(expr).filter(|b| b.column > 0) {
        let column = subject.relations.column_name(base.relation, base.column);
        return Some(format!("{}.{column}", subject.relations.shown(base.relation)));
    }
    let (source, column) = scope.local_source(expr)?;
    let source = scope.query.source(source)?;
    let name = source.columns.get(usize::try_from(column).ok()?.checked_sub(1)?)?;
    Some(format!("{}.{name}", source.alias))
}

/// Whether an expression is a column, with or without casts.
pub fn is_column(expr: &Expr) -> bool {
    matches!(without_casts(expr).kind, ExprKind::Column { .. })
}
