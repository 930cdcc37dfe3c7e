//! Lays a statement out for people.
//!
//! sqlparser's own layout (`{:#}`) keeps all conditions on one line, puts ORDER BY
//! behind HAVING, and indents inside literals that contain a line break. So the clauses
//! are laid out here; the text inside them is sqlparser's.

use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SetExpr, Statement, TableFactor, With};
use sqlparser::ast::{JoinConstraint, TableWithJoins};

use super::conditions::constraint;
use super::parse;

/// The statement on many lines: each clause, column, table, join and condition on one
/// of its own. Returns None where sqlparser cannot read the statement, or where the
/// layout would not be read as the same statement.
pub fn format(sql: &str) -> Option<String> {
    let statement = parse::faithful_statement(sql).ok()?;
    let text = match &statement {
        Statement::Query(query) => {
            let mut lines = Lines::default();
            lines.query(query, 0);
            lines.text
        }
        other => format!("{other:#}"),
    };
    // A clause that is not laid out here would be missing from the text, and a literal
    // that was indented would have changed.
    let same = |text: &String| parse::statement(text).is_ok_and(|read| read == statement);
    Some(text).filter(same).or_else(|| Some(statement.to_string()).filter(same))
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, depth: usize, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
    }

    /// Adds to the last line.
    fn more(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn list(&mut self, depth: usize, clause: &str, items: &[impl std::fmt::Display]) {
        self.line(depth, clause);
        for (index, item) in items.iter().enumerate() {
            let comma = if index + 1 < items.len() { "," } else { "" };
            self.line(depth + 1, &format!("{item}{comma}"));
        }
    }

    fn query(&mut self, query: &Query, depth: usize) {
        if let Some(with) = &query.with {
            self.with(with, depth);
        }
        self.body(&query.body, depth);
        // The clauses after the body.
        if let Some(order_by) = &query.order_by {
            match &order_by.kind {
                sqlparser::ast::OrderByKind::Expressions(list) => {
                    self.list(depth, "ORDER BY", list);
                }
                sqlparser::ast::OrderByKind::All(_) => self.line(depth, &order_by.to_string()),
            }
        }
        if let Some(limit) = &query.limit_clause {
            self.line(depth, limit.to_string().trim_start());
        }
        if let Some(fetch) = &query.fetch {
            self.line(depth, &fetch.to_string());
        }
        for lock in &query.locks {
            self.line(depth, &lock.to_string());
        }
    }

    fn with(&mut self, with: &With, depth: usize) {
        self.line(depth, if with.recursive { "WITH RECURSIVE" } else { "WITH" });
        for (index, cte) in with.cte_tables.iter().enumerate() {
            let kind = cte.materialized.as_ref().map_or(String::new(), |m| format!(" {m}"));
            self.line(depth + 1, &format!("{} AS{kind} (", cte.alias));
            self.query(&cte.query, depth + 2);
            let comma = if index + 1 < with.cte_tables.len() { "," } else { "" };
            self.line(depth + 1, &format!("){comma}"));
        }
    }

    fn body(&mut self, body: &SetExpr, depth: usize) {
        match body {
            SetExpr::Select(select) => self.select(select, depth),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.body(left, depth);
                self.line(depth, format!("{op} {set_quantifier}").trim_end());
                self.body(right, depth);
            }
            SetExpr::Query(query) => {
                self.line(depth, "(");
                self.query(query, depth + 1);
                self.line(depth, ")");
            }
            other => self.line(depth, &other.to_string()),
        }
    }

    fn select(&mut self, select: &Select, depth: usize) {
        let mut head = "SELECT".to_string();
        if let Some(distinct) = &select.distinct {
            head.push_str(&format!(" {distinct}"));
        }
        self.list(depth, &head, &select.projection);
        if let Some(into) = &select.into {
            self.line(depth, &into.to_string());
        }
        if !select.from.is_empty() {
            self.line(depth, "FROM");
            for (index, table) in select.from.iter().enumerate() {
                self.table(table, depth + 1);
                if index + 1 < select.from.len() {
                    self.more(",");
                }
            }
        }
        self.conditions(depth, "WHERE", &select.selection);
        match &select.group_by {
            GroupByExpr::Expressions(list, _) if list.is_empty() => {}
            GroupByExpr::Expressions(list, _) => self.list(depth, "GROUP BY", list),
            all => self.line(depth, &all.to_string()),
        }
        self.conditions(depth, "HAVING", &select.having);
        if !select.named_window.is_empty() {
            self.list(depth, "WINDOW", &select.named_window);
        }
    }

    fn table(&mut self, table: &TableWithJoins, depth: usize) {
        self.factor("", &table.relation, depth);
        for join in &table.joins {
            // The operator as sqlparser writes it, for a join of a table without a
            // name.
            let mut operator = join.join_operator.clone();
            let on = constraint(&mut operator)
                .map_or(JoinConstraint::None, |on| std::mem::replace(on, JoinConstraint::None));
            let natural = if on == JoinConstraint::Natural { "NATURAL " } else { "" };
            let mut bare = join.clone();
            bare.join_operator = operator;
            let text = bare.to_string();
            let before = text.strip_suffix(&join.relation.to_string()).unwrap_or("JOIN ");
            self.factor(&format!("{natural}{}", before.trim_start()), &join.relation, depth);
            match on {
                JoinConstraint::On(on) => self.more(&format!(" ON {on}")),
                JoinConstraint::Using(columns) => {
                    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
                    self.more(&format!(" USING ({})", columns.join(", ")));
                }
                JoinConstraint::Natural | JoinConstraint::None => {}
            }
        }
    }

    fn factor(&mut self, before: &str, factor: &TableFactor, depth: usize) {
        match factor {
            TableFactor::Derived { lateral, subquery, alias, sample: None } => {
                let lateral = if *lateral { "LATERAL " } else { "" };
                self.line(depth, &format!("{before}{lateral}("));
                self.query(subquery, depth + 1);
                let alias = alias.as_ref().map_or(String::new(), |alias| format!(" {alias}"));
                self.line(depth, &format!("){alias}"));
            }
            other => self.line(depth, &format!("{before}{other}")),
        }
    }

    fn conditions(&mut self, depth: usize, clause: &str, condition: &Option<Expr>) {
        let Some(condition) = condition else { return };
        self.line(depth, clause);
        for (index, part) in chain(condition).into_iter().enumerate() {
            let and = if index > 0 { "AND " } else { "" };
            match &part {
                Expr::InSubquery { expr, subquery, negated } => {
                    let not = if *negated { "NOT " } else { "" };
                    self.line(depth + 1, &format!("{and}{expr} {not}IN ("));
                    self.subquery(subquery, depth);
                }
                Expr::Exists { subquery, negated } => {
                    let not = if *negated { "NOT " } else { "" };
                    self.line(depth + 1, &format!("{and}{not}EXISTS ("));
                    self.subquery(subquery, depth);
                }
                other => self.line(depth + 1, &format!("{and}{other}")),
            }
        }
    }

    fn subquery(&mut self, query: &Query, depth: usize) {
        self.query(query, depth + 2);
        self.line(depth + 1, ")");
    }
}

/// The conditions of one chain of ANDs. Those in parentheses stay together, as their
/// author has written them.
fn chain(condition: &Expr) -> Vec<Expr> {
    use sqlparser::ast::BinaryOperator;
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut parts = chain(left);
            parts.push((**right).clone());
            parts
        }
        other => vec![other.clone()],
    }
}
