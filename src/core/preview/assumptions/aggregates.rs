//! What sums, counts and averages take for granted.

use super::super::super::query::{Aggregate, Expr, ExprKind};
use super::Level;

/// The aggregates that count a row as often as it comes.
const REPEATING: &[&str] = &["sum", "count", "avg"];

/// The aggregates of a level itself, with their texts.
fn aggregates<'q>(level: &Level<'q>) -> Vec<(&'q Aggregate, &'q str)> {
    let query = level.scope.query;
    let mut all: Vec<(&Aggregate, &str)> = Vec::new();
    let own = query.targets.iter().map(|t| &t.expr).chain(&query.having);
    for expression in own {
        expression.each(&mut |e| {
            if let ExprKind::Aggregate(a) = &e.kind
                && a.levels_up == 0
                && !all.iter().any(|(_, text)| *text == e.text)
            {
                all.push((a, &e.text));
            }
        });
    }
    all
}

/// The sources that the values of an aggregate come from. What only decides
/// which value is taken is not one: sum(CASE WHEN a THEN 1 ELSE 0 END) counts
/// the rows that come, and means to.
fn sources_of(level: &Level, aggregate: &Aggregate) -> Vec<usize> {
    fn collect(level: &Level, expr: &Expr, into: &mut Vec<usize>) {
        if matches!(&expr.kind, ExprKind::Other { name, .. } if name == "WHEN") {
            return;
        }
        if let Some((source, _)) = level.scope.local_source(expr)
            && !into.contains(&source)
        {
            into.push(source);
        }
        expr.operands().into_iter().for_each(|e| collect(level, e, into));
    }
    let mut found = Vec::new();
    aggregate.arguments.iter().for_each(|a| collect(level, a, &mut found));
    found
}

/// An aggregate over a source whose rows a join repeats.
pub(in super::super) struct Trap {
    /// The aggregate, as SQL.
    pub aggregate: String,
    /// Whose rows are counted.
    pub counted: String,
    /// What repeats them.
    pub repeated_by: Vec<String>,
    /// Two of them, side by side.
    pub chasm: bool,
}

/// The fan and chasm traps of a level.
pub(in super::super) fn traps(level: &Level) -> Vec<Trap> {
    let mut found = Vec::new();
    for (aggregate, text) in aggregates(level) {
        if aggregate.distinct || aggregate.star || !REPEATING.contains(&aggregate.name.as_str()) {
            continue;
        }
        let [source] = sources_of(level, aggregate)[..] else {
            continue;
        };
        let structure = &level.structure;
        let repeated_by: Vec<usize> = structure
            .fanned_out_by(source)
            .into_iter()
            // What stands unconnected is a Cartesian product, not a trap.
            .filter(|other| level.structure.sources.len() < 2 || connected(level, source, *other))
            .collect();
        if repeated_by.is_empty() {
            continue;
        }
        // Two many-sides of one: each row of either comes once for each of the
        // other, and neither is compared with the other.
        let chasm = repeated_by.iter().any(|other| {
            !structure.compared(source, *other)
                && structure.sources.iter().any(|hub| {
                    structure.compared(*hub, source)
                        && structure.compared(*hub, *other)
                        && structure.determined_by(source).contains(hub)
                })
        });
        found.push(Trap {
            aggregate: text.to_string(),
            counted: structure.label(source),
            repeated_by: repeated_by.iter().map(|s| structure.label(*s)).collect(),
            chasm,
        });
    }
    found
}

fn connected(level: &Level, a: usize, b: usize) -> bool {
    !level.structure.unconnected().iter().any(|g| g.contains(&a) != g.contains(&b))
}

/// A sum or count over a one-to-many join.
pub(super) fn fan_trap(level: &Level, into: &mut Vec<String>) {
    into.extend(traps(level).into_iter().filter(|t| !t.chasm).map(|trap| {
        format!(
            "{} takes each row of {} as often as {} has rows that match it: a one-to-many join.",
            trap.aggregate,
            trap.counted,
            trap.repeated_by.join(" and ")
        )
    }));
}

/// A sum or count over two many-sides of one table.
pub(super) fn chasm_trap(level: &Level, into: &mut Vec<String>) {
    into.extend(traps(level).into_iter().filter(|t| t.chasm).map(|trap| {
        format!(
            "{} takes each row of {} once for every row of {} that belongs to the same parent: two many-sides are joined through it.",
            trap.aggregate,
            trap.counted,
            trap.repeated_by.join(" and ")
        )
    }));
}

/// `count(column)` of a column that may be NULL.
pub(super) fn count_skips_nulls(level: &Level, into: &mut Vec<String>) {
    nulls(level, "count", into, |text, column| {
        format!("{text} does not count the rows where {column} is NULL.")
    });
}

/// `avg(column)` of a column that may be NULL.
pub(super) fn avg_ignores_nulls(level: &Level, into: &mut Vec<String>) {
    nulls(level, "avg", into, |text, column| {
        format!("{text} leaves out the rows where {column} is NULL; it does not take them for 0.")
    });
}

fn nulls(level: &Level, name: &str, into: &mut Vec<String>, sentence: fn(&str, &str) -> String) {
    for (aggregate, text) in aggregates(level) {
        let [argument] = &aggregate.arguments[..] else {
            continue;
        };
        if aggregate.name == name
            && level.may_be_null(argument) == Some(true)
            && let Some(column) = level.column_label(argument)
        {
            into.push(sentence(text, &column));
        }
    }
}
