//! Fan and chasm traps: aggregates over rows that a join repeats.

use super::keys::{self, KnownKeys};
use super::level::Level;
use super::sources::{Column, aggregates_to_one_row, sources_among};
use super::wording::list;
use crate::statement::query::columns::{DEEP, Scope};
use crate::statement::query::relations::Relations;
use crate::statement::query::{
    Aggregate, CommandType, Distinct, Expr, ExprKind, Query, SourceKind,
};

/// The aggregates that count a row as often as a join repeats it.
const REPEATING: &[&str] = &["sum", "count", "avg"];

/// The aggregates of a level itself, with their texts.
pub fn aggregates<'q>(level: &Level<'q>) -> Vec<(&'q Aggregate, &'q str)> {
    let query = level.scope.query;
    let mut all: Vec<(&Aggregate, &str)> = Vec::new();
    let own = query.targets.iter().map(|t| &t.expr).chain(&query.having);
    for expression in own {
        expression.each(&mut |e| {
            if let ExprKind::Aggregate(a) = &e.kind
                && a.levels_up == 0
                && !all.iter().any(|(known, _)| *known == a)
            {
                all.push((a, &e.text));
            }
        });
    }
    all
}

/// The columns that the values of an aggregate come from. A column that only decides
/// which value is taken is not one: sum(CASE WHEN a THEN 1 ELSE 0 END) counts the rows
/// that come, and is meant to.
fn columns_of(level: &Level, aggregate: &Aggregate) -> Vec<Column> {
    fn collect(level: &Level, expr: &Expr, into: &mut Vec<Column>) {
        if matches!(&expr.kind, ExprKind::Other { name, .. } if name == "WHEN") {
            return;
        }
        if matches!(expr.kind, ExprKind::Column { .. } | ExprKind::Sublink(_)) {
            into.extend(level.scope.columns_in(expr));
            return;
        }
        expr.operands().into_iter().for_each(|e| collect(level, e, into));
    }
    let mut found = Vec::new();
    aggregate.arguments.iter().for_each(|a| collect(level, a, &mut found));
    found
}

/// An aggregate over sources whose rows a join repeats.
pub struct Trap {
    /// The aggregate, as SQL.
    pub aggregate: String,
    /// The source whose rows are counted.
    pub counted: String,
    /// The sources that repeat a row of it.
    pub fans: Vec<String>,
    pub chasms: Vec<Chasm>,
}

/// Set for a chasm trap: two sources that belong to a third and are not joined with
/// each other.
pub struct Chasm {
    pub other: String,
    /// The source that both belong to.
    pub hub: String,
}

impl Trap {
    /// All sources that repeat the counted rows, in words.
    pub fn repeated_by(&self) -> String {
        let chasms = self.chasms.iter().map(|chasm| chasm.other.clone());
        list(&self.fans.iter().cloned().chain(chasms).collect::<Vec<_>>())
    }
}

/// The fan and chasm traps of a level.
pub fn traps(level: &Level) -> Vec<Trap> {
    let structure = &level.structure;
    let query = level.scope.query;
    // Within a group, a column that is grouped by has one value.
    let grouped: Vec<Column> = match query.grouping_sets {
        true => Vec::new(),
        false => query.group_by.iter().filter_map(|e| level.scope.local_source(e)).collect(),
    };
    let mut found = Vec::new();
    for (aggregate, text) in aggregates(level) {
        if aggregate.distinct || aggregate.star || !REPEATING.contains(&aggregate.name.as_str()) {
            continue;
        }
        let columns = columns_of(level, aggregate);
        let counted = sources_among(&columns);
        let Some(first) = counted.first() else {
            continue;
        };
        let (settled, _) = structure.closure(&counted, &grouped);
        let mut trap = Trap {
            aggregate: text.to_string(),
            counted: counted.iter().map(|s| structure.shown(*s)).collect::<Vec<_>>().join(" with "),
            fans: Vec::new(),
            chasms: Vec::new(),
        };
        for other in structure.sources.iter().filter(|s| !settled.contains(s)) {
            // Sources that are not connected make a Cartesian product, and no trap.
            if !structure.connected(*first, *other) {
                continue;
            }
            let above = structure.determined_by(*other);
            // Two many-sides of one source: each row of either comes once for each row
            // of the other that belongs to the same row.
            let hub = settled
                .iter()
                .find(|hub| !counted.contains(hub) && above.contains(hub) && !single(level, **hub));
            match hub.filter(|_| !counted.iter().any(|c| above.contains(c))) {
                Some(hub) => trap
                    .chasms
                    .push(Chasm { other: structure.shown(*other), hub: structure.shown(*hub) }),
                None => trap.fans.push(structure.shown(*other)),
            }
        }
        if trap.fans.is_empty()
            && trap.chasms.is_empty()
            && let [only] = counted[..]
            && let Some((inside, fans)) =
                repeated_inside(level.scope, level.subject.relations, only, (&columns, &grouped), 0)
        {
            trap.counted = inside;
            trap.fans = fans;
        }
        if !trap.fans.is_empty() || !trap.chasms.is_empty() {
            found.push(trap);
        }
    }
    found
}

/// The rows that are repeated in the subquery, CTE or view that a source is, and what
/// repeats them: rows that columns of the source come from, where nothing in it
/// aggregates them again. `of` are the columns, and those that are grouped by.
fn repeated_inside(
    scope: Scope,
    relations: &Relations,
    source: usize,
    of: (&[Column], &[Column]),
    depth: usize,
) -> Option<(String, Vec<String>)> {
    let (around, query) = match &scope.query.source(source)?.kind {
        SourceKind::Subquery { query, .. } => (scope, &**query),
        SourceKind::Cte { name, levels_up, recursive_reference: false } => {
            let there = scope.up(*levels_up)?;
            (there, &there.query.ctes.iter().find(|c| c.name == *name)?.query)
        }
        _ => return None,
    };
    if depth > DEEP || !passes_rows_on(query) {
        return None;
    }
    let outer: Vec<&Query> = around.outer.iter().copied().chain([around.query]).collect();
    let inner = Scope::new(query, &outer);
    let behind = |column: &Column| {
        let place = usize::try_from(column.1).ok()?.checked_sub(1)?;
        query.outputs().get(place).filter(|_| column.0 == source).map(|t| &t.expr)
    };
    let columns: Vec<Column> =
        of.0.iter().filter_map(behind).flat_map(|e| inner.columns_in(e)).collect();
    let grouped: Vec<Column> =
        of.1.iter().filter_map(behind).filter_map(|e| inner.local_source(e)).collect();
    let counted = sources_among(&columns);
    let first = counted.first()?;
    let structure = keys::structure(inner, relations, &KnownKeys::default());
    let (settled, _) = structure.closure(&counted, &grouped);
    let fans: Vec<String> = structure
        .sources
        .iter()
        .filter(|s| !settled.contains(s) && structure.connected(*first, **s))
        .map(|s| structure.shown(*s))
        .collect();
    match counted[..] {
        _ if !fans.is_empty() => {
            let names: Vec<String> = counted.iter().map(|s| structure.shown(*s)).collect();
            Some((names.join(" with "), fans))
        }
        [only] => repeated_inside(inner, relations, only, (&columns, &grouped), depth + 1),
        _ => None,
    }
}

/// Whether a query returns the rows of its FROM as they come.
fn passes_rows_on(query: &Query) -> bool {
    query.command == CommandType::Select
        && query.group_by.is_empty()
        && !query.grouping_sets
        && !aggregates_to_one_row(query)
        && query.distinct == Distinct::No
        && query.set_operation.is_none()
        && query.limit.is_none()
}

/// Whether a source has one row whatever the others have. It is no parent of theirs
/// then.
fn single(level: &Level, source: usize) -> bool {
    level.structure.keys(source).iter().any(Vec::is_empty)
}
