//! Describes what a query uses: tables, joins, filters and aggregations, read from its
//! analyzed tree.

mod clauses;
mod joins;
mod reader;
mod tables;
mod uses;

use reader::Reader;
pub use tables::written;
pub use uses::{AggregateUse, Description, FilterUse, JoinUse, TableUse, Use};

use crate::statement::query::columns::Scope;
use crate::statement::query::relations::Relations;
use crate::statement::query::{Expr, ExprKind, Query, SublinkKind};

/// Describes a statement: one query, or those that rules have made of it.
pub fn describe(queries: &[Query], relations: &Relations) -> Description {
    let mut found = Description::default();
    for query in queries {
        tables::tables(query, relations, &mut Vec::new(), &mut found.tables_used);
        let mut exists = Vec::new();
        query.each_level(&mut |level, _| {
            for expression in level.expressions() {
                existence(expression, false, &mut exists);
            }
        });
        query.each_level(&mut |level, outer| {
            let scope = Scope::new(level, outer);
            let correlated = exists
                .iter()
                .find(|(inner, _)| std::ptr::eq(*inner, level))
                .map_or("CORRELATED", |(_, kind)| kind);
            let reader = Reader { scope, relations, correlated };
            reader.joins(&mut found.joins);
            reader.filters(&mut found.filters);
            reader.aggregations(&mut found.aggregations);
        });
    }
    dedup(&mut found.joins);
    dedup(&mut found.filters);
    dedup(&mut found.aggregations);
    found
}

/// The subqueries of EXISTS, and how each connects to the query around it.
fn existence<'q>(expr: &'q Expr, negated: bool, into: &mut Vec<(&'q Query, &'static str)>) {
    match &expr.kind {
        ExprKind::Not(inner) => existence(inner, !negated, into),
        ExprKind::Sublink(link) if link.kind == SublinkKind::Exists => {
            into.push((&link.query, if negated { "ANTI" } else { "SEMI" }));
        }
        _ => expr.operands().into_iter().for_each(|e| existence(e, false, into)),
    }
}

fn dedup<T: PartialEq + Clone>(all: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::new();
    for item in all.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    *all = kept;
}
