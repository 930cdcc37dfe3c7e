//! Works out which source of a query repeats the rows of which: the structure behind
//! fan traps, chasm traps and Cartesian products.
//!
//! One row of a source determines one row of another where the other's unique key is
//! compared with columns that are determined already (the closure of functional
//! dependencies, as in Ullman, Principles of Database Systems). A source that is not
//! determined may have several rows for one row, and so repeat it.

use std::collections::BTreeMap;

use super::sources::{Column, conditions, in_passing, sources_among};
use crate::statement::query::columns::Scope;
use crate::statement::query::relations::{Relation, Relations};
use crate::statement::query::{CommandType, Expr, ExprKind, Join, JoinKind, SourceKind};

/// Columns of a source, by number, that are unique together. An empty list means that
/// the source has at most one row.
pub type Key = Vec<i32>;

/// Something that gives a column its value.
#[derive(Debug)]
struct Equality {
    column: Column,
    /// The columns that the value is computed from; none for a constant.
    from: Vec<Column>,
    /// The sources for whose rows the equality holds, where it does not hold for all:
    /// the ON of an outer join says nothing about rows that the join keeps without a
    /// match.
    only_for: Option<Vec<usize>>,
}

/// The sources of one query level, and how equality connects them.
#[derive(Debug)]
pub struct Structure<'a> {
    scope: Scope<'a>,
    relations: &'a Relations,
    /// The numbers of the sources, in the order in which they are written.
    pub sources: Vec<usize>,
    equalities: Vec<Equality>,
    /// Sources that one condition, or one reference, names together.
    linked: Vec<Vec<usize>>,
    keys: BTreeMap<usize, Vec<Key>>,
}

impl<'a> Structure<'a> {
    /// The structure of a level. `keys_of` gives the unique sets of columns of a
    /// source, which for a subquery depend on the structure inside it.
    pub fn of(
        scope: Scope<'a>,
        relations: &'a Relations,
        keys_of: &dyn Fn(usize) -> Vec<Key>,
    ) -> Structure<'a> {
        let mut structure = Structure {
            scope,
            relations,
            sources: scope.query.source_numbers(),
            equalities: Vec::new(),
            linked: Vec::new(),
            keys: BTreeMap::new(),
        };
        for (condition, join) in conditions(scope.query) {
            structure.add(condition, join);
        }
        structure.link_equal_constants();
        for number in structure.sources.clone() {
            structure.link_references(number);
            structure.keys.insert(number, keys_of(number));
        }
        structure
    }

    fn add(&mut self, condition: &Expr, join: Option<&Join>) {
        let together = sources_among(&self.scope.columns_in(condition));
        if together.len() > 1 {
            self.linked.push(together);
        }
        for equality in condition.equalities() {
            if let ExprKind::Call(call) = &equality.kind
                && let [left, right] = &call.arguments[..]
            {
                self.add_equality(left, Some(right), join);
                self.add_equality(right, Some(left), join);
            }
        }
        // A boolean column is its own condition: WHERE is_main, WHERE NOT is_main.
        match &condition.kind {
            ExprKind::Column { .. } => self.add_equality(condition, None, join),
            ExprKind::Not(flag) => self.add_equality(flag, None, join),
            _ => {}
        }
    }

    fn add_equality(&mut self, target: &Expr, value: Option<&Expr>, join: Option<&Join>) {
        let Some(column) = self.scope.local_source(target) else {
            return;
        };
        self.equalities.push(Equality {
            column,
            from: value.map(|v| self.scope.columns_in(v)).unwrap_or_default(),
            only_for: join.and_then(|j| only_for(j, column.0)),
        });
    }

    /// Links columns that equal the same constant: `a.tenant = 5 AND b.tenant = 5`
    /// compares a with b, and `a.size = 1 AND b.floor = 1` does not. The names decide,
    /// without what comes before a first `_`, which is often an abbreviation of the
    /// table.
    fn link_equal_constants(&mut self) {
        let name_of = |(source, column): Column| {
            let place = usize::try_from(column).ok()?.checked_sub(1)?;
            let name = self.scope.query.source(source)?.columns.get(place)?.as_str();
            Some(name.split_once('_').map_or(name, |(_, rest)| rest))
        };
        let mut constants: Vec<((ExprKind, Option<&str>), usize)> = Vec::new();
        for (condition, _) in conditions(self.scope.query) {
            for equality in condition.equalities() {
                let ExprKind::Call(call) = &equality.kind else {
                    continue;
                };
                let [left, right] = &call.arguments[..] else {
                    continue;
                };
                for (column, value) in [(left, right), (right, left)] {
                    let constant = self.scope.columns_in(value).is_empty();
                    if let Some(found) = self.scope.local_source(column).filter(|_| constant) {
                        constants.push(((value.kind.clone(), name_of(found)), found.0));
                    }
                }
            }
        }
        for (at, (value, source)) in constants.iter().enumerate() {
            for (other, elsewhere) in &constants[at + 1..] {
                if value == other && source != elsewhere {
                    self.linked.push(vec![*source, *elsewhere]);
                }
            }
        }
    }

    /// Links a function or a LATERAL subquery in FROM with the sources that it refers
    /// to.
    fn link_references(&mut self, number: usize) {
        let columns = match self.scope.query.source(number).map(|s| &s.kind) {
            Some(SourceKind::Function { calls, .. }) => {
                calls.iter().flat_map(|c| self.scope.columns_in(c)).collect()
            }
            Some(SourceKind::Subquery { query, .. }) => self.scope.columns_used_within(query),
            _ => Vec::new(),
        };
        let mut together = sources_among(&columns);
        if !together.is_empty() {
            together.push(number);
            self.linked.push(together);
        }
    }

    /// Whether an equality holds for the rows of `starts`.
    fn holds(equality: &Equality, starts: &[usize]) -> bool {
        equality.only_for.as_ref().is_none_or(|list| starts.iter().any(|s| list.contains(s)))
    }

    /// The sources of which one row is determined, and the columns whose value is, once
    /// a row of each of `starts` and the values of `columns` are determined.
    pub fn closure(&self, starts: &[usize], columns: &[Column]) -> (Vec<usize>, Vec<Column>) {
        let mut known = starts.to_vec();
        let mut bound = columns.to_vec();
        loop {
            let before = (known.len(), bound.len());
            for e in &self.equalities {
                let follows = e.from.iter().all(|c| known.contains(&c.0) || bound.contains(c));
                if follows && Self::holds(e, starts) && !bound.contains(&e.column) {
                    bound.push(e.column);
                }
            }
            for source in &self.sources {
                if !known.contains(source) && self.settled(*source, &bound, starts) {
                    known.push(*source);
                }
            }
            if before == (known.len(), bound.len()) {
                return (known, bound);
            }
        }
    }

    /// The sources of which one row is determined once a row of `start` is.
    pub fn determined_by(&self, start: usize) -> Vec<usize> {
        self.closure(&[start], &[]).0
    }

    /// Whether a source has at most one row with these values.
    fn settled(&self, source: usize, bound: &[Column], starts: &[usize]) -> bool {
        let covered =
            |source: usize, key: &Key| key.iter().all(|column| bound.contains(&(source, *column)));
        if self.keys(source).iter().any(|key| covered(source, key)) {
            return true;
        }
        // Nothing is known of a table without keys and statistics. Where the columns
        // that it is compared with are no key either, it may well be the one side.
        let unknown = self.table(source).is_some_and(|table| {
            table.unique_keys.is_empty() && table.columns.iter().all(|c| c.null_fraction.is_none())
        });
        unknown
            && self.equalities.iter().any(|e| {
                let others = sources_among(&e.from);
                e.column.0 == source
                    && bound.contains(&e.column)
                    && Self::holds(e, starts)
                    && !others.is_empty()
                    && others.iter().all(|other| {
                        !self.keys(*other).iter().any(|key| {
                            key.iter().all(|column| {
                                self.equalities.iter().any(|f| {
                                    f.column.0 == source && f.from.contains(&(*other, *column))
                                })
                            })
                        })
                    })
            })
    }

    fn table(&self, source: usize) -> Option<&'a Relation> {
        match self.scope.query.source(source).map(|s| &s.kind) {
            Some(SourceKind::Table(oid)) => self.relations.get(*oid),
            _ => None,
        }
    }

    /// The sets of columns that are unique in a source. An empty set means that the
    /// source has at most one row.
    pub fn keys(&self, source: usize) -> &[Key] {
        self.keys.get(&source).map_or(&[], Vec::as_slice)
    }

    /// The columns that a column equals, itself included.
    pub fn equal_to(&self, column: Column) -> Vec<Column> {
        let mut all = vec![column];
        let mut at = 0;
        while at < all.len() {
            let from = [all[at]];
            for e in self.equalities.iter().filter(|e| e.from == from) {
                if !all.contains(&e.column) {
                    all.push(e.column);
                }
            }
            at += 1;
        }
        all
    }

    /// The sources that may have several rows for one row of `source`.
    pub fn fanned_out_by(&self, source: usize) -> Vec<usize> {
        let known = self.determined_by(source);
        self.sources.iter().copied().filter(|s| !known.contains(s)).collect()
    }

    /// The sources that conditions and references connect, in groups.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = self.sources.iter().map(|s| vec![*s]).collect();
        for together in &self.linked {
            let (joined, apart): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|g| g.iter().any(|s| together.contains(s)));
            groups = apart;
            if !joined.is_empty() {
                groups.push(joined.into_iter().flatten().collect());
            }
        }
        groups
    }

    /// Whether conditions connect two sources, directly or through others.
    pub fn connected(&self, a: usize, b: usize) -> bool {
        self.groups().iter().any(|g| g.contains(&a) && g.contains(&b))
    }

    /// Groups of sources that no condition connects: more than one group makes a
    /// Cartesian product. Sources of one row multiply nothing; functions, VALUES and
    /// LATERAL subqueries do so on purpose.
    pub fn unconnected(&self) -> Vec<Vec<usize>> {
        let query = self.scope.query;
        // The condition of a MERGE is not among the filters, and the table that an
        // INSERT fills is not read.
        let side_by_side = matches!(query.command, CommandType::Insert | CommandType::Merge);
        if side_by_side || query.set_operation.is_some() {
            return Vec::new();
        }
        let (single, _) = self.closure(&[], &[]);
        let multiplies = |source: &usize| {
            let one_row = self.table(*source).is_some_and(|t| {
                t.estimated_rows == Some(1.0) && t.changed_rows.unwrap_or(0.0) == 0.0
            });
            !one_row && !single.contains(source) && !in_passing(self.scope, *source)
        };
        let place = |s: &usize| self.sources.iter().position(|n| n == s);
        let mut groups: Vec<Vec<usize>> = self
            .groups()
            .into_iter()
            .map(|mut g| {
                g.retain(multiplies);
                g.sort_by_key(place);
                g
            })
            .filter(|g| !g.is_empty())
            .collect();
        groups.sort_by_key(|g| g.first().and_then(place));
        groups
    }

    /// The name of a source for people: its table or view, with the alias where the
    /// same one occurs twice; else its alias.
    pub fn shown(&self, source: usize) -> String {
        let named = |number: usize| match self.scope.query.source(number).map(|s| &s.kind) {
            Some(SourceKind::Table(oid)) => Some(*oid),
            Some(SourceKind::Subquery { view, .. }) => *view,
            _ => None,
        };
        let Some(found) = self.scope.query.source(source) else {
            return String::new();
        };
        let Some(oid) = named(source) else {
            return found.alias.clone();
        };
        let shown = self.relations.shown(oid);
        match self.sources.iter().filter(|s| named(**s) == Some(oid)).count() > 1 {
            true => format!("{shown} ({})", found.alias),
            false => shown,
        }
    }
}

/// The sources for whose rows the ON of an outer join says something about `target`;
/// None for all.
fn only_for(join: &Join, target: usize) -> Option<Vec<usize>> {
    let (left, right) = (join.left.sources(), join.right.sources());
    match join.kind {
        JoinKind::Left | JoinKind::Full if left.contains(&target) => Some(right),
        JoinKind::Right | JoinKind::Full if right.contains(&target) => Some(left),
        _ => None,
    }
}
