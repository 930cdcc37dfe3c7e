//! Finds the outermost query of a statement.

use sqlparser::ast::{CopySource, Query, Select, SetExpr, Statement};

use super::CorrectionRefusal;

const NEEDS: &str = "This correction needs a SELECT; UPDATE and DELETE take FILTER alone.";

/// The query that a statement is, or that it runs.
pub(super) fn query(statement: &mut Statement) -> Result<&mut Query, CorrectionRefusal> {
    let query = match statement {
        Statement::Query(query) => query,
        Statement::Explain { statement, .. } => return self::query(statement),
        Statement::Copy { source: CopySource::Query(query), .. } => query,
        Statement::CreateTable(table) if table.query.is_some() => match &mut table.query {
            Some(query) => query,
            None => return Err(no_query()),
        },
        _ => return Err(no_query()),
    };
    match *query.body {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Err(no_query())
        }
        _ => Ok(query),
    }
}

/// The SELECT that a query is, through parentheses.
pub(super) fn select(body: &mut SetExpr) -> Result<&mut Select, CorrectionRefusal> {
    match body {
        SetExpr::Select(select) => Ok(select),
        SetExpr::Query(query) => select(&mut query.body),
        SetExpr::SetOperation { op, .. } => Err(CorrectionRefusal::new(
            format!(
                "The statement is a {op} of several queries, and which one is meant is not said."
            ),
            "A set operation takes ORDER_BY and LIMIT alone; write the statement as it should be.",
        )),
        SetExpr::Values(_) => {
            Err(CorrectionRefusal::new(format!("The statement is VALUES. {NEEDS}"), HINT))
        }
        _ => Err(no_query()),
    }
}

/// Checks that a statement is a SELECT and no set operation.
pub(super) fn check_select(statement: &mut Statement) -> Result<(), CorrectionRefusal> {
    select(&mut query(statement)?.body).map(|_| ())
}

const HINT: &str = "Write the statement as it should be, and preview that.";

fn no_query() -> CorrectionRefusal {
    CorrectionRefusal::new(format!("The statement is no query. {NEEDS}"), HINT)
}
