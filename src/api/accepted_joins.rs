//! spyne_validate_join, spyne_accept_join, spyne_reject_join, spyne_join,
//! spyne_deprecate_join, spyne_join_graph.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use spyne_core::joins::acceptance::{AcceptanceRequest, read_join_type, read_role};
use spyne_core::joins::accepted;
use spyne_core::joins::graph::{self, Format};
use spyne_core::joins::status::{CandidateStatus, JoinStatus};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::role::Permission;

use super::context::{Caller, given, require_writable};
use super::joins::timestamp;
use crate::command::joinable::{Sample, measure};
use crate::command::joins::{self as commands, DeprecateJoin, KeepValidation, RejectJoin};
use crate::command::registration::existing_role;
use crate::command::{self, Mode};
use crate::pg::elevate::elevated;
use crate::pg::oids::role_id;
use crate::pg::row_sets::{Rows, row};
use crate::preview_rule;
use crate::report::{self, OrRaise};
use crate::store::joins;

/// The most joined rows that a validation shows.
const MOST_SHOWN: i32 = 1000;

/// The text of an argument that says why a join is `done` (accepted, rejected,
/// deprecated).
///
/// # Errors
/// 22023 where the text is empty.
fn reason(text: &str, argument: &str, done: &str, hint: &str) -> Result<String> {
    match text.trim() {
        "" => Err(SpyneError::new(
            Code::InvalidParameter,
            format!("a join is {done} for a reason"),
            format!("The argument {argument} is empty."),
            hint,
        )),
        said => Ok(said.to_string()),
    }
}

row! {
    /// What a validation has measured.
    "join_validation" => JoinValidation {
        candidate_id: i64,
        cardinality: &'static str,
        null_percent1: f64,
        null_percent2: f64,
        orphans: i64,
        orphan_percent: f64,
        fan_out_average: f64,
        fan_out_max: i64,
        parent_key_unique: bool,
        warnings: Vec<String>,
        blockers: Vec<String>,
        sample: JsonB,
    }
}

/// Measures a candidate on the live data, on all rows of both tables, and stores the
/// result with the candidate. Shows at most `sample_rows` joined rows. An admin's
/// validation takes a suspect join back into force.
///
/// # Errors
/// 22023 for an unknown candidate and a negative number of rows; 55000 for one that
/// has expired, and where its tables or columns are gone; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_validate_join(candidate_id bigint, sample_rows integer DEFAULT 1000)
RETURNS SETOF spyne.join_validation
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_validate_join(
    candidate_id: Option<i64>,
    sample_rows: Option<i32>,
) -> Rows<JoinValidation> {
    let hint = "For example: SELECT * FROM spyne_validate_join(7);";
    let run = || -> Result<_> {
        let candidate_id = given(candidate_id, "candidate_id", hint)?;
        let rows = rows_to_show(sample_rows, hint)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "validate a join")?;
        let candidate = elevated(|e| commands::candidate(e, candidate_id))?;
        candidate.check_fresh()?;
        // A user whom the preview rule binds sees only the columns that are joined by.
        let sample = Sample { rows, all_columns: !preview_rule::binds(caller.user) };
        let measured = measure(&candidate, &caller, Some(sample))?;
        let (validated, stats) = (measured.validated, measured.stats);
        let command = KeepValidation { candidate_id, validated, stats };
        // Where nothing can be written, the result is shown and not stored.
        if require_writable(false).is_ok() {
            command::run(&command, Mode::Do)?;
        }
        let (counts, blockers) = (command.validated.counts, command.validated.blockers);
        Ok(JoinValidation {
            candidate_id,
            cardinality: counts.cardinality().as_str(),
            null_percent1: counts.null_percent1(),
            null_percent2: counts.null_percent2(),
            orphans: counts.orphans(),
            orphan_percent: counts.orphan_percent(),
            fan_out_average: counts.fan_out_average(),
            fan_out_max: counts.fan_out_max,
            parent_key_unique: counts.parent_key_unique(),
            warnings: counts.warnings(),
            blockers,
            sample: JsonB(measured.sample),
        })
    };
    Rows::one(run().or_raise())
}

fn rows_to_show(sample_rows: Option<i32>, hint: &str) -> Result<i32> {
    let rows = given(sample_rows, "sample_rows", hint)?;
    match (0..=MOST_SHOWN).contains(&rows) {
        true => Ok(rows),
        false => Err(SpyneError::new(
            Code::InvalidParameter,
            format!("sample_rows cannot be {rows}"),
            format!("It is the number of joined rows to show: 0 to {MOST_SHOWN}."),
            hint,
        )),
    }
}

row! {
    /// A candidate that was accepted, or would be.
    "join_acceptance" => JoinAcceptance {
        join_id: String,
        condition: String,
        join_type: &'static str,
        cardinality: &'static str,
        version: i32,
        supersedes: Option<String>,
        warnings: Vec<String>,
        overridden: Vec<String>,
    }
}

/// Accepts a candidate: validates it, and makes it a join that people rely on. It
/// supersedes a join over other columns between the same tables in the same role.
///
/// # Errors
/// 22023 for an unknown candidate, an empty rationale, an unknown kind of join or
/// role; 55000 for a candidate that has expired, was rejected or is accepted
/// already, and where a blocker is not overridden; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_accept_join(candidate_id bigint, rationale text, join_type text DEFAULT NULL,
    owner regrole DEFAULT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole,
    override boolean DEFAULT false, role text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_acceptance
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_accept_join(
    candidate_id: Option<i64>,
    rationale: Option<String>,
    join_type: Option<String>,
    owner: Option<pg_sys::Oid>,
    r#override: Option<bool>,
    role: Option<String>,
    dry_run: Option<bool>,
) -> Rows<JoinAcceptance> {
    let hint = "For example: SELECT * FROM spyne_accept_join(7, 'each order has one customer');";
    let run = || -> Result<_> {
        let id = given(candidate_id, "candidate_id", hint)?;
        let rationale = given(rationale, "rationale", hint)?;
        let owner = existing_role(role_id(given(owner, "owner", hint)?))?;
        let overriding = given(r#override, "override", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Promote, "accept a join")?;
        let asked = AcceptanceRequest {
            rationale: reason(&rationale, "rationale", "accepted", hint)?,
            join_type: join_type.map(|text| read_join_type(&text, id)).transpose()?,
            owner,
            role: read_role(role.as_deref(), id)?,
            overriding,
        };
        let accepted = commands::accept(id, asked, mode)?;
        let (made, counts) = (accepted.acceptance, accepted.validated.counts);
        if mode == Mode::Do
            && let Some(notice) = made.notice(&accepted.candidate)
        {
            report::notice(&notice);
        }
        Ok(JoinAcceptance {
            join_id: made.join_id,
            condition: accepted.candidate.condition,
            join_type: made.join_type.as_str(),
            cardinality: counts.cardinality().as_str(),
            version: made.version,
            supersedes: made.supersedes.map(|old| old.join_id),
            warnings: counts.warnings(),
            overridden: accepted.validated.blockers,
        })
    };
    Rows::one(run().or_raise())
}

row! {
    /// A candidate that was rejected, or would be.
    "join_rejection" => JoinRejection {
        candidate_id: i64,
        condition: String,
        status: &'static str,
    }
}

/// Rejects a candidate, for a reason. The candidate is not suggested again while its
/// evidence is the same.
///
/// # Errors
/// 22023 for an unknown candidate and an empty reason; 55000 where a join rests on
/// it; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_reject_join(candidate_id bigint, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_rejection
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_reject_join(
    candidate_id: Option<i64>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> Rows<JoinRejection> {
    let hint = "For example: SELECT * FROM spyne_reject_join(7, 'the numbers are counted anew each year');";
    let run = || -> Result<_> {
        let candidate_id = given(candidate_id, "candidate_id", hint)?;
        let why = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Promote, "reject a join")?;
        let reason = self::reason(&why, "reason", "rejected", hint)?;
        let known = command::run(&RejectJoin { candidate_id, reason }, mode)?.facts;
        Ok(JoinRejection {
            candidate_id,
            condition: known.candidate.condition,
            status: CandidateStatus::Rejected.as_str(),
        })
    };
    Rows::one(run().or_raise())
}

row! {
    /// An accepted join, as it is returned.
    "accepted_join" => AcceptedJoin {
        join_id: String,
        table1: Option<RelId>,
        columns1: Vec<String>,
        table2: Option<RelId>,
        columns2: Vec<String>,
        join_type: &'static str,
        condition: String,
        cardinality: String,
        version: i32,
        status: &'static str,
        rationale: String,
        owner: RoleId,
        accepted_by: String,
        accepted_at: TimestampWithTimeZone,
        validated_at: TimestampWithTimeZone,
        confidence: f64,
        evidence: JsonB,
        validation_stats: JsonB,
        suspect_because: Option<String>,
        superseded_by: Option<String>,
    }
}

impl From<accepted::AcceptedJoin> for AcceptedJoin {
    fn from(join: accepted::AcceptedJoin) -> AcceptedJoin {
        AcceptedJoin {
            join_id: join.join_id,
            table1: join.table1,
            columns1: join.columns1,
            table2: join.table2,
            columns2: join.columns2,
            join_type: join.join_type.as_str(),
            condition: join.condition,
            cardinality: join.cardinality,
            version: join.version,
            status: join.status.as_str(),
            rationale: join.rationale,
            owner: join.owner,
            accepted_by: join.accepted_by,
            accepted_at: timestamp(join.accepted_at),
            validated_at: timestamp(join.validated_at),
            confidence: join.confidence,
            evidence: JsonB(join.evidence),
            validation_stats: JsonB(join.validation_stats),
            suspect_because: join.suspect_because,
            superseded_by: join.superseded_by,
        }
    }
}

/// An accepted join, with its evidence.
///
/// # Errors
/// 22023 for an unknown id; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_join(join_id text) RETURNS SETOF spyne.accepted_join
ROWS 1 STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_join(join_id: Option<String>) -> Rows<AcceptedJoin> {
    let hint = "For example: SELECT * FROM spyne_join('orders_customer_v1');";
    let run = || -> Result<AcceptedJoin> {
        let id = given(join_id, "join_id", hint)?;
        Caller::now().require(Permission::Query, "see a join")?;
        Ok(elevated(|e| commands::join(e, &id))?.into())
    };
    Rows::one(run().or_raise())
}

row! {
    /// A join that was taken out of force, or would be.
    "join_deprecation" => JoinDeprecation {
        join_id: String,
        condition: String,
        status: &'static str,
    }
}

/// Takes an accepted join out of force, for a reason.
///
/// # Errors
/// 22023 for an unknown id and an empty reason; 55000 where it is deprecated
/// already; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_deprecate_join(join_id text, reason text, dry_run boolean DEFAULT false)
RETURNS SETOF spyne.join_deprecation
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_deprecate_join(
    join_id: Option<String>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> Rows<JoinDeprecation> {
    let hint = "For example: SELECT * FROM spyne_deprecate_join('orders_customer_v1', 'orders are by household now');";
    let run = || -> Result<_> {
        let join_id = given(join_id, "join_id", hint)?;
        let why = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Deprecate, "deprecate a join")?;
        let reason = self::reason(&why, "reason", "deprecated", hint)?;
        let join = command::run(&DeprecateJoin { join_id, reason }, mode)?.facts;
        Ok(JoinDeprecation {
            join_id: join.join_id,
            condition: join.condition,
            status: JoinStatus::Deprecated.as_str(),
        })
    };
    Rows::one(run().or_raise())
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
            SpyneError::new(
                Code::InvalidParameter,
                format!("joins are not drawn as \"{name}\""),
                "The formats are mermaid and dot (Graphviz).",
                hint,
            )
        })?;
        Caller::now().require(Permission::Query, "draw the joins")?;
        Ok(graph::draw(&elevated(|e| joins::edges(e))?, format))
    };
    run().or_raise()
}
