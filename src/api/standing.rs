//! What people have said of the joins of a statement.

use std::collections::BTreeSet;

use super::context::elevated;
use crate::store::joins;
use spyne_core::joins::cover::Known;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::state::State;
use spyne_core::statement::preview::description::{Description, TableUse};
use spyne_core::statement::preview::subject::{JoinFact, Standing};

/// Finds out which accepted joins a statement's joins are, and tells of each between
/// governed tables what people have said of it.
pub(super) fn accepted_joins(described: &mut Description) -> Result<Vec<JoinFact>> {
    let tables = described.tables_used.clone();
    let name_of = |oid: RelId| {
        // A join is between what names mean: staging and what has gone is something else.
        let joined = |t: &&TableUse| matches!(t.state, Some(State::Active | State::ReadOnly));
        tables.iter().filter(|t| t.oid == oid).find(joined).map(|t| t.name.as_str())
    };
    let governed: BTreeSet<&str> = tables.iter().filter_map(|t| name_of(t.oid)).collect();
    if described.joins.is_empty() || governed.is_empty() {
        return Ok(Vec::new());
    }
    let known = elevated(|| joins::between(&governed))?;
    let mut facts: Vec<JoinFact> = Vec::new();
    for join in &mut described.joins {
        let is_governed =
            |label: &str| tables.iter().any(|t| t.relation == label && t.state.is_some());
        let covering = known.iter().filter(|k| k.covers(&join.equated, &name_of));
        // An accepted one first, then one that is suspect, then candidates.
        let best = covering.min_by_key(|k| (k.join_id.is_none(), k.suspect, k.candidate_id));
        let standing = match best {
            Some(Known { join_id: Some(id), suspect, candidate_id, .. }) => {
                join.join_id = Some(id.clone());
                join.accepted_by = best.and_then(|k| k.accepted_by.clone());
                join.accepted_at = best.and_then(|k| k.accepted_at.clone());
                if *suspect {
                    Standing::Suspect(id.clone(), *candidate_id)
                } else {
                    Standing::Accepted
                }
            }
            Some(candidate) => Standing::Candidate(candidate.candidate_id, candidate.confidence),
            None => Standing::Unknown,
        };
        let (left, right) = (join.left.clone(), join.right.clone());
        let told =
            facts.iter().any(|f| f.left == left && f.right == right && f.standing == standing);
        // What a subquery computes of governed tables is joined with them all the same.
        let counts =
            (is_governed(&left) || join.derived.0) && (is_governed(&right) || join.derived.1);
        if !told && counts {
            facts.push(JoinFact { left, right, standing });
        }
    }
    Ok(facts)
}
