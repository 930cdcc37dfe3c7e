//! Works out what accepting a candidate does: whether it may be accepted, under which
//! id, and which join it supersedes.

use super::accepted::AcceptedJoin;
use super::candidate::Candidate;
use super::kinds::JoinType;
use super::status::{CandidateStatus, JoinStatus};
use super::validation::Validated;
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::RoleId;
use crate::kernel::names::{MAX_NAME_BYTES, literal};

/// The HINT that lists candidates.
pub const LIST: &str =
    "List the candidates: SELECT candidate_id, condition, confidence FROM spyne_join_candidates();";

/// The arguments of an acceptance.
#[derive(Clone, Debug)]
pub struct AcceptanceRequest {
    pub rationale: String,
    /// None stands for the kind that leaves no row out.
    pub join_type: Option<JoinType>,
    pub owner: RoleId,
    /// The role of the join; empty where none is given.
    pub role: String,
    /// Whether the candidate is accepted in spite of blockers.
    pub overriding: bool,
}

/// What the catalog has on the candidate and on the joins of its tables.
#[derive(Clone, Debug)]
pub struct AcceptanceFacts {
    pub candidate: Candidate,
    /// The join in force over the same columns, in whatever role.
    pub in_force: Option<AcceptedJoin>,
    /// The joins of the same tables in the role that the join gets, the newest version
    /// first.
    pub versions: Vec<AcceptedJoin>,
    /// The ids of all joins.
    pub taken: Vec<String>,
}

/// The join that an acceptance makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    pub join_id: String,
    pub role: String,
    pub version: i32,
    pub join_type: JoinType,
    /// The join that this one supersedes.
    pub supersedes: Option<AcceptedJoin>,
}

impl Acceptance {
    /// The notice where the acceptance supersedes a join over other columns: perhaps
    /// both are meant.
    pub fn notice(&self, candidate: &Candidate) -> Option<String> {
        let old = self.supersedes.as_ref().filter(|old| old.columns2 == candidate.columns2)?;
        Some(format!(
            "{} is superseded; where both are meant, accept each with a role of its own: role => 'name'",
            old.join_id
        ))
    }
}

/// The role that a join gets: the one that is asked for, else that of the join over the
/// same columns, which it supersedes.
pub fn role(asked: &AcceptanceRequest, in_force: Option<&AcceptedJoin>) -> String {
    match in_force {
        Some(join) if asked.role.is_empty() => join.role.clone(),
        _ => asked.role.clone(),
    }
}

/// Works out the join that comes of accepting a candidate that was `validated`.
///
/// # Errors
/// 55000 where the candidate is not open, and where a blocker is not overridden.
pub fn accept(
    asked: &AcceptanceRequest,
    facts: &AcceptanceFacts,
    validated: &Validated,
) -> Result<Acceptance> {
    let candidate = &facts.candidate;
    check_open(candidate, facts.in_force.as_ref())?;
    if !validated.blockers.is_empty() && !asked.overriding {
        return Err(blocked(candidate.candidate_id, &validated.blockers));
    }
    let role = role(asked, facts.in_force.as_ref());
    let version = facts.versions.first().map_or(1, |newest| newest.version + 1);
    Ok(Acceptance {
        join_id: free_id(candidate, &role, version, &facts.taken),
        role,
        version,
        join_type: asked.join_type.unwrap_or(validated.counts.join_type()),
        supersedes: facts.versions.iter().find(|join| join.status.is_in_force()).cloned(),
    })
}

/// # Errors
/// 55000 where a candidate is not there to be accepted.
pub fn check_open(candidate: &Candidate, in_force: Option<&AcceptedJoin>) -> Result<()> {
    match candidate.status {
        CandidateStatus::Open => candidate.check_fresh(),
        CandidateStatus::Rejected => Err(candidate.rejected()),
        // A suspect join may be accepted anew, as its next version.
        CandidateStatus::Accepted
            if in_force.is_some_and(|join| join.status == JoinStatus::Suspect) =>
        {
            Ok(())
        }
        CandidateStatus::Accepted => Err(SpyneError::new(
            Code::WrongState,
            format!("join candidate {} is accepted already", candidate.candidate_id),
            match in_force {
                Some(join) => format!("It is {}, accepted by {}.", join.join_id, join.accepted_by),
                None => "A join rests on it.".to_string(),
            },
            match in_force {
                Some(join) => {
                    format!("See it: SELECT * FROM spyne_join({});", literal(&join.join_id))
                }
                None => LIST.to_string(),
            },
        )),
    }
}

/// # Errors
/// 55000 where a join rests on the candidate.
pub fn check_rejectable(candidate: &Candidate, in_force: Option<&AcceptedJoin>) -> Result<()> {
    if candidate.status.can_become(CandidateStatus::Rejected) {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::WrongState,
        format!("join candidate {} is accepted", candidate.candidate_id),
        "A join rests on it.",
        match in_force {
            Some(join) => format!(
                "Deprecate the join first: SELECT * FROM spyne_deprecate_join({}, 'reason');",
                literal(&join.join_id)
            ),
            None => LIST.to_string(),
        },
    ))
}

fn blocked(candidate: i64, blockers: &[String]) -> SpyneError {
    SpyneError::new(
        Code::WrongState,
        format!("join candidate {candidate} cannot be accepted as it is"),
        format!("{}.", blockers.join("; ")),
        format!(
            "Look at it: SELECT * FROM spyne_validate_join({candidate}); or accept it all the same, and say why: SELECT * FROM spyne_accept_join({candidate}, 'reason', override => true);"
        ),
    )
}

/// `<t1>_<t2>_v1`, with the role in between where there is one. Underscores in names
/// can make two pairs of tables read alike; then the second gets one more.
fn free_id(candidate: &Candidate, role: &str, version: i32, taken: &[String]) -> String {
    let role = if role.is_empty() { String::new() } else { format!("_{role}") };
    let mut between = "_".to_string();
    loop {
        let id = format!("{}{between}{}{role}_v{version}", candidate.name1, candidate.name2);
        if !taken.contains(&id) {
            return id;
        }
        between.push('_');
    }
}

/// Reads a role, which becomes a part of a join's id. `candidate` is for the hint.
///
/// # Errors
/// 22023.
pub fn read_role(role: Option<&str>, candidate: i64) -> Result<String> {
    let role = role.unwrap_or_default().trim();
    let fits = role.chars().all(|c| c.is_alphanumeric() || c == '_');
    if fits && role.len() <= MAX_NAME_BYTES {
        return Ok(role.to_string());
    }
    Err(SpyneError::new(
        Code::InvalidParameter,
        format!("\"{role}\" cannot be the role of a join"),
        "It is a part of the join's id: letters, digits and underscores, 63 bytes at most.",
        format!(
            "For example: SELECT * FROM spyne_accept_join({candidate}, 'reason', role => 'arrival');"
        ),
    ))
}

/// Reads a kind of join. `candidate` is for the hint.
///
/// # Errors
/// 22023.
pub fn read_join_type(text: &str, candidate: i64) -> Result<JoinType> {
    JoinType::parse(text).ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            format!("\"{text}\" is no kind of join"),
            format!("The kinds are {}.", JoinType::ALL.map(JoinType::as_str).join(", ")),
            format!(
                "For example: SELECT * FROM spyne_accept_join({candidate}, 'reason', join_type => 'LEFT');"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joins::testing::{accepted_join, candidate};
    use crate::joins::validation::Counts;

    fn asked(role: &str, overriding: bool) -> AcceptanceRequest {
        AcceptanceRequest {
            rationale: "each order has one customer".into(),
            join_type: None,
            owner: RoleId::new(10),
            role: role.into(),
            overriding,
        }
    }

    fn facts() -> AcceptanceFacts {
        let (candidate, versions, taken) = (candidate(), Vec::new(), Vec::new());
        AcceptanceFacts { candidate, in_force: None, versions, taken }
    }

    fn validated(orphans: i64) -> Validated {
        let counts = Counts {
            rows1: 100,
            distinct1: 9,
            rows2: 10,
            distinct2: 10,
            matched1: 100 - orphans,
            ..Counts::default()
        };
        Validated::new(counts, 0.05, false)
    }

    #[test]
    fn the_first_join_of_two_tables_is_their_version_one() {
        let made = accept(&asked("", false), &facts(), &validated(0)).unwrap();
        assert_eq!((made.join_id.as_str(), made.version), ("orders_customer_v1", 1));
        assert_eq!((made.join_type, made.supersedes), (JoinType::Inner, None));
        let left = accept(&asked("", false), &facts(), &validated(1)).unwrap();
        assert_eq!(left.join_type, JoinType::Left);
        // The names of another pair of tables can make the same id.
        let taken = vec!["orders_customer_v1".to_string()];
        let second =
            accept(&asked("", false), &AcceptanceFacts { taken, ..facts() }, &validated(0))
                .unwrap();
        assert_eq!(second.join_id, "orders__customer_v1");
        let billed = accept(&asked("billed", false), &facts(), &validated(0)).unwrap();
        assert_eq!(billed.join_id, "orders_customer_billed_v1");
    }

    #[test]
    fn what_stands_in_the_way_is_overridden_on_purpose() {
        let error = accept(&asked("", false), &facts(), &validated(20)).unwrap_err();
        assert_eq!(error.code, Code::WrongState);
        assert!(error.detail.contains("20 %"), "{}", error.detail);
        assert!(accept(&asked("", true), &facts(), &validated(20)).is_ok());
    }

    #[test]
    fn the_next_version_takes_the_place_of_the_one_in_force() {
        let old = accepted_join("orders_customer_v2", 2, JoinStatus::Accepted);
        let gone = accepted_join("orders_customer_v1", 1, JoinStatus::Deprecated);
        let all = AcceptanceFacts { versions: vec![old.clone(), gone.clone()], ..facts() };
        let made = accept(&asked("", false), &all, &validated(0)).unwrap();
        assert_eq!((made.version, made.supersedes.as_ref()), (3, Some(&old)));
        // The superseded join is over the same column on the other side, so perhaps
        // both are meant.
        assert!(made.notice(&candidate()).is_some_and(|said| said.contains("orders_customer_v2")));
        let other = Candidate { columns2: vec!["other".into()], ..candidate() };
        assert_eq!(made.notice(&other), None);
        let none = AcceptanceFacts { versions: vec![gone], ..facts() };
        let made = accept(&asked("", false), &none, &validated(0)).unwrap();
        assert_eq!((made.version, made.supersedes), (2, None));
    }

    #[test]
    fn what_is_accepted_rejected_or_too_old_is_not_accepted() {
        let refused = |candidate: Candidate, in_force: Option<AcceptedJoin>| {
            let facts = AcceptanceFacts { candidate, in_force, ..facts() };
            accept(&asked("", false), &facts, &validated(0)).err().map(|error| error.message)
        };
        let with = |status| Candidate { status, ..candidate() };
        let join = |status| Some(accepted_join("orders_customer_v1", 1, status));
        let accepted = with(CandidateStatus::Accepted);
        let again = refused(accepted.clone(), join(JoinStatus::Accepted));
        assert_eq!(again.as_deref(), Some("join candidate 7 is accepted already"));
        assert_eq!(refused(accepted, join(JoinStatus::Suspect)), None);
        let rejected = refused(with(CandidateStatus::Rejected), None);
        assert_eq!(rejected.as_deref(), Some("join candidate 7 was rejected"));
        let old = refused(Candidate { expired: true, ..candidate() }, None);
        assert_eq!(old.as_deref(), Some("join candidate 7 has expired"));
    }

    #[test]
    fn what_a_join_rests_on_is_not_rejected() {
        let accepted = Candidate { status: CandidateStatus::Accepted, ..candidate() };
        let join = accepted_join("orders_customer_v1", 1, JoinStatus::Accepted);
        let error = check_rejectable(&accepted, Some(&join)).unwrap_err();
        assert!(error.hint.contains("spyne_deprecate_join('orders_customer_v1', 'reason')"));
        assert_eq!(check_rejectable(&candidate(), None), Ok(()));
    }

    #[test]
    fn a_join_that_is_accepted_anew_keeps_its_role() {
        let suspect = AcceptedJoin {
            role: "billed".into(),
            ..accepted_join("orders_customer_billed_v1", 1, JoinStatus::Suspect)
        };
        assert_eq!(role(&asked("", false), Some(&suspect)), "billed");
        assert_eq!(role(&asked("shipped", false), Some(&suspect)), "shipped");
        assert_eq!(role(&asked("", false), None), "");
    }

    #[test]
    fn roles_and_kinds_are_read() {
        assert_eq!(read_role(Some(" arrival "), 7).as_deref(), Ok("arrival"));
        assert_eq!(read_role(None, 7).as_deref(), Ok(""));
        assert!(read_role(Some("a-b"), 7).is_err() && read_role(Some(&"x".repeat(64)), 7).is_err());
        assert_eq!(read_join_type("full", 7), Ok(JoinType::Full));
        assert!(
            read_join_type("cross", 7).is_err_and(|error| error.detail.contains("RIGHT, FULL"))
        );
    }
}
