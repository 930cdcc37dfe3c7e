//! Reads all that a takeover is planned from.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use spyne_core::lifecycle::plan::facts::{
    Dependent, Governed, GovernedView, OpenDrift, TakeoverFacts,
};
use spyne_core::lifecycle::plan::takeover;

use super::query::{Query, Statement};
use super::table_facts::describe;
use super::{grants, tables};
use crate::pg::citus;
use crate::pg::elevate::Elevated;

static LOCKS: Query<(String, RelId, Option<RelId>), Option<Vec<RelId>>> =
    Query::read("SELECT spyne.takeover_locks($1, $2, $3)");

/// The relations that a takeover of `incoming` locks, in the order of locking.
pub fn locks(
    elevated: &Elevated,
    name: &str,
    incoming: RelId,
    outgoing: Option<RelId>,
) -> Result<Vec<RelId>> {
    Ok(LOCKS.one(elevated, (name, incoming, outgoing))?.unwrap_or_default())
}

static PLANTED: Query<(String,), String> = Query::read(
    "SELECT pg_get_userbyid(c.relowner)::text AS owner
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'governed' AND c.relname = $1 AND (c.relkind <> 'v' OR c.relowner <> 'spyne_views'::regrole)",
);

static VIEW: Query<(String,), GovernedView> =
    Query::read(include_str!("../../sql/queries/governed_view.sql"));

/// The view `governed.<name>`; None where there is none.
///
/// # Errors
/// 42710 where another object has this name. Without the error, a view that spyne did
/// not make would be adopted, with whatever grants it has.
pub fn view(elevated: &Elevated, name: &str) -> Result<Option<GovernedView>> {
    let Some(owner) = PLANTED.maybe(elevated, (name,))? else {
        return VIEW.maybe(elevated, (name,));
    };
    let view = Address::new("governed", name);
    Err(SpyneError::new(
        Code::DuplicateObject,
        format!("{} exists, and is none of spyne's", view.shown()),
        format!("{owner} owns it; spyne would hand it to everybody who reads governed data."),
        format!(
            "Drop it: SET spyne.enforcement = off; DROP VIEW {}; RESET spyne.enforcement;",
            view.quoted()
        ),
    ))
}

static DEPENDENTS: Query<(RelId,), Option<Vec<Dependent>>> =
    Query::read("SELECT spyne.dependents($1)");
static SCHEMA_EXISTS: Query<(String,), bool> =
    Query::read("SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS found");
static NAMES_IN: Query<(String,), String> = Query::read(
    "SELECT c.relname::text AS name FROM pg_class c WHERE c.relnamespace = to_regnamespace(quote_ident($1))",
);
static TYPES_IN: Query<(String,), String> = Query::read(
    "SELECT t.typname::text AS name FROM pg_type t
     WHERE t.typnamespace = to_regnamespace(quote_ident($1)) AND t.typrelid = 0 AND t.typcategory <> 'A'",
);
static OPEN_DRIFT: Query<(String, String, Option<String>), OpenDrift> = Query::read(
    "SELECT r.report_id, r.severity, r.version FROM spyne.drift_reports r
     WHERE r.logical_name = $1 AND r.version IN ($2, $3) AND r.status = 'open' AND r.source = 'table'
     ORDER BY r.report_id",
);

fn governed(elevated: &Elevated, row: &tables::TableRow) -> Result<Governed> {
    Ok(Governed {
        name: row.name.clone(),
        version: row.version.clone(),
        state: row.state,
        home: row.home(),
        table: describe(elevated, row.relation)?,
    })
}

/// The tables whose shards Citus would leave as they are.
fn cut_off(new: &Governed, old: Option<&Governed>) -> Vec<RelId> {
    let tables = [Some(new), old].into_iter().flatten().map(|governed| governed.table.oid);
    match citus::settings().propagates {
        true => Vec::new(),
        false => tables.filter(|table| citus::holds(*table)).collect(),
    }
}

/// Everything that a takeover by `incoming` is planned from.
pub fn takeover(
    elevated: &Elevated,
    incoming: &tables::TableRow,
    outgoing: Option<&tables::TableRow>,
    target_schema: Option<&str>,
) -> Result<TakeoverFacts> {
    let new = governed(elevated, incoming)?;
    let old = outgoing.map(|row| governed(elevated, row)).transpose()?;
    let schema = takeover::target_schema(&new, old.as_ref(), target_schema);
    let dependents = match &old {
        Some(old) => DEPENDENTS.one(elevated, (old.table.oid,))?.unwrap_or_default(),
        None => Vec::new(),
    };
    let old_version = old.as_ref().map(|old| old.version.as_str());
    Ok(TakeoverFacts {
        versions: tables::versions_ever(elevated, &incoming.name)?,
        dependents,
        names_at_target: NAMES_IN.all(elevated, (&schema,))?,
        types_at_target: TYPES_IN.all(elevated, (&schema,))?,
        names_here: NAMES_IN.all(elevated, (&new.table.at.schema,))?,
        target_schema_exists: SCHEMA_EXISTS.one(elevated, (&schema,))?,
        view: view(elevated, &incoming.name)?,
        suspended_grants: grants::suspended(elevated, incoming.relation)?,
        cut_off: cut_off(&new, old.as_ref()),
        open_drift: OPEN_DRIFT.all(elevated, (&incoming.name, &incoming.version, old_version))?,
        incoming: new,
        outgoing: old,
    })
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] =
    &[&LOCKS, &PLANTED, &VIEW, &DEPENDENTS, &SCHEMA_EXISTS, &NAMES_IN, &TYPES_IN, &OPEN_DRIFT];
