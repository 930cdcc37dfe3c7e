//! spyne's own catalog, read below SQL: which tables are governed, whether the system
//! takes new data in, and where spyne's functions are.
//!
//! These reads need no privilege, no transaction id and no snapshot of the caller's.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::catalog_scan::{attribute, scan, text};
use super::oids::{AsOid, rel_id, rel_of};
use super::policy::{Failure, policy};
use super::server;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::state::{State, StateSet};

/// pg_extension and its index on oid.
const EXTENSION_RELATION: u32 = 3079;
const EXTENSION_BY_OID: u32 = 3080;

/// The rows of `spyne.tables`, and the OIDs of the table and its schema.
pub struct GovernedTables {
    pub catalog: RelId,
    pub schema: u32,
    pub tables: Vec<(RelId, StateSet)>,
    /// Whether the system mode is INGESTION_READY.
    pub ingestion_open: bool,
}

/// The governed tables, or None where the extension is not installed.
///
/// # Panics
/// Raises an ERROR where the extension is there and its catalog is not what it
/// should be: the caller's statement then ends, which is to fail closed.
pub fn governed_tables() -> Option<GovernedTables> {
    // SAFETY: plain catalog look-ups inside a transaction.
    let (schema, catalog) = unsafe {
        let extension = pg_sys::get_extension_oid(c"spyne".as_ptr(), true);
        if extension == pg_sys::InvalidOid {
            return None;
        }
        // While CREATE EXTENSION runs its script, or DROP EXTENSION has begun, the
        // catalog is not whole.
        let installing = pg_sys::creating_extension && pg_sys::CurrentExtensionObject == extension;
        let schema = pg_sys::get_namespace_oid(c"spyne".as_ptr(), true);
        let catalog = match schema {
            pg_sys::InvalidOid => pg_sys::InvalidOid,
            found => pg_sys::get_relname_relid(c"tables".as_ptr(), found),
        };
        // A table of the same name that somebody else has made is not read.
        let ours = catalog != pg_sys::InvalidOid
            && pg_sys::getExtensionOfObject(pg_sys::RelationRelationId, catalog) == extension;
        match (ours, installing) {
            (true, _) => (schema, catalog),
            (false, true) => return None,
            (false, false) => (policy().failed)(Failure::CatalogMissing),
        }
    };
    let mut tables = Vec::new();
    // SAFETY: spyne.tables has these two columns first (sql/catalog.sql), which
    // is checked against the descriptor before a value is read.
    unsafe {
        scan(catalog.to_u32(), None, None, false, |tuple, description| {
            let type_of = |at| server::column(description, at).map(|column| column.atttypid);
            if type_of(0) != Some(pg_sys::REGCLASSOID) || type_of(1) != Some(pg_sys::TEXTOID) {
                (policy().failed)(Failure::CatalogShape);
            }
            let relation = attribute(tuple, description, 1);
            let state = text(tuple, description, 2).and_then(|t| State::parse(&t));
            match (relation, state) {
                (Some(relation), Some(state)) => {
                    tables.push((rel_of(relation), StateSet::of(state)))
                }
                _ => (policy().failed)(Failure::CatalogRow),
            }
        });
    }
    Some(GovernedTables {
        catalog: rel_id(catalog),
        schema: schema.to_u32(),
        tables,
        ingestion_open: ingestion_open(schema.to_u32()),
    })
}

/// The version of the extension in this database, from pg_extension; None where it
/// is not installed.
pub fn extension_version() -> Option<String> {
    let mut found = None;
    // SAFETY: told that a miss is fine; extversion is the sixth column, a text, in
    // all versions.
    unsafe {
        let extension = pg_sys::get_extension_oid(c"spyne".as_ptr(), true);
        let by_oid = Some((1, extension.to_u32()));
        scan(EXTENSION_RELATION, Some(EXTENSION_BY_OID), by_oid, false, |tuple, description| {
            found = text(tuple, description, 6);
        });
    }
    found
}

/// Whether the system mode is INGESTION_READY, from spyne.system_config: (key, value,
/// ...). False where that cannot be told.
fn ingestion_open(schema: u32) -> bool {
    let mut open = false;
    // SAFETY: a table of the extension's schema, which only the extension
    // fills; both columns are text (sql/catalog.sql).
    unsafe {
        let config = pg_sys::get_relname_relid(c"system_config".as_ptr(), schema.into());
        if config != pg_sys::InvalidOid {
            scan(config.to_u32(), None, None, false, |tuple, description| {
                let key = text(tuple, description, 1);
                let value = text(tuple, description, 2);
                open |=
                    key.as_deref() == Some("mode") && value.as_deref() == Some("INGESTION_READY");
            });
        }
    }
    open
}

/// Queues an invalidation of a relation, which other back ends see when the transaction
/// commits.
pub fn invalidate_relation(relid: RelId) {
    // SAFETY: the relation exists; it is spyne.tables.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relid.oid()) }
}

/// The name by which a function of the extension can be called: with its schema where
/// the search_path does not lead to it. None where the extension is not there.
pub fn callable_name(function: &str) -> Option<String> {
    let name = CString::new(function).ok()?;
    // SAFETY: look-ups that are told that a miss is fine; the strings that they
    // return are copied.
    unsafe {
        let extension = pg_sys::get_extension_oid(c"spyne".as_ptr(), true);
        let mut schema = pg_sys::InvalidOid;
        let by_oid = Some((1, extension.to_u32()));
        scan(EXTENSION_RELATION, Some(EXTENSION_BY_OID), by_oid, false, |tuple, shape| {
            // extnamespace is the fourth column, in all versions.
            if let Some(value) = attribute(tuple, shape, 4) {
                schema = pg_sys::Oid::from(value.value() as u32);
            }
        });
        let visible = pg_sys::fetch_search_path(false);
        let mut on_path = false;
        if !visible.is_null() {
            let cells = std::slice::from_raw_parts((*visible).elements, (*visible).length as usize);
            on_path = cells.iter().any(|cell| cell.oid_value == schema);
        }
        if on_path {
            return name.into_string().ok();
        }
        let schema = pg_sys::get_namespace_name(schema);
        if schema.is_null() {
            return None;
        }
        let schema = CStr::from_ptr(pg_sys::quote_identifier(schema)).to_string_lossy();
        Some(format!("{schema}.{function}"))
    }
}
