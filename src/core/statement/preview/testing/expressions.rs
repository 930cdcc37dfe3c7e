//! Expressions from SQL.

use sqlparser::ast::{self, Expr as Sql, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::sql::Maker;
use super::{BOOL, INT, TEXT, type_of};
use crate::statement::query::*;

impl Maker<'_> {
    pub fn conditions(&self, sql: Option<&Sql>, query: &Query) -> Vec<Expr> {
        match sql.map(|s| self.expr(s, query)) {
            None => Vec::new(),
            Some(Expr { kind: ExprKind::And(parts), .. }) => parts,
            Some(other) => vec![other],
        }
    }

    pub fn arguments(&self, list: &[FunctionArg], query: &Query) -> Vec<Expr> {
        list.iter()
            .filter_map(|a| match a {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(self.expr(e, query)),
                _ => None,
            })
            .collect()
    }

    fn sublink(
        &self,
        kind: SublinkKind,
        test: Option<Expr>,
        sql: &ast::Query,
        q: &Query,
    ) -> ExprKind {
        let query = self.within(q).query(sql);
        ExprKind::Sublink(Box::new(Sublink { kind, test, query }))
    }

    pub fn expr(&self, sql: &Sql, query: &Query) -> Expr {
        let of = |e: &Sql| self.expr(e, query);
        let not = |negated: bool, kind: ExprKind| match negated {
            true => ExprKind::Not(Box::new(Expr { kind, type_oid: BOOL, text: String::new() })),
            false => kind,
        };
        let other = |name: &str, operands| ExprKind::Other { name: name.to_string(), operands };
        let (kind, type_oid) = match sql {
            Sql::Nested(inner) => return of(inner),
            Sql::Identifier(name) => self.column(None, &name.value, query).expect(&name.value),
            Sql::CompoundIdentifier(parts) => self
                .column(Some(&parts[0].value), &parts[1].value, query)
                .unwrap_or_else(|| panic!("{sql}")),
            Sql::Value(value) => match &value.value {
                ast::Value::Number(n, _) => {
                    let type_oid = if n.contains('.') { 1700 } else { INT };
                    (ExprKind::Constant(Some(n.clone())), type_oid)
                }
                ast::Value::Null => (ExprKind::Constant(None), INT),
                ast::Value::Boolean(b) => (ExprKind::Constant(Some(b.to_string())), BOOL),
                text => {
                    let text = text.to_string().trim_matches('\'').to_string();
                    (ExprKind::Constant(Some(text)), TEXT)
                }
            },
            Sql::TypedString(typed) => {
                let text = typed.value.value.to_string().trim_matches('\'').to_string();
                (ExprKind::Constant(Some(text)), type_of(&typed.data_type.to_string()))
            }
            Sql::Interval(_) => (ExprKind::Constant(Some(sql.to_string())), 1186),
            Sql::BinaryOp { left, op, right } => {
                let (left, right) = (of(left), of(right));
                match op {
                    ast::BinaryOperator::And | ast::BinaryOperator::Or => {
                        let and = *op == ast::BinaryOperator::And;
                        let mut parts = Vec::new();
                        for side in [left, right] {
                            match (side.kind, and) {
                                (ExprKind::And(inner), true) => parts.extend(inner),
                                (ExprKind::Or(inner), false) => parts.extend(inner),
                                (kind, _) => parts.push(Expr { kind, ..side }),
                            }
                        }
                        let kind = if and { ExprKind::And(parts) } else { ExprKind::Or(parts) };
                        (kind, BOOL)
                    }
                    _ => {
                        let name = op.to_string();
                        let computes = "+-*/%".contains(&name);
                        let type_oid = if computes { left.type_oid } else { BOOL };
                        (operator(&name, Form::Operator, vec![left, right]), type_oid)
                    }
                }
            }
            Sql::UnaryOp { expr, .. } => (not(true, of(expr).kind), BOOL),
            Sql::IsNull(e) => {
                (ExprKind::NullTest { operand: Box::new(of(e)), is_null: true }, BOOL)
            }
            Sql::IsNotNull(e) => {
                (ExprKind::NullTest { operand: Box::new(of(e)), is_null: false }, BOOL)
            }
            Sql::Between { expr, low, high, .. } => {
                let side = |name, value: &Sql| Expr {
                    kind: operator(name, Form::Operator, vec![of(expr), of(value)]),
                    type_oid: BOOL,
                    text: sql.to_string(),
                };
                (ExprKind::And(vec![side(">=", low), side("<=", high)]), BOOL)
            }
            Sql::Like { negated, expr, pattern, .. } => {
                let name = if *negated { "!~~" } else { "~~" };
                (operator(name, Form::Operator, vec![of(expr), of(pattern)]), BOOL)
            }
            Sql::InList { expr, list, negated } => {
                let array = other("ARRAY", list.iter().map(of).collect());
                let array = Expr { kind: array, type_oid: 1007, text: String::new() };
                let (name, form) = if *negated { ("<>", Form::AllOf) } else { ("=", Form::AnyOf) };
                (operator(name, form, vec![of(expr), array]), BOOL)
            }
            Sql::InSubquery { expr, subquery, negated } => {
                let parameter = Expr { kind: other("SUBQUERY COLUMN", vec![]), ..Expr::default() };
                let test = operator("=", Form::Operator, vec![of(expr), parameter]);
                let test = Expr { kind: test, type_oid: BOOL, text: String::new() };
                (not(*negated, self.sublink(SublinkKind::Any, Some(test), subquery, query)), BOOL)
            }
            Sql::Exists { subquery, negated } => {
                (not(*negated, self.sublink(SublinkKind::Exists, None, subquery, query)), BOOL)
            }
            Sql::Subquery(inner) => (self.sublink(SublinkKind::Scalar, None, inner, query), INT),
            Sql::Cast { expr, data_type, .. } => {
                let inner = of(expr);
                let type_oid = type_of(&data_type.to_string());
                match &inner.kind {
                    ExprKind::Constant(_) => (inner.kind, type_oid),
                    _ => (operator("cast", Form::ExplicitCast, vec![inner]), type_oid),
                }
            }
            Sql::Extract { field, expr, .. } => {
                let field = ExprKind::Constant(Some(field.to_string().to_lowercase()));
                let field = Expr { kind: field, type_oid: TEXT, text: String::new() };
                (function("extract", vec![field, of(expr)]).kind, 1700)
            }
            Sql::Substring { expr, .. } => (function("substring", vec![of(expr)]).kind, TEXT),
            Sql::Case { conditions, else_result, .. } => {
                let mut parts = Vec::new();
                for branch in conditions {
                    let when = other("WHEN", vec![of(&branch.condition)]);
                    parts.push(Expr { kind: when, type_oid: BOOL, text: String::new() });
                    parts.push(of(&branch.result));
                }
                parts.extend(else_result.as_deref().map(of));
                let type_oid = parts[1].type_oid;
                (other("CASE", parts), type_oid)
            }
            Sql::Function(call) => {
                let name = call.name.to_string().to_lowercase();
                let (arguments, star, distinct) = match &call.args {
                    FunctionArguments::List(list) => (
                        self.arguments(&list.args, query),
                        list.to_string() == "*",
                        list.duplicate_treatment.is_some(),
                    ),
                    _ => (Vec::new(), false, false),
                };
                let called = Aggregate {
                    function: 1,
                    name: name.clone(),
                    arguments: arguments.clone(),
                    star,
                    distinct,
                    filter: None,
                    levels_up: 0,
                };
                let aggregate = ["sum", "count", "avg", "min", "max"].contains(&name.as_str());
                match name.as_str() {
                    _ if call.over.is_some() => (ExprKind::Window(called), 20),
                    _ if aggregate => (ExprKind::Aggregate(called), 20),
                    "current_date" => (other("CURRENT_DATE", vec![]), 1082),
                    "coalesce" => {
                        let type_oid = arguments[0].type_oid;
                        (other("COALESCE", arguments), type_oid)
                    }
                    _ => {
                        let made = function(&name, arguments);
                        (made.kind, made.type_oid)
                    }
                }
            }
            other => panic!("{other}"),
        };
        // The halves of a BETWEEN have the text of the whole.
        let mut made = Expr { kind, type_oid, text: sql.to_string() };
        if let ExprKind::And(parts) = &mut made.kind {
            for part in parts.iter_mut().filter(|p| p.text.is_empty()) {
                part.text = sql.to_string();
            }
        }
        made
    }
}

fn operator(name: &str, form: Form, arguments: Vec<Expr>) -> ExprKind {
    ExprKind::Call(Call {
        function: 1,
        name: name.to_string(),
        form,
        arguments,
        volatility: Volatility::Immutable,
        built_in: true,
    })
}

pub fn function(name: &str, arguments: Vec<Expr>) -> Expr {
    const VOLATILE: &[&str] = &["random", "nextval", "clock_timestamp", "log_it"];
    let type_oid = match name {
        "now" => 1184,
        "date_trunc" => arguments[1].type_oid,
        _ => arguments.first().map_or(INT, |a| a.type_oid),
    };
    let volatility = match VOLATILE.contains(&name) {
        true => Volatility::Volatile,
        false => Volatility::Stable,
    };
    let kind = ExprKind::Call(Call {
        function: 1,
        name: name.to_string(),
        form: Form::Function,
        arguments,
        volatility,
        built_in: name != "log_it",
    });
    Expr { kind, type_oid, text: String::new() }
}
