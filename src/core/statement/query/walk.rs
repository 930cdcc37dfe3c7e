//! Walks through all of a query.

use super::{Expr, ExprKind, Form, From, Query, SourceKind, Target};
use crate::kernel::ids::RelId;

impl Expr {
    /// The direct parts of an expression; a subquery is not one of them.
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Call(call) => call.arguments.iter().collect(),
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().collect(),
            ExprKind::Not(part) | ExprKind::NullTest { operand: part, .. } => vec![part],
            ExprKind::Aggregate(a) | ExprKind::Window(a) => {
                a.arguments.iter().chain(a.filter.as_deref()).collect()
            }
            ExprKind::Sublink(link) => link.test.iter().collect(),
            ExprKind::Other { operands, .. } => operands.iter().collect(),
            ExprKind::Column { .. }
            | ExprKind::Constant(_)
            | ExprKind::Parameter(_)
            | ExprKind::Nothing => Vec::new(),
        }
    }

    /// Runs `see` on this expression and all within it, subqueries aside.
    pub fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        see(self);
        for operand in self.operands() {
            operand.each(see);
        }
    }

    /// The comparisons `a = b` that are true wherever this condition is: for AND those
    /// of each part, for OR those that every part has.
    pub fn equalities(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Call(call) if call.form == Form::Operator && call.name == "=" => vec![self],
            ExprKind::And(parts) => parts.iter().flat_map(Expr::equalities).collect(),
            ExprKind::Or(parts) => {
                let Some((first, others)) = parts.split_first() else {
                    return Vec::new();
                };
                let mut common = first.equalities();
                for other in others {
                    let there = other.equalities();
                    common.retain(|e| there.iter().any(|t| t.kind == e.kind));
                }
                common
            }
            _ => Vec::new(),
        }
    }

    /// Whether `is` is true of any part of the expression, subqueries aside.
    pub fn any(&self, mut is: impl FnMut(&Expr) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |e| found |= is(e));
        found
    }
}

impl From {
    /// The numbers of the sources of an item of FROM, JOINs aside.
    pub fn sources(&self) -> Vec<usize> {
        match self {
            From::Source(number) => vec![*number],
            From::Join(join) => {
                let mut all = join.left.sources();
                all.extend(join.right.sources());
                all
            }
            From::Nested(items, _) => items.iter().flat_map(From::sources).collect(),
        }
    }
}

impl Query {
    /// The columns that the query returns.
    pub fn outputs(&self) -> Vec<&Target> {
        match self.command.writes() {
            true => self.returning.iter().collect(),
            false => self.targets.iter().filter(|t| !t.hidden).collect(),
        }
    }

    /// Every expression of this level, at its top.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.targets.iter().map(|t| &t.expr).collect();
        all.extend(&self.filters);
        all.extend(self.join_conditions());
        all.extend(&self.having);
        all.extend(&self.limit);
        all.extend(&self.offset);
        all.extend(self.returning.iter().map(|t| &t.expr));
        all.extend(&self.actions);
        all.extend(&self.elsewhere);
        for source in &self.sources {
            if let SourceKind::Function { calls, .. } = &source.kind {
                all.extend(calls);
            }
        }
        all
    }

    /// The conditions of every JOIN of this level.
    pub fn join_conditions(&self) -> Vec<&Expr> {
        fn collect<'a>(item: &'a From, into: &mut Vec<&'a Expr>) {
            match item {
                From::Source(_) => {}
                From::Join(join) => {
                    collect(&join.left, into);
                    collect(&join.right, into);
                    into.extend(&join.conditions);
                }
                From::Nested(items, conditions) => {
                    items.iter().for_each(|i| collect(i, into));
                    into.extend(conditions);
                }
            }
        }
        let mut all = Vec::new();
        self.from.iter().for_each(|item| collect(item, &mut all));
        all
    }

    /// The queries directly inside this one: CTEs, subqueries in FROM (the
    /// bodies of views too), subqueries in expressions.
    pub fn inner(&self) -> Vec<&Query> {
        let mut all: Vec<&Query> = self.ctes.iter().map(|c| &c.query).collect();
        for source in &self.sources {
            if let SourceKind::Subquery { query, .. } = &source.kind {
                all.push(query);
            }
        }
        for expression in self.expressions() {
            expression.each(&mut |e| {
                if let ExprKind::Sublink(link) = &e.kind {
                    all.push(&link.query);
                }
            });
        }
        all
    }

    /// Runs `see` on this query and every one inside it, with the queries
    /// around it, nearest last.
    pub fn each_level<'a>(&'a self, see: &mut dyn FnMut(&'a Query, &[&'a Query])) {
        fn go<'a>(
            query: &'a Query,
            outer: &mut Vec<&'a Query>,
            see: &mut dyn FnMut(&'a Query, &[&'a Query]),
        ) {
            see(query, outer);
            outer.push(query);
            for inner in query.inner() {
                go(inner, outer, see);
            }
            outer.pop();
        }
        go(self, &mut Vec::new(), see);
    }

    /// The numbers of the sources in FROM, JOINs aside, in the order they are
    /// written; for a write, its target comes first.
    pub fn source_numbers(&self) -> Vec<usize> {
        fn collect(item: &From, into: &mut Vec<usize>) {
            match item {
                From::Source(number) => into.push(*number),
                From::Join(join) => {
                    collect(&join.left, into);
                    collect(&join.right, into);
                }
                From::Nested(items, _) => items.iter().for_each(|i| collect(i, into)),
            }
        }
        let mut all = Vec::new();
        all.extend(self.result);
        self.from.iter().for_each(|item| collect(item, &mut all));
        // The members of a UNION and the like are in no FROM.
        if self.set_operation.is_some() {
            let members = self.sources.iter().zip(1..);
            all.extend(
                members
                    .filter(|(s, _)| matches!(s.kind, SourceKind::Subquery { .. }))
                    .map(|(_, number)| number),
            );
        }
        let mut seen = Vec::new();
        all.retain(|n| {
            !seen.contains(n) && {
                seen.push(*n);
                true
            }
        });
        all
    }
}

/// Collects the OIDs of the relations (views among them) that a query uses, and
/// of the functions in it that are not part of Postgres.
pub fn uses(query: &Query, relations: &mut Vec<RelId>, functions: &mut Vec<u32>) {
    query.each_level(&mut |level, _| {
        for source in &level.sources {
            match &source.kind {
                SourceKind::Table(oid) => relations.push(*oid),
                SourceKind::Subquery { view, .. } => relations.extend(view),
                _ => {}
            }
        }
        let all =
            level.expressions().into_iter().chain(level.sources.iter().flat_map(
                |s| match &s.kind {
                    SourceKind::Join(columns) => columns.iter().collect(),
                    _ => Vec::new(),
                },
            ));
        for expression in all {
            expression.each(&mut |e| match &e.kind {
                ExprKind::Call(call) if !call.built_in => functions.push(call.function),
                ExprKind::Aggregate(a) | ExprKind::Window(a) if a.function >= FIRST_OF_USERS => {
                    functions.push(a.function);
                }
                _ => {}
            });
        }
    });
}

/// Postgres gives OIDs below this to its own objects (FirstNormalObjectId).
const FIRST_OF_USERS: u32 = 16384;
