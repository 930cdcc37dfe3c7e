//! Checks that the library and the catalog fit each other.

use pgrx::prelude::*;

use super::context::Caller;
use super::{
    accepted_joins, drift, joins, mode, previews, registration, releases, resolution, rules,
    shadows, transitions,
};
use crate::pg::elevate::elevated;
use crate::pg::row_sets::{Declared, Row, Rows, row};
use crate::pg::spi;
use crate::report::OrRaise;
use crate::store::{self, functions};
use spyne_core::kernel::columns::{TypedName, places};
use spyne_core::kernel::role::Permission;

row! {
    /// A statement that does not fit the catalog.
    "statement_fault" => StatementFault {
        statement: &'static str,
        fault: String,
    }
}

/// The statements of spyne's own that cannot run against this catalog, or whose results
/// are not what the library expects. None of them is run. There are no such statements
/// after an installation or an upgrade.
///
/// # Errors
/// 42501 for callers who are no admins.
#[pg_extern(sql = "
CREATE FUNCTION spyne.check_statements() RETURNS SETOF spyne.statement_fault
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn check_statements() -> Rows<StatementFault> {
    Caller::now().require(Permission::Promote, "check spyne's statements").or_raise();
    let faults = store::statements()
        .filter_map(|one| Some(StatementFault { statement: one.text(), fault: one.fault()? }));
    Rows::of(faults.collect())
}

/// The number of statements that [`check_statements`] checks.
#[pg_extern(sql = "
CREATE FUNCTION spyne.statement_count() RETURNS integer IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn statement_count() -> i32 {
    store::statements().count() as i32
}

row! {
    /// A row that does not fit the catalog.
    "row_fault" => RowFault {
        row_type: String,
        fault: String,
    }
}

/// The rows that functions return, where the library and the catalog declare them
/// differently, and functions of the library whose rows have no composite type. There
/// are no such rows after an installation or an upgrade.
///
/// # Errors
/// 42501 for callers who are no admins.
#[pg_extern(sql = "
CREATE FUNCTION spyne.check_rows() RETURNS SETOF spyne.row_fault
VOLATILE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn check_rows() -> Rows<RowFault> {
    Caller::now().require(Permission::Promote, "check spyne's rows").or_raise();
    let returning = elevated(|e| functions::returning_rows(e)).or_raise();
    let differing = rows().filter_map(|declared| {
        let returned = returning.iter().any(|r| r.row.as_deref() == Some(declared.name));
        let fault = match returned {
            true => difference(&declared).err()?,
            false => "no function of the library returns it".to_string(),
        };
        Some(RowFault { row_type: format!("spyne.{}", declared.name), fault })
    });
    let unknown = returning.iter().filter_map(|function| {
        let known =
            function.row.as_deref().is_some_and(|row| rows().any(|declared| declared.name == row));
        let fault = match &function.row {
            _ if known => return None,
            Some(row) => format!("the library does not know the row spyne.{row}"),
            None => "its columns are written out, and are no type of schema spyne".to_string(),
        };
        Some(RowFault { row_type: function.function.clone(), fault })
    });
    Rows::of(differing.chain(unknown).collect())
}

/// The rows of all functions.
fn rows() -> impl Iterator<Item = Declared> {
    [
        accepted_joins::AcceptedJoin::DECLARED,
        accepted_joins::JoinAcceptance::DECLARED,
        accepted_joins::JoinDeprecation::DECLARED,
        accepted_joins::JoinRejection::DECLARED,
        accepted_joins::JoinValidation::DECLARED,
        drift::DetectedChange::DECLARED,
        drift::DiffLine::DECLARED,
        drift::SettledDrift::DECLARED,
        joins::JoinCandidate::DECLARED,
        mode::ModeChange::DECLARED,
        previews::GuardrailRow::DECLARED,
        previews::PreviewRow::DECLARED,
        registration::Registration::DECLARED,
        registration::SchemaRegistration::DECLARED,
        registration::Unregistration::DECLARED,
        releases::VersionReport::DECLARED,
        resolution::ResolvedName::DECLARED,
        rules::AccessRule::DECLARED,
        rules::DriftRule::DECLARED,
        rules::RoleRule::DECLARED,
        rules::StateRule::DECLARED,
        shadows::NewShadow::DECLARED,
        transitions::PlanLine::DECLARED,
        RowFault::DECLARED,
        StatementFault::DECLARED,
    ]
    .into_iter()
}

/// Compares a row of the library with its type in the catalog.
///
/// # Errors
/// How a row of the library and its type in the catalog differ, in words.
fn difference(declared: &Declared) -> Result<(), String> {
    let columns = spi::columns_of(&format!("SELECT (NULL::spyne.{}).*", declared.name), &[])?;
    let columns: Vec<TypedName> =
        columns.iter().map(|(name, oid)| TypedName { name, type_oid: oid.to_u32() }).collect();
    places(declared.name, declared.fields, &columns).map(drop)
}
