//! What the shape of a result takes for granted.

use super::super::super::query::{Distinct, ExprKind, SourceKind};
use super::super::fan::returns_one_row;
use super::Level;

/// LIMIT picks any rows where nothing orders them.
pub(super) fn limit_without_order(level: &Level, into: &mut Vec<String>) {
    let query = level.scope.query;
    let limit = match query.limit.as_ref().map(|l| &l.kind) {
        // LIMIT ALL and LIMIT NULL leave nothing out.
        None | Some(ExprKind::Constant(None)) => return,
        Some(ExprKind::Constant(Some(n))) if n == "0" => return,
        Some(_) => "LIMIT",
    };
    let alone = query.group_by.is_empty() && returns_one_row_but_for_limit(level);
    if query.order_by.is_empty() && !alone {
        into.push(format!("{limit} without ORDER BY returns any rows, and others another time."));
    }
}

fn returns_one_row_but_for_limit(level: &Level) -> bool {
    let mut query = level.scope.query.clone();
    query.limit = None;
    returns_one_row(&query)
}

/// Every column of a table, in its order, is what `*` becomes.
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
                relation.label
            ));
        }
    }
}

/// DISTINCT over rows that could come twice hides that they do.
pub(super) fn distinct_hides_duplicates(level: &Level, into: &mut Vec<String>) {
    let query = level.scope.query;
    if query.distinct != Distinct::Rows {
        return;
    }
    let outputs: Vec<(usize, i32)> =
        query.targets.iter().filter_map(|t| level.scope.local_source(&t.expr)).collect();
    let unique = level.structure.sources.iter().any(|source| {
        let Some(SourceKind::Table(oid)) = query.source(*source).map(|s| &s.kind) else {
            return false;
        };
        let has_key = level.subject.relations.get(*oid).is_some_and(|r| {
            r.unique_keys.iter().any(|key| key.iter().all(|c| outputs.contains(&(*source, *c))))
        });
        has_key && level.structure.fanned_out_by(*source).is_empty()
    });
    if !unique {
        into.push(
            "DISTINCT hides how often each row comes; where a join multiplies rows, it hides that too."
                .to_string(),
        );
    }
}
