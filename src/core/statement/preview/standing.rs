//! Finds what people have said of the joins of a statement: which of them are accepted,
//! suspect, suggested, or unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::description::{Description, JoinUse, TableUse};
use super::subject::{JoinFact, Standing};
use crate::joins::cover::{KnownJoin, best};
use crate::kernel::ids::RelId;
use crate::kernel::state::State;

/// The logical name of a table that joins are known for. Joins are between the tables
/// that names mean, so shadows and deprecated versions have none.
fn joined_name(tables: &[TableUse], relation: RelId) -> Option<&str> {
    let means = |t: &&TableUse| matches!(t.state, Some(State::Active | State::ReadOnly));
    tables.iter().filter(|t| t.oid == relation).find(means).map(|t| t.name.as_str())
}

/// The names between which joins of the statement may be known; none where it joins
/// nothing that is governed.
pub fn names(described: &Description) -> BTreeSet<&str> {
    if described.joins.is_empty() {
        return BTreeSet::new();
    }
    let tables = &described.tables_used;
    tables.iter().filter_map(|t| joined_name(tables, t.oid)).collect()
}

/// The accepted joins that a statement uses, each once.
pub fn joins_used(described: &Description) -> Vec<String> {
    let ids = described.joins.iter().filter_map(|j| j.join_id.clone());
    ids.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The accepted joins that a statement uses, each with its status.
pub fn statuses(described: &Description, known: &[KnownJoin]) -> BTreeMap<String, String> {
    let status = |id: &String| {
        let join = known.iter().find(|k| k.join_id.as_ref() == Some(id))?;
        Some(if join.suspect { "suspect" } else { "accepted" }.to_string())
    };
    let used = joins_used(described).into_iter();
    used.filter_map(|id| status(&id).map(|status| (id, status))).collect()
}

/// Finds the `known` joins that the joins of a statement are, and notes the accepted
/// ones in the description. Returns what people have said of each join between governed
/// tables.
pub fn judge(described: &mut Description, known: &[KnownJoin]) -> Vec<JoinFact> {
    let Description { tables_used: tables, joins, .. } = described;
    let name_of = |relation: RelId| joined_name(tables, relation);
    let mut facts: Vec<JoinFact> = Vec::new();
    for join in joins {
        let standing = standing(join, best(known, &join.equated, &name_of));
        let fact = JoinFact { left: join.left.clone(), right: join.right.clone(), standing };
        if is_between_governed(join, tables) && !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts
}

/// What people have said of a join. An accepted one is noted in the description.
fn standing(join: &mut JoinUse, known: Option<&KnownJoin>) -> Standing {
    let Some(known) = known else {
        return Standing::Unknown;
    };
    let Some(id) = &known.join_id else {
        return Standing::Candidate(known.candidate_id, known.confidence);
    };
    join.join_id = Some(id.clone());
    join.accepted_by = known.accepted_by.clone();
    join.accepted_at = known.accepted_at.clone();
    match known.suspect {
        true => Standing::Suspect(id.clone(), known.candidate_id),
        false => Standing::Accepted,
    }
}

/// Whether a join is between governed tables. A subquery over governed tables counts as
/// governed.
fn is_between_governed(join: &JoinUse, tables: &[TableUse]) -> bool {
    let is_governed = |shown: &str| tables.iter().any(|t| t.relation == shown && t.state.is_some());
    (is_governed(&join.left) || join.derived.0) && (is_governed(&join.right) || join.derived.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::cover::Equated;
    use crate::statement::preview::description::Use;

    fn table(oid: u32, name: &str, state: Option<State>) -> TableUse {
        TableUse {
            name: name.into(),
            relation: format!("public.{name}"),
            oid: RelId::new(oid),
            state,
            version: None,
            access: Use::Read,
            estimated_rows: None,
            via: Vec::new(),
        }
    }

    fn join(left: (u32, &str), right: (u32, &str)) -> JoinUse {
        let name = |oid| if oid == 1 { "orders" } else { "customer" };
        JoinUse {
            left: format!("public.{}", name(left.0)),
            left_columns: vec![left.1.into()],
            right: format!("public.{}", name(right.0)),
            right_columns: vec![right.1.into()],
            join_type: "INNER".into(),
            condition: String::new(),
            join_id: None,
            accepted_by: None,
            accepted_at: None,
            equated: vec![Equated {
                left: (RelId::new(left.0), left.1.into()),
                right: (RelId::new(right.0), right.1.into()),
                appearances: (u64::from(left.0), u64::from(right.0)),
            }],
            derived: (false, false),
        }
    }

    fn known(join_id: Option<&str>, suspect: bool) -> KnownJoin {
        KnownJoin {
            join_id: join_id.map(str::to_string),
            candidate_id: 7,
            name1: "orders".into(),
            columns1: vec!["customer_id".into()],
            name2: "customer".into(),
            columns2: vec!["id".into()],
            suspect,
            accepted_by: join_id.map(|_| "ann".into()),
            accepted_at: None,
            confidence: 0.9,
        }
    }

    /// A statement that joins orders with customers, in the given states.
    fn statement(orders: Option<State>, customer: Option<State>) -> Description {
        Description {
            tables_used: vec![table(1, "orders", orders), table(2, "customer", customer)],
            joins: vec![join((1, "customer_id"), (2, "id"))],
            ..Description::default()
        }
    }

    const READ: Option<State> = Some(State::ReadOnly);

    fn said(described: &mut Description, known: &[KnownJoin]) -> Vec<Standing> {
        judge(described, known).into_iter().map(|fact| fact.standing).collect()
    }

    #[test]
    fn an_accepted_join_comes_before_a_suspect_one_and_both_before_a_candidate() {
        let mut described = statement(READ, READ);
        assert_eq!(names(&described), BTreeSet::from(["customer", "orders"]));
        let candidate = known(None, false);
        let suspect = known(Some("old_v1"), true);
        let accepted = known(Some("new_v2"), false);
        let all = [candidate.clone(), suspect.clone(), accepted];
        assert_eq!(said(&mut described, &all), [Standing::Accepted]);
        assert_eq!(joins_used(&described), ["new_v2"]);
        assert_eq!(described.joins[0].accepted_by.as_deref(), Some("ann"));
        let status = |status: &str| BTreeMap::from([("new_v2".to_string(), status.to_string())]);
        assert_eq!(statuses(&described, &all), status("accepted"));
        assert_eq!(statuses(&described, &[known(Some("new_v2"), true)]), status("suspect"));
        let standing = said(&mut described, &all[..2]);
        assert_eq!(standing, [Standing::Suspect("old_v1".into(), 7)]);
        let mut described = statement(READ, READ);
        assert_eq!(said(&mut described, &all[..1]), [Standing::Candidate(7, 0.9)]);
        assert_eq!(joins_used(&described), Vec::<String>::new());
        assert_eq!(said(&mut described, &[]), [Standing::Unknown]);
    }

    #[test]
    fn the_same_join_is_told_once() {
        let mut described = statement(READ, READ);
        described.joins.push(described.joins[0].clone());
        assert_eq!(said(&mut described, &[known(None, false)]).len(), 1);
    }

    #[test]
    fn staging_and_what_is_not_governed_has_no_accepted_joins() {
        let accepted = [known(Some("new_v2"), false)];
        let mut staging = statement(Some(State::Shadow), READ);
        assert_eq!(names(&staging), BTreeSet::from(["customer"]));
        assert_eq!(said(&mut staging, &accepted), [Standing::Unknown]);
        let mut foreign = statement(None, READ);
        assert_eq!(said(&mut foreign, &accepted), []);
        // A column that is computed from governed tables counts as governed.
        foreign.joins[0].derived.0 = true;
        assert_eq!(said(&mut foreign, &accepted), [Standing::Unknown]);
        foreign.joins.clear();
        assert!(names(&foreign).is_empty());
    }
}
