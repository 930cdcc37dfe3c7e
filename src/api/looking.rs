//! Analyzes a statement, and judges it by the rules of previews.

use std::collections::BTreeMap;

use pgrx::prelude::*;

use super::context::Caller;
use crate::guc;
use crate::pg::analyze::{self, Problem, Raised};
use crate::pg::elevate::{Elevated, elevated};
use crate::pg::{catalogs, settings};
use crate::report;
use crate::store::{joins, previews, relations};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::names::{literal, quote};
use spyne_core::kernel::role::Permission;
use spyne_core::statement::analyzed::Analyzed;
use spyne_core::statement::correction;
use spyne_core::statement::preview::asked::Asked;
use spyne_core::statement::preview::looked::{Known, Looked};
use spyne_core::statement::preview::subject::Limits;
use spyne_core::statement::preview::{description, standing, text};
use spyne_core::words::likeness::near;

/// The HINT where an argument holds no statement.
pub(super) const HINT: &str =
    "For example: SELECT * FROM spyne_preview('SELECT count(*) FROM customer');";

/// The kinds of statement that have a preview.
const KINDS: &str = "SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE; TRUNCATE; COPY, CREATE TABLE AS, SELECT INTO, DECLARE CURSOR, EXPLAIN, PREPARE and EXECUTE of them";

/// Judges a statement by what the catalogs have now.
///
/// # Errors
/// XX000 where the catalog is not what it should be.
pub(super) fn judged(elevated: &Elevated, sql: String, analyzed: Analyzed) -> Result<Looked> {
    let (relations, basis) = relations::of(elevated, &analyzed)?;
    let described = match analyzed.queries.is_empty() {
        true => description::written(&analyzed.written, &relations),
        false => description::describe(&analyzed.queries, &relations),
    };
    let names = standing::names(&described);
    let joins = match names.is_empty() {
        true => Vec::new(),
        false => joins::between(elevated, &names)?,
    };
    let known = Known {
        relations: &relations,
        joins: &joins,
        limits: Limits {
            fan_out: guc::max_fan_out(),
            join_rows: guc::max_join_rows(),
            large_table_rows: guc::large_table_rows(),
            require_accepted_joins: guc::require_accepted_joins(),
        },
        name_of: &|oid| catalogs::relation_name(oid).shown(),
    };
    Ok(Looked::judge(sql, analyzed, described, basis, known))
}

/// Analyzes the text. Where it names a table that does not exist, the name is tried as
/// a logical name.
///
/// # Errors
/// 22023 for what is no statement with a preview and for pins that do not fit; and
/// Postgres's own.
pub(super) fn analyzed(asked: &Asked, caller: &Caller) -> Result<(String, Analyzed)> {
    if !asked.pins.is_empty() {
        let sql = pinned(&asked.text, &asked.pins, caller)?;
        return match analyze::analyze(&sql, true) {
            Ok(analyzed) => Ok((sql, analyzed)),
            Err(problem) => Err(in_words(problem, &sql, caller)),
        };
    }
    let problem = match analyze::analyze(&asked.text, true) {
        Ok(analyzed) => return Ok((asked.text.clone(), analyzed)),
        Err(problem) => problem,
    };
    let missing = matches!(&problem, Problem::Error(e) if e.sqlstate == PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE);
    if missing {
        let staging = caller.role.may(Permission::ViewShadow);
        let lookup = |parts: &[String]| match parts {
            // A name that the search_path leads to stays what it is.
            [name] if !settings::is_visible_relation(name) => {
                elevated(|e| previews::logical(e, name, None, staging)).ok().flatten()
            }
            _ => None,
        };
        if let Some(resolved) = correction::names::resolve_names(&asked.text, &lookup)
            && let Ok(analyzed) = analyze::analyze(&resolved.sql, true)
        {
            return Ok((resolved.sql, analyzed));
        }
    }
    Err(in_words(problem, &asked.text, caller))
}

/// The text with each pinned name replaced by that version's table.
///
/// # Errors
/// 22023 for a version that does not exist, and where the text has no such name.
fn pinned(sql: &str, pins: &BTreeMap<String, String>, caller: &Caller) -> Result<String> {
    let staging = caller.role.may(Permission::ViewShadow);
    let mut tables = BTreeMap::new();
    for (name, version) in pins {
        let table = elevated(|e| previews::logical(e, name, Some(version), staging))?;
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

/// Raises Postgres's own error again, with the place in the text, and for a table that
/// does not exist with the names most like it.
fn raise_again(raised: Raised, sql: &str, caller: &Caller) -> ! {
    let pointed = raised.position.map(|at| text::pointed_at(sql, at));
    let detail: Vec<String> = raised.detail.into_iter().chain(pointed).collect();
    let missing = matches!(raised.sqlstate, PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE);
    let known = match missing {
        true => elevated(|e| previews::names(e, caller.user)).unwrap_or_default(),
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
