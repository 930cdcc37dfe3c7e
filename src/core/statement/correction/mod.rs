//! Corrections of a statement, made in its parsed form and never in its text.
//!
//! sqlparser writes the corrected text, so comments and line breaks of the author's are
//! lost. Whether the text is right is for Postgres to say: the caller previews it.

mod conditions;
mod field;
mod filter;
pub mod format;
mod join;
mod list;
pub mod names;
mod parse;
mod relations;
mod request;
mod scope;
mod substitute;
mod table;
#[cfg(test)]
mod tests;

use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::names::Address;
pub use request::{Correction, CorrectionKind, read};

/// The result of a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The corrected statement, on one line.
    pub sql: String,
    /// What was done, one plain sentence for each correction, in their order.
    pub applied: Vec<String>,
}

/// Finds the table that is a version of a name, by `(name, version)`. The name is the
/// one in the statement, folded to lower case where it is not quoted, and with its
/// schema and a dot before it where the statement has them.
pub type Resolve<'a> = dyn Fn(&str, &str) -> Option<Address> + 'a;

/// Why one correction does not apply, and what to type instead.
#[derive(Debug)]
pub(crate) struct CorrectionRefusal {
    detail: String,
    hint: String,
}

impl CorrectionRefusal {
    fn new(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        CorrectionRefusal { detail: detail.into(), hint: hint.into() }
    }
}

/// The sentence that says what a correction has done, or why it does not apply.
pub(crate) type Outcome = std::result::Result<String, CorrectionRefusal>;

/// Applies the corrections to the one statement in `sql`, each to the result of the
/// ones before it.
///
/// # Errors
/// 22023 for a text that sqlparser cannot read or cannot write back as it was, for
/// several statements, and for the first correction that does not apply. No correction
/// is applied then.
pub fn correct(sql: &str, corrections: &[Correction], resolve: &Resolve) -> Result<Corrected> {
    if corrections.is_empty() {
        return Err(request::nothing_asked());
    }
    let mut statement = parse::faithful_statement(sql).map_err(|detail| {
        SpyneError::new(
            Code::InvalidParameter,
            "the statement cannot be corrected",
            detail,
            "Write the statement as it should be, and preview that: SELECT * FROM spyne_preview('...');",
        )
    })?;
    let mut applied = Vec::with_capacity(corrections.len());
    for (index, correction) in corrections.iter().enumerate() {
        let outcome = apply(&mut statement, &correction.kind, resolve).and_then(|sentence| {
            // A statement that is not read back as itself would mean something else to
            // Postgres.
            match parse::reads_back(&statement) {
                true => Ok(sentence),
                false => Err(CorrectionRefusal::new(
                    "The corrected statement cannot be written as SQL text without a change of meaning.",
                    "Write the statement as it should be, and preview that.",
                )),
            }
        });
        applied.push(outcome.map_err(|refusal| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("correction {} ({}) does not apply", index + 1, correction.kind.name()),
                refusal.detail,
                refusal.hint,
            )
        })?);
    }
    Ok(Corrected { sql: statement.to_string(), applied })
}

fn apply(
    statement: &mut sqlparser::ast::Statement,
    kind: &CorrectionKind,
    resolve: &Resolve,
) -> Outcome {
    match kind {
        CorrectionKind::JoinType { table, to } => join::change(statement, table, *to),
        CorrectionKind::Filter(filter) => filter::change(statement, filter),
        CorrectionKind::Metric { from, to } => field::metric(statement, from, to),
        CorrectionKind::Column(change) => field::column(statement, change),
        CorrectionKind::GroupBy(change) => list::group_by(statement, change),
        CorrectionKind::OrderBy(change) => list::order_by(statement, change),
        CorrectionKind::Limit { to } => list::limit(statement, *to),
        CorrectionKind::TableVersion { table, to } => table::change(statement, table, to, resolve),
    }
}

/// `first`, `second` and so on as one text, for hints: the first eight, each cut at 120 characters.
fn listed(items: &[String]) -> String {
    let short = |item: &String| match item.chars().count() > 120 {
        true => format!("{}...", item.chars().take(117).collect::<String>()),
        false => item.clone(),
    };
    let mut shown: Vec<String> = items.iter().take(8).map(short).collect();
    if items.len() > shown.len() {
        shown.push(format!("and {} more", items.len() - shown.len()));
    }
    shown.join("; ")
}
