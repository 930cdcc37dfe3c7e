//! spyne_detect_drift, spyne_resolve_drift, spyne_diff.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::Value;
use spyne_core::drift::described;
use spyne_core::drift::report::{ReportSource, Settlement};
use spyne_core::drift::subject::{FoundChange, with_consumers};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, with_suffix};
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::kernel::state::{State, StateSet};
use spyne_core::shape::SchemaChange;
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
use crate::pg::oids::rel_id;
use crate::pg::row_sets::{Rows, row};
use crate::pg::{cache, catalogs, digest, transaction, types as type_names};
use crate::report::OrRaise;
use crate::store::drift::{self, About};
use crate::store::{tables, types};

row! {
    /// A change of a table since its shape was taken, and what uses it.
    "detected_change" => DetectedChange {
        relation: RelId,
        change_type: &'static str,
        column: Option<String>,
        old_name: Option<String>,
        new_name: Option<String>,
        old_type: Option<String>,
        new_type: Option<String>,
        severity: &'static str,
        detail: String,
        consumers: JsonB,
        remedy: String,
    }
}

impl DetectedChange {
    fn of(relation: RelId, found: FoundChange) -> Self {
        let change = found.change;
        DetectedChange {
            relation,
            change_type: change.change_type.as_str(),
            column: change.column,
            old_name: change.old_name,
            new_name: change.new_name,
            old_type: change.old_type,
            new_type: change.new_type,
            severity: change.severity.as_str(),
            detail: change.detail,
            consumers: JsonB(Value::Array(found.consumers)),
            remedy: change.remedy,
        }
    }

    fn all_of(relation: RelId, found: Vec<FoundChange>) -> impl Iterator<Item = Self> {
        found.into_iter().map(move |one| DetectedChange::of(relation, one))
    }
}

/// The changes of a governed table since its shape was taken, and what uses it. What is
/// found is stored once, and COMPATIBLE changes are applied.
///
/// # Errors
/// 55000 where the table is not governed; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift(relation regclass)
RETURNS SETOF spyne.detected_change
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_detect_drift(relation: Option<pg_sys::Oid>) -> Rows<DetectedChange> {
    let hint = "For example: SELECT * FROM spyne_detect_drift('public.customer');";
    let run = || -> Result<Vec<DetectedChange>> {
        let relid = rel_id(given(relation, "relation", hint)?);
        let caller = Caller::now();
        let action = format!("look for drift of {}", catalogs::relation_name(relid));
        caller.require(Permission::Query, &action)?;
        let governed = elevated(|e| tables::governed(e, relid))?;
        if governed.state == State::Shadow {
            caller.require(Permission::ViewShadow, &action)?;
        }
        let settled = look(relid, &caller)?;
        Ok(settled.into_iter().flat_map(|s| DetectedChange::all_of(relid, s.found)).collect())
    };
    Rows::of(run().or_raise())
}

/// As `spyne_detect_drift(relation)`, for every governed table that the caller may see.
/// Tables whose catalog rows have not changed are left out.
///
/// # Errors
/// 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift()
RETURNS SETOF spyne.detected_change
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_detect_all_drift() -> Rows<DetectedChange> {
    let run = || -> Result<Vec<DetectedChange>> {
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
                rows.extend(DetectedChange::all_of(relid, settled.found));
            }
        }
        Ok(rows)
    };
    Rows::of(run().or_raise())
}

/// Compares a table with its shape in force. What is found is stored and settled only
/// where the caller may change something: a caller who may only read takes no lock that
/// others would wait for.
fn look(relid: RelId, caller: &Caller) -> Result<Option<Settled>> {
    match caller.role >= Role::Engineer {
        true => settling::settle(relid, caller.user, None),
        false => settling::look_only(relid),
    }
}

/// The governed tables whose catalog rows have changed since their shape was found to
/// be the one in force.
fn suspects() -> Vec<RelId> {
    let governed = cache::governed_relations();
    let now = digest::of(&governed);
    let then = digest::stored();
    let mut left: Vec<RelId> = governed
        .into_iter()
        .filter(|r| !now.contains_key(r) || now.get(r) != then.get(r))
        .collect();
    // The name of a table is no part of its shape, so renamed tables are looked for
    // separately.
    let moved = elevated(|e| drift::moved(e)).unwrap_or_default();
    left.extend(moved.into_iter().filter(|r| !left.contains(r)).collect::<Vec<_>>());
    left
}

/// The changes that the described schema of a feed would make to the table that the
/// feed fills.
///
/// # Errors
/// 22023 for what is no description, and for unknown types; 42P01 for an unknown
/// name; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_detect_drift(contract_id text, new_schema jsonb)
RETURNS SETOF spyne.detected_change
VOLATILE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_detect_feed_drift(
    contract_id: Option<String>,
    new_schema: Option<JsonB>,
) -> Rows<DetectedChange> {
    let hint = r#"For example: SELECT * FROM spyne_detect_drift('customer', '{"columns": [{"name": "id", "data_type": "bigint"}]}');"#;
    let run = || -> Result<Vec<DetectedChange>> {
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
        let changes: Vec<SchemaChange> = changes.into_iter().map(of_feed).collect();
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let consumers = elevated(|e| drift::consumers(e, relation))?;
        let found = with_consumers(changes, &old, &consumers);
        if caller.role >= Role::Engineer && !transaction::read_only_here() {
            let about = About {
                name: &subject.name,
                version: &subject.version,
                shown: &at.shown(),
                source: ReportSource::Feed,
                staging: subject.state.is_staging(),
            };
            elevated(|e| drift::store(e, &about, &found, caller.user))?;
        }
        Ok(DetectedChange::all_of(relation, found).collect())
    };
    Rows::of(run().or_raise())
}

/// The change without its remedy. The table of a feed has not changed, so there is
/// nothing to undo in it.
fn of_feed(change: SchemaChange) -> SchemaChange {
    SchemaChange { remedy: String::new(), ..change }
}

/// The described columns with the types that Postgres knows them by.
fn resolved(described: Vec<described::DescribedColumn>) -> Result<Snapshot> {
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

row! {
    /// A drift report that was settled.
    "settled_drift" => SettledDrift {
        report_id: i64,
        status: &'static str,
        name: String,
        version: String,
    }
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
RETURNS SETOF spyne.settled_drift
ROWS 1 VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_resolve_drift(
    report_id: Option<i64>,
    action: Option<String>,
    reason: Option<String>,
    dry_run: Option<bool>,
) -> Rows<SettledDrift> {
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
        Ok(SettledDrift {
            report_id: id,
            status: settlement.status().as_str(),
            version: report.version().to_string(),
            name: report.known.logical_name,
        })
    };
    Rows::one(run().or_raise())
}

fn bad(message: impl Into<String>, detail: &str, hint: &str) -> SpyneError {
    SpyneError::new(Code::InvalidParameter, message, detail, hint)
}

row! {
    /// A change, or a statement of the guide.
    "diff_line" => DiffLine {
        seq: i32,
        item: &'static str,
        change_type: Option<&'static str>,
        column: Option<String>,
        severity: Option<&'static str>,
        detail: String,
        statement: Option<String>,
    }
}

/// The changes between two versions of a name, and a guide: statements that
/// lead from the one to the other, and a view that gives the old shape over the
/// new table.
///
/// # Errors
/// 42P01 for an unknown name or version; 22004, 42501.
#[pg_extern(sql = "
CREATE FUNCTION spyne_diff(name text, from_version text, to_version text)
RETURNS SETOF spyne.diff_line
STABLE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn spyne_diff(
    name: Option<String>,
    from_version: Option<String>,
    to_version: Option<String>,
) -> Rows<DiffLine> {
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
    let lines = run().or_raise().into_iter().zip(1..);
    Rows::of(lines.map(|(line, seq)| DiffLine { seq, ..line }).collect())
}

impl DiffLine {
    fn change(change: SchemaChange) -> Self {
        DiffLine {
            seq: 0,
            item: "change",
            change_type: Some(change.change_type.as_str()),
            column: change.column,
            severity: Some(change.severity.as_str()),
            detail: change.detail,
            statement: None,
        }
    }

    fn guide(item: &'static str, detail: &str, statement: String) -> Self {
        DiffLine {
            seq: 0,
            item,
            change_type: None,
            column: None,
            severity: None,
            detail: detail.to_string(),
            statement: Some(statement),
        }
    }
}

fn diff(
    old: &drift::VersionShape,
    new: &drift::VersionShape,
    from: &str,
    address: &Address,
) -> Vec<DiffLine> {
    let relationship = match old.origin.is_some() && old.origin == new.origin {
        true => Relationship::SameTable,
        false => Relationship::OtherTable,
    };
    let (old, new) = (&old.shape, &new.shape);
    let changes = compare(old, new, relationship, &|_| true, address);
    let pairs = kept(old, new, relationship);
    let mut lines: Vec<DiffLine> = changes.into_iter().map(DiffLine::change).collect();
    if lines.is_empty() {
        return lines;
    }
    for statement in guide::migration(old, new, &pairs, address) {
        lines.push(DiffLine::guide("migration", "on a table of the old shape", statement));
    }
    let view = address.renamed(with_suffix(&address.name, &format!("__{from}_shape")));
    let statement = guide::view(old, &pairs, &view, address);
    lines.push(DiffLine::guide("view", "the old shape, over a table of the new one", statement));
    lines
}

/// The shape of a version, as far as the caller may see it.
fn version_of(name: &str, version: &str, caller: &Caller) -> Result<drift::VersionShape> {
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
