//! Queries from SQL.

use sqlparser::ast::{self, Expr as Sql, JoinConstraint, JoinOperator};
use sqlparser::ast::{SelectItem, SetExpr, Statement, TableFactor};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::INT;
use super::expressions::function;
use crate::statement::query::relations::Relations;
use crate::statement::query::*;

pub fn query(sql: &str, relations: &Relations) -> Query {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql);
    let maker = Maker { relations, outer: Vec::new() };
    match &statements[0] {
        Statement::Query(query) => maker.query(query),
        Statement::Delete(delete) => {
            let ast::FromTable::WithFromKeyword(from) = &delete.from else { panic!("{sql}") };
            maker.write(Command::Delete, &from[0], delete.using.as_deref(), &delete.selection)
        }
        Statement::Update(update) => {
            let from = match &update.from {
                Some(ast::UpdateTableFromKind::AfterSet(from)) => Some(&from[..]),
                _ => None,
            };
            maker.write(Command::Update, &update.table, from, &update.selection)
        }
        Statement::Insert(insert) => {
            let inner = maker.query(insert.source.as_ref().expect(sql));
            let ast::TableObject::TableName(name) = &insert.table else { panic!("{sql}") };
            let mut query = Query { command: Command::Insert, ..Query::default() };
            query.sources.push(maker.table(&name.to_string(), None));
            query.sources.push(source("*SELECT*", subquery(inner, false)));
            query.from.push(From::Source(2));
            query.result = Some(1);
            query
        }
        _ => panic!("{sql}"),
    }
}

fn source(alias: &str, kind: SourceKind) -> Source {
    let columns = match &kind {
        SourceKind::Subquery { query, .. } => {
            query.outputs().iter().map(|t| t.name.clone()).collect()
        }
        _ => vec![alias.to_string()],
    };
    Source { alias: alias.to_string(), columns, kind }
}

fn subquery(query: Query, lateral: bool) -> SourceKind {
    SourceKind::Subquery { query: Box::new(query), view: None, lateral }
}

#[derive(Clone)]
pub struct Maker<'a> {
    relations: &'a Relations,
    /// The queries around, as far as they are made, nearest last.
    outer: Vec<Query>,
}

impl Maker<'_> {
    pub fn within(&self, query: &Query) -> Self {
        let mut inner = self.clone();
        inner.outer.push(query.clone());
        inner
    }

    fn write(
        &self,
        command: Command,
        target: &ast::TableWithJoins,
        others: Option<&[ast::TableWithJoins]>,
        filter: &Option<Sql>,
    ) -> Query {
        let mut query = Query { command, result: Some(1), ..Query::default() };
        for item in std::iter::once(target).chain(others.unwrap_or_default()) {
            self.from(item, &mut query);
        }
        query.filters = self.conditions(filter.as_ref(), &query);
        query
    }

    pub fn query(&self, ast: &ast::Query) -> Query {
        let mut query = Query::default();
        for cte in ast.with.iter().flat_map(|w| &w.cte_tables) {
            let mut inner = self.within(&query).query(&cte.query);
            for (target, name) in inner.targets.iter_mut().zip(&cte.alias.columns) {
                target.name.clone_from(&name.name.value);
            }
            let name = cte.alias.name.value.clone();
            query.ctes.push(Cte { name, query: inner, recursive: false });
        }
        match &*ast.body {
            SetExpr::Select(select) => self.select(select, &mut query),
            SetExpr::Values(values) => {
                let width = values.rows[0].len();
                let mut rows = source("*VALUES*", SourceKind::Values { rows: values.rows.len() });
                rows.columns = (1..=width).map(|n| format!("column{n}")).collect();
                query.sources.push(rows);
                query.from.push(From::Source(1));
                self.star(1, &mut query);
            }
            SetExpr::SetOperation { left, right, set_quantifier, .. } => {
                for side in [left, right] {
                    let SetExpr::Select(select) = &**side else { panic!("{side}") };
                    let mut member = Query::default();
                    self.within(&query).select(select, &mut member);
                    query.sources.push(source("*SELECT*", subquery(member, false)));
                }
                self.star(1, &mut query);
                let all = *set_quantifier == ast::SetQuantifier::All;
                query.set_operation = Some(SetOperation { name: "UNION", all });
            }
            other => panic!("{other}"),
        }
        if let Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(list), .. }) = &ast.order_by
        {
            query.order_by = list.iter().map(|o| self.reference(&o.expr, &query)).collect();
        }
        if let Some(ast::LimitClause::LimitOffset { limit, offset, .. }) = &ast.limit_clause {
            query.limit = limit.as_ref().map(|l| self.expr(l, &query));
            query.offset = offset.as_ref().map(|o| self.expr(&o.value, &query));
        }
        query
    }

    fn select(&self, select: &ast::Select, query: &mut Query) {
        select.from.iter().for_each(|item| self.from(item, query));
        query.filters = self.conditions(select.selection.as_ref(), query);
        for item in &select.projection {
            let (expr, name) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.clone())),
                _ => {
                    let numbers = query.source_numbers();
                    numbers.into_iter().for_each(|n| self.star(n, query));
                    continue;
                }
            };
            let name = name.unwrap_or_else(|| match expr {
                Sql::Identifier(name) => name.value.clone(),
                Sql::CompoundIdentifier(parts) => parts[1].value.clone(),
                Sql::Function(f) => f.name.to_string().to_lowercase(),
                _ => "?column?".to_string(),
            });
            let expr = self.expr(expr, query);
            query.targets.push(Target { name, expr, hidden: false });
        }
        query.distinct = match &select.distinct {
            Some(ast::Distinct::Distinct) => Distinct::Rows,
            Some(ast::Distinct::On(_)) => Distinct::On,
            _ => Distinct::No,
        };
        if let ast::GroupByExpr::Expressions(list, _) = &select.group_by {
            query.group_by = list.iter().map(|e| self.reference(e, query)).collect();
        }
        query.having = self.conditions(select.having.as_ref(), query);
    }

    fn star(&self, number: usize, query: &mut Query) {
        let source = query.sources[number - 1].clone();
        for (name, column) in source.columns.into_iter().zip(1..) {
            let kind = ExprKind::Column { source: number, column, levels_up: 0 };
            let type_oid = self.column_type(query, number, column);
            let expr = Expr { kind, type_oid, text: name.clone() };
            query.targets.push(Target { name, expr, hidden: false });
        }
    }

    fn from(&self, item: &ast::TableWithJoins, query: &mut Query) {
        let mut whole = self.factor(&item.relation, query);
        for join in &item.joins {
            let right = self.factor(&join.relation, query);
            let (kind, constraint) = match &join.join_operator {
                JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::CrossJoin(c) => {
                    (JoinKind::Inner, c)
                }
                JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (JoinKind::Left, c),
                JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (JoinKind::Right, c),
                JoinOperator::FullOuter(c) => (JoinKind::Full, c),
                other => panic!("{other:?}"),
            };
            let conditions = match constraint {
                JoinConstraint::On(on) => self.conditions(Some(on), query),
                _ => Vec::new(),
            };
            whole = From::Join(Box::new(Join { kind, left: whole, right, conditions, source: 0 }));
        }
        query.from.push(whole);
    }

    fn factor(&self, factor: &TableFactor, query: &mut Query) -> From {
        let made = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = name.to_string();
                let alias = alias.as_ref().map(|a| a.name.value.as_str());
                match self.cte(&name, query) {
                    Some((columns, levels_up)) => {
                        let kind = SourceKind::Cte {
                            name: name.clone(),
                            levels_up,
                            recursive_reference: false,
                        };
                        Source { alias: alias.unwrap_or(&name).to_string(), columns, kind }
                    }
                    None => self.table(&name, alias),
                }
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                let alias = alias.as_ref().map_or(name.to_string(), |a| a.name.value.clone());
                let arguments = self.arguments(&args.args, query);
                let call = function(&name.to_string(), arguments);
                source(&alias, SourceKind::Function { calls: vec![call], lateral: true })
            }
            TableFactor::Derived { lateral, subquery: inner, alias, .. } => {
                let inner = self.within(query).query(inner);
                let alias = alias.as_ref().expect("an alias");
                let mut made = source(&alias.name.value, subquery(inner, *lateral));
                for (column, name) in made.columns.iter_mut().zip(&alias.columns) {
                    column.clone_from(&name.name.value);
                }
                made
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.from(table_with_joins, query);
                return query.from.pop().expect("an item");
            }
            other => panic!("{other}"),
        };
        query.sources.push(made);
        From::Source(query.sources.len())
    }

    fn cte(&self, name: &str, query: &Query) -> Option<(Vec<String>, u32)> {
        std::iter::once(query).chain(self.outer.iter().rev()).zip(0..).find_map(|(q, up)| {
            let cte = q.ctes.iter().find(|c| c.name == name)?;
            Some((cte.query.outputs().iter().map(|t| t.name.clone()).collect(), up))
        })
    }

    fn table(&self, name: &str, alias: Option<&str>) -> Source {
        let relation = self.relations.0.values().find(|r| r.name == name).expect(name);
        Source {
            alias: alias.unwrap_or(name).to_string(),
            columns: relation.columns.iter().map(|c| c.name.clone()).collect(),
            kind: SourceKind::Table(relation.oid),
        }
    }

    fn column_type(&self, query: &Query, source: usize, column: i32) -> u32 {
        match &query.sources[source - 1].kind {
            SourceKind::Table(oid) => {
                self.relations.get(*oid).unwrap().column(column).unwrap().type_oid
            }
            SourceKind::Subquery { query, .. } => {
                query.outputs()[column as usize - 1].expr.type_oid
            }
            _ => INT,
        }
    }

    pub fn column(
        &self,
        qualifier: Option<&str>,
        name: &str,
        query: &Query,
    ) -> Option<(ExprKind, u32)> {
        let levels = std::iter::once(query).chain(self.outer.iter().rev());
        for (level, levels_up) in levels.zip(0..) {
            for (source, number) in level.sources.iter().zip(1..) {
                if qualifier.is_some_and(|q| q != source.alias) {
                    continue;
                }
                if let Some(at) = source.columns.iter().position(|c| c == name) {
                    let column = at as i32 + 1;
                    let kind = ExprKind::Column { source: number, column, levels_up };
                    return Some((kind, self.column_type(level, number, column)));
                }
            }
        }
        None
    }

    /// An item of GROUP BY or ORDER BY: an output's name, or an expression.
    pub fn reference(&self, sql: &Sql, query: &Query) -> Expr {
        let name = sql.to_string();
        match query.targets.iter().find(|t| t.name == name) {
            Some(target) => target.expr.clone(),
            None => self.expr(sql, query),
        }
    }
}
