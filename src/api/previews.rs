//! spyne_preview, spyne_validate, spyne_explain and what spyne_execute and
//! spyne_open stand on.

use pgrx::JsonB;
use pgrx::prelude::*;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::context::{Caller, elevated, given};
use super::standing::accepted_joins;
use crate::enforce::previews as rule;
use crate::guc;
use crate::pg::analyze::{self, Analyzed, Problem, Raised};
use crate::pg::{catalogs, trial};
use crate::report::{self, OrRaise};
use crate::store::previews::{self, Preview};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::names::{literal, quote};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::statement::correction;
use spyne_core::statement::preview::description::{self, Description, Use};
use spyne_core::statement::preview::findings::{Assumption, Guardrail, Severity};
use spyne_core::statement::preview::staleness::Basis;
use spyne_core::statement::preview::subject::{Limits, Subject};
use spyne_core::statement::preview::{assumptions, confidence, guardrails, render, standing, text};
use spyne_core::statement::query::Command;
use spyne_core::words::likeness::near;

/// How a stop is overridden.
const OVERRIDE: &str = "For example: SELECT * FROM spyne_preview('SELECT * FROM customer, region', override => '{EXPLOSIVE_JOIN}', reason => 'a small table on purpose');";

const HINT: &str = "For example: SELECT * FROM spyne_preview('SELECT count(*) FROM customer');";

/// The most rows that a dry run shows, before and after.
const IMAGES: usize = 20;

/// The kinds of statement that have a preview.
const KINDS: &str = "SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE; TRUNCATE; COPY, CREATE TABLE AS, SELECT INTO, DECLARE CURSOR, EXPLAIN, PREPARE and EXECUTE of them";

/// What a caller asks for.
pub(super) struct Request {
    text: String,
    dry_run: bool,
    include_deprecated: bool,
    overrides: Vec<String>,
    reason: Option<String>,
    pin: Option<Value>,
}

impl Request {
    /// A statement, and nothing else.
    pub(super) fn plain(sql: &str, include_deprecated: bool) -> Request {
        Request {
            text: text::normalized(sql).to_string(),
            dry_run: false,
            include_deprecated,
            overrides: Vec::new(),
            reason: None,
            pin: None,
        }
    }
}

/// A statement that was looked at.
struct Looked {
    sql: String,
    analyzed: Analyzed,
    basis: Basis,
    described: Description,
    assumptions: Vec<Assumption>,
    guardrails: Vec<Guardrail>,
}

/// Makes a preview: see `spyne_preview`.
#[pg_extern(sql = "
CREATE FUNCTION spyne.make_preview(query text, dry_run boolean, include_deprecated boolean, pin jsonb, override text[], reason text)
RETURNS jsonb VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn make_preview(
    query: Option<&str>,
    dry_run: Option<bool>,
    include_deprecated: Option<bool>,
    pin: Option<JsonB>,
    r#override: Option<Vec<Option<String>>>,
    reason: Option<String>,
) -> JsonB {
    let run = || -> Result<Value> {
        let request = Request {
            text: text::normalized(given(query, "query", HINT)?).to_string(),
            dry_run: given(dry_run, "dry_run", HINT)?,
            include_deprecated: given(include_deprecated, "include_deprecated", HINT)?,
            overrides: r#override.unwrap_or_default().into_iter().flatten().collect(),
            reason,
            pin: pin.map(|p| p.0),
        };
        preview(&request, None)
    };
    JsonB(run().or_raise())
}

/// Makes and stores a preview; answers with its row.
pub(super) fn preview(request: &Request, corrects: Option<&str>) -> Result<Value> {
    let caller = Caller::now();
    caller.require(Permission::Query, "preview a statement")?;
    check_overrides(request)?;
    let looked = rule::looking(request.include_deprecated, || look(request, &caller))?;
    let writes = looked.described.tables_used.iter().any(|t| t.access == Use::Write)
        || looked.analyzed.queries.iter().any(|q| q.command.writes());
    let left: Vec<&str> = looked
        .guardrails
        .iter()
        .filter(|g| g.severity == Severity::Stop)
        .map(|g| &*g.code)
        .filter(|code| !request.overrides.iter().any(|o| o.eq_ignore_ascii_case(code)))
        .collect();
    let cost: Option<f64> = (!looked.analyzed.plans.is_empty())
        .then(|| looked.analyzed.plans.iter().map(|p| p.cost).sum());
    let rows: Option<f64> = (!looked.analyzed.plans.is_empty())
        .then(|| looked.analyzed.plans.iter().map(|p| p.rows).sum());
    let ms_per_cost = elevated(previews::ms_per_cost)?;
    let level = confidence::confidence(&looked.assumptions, &looked.guardrails);
    let mut preview = Preview {
        preview_id: String::new(),
        user_oid: caller.user,
        statement: kind_of(&looked.analyzed),
        search_path: catalogs::search_path(),
        tables_used: to_value(&looked.described.tables_used),
        join_versions: standing::joins_used(&looked.described),
        joins: to_value(&looked.described.joins),
        filters: to_value(&looked.described.filters),
        aggregations: to_value(&looked.described.aggregations),
        assumptions: to_value(&looked.assumptions),
        guardrails: to_value(&looked.guardrails),
        dry_run: None,
        confidence: level,
        estimated_rows: rows,
        estimated_cost: cost,
        estimated_execution_time_ms: ms_per_cost.zip(cost).map(|(ms, cost)| ms * cost),
        requires_confirmation: !left.is_empty(),
        overrides: request.overrides.iter().map(|o| o.to_uppercase()).collect(),
        reason: request.reason.clone(),
        include_deprecated: request.include_deprecated,
        writes,
        basis: looked.basis,
        corrects: corrects.map(str::to_string),
        sql: looked.sql,
    };
    if request.dry_run {
        if !writes || !looked.analyzed.wrapper.is_empty() {
            return Err(no_dry_run(&preview.statement));
        }
        let tried = dry_run(&preview, &looked.described)?;
        preview.estimated_rows = tried["rows"].as_f64();
        preview.dry_run = Some(tried);
    }
    let ttl = guc::preview_ttl_seconds();
    let stored = match catalogs::read_only_here() {
        true => None,
        false => elevated(|| previews::insert(&preview, ttl, guc::preview_retention_seconds()))?,
    };
    let expires_at = match &stored {
        Some(stored) => {
            preview.preview_id.clone_from(&stored.preview_id);
            stored.expires_at.clone()
        }
        None => {
            let held = elevated(|| previews::held(ttl))?;
            preview.preview_id.clone_from(&held.preview_id);
            report::log_line(&format!(
                "spyne: preview {} held by this session: {}",
                preview.preview_id, preview.sql
            ));
            held.expires_at
        }
    };
    rule::made(&preview, ttl, stored.is_some());
    let mut row = to_value(&preview);
    row["expires_at"] = json!(expires_at);
    Ok(row)
}

fn to_value(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn kind_of(analyzed: &Analyzed) -> String {
    match (analyzed.wrapper, analyzed.queries.first()) {
        ("", Some(query)) => query.command.as_str().to_string(),
        (wrapper, _) => wrapper.to_string(),
    }
}

/// Looks at a statement; nothing is run and nothing stored.
fn look(request: &Request, caller: &Caller) -> Result<Looked> {
    let (sql, analyzed) = analyzed(request, caller)?;
    let (oids, functions) = analyzed.uses();
    let (relations, mut basis) =
        elevated(|| previews::facts(&oids, &functions, analyzed.fingerprint.clone()))?;
    basis.note_columns(&analyzed.queries);
    let mut described = match analyzed.queries.is_empty() {
        true => description::written(&analyzed.written, &relations),
        false => description::describe(&analyzed.queries, &relations),
    };
    let limits = Limits {
        fan_out: guc::max_fan_out(),
        join_rows: guc::max_join_rows(),
        large_table_rows: guc::large_table_rows(),
        require_accepted_joins: guc::require_accepted_joins(),
    };
    let joins = accepted_joins(&mut described)?;
    // Those that it uses are what it was made against.
    let used: Vec<String> = described.joins.iter().filter_map(|j| j.join_id.clone()).collect();
    basis.joins.retain(|join_id, _| used.contains(join_id));
    let mut assumed = Vec::new();
    let mut guarded = Vec::new();
    for (at, query) in analyzed.queries.iter().enumerate() {
        let subject = Subject {
            query,
            relations: &relations,
            plan: analyzed.plans.get(at).map(|p| &p.tree),
            limits,
            joins: if at == 0 { &joins } else { &[] },
        };
        assumed.extend(assumptions::assumptions(&subject));
        guarded.extend(guardrails::guardrails(&subject));
    }
    if analyzed.wrapper == "TRUNCATE" {
        let tables: Vec<String> =
            described.tables_used.iter().map(|t| t.relation.clone()).collect();
        guarded.push(guardrails::truncates(&tables));
    }
    for table in described.tables_used.iter().filter(|t| t.access == Use::Write) {
        let reached = basis.relations.get(&table.oid).map_or(&[][..], |b| &b.cascades[..]);
        let inserts =
            analyzed.queries.iter().all(|q| q.command == Command::Insert && q.actions.is_empty());
        if !reached.is_empty() && !inserts && analyzed.written.is_empty() {
            let names: Vec<String> =
                reached.iter().map(|oid| catalogs::relation_name(*oid).shown()).collect();
            guarded.push(guardrails::foreign_keys_reach(&table.relation, &names));
        }
    }
    Ok(Looked { sql, analyzed, basis, described, assumptions: assumed, guardrails: guarded })
}

/// Analyzes the text. Where it names a table that is not there, logical names
/// are tried.
fn analyzed(request: &Request, caller: &Caller) -> Result<(String, Analyzed)> {
    let pins = pins(request.pin.as_ref())?;
    if !pins.is_empty() {
        let sql = pinned(&request.text, &pins, caller)?;
        return match analyze::analyze(&sql, true) {
            Ok(analyzed) => Ok((sql, analyzed)),
            Err(problem) => Err(in_words(problem, &sql, caller)),
        };
    }
    let problem = match analyze::analyze(&request.text, true) {
        Ok(analyzed) => return Ok((request.text.clone(), analyzed)),
        Err(problem) => problem,
    };
    let missing = matches!(&problem, Problem::Error(e) if e.sqlstate == PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE);
    if missing {
        let staging = caller.role.may(Permission::ViewShadow);
        let lookup = |parts: &[String]| match parts {
            // A name that Postgres knows stays what it is.
            [name] if !catalogs::is_visible_relation(name) => {
                elevated(|| previews::logical(name, None, staging)).ok().flatten()
            }
            _ => None,
        };
        if let Some(resolved) = correction::names::resolve_names(&request.text, &lookup)
            && let Ok(analyzed) = analyze::analyze(&resolved.sql, true)
        {
            return Ok((resolved.sql, analyzed));
        }
    }
    Err(in_words(problem, &request.text, caller))
}

/// The argument pin: logical names and their versions.
///
/// # Errors
/// 22023.
fn pins(pin: Option<&Value>) -> Result<BTreeMap<String, String>> {
    let wrong = |what: &Value| {
        SpyneError::new(
            Code::InvalidParameter,
            "pin is not an object of names and versions",
            format!("It is {what}."),
            "For example: SELECT * FROM spyne_preview('SELECT count(*) FROM customer', pin => '{\"customer\": \"v1\"}');",
        )
    };
    let Some(pin) = pin.filter(|p| !p.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let object = pin.as_object().ok_or_else(|| wrong(pin))?;
    object
        .iter()
        .map(|(name, version)| {
            let version = version.as_str().ok_or_else(|| wrong(pin))?;
            Ok((name.clone(), version.to_string()))
        })
        .collect()
}

/// The text with each pinned name replaced by that version's table.
///
/// # Errors
/// 22023 for a version that there is not, and where the text has no such name.
fn pinned(sql: &str, pins: &BTreeMap<String, String>, caller: &Caller) -> Result<String> {
    let staging = caller.role.may(Permission::ViewShadow);
    let mut tables = BTreeMap::new();
    for (name, version) in pins {
        let table = elevated(|| previews::logical(name, Some(version), staging))?;
        let table = table.ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("{name} has no version {version} to pin"),
                "A pin names a version that is there.",
                format!("See its versions: SELECT version, state FROM spyne.tables WHERE logical_name = {};", literal(name)),
            )
        })?;
        tables.insert(name, table);
    }
    let lookup = |parts: &[String]| tables.get(parts.last()?).cloned();
    correction::names::resolve_names(sql, &lookup).map(|r| r.sql).ok_or_else(|| {
        SpyneError::new(
            Code::InvalidParameter,
            "the statement has none of the names that are pinned",
            "A pin replaces a table's name in the text by the version asked for.",
            "Pin a name as the statement writes it, or write the version's table.",
        )
    })
}

fn in_words(problem: Problem, sql: &str, caller: &Caller) -> SpyneError {
    match problem {
        Problem::Empty => SpyneError::new(
            Code::InvalidParameter,
            "there is no statement to look at",
            "The text is empty, or nothing but space, comments and semicolons.",
            HINT,
        ),
        Problem::Several(count) => SpyneError::new(
            Code::InvalidParameter,
            format!("one statement at a time: the text has {count}"),
            "A preview authorises one statement; each of several has its own.",
            "Preview them one by one.",
        ),
        Problem::Kind(tag) => SpyneError::new(
            Code::Unsupported,
            format!("{tag} has no preview"),
            format!("These have: {KINDS}."),
            "What changes tables themselves is planned by spyne_promote and its kin, with dry_run => true.",
        ),
        Problem::Error(raised) => raise_again(*raised, sql, caller),
    }
}

/// Postgres's own error, with the place in the text, and for a table that is
/// not there with the names most like it.
fn raise_again(raised: Raised, sql: &str, caller: &Caller) -> ! {
    let pointed = raised.position.map(|at| text::pointed_at(sql, at));
    let detail: Vec<String> = raised.detail.into_iter().chain(pointed).collect();
    let missing = matches!(raised.sqlstate, PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE);
    let known = match missing {
        true => elevated(|| previews::names(caller.user)).unwrap_or_default(),
        false => Vec::new(),
    };
    let wanted = raised.message.split('"').nth(1).unwrap_or_default();
    let near =
        near(wanted.rsplit('.').next().unwrap_or_default(), known.iter().map(String::as_str));
    let hint = match raised.hint {
        _ if missing && !near.is_empty() => {
            let near: Vec<String> = near.into_iter().map(quote).collect();
            format!("Names like it: {}.", near.join(", "))
        }
        Some(hint) => hint,
        None if missing => "See which tables there are: \\dt *.*".to_string(),
        None if raised.sqlstate == PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE => {
            "Ask the owner for the privilege, or query the view in governed.".to_string()
        }
        None => "Correct the statement, and preview it again.".to_string(),
    };
    report::raise_as(raised.sqlstate, raised.message, detail.join("\n"), hint)
}

fn check_overrides(request: &Request) -> Result<()> {
    let unknown: Vec<&str> = request
        .overrides
        .iter()
        .map(String::as_str)
        .filter(|o| !guardrails::STOPS.iter().any(|s| s.eq_ignore_ascii_case(o)))
        .collect();
    if !unknown.is_empty() {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no stop called {}", unknown.join(", ")),
            format!("The stops are {}.", guardrails::STOPS.join(", ")),
            OVERRIDE,
        ));
    }
    let reason = request.reason.as_deref().unwrap_or_default().trim();
    if !request.overrides.is_empty() && reason.is_empty() {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            "an override needs a reason",
            "It is recorded with the preview, for whoever asks later.",
            OVERRIDE,
        ));
    }
    Ok(())
}

fn no_dry_run(statement: &str) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        format!("{statement} has no dry run"),
        "A dry run tries INSERT, UPDATE, DELETE or MERGE and rolls it back.",
        "Leave dry_run out.",
    )
}

/// Tries the write, and undoes it.
fn dry_run(preview: &Preview, described: &Description) -> Result<Value> {
    if catalogs::read_only_here() {
        return Err(SpyneError::new(
            Code::ReadOnly,
            "a dry run writes before it rolls back, and nothing can be written here",
            "This is a standby, or a read-only transaction.",
            "Leave dry_run out, or connect to the primary.",
        ));
    }
    let target = described
        .tables_used
        .iter()
        .find(|t| t.access == Use::Write && catalogs::has_rows_of_its_own(t.oid));
    let images = target
        .filter(|t| catalogs::may_select(t.oid))
        .map(|t| trial::Images { address: &t.relation, most: IMAGES });
    let outcome = trial::rolled_back(|| {
        rule::trying(preview, || trial::write(&preview.sql, images.as_ref()))
    })?;
    Ok(json!({
        "rows": outcome.rows, "before": outcome.before, "after": outcome.after,
        "table": target.map(|t| t.relation.clone()),
    }))
}

/// Guardrails of a statement, which is neither run nor stored.
///
/// # Errors
/// As spyne_preview.
#[pg_extern(sql = "
CREATE FUNCTION spyne_validate(query text)
RETURNS TABLE (code text, severity text, message text, remedy text)
ROWS 5 VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_validate(
    query: Option<&str>,
) -> TableIterator<
    'static,
    (name!(code, String), name!(severity, String), name!(message, String), name!(remedy, String)),
> {
    let run = || -> Result<Vec<_>> {
        let request = Request::plain(given(query, "query", HINT)?, true);
        let caller = Caller::now();
        caller.require(Permission::Query, "validate a statement")?;
        let looked = rule::looking(true, || look(&request, &caller))?;
        Ok(looked
            .guardrails
            .into_iter()
            .map(|g| (g.code.into_owned(), g.severity.as_str().to_string(), g.message, g.remedy))
            .collect())
    };
    TableIterator::new(run().or_raise())
}

/// What Postgres makes of a statement, and what the catalogs know of its relations: what
/// the rules of a preview look at. Nothing is run. For tests of those rules, and for whoever
/// asks why a rule has said what it says; granted to spyne_admin.
///
/// # Errors
/// As spyne_preview.
#[pg_extern(sql = "
CREATE FUNCTION spyne.analyzed(query text) RETURNS jsonb
VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn analyzed_trees(query: Option<&str>) -> JsonB {
    let run = || -> Result<Value> {
        let request = Request::plain(given(query, "query", HINT)?, true);
        let caller = Caller::now();
        caller.require(Permission::Query, "look at a statement")?;
        let (_, analyzed) = rule::looking(true, || analyzed(&request, &caller))?;
        let (oids, functions) = analyzed.uses();
        let (relations, _) = elevated(|| previews::facts(&oids, &functions, String::new()))?;
        Ok(json!({
            "wrapper": analyzed.wrapper, "queries": analyzed.queries, "relations": relations.0,
        }))
    };
    JsonB(run().or_raise())
}

/// A preview's row as one text for people: see `spyne_preview_text`.
#[pg_extern(sql = "
CREATE FUNCTION spyne.render_preview(preview jsonb) RETURNS text
IMMUTABLE STRICT LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn render_preview(preview: JsonB) -> String {
    render::preview(&preview.0)
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
        let run = elevated(|| previews::run(id, caller.user, admin))?.ok_or_else(|| {
            SpyneError::new(
                Code::InvalidParameter,
                format!("there is no run {id} of yours"),
                "People see their own runs, admins all.",
                hint,
            )
        })?;
        Ok(render::run(&to_value(&run)))
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
        let as_cursor = as_cursor.unwrap_or(false);
        let caller = Caller::now();
        let held = rule::held_text(&id, caller.user);
        let sql = match held {
            Some(sql) => sql,
            None => {
                let found = elevated(|| previews::by_id(&id, caller.user, false))?;
                let found = found.ok_or_else(|| no_such_preview(&id))?;
                rule::check_runnable(&found)?;
                found.preview.sql
            }
        };
        rule::look_for_previews();
        let analyzed = analyze::analyze(&sql, false);
        let (wrapper, rows, selects) = match &analyzed {
            Ok(a) => (
                a.wrapper,
                a.queries.iter().any(|q| !q.command.writes() || !q.returning.is_empty()),
                !a.queries.iter().any(|q| {
                    let mut writes = false;
                    q.each_level(&mut |level, _| writes |= level.command.writes());
                    writes
                }),
            ),
            // Its run says what is wrong with it.
            Err(_) => ("", true, true),
        };
        let runs_here = wrapper.is_empty() || (wrapper == "EXPLAIN" && !as_cursor);
        if !runs_here || (as_cursor && !selects) {
            return Err(SpyneError::new(
                Code::Unsupported,
                format!(
                    "this preview cannot be {}",
                    if as_cursor { "opened as a cursor" } else { "run by a function" }
                ),
                match wrapper {
                    "" => "Only a SELECT can be opened.".to_string(),
                    wrapper => format!("It is {wrapper}, which a client runs by itself."),
                },
                "Send the statement as it was previewed; it is authorised.",
            ));
        }
        Ok(json!({ "sql": sql, "returns_rows": rows || wrapper == "EXPLAIN" }))
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
