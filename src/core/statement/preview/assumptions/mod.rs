//! What a query silently relies on, a small rule each.

mod aggregates;
mod index;
mod joins;
mod nulls;
mod results;
mod time;
mod values;

use serde::Serialize;

use super::fan::Structure;
use super::keys::Known;
use super::subject::Subject;
use crate::statement::query::columns::{Scope, without_casts};
use crate::statement::query::{Expr, ExprKind, Query};

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
    ("NOT_IN_NULLABLE", nulls::not_in_nullable),
    ("COUNT_SKIPS_NULLS", aggregates::count_skips_nulls),
    ("AVG_IGNORES_NULLS", aggregates::avg_ignores_nulls),
    ("INTEGER_DIVISION", values::integer_division),
    ("LIMIT_WITHOUT_ORDER", results::limit_without_order),
    ("NOT_REPRODUCIBLE", time::not_reproducible),
    ("BETWEEN_DATE_BOUND", time::between_date_bound),
    ("CAST_STOPS_INDEX", index::cast_stops_index),
    ("SELECT_STAR_MAY_GROW", results::select_star_may_grow),
    ("DISTINCT_HIDES_DUPLICATES", results::distinct_hides_duplicates),
];

/// Everything that a statement silently relies on, at any level: by rule, then
/// by level.
pub fn assumptions(subject: &Subject) -> Vec<Assumption> {
    let mut sentences: Vec<Vec<String>> = vec![Vec::new(); RULES.len()];
    let known = Known::default();
    subject.query.each_level(&mut |query, outer| {
        let level = Level::of(subject, query, outer, &known);
        for ((_, rule), into) in RULES.iter().zip(&mut sentences) {
            rule(&level, into);
        }
    });
    let mut found: Vec<Assumption> = Vec::new();
    for ((code, _), texts) in RULES.iter().zip(sentences) {
        for text in texts {
            let one = Assumption { code, text };
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

impl<'a> Level<'a> {
    pub(super) fn of(
        subject: &'a Subject<'a>,
        query: &'a Query,
        outer: &'a [&'a Query],
        known: &Known,
    ) -> Level<'a> {
        let scope = Scope::new(query, outer);
        Level { subject, scope, structure: Structure::of(scope, subject.relations, known) }
    }

    /// Every expression of the level and all within, subqueries aside.
    fn each_expression(&self, see: &mut dyn FnMut(&Expr)) {
        for expression in self.scope.query.expressions() {
            expression.each(&mut |e| see(e));
        }
    }

    /// `schema.table.column` of an expression that is a plain column, else its
    /// source's alias and name; None for anything computed.
    pub(super) fn column_label(&self, expr: &Expr) -> Option<String> {
        column_label(self.subject, self.scope, expr)
    }

    /// What an expression is called in a sentence.
    fn short(&self, expr: &Expr) -> String {
        match &without_casts(expr).kind {
            ExprKind::Constant(Some(value)) => value.clone(),
            ExprKind::Parameter(n) => format!("${n}"),
            ExprKind::Aggregate(_) | ExprKind::Window(_) => without_casts(expr).text.clone(),
            _ => self.column_label(expr).unwrap_or_else(|| "(...)".to_string()),
        }
    }
}

fn column_label(subject: &Subject, scope: Scope, expr: &Expr) -> Option<String> {
    if let Some(base) = scope.base_column(expr).filter(|b| b.column > 0) {
        let column = subject.relations.column_name(base.relation, base.column);
        return Some(format!("{}.{column}", subject.relations.label(base.relation)));
    }
    let (source, column) = scope.local_source(expr)?;
    let source = scope.query.source(source)?;
    let name = source.columns.get(usize::try_from(column).ok()?.checked_sub(1)?)?;
    Some(format!("{}.{name}", source.alias))
}

/// Whether an expression is a column, with or without casts.
fn is_column(expr: &Expr) -> bool {
    matches!(without_casts(expr).kind, ExprKind::Column { .. })
}

/// `a, b and c`.
pub(super) fn list(names: &[String]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
