//! What a query uses: tables, joins, filters, aggregations, read off its
//! analyzed tree.

mod joins;

use serde::{Deserialize, Serialize};

use crate::joins::cover::Equated;
use crate::kernel::ids::RelId;
use crate::kernel::state::State;
use crate::statement::query::columns::{BaseColumn, Scope, without_casts};
use crate::statement::query::relations::Relations;
use crate::statement::query::{
    Aggregate, Call, Expr, ExprKind, Form, From, JoinKind, Query, SourceKind, SublinkKind,
};

/// How a statement uses a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    Read,
    Write,
}

/// A table that a statement uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableUse {
    /// The logical name where it is governed, else the table's own.
    pub name: String,
    /// `schema.name`.
    pub relation: String,
    pub oid: RelId,
    pub state: Option<State>,
    pub version: Option<String>,
    pub access: Use,
    pub estimated_rows: Option<f64>,
    /// The views it is reached through, outermost first.
    pub via: Vec<String>,
}

/// Two sources that a query connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinUse {
    pub left: String,
    pub left_columns: Vec<String>,
    pub right: String,
    pub right_columns: Vec<String>,
    /// INNER, LEFT, RIGHT, FULL; SEMI and ANTI for EXISTS and IN; CORRELATED
    /// for a subquery in an expression that refers to the query around it.
    #[serde(rename = "type")]
    pub join_type: String,
    pub condition: String,
    /// The accepted join that covers it, and who accepted it when.
    pub join_id: Option<String>,
    pub accepted_by: Option<String>,
    pub accepted_at: Option<String>,
    /// The columns of tables that are set equal, as an accepted join is found by.
    #[serde(skip)]
    pub equated: Vec<Equated>,
    /// Which side is a subquery's.
    #[serde(skip)]
    pub derived: (bool, bool),
}

/// A condition on one table, or on what was grouped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterUse {
    pub table: Option<String>,
    pub column: Option<String>,
    pub operator: Option<String>,
    pub value: Option<String>,
    pub expression: String,
}

/// An aggregate that a query computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateUse {
    pub function: String,
    pub table: Option<String>,
    pub column: Option<String>,
    pub expression: String,
    pub alias: Option<String>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    pub tables_used: Vec<TableUse>,
    pub joins: Vec<JoinUse>,
    pub filters: Vec<FilterUse>,
    pub aggregations: Vec<AggregateUse>,
}

/// Describes a statement: one query, or those that rules have made of it.
pub fn describe(queries: &[Query], relations: &Relations) -> Description {
    let mut found = Description::default();
    for query in queries {
        tables(query, relations, &mut Vec::new(), &mut found.tables_used);
        let mut exists = Vec::new();
        query.each_level(&mut |level, _| {
            for expression in level.expressions() {
                existence(expression, false, &mut exists);
            }
        });
        query.each_level(&mut |level, outer| {
            let scope = Scope::new(level, outer);
            let correlated = exists
                .iter()
                .find(|(inner, _)| std::ptr::eq(*inner, level))
                .map_or("CORRELATED", |(_, kind)| kind);
            let reader = Reader { scope, relations, correlated };
            reader.joins(&mut found.joins);
            reader.filters(&mut found.filters);
            reader.aggregations(&mut found.aggregations);
        });
    }
    dedup(&mut found.joins);
    dedup(&mut found.filters);
    dedup(&mut found.aggregations);
    found
}

/// The subqueries of EXISTS, and how each connects to the query around it.
fn existence<'q>(expr: &'q Expr, negated: bool, into: &mut Vec<(&'q Query, &'static str)>) {
    match &expr.kind {
        ExprKind::Not(inner) => existence(inner, !negated, into),
        ExprKind::Sublink(link) if link.kind == SublinkKind::Exists => {
            into.push((&link.query, if negated { "ANTI" } else { "SEMI" }));
        }
        _ => expr.operands().into_iter().for_each(|e| existence(e, false, into)),
    }
}

/// Tables that are used and are in no query: what COPY FROM fills, what TRUNCATE
/// empties.
pub fn written(oids: &[RelId], relations: &Relations) -> Description {
    let mut found = Description::default();
    for oid in oids {
        add_table(*oid, Use::Write, &[], relations, &mut found.tables_used);
    }
    found
}

fn dedup<T: PartialEq + Clone>(all: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::new();
    for item in all.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    *all = kept;
}

fn tables(query: &Query, relations: &Relations, via: &mut Vec<RelId>, into: &mut Vec<TableUse>) {
    for number in query.source_numbers() {
        let written = query.command.writes() && query.result == Some(number);
        match query.source(number).map(|s| &s.kind) {
            Some(SourceKind::Table(oid)) => {
                let access = if written { Use::Write } else { Use::Read };
                add_table(*oid, access, via, relations, into);
            }
            Some(SourceKind::Subquery { query: inner, view, .. }) => {
                via.extend(view);
                tables(inner, relations, via, into);
                via.truncate(via.len() - usize::from(view.is_some()));
            }
            _ => {}
        }
    }
    for cte in &query.ctes {
        tables(&cte.query, relations, via, into);
    }
    for expression in query.expressions() {
        expression.each(&mut |e| {
            if let ExprKind::Sublink(link) = &e.kind {
                tables(&link.query, relations, via, into);
            }
        });
    }
}

fn add_table(
    oid: RelId,
    access: Use,
    via: &[RelId],
    relations: &Relations,
    into: &mut Vec<TableUse>,
) {
    let via: Vec<String> = via.iter().map(|v| relations.label(*v)).collect();
    if let Some(known) = into.iter_mut().find(|t| t.oid == oid && t.via == via) {
        known.access = known.access.max(access);
        return;
    }
    let known = relations.get(oid);
    into.push(TableUse {
        name: known
            .map_or_else(String::new, |r| r.logical_name.clone().unwrap_or_else(|| r.name.clone())),
        relation: relations.label(oid),
        oid,
        state: known.and_then(|r| r.state),
        version: known.and_then(|r| r.version.clone()),
        access,
        estimated_rows: known.and_then(|r| r.estimated_rows),
        via,
    });
}

struct Reader<'a> {
    scope: Scope<'a>,
    relations: &'a Relations,
    /// What a comparison with the query around this one makes: SEMI or ANTI
    /// within EXISTS, CORRELATED elsewhere.
    correlated: &'static str,
}

/// The two sources of a join (levels up, number), and what is told of it.
type Found = ((u32, usize), (u32, usize), JoinUse);

/// A column on one side of a condition: the source it belongs to, counted in
/// the query `levels_up` from here, and its name.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    levels_up: u32,
    source: usize,
    column: String,
}

impl Reader<'_> {
    /// `schema.name` of the table behind a source, or the source's alias.
    fn source_label(&self, levels_up: u32, source: usize, column: Option<BaseColumn>) -> String {
        if let Some(base) = column {
            return self.relations.label(base.relation);
        }
        let found = self.scope.up(levels_up).and_then(|s| s.query.source(source));
        match found.map(|s| (&s.kind, &s.alias)) {
            Some((SourceKind::Table(oid), _)) => self.relations.label(*oid),
            Some((_, alias)) => alias.clone(),
            None => String::new(),
        }
    }

    /// Source and column behind an expression that is a plain column.
    fn side(&self, expr: &Expr) -> Option<(Side, String)> {
        let ExprKind::Column { levels_up, .. } = without_casts(expr).kind else {
            return None;
        };
        let scope = self.scope.up(levels_up)?;
        let (source, number) = match levels_up {
            0 => scope.local_source(expr)?,
            _ => {
                let mut local = without_casts(expr).clone();
                if let ExprKind::Column { levels_up, .. } = &mut local.kind {
                    *levels_up = 0;
                }
                scope.local_source(&local)?
            }
        };
        let base = self.scope.base_column(expr);
        let column = match base {
            Some(base) => self.relations.column_name(base.relation, base.column),
            None => {
                let place = usize::try_from(number).ok()?.checked_sub(1)?;
                scope.query.source(source)?.columns.get(place)?.clone()
            }
        };
        let label = self.source_label(levels_up, source, base);
        Some((Side { levels_up, source, column }, label))
    }

    /// The sources, of this level and those around it, that a condition names.
    fn sources_of(&self, condition: &Expr) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        condition.each(&mut |e| {
            if let Some((side, _)) = self.side(e)
                && !found.contains(&(side.levels_up, side.source))
            {
                found.push((side.levels_up, side.source));
            }
        });
        found
    }

    /// Every condition of this level, with the kind of join it belongs to.
    fn conditions(&self) -> Vec<(JoinKind, &Expr)> {
        fn collect<'q>(item: &'q From, into: &mut Vec<(JoinKind, &'q Expr)>) {
            match item {
                From::Source(_) => {}
                From::Join(join) => {
                    collect(&join.left, into);
                    collect(&join.right, into);
                    into.extend(join.conditions.iter().map(|c| (join.kind, c)));
                }
                From::Nested(items, conditions) => {
                    items.iter().for_each(|i| collect(i, into));
                    into.extend(conditions.iter().map(|c| (JoinKind::Inner, c)));
                }
            }
        }
        let mut all = Vec::new();
        self.scope.query.from.iter().for_each(|item| collect(item, &mut all));
        all.extend(self.scope.query.filters.iter().map(|c| (JoinKind::Inner, c)));
        all
    }

    /// Where a source stands in FROM: what comes first is the left side.
    fn place(&self, source: (u32, usize)) -> (i64, usize) {
        let numbers = self.scope.query.source_numbers();
        let at = numbers.iter().position(|n| *n == source.1).unwrap_or(usize::MAX);
        (-i64::from(source.0), at)
    }

    fn filters(&self, into: &mut Vec<FilterUse>) {
        for (_, condition) in self.conditions() {
            if self.sources_of(condition).len() < 2 {
                into.push(self.filter(condition));
            }
        }
        // On what was grouped: no table's own rows.
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
            table: columns.first().map(|(_, label)| label.clone()),
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

    fn aggregations(&self, into: &mut Vec<AggregateUse>) {
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
                // The same one again in HAVING or ORDER BY is no news.
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
        let table = columns.first().map(|(_, label)| label.clone());
        let one_table = columns.iter().all(|(_, label)| Some(label) == table.as_ref());
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

/// LIKE and its kin by their names, not by those of their operators.
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

/// The operator with its sides exchanged.
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
