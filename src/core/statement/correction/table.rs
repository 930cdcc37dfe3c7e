//! The correction TABLE_VERSION: another version of the same table.

use sqlparser::ast::Statement;

use super::relations::{self, NamedTable};
use super::{CorrectionRefusal, Outcome, Resolve, listed, parse, scope};

pub(super) fn change(
    statement: &mut Statement,
    table: &str,
    version: &str,
    resolve: &Resolve,
) -> Outcome {
    scope::check_select(statement)?;
    let wanted = parse::name(table).map_err(|why| {
        CorrectionRefusal::new(
            format!("{table} is not the name of a table. {why}"),
            "Name a table of FROM.",
        )
    })?;
    let mut known = Vec::new();
    let mut by_alias = Vec::new();
    relations::replace(&mut statement.clone(), &mut |named: NamedTable| {
        let name = named.name.join(".");
        known.push(match named.alias {
            Some(alias) => format!("{name} {alias}"),
            None => name.clone(),
        });
        if named.alias.is_some_and(|alias| wanted == [alias]) {
            by_alias.push(name);
        }
        None
    });
    by_alias.dedup();
    if by_alias.len() > 1 {
        return Err(CorrectionRefusal::new(
            format!("{table} is the alias of different tables: {}.", listed(&by_alias)),
            "Name the table itself.",
        ));
    }
    let mut missing = None;
    let mut done = None;
    let mut count = 0;
    relations::replace(statement, &mut |named: NamedTable| {
        // An alias hides the name of the table, so it comes first.
        let is = match by_alias.is_empty() {
            true => named.name.ends_with(&wanted),
            false => named.alias.is_some_and(|alias| wanted == [alias]),
        };
        if !is {
            return None;
        }
        let name = named.name.join(".");
        let new = resolve(&name, version);
        match &new {
            Some(table) if named.is(table) => return None,
            Some(table) => done = Some(table.shown()),
            None => missing = Some(name),
        }
        count += 1;
        new
    });
    if let Some(name) = missing {
        return Err(CorrectionRefusal::new(
            format!("There is no version {version} of {name}."),
            "See which there are: SELECT logical_name, version, state FROM spyne.tables;",
        ));
    }
    match done {
        Some(new) if count == 1 => {
            Ok(format!("{table} is now read in version {version}, from {new}."))
        }
        Some(new) => {
            Ok(format!("{table} is now read in version {version}, from {new}, in {count} places."))
        }
        None if known.iter().any(|name| {
            name.rsplit([' ', '.']).any(|part| wanted.last().is_some_and(|w| w == part))
        }) =>
        {
            Err(CorrectionRefusal::new(
                format!("{table} is read in version {version} already."),
                "Name another version, or leave this correction out.",
            ))
        }
        None => Err(CorrectionRefusal::new(
            format!("The statement reads no table {table}."),
            format!("Its tables are: {}", listed(&known)),
        )),
    }
}
