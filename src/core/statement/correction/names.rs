//! Resolves logical names in a statement to the tables that they mean.

use super::parse;
use super::relations::{self, NamedTable};
use crate::kernel::names::Address;

/// A statement with its logical names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub sql: String,
    /// Each logical name once, and the table it stands for.
    pub replaced: Vec<Replaced>,
}

/// A logical name, and the table that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    pub name: String,
    pub table: Address,
}

/// Finds the table of a name as the statement has it; None leaves the name as it is.
pub type LookUpName<'a> = dyn Fn(&[String]) -> Option<Address> + 'a;

/// Replaces logical names by tables. `lookup` gets the parts of each table's name,
/// folded as Postgres folds them, and returns the table of a logical name. Names of
/// common table expressions are left alone where they are in scope. Returns None where
/// there is nothing to replace, and where sqlparser cannot read the statement or would
/// not write it as it is: Postgres judges the text then.
pub fn resolve_names(sql: &str, lookup: &LookUpName) -> Option<Resolved> {
    let mut statement = parse::faithful_statement(sql).ok()?;
    let mut replaced: Vec<Replaced> = Vec::new();
    relations::replace(&mut statement, &mut |named: NamedTable| {
        let table = lookup(named.name)?;
        if named.is(&table) {
            return None;
        }
        let pair = Replaced { name: named.name.join("."), table: table.clone() };
        if !replaced.contains(&pair) {
            replaced.push(pair);
        }
        Some(table)
    });
    (!replaced.is_empty() && parse::reads_back(&statement))
        .then(|| Resolved { sql: statement.to_string(), replaced })
}
