//! The commands that change join candidates and accepted joins.

use serde_json::Value;
use spyne_core::joins::acceptance::{self, Acceptance, AcceptanceFacts, AcceptanceRequest, LIST};
use spyne_core::joins::accepted::AcceptedJoin;
use spyne_core::joins::candidate::{Candidate, NewCandidate};
use spyne_core::joins::validation::Validated;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::lifecycle::joins as plans;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::words::likeness::near;

use super::caller::{Caller, require_writable};
use super::joinable::measure;
use super::{Command, Mode, run};
use crate::pg::elevate::{Elevated, elevated};
use crate::store::joins;

fn candidates_table() -> RelationName {
    Address::new("spyne", "join_candidates").into()
}

fn joins_table() -> RelationName {
    Address::new("spyne", "accepted_joins").into()
}

/// A candidate by its number.
///
/// # Errors
/// 22023 where no candidate has this number.
pub fn candidate(elevated: &Elevated, id: i64) -> Result<Candidate> {
    joins::candidate(elevated, id)?.ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            format!("there is no join candidate {id}"),
            "Candidates are numbered as spyne.join_candidates has them.",
            LIST,
        )
    })
}

/// An accepted join by its id.
///
/// # Errors
/// 22023 where no join has this id; the DETAIL names ids that are like it.
pub fn join(elevated: &Elevated, id: &str) -> Result<AcceptedJoin> {
    if let Some(join) = joins::accepted(elevated, id)? {
        return Ok(join);
    }
    let known = joins::join_ids(elevated)?;
    let alike = near(id, known.iter().map(String::as_str));
    Err(SpyneError::new(
        Code::InvalidParameter,
        format!("there is no join {id}"),
        match alike.is_empty() {
            true => "No accepted join has this id or a similar one.".to_string(),
            false => format!("There is {}.", alike.join(", ")),
        },
        "List them: SELECT join_id, condition, status FROM spyne.accepted_joins;",
    ))
}

/// Stores the candidates that a discovery has found.
pub struct KeepCandidates {
    pub candidates: Vec<NewCandidate>,
    /// The names of all tables that were looked at, where stored candidates between
    /// them that were not found again are out of date.
    pub looked_at: Option<Vec<String>>,
}

impl Command for KeepCandidates {
    type Facts = ();

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Query, "look for joins")
    }

    fn facts(&self, _elevated: &Elevated, _caller: &Caller) -> Result<()> {
        Ok(())
    }

    fn plan(&self, (): &()) -> Result<Plan> {
        Ok(plans::keep(&self.candidates, self.looked_at.as_deref()))
    }

    fn verb(&self) -> &'static str {
        "discover_joins"
    }

    fn subject(&self, (): &()) -> RelationName {
        candidates_table()
    }
}

/// Stores a join that somebody proposes as a candidate.
pub struct ProposeJoin {
    pub candidate: NewCandidate,
}

/// What a proposal is planned from.
pub struct Proposal {
    /// The candidate over the same columns.
    known: Option<Candidate>,
    role: Role,
}

impl Command for ProposeJoin {
    type Facts = Proposal;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Query, "propose a join")
    }

    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Proposal> {
        let known = joins::candidate_over(elevated, &self.candidate)?;
        Ok(Proposal { known, role: caller.role })
    }

    fn plan(&self, facts: &Proposal) -> Result<Plan> {
        plans::propose(&self.candidate, facts.known.as_ref(), facts.role)
    }

    fn verb(&self) -> &'static str {
        "propose_join"
    }

    fn subject(&self, _facts: &Proposal) -> RelationName {
        candidates_table()
    }
}

/// A candidate, and the join in force over the same columns.
pub struct CandidateStanding {
    pub candidate: Candidate,
    pub in_force: Option<AcceptedJoin>,
}

impl CandidateStanding {
    fn read(elevated: &Elevated, id: i64) -> Result<CandidateStanding> {
        let candidate = candidate(elevated, id)?;
        let in_force = joins::in_force_over(elevated, &candidate)?;
        Ok(CandidateStanding { candidate, in_force })
    }
}

/// Stores what a validation has found.
pub struct KeepValidation {
    pub candidate_id: i64,
    pub validated: Validated,
    pub stats: Value,
}

impl Command for KeepValidation {
    type Facts = (CandidateStanding, Role);

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Query, "validate a join")
    }

    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Self::Facts> {
        Ok((CandidateStanding::read(elevated, self.candidate_id)?, caller.role))
    }

    fn plan(&self, (known, role): &Self::Facts) -> Result<Plan> {
        let in_force = known.in_force.as_ref();
        let (validated, stats) = (&self.validated, &self.stats);
        Ok(plans::keep_validation(&known.candidate, in_force, validated, stats, *role))
    }

    fn verb(&self) -> &'static str {
        "validate_join"
    }

    fn subject(&self, _facts: &Self::Facts) -> RelationName {
        candidates_table()
    }
}

/// Accepts a candidate that was validated.
pub struct AcceptJoin {
    pub candidate_id: i64,
    pub asked: AcceptanceRequest,
    pub validated: Validated,
    pub stats: Value,
}

impl Command for AcceptJoin {
    type Facts = AcceptanceFacts;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Promote, "accept a join")
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        joins::lock_acceptance(elevated)?;
        joins::lock_candidate(elevated, self.candidate_id)?;
        Ok(Vec::new())
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<AcceptanceFacts> {
        let CandidateStanding { candidate, in_force } =
            CandidateStanding::read(elevated, self.candidate_id)?;
        let role = acceptance::role(&self.asked, in_force.as_ref());
        let versions = joins::versions(elevated, &candidate.name1, &candidate.name2, &role)?;
        Ok(AcceptanceFacts { candidate, in_force, versions, taken: joins::join_ids(elevated)? })
    }

    fn plan(&self, facts: &AcceptanceFacts) -> Result<Plan> {
        plans::accept(&self.asked, facts, &self.validated, &self.stats)
    }

    fn verb(&self) -> &'static str {
        "accept_join"
    }

    fn subject(&self, _facts: &AcceptanceFacts) -> RelationName {
        joins_table()
    }
}

/// A candidate that was accepted, or would be.
pub struct Accepted {
    pub candidate: Candidate,
    pub acceptance: Acceptance,
    pub validated: Validated,
}

/// Validates a candidate and accepts it.
///
/// # Errors
/// 22023 for an unknown candidate; 55000 where the candidate is not open, where its
/// tables or columns are gone, and where a blocker is not overridden; 25006, 42501.
pub fn accept(candidate_id: i64, asked: AcceptanceRequest, mode: Mode) -> Result<Accepted> {
    require_writable(mode == Mode::Show)?;
    let caller = Caller::now();
    caller.require(Permission::Promote, "accept a join")?;
    let known = elevated(|e| CandidateStanding::read(e, candidate_id))?;
    acceptance::check_open(&known.candidate, known.in_force.as_ref())?;
    // The candidate is measured before anything is locked, because that may take long.
    let measured = measure(&known.candidate, &caller, None)?;
    let (validated, stats) = (measured.validated, measured.stats);
    let command = AcceptJoin { candidate_id, asked, validated, stats };
    let facts = run(&command, mode)?.facts;
    let acceptance = acceptance::accept(&command.asked, &facts, &command.validated)?;
    Ok(Accepted { candidate: facts.candidate, acceptance, validated: command.validated })
}

/// Rejects a candidate, for a reason.
pub struct RejectJoin {
    pub candidate_id: i64,
    pub reason: String,
}

impl Command for RejectJoin {
    type Facts = CandidateStanding;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Promote, "reject a join")
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        joins::lock_candidate(elevated, self.candidate_id)?;
        Ok(Vec::new())
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<CandidateStanding> {
        CandidateStanding::read(elevated, self.candidate_id)
    }

    fn plan(&self, known: &CandidateStanding) -> Result<Plan> {
        plans::reject(&known.candidate, known.in_force.as_ref(), &self.reason)
    }

    fn verb(&self) -> &'static str {
        "reject_join"
    }

    fn subject(&self, _facts: &CandidateStanding) -> RelationName {
        candidates_table()
    }
}

/// Takes an accepted join out of force, for a reason.
pub struct DeprecateJoin {
    pub join_id: String,
    pub reason: String,
}

impl Command for DeprecateJoin {
    type Facts = AcceptedJoin;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Deprecate, "deprecate a join")
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        joins::lock_acceptance(elevated)?;
        Ok(Vec::new())
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<AcceptedJoin> {
        join(elevated, &self.join_id)
    }

    fn plan(&self, join: &AcceptedJoin) -> Result<Plan> {
        plans::deprecate(join, &self.reason)
    }

    fn verb(&self) -> &'static str {
        "deprecate_join"
    }

    fn subject(&self, _facts: &AcceptedJoin) -> RelationName {
        joins_table()
    }
}
