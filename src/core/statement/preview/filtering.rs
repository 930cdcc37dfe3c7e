//! Finds large tables that a statement reads without a filter.

use std::collections::HashSet;

use super::findings::{Guardrail, GuardrailSeverity};
use super::sources::{Column, aggregates_to_one_row, conditions, cte, sources_among};
use super::subject::Subject;
use super::wording::number;
use crate::statement::query::columns::Scope;
use crate::statement::query::relations::Relation;
use crate::statement::query::{
    CommandType, Expr, ExprKind, JoinKind, Query, SourceKind, SublinkKind,
};

/// What the queries around a query do to its result.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Around {
    /// Whether there is a condition on the result.
    filtered: bool,
    /// Whether a LIMIT ends its reading.
    limited: bool,
}

/// The queries that were visited already. Without this, a chain of CTEs would take
/// exponential time.
type Visited = HashSet<(*const Query, Around)>;

/// The deepest nesting that is followed, which is more than people write.
const DEEP: usize = 64;

/// Finds large tables that no condition narrows down.
pub fn missing_filter(subject: &Subject, into: &mut Vec<Guardrail>) {
    visit(
        subject,
        Scope::new(subject.query, &[]),
        Around { filtered: false, limited: false },
        &mut Visited::new(),
        into,
    );
}

fn visit(
    subject: &Subject,
    scope: Scope,
    around: Around,
    visited: &mut Visited,
    into: &mut Vec<Guardrail>,
) {
    let query = scope.query;
    if scope.outer.len() > DEEP || !visited.insert((query, around)) {
        return;
    }
    let limit = query.limit.as_ref().is_some_and(|l| !matches!(l.kind, ExprKind::Constant(None)));
    // An aggregate reads all rows before it returns the first.
    let limited = !aggregates(query) && (limit || around.limited);
    let filtered = filtered_sources(scope);
    for number in query.source_numbers() {
        let Some(source) = query.source(number) else {
            continue;
        };
        let is_target = query.command.writes() && query.result == Some(number);
        match &source.kind {
            SourceKind::Table(oid) if !is_target && !limited => {
                let passes = filtered.contains(&number) || around.filtered;
                let large = subject.relations.get(*oid).filter(|t| {
                    t.estimated_rows.is_some_and(|r| r > subject.limits.large_table_rows)
                });
                if let Some(table) = large.filter(|t| !passes && !reads_an_end(query, t)) {
                    into.push(raised(table));
                }
            }
            SourceKind::Subquery { .. } | SourceKind::Cte { recursive_reference: false, .. } => {
                let inner = match &source.kind {
                    SourceKind::Subquery { query, .. } => Some((&**query, scope)),
                    _ => cte(scope, &source.kind),
                };
                if let Some((inner, there)) = inner {
                    let passes = filtered.contains(&number) && reaches(scope, number, inner);
                    let filtered = passes || (around.filtered && !aggregates(inner));
                    let outer: Vec<&Query> =
                        there.outer.iter().copied().chain([there.query]).collect();
                    visit(
                        subject,
                        Scope::new(inner, &outer),
                        Around { filtered, limited },
                        visited,
                        into,
                    );
                }
            }
            _ => {}
        }
    }
    let outer: Vec<&Query> = scope.outer.iter().copied().chain([query]).collect();
    for expression in query.expressions() {
        expression.each(&mut |e| {
            if let ExprKind::Sublink(link) = &e.kind {
                // EXISTS ends with the first row.
                let limited = link.kind == SublinkKind::Exists;
                let inner = Around { filtered: false, limited };
                visit(subject, Scope::new(&link.query, &outer), inner, visited, into);
            }
        });
    }
    for cte in query.ctes.iter().filter(|c| c.query.command.writes()) {
        let alone = Around { filtered: false, limited: false };
        visit(subject, Scope::new(&cte.query, &outer), alone, visited, into);
    }
}

fn raised(table: &Relation) -> Guardrail {
    Guardrail {
        code: "MISSING_FILTER".into(),
        severity: GuardrailSeverity::Warning,
        message: format!(
            "Nothing filters {}: all of its about {} rows may be read.",
            table.shown,
            number(table.estimated_rows.unwrap_or_default())
        ),
        remedy: "Add a WHERE on it, or a LIMIT.".to_string(),
    }
}

fn aggregates(query: &Query) -> bool {
    !query.group_by.is_empty() || query.grouping_sets || aggregates_to_one_row(query)
}

/// `min(x)` or `max(x)` of an indexed column: the index has it at one end.
fn reads_an_end(query: &Query, table: &Relation) -> bool {
    let at_an_end = |e: &Expr| match &e.kind {
        ExprKind::Aggregate(a) => {
            matches!(a.name.as_str(), "min" | "max")
                && matches!(a.arguments.as_slice(), [Expr { kind: ExprKind::Column { column, .. }, .. }]
                    if table.indexed.contains(column))
        }
        _ => false,
    };
    query.group_by.is_empty()
        && query.source_numbers().len() == 1
        && !query.targets.is_empty()
        && query.targets.iter().all(|t| at_an_end(&t.expr))
}

/// The sources of a level that a condition narrows down: one on themselves, or on
/// columns that they are equated with.
fn filtered_sources(scope: Scope) -> Vec<usize> {
    let query = scope.query;
    // The condition of a MERGE is not among the filters.
    if query.command == CommandType::Merge {
        return query.source_numbers();
    }
    let mut filtered: Vec<usize> = Vec::new();
    let mut in_where: Vec<usize> = Vec::new();
    let mut pairs: Vec<(Vec<usize>, Option<Vec<usize>>)> = Vec::new();
    for (condition, outer) in conditions(query) {
        let sources = sources_among(&scope.columns_in(condition));
        // The ON of an outer join does not filter the rows that the join keeps anyway.
        let optional = outer.map(|join| match join.kind {
            JoinKind::Left => join.right.sources(),
            JoinKind::Right => join.left.sources(),
            _ => Vec::new(),
        });
        match sources[..] {
            [one] if optional.as_ref().is_none_or(|o| o.contains(&one)) => {
                filtered.push(one);
                if optional.is_none() {
                    in_where.push(one);
                }
            }
            [_, _, ..] => {
                for equality in condition.equalities() {
                    pairs.push((sources_among(&scope.columns_in(equality)), optional.clone()));
                }
            }
            _ => {}
        }
    }
    // An IN or EXISTS that names several sources filters each of them.
    for filter in &query.filters {
        if filter.any(|e| matches!(e.kind, ExprKind::Sublink(_))) {
            in_where.extend(sources_among(&scope.columns_in(filter)));
        }
    }
    filtered.extend(&in_where);
    loop {
        let before = filtered.len();
        for (sources, optional) in &pairs {
            if !sources.iter().any(|s| filtered.contains(s)) {
                continue;
            }
            // A condition in WHERE on the optional side narrows the other one too.
            let both = optional.is_none() || sources.iter().any(|s| in_where.contains(s));
            for source in sources {
                let follows = both || optional.as_ref().is_some_and(|o| o.contains(source));
                if follows && !filtered.contains(source) {
                    filtered.push(*source);
                }
            }
        }
        if filtered.len() == before {
            return filtered;
        }
    }
}

/// Whether conditions on a subquery's columns can be applied inside it: not
/// where it aggregates, unless they are on what it groups by.
fn reaches(scope: Scope, number: usize, inner: &Query) -> bool {
    if !aggregates(inner) {
        return true;
    }
    let outputs = inner.outputs();
    let on: Vec<Column> = conditions(scope.query)
        .into_iter()
        .flat_map(|(condition, _)| scope.columns_in(condition))
        .filter(|(source, _)| *source == number)
        .collect();
    on.iter().any(|(_, column)| {
        usize::try_from(column - 1)
            .ok()
            .and_then(|at| outputs.get(at))
            .is_some_and(|o| inner.group_by.iter().any(|g| g.kind == o.expr.kind))
    })
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::{judged_over, shop};

    fn over(sql: &str, large: &[&str]) -> Vec<String> {
        let mut relations = shop();
        for relation in relations.0.values_mut().filter(|r| large.contains(&r.name.as_str())) {
            relation.estimated_rows = Some(2_000_000.0);
        }
        let (_, found) = judged_over(sql, &relations);
        found.into_iter().filter(|g| g.code == "MISSING_FILTER").map(|g| g.message).collect()
    }

    #[test]
    fn a_large_table_should_be_filtered() {
        assert_eq!(
            over("SELECT sum(amount) FROM orders", &["orders"]),
            ["Nothing filters public.orders: all of its about 2,000,000 rows may be read."]
        );
        for (sql, raised) in [
            ("SELECT customer_id FROM orders", true),
            ("SELECT customer_id FROM orders LIMIT 10", false),
            ("SELECT count(*) FROM orders LIMIT 10", true),
            ("SELECT customer_id FROM orders WHERE amount > 5", false),
            ("SELECT max(id) FROM orders", false),
            ("SELECT max(amount) FROM orders", true),
            // Filtered by the table that it is joined with, or by the rows that an
            // outer join keeps.
            (
                "SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE c.country = 'PE'",
                false,
            ),
            ("SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id", true),
            (
                "SELECT o.id FROM orders o LEFT JOIN customer c ON c.id = o.customer_id AND c.country = 'PE'",
                true,
            ),
            (
                "SELECT o.id FROM orders o LEFT JOIN customer c ON c.id = o.customer_id WHERE c.country = 'PE'",
                false,
            ),
            // Through subqueries and CTEs.
            ("SELECT id FROM (SELECT * FROM orders) x WHERE id > 5", false),
            ("SELECT id FROM (SELECT * FROM orders) x", true),
            ("SELECT id FROM (SELECT * FROM orders) x LIMIT 5", false),
            ("WITH x AS (SELECT * FROM orders) SELECT id FROM x WHERE id > 5", false),
            (
                "SELECT n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) x WHERE n > 5",
                true,
            ),
            (
                "SELECT n FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) x WHERE customer_id = 5",
                false,
            ),
            ("SELECT 1 FROM customer WHERE EXISTS (SELECT 1 FROM orders)", false),
            (
                "SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM payment p WHERE p.id = o.id)",
                false,
            ),
            ("INSERT INTO orders SELECT id, region, credit FROM customer", false),
        ] {
            assert_eq!(!over(sql, &["orders"]).is_empty(), raised, "{sql}");
        }
    }
}
