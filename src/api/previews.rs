//! spyne_preview, spyne_validate, spyne_explain, and the functions that spyne_execute
//! and spyne_open call.

use std::str::FromStr;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::{JsonB, Uuid};
use serde::Serialize;
use serde_json::{Value, json};

use super::context::{Caller, given};
use super::looking::{HINT, analyzed, judged};
use crate::guc;
use crate::pg::elevate::{Elevated, elevated};
use crate::pg::row_sets::{Rows, row};
use crate::pg::{analyze, catalogs, settings, transaction, trial, users};
use crate::preview_rule;
use crate::report::{self, OrRaise};
use crate::store::previews::{self, Past};
use crate::store::relations;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::statement::analyzed::Runner;
use spyne_core::statement::preview::asked::Asked;
use spyne_core::statement::preview::description::{TableUse, Use};
use spyne_core::statement::preview::findings::Guardrail;
use spyne_core::statement::preview::looked::Maker;
use spyne_core::statement::preview::record::DryRun;
use spyne_core::statement::preview::{Preview, render};

/// The most rows that a dry run shows, before and after.
const IMAGES: usize = 20;

row! {
    /// A preview, as it is returned to whoever asked for it.
    "preview" => PreviewRow {
        preview_id: Option<Uuid>,
        sql: String,
        statement: String,
        tables_used: JsonB,
        join_versions: Vec<String>,
        joins: JsonB,
        filters: JsonB,
        aggregations: JsonB,
        assumptions: JsonB,
        guardrails: JsonB,
        dry_run_result: Option<JsonB>,
        confidence: f64,
        estimated_rows: Option<f64>,
        estimated_cost: Option<f64>,
        estimated_execution_time_ms: Option<f64>,
        requires_confirmation: bool,
        expires_at: Option<TimestampWithTimeZone>,
    }
}

impl PreviewRow {
    /// The row of a preview.
    pub(super) fn of(preview: Preview) -> Self {
        PreviewRow {
            preview_id: uuid_of(&preview.preview_id),
            sql: preview.sql,
            statement: preview.statement,
            tables_used: json_of(&preview.tables_used),
            join_versions: preview.join_versions,
            joins: json_of(&preview.joins),
            filters: json_of(&preview.filters),
            aggregations: json_of(&preview.aggregations),
            assumptions: json_of(&preview.assumptions),
            guardrails: json_of(&preview.guardrails),
            dry_run_result: preview.dry_run.as_ref().map(json_of),
            confidence: preview.confidence,
            estimated_rows: preview.estimated_rows,
            estimated_cost: preview.estimated_cost,
            estimated_execution_time_ms: preview.estimated_execution_time_ms,
            requires_confirmation: preview.requires_confirmation,
            expires_at: TimestampWithTimeZone::from_str(&preview.expires_at).ok(),
        }
    }
}

/// A field as a jsonb column.
fn json_of(value: &impl Serialize) -> JsonB {
    JsonB(serde_json::to_value(value).unwrap_or_default())
}

/// The uuid of a text; None where the text is no uuid.
fn uuid_of(text: &str) -> Option<Uuid> {
    let number = u128::from_str_radix(&text.replace('-', ""), 16).ok()?;
    Some(Uuid::from_bytes(number.to_be_bytes()))
}

/// Previews a statement: says what it will do, without running it. The preview is
/// stored, and from then on authorises the statement's run. Callers need the permission
/// to query.
///
/// # Errors
/// 22004 for a NULL argument; 22023 for what is no statement with a preview, for
/// unknown stops and for pins that do not fit; 42501 without a role; and Postgres's
/// own for the statement.
#[pg_extern(sql = "
CREATE FUNCTION spyne_preview(
    query text,
    dry_run boolean DEFAULT false,
    include_deprecated boolean DEFAULT false,
    pin jsonb DEFAULT NULL,
    override text[] DEFAULT '{}',
    reason text DEFAULT NULL)
RETURNS SETOF spyne.preview
ROWS 1 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_preview(
    query: Option<&str>,
    dry_run: Option<bool>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
    r#override: Option<Vec<Option<String>>>,
    reason: Option<String>,
) -> Rows<PreviewRow> {
    let arguments =
        Arguments { query, dry_run, include_deprecated, pin, overrides: r#override, reason };
    Rows::one(PreviewRow::of(arguments.preview().or_raise()))
}

/// As spyne_preview, but returns one text for people to read.
///
/// # Errors
/// As spyne_preview.
#[pg_extern(sql = "
CREATE FUNCTION spyne_preview_text(
    query text,
    dry_run boolean DEFAULT false,
    include_deprecated boolean DEFAULT false,
    pin jsonb DEFAULT NULL,
    override text[] DEFAULT '{}',
    reason text DEFAULT NULL)
RETURNS text VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_preview_text(
    query: Option<&str>,
    dry_run: Option<bool>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
    r#override: Option<Vec<Option<String>>>,
    reason: Option<String>,
) -> String {
    let arguments =
        Arguments { query, dry_run, include_deprecated, pin, overrides: r#override, reason };
    render::preview(&arguments.preview().or_raise())
}

/// The arguments of spyne_preview, as SQL gives them: each may be NULL.
struct Arguments<'a> {
    query: Option<&'a str>,
    dry_run: Option<bool>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
    overrides: Option<Vec<Option<String>>>,
    reason: Option<String>,
}

impl Arguments<'_> {
    /// Makes and stores the preview that the arguments ask for.
    ///
    /// # Errors
    /// As spyne_preview.
    fn preview(self) -> Result<Preview> {
        let asked = Asked::plain(
            given(self.query, "query", HINT)?,
            given(self.include_deprecated, "include_deprecated", HINT)?,
        );
        let dry_run = given(self.dry_run, "dry_run", HINT)?;
        let overrides: Vec<String> =
            self.overrides.unwrap_or_default().into_iter().flatten().collect();
        let caller = Caller::now();
        caller.require(Permission::Query, "preview a statement")?;
        let pin = self.pin.as_ref().map(|pin| &pin.0);
        let asked = asked.with(dry_run, pin, &overrides, self.reason)?;
        preview(&asked, None, &caller)
    }
}

/// Makes and stores a preview, for a caller who has the permission to query.
///
/// # Errors
/// As spyne_preview, arguments aside.
pub(super) fn preview(asked: &Asked, corrects: Option<&str>, caller: &Caller) -> Result<Preview> {
    let (sql, analyzed) =
        preview_rule::looking(asked.include_deprecated, || analyzed(asked, caller))?;
    let can_be_tried = analyzed.can_be_tried();
    let maker = Maker {
        user: caller.user,
        user_name: users::name(caller.user),
        search_path: settings::search_path(),
    };
    let retention = guc::preview_retention_seconds();
    let make = |e: &Elevated| -> Result<(Preview, Past)> {
        let looked = judged(e, sql, analyzed)?;
        let past = previews::past(e, retention)?;
        let mut preview = looked.preview(asked, maker, past.ms_per_cost);
        preview.corrects = corrects.map(str::to_string);
        Ok((preview, past))
    };
    let is_stored = !transaction::read_only_here();
    let ttl = guc::preview_ttl_seconds();
    let keep = |e: &Elevated, mut preview: Preview, past: &Past| -> Result<Preview> {
        if is_stored && past.is_cluttered {
            previews::clear(e, retention)?;
        }
        let kept = match is_stored {
            true => previews::insert(e, &preview, ttl)?,
            false => previews::held(e, ttl)?,
        };
        preview.preview_id = kept.preview_id;
        preview.expires_at = kept.expires_at;
        Ok(preview)
    };
    let preview = match asked.dry_run {
        false => elevated(|e| {
            let (preview, past) = make(e)?;
            keep(e, preview, &past)
        })?,
        // The write is tried as the caller.
        true => {
            let (mut preview, past) = elevated(make)?;
            if !can_be_tried {
                return Err(no_dry_run(&preview.statement));
            }
            let tried = dry_run(&preview)?;
            preview.estimated_rows = Some(tried.rows as f64);
            preview.dry_run = Some(tried);
            elevated(|e| keep(e, preview, &past))?
        }
    };
    if !is_stored {
        report::log_line(&format!(
            "spyne: preview {} held by this session: {}",
            preview.preview_id, preview.sql
        ));
    }
    preview_rule::made(&preview, ttl, is_stored);
    Ok(preview)
}

fn no_dry_run(statement: &str) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        format!("{statement} has no dry run"),
        "A dry run tries INSERT, UPDATE, DELETE or MERGE and rolls it back.",
        "Leave dry_run out.",
    )
}

/// Runs the write of a preview in a subtransaction, and undoes it.
fn dry_run(preview: &Preview) -> Result<DryRun> {
    if transaction::read_only_here() {
        return Err(SpyneError::new(
            Code::ReadOnly,
            "a dry run writes before it rolls back, and nothing can be written here",
            "This is a standby, or a read-only transaction.",
            "Leave dry_run out, or connect to the primary.",
        ));
    }
    let is_target = |t: &&TableUse| t.access == Use::Write && catalogs::has_rows_of_its_own(t.oid);
    let target = preview.tables_used.iter().find(is_target);
    let images = target
        .filter(|t| catalogs::may_select(t.oid, users::current()))
        .map(|t| trial::Images { address: &t.relation, most: IMAGES });
    let outcome = trial::rolled_back(|| {
        preview_rule::trying(preview, || trial::write(&preview.sql, images.as_ref()))
    })?;
    Ok(DryRun {
        rows: outcome.rows,
        table: target.map(|t| t.relation.clone()),
        before: outcome.before,
        after: outcome.after,
    })
}

row! {
    /// What is dangerous about a statement.
    "guardrail" => GuardrailRow {
        code: String,
        severity: &'static str,
        message: String,
        remedy: String,
    }
}

/// Guardrails of a statement, which is neither run nor stored.
///
/// # Errors
/// As spyne_preview.
#[pg_extern(sql = "
CREATE FUNCTION spyne_validate(query text)
RETURNS SETOF spyne.guardrail
ROWS 5 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_validate(query: Option<&str>) -> Rows<GuardrailRow> {
    let run = || -> Result<Vec<_>> {
        let asked = Asked::plain(given(query, "query", HINT)?, true);
        let caller = Caller::now();
        caller.require(Permission::Query, "validate a statement")?;
        let (sql, analyzed) = preview_rule::looking(true, || analyzed(&asked, &caller))?;
        let looked = elevated(|e| judged(e, sql, analyzed))?;
        let row = |g: Guardrail| GuardrailRow {
            code: g.code.into_owned(),
            severity: g.severity.as_str(),
            message: g.message,
            remedy: g.remedy,
        };
        Ok(looked.guardrails.into_iter().map(row).collect())
    };
    Rows::of(run().or_raise())
}

/// What Postgres makes of a statement, and what the catalogs have on its relations:
/// what the rules of previews look at. Nothing is run. It serves the tests of those
/// rules, and users who ask why a rule has said what it says. Granted to spyne_admin.
///
/// # Errors
/// As spyne_preview.
#[pg_extern(sql = "
CREATE FUNCTION spyne.analyzed(query text) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn analyzed_trees(query: Option<&str>) -> JsonB {
    let run = || -> Result<Value> {
        let asked = Asked::plain(given(query, "query", HINT)?, true);
        let caller = Caller::now();
        caller.require(Permission::Query, "look at a statement")?;
        let (_, analyzed) = preview_rule::looking(true, || analyzed(&asked, &caller))?;
        let (relations, _) = elevated(|e| relations::of(e, &analyzed))?;
        Ok(json!({
            "wrapper": analyzed.wrapper.as_str(), "queries": analyzed.queries, "relations": relations.0,
        }))
    };
    JsonB(run().or_raise())
}

/// What a run did, in plain words.
///
/// # Errors
/// 22004; 22023 where there is no such run of the caller's.
#[pg_extern(sql = "
CREATE FUNCTION spyne_explain(execution_id bigint) RETURNS text
STABLE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_explain(execution_id: Option<i64>) -> String {
    let run = || -> Result<String> {
        let hint = "List your runs: SELECT execution_id, started_at, preview_id FROM spyne.query_executions;";
        let id = given(execution_id, "execution_id", hint)?;
        let caller = Caller::now();
        let admin = caller.role == Role::Admin;
        let run = elevated(|e| previews::run(e, id, caller.user, admin))?.ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("there is no run {id} of yours"),
                "People see their own runs, admins all.",
                hint,
            )
        })?;
        Ok(render::run(&run))
    };
    run().or_raise()
}

/// The statement of a preview of the caller's, and whether it returns rows.
#[pg_extern(sql = "
CREATE FUNCTION spyne.preview_statement(preview_id uuid, as_cursor boolean) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn preview_statement(preview_id: Option<pgrx::Uuid>, as_cursor: Option<bool>) -> JsonB {
    let run = || -> Result<Value> {
        let hint = "For example: SELECT * FROM spyne_execute((SELECT preview_id FROM spyne_preview('SELECT 1')));";
        let id = given(preview_id, "preview_id", hint)?.to_string();
        let caller = Caller::now();
        let held = preview_rule::held_text(&id, caller.user);
        let sql = match held {
            Some(sql) => sql,
            None => {
                let found = elevated(|e| previews::by_id(e, &id, caller.user, false))?;
                let found = found.ok_or_else(|| no_such_preview(&id))?;
                preview_rule::check_runnable(&found)?;
                found.preview.sql
            }
        };
        preview_rule::look_for_previews();
        let runner = if as_cursor.unwrap_or(false) { Runner::Cursor } else { Runner::Function };
        // Where the statement cannot be analyzed, its run raises the error.
        let analyzed = analyze::analyze(&sql, false).ok();
        if let Some(why) = analyzed.as_ref().and_then(|a| a.refusal_of(runner)) {
            let what = match runner {
                Runner::Cursor => "opened as a cursor",
                Runner::Function => "run by a function",
            };
            return Err(SpyneError::new(
                Code::Unsupported,
                format!("this preview cannot be {what}"),
                why,
                "Send the statement as it was previewed; it is authorised.",
            ));
        }
        let returns_rows = analyzed.is_none_or(|a| a.returns_rows());
        Ok(json!({ "sql": sql, "returns_rows": returns_rows }))
    };
    JsonB(run().or_raise())
}

fn no_such_preview(id: &str) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        format!("there is no preview {id} of yours"),
        "A preview authorises the user who made it; another's cannot be run.",
        HINT,
    )
}
