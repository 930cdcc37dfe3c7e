//! Replaces one expression by another, wherever it occurs within one query.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, OrderBy, OrderByKind};
use sqlparser::ast::{Query, Select, SelectItem, VisitMut, VisitorMut};

use super::parse::{self, Pattern};

/// Replaces expressions that match `from` by `to`; leaves subqueries alone.
pub(super) struct Substitute<'a> {
    from: &'a Pattern,
    to: Expr,
    depth: usize,
    /// The number of replacements.
    pub count: usize,
}

impl<'a> Substitute<'a> {
    pub(super) fn new(from: &'a Pattern, to: &Expr) -> Self {
        // An operator beside another one needs parentheses.
        let to = match is_atomic(to) {
            true => to.clone(),
            false => Expr::Nested(Box::new(to.clone())),
        };
        Substitute { from, to, depth: 0, count: 0 }
    }

    pub(super) fn visit(&mut self, node: &mut impl VisitMut) {
        let _ = VisitMut::visit(node, self);
    }

    /// Replaces in an element of a list, which needs no parentheses as a whole.
    fn element(&mut self, expr: &mut Expr) {
        self.visit(expr);
        self.unwrap(expr);
    }

    fn unwrap(&self, expr: &mut Expr) {
        if let (true, Expr::Nested(inner)) = (*expr == self.to, &self.to) {
            *expr = (**inner).clone();
        }
    }

    pub(super) fn projection(&mut self, select: &mut Select) {
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    self.element(expr);
                }
                other => self.visit(other),
            }
        }
    }

    /// Replaces in ORDER BY, except names of output columns, which come before columns
    /// of tables there.
    pub(super) fn order_by(&mut self, order_by: &mut Option<OrderBy>, aliases: &[String]) {
        let Some(OrderBy { kind: OrderByKind::Expressions(list), .. }) = order_by else { return };
        for element in list {
            let output = matches!(&element.expr, Expr::Identifier(ident)
                if aliases.contains(&parse::folded(ident)));
            if !output {
                self.element(&mut element.expr);
            }
        }
    }
}

/// The names that a SELECT list gives by AS.
pub(super) fn aliases(select: &Select) -> Vec<String> {
    let alias = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(parse::folded(alias)),
        _ => None,
    };
    select.projection.iter().filter_map(alias).collect()
}

fn is_atomic(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Function(_)
            | Expr::Value(_)
            | Expr::Nested(_)
            | Expr::Case { .. }
            | Expr::Subquery(_)
            | Expr::Extract { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Tuple(_)
    )
}

impl VisitorMut for Substitute<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expr {
            // The expression inside these parentheses was replaced, and has brought its
            // own.
            Expr::Nested(inner) if **inner == self.to && matches!(self.to, Expr::Nested(_)) => {
                *expr = self.to.clone();
            }
            Expr::Function(function) => {
                if let FunctionArguments::List(list) = &mut function.args {
                    for argument in &mut list.args {
                        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                            self.unwrap(expr);
                        }
                    }
                }
            }
            _ => {}
        }
        // Inner expressions are visited first, so parentheses around a match are seen
        // after it.
        if !matches!(expr, Expr::Nested(_)) && self.from.matches(expr) {
            *expr = self.to.clone();
            self.count += 1;
        }
        ControlFlow::Continue(())
    }
}
