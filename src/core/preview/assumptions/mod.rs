//! What a query silently relies on, a small rule each.

mod aggregates;
mod joins;
mod results;
mod values;

use serde::Serialize;

use super::super::query::columns::Scope;
use super::super::query::{Expr, ExprKind, SourceKind};
use super::fan::Structure;
use super::subject::Subject;

/// One thing that a query relies on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assumption {
    pub code: &'static str,
    /// In plain words.
    pub text: String,
}

/// The fan and chasm traps of a level: the guardrail AMBIGUOUS_AGGREGATE.
pub(super) use aggregates::traps;

/// A query level, as the rules see it.
pub(super) struct Level<'a> {
    pub subject: &'a Subject<'a>,
    pub scope: Scope<'a>,
    pub structure: Structure<'a>,
}

/// A rule adds a sentence for each thing that it finds.
type Rule = fn(&Level, &mut Vec<String>);

/// Every rule, with the code of what it finds. To add one, add a line.
const RULES: &[(&str, Rule)] = &[
    ("INNER_JOIN_DROPS", joins::inner_join_drops),
    ("OUTER_JOIN_TURNED_INNER", joins::outer_join_turned_inner),
    ("FAN_TRAP", aggregates::fan_trap),
    ("CHASM_TRAP", aggregates::chasm_trap),
    ("NOT_IN_NULLABLE", values::not_in_nullable),
    ("COUNT_SKIPS_NULLS", aggregates::count_skips_nulls),
    ("AVG_IGNORES_NULLS", aggregates::avg_ignores_nulls),
    ("INTEGER_DIVISION", values::integer_division),
    ("LIMIT_WITHOUT_ORDER", results::limit_without_order),
    ("NOT_REPRODUCIBLE", values::not_reproducible),
    ("BETWEEN_DATE_BOUND", values::between_date_bound),
    ("CAST_STOPS_INDEX", values::cast_stops_index),
    ("SELECT_STAR_MAY_GROW", results::select_star_may_grow),
    ("DISTINCT_HIDES_DUPLICATES", results::distinct_hides_duplicates),
];

/// Everything that a statement silently relies on, at any level.
pub fn assumptions(subject: &Subject) -> Vec<Assumption> {
    let mut found: Vec<Assumption> = Vec::new();
    for (code, rule) in RULES {
        subject.query.each_level(&mut |query, outer| {
            let scope = Scope::new(query, outer);
            let level =
                Level { subject, scope, structure: Structure::of(scope, subject.relations) };
            let mut sentences = Vec::new();
            rule(&level, &mut sentences);
            for text in sentences {
                let one = Assumption { code, text };
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        });
    }
    found
}

impl Level<'_> {
    /// Every expression of the level and all within, subqueries aside.
    fn each_expression(&self, see: &mut dyn FnMut(&Expr)) {
        for expression in self.scope.query.expressions() {
            expression.each(&mut |e| see(e));
        }
    }

    /// `schema.table.column` of an expression that is a plain column, else its
    /// source's alias and name; None for anything computed.
    pub(super) fn column_label(&self, expr: &Expr) -> Option<String> {
        if let Some(base) = self.scope.base_column(expr) {
            let relations = self.subject.relations;
            let column = relations.column_name(base.relation, base.column);
            return Some(format!("{}.{column}", relations.label(base.relation)));
        }
        let (source, column) = self.scope.local_source(expr)?;
        let source = self.scope.query.source(source)?;
        let name = source.columns.get(usize::try_from(column).ok()?.checked_sub(1)?)?;
        Some(format!("{}.{name}", source.alias))
    }

    /// Whether a column may hold NULL: by its table, or because an outer join
    /// may leave it without a match. None where that is not known.
    pub(super) fn may_be_null(&self, expr: &Expr) -> Option<bool> {
        let (source, _) = self.scope.local_source(expr)?;
        if self.structure.nullable(source) {
            return Some(true);
        }
        let base = self.scope.base_column(expr)?;
        // Through a subquery an outer join inside it may have made it NULL.
        let direct =
            matches!(self.scope.query.source(source).map(|s| &s.kind), Some(SourceKind::Table(_)));
        let column = self.subject.relations.get(base.relation)?.column(base.column)?;
        match (column.not_null, direct) {
            (false, _) => Some(true),
            (true, true) => Some(false),
            (true, false) => None,
        }
    }
}

/// Whether an expression is a column, with or without casts.
fn is_column(expr: &Expr) -> bool {
    matches!(super::super::query::columns::without_casts(expr).kind, ExprKind::Column { .. })
}
