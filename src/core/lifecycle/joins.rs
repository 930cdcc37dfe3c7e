//! The plans of the commands about joins.

use serde_json::Value;

use super::plan::Plan;
use super::plan::op::Op;
use super::plan::record::Record;
use crate::joins::acceptance::{self, AcceptanceFacts, AcceptanceRequest};
use crate::joins::accepted::AcceptedJoin;
use crate::joins::candidate::{Candidate, NewCandidate};
use crate::joins::record::{JoinRecord, NewJoin};
use crate::joins::status::{CandidateStatus, JoinStatus};
use crate::joins::validation::Validated;
use crate::kernel::error::Result;
use crate::kernel::role::Role;

fn step(plan: &mut Plan, object: String, detail: String, record: JoinRecord) {
    plan.step(object, detail, Op::Record(Record::Join(record)));
}

fn candidate_named(id: i64) -> String {
    format!("join candidate {id}")
}

fn join_named(id: &str) -> String {
    format!("join {id}")
}

/// Stores what a discovery has found; see [`JoinRecord::Store`].
pub fn keep(candidates: &[NewCandidate], looked_at: Option<&[String]>) -> Plan {
    let mut plan = Plan::because(None);
    let detail = format!("{} found", candidates.len());
    let looked_at = looked_at.map(<[String]>::to_vec);
    let record = JoinRecord::Store { candidates: candidates.to_vec(), looked_at };
    step(&mut plan, "join candidates".into(), detail, record);
    plan
}

/// Stores a proposal by a user with `role`. `known` is the stored candidate over the
/// same columns.
///
/// # Errors
/// 55000 where the candidate was rejected, and the user may not reject candidates.
pub fn propose(new: &NewCandidate, known: Option<&Candidate>, role: Role) -> Result<Plan> {
    let mut plan = Plan::because(None);
    if let Some(known) = known
        && known.status == CandidateStatus::Rejected
    {
        // A user who may reject a candidate may also take a rejection back.
        if role < Role::Admin {
            return Err(known.rejected());
        }
        let candidate_id = known.candidate_id;
        let record = JoinRecord::Reopen { candidate_id };
        step(&mut plan, candidate_named(candidate_id), "rejected to open".into(), record);
    }
    let record = JoinRecord::Store { candidates: vec![new.clone()], looked_at: None };
    step(&mut plan, "join candidates".into(), format!("{} proposed", new.condition), record);
    Ok(plan)
}

/// Rejects a candidate. `in_force` is the join over the same columns.
///
/// # Errors
/// 55000 where a join rests on it.
pub fn reject(
    candidate: &Candidate,
    in_force: Option<&AcceptedJoin>,
    reason: &str,
) -> Result<Plan> {
    acceptance::check_rejectable(candidate, in_force)?;
    let mut plan = Plan::because(Some(reason));
    let candidate_id = candidate.candidate_id;
    let detail = format!("{} to {}", candidate.status.as_str(), CandidateStatus::Rejected.as_str());
    let record = JoinRecord::Reject { candidate_id, reason: reason.to_string() };
    step(&mut plan, candidate_named(candidate_id), detail, record);
    Ok(plan)
}

/// Stores what a validation by a user with `role` has found, as far as that role counts
/// for others. `stats` is what goes on record; `in_force` is the join over the same
/// columns.
pub fn keep_validation(
    candidate: &Candidate,
    in_force: Option<&AcceptedJoin>,
    validated: &Validated,
    stats: &Value,
    role: Role,
) -> Plan {
    let mut plan = Plan::because(None);
    if !validated.is_kept(role) {
        return plan;
    }
    let candidate_id = candidate.candidate_id;
    let (risk, join_type) = (validated.risk, validated.counts.join_type());
    let record = JoinRecord::KeepValidation { candidate_id, stats: stats.clone(), risk, join_type };
    step(&mut plan, candidate_named(candidate_id), "validated".into(), record);
    if let Some(join) = in_force.filter(|join| validated.renews(join, role)) {
        let cardinality = validated.counts.cardinality();
        let detail = format!("{} to {}", join.status.as_str(), JoinStatus::Accepted.as_str());
        let (join_id, stats) = (join.join_id.clone(), stats.clone());
        let record = JoinRecord::Renew { join_id, stats, cardinality };
        step(&mut plan, join_named(&join.join_id), detail, record);
    }
    plan
}

/// Accepts a candidate that was validated. `stats` is what goes on record of the
/// validation.
///
/// # Errors
/// Those of [`acceptance::accept`].
pub fn accept(
    asked: &AcceptanceRequest,
    facts: &AcceptanceFacts,
    validated: &Validated,
    stats: &Value,
) -> Result<Plan> {
    let made = acceptance::accept(asked, facts, validated)?;
    let mut plan = Plan::because(Some(&asked.rationale));
    let candidate_id = facts.candidate.candidate_id;
    let (risk, join_type) = (validated.risk, made.join_type);
    let record = JoinRecord::KeepValidation { candidate_id, stats: stats.clone(), risk, join_type };
    step(&mut plan, candidate_named(candidate_id), "validated".into(), record);
    if let Some(old) = &made.supersedes {
        let record = JoinRecord::Deprecate {
            join_id: old.join_id.clone(),
            reason: format!("superseded by {}", made.join_id),
            superseded_by: Some(made.join_id.clone()),
        };
        let detail = format!("{} to {}", old.status.as_str(), JoinStatus::Deprecated.as_str());
        step(&mut plan, join_named(&old.join_id), detail, record);
    }
    let record = JoinRecord::Accept(NewJoin {
        candidate_id,
        join_id: made.join_id.clone(),
        role: made.role,
        version: made.version,
        join_type,
        cardinality: validated.counts.cardinality(),
        rationale: asked.rationale.clone(),
        owner: asked.owner,
        stats: stats.clone(),
        overridden: validated.blockers.clone(),
    });
    step(&mut plan, join_named(&made.join_id), JoinStatus::Accepted.as_str().into(), record);
    Ok(plan)
}

/// Takes a join out of force.
///
/// # Errors
/// 55000 where the join is out of force already.
pub fn deprecate(join: &AcceptedJoin, reason: &str) -> Result<Plan> {
    join.check_deprecable()?;
    let mut plan = Plan::because(Some(reason));
    let detail = format!("{} to {}", join.status.as_str(), JoinStatus::Deprecated.as_str());
    let record = JoinRecord::Deprecate {
        join_id: join.join_id.clone(),
        reason: reason.to_string(),
        superseded_by: None,
    };
    step(&mut plan, join_named(&join.join_id), detail, record);
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::kinds::{CandidateSource, JoinType, Risk};
    use crate::joins::testing::{accepted_join, candidate};
    use crate::joins::validation::Counts;
    use crate::kernel::ids::{RelId, RoleId};

    /// The steps of a plan, as its rows show them.
    fn shown(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(|step| format!("{}: {}", step.object, step.detail)).collect()
    }

    fn validated(orphans: i64, hides_rows: bool) -> Validated {
        let matched1 = 100 - orphans;
        let counts = Counts {
            rows1: 100,
            distinct1: 9,
            rows2: 10,
            distinct2: 10,
            matched1,
            ..Counts::default()
        };
        Validated::new(counts, 0.05, hides_rows)
    }

    #[test]
    fn a_join_takes_the_place_of_the_one_in_force() {
        let asked = AcceptanceRequest {
            rationale: "each order has one customer".into(),
            join_type: Some(JoinType::Left),
            owner: RoleId::new(10),
            role: String::new(),
            overriding: false,
        };
        let old = accepted_join("orders_customer_v1", 1, JoinStatus::Accepted);
        let facts = AcceptanceFacts {
            candidate: candidate(),
            in_force: None,
            versions: vec![old],
            taken: vec!["orders_customer_v1".into()],
        };
        let plan = accept(&asked, &facts, &validated(0, false), &Value::Null).unwrap();
        let expected = [
            "join candidate 7: validated",
            "join orders_customer_v1: accepted to deprecated",
            "join orders_customer_v2: accepted",
        ];
        assert_eq!(shown(&plan), expected);
        let Op::Record(Record::Join(JoinRecord::Accept(made))) = &plan.steps[2].op else {
            panic!("{plan:?}");
        };
        assert_eq!((made.version, made.join_type), (2, JoinType::Left));
    }

    #[test]
    fn a_validation_is_kept_by_those_who_count_for_others() {
        let join = accepted_join("j_v1", 1, JoinStatus::Suspect);
        let kept = |role, validated: &Validated| {
            shown(&keep_validation(&candidate(), Some(&join), validated, &Value::Null, role))
        };
        let renewed = ["join candidate 7: validated", "join j_v1: suspect to accepted"];
        assert_eq!(kept(Role::Admin, &validated(0, false)), renewed);
        assert_eq!(kept(Role::Admin, &validated(50, false)), renewed[..1]);
        assert_eq!(kept(Role::Engineer, &validated(0, false)), renewed[..1]);
        assert!(kept(Role::Viewer, &validated(0, false)).is_empty());
        assert!(kept(Role::Admin, &validated(0, true)).is_empty());
    }

    #[test]
    fn what_was_rejected_is_proposed_again_by_who_may_reject() {
        let new = NewCandidate {
            name1: "orders".into(),
            table1: RelId::new(1),
            columns1: vec!["customer_id".into()],
            name2: "customer".into(),
            table2: RelId::new(2),
            columns2: vec!["id".into()],
            join_type: JoinType::Inner,
            condition: "orders.customer_id = customer.id".into(),
            confidence: 0.9,
            confidence_level: "HIGH".into(),
            reason: String::new(),
            assumptions: Vec::new(),
            risk_level: Risk::Low,
            evidence: Value::Null,
            finding: String::new(),
            source: CandidateSource::Proposed,
        };
        let rejected = Candidate { status: CandidateStatus::Rejected, ..candidate() };
        assert!(propose(&new, Some(&rejected), Role::Engineer).is_err());
        let again = propose(&new, Some(&rejected), Role::Admin).unwrap();
        assert_eq!(shown(&again)[0], "join candidate 7: rejected to open");
        assert_eq!(propose(&new, Some(&candidate()), Role::Viewer).unwrap().steps.len(), 1);
        assert_eq!(propose(&new, None, Role::Viewer).unwrap().steps.len(), 1);
    }

    #[test]
    fn what_a_join_rests_on_is_deprecated_before_it_is_rejected() {
        let join = accepted_join("j_v1", 1, JoinStatus::Accepted);
        let accepted = Candidate { status: CandidateStatus::Accepted, ..candidate() };
        assert!(reject(&accepted, Some(&join), "why").is_err());
        let plan = reject(&candidate(), None, "why").unwrap();
        assert_eq!(shown(&plan), ["join candidate 7: open to rejected"]);
        let plan = deprecate(&join, "why").unwrap();
        assert_eq!(shown(&plan), ["join j_v1: accepted to deprecated"]);
        assert!(deprecate(&accepted_join("j_v1", 1, JoinStatus::Deprecated), "why").is_err());
    }
}
