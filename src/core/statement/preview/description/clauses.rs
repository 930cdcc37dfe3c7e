//! The conditions that are on one table, and the aggregations.

use super::reader::{Reader, Side};
use super::uses::{AggregateUse, FilterUse};
use crate::statement::query::columns::without_casts;
use crate::statement::query::{Aggregate, Call, Expr, ExprKind, Form};

impl Reader<'_> {
    /// Adds the conditions of the level that join nothing.
    pub fn filters(&self, into: &mut Vec<FilterUse>) {
        for (_, condition) in self.conditions() {
            if self.sources_of(condition).len() < 2 {
                into.push(self.filter(condition));
            }
        }
        // A condition on groups is on no table's own rows.
        into.extend(self.scope.query.having.iter().map(|condition| FilterUse {
            table: None,
            column: None,
            operator: None,
            value: None,
            expression: condition.text.clone(),
        }));
    }

    fn filter(&self, condition: &Expr) -> FilterUse {
        let columns = self.columns_of(condition);
        let mut filter = FilterUse {
            table: columns.first().map(|(_, shown)| shown.clone()),
            column: None,
            operator: None,
            value: None,
            expression: condition.text.clone(),
        };
        let simple = match &condition.kind {
            ExprKind::NullTest { operand, is_null } => self.side(operand).map(|(side, _)| {
                (side, if *is_null { "IS NULL" } else { "IS NOT NULL" }.to_string(), None)
            }),
            ExprKind::Call(call) => self.comparison(call),
            _ => None,
        };
        if let Some((side, operator, value)) = simple {
            filter.column = Some(side.column);
            filter.operator = Some(operator);
            filter.value = value;
        } else if let [(side, _)] = &columns[..] {
            filter.column = Some(side.column.clone());
        }
        filter
    }

    /// `column operator value`, either way round.
    fn comparison(&self, call: &Call) -> Option<(Side, String, Option<String>)> {
        if !matches!(call.form, Form::Operator | Form::AnyOf | Form::AllOf) {
            return None;
        }
        let [left, right] = &call.arguments[..] else {
            return None;
        };
        let operator = match call.form {
            Form::AnyOf if call.name == "=" => "IN".to_string(),
            Form::AllOf if call.name == "<>" => "NOT IN".to_string(),
            Form::AnyOf => format!("{} ANY", call.name),
            Form::AllOf => format!("{} ALL", call.name),
            _ => readable(&call.name),
        };
        match (self.side(left), value(right), self.side(right), value(left)) {
            (Some((side, _)), Some(value), _, _) => Some((side, operator, Some(value))),
            (_, _, Some((side, _)), Some(value)) => Some((side, turned(&operator), Some(value))),
            _ => None,
        }
    }

    /// Adds the aggregates that the level computes.
    pub fn aggregations(&self, into: &mut Vec<AggregateUse>) {
        let query = self.scope.query;
        for target in &query.targets {
            let alias = (!target.hidden).then(|| target.name.clone());
            self.aggregates_in(&target.expr, alias.as_deref(), into);
        }
        for expression in query.having.iter().chain(query.returning.iter().map(|t| &t.expr)) {
            self.aggregates_in(expression, None, into);
        }
    }

    fn aggregates_in(&self, expr: &Expr, alias: Option<&str>, into: &mut Vec<AggregateUse>) {
        expr.each(&mut |e| {
            if let ExprKind::Aggregate(aggregate) | ExprKind::Window(aggregate) = &e.kind {
                let found = self.aggregate(aggregate, &e.text, alias);
                // The same aggregate in HAVING or ORDER BY is listed once.
                let known = into.iter().any(|a| {
                    a.function == found.function
                        && a.expression == found.expression
                        && a.table == found.table
                        && found.alias.is_none()
                });
                if !known {
                    into.push(found);
                }
            }
        });
    }

    fn aggregate(&self, aggregate: &Aggregate, text: &str, alias: Option<&str>) -> AggregateUse {
        let mut columns: Vec<(Side, String)> = Vec::new();
        for argument in &aggregate.arguments {
            columns.extend(self.columns_of(argument));
        }
        let table = columns.first().map(|(_, shown)| shown.clone());
        let one_table = columns.iter().all(|(_, shown)| Some(shown) == table.as_ref());
        let plain = aggregate.arguments.first().and_then(|a| self.side(a));
        AggregateUse {
            function: aggregate.name.clone(),
            table: table.filter(|_| one_table),
            column: plain.map(|(side, _)| side.column),
            expression: text.to_string(),
            alias: alias.map(str::to_string),
        }
    }
}

/// A constant or parameter, as people write it.
fn value(expr: &Expr) -> Option<String> {
    match &without_casts(expr).kind {
        ExprKind::Constant(Some(text)) => Some(text.clone()),
        ExprKind::Constant(None) => Some("NULL".to_string()),
        ExprKind::Parameter(number) => Some(format!("${number}")),
        ExprKind::Other { name, operands } if name == "ARRAY" => {
            let parts: Option<Vec<String>> = operands.iter().map(value).collect();
            parts.map(|p| format!("{{{}}}", p.join(",")))
        }
        _ => None,
    }
}

/// The names of LIKE and the like, in place of those of their operators.
fn readable(operator: &str) -> String {
    match operator {
        "~~" => "LIKE",
        "!~~" => "NOT LIKE",
        "~~*" => "ILIKE",
        "!~~*" => "NOT ILIKE",
        other => other,
    }
    .to_string()
}

/// The operator for exchanged sides.
fn turned(operator: &str) -> String {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
    .to_string()
}
