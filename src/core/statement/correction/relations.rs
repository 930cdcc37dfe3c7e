//! Finds the tables that a statement names, and replaces them.

use std::ops::ControlFlow;

use sqlparser::ast::{CopySource, Expr, Ident, Insert, ObjectName, ObjectNamePart, Query, Select};
use sqlparser::ast::{SelectItem, SelectItemQualifiedWildcardKind, Statement, TableAlias};
use sqlparser::ast::{TableAliasWithoutColumns, TableFactor, TableObject, VisitMut, VisitorMut};

use super::parse::{folded, folded_name, ident};
use crate::kernel::names::Address;

/// A table as a statement names it, folded.
pub(super) struct NamedTable<'a> {
    pub name: &'a [String],
    pub alias: Option<&'a str>,
}

impl NamedTable<'_> {
    /// Whether all parts of the name fit the table at `address`.
    pub fn is(&self, address: &Address) -> bool {
        self.name == [address.schema.as_str(), address.name.as_str()]
    }
}

/// Chooses the table that replaces another; None leaves it.
pub(super) type Choose<'a> = dyn FnMut(NamedTable) -> Option<Address> + 'a;

/// Asks `choose` about each table that is not a common table expression in scope. A
/// table that is replaced keeps its old name as its alias where it has none, so that
/// references to its columns still work.
pub(super) fn replace(statement: &mut Statement, choose: &mut Choose) {
    let mut tables = Tables { scopes: Vec::new(), schemas_dropped: Vec::new(), choose };
    let _ = VisitMut::visit(statement, &mut tables);
    let dropped = tables.schemas_dropped;
    if !dropped.is_empty() {
        let _ = VisitMut::visit(statement, &mut Unqualify { dropped });
    }
}

/// The names that a WITH makes visible.
struct Scope {
    names: Vec<String>,
    recursive: bool,
    /// How many of its queries have been read. Without RECURSIVE, a name is visible
    /// only after its query.
    read: usize,
}

struct Tables<'a, 'b> {
    scopes: Vec<Scope>,
    /// Qualified names that an alias has replaced.
    schemas_dropped: Vec<Vec<String>>,
    choose: &'a mut Choose<'b>,
}

impl Tables<'_, '_> {
    fn is_common_table(&self, name: &[String]) -> bool {
        let [name] = name else { return false };
        self.scopes.iter().any(|scope| {
            let visible = match scope.recursive {
                true => scope.names.as_slice(),
                false => &scope.names[..scope.read],
            };
            visible.contains(name)
        })
    }

    /// The new name of a table, and the alias that it needs.
    fn chosen(&mut self, name: &ObjectName, alias: Option<&Ident>) -> Option<(ObjectName, Ident)> {
        let parts = folded_name(name)?;
        let last = name.0.last()?.as_ident()?.clone();
        let alias_name = alias.map(folded);
        let table = (self.choose)(NamedTable { name: &parts, alias: alias_name.as_deref() })?;
        if alias.is_none() && parts.len() > 1 {
            self.schemas_dropped.push(parts);
        }
        Some((ObjectName::from(vec![ident(&table.schema), ident(&table.name)]), last))
    }
}

impl VisitorMut for Tables<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let (names, recursive) = match &query.with {
            Some(with) => (
                with.cte_tables.iter().map(|cte| folded(&cte.alias.name)).collect(),
                with.recursive,
            ),
            None => (Vec::new(), false),
        };
        self.scopes.push(Scope { names, recursive, read: 0 });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.scopes.pop();
        // The first queries directly inside a query with WITH are those of its WITH.
        if let Some(scope) = self.scopes.last_mut() {
            scope.read = (scope.read + 1).min(scope.names.len());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let parts = folded_name(name).unwrap_or_default();
        // sqlparser reads ONLY as the table, and the table as its alias.
        let only = name.0.first().and_then(ObjectNamePart::as_ident).is_some_and(|first| {
            first.quote_style.is_none() && first.value.eq_ignore_ascii_case("only")
        });
        if only || self.is_common_table(&parts) {
            return ControlFlow::Continue(());
        }
        let known = alias.as_ref().map(|alias| alias.name.clone());
        if let Some((new, old)) = self.chosen(name, known.as_ref()) {
            *name = new;
            if alias.is_none() {
                let columns = Vec::new();
                *alias = Some(TableAlias { explicit: true, name: old, columns, at: None });
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        match statement {
            // The target of an INSERT is never a common table expression.
            Statement::Insert(Insert {
                table: TableObject::TableName(name), table_alias, ..
            }) => {
                let known = table_alias.as_ref().map(|alias| alias.alias.clone());
                if let Some((new, old)) = self.chosen(name, known.as_ref()) {
                    *name = new;
                    if table_alias.is_none() {
                        *table_alias =
                            Some(TableAliasWithoutColumns { explicit: true, alias: old });
                    }
                }
            }
            Statement::Copy { source: CopySource::Table { table_name, .. }, .. } => {
                if let Some((new, _)) = self.chosen(table_name, None) {
                    *table_name = new;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Removes the schema from columns of tables that have an alias now: `s.t.c` becomes
/// `t.c`.
struct Unqualify {
    dropped: Vec<Vec<String>>,
}

impl Unqualify {
    /// How many parts to drop before a table's name and `after` more parts.
    fn surplus(&self, parts: &[String], after: usize) -> usize {
        let table = &parts[..parts.len().saturating_sub(after)];
        match self.dropped.iter().any(|dropped| dropped == table) {
            true => table.len() - 1,
            false => 0,
        }
    }
}

impl VisitorMut for Unqualify {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(idents) = expr {
            let parts: Vec<String> = idents.iter().map(folded).collect();
            idents.drain(..self.surplus(&parts, 1));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            let SelectItem::QualifiedWildcard(kind, _) = item else { continue };
            let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else { continue };
            let surplus = folded_name(name).map_or(0, |parts| self.surplus(&parts, 0));
            name.0.drain(..surplus);
        }
        ControlFlow::Continue(())
    }
}
