//! How a query connects its sources.

use super::reader::{Reader, Side};
use super::uses::JoinUse;
use crate::joins::cover::Equated;
use crate::kernel::ids::RelId;
use crate::statement::query::columns::{Scope, without_implicit_casts};
use crate::statement::query::{Expr, ExprKind, Query, SourceKind, SublinkKind};

/// A source (levels up, number); a table's OID and its column; and the appearance of
/// the table.
type Origin = ((u32, usize), ((RelId, String), u64));

/// The two sources of a join (levels up, number), and its description.
type Found = ((u32, usize), (u32, usize), JoinUse);

/// Whether a comparison with a subquery is IN.
fn is_in(test: &Expr) -> bool {
    let is_equality = |e: &Expr| matches!(&e.kind, ExprKind::Call(call) if call.name == "=");
    match &test.kind {
        ExprKind::And(parts) => parts.iter().all(is_equality),
        _ => is_equality(test),
    }
}

impl Reader<'_> {
    /// Adds the joins of the level.
    pub fn joins(&self, into: &mut Vec<JoinUse>) {
        let mut found: Vec<Found> = Vec::new();
        for (kind, condition) in self.conditions() {
            let mut sources = self.sources_of(condition);
            sources.sort_by_key(|s| self.place(*s));
            let [left, right] = sources[..] else {
                continue;
            };
            // A comparison with the query around this one is a join of a table of this
            // level to one of that.
            let correlated = left.0 > 0;
            if correlated && right.0 > 0 {
                continue;
            }
            let join_type = match correlated {
                true => self.correlated,
                false => kind.as_str(),
            };
            // Of a longer condition, the columns that it sets equal, where there are
            // any.
            let equated: Vec<(Side, String)> = condition
                .equalities()
                .into_iter()
                .filter(|e| self.sources_of(e).len() == 2)
                .flat_map(|e| self.columns_of(e))
                .collect();
            let columns = match equated.is_empty() {
                true => self.columns_of(condition),
                false => equated,
            };
            self.add_join(&mut found, left, right, join_type, condition, &columns);
            if let Some((_, _, join)) = found
                .iter_mut()
                .rfind(|(l, r, j)| *l == left && *r == right && j.join_type == join_type)
            {
                join.equated.extend(
                    condition.equalities().into_iter().filter_map(|e| self.equated(e, left)),
                );
            }
        }
        // IN (SELECT ...) compares too; EXISTS is looked at from inside.
        for expression in self.scope.query.expressions() {
            self.sublinks(expression, false, &mut found);
        }
        into.extend(found.into_iter().map(|(_, _, join)| join));
    }

    /// Two columns of tables that a comparison of Postgres's own sets equal; `left` is
    /// the source on the left.
    fn equated(&self, equality: &Expr, left: (u32, usize)) -> Option<Equated> {
        let ExprKind::Call(call) = &equality.kind else {
            return None;
        };
        let [a, b] = &call.arguments[..] else {
            return None;
        };
        if call.name != "=" || !call.built_in {
            return None;
        }
        let ((a, one), (b, two)) = (self.origin(a)?, self.origin(b)?);
        if a == b {
            return None;
        }
        let ((left, x), (right, y)) = if a == left { (one, two) } else { (two, one) };
        Some(Equated { left, right, appearances: (x, y) })
    }

    /// A plain column of a table: its source, the table and the column, and the
    /// appearance of the table.
    fn origin(&self, expr: &Expr) -> Option<Origin> {
        let (side, _) = self.side(expr)?;
        let (base, appearance) = self.scope.origin(expr)?;
        let column = self.relations.column_name(base.relation, base.column);
        Some(((side.levels_up, side.source), ((base.relation, column), appearance)))
    }

    /// Whether a source is made of others, so that its columns may have been computed.
    fn is_derived(&self, source: (u32, usize)) -> bool {
        let found = self.scope.up(source.0).and_then(|scope| scope.query.source(source.1));
        matches!(found.map(|s| &s.kind), Some(SourceKind::Subquery { .. } | SourceKind::Cte { .. }))
    }

    fn add_join(
        &self,
        found: &mut Vec<Found>,
        left: (u32, usize),
        right: (u32, usize),
        join_type: &str,
        condition: &Expr,
        columns: &[(Side, String)],
    ) {
        let of = |wanted: (u32, usize)| {
            let mine = columns.iter().filter(|(s, _)| (s.levels_up, s.source) == wanted);
            let (names, tables): (Vec<String>, Vec<String>) =
                mine.map(|(s, shown)| (s.column.clone(), shown.clone())).unzip();
            (tables.into_iter().next().unwrap_or_default(), names)
        };
        let (left_shown, left_columns) = of(left);
        let (right_shown, right_columns) = of(right);
        let known = found.iter_mut().find(|(l, r, j)| {
            *l == left
                && *r == right
                && j.join_type == join_type
                && j.left == left_shown
                && j.right == right_shown
        });
        match known {
            Some((_, _, join)) => {
                join.left_columns.extend(left_columns);
                join.right_columns.extend(right_columns);
                join.condition = format!("{} AND {}", join.condition, condition.text);
            }
            None => found.push((
                left,
                right,
                JoinUse {
                    left: left_shown,
                    left_columns,
                    right: right_shown,
                    right_columns,
                    join_type: join_type.to_string(),
                    condition: condition.text.clone(),
                    join_id: None,
                    accepted_by: None,
                    accepted_at: None,
                    equated: Vec::new(),
                    derived: (self.is_derived(left), self.is_derived(right)),
                },
            )),
        }
    }

    /// The columns that `(x, y) IN (SELECT a, b ...)` sets equal. Its comparisons are
    /// in the order of the subquery's columns, which are on their right sides.
    fn equated_within(&self, test: &Expr, inside: &Reader, targets: &[&Expr]) -> Vec<Equated> {
        let comparisons = match &test.kind {
            ExprKind::And(parts) => &parts[..],
            _ => std::slice::from_ref(test),
        };
        if comparisons.len() != targets.len() || !is_in(test) {
            return Vec::new();
        }
        let one = |(equality, target): (&Expr, &&Expr)| {
            let ExprKind::Call(call) = &equality.kind else {
                return None;
            };
            let [a, b] = &call.arguments[..] else {
                return None;
            };
            let is_column = matches!(&without_implicit_casts(b).kind,
                ExprKind::Other { name, .. } if name == "SUBQUERY COLUMN");
            let ((_, (left, x)), (_, (right, y))) = (self.origin(a)?, inside.origin(target)?);
            (call.built_in && is_column).then_some(Equated { left, right, appearances: (x, y) })
        };
        comparisons.iter().zip(targets).filter_map(one).collect()
    }

    fn sublinks(&self, expr: &Expr, negated: bool, found: &mut Vec<Found>) {
        match &expr.kind {
            ExprKind::Not(inner) => self.sublinks(inner, !negated, found),
            ExprKind::Sublink(link) if matches!(link.kind, SublinkKind::Any | SublinkKind::All) => {
                let Some(test) = &link.test else {
                    return;
                };
                let outer: Vec<&Query> =
                    self.scope.outer.iter().copied().chain([self.scope.query]).collect();
                let inside = Reader {
                    scope: Scope::new(&link.query, &outer),
                    relations: self.relations,
                    correlated: self.correlated,
                };
                let visible: Vec<&Expr> =
                    link.query.targets.iter().filter(|t| !t.hidden).map(|t| &t.expr).collect();
                let right = visible.first().and_then(|target| inside.side(target));
                let Some((left, left_shown)) = self.columns_of(test).into_iter().next() else {
                    return;
                };
                // A computed expression belongs to no table.
                let (right_column, right_shown) = match right {
                    Some((right, shown)) => (right.column, shown),
                    None => (String::new(), "(subquery)".to_string()),
                };
                let join_type = if negated { "ANTI" } else { "SEMI" };
                let operator = match (is_in(test), negated) {
                    (true, true) => "NOT IN",
                    (true, false) => "IN",
                    (false, _) => "against",
                };
                found.push((
                    (left.levels_up, left.source),
                    (0, usize::MAX),
                    JoinUse {
                        condition: format!(
                            "{left_shown}.{} {operator} (SELECT {right_shown}.{right_column})",
                            left.column
                        ),
                        left: left_shown,
                        left_columns: vec![left.column],
                        right: right_shown,
                        right_columns: vec![right_column],
                        join_type: join_type.to_string(),
                        join_id: None,
                        accepted_by: None,
                        accepted_at: None,
                        equated: match link.kind {
                            SublinkKind::Any if link.query.set_operation.is_none() => {
                                self.equated_within(test, &inside, &visible)
                            }
                            _ => Vec::new(),
                        },
                        derived: (false, true),
                    },
                ));
            }
            _ => {
                for operand in expr.operands() {
                    self.sublinks(operand, false, found);
                }
            }
        }
    }
}
