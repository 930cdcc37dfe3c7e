//! spyne_validate_join, spyne_accept_join, spyne_reject_join, spyne_join,
//! spyne_deprecate_join, spyne_join_graph.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use spyne_core::joins::acceptance::{Asked, read_join_type, read_role};
use spyne_core::joins::graph::{self, Format};
use spyne_core::joins::status::{CandidateStatus, JoinStatus};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::role::Permission;

use super::context::{Caller, given, require_writable};
use crate::command::joinable::{Sample, measure};
use crate::command::joins::{self as commands, DeprecateJoin, KeepValidation, RejectJoin};
use crate::command::registration::existing_role;
use crate::command::{self, Mode};
use crate::enforce::previews as rule;
use crate::pg::composite::{self, Composite};
use crate::pg::elevate::elevated;
use crate::pg::oids::role_id;
use crate::report::{self, OrRaise};
use crate::store::joins;

/// Joined rows that a validation shows at most.
const MOST_SHOWN: i32 = 1000;

/// The text of an argument that says why something is `done`.
///
/// # Errors
/// 22023 where it says nothing.
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
        let candidate_id = given(candidate_id, "candidate_id", hint)?;
        let rows = rows_to_show(sample_rows, hint)?;
        let caller = Caller::now();
        caller.require(Permission::Query, "validate a join")?;
        let candidate = elevated(|e| commands::candidate(e, candidate_id))?;
        candidate.check_fresh()?;
        // Who must look before reading sees here what the join is about, and no more.
        let sample = Sample { rows, all_columns: !rule::binds(caller.user) };
        let measured = measure(&candidate, &caller, Some(sample))?;
        let (validated, stats) = (measured.validated, measured.stats);
        let command = KeepValidation { candidate_id, validated, stats };
        // Where nothing can be written, it is shown and not kept.
        if require_writable(false).is_ok() {
            command::run(&command, Mode::Do)?;
        }
        let (counts, blockers) = (command.validated.counts, command.validated.blockers);
        Ok((
            candidate_id,
            counts.cardinality().as_str().to_string(),
            counts.null_percent1(),
            counts.null_percent2(),
            counts.orphans(),
            counts.orphan_percent(),
            counts.fan_out_average(),
            counts.fan_out_max,
            counts.parent_key_unique(),
            counts.warnings(),
            blockers,
            JsonB(measured.sample),
        ))
    };
    TableIterator::once(run().or_raise())
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
        let owner = existing_role(role_id(given(owner, "owner", hint)?))?;
        let overriding = given(r#override, "override", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Promote, "accept a join")?;
        let asked = Asked {
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
        Ok((
            made.join_id,
            accepted.candidate.condition,
            made.join_type.as_str().to_string(),
            counts.cardinality().as_str().to_string(),
            made.version,
            made.supersedes.map(|old| old.join_id),
            counts.warnings(),
            accepted.validated.blockers,
        ))
    };
    TableIterator::once(run().or_raise())
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
        let candidate_id = given(candidate_id, "candidate_id", hint)?;
        let why = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Promote, "reject a join")?;
        let reason = self::reason(&why, "reason", "rejected", hint)?;
        let known = command::run(&RejectJoin { candidate_id, reason }, mode)?.facts;
        let status = CandidateStatus::Rejected.as_str().to_string();
        Ok((candidate_id, known.candidate.condition, status))
    };
    TableIterator::once(run().or_raise())
}

/// An accepted join, with its evidence.
///
/// # Errors
/// 22023 for an unknown id; 22004, 42501.
#[pg_extern(requires = ["joins"], sql = "
CREATE FUNCTION spyne_join(join_id text) RETURNS SETOF spyne.accepted_join
ROWS 1 STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_join(
    join_id: Option<String>,
) -> SetOfIterator<'static, pgrx::composite_type!('static, "spyne.accepted_join")> {
    let hint = "For example: SELECT * FROM spyne_join('orders_customer_v1');";
    let run = || -> Result<Vec<Composite>> {
        let id = given(join_id, "join_id", hint)?;
        Caller::now().require(Permission::Query, "see a join")?;
        composite::rows("spyne.accepted_join", &[elevated(|e| commands::join(e, &id))?])
    };
    SetOfIterator::new(run().or_raise())
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
        let join_id = given(join_id, "join_id", hint)?;
        let why = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        Caller::now().require(Permission::Deprecate, "deprecate a join")?;
        let reason = self::reason(&why, "reason", "deprecated", hint)?;
        let join = command::run(&DeprecateJoin { join_id, reason }, mode)?.facts;
        Ok((join.join_id, join.condition, JoinStatus::Deprecated.as_str().to_string()))
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
