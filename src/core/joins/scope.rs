//! The tables of a discovery: its first value.

use super::names::{Names, TableNames};
use super::table::{Class, Column, Pair, Table};

/// The tables that joins are looked for in, and what their names say beside each other.
/// From here on, tables and columns are numbers into this value.
pub struct DiscoveryScope {
    pub tables: Vec<Table>,
    pub names: Names,
}

impl DiscoveryScope {
    pub fn new(tables: Vec<Table>) -> DiscoveryScope {
        let named: Vec<TableNames> = tables
            .iter()
            .map(|t| TableNames {
                table: &t.name,
                columns: t.columns.iter().map(|c| c.name.as_str()).collect(),
            })
            .collect();
        let names = Names::new(&named);
        DiscoveryScope { tables, names }
    }

    pub fn column(&self, table: usize, column: usize) -> &Column {
        &self.tables[table].columns[column]
    }

    /// Every column of every table.
    pub fn columns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let of = |(at, table): (usize, &Table)| (0..table.columns.len()).map(move |c| (at, c));
        self.tables.iter().enumerate().flat_map(of)
    }

    /// Whether a column is named as measures and descriptions are.
    pub fn is_measure(&self, table: usize, column: usize) -> bool {
        let is_text = self.column(table, column).class == Some(Class::Text);
        self.names.column(table, column).is_measure(is_text)
    }

    /// The declared foreign keys between these tables.
    pub fn declared(&self) -> Vec<Pair> {
        let mut found = Vec::new();
        for (child, table) in self.tables.iter().enumerate() {
            for reference in &table.references {
                let Some(parent) = self.tables.iter().position(|t| t.oid == reference.parent)
                else {
                    continue;
                };
                let to = &self.tables[parent];
                let key: Option<Vec<usize>> =
                    reference.parent_columns.iter().map(|c| to.column(c)).collect();
                if let Some(key) = key {
                    found.push(Pair { child, columns: reference.columns.clone(), parent, key });
                }
            }
        }
        found
    }
}
