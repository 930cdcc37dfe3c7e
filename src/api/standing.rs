//! What people have said of the joins of a statement.

use crate::pg::elevate::elevated;
use crate::store::joins;
use spyne_core::kernel::error::Result;
use spyne_core::statement::preview::description::Description;
use spyne_core::statement::preview::standing;
use spyne_core::statement::preview::subject::JoinFact;

/// Finds out which accepted joins a statement's joins are, and tells of each between
/// governed tables what people have said of it.
pub(super) fn accepted_joins(described: &mut Description) -> Result<Vec<JoinFact>> {
    let names = standing::names(described);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = elevated(|e| joins::between(e, &names))?;
    Ok(standing::judge(described, &known))
}
