//! Conditions as lists joined by AND, and the places of a statement that have them.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Delete, Expr, FromTable, Join, JoinConstraint, JoinOperator};
use sqlparser::ast::{Query, Select, SetExpr, Statement, TableFactor, TableWithJoins, Update};
use sqlparser::ast::{UpdateTableFromKind, VisitMut, VisitorMut};

use super::CorrectionRefusal;
use super::parse::peeled;

/// The parts of a condition that AND joins, nested ANDs included.
pub(super) fn split(condition: &Expr) -> Vec<Expr> {
    let mut parts = Vec::new();
    collect(condition, &mut parts);
    parts
}

fn collect(condition: &Expr, parts: &mut Vec<Expr>) {
    match peeled(condition) {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            collect(left, parts);
            collect(right, parts);
        }
        _ => parts.push(condition.clone()),
    }
}

/// `base` and all of `parts`, joined by AND.
pub(super) fn join(base: Option<Expr>, parts: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    base.into_iter().chain(parts).map(guarded).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

/// A condition that can be joined by AND: OR binds more loosely, so it gets
/// parentheses.
fn guarded(part: Expr) -> Expr {
    match part {
        Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. } => {
            Expr::Nested(Box::new(part))
        }
        _ => part,
    }
}

/// One condition of a statement.
pub(super) struct Place<'a> {
    /// WHERE, HAVING or ON.
    pub clause: &'static str,
    pub in_subquery: bool,
    pub condition: &'a mut Option<Expr>,
}

impl Place<'_> {
    /// The place in words, for a sentence.
    pub fn in_words(&self) -> String {
        match self.in_subquery {
            true => format!("{} of a subquery", self.clause),
            false => self.clause.to_string(),
        }
    }
}

type Each<'a> = dyn FnMut(Place) -> Result<(), CorrectionRefusal> + 'a;

/// Calls `each` for every WHERE, HAVING and ON, subqueries included. An ON must stay.
pub(super) fn each_place(
    statement: &mut Statement,
    each: &mut Each,
) -> Result<(), CorrectionRefusal> {
    match VisitMut::visit(statement, &mut Places { depth: 0, each }) {
        ControlFlow::Break(refusal) => Err(*refusal),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Places<'a, 'b> {
    depth: usize,
    each: &'a mut Each<'b>,
}

impl Places<'_, '_> {
    fn visit(
        &mut self,
        clause: &'static str,
        condition: &mut Option<Expr>,
    ) -> Result<(), CorrectionRefusal> {
        match condition {
            Some(_) => (self.each)(Place { clause, in_subquery: self.depth > 1, condition }),
            None => Ok(()),
        }
    }

    fn joins(&mut self, tables: &mut [TableWithJoins]) -> Result<(), CorrectionRefusal> {
        for table in tables {
            for_each_join(table, &mut |join| {
                let Some(JoinConstraint::On(on)) = constraint(&mut join.join_operator) else {
                    return Ok(());
                };
                let mut condition = Some(on.clone());
                self.visit("ON", &mut condition)?;
                *on = condition.ok_or_else(|| {
                    CorrectionRefusal::new(
                        format!("{on} is the whole condition of a join, which would then join every row to every other."),
                        "Replace the condition, or write the statement as it should be.",
                    )
                })?;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn select(&mut self, select: &mut Select) -> Result<(), CorrectionRefusal> {
        self.joins(&mut select.from)?;
        self.visit("WHERE", &mut select.selection)?;
        self.visit("HAVING", &mut select.having)
    }

    fn write(&mut self, statement: &mut Statement) -> Result<(), CorrectionRefusal> {
        match statement {
            Statement::Update(Update { from, selection, .. }) => {
                match from {
                    Some(
                        UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from),
                    ) => {
                        self.joins(from)?;
                    }
                    None => {}
                }
                self.visit("WHERE", selection)
            }
            Statement::Delete(Delete { from, using, selection, .. }) => {
                let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = from;
                self.joins(tables)?;
                self.joins(using.as_deref_mut().unwrap_or_default())?;
                self.visit("WHERE", selection)
            }
            _ => Ok(()),
        }
    }
}

fn flow(result: Result<(), CorrectionRefusal>) -> ControlFlow<Box<CorrectionRefusal>> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(refusal) => ControlFlow::Break(Box::new(refusal)),
    }
}

impl VisitorMut for Places<'_, '_> {
    type Break = Box<CorrectionRefusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        // Parentheses around a whole query make no subquery.
        self.depth += usize::from(!matches!(*query.body, SetExpr::Query(_)));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        self.depth -= usize::from(!matches!(*query.body, SetExpr::Query(_)));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        flow(self.select(select))
    }

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<Self::Break> {
        flow(self.write(statement))
    }
}

/// Calls `each` for every join of an element of FROM, those in parentheses included.
pub(super) fn for_each_join(
    table: &mut TableWithJoins,
    each: &mut dyn FnMut(&mut Join) -> Result<(), CorrectionRefusal>,
) -> Result<(), CorrectionRefusal> {
    if let TableFactor::NestedJoin { table_with_joins, .. } = &mut table.relation {
        for_each_join(table_with_joins, each)?;
    }
    for join in &mut table.joins {
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut join.relation {
            for_each_join(table_with_joins, each)?;
        }
        each(join)?;
    }
    Ok(())
}

/// The constraint of a join, for the kinds of join that Postgres has.
pub(super) fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on)
        | JoinOperator::CrossJoin(on) => Some(on),
        _ => None,
    }
}
