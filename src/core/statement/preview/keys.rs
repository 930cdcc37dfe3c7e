//! Works out which columns are unique in a table, a subquery, a CTE.
//!
//! Where the tree does not show it, a source is taken to be unique: a rule that depends
//! on this should rather find nothing than be wrong.

use std::cell::RefCell;
use std::collections::HashMap;

use super::fan::{Key, Structure};
use super::sources::{Column, cte, returns_one_row};
use crate::statement::query::columns::Scope;
use crate::statement::query::relations::Relations;
use crate::statement::query::{Distinct, Expr, ExprKind, Query, SourceKind};

/// The unique sets of columns of queries that were worked out already. A CTE may be
/// referred to often; without this, a chain of CTEs would take exponential time.
#[derive(Debug, Default)]
pub struct KnownKeys(RefCell<HashMap<*const Query, Vec<Key>>>);

/// The most unique sets of columns of a query that are kept, which is more than a
/// useful query has.
const MOST_KEYS: usize = 32;

/// The number of the system column ctid, which tells rows of a table apart.
const CTID: i32 = -1;

/// The structure of a query level.
pub fn structure<'a>(
    scope: Scope<'a>,
    relations: &'a Relations,
    known: &KnownKeys,
) -> Structure<'a> {
    Structure::of(scope, relations, &|number| keys_of_source(scope, number, relations, known))
}

/// The unique sets of columns of a source.
fn keys_of_source(
    scope: Scope,
    number: usize,
    relations: &Relations,
    known: &KnownKeys,
) -> Vec<Key> {
    let Some(source) = scope.query.source(number) else {
        return Vec::new();
    };
    let every_column = || (1..=source.columns.len() as i32).map(|c| vec![c]).collect();
    match &source.kind {
        SourceKind::Table(oid) => {
            let mut keys = vec![vec![CTID]];
            if let Some(relation) = relations.get(*oid) {
                keys.extend(relation.unique_keys.iter().cloned());
            }
            keys
        }
        SourceKind::Subquery { query, .. } => keys_of(query, scope, relations, known),
        SourceKind::Cte { recursive_reference: true, .. } => every_column(),
        SourceKind::Cte { .. } => match cte(scope, &source.kind) {
            Some((query, around)) => keys_of(query, around, relations, known),
            None => every_column(),
        },
        SourceKind::Function { calls, .. } => {
            let many = |e: &Expr| matches!(&e.kind, ExprKind::Call(c) if c.built_in && returns_many(&c.name));
            if calls.iter().any(many) { Vec::new() } else { vec![Vec::new()] }
        }
        SourceKind::Values { rows } if *rows > 1 => every_column(),
        _ => vec![Vec::new()],
    }
}

/// The unique sets of output columns of a query inside `around`.
fn keys_of(query: &Query, around: Scope, relations: &Relations, known: &KnownKeys) -> Vec<Key> {
    let address: *const Query = query;
    if let Some(found) = known.0.borrow().get(&address) {
        return found.clone();
    }
    let outer: Vec<&Query> = around.outer.iter().copied().chain([around.query]).collect();
    let structure = structure(Scope::new(query, &outer), relations, known);
    let mut keys = Reader { query, structure: &structure, scope: Scope::new(query, &outer) }.keys();
    // Each source brings keys of its own. They are made distinct and kept few, because
    // nested queries would otherwise double them at every level.
    keys.iter_mut().for_each(|key| {
        key.sort_unstable();
        key.dedup();
    });
    keys.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    keys.dedup();
    keys.truncate(MOST_KEYS);
    known.0.borrow_mut().insert(address, keys.clone());
    keys
}

struct Reader<'a> {
    query: &'a Query,
    structure: &'a Structure<'a>,
    scope: Scope<'a>,
}

impl Reader<'_> {
    fn keys(&self) -> Vec<Key> {
        if returns_one_row(self.query) {
            return vec![Vec::new()];
        }
        let outputs = self.query.outputs();
        let every_column = || (1..=outputs.len() as i32).map(|c| vec![c]);
        let all_columns: Key = (1..=outputs.len() as i32).collect();
        if let Some(operation) = self.query.set_operation {
            return match operation.all {
                false => vec![all_columns],
                true => self.common_to_members(),
            };
        }
        let mut keys = Vec::new();
        match self.query.distinct {
            Distinct::Rows => keys.push(all_columns),
            // The tree does not say what DISTINCT ON is on, so it is taken to be on the
            // first ORDER BY.
            Distinct::On => match self.query.order_by.first().and_then(|e| self.place(e)) {
                Some(first) => keys.push(vec![first]),
                None => keys.extend(every_column()),
            },
            Distinct::No => {}
        }
        if !self.query.group_by.is_empty() {
            if !self.query.grouping_sets {
                self.grouped(&mut keys);
            }
            return keys;
        }
        self.selected(&mut keys);
        self.numbered(&mut keys);
        keys
    }

    /// The position of an expression among the outputs, from 1.
    fn place(&self, wanted: &Expr) -> Option<i32> {
        let at = self.query.outputs().iter().position(|o| o.expr.kind == wanted.kind)?;
        Some(at as i32 + 1)
    }

    /// The position of a column, or of one that equals it.
    fn shown(&self, column: Column) -> Option<i32> {
        let equal = self.structure.equal_to(column);
        let at =
            self.query.outputs().iter().position(|o| {
                self.scope.local_source(&o.expr).is_some_and(|c| equal.contains(&c))
            })?;
        Some(at as i32 + 1)
    }

    /// The keys of a UNION ALL of tables that were split up: columns that are unique in
    /// each member are taken to be unique in all.
    fn common_to_members(&self) -> Vec<Key> {
        let mut members = self.structure.sources.iter();
        let Some(first) = members.next() else {
            return Vec::new();
        };
        let mut keys = self.structure.keys(*first).to_vec();
        for member in members {
            let there = self.structure.keys(*member);
            keys.retain(|key| there.contains(key));
        }
        keys
    }

    /// Adds the columns that are grouped by, without those that the others determine.
    fn grouped(&self, keys: &mut Vec<Key>) {
        let groups = &self.query.group_by;
        let determines = |kept: &[usize]| {
            let columns: Vec<Column> =
                kept.iter().filter_map(|at| self.scope.local_source(&groups[*at])).collect();
            let (known, bound) = self.structure.closure(&[], &columns);
            (0..groups.len()).all(|at| {
                kept.contains(&at) || {
                    let needed = self.scope.columns_in(&groups[at]);
                    needed.iter().all(|c| known.contains(&c.0) || bound.contains(c))
                }
            })
        };
        let visible: Vec<usize> =
            (0..groups.len()).filter(|at| self.place(&groups[*at]).is_some()).collect();
        let mut found: Vec<Vec<usize>> =
            visible.iter().map(|at| vec![*at]).filter(|one| determines(one)).collect();
        let mut least = visible.clone();
        for at in &visible {
            let fewer: Vec<usize> = least.iter().copied().filter(|k| k != at).collect();
            if determines(&fewer) {
                least = fewer;
            }
        }
        if determines(&least) {
            found.push(least);
        }
        for kept in found {
            keys.push(kept.iter().filter_map(|at| self.place(&groups[*at])).collect());
        }
    }

    /// Adds the keys of a plain selection: those of a source that determines all the
    /// others, or those of all sources together.
    fn selected(&self, keys: &mut Vec<Key>) {
        let written = self.query.result.filter(|_| self.query.command.writes());
        let (_, fixed) = self.structure.closure(&[], &[]);
        let shown = |source: usize, key: &Key| -> Option<Key> {
            key.iter()
                .map(|column| (source, *column))
                .filter(|column| !fixed.contains(column))
                .map(|column| self.shown(column))
                .collect()
        };
        let mut together = Some(Key::new());
        for source in &self.structure.sources {
            let of_source: Vec<Key> =
                self.structure.keys(*source).iter().filter_map(|k| shown(*source, k)).collect();
            together = together.zip(of_source.first()).map(|(mut all, key)| {
                all.extend(key.iter().filter(|c| !all.contains(c)).copied().collect::<Vec<_>>());
                all
            });
            // RETURNING returns each written row once.
            let alone = written == Some(*source)
                || self.structure.determined_by(*source).len() == self.structure.sources.len();
            if alone {
                keys.extend(of_source);
            }
        }
        if written.is_none() {
            keys.extend(together);
        }
    }

    /// Adds the key of `row_number() OVER (PARTITION BY a)`, which is unique together
    /// with a. The tree does not say which column a is, so any column is taken for it.
    fn numbered(&self, keys: &mut Vec<Key>) {
        let outputs = self.query.outputs();
        for (at, output) in outputs.iter().enumerate() {
            let number = at as i32 + 1;
            match &output.expr.kind {
                ExprKind::Window(w) if w.name == "row_number" => {
                    if !output.expr.text.to_uppercase().contains("PARTITION BY") {
                        keys.push(vec![number]);
                    }
                    let others = (1..=outputs.len() as i32).filter(|c| *c != number);
                    keys.extend(others.map(|c| vec![c, number]));
                }
                _ => {}
            }
        }
    }
}

/// Whether a function of Postgres's own returns a set, by its name.
fn returns_many(function: &str) -> bool {
    const MANY: &[&str] =
        &["unnest", "_each", "elements", "object_keys", "to_table", "recordset", "regexp_matches"];
    function.starts_with("generate_") || MANY.iter().any(|part| function.contains(part))
}
