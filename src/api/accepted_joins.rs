//! spyne_validate_join, spyne_accept_join, spyne_reject_join, spyne_join,
//! spyne_deprecate_join, spyne_join_graph.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::{Value, json};

use super::context::{Caller, elevated, given, require_writable};
use super::joins::{joinable, readable, rejected, timestamp};
use crate::command::registration::existing_role;
use crate::enforce::previews as rule;
use crate::guc;
use crate::pg::oids::AsOid;
use crate::pg::{catalogs, users};
use crate::report::{self, OrRaise};
use crate::store::joins::{self, Accepted, Candidate, NewAccepted};
use crate::store::samples;
use spyne_core::joins::graph::{self, Format};
use spyne_core::joins::kinds::JoinType;
use spyne_core::joins::status::{CandidateStatus, JoinStatus};
use spyne_core::joins::table::Table;
use spyne_core::joins::validation::Counts;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::names::literal;
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::words::likeness::near;

/// Joined rows that a validation shows at most.
const MOST_SHOWN: i32 = 1000;

const LIST: &str =
    "List the candidates: SELECT candidate_id, condition, confidence FROM spyne_join_candidates();";

fn bad(message: impl Into<String>, detail: impl Into<String>, hint: &str) -> SpyneError {
    SpyneError::new(Code::InvalidParameter, message, detail, hint)
}

fn wrong_state(message: impl Into<String>, detail: String, hint: String) -> SpyneError {
    SpyneError::new(Code::WrongState, message, detail, hint)
}

fn known(found: Option<Candidate>, id: i64) -> Result<Candidate> {
    found.ok_or_else(|| {
        bad(
            format!("there is no join candidate {id}"),
            "Candidates are numbered as spyne.join_candidates has them.",
            LIST,
        )
    })
}

/// # Errors
/// 55000 where the candidate is too old, unless a join rests on it.
fn check_fresh(candidate: &Candidate) -> Result<()> {
    if !candidate.expired || candidate.status == CandidateStatus::Accepted {
        return Ok(());
    }
    Err(wrong_state(
        format!("join candidate {} has expired", candidate.candidate_id),
        "Its evidence is too old: the tables may not be what they were.".into(),
        "Find it again: SELECT * FROM spyne_discover_joins(); or propose it: spyne_propose_join."
            .into(),
    ))
}

/// What a validation has found.
struct Validated {
    counts: Counts,
    stats: Value,
    blockers: Vec<String>,
    sample: Value,
    /// Row level security applied: the figures are of what the caller sees.
    hidden: bool,
}

/// Measures a candidate on all rows, with the rights of the caller.
fn measured(candidate: &Candidate, caller: &Caller, sample_rows: i32) -> Result<Validated> {
    let row1 = joinable(candidate.table1)?;
    let row2 = joinable(candidate.table2)?;
    let both = readable(&[row1.relation, row2.relation], caller)?;
    let (child, parent) = (&both[0], &both[both.len() - 1]);
    let columns = columns_of(child, &candidate.columns1, candidate.candidate_id)?;
    let key = columns_of(parent, &candidate.columns2, candidate.candidate_id)?;
    let counts = samples::count(child, &columns, parent, &key)?;
    let sample = match sample_rows {
        0 => json!([]),
        // Who must look before reading sees here what the join is about, and no more.
        rows => {
            let all = !rule::binds(caller.user);
            samples::rows_of(child, &columns, parent, &key, rows, all)?
        }
    };
    let limit = guc::max_orphan_rate();
    let mut blockers = counts.blockers(limit);
    let hidden = joins::has_hidden_rows(&[row1.relation, row2.relation])?;
    if hidden {
        blockers.push(
            "row level security hides rows from you: what you count is not all there is"
                .to_string(),
        );
    }
    let stats = json!({
        "cardinality": counts.cardinality().as_str(),
        "null_percent1": counts.null_percent1(), "null_percent2": counts.null_percent2(),
        "orphans": counts.orphans(), "orphan_percent": counts.orphan_percent(),
        "fan_out_average": counts.fan_out_average(), "fan_out_max": counts.fan_out_max,
        "parent_key_unique": counts.parent_key_unique(),
        "rows1": counts.rows1, "rows2": counts.rows2, "joined": counts.joined,
        "warnings": counts.warnings(), "blockers": blockers,
        "validated_by": users::name(caller.user),
    });
    Ok(Validated { counts, stats, blockers, sample, hidden })
}

fn columns_of(table: &Table, names: &[String], candidate: i64) -> Result<Vec<usize>> {
    names
        .iter()
        .map(|name| {
            table.column(name).ok_or_else(|| {
                wrong_state(
                    format!("{} has no column \"{name}\" any more", table.shown),
                    format!("Join candidate {candidate} was found when it had."),
                    "Find its joins again: SELECT * FROM spyne_discover_joins();".into(),
                )
            })
        })
        .collect()
}

/// Measures a candidate on the live data, all rows of both tables, and keeps what
/// it finds with it. `sample_rows` joined rows at most are shown. An admin's
/// validation takes a join that was suspect back into force.
///
/// # Errors
/// 22023 for an unknown candidate and a negative number of rows; 55000 for one that
/// has expired, and where its tables or columns are gone; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_validate_join(candidate_id bigint, sample_rows integer DEFAULT 1000)
RETURNS TABLE (candidate_id bigint, cardinality text, null_percent1 double precision, null_percent2 double precision,
               orphans bigint, orphan_percent double precision, fan_out_average double precision, fan_out_max bigint,
               parent_key_unique boolean, warnings text[], blockers text[], sample jsonb)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_validate_join(
    candidate_id: Option<i64>,
    sample_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(candidate_id, i64),
        name!(cardinality, String),
        name!(null_percent1, f64),
        name!(null_percent2, f64),
        name!(orphans, i64),
        name!(orphan_percent, f64),
        name!(fan_out_average, f64),
        name!(fan_out_max, i64),
        name!(parent_key_unique, bool),
        name!(warnings, Vec<String>),
        name!(blockers, Vec<String>),
        name!(sample, JsonB),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_validate_join(7);";
    let run = || -> Result<_> {
        let id = given(candidate_id, "candidate_id", hint)?;
        let rows = given(sample_rows, "sample_rows", hint)?;
        if !(0..=MOST_SHOWN).contains(&rows) {
            return Err(bad(
                format!("sample_rows cannot be {rows}"),
                format!("It is the number of joined rows to show: 0 to {MOST_SHOWN}."),
                hint,
            ));
        }
        let caller = Caller::now();
        caller.require(Permission::Query, "validate a join")?;
        let candidate = known(elevated(|| joins::candidate(id))?, id)?;
        check_fresh(&candidate)?;
        let validated = measured(&candidate, &caller, rows)?;
        if !catalogs::read_only_here() {
            elevated(|| keep(&candidate, &validated, &caller))?;
        }
        let counts = validated.counts;
        Ok((
            id,
            counts.cardinality().as_str().to_string(),
            counts.null_percent1(),
            counts.null_percent2(),
            counts.orphans(),
            counts.orphan_percent(),
            counts.fan_out_average(),
            counts.fan_out_max,
            counts.parent_key_unique(),
            counts.warnings(),
            validated.blockers,
            JsonB(validated.sample),
        ))
    };
    TableIterator::once(run().or_raise())
}

/// Keeps what a validation has found. To be called while elevated.
fn keep(candidate: &Candidate, validated: &Validated, caller: &Caller) -> Result<()> {
    // What others rely on is counted by those who see everything.
    if validated.hidden || caller.role < Role::Engineer {
        return Ok(());
    }
    let counts = &validated.counts;
    let risk = counts.risk(guc::max_orphan_rate());
    joins::keep_validation(candidate.candidate_id, &validated.stats, risk, counts.join_type())?;
    if caller.role != Role::Admin {
        return Ok(());
    }
    let Some(accepted) = joins::in_force_over(candidate)? else {
        return Ok(());
    };
    let overridden = accepted.validation_stats["blockers"] == json!(validated.blockers);
    if validated.blockers.is_empty() || overridden {
        let cardinality = counts.cardinality().as_str();
        joins::revalidated(&accepted.join_id, &validated.stats, cardinality)?;
    }
    Ok(())
}

/// Accepts a candidate: validates it, and makes it a join that people rely on. One
/// over other columns, between the same tables and in the same role, is superseded.
///
/// # Errors
/// 22023 for an unknown candidate, an empty rationale, an unknown kind of join or
/// role; 55000 for a candidate that has expired, was rejected or is accepted
/// already, and where a blocker is not overridden; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_accept_join(candidate_id bigint, rationale text, join_type text DEFAULT NULL,
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    override boolean DEFAULT false, role text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (join_id text, condition text, join_type text, cardinality text, version integer, supersedes text,
               warnings text[], overridden text[])
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn spyne_accept_join(
    candidate_id: Option<i64>,
    rationale: Option<String>,
    join_type: Option<String>,
    owner: Option<pg_sys::Oid>,
    r#override: Option<bool>,
    role: Option<String>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(join_id, String),
        name!(condition, String),
        name!(join_type, String),
        name!(cardinality, String),
        name!(version, i32),
        name!(supersedes, Option<String>),
        name!(warnings, Vec<String>),
        name!(overridden, Vec<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_accept_join(7, 'each order has one customer');";
    let run = || -> Result<_> {
        let id = given(candidate_id, "candidate_id", hint)?;
        let rationale = given(rationale, "rationale", hint)?;
        let owner = existing_role(crate::pg::oids::role_id(given(owner, "owner", hint)?))?;
        let overriding = given(r#override, "override", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        let caller = Caller::now();
        caller.require(Permission::Promote, "accept a join")?;
        require_writable(dry_run)?;
        let rationale = rationale.trim();
        if rationale.is_empty() {
            return Err(bad(
                "a join is accepted for a reason",
                "The argument rationale is empty.",
                hint,
            ));
        }
        let join_type = join_type.map(|t| kind_of_join(&t, id)).transpose()?;
        let role = role_name(role.as_deref(), id)?;
        let candidate = known(elevated(|| joins::candidate(id))?, id)?;
        check_open(&candidate)?;
        let role = match elevated(|| joins::in_force_over(&candidate))? {
            Some(suspect) if role.is_empty() => suspect.role,
            _ => role,
        };
        // Before the lock: it may take a while.
        let validated = measured(&candidate, &caller, 0)?;
        if !validated.blockers.is_empty() && !overriding {
            return Err(wrong_state(
                format!("join candidate {id} cannot be accepted as it is"),
                format!("{}.", validated.blockers.join("; ")),
                format!(
                    "Look at it: SELECT * FROM spyne_validate_join({id}); or accept it all the same, and say why: SELECT * FROM spyne_accept_join({id}, 'reason', override => true);"
                ),
            ));
        }
        let asked = Asked {
            rationale,
            join_type: join_type.unwrap_or(validated.counts.join_type()),
            owner,
            role: &role,
            dry_run,
        };
        let accepted = elevated(|| accept(&candidate, &validated, &asked, &caller))?;
        if let Some(old) = &accepted.supersedes
            && !dry_run
            && old.columns2 == candidate.columns2
        {
            report::notice(&format!(
                "{} is superseded; where both are meant, accept each with a role of its own: role => 'name'",
                old.join_id
            ));
        }
        Ok((
            accepted.join_id,
            candidate.condition.clone(),
            asked.join_type.as_str().to_string(),
            validated.counts.cardinality().as_str().to_string(),
            accepted.version,
            accepted.supersedes.map(|old| old.join_id),
            validated.counts.warnings(),
            validated.blockers,
        ))
    };
    TableIterator::once(run().or_raise())
}

/// # Errors
/// 55000 where a candidate is not there to be accepted.
fn check_open(candidate: &Candidate) -> Result<()> {
    if candidate.status == CandidateStatus::Accepted {
        let by = elevated(|| joins::in_force_over(candidate))?;
        // One in doubt may be accepted anew, as its next version.
        if by.as_ref().is_some_and(|join| join.status == JoinStatus::Suspect) {
            return Ok(());
        }
        let id = candidate.candidate_id;
        return Err(wrong_state(
            format!("join candidate {id} is accepted already"),
            match &by {
                Some(join) => format!("It is {}, accepted by {}.", join.join_id, join.accepted_by),
                None => "A join rests on it.".to_string(),
            },
            match by {
                Some(join) => {
                    format!("See it: SELECT * FROM spyne_join({});", literal(&join.join_id))
                }
                None => LIST.to_string(),
            },
        ));
    }
    if candidate.status == CandidateStatus::Rejected {
        return Err(rejected(candidate));
    }
    check_fresh(candidate)
}

fn kind_of_join(text: &str, candidate: i64) -> Result<JoinType> {
    JoinType::parse(text).ok_or_else(|| {
        bad(
            format!("\"{text}\" is no kind of join"),
            format!("The kinds are {}.", JoinType::ALL.map(JoinType::as_str).join(", ")),
            &format!(
                "For example: SELECT * FROM spyne_accept_join({candidate}, 'reason', join_type => 'LEFT');"
            ),
        )
    })
}

/// A role as a part of a join's id.
fn role_name(role: Option<&str>, candidate: i64) -> Result<String> {
    let role = role.unwrap_or_default().trim();
    let fits = role.chars().all(|c| c.is_alphanumeric() || c == '_');
    if fits && role.len() <= 63 {
        return Ok(role.to_string());
    }
    Err(bad(
        format!("\"{role}\" cannot be the role of a join"),
        "It is a part of the join's id: letters, digits and underscores, 63 bytes at most.",
        &format!(
            "For example: SELECT * FROM spyne_accept_join({candidate}, 'reason', role => 'arrival');"
        ),
    ))
}

/// What is asked for, beside the candidate.
struct Asked<'a> {
    rationale: &'a str,
    join_type: JoinType,
    owner: RoleId,
    role: &'a str,
    dry_run: bool,
}

struct Outcome {
    join_id: String,
    version: i32,
    supersedes: Option<Accepted>,
}

/// Makes the join. To be called while elevated.
fn accept(
    candidate: &Candidate,
    validated: &Validated,
    asked: &Asked,
    caller: &Caller,
) -> Result<Outcome> {
    let id = candidate.candidate_id;
    if !asked.dry_run {
        joins::lock_acceptance()?;
        // Somebody may have been first.
        check_open(&known(joins::lock_candidate(id)?, id)?)?;
    }
    let versions = joins::versions(&candidate.name1, &candidate.name2, asked.role)?;
    let version = versions.first().map_or(1, |newest| newest.version + 1);
    let supersedes = versions.into_iter().find(|join| join.status.is_in_force());
    let join_id = free_id(candidate, asked.role, version)?;
    if !asked.dry_run {
        let risk = validated.counts.risk(guc::max_orphan_rate());
        joins::keep_validation(id, &validated.stats, risk, asked.join_type)?;
        let new = NewAccepted {
            join_id: &join_id,
            candidate_id: id,
            role: asked.role,
            version,
            join_type: asked.join_type,
            condition: &candidate.condition,
            cardinality: validated.counts.cardinality().as_str(),
            rationale: asked.rationale,
            owner: asked.owner.to_string(),
            stats: &validated.stats,
            overridden: &validated.blockers,
            by: users::name(caller.user),
        };
        joins::accept(&new, supersedes.as_ref())?;
    }
    Ok(Outcome { join_id, version, supersedes })
}

/// `<t1>_<t2>_v1`, with the role in between where there is one. Underscores in
/// names can make two pairs of tables read alike: the second gets one more.
fn free_id(candidate: &Candidate, role: &str, version: i32) -> Result<String> {
    let taken = joins::join_ids()?;
    let mut between = "_".to_string();
    loop {
        let role = if role.is_empty() { String::new() } else { format!("_{role}") };
        let id = format!("{}{between}{}{role}_v{version}", candidate.name1, candidate.name2);
        if !taken.contains(&id) {
            return Ok(id);
        }
        between.push('_');
    }
}

/// Rejects a candidate, for a reason: it is not suggested again while its evidence
/// is the same.
///
/// # Errors
/// 22023 for an unknown candidate and an empty reason; 55000 where a join rests on
/// it; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_reject_join(candidate_id bigint, reason text, dry_run boolean DEFAULT false)
RETURNS TABLE (candidate_id bigint, condition text, status text)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_reject_join(
    candidate_id: Option<i64>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (name!(candidate_id, i64), name!(condition, String), name!(status, String)),
> {
    let hint = "For example: SELECT * FROM spyne_reject_join(7, 'the numbers are counted anew each year');";
    let run = || -> Result<_> {
        let id = given(candidate_id, "candidate_id", hint)?;
        let reason = given(reason, "reason", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        let caller = Caller::now();
        caller.require(Permission::Promote, "reject a join")?;
        require_writable(dry_run)?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(bad(
                "a join is rejected for a reason",
                "The argument reason is empty.",
                hint,
            ));
        }
        elevated(|| {
            let found = if dry_run { joins::candidate(id) } else { joins::lock_candidate(id) };
            let candidate = known(found?, id)?;
            if !candidate.status.can_become(CandidateStatus::Rejected) {
                return Err(wrong_state(
                    format!("join candidate {id} is accepted"),
                    "A join rests on it.".into(),
                    match joins::in_force_over(&candidate)? {
                        Some(join) => format!(
                            "Deprecate the join first: SELECT * FROM spyne_deprecate_join({}, 'reason');",
                            literal(&join.join_id)
                        ),
                        None => LIST.to_string(),
                    },
                ));
            }
            if !dry_run {
                joins::reject(id, reason, caller.user)?;
            }
            Ok((id, candidate.condition, CandidateStatus::Rejected.as_str().to_string()))
        })
    };
    TableIterator::once(run().or_raise())
}

fn join_named(join_id: &str) -> Result<Accepted> {
    if let Some(join) = elevated(|| joins::accepted(join_id))? {
        return Ok(join);
    }
    let known = elevated(joins::join_ids)?;
    let alike = near(join_id, known.iter().map(String::as_str));
    Err(bad(
        format!("there is no join {join_id}"),
        match alike.is_empty() {
            true => "No accepted join has this id or a similar one.".to_string(),
            false => format!("There is {}.", alike.join(", ")),
        },
        "List them: SELECT join_id, condition, status FROM spyne.accepted_joins;",
    ))
}

/// An accepted join, with its evidence.
///
/// # Errors
/// 22023 for an unknown id; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_join(join_id text)
RETURNS TABLE (join_id text, table1 regclass, columns1 text[], table2 regclass, columns2 text[], join_type text, condition text,
               cardinality text, version integer, status text, rationale text, owner regrole, accepted_by text,
               accepted_at timestamptz, validated_at timestamptz, confidence double precision, evidence jsonb,
               validation_stats jsonb, suspect_because text, superseded_by text)
ROWS 1 STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_join(
    join_id: Option<String>,
) -> TableIterator<
    'static,
    (
        name!(join_id, String),
        name!(table1, Option<pg_sys::Oid>),
        name!(columns1, Vec<String>),
        name!(table2, Option<pg_sys::Oid>),
        name!(columns2, Vec<String>),
        name!(join_type, String),
        name!(condition, String),
        name!(cardinality, String),
        name!(version, i32),
        name!(status, String),
        name!(rationale, String),
        name!(owner, pg_sys::Oid),
        name!(accepted_by, String),
        name!(accepted_at, TimestampWithTimeZone),
        name!(validated_at, TimestampWithTimeZone),
        name!(confidence, f64),
        name!(evidence, JsonB),
        name!(validation_stats, JsonB),
        name!(suspect_because, Option<String>),
        name!(superseded_by, Option<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_join('orders_customer_v1');";
    let run = || -> Result<_> {
        let id = given(join_id, "join_id", hint)?;
        Caller::now().require(Permission::Query, "see a join")?;
        let join = join_named(&id)?;
        Ok((
            join.join_id,
            join.table1.map(AsOid::oid),
            join.columns1,
            join.table2.map(AsOid::oid),
            join.columns2,
            join.join_type,
            join.condition,
            join.cardinality,
            join.version,
            join.status.as_str().to_string(),
            join.rationale,
            join.owner.oid(),
            join.accepted_by,
            timestamp(join.accepted_at),
            timestamp(join.validated_at),
            join.confidence,
            JsonB(join.evidence),
            JsonB(join.validation_stats),
            join.suspect_because,
            join.superseded_by,
        ))
    };
    TableIterator::once(run().or_raise())
}

/// Takes an accepted join out of force, for a reason.
///
/// # Errors
/// 22023 for an unknown id and an empty reason; 55000 where it is deprecated
/// already; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_deprecate_join(join_id text, reason text, dry_run boolean DEFAULT false)
RETURNS TABLE (join_id text, condition text, status text)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_deprecate_join(
    join_id: Option<String>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> TableIterator<'static, (name!(join_id, String), name!(condition, String), name!(status, String))>
{
    let hint = "For example: SELECT * FROM spyne_deprecate_join('orders_customer_v1', 'orders are by household now');";
    let run = || -> Result<_> {
        let id = given(join_id, "join_id", hint)?;
        let reason = given(reason, "reason", hint)?;
        let dry_run = given(dry_run, "dry_run", hint)?;
        let caller = Caller::now();
        caller.require(Permission::Deprecate, "deprecate a join")?;
        require_writable(dry_run)?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(bad(
                "a join is deprecated for a reason",
                "The argument reason is empty.",
                hint,
            ));
        }
        if !dry_run {
            elevated(joins::lock_acceptance)?;
        }
        let join = join_named(&id)?;
        if !join.status.can_become(JoinStatus::Deprecated) {
            return Err(wrong_state(
                format!("join {id} is deprecated already"),
                match &join.superseded_by {
                    Some(successor) => format!("{successor} has taken its place."),
                    None => "Nothing has taken its place.".to_string(),
                },
                "List those in force: SELECT join_id, condition FROM spyne.accepted_joins WHERE status <> 'deprecated';".into(),
            ));
        }
        if !dry_run {
            elevated(|| joins::deprecate(&id, reason, &users::name(caller.user), None))?;
        }
        Ok((id, join.condition, JoinStatus::Deprecated.as_str().to_string()))
    };
    TableIterator::once(run().or_raise())
}

/// The joins in force as a drawing: text for Mermaid or Graphviz.
///
/// # Errors
/// 22023 for another format; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_join_graph(format text DEFAULT 'mermaid') RETURNS text
STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_join_graph(format: Option<String>) -> String {
    let hint = "For example: SELECT spyne_join_graph('dot');";
    let run = || -> Result<String> {
        let name = given(format, "format", hint)?;
        let format = Format::parse(&name).ok_or_else(|| {
            bad(
                format!("joins are not drawn as \"{name}\""),
                "The formats are mermaid and dot (Graphviz).",
                hint,
            )
        })?;
        Caller::now().require(Permission::Query, "draw the joins")?;
        Ok(graph::draw(&elevated(joins::edges)?, format))
    };
    run().or_raise()
}
