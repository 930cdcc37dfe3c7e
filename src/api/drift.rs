//! spyne_detect_drift, spyne_resolve_drift, spyne_diff.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::Value;
use spyne_core::drift::described;
use spyne_core::drift::report::{Settlement, Source};
use spyne_core::drift::subject::{Found, with_consumers};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, with_suffix};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::kernel::state::{State, StateSet};
use spyne_core::shape::Change;
use spyne_core::shape::compare::{Relationship, compare, kept};
use spyne_core::shape::guide;
use spyne_core::shape::snapshot::{Column, Snapshot, Unsaid};
use spyne_core::words::likeness::near;

use super::context::{Caller, given};
use super::progress::Progress;
use crate::command::drift::ResolveDrift;
use crate::command::settling::{self, Settled};
use crate::command::{self, Mode};
use crate::pg::elevate::elevated;
use crate::pg::oids::{AsOid, rel_id};
use crate::pg::{cache, catalogs, digest, types as type_names};
use crate::report::OrRaise;
use crate::store::drift::{self, About};
use crate::store::{tables, types};

type DriftRow = (
    pg_sys::Oid,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
    JsonB,
    String,
);

fn row(relid: RelId, found: Found) -> DriftRow {
    let change = found.change;
    (
        relid.oid(),
        change.change_type.as_str().to_string(),
        change.column,
        change.old_name,
        change.new_name,
        change.old_type,
        change.new_type,
        change.severity.as_str().to_string(),
        change.detail,
        JsonB(Value::Array(found.consumers)),
        change.remedy,
    )
}

/// The changes of a governed table since its shape was taken, and what uses it.
/// What is found is stored, once; what is COMPATIBLE is applied.
///
/// # Errors
/// 55000 where the table is not governed; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift(relation regclass)
RETURNS TABLE (relation regclass, change_type text, \"column\" text, old_name text, new_name text,
               old_type text, new_type text, severity text, detail text, consumers jsonb, remedy text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_detect_drift(
    relation: Option<pg_sys::Oid>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(change_type, String),
        name!(column, Option<String>),
        name!(old_name, Option<String>),
        name!(new_name, Option<String>),
        name!(old_type, Option<String>),
        name!(new_type, Option<String>),
        name!(severity, String),
        name!(detail, String),
        name!(consumers, JsonB),
        name!(remedy, String),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_detect_drift('public.customer');";
    let run = || -> Result<Vec<DriftRow>> {
        let relid = rel_id(given(relation, "relation", hint)?);
        let caller = Caller::now();
        let action = format!("look for drift of {}", catalogs::relation_name(relid));
        caller.require(Permission::Query, &action)?;
        let governed = elevated(|e| tables::governed(e, relid))?;
        if governed.state == State::Shadow {
            caller.require(Permission::ViewShadow, &action)?;
        }
        let settled = look(relid, &caller)?;
        Ok(settled.map(|s| s.found).into_iter().flatten().map(|f| row(relid, f)).collect())
    };
    TableIterator::new(run().or_raise())
}

/// As `spyne_detect_drift(relation)`, for every governed table that the caller
/// may see. Tables whose catalog rows are those they were are not looked at.
///
/// # Errors
/// 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift()
RETURNS TABLE (relation regclass, change_type text, \"column\" text, old_name text, new_name text,
               old_type text, new_type text, severity text, detail text, consumers jsonb, remedy text)
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_detect_all_drift() -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(change_type, String),
        name!(column, Option<String>),
        name!(old_name, Option<String>),
        name!(new_name, Option<String>),
        name!(old_type, Option<String>),
        name!(new_type, Option<String>),
        name!(severity, String),
        name!(detail, String),
        name!(consumers, JsonB),
        name!(remedy, String),
    ),
> {
    let run = || -> Result<Vec<DriftRow>> {
        let caller = Caller::now();
        caller.require(Permission::Query, "look for drift")?;
        let sees_shadows = caller.role.may(Permission::ViewShadow);
        let mut suspects = suspects();
        suspects.sort_unstable();
        let mut progress = Progress::new("tables", suspects.len());
        let mut rows = Vec::new();
        for relid in suspects {
            progress.step();
            let staging = StateSet::of(State::Shadow);
            if !sees_shadows && cache::guard_of(relid).states() == staging {
                continue;
            }
            if let Some(settled) = look(relid, &caller)? {
                rows.extend(settled.found.into_iter().map(|f| row(relid, f)));
            }
        }
        Ok(rows)
    };
    TableIterator::new(run().or_raise())
}

/// Looks at a table. What is found is stored and settled by those who may change
/// something: who may only read holds no lock that others wait for.
fn look(relid: RelId, caller: &Caller) -> Result<Option<Settled>> {
    match caller.role >= Role::Engineer {
        true => settling::settle(relid, caller.user, None),
        false => settling::look_only(relid),
    }
}

/// The governed tables whose catalog rows are not those at which their shape
/// was found to be the one in force.
fn suspects() -> Vec<RelId> {
    let governed = cache::governed_relations();
    let now = digest::of(&governed);
    let then = digest::stored();
    let mut left: Vec<RelId> = governed
        .into_iter()
        .filter(|r| !now.contains_key(r) || now.get(r) != then.get(r))
        .collect();
    // A name is no part of a shape, and may be another all the same.
    let moved = elevated(|e| drift::moved(e)).unwrap_or_default();
    left.extend(moved.into_iter().filter(|r| !left.contains(r)).collect::<Vec<_>>());
    left
}

/// What the described schema of a feed changes against the table that it fills.
///
/// # Errors
/// 22023 for what is no description, and for unknown types; 42P01 for an unknown
/// name; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift(contract_id text, new_schema jsonb)
RETURNS TABLE (relation regclass, change_type text, \"column\" text, old_name text, new_name text,
               old_type text, new_type text, severity text, detail text, consumers jsonb, remedy text)
VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_detect_feed_drift(
    contract_id: Option<String>,
    new_schema: Option<JsonB>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(change_type, String),
        name!(column, Option<String>),
        name!(old_name, Option<String>),
        name!(new_name, Option<String>),
        name!(old_type, Option<String>),
        name!(new_type, Option<String>),
        name!(severity, String),
        name!(detail, String),
        name!(consumers, JsonB),
        name!(remedy, String),
    ),
> {
    let hint = r#"For example: SELECT * FROM spyne_detect_drift('customer', '{"columns": [{"name": "id", "data_type": "bigint"}]}');"#;
    let run = || -> Result<Vec<DriftRow>> {
        let name = given(contract_id, "contract_id", hint)?;
        let described = described::parse(&given(new_schema, "new_schema", hint)?.0)?;
        let caller = Caller::now();
        let action = format!("compare a feed with {name}");
        caller.require(Permission::Query, &action)?;
        let Some(relation) = elevated(|e| drift::target_of_feed(e, &name))? else {
            return Err(unknown_name(&name)?);
        };
        let Some(subject) = elevated(|e| drift::subject(e, relation))? else {
            return Err(unknown_name(&name)?);
        };
        if subject.state.is_staging() {
            caller.require(Permission::ViewShadow, &action)?;
        }
        let feed = resolved(described)?;
        let (old, at) = (subject.live(), subject.address());
        let changes = compare(&old, &feed, Relationship::Described, &|_| true, &at);
        let changes: Vec<Change> = changes.into_iter().map(of_feed).collect();
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let consumers = elevated(|e| drift::consumers(e, relation))?;
        let found = with_consumers(changes, &old, &consumers);
        if caller.role >= Role::Engineer && !catalogs::read_only_here() {
            let about = About {
                name: &subject.name,
                version: &subject.version,
                shown: &at.shown(),
                source: Source::Feed,
                staging: subject.state.is_staging(),
            };
            elevated(|e| drift::store(e, &about, &found, caller.user))?;
        }
        Ok(found.into_iter().map(|f| row(relation, f)).collect())
    };
    TableIterator::new(run().or_raise())
}

/// The remedy of a feed's drift is to ask for the old shape: the table is as it
/// was.
fn of_feed(change: Change) -> Change {
    Change { remedy: String::new(), ..change }
}

/// The described columns with the types that Postgres knows them by.
fn resolved(described: Vec<described::Described>) -> Result<Snapshot> {
    let mut faults = Vec::new();
    let mut columns = Vec::new();
    for column in described {
        let (oid, modifier) = match type_names::by_name(&column.data_type) {
            Ok(found) => found,
            Err(why) => {
                faults.push(format!("column \"{}\": {why}", column.name));
                continue;
            }
        };
        let named = elevated(|e| types::named(e, oid, modifier))?;
        columns.push(Column {
            name: column.name,
            data_type: named.data_type,
            facts: named.facts,
            not_null: column.nullable == Some(false),
            default: column.default.clone().flatten(),
            unsaid: Unsaid {
                nullable: column.nullable.is_none(),
                default: column.default.is_none(),
            },
            ..Column::default()
        });
    }
    match faults.is_empty() {
        true => Ok(Snapshot { columns, ..Snapshot::default() }),
        false => Err(SpyneError::new(
            Code::InvalidParameter,
            "new_schema names unknown types",
            faults.join("; "),
            "Name them as CREATE TABLE would: bigint, numeric(12,2), timestamp with time zone, schema.my_type.",
        )),
    }
}

fn unknown_name(name: &str) -> Result<SpyneError> {
    let names = elevated(|e| drift::names(e))?;
    let alike = near(name, names.iter().map(String::as_str));
    Ok(SpyneError::new(
        Code::UndefinedTable,
        format!("there is no contract or governed table named \"{name}\""),
        match alike.is_empty() {
            true => "Nothing is governed under that name or a similar one.".to_string(),
            false => format!("There is {}.", alike.join(", ")),
        },
        "List them: SELECT logical_name, version, state FROM spyne.tables;",
    ))
}

/// Settles a drift report: `apply` takes the live shape as a new version,
/// `dismiss` leaves things as they are.
///
/// # Errors
/// 22023 for an unknown report or action and for an empty reason; 55000 for a
/// report that is settled, or whose table has changed since; 2BP01 where views
/// stand in the way; 22004, 25006, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_resolve_drift(report_id bigint, action text, reason text, dry_run boolean DEFAULT false)
RETURNS TABLE (report_id bigint, status text, name text, version text)
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_resolve_drift(
    report_id: Option<i64>,
    action: Option<String>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (name!(report_id, i64), name!(status, String), name!(name, String), name!(version, String)),
> {
    let hint =
        "For example: SELECT * FROM spyne_resolve_drift(7, 'apply', 'agreed with the owners');";
    let run = || -> Result<_> {
        let id = given(report_id, "report_id", hint)?;
        let action = given(action, "action", hint)?;
        let reason = given(reason, "reason", hint)?;
        let mode = Mode::of(given(dry_run, "dry_run", hint)?);
        let settlement = Settlement::parse(&action).ok_or_else(|| {
            bad(
                format!("\"{action}\" is not a way to settle drift"),
                "action is apply (the live shape becomes a new version) or dismiss (nothing changes).",
                hint,
            )
        })?;
        let reason = reason.trim().to_string();
        if reason.is_empty() {
            return Err(bad(
                "drift is settled for a reason",
                "The argument reason is empty.",
                hint,
            ));
        }
        let report = command::run(&ResolveDrift { report_id: id, settlement, reason }, mode)?.facts;
        let version = report.version().to_string();
        Ok((id, settlement.status().as_str().to_string(), report.known.logical_name, version))
    };
    TableIterator::once(run().or_raise())
}

fn bad(message: impl Into<String>, detail: &str, hint: &str) -> SpyneError {
    SpyneError::new(Code::InvalidParameter, message, detail, hint)
}

/// The changes between two versions of a name, and a guide: statements that
/// lead from the one to the other, and a view that gives the old shape over the
/// new table.
///
/// # Errors
/// 42P01 for an unknown name or version; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_diff(name text, from_version text, to_version text)
RETURNS TABLE (seq integer, item text, change_type text, \"column\" text, severity text, detail text, statement text)
STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
#[allow(clippy::type_complexity)]
fn spyne_diff(
    name: Option<String>,
    from_version: Option<String>,
    to_version: Option<String>,
) -> TableIterator<
    'static,
    (
        name!(seq, i32),
        name!(item, String),
        name!(change_type, Option<String>),
        name!(column, Option<String>),
        name!(severity, Option<String>),
        name!(detail, String),
        name!(statement, Option<String>),
    ),
> {
    let hint = "For example: SELECT * FROM spyne_diff('customer', 'v1', 'v2');";
    let run = || -> Result<_> {
        let name = given(name, "name", hint)?;
        let from = given(from_version, "from_version", hint)?;
        let to = given(to_version, "to_version", hint)?;
        let caller = Caller::now();
        caller.require(Permission::Query, &format!("compare versions of {name}"))?;
        let (old, new) = (version_of(&name, &from, &caller)?, version_of(&name, &to, &caller)?);
        let address = elevated(|e| drift::address_of(e, &name, &from))?
            .unwrap_or_else(|| Address::new("public", &name));
        Ok(diff(&old, &new, &from, &address))
    };
    let rows = run().or_raise().into_iter().zip(1..);
    TableIterator::new(rows.map(|((item, change_type, column, severity, detail, sql), seq)| {
        (seq, item.to_string(), change_type, column, severity, detail, sql)
    }))
}

type DiffRow =
    (&'static str, Option<String>, Option<String>, Option<String>, String, Option<String>);

fn diff(old: &drift::Stored, new: &drift::Stored, from: &str, address: &Address) -> Vec<DiffRow> {
    let relationship = match old.origin.is_some() && old.origin == new.origin {
        true => Relationship::SameTable,
        false => Relationship::OtherTable,
    };
    let (old, new) = (&old.shape, &new.shape);
    let changes = compare(old, new, relationship, &|_| true, address);
    let pairs = kept(old, new, relationship);
    let mut rows: Vec<DiffRow> = changes
        .into_iter()
        .map(|c| {
            let (kind, severity) = (c.change_type.as_str(), c.severity.as_str());
            ("change", Some(kind.into()), c.column, Some(severity.into()), c.detail, None)
        })
        .collect();
    if rows.is_empty() {
        return rows;
    }
    for statement in guide::migration(old, new, &pairs, address) {
        let detail = "on a table of the old shape".to_string();
        rows.push(("migration", None, None, None, detail, Some(statement)));
    }
    let view = address.renamed(with_suffix(&address.name, &format!("__{from}_shape")));
    let statement = guide::view(old, &pairs, &view, address);
    let detail = "the old shape, over a table of the new one".to_string();
    rows.push(("view", None, None, None, detail, Some(statement)));
    rows
}

/// The shape of a version, as far as the caller may see it.
fn version_of(name: &str, version: &str, caller: &Caller) -> Result<drift::Stored> {
    if let Some(stored) = elevated(|e| drift::shape(e, name, version))? {
        if stored.state == Some(State::Shadow) {
            caller.require(Permission::ViewShadow, &format!("see version {version} of {name}"))?;
        }
        return Ok(stored);
    }
    let versions = elevated(|e| drift::versions(e, name))?;
    if versions.is_empty() {
        return Err(unknown_name(name)?);
    }
    Err(SpyneError::new(
        Code::UndefinedTable,
        format!("there is no version {version} of {name}"),
        format!("Its versions are {}.", versions.join(", ")),
        "For example: SELECT * FROM spyne_diff('customer', 'v1', 'v2');",
    ))
}
