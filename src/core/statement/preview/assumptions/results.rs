//! Assumptions that the shape of a result makes.

use crate::statement::preview::level::Level;
use crate::statement::preview::sources::{aggregates_to_one_row, nullable};
use crate::statement::query::{Distinct, Expr, ExprKind, Query, SourceKind, SublinkKind};

/// LIMIT returns arbitrary rows where nothing orders them.
pub(super) fn limit_without_order(level: &Level, into: &mut Vec<String>) {
    let query = level.scope.query;
    let clause = match (cuts(query.limit.as_ref()), cuts(query.offset.as_ref())) {
        (true, _) => "LIMIT",
        (false, true) => "OFFSET",
        (false, false) => return,
    };
    // EXISTS asks for no row in particular.
    let exists = level.scope.outer.last().is_some_and(|around| tests_existence(around, query));
    let (single, _) = level.structure.closure(&[], &[]);
    let one_row = aggregates_to_one_row(query)
        || (query.set_operation.is_none() && single.len() == level.structure.sources.len());
    if query.order_by.is_empty() && !exists && !one_row {
        into.push(format!(
            "{clause} without ORDER BY returns any rows, and perhaps others another time."
        ));
    }
}

/// Whether a LIMIT or OFFSET makes a difference: LIMIT ALL and OFFSET 0 leave nothing
/// out, and LIMIT 0 leaves nothing that could differ.
fn cuts(bound: Option<&Expr>) -> bool {
    use crate::statement::query::columns::without_casts;
    match bound.map(|l| &without_casts(l).kind) {
        None | Some(ExprKind::Constant(None)) => false,
        Some(ExprKind::Constant(Some(n))) => n != "0",
        Some(_) => true,
    }
}

/// Whether a query is in the EXISTS of the one around it.
fn tests_existence(around: &Query, query: &Query) -> bool {
    around.expressions().into_iter().any(|e| {
        e.any(|e| {
            matches!(&e.kind, ExprKind::Sublink(link)
                if link.kind == SublinkKind::Exists && std::ptr::eq(&link.query, query))
        })
    })
}

/// A target list with every column of a table, in order, is what `*` becomes.
pub(super) fn select_star_may_grow(level: &Level, into: &mut Vec<String>) {
    if !level.scope.outer.is_empty() || level.scope.query.command.writes() {
        return;
    }
    for source in &level.structure.sources {
        let Some(SourceKind::Table(oid)) = level.scope.query.source(*source).map(|s| &s.kind)
        else {
            continue;
        };
        let Some(relation) = level.subject.relations.get(*oid) else {
            continue;
        };
        let all: Vec<i32> = relation.columns.iter().map(|c| c.number).collect();
        let selected: Vec<Option<i32>> = level
            .scope
            .query
            .targets
            .iter()
            .filter(|t| !t.hidden)
            .map(|t| level.scope.local_source(&t.expr).filter(|(s, _)| s == source).map(|(_, c)| c))
            .collect();
        let is_star = all.len() > 1
            && selected.windows(all.len()).any(|w| w.iter().zip(&all).all(|(s, a)| *s == Some(*a)));
        if is_star {
            into.push(format!(
                "All {} columns of {} are selected; written as *, the result grows when the table does.",
                all.len(),
                relation.shown
            ));
        }
    }
}

/// DISTINCT over rows that could come twice hides the duplicates.
pub(super) fn distinct_hides_duplicates(level: &Level, into: &mut Vec<String>) {
    let query = level.scope.query;
    if query.distinct != Distinct::Rows || aggregates_to_one_row(query) {
        return;
    }
    let shown: Vec<(usize, i32)> =
        query.outputs().iter().filter_map(|t| level.scope.local_source(&t.expr)).collect();
    // Each group comes once.
    let grouped = !query.group_by.is_empty()
        && !query.grouping_sets
        && query.group_by.iter().all(|g| query.outputs().iter().any(|o| o.expr.kind == g.kind));
    let unique = level.structure.sources.iter().any(|source| {
        let Some(SourceKind::Table(oid)) = query.source(*source).map(|s| &s.kind) else {
            return false;
        };
        let relation = level.subject.relations.get(*oid);
        let has_key = relation.is_some_and(|r| {
            r.unique_keys.iter().any(|key| {
                // A unique column can hold many NULLs.
                key.iter().all(|c| {
                    shown.contains(&(*source, *c)) && r.column(*c).is_some_and(|c| c.not_null)
                })
            })
        });
        has_key && !nullable(query, *source) && level.structure.fanned_out_by(*source).is_empty()
    });
    if !unique && !grouped {
        let joins = match level.structure.sources.len() > 1 {
            true => "; where a join multiplies rows, it hides that too",
            false => "",
        };
        into.push(format!("DISTINCT hides how often each row comes{joins}."));
    }
}

#[cfg(test)]
mod tests {
    use crate::statement::preview::testing::says;

    #[test]
    fn limit_without_order_picks_any_rows() {
        assert_eq!(
            says("SELECT country FROM customer LIMIT 1", "LIMIT_WITHOUT_ORDER"),
            ["LIMIT without ORDER BY returns any rows, and perhaps others another time."]
        );
        for sql in [
            "SELECT country FROM customer ORDER BY id LIMIT 1",
            "SELECT count(*) FROM customer LIMIT 1",
            "SELECT country FROM customer WHERE id = 5 LIMIT 1",
            "SELECT 1 FROM customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id LIMIT 1)",
            "SELECT country FROM customer LIMIT 0",
        ] {
            assert!(says(sql, "LIMIT_WITHOUT_ORDER").is_empty(), "{sql}");
        }
    }

    #[test]
    fn a_star_grows_with_its_table() {
        assert_eq!(
            says("SELECT * FROM payment", "SELECT_STAR_MAY_GROW"),
            [
                "All 3 columns of public.payment are selected; written as *, the result grows when the table does."
            ]
        );
        for sql in ["SELECT id, amount FROM payment", "SELECT id FROM (SELECT * FROM payment) p"] {
            assert!(says(sql, "SELECT_STAR_MAY_GROW").is_empty(), "{sql}");
        }
    }

    #[test]
    fn distinct_hides_duplicates() {
        assert_eq!(
            says("SELECT DISTINCT country FROM customer", "DISTINCT_HIDES_DUPLICATES"),
            ["DISTINCT hides how often each row comes."]
        );
        assert_eq!(
            says(
                "SELECT DISTINCT c.id FROM customer c JOIN orders o ON o.customer_id = c.id",
                "DISTINCT_HIDES_DUPLICATES"
            ),
            [
                "DISTINCT hides how often each row comes; where a join multiplies rows, it hides that too."
            ]
        );
        for sql in [
            "SELECT DISTINCT id, country FROM customer",
            "SELECT DISTINCT o.id FROM customer c JOIN orders o ON o.customer_id = c.id",
            "SELECT DISTINCT country, count(*) FROM customer GROUP BY country",
            "SELECT DISTINCT ON (country) country, id FROM customer ORDER BY country, id",
        ] {
            assert!(says(sql, "DISTINCT_HIDES_DUPLICATES").is_empty(), "{sql}");
        }
        // Rows without a match have no key.
        let unmatched =
            "SELECT DISTINCT o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id";
        assert_eq!(says(unmatched, "DISTINCT_HIDES_DUPLICATES").len(), 1);
    }
}
