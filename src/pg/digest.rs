//! Digests of the catalog rows that a table's shape comes from. They tell quickly
//! whether a shape may have changed.
//!
//! A row version is identified by its place in the heap and by the transaction that
//! made it, and each change of a row makes another version. So equal digests mean that
//! no catalog row of the table was touched. Where digests differ, the shapes themselves
//! are compared. An operation that moves rows without changing them (VACUUM FULL of a
//! catalog, a restore) costs that comparison once.

use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use std::collections::HashMap;

use pgrx::pg_sys;

use super::catalog_scan::{attribute, scan};
use super::oids::{rel_id, rel_of};
use super::server;
use spyne_core::kernel::digest::spread;

/// Indexes of the system catalogs, fixed OIDs in all versions.
const ATTRIBUTE_BY_RELATION: u32 = 2659;
const DEFAULT_BY_RELATION: u32 = 2656;
const CONSTRAINT_BY_RELATION: u32 = 2665;
const CONSTRAINT_BY_TYPE: u32 = 2666;
const INDEX_BY_RELATION: u32 = 2678;
const TYPE_BY_OID: u32 = 2703;
const ENUM_BY_TYPE: u32 = 3503;

/// The number of tables from which on whole catalogs are read, and not by an index for
/// each table.
const MANY: usize = 200;

/// The digest of each of these tables that exists.
pub fn of(relations: &[RelId]) -> HashMap<RelId, u64> {
    let mut reader = Reader {
        found: relations.iter().map(|relid| (*relid, 0)).collect(),
        types: HashMap::new(),
        columns: Vec::new(),
    };
    let all = relations.len() >= MANY;
    let keys: Vec<Option<RelId>> = match all {
        true => vec![None],
        false => relations.iter().map(|relid| Some(*relid)).collect(),
    };
    for key in keys {
        reader.attributes(key);
        let (of_relation, _) = server::CONSTRAINT_COLUMNS;
        reader.rows(server::DEFAULT_RELATION, DEFAULT_BY_RELATION, 2, key);
        reader.rows(server::CONSTRAINT_RELATION, CONSTRAINT_BY_RELATION, of_relation, key);
        reader.rows(pg_sys::IndexRelationId.to_u32(), INDEX_BY_RELATION, 2, key);
    }
    // The digests of types that users have made belong to those of their columns.
    for (relid, type_oid) in std::mem::take(&mut reader.columns) {
        let digest = reader.type_digest(type_oid, 0);
        reader.add(relid, digest);
    }
    // A table without any catalog row does not exist.
    reader.found.retain(|_, digest| *digest != 0);
    reader.found
}

struct Reader {
    found: HashMap<RelId, u64>,
    types: HashMap<u32, u64>,
    /// Columns of a type that is none of Postgres's own.
    columns: Vec<(RelId, u32)>,
}

/// The most levels of types within types that are followed, since types can refer to
/// one another.
const DEEPEST: usize = 32;

impl Reader {
    fn add(&mut self, relid: RelId, row: u64) {
        if let Some(digest) = self.found.get_mut(&relid) {
            // A sum, because the order of the rows does not matter.
            *digest = digest.wrapping_add(row);
        }
    }

    fn attributes(&mut self, key: Option<RelId>) {
        let catalog = pg_sys::AttributeRelationId.to_u32();
        // SAFETY: the fixed part of a pg_attribute tuple is FormData_pg_attribute.
        unsafe {
            scan(
                catalog,
                key.map(|_| ATTRIBUTE_BY_RELATION),
                key.map(|k| (1, k.get())),
                false,
                |tuple, _| {
                    let column = &*fixed_part(tuple).cast::<pg_sys::FormData_pg_attribute>();
                    let relid = rel_id(column.attrelid);
                    if column.attnum <= 0 || !self.found.contains_key(&relid) {
                        return;
                    }
                    self.add(relid, version(catalog, tuple));
                    if column.atttypid.to_u32() >= pg_sys::FirstNormalObjectId {
                        self.columns.push((relid, column.atttypid.to_u32()));
                    }
                },
            );
        }
    }

    /// The rows of a catalog whose attribute `relation` names the table.
    fn rows(&mut self, catalog: u32, index: u32, relation: i16, key: Option<RelId>) {
        // An index on the table's OID begins with it.
        let keys = key.map(|k| (relation, k.get()));
        // SAFETY: the attribute is an OID in each of these catalogs.
        unsafe {
            scan(catalog, key.map(|_| index), keys, false, |tuple, description| {
                let relid = match key {
                    Some(relid) => Some(relid),
                    None => attribute(tuple, description, i32::from(relation)).map(rel_of),
                };
                if let Some(relid) = relid {
                    self.add(relid, version(catalog, tuple));
                }
            });
        }
    }

    fn type_digest(&mut self, oid: u32, depth: usize) -> u64 {
        if oid < pg_sys::FirstNormalObjectId || depth > DEEPEST {
            return 0;
        }
        if let Some(known) = self.types.get(&oid) {
            return *known;
        }
        let mut digest = 0_u64;
        let mut parts = Vec::new();
        let mut composite = 0;
        let catalog = pg_sys::TypeRelationId.to_u32();
        // SAFETY: the fixed part of a pg_type tuple is FormData_pg_type; the
        // others are looked up by their OID.
        unsafe {
            scan(catalog, Some(TYPE_BY_OID), Some((1, oid)), false, |tuple, _| {
                let form = &*fixed_part(tuple).cast::<pg_sys::FormData_pg_type>();
                digest = digest.wrapping_add(version(catalog, tuple));
                composite = form.typrelid.to_u32();
                parts.extend([form.typbasetype.to_u32(), form.typelem.to_u32()]);
            });
            let enums = pg_sys::EnumRelationId.to_u32();
            scan(enums, Some(ENUM_BY_TYPE), Some((2, oid)), false, |tuple, _| {
                digest = digest.wrapping_add(version(enums, tuple));
            });
            let constraints = server::CONSTRAINT_RELATION;
            let (_, of_type) = server::CONSTRAINT_COLUMNS;
            let by_type = Some((of_type, oid));
            scan(constraints, Some(CONSTRAINT_BY_TYPE), by_type, false, |tuple, _| {
                digest = digest.wrapping_add(version(constraints, tuple));
            });
            if composite != 0 {
                let attributes = pg_sys::AttributeRelationId.to_u32();
                let by_relation = Some((1, composite));
                scan(attributes, Some(ATTRIBUTE_BY_RELATION), by_relation, false, |tuple, _| {
                    let form = &*fixed_part(tuple).cast::<pg_sys::FormData_pg_attribute>();
                    if form.attnum > 0 {
                        digest = digest.wrapping_add(version(attributes, tuple));
                        parts.push(form.atttypid.to_u32());
                    }
                });
            }
        }
        self.types.insert(oid, digest);
        for part in parts {
            digest = digest.wrapping_add(self.type_digest(part, depth + 1));
        }
        self.types.insert(oid, digest);
        digest
    }
}

/// A row version as a number.
///
/// # Safety
/// A tuple of the catalog.
unsafe fn version(catalog: u32, tuple: pg_sys::HeapTuple) -> u64 {
    // SAFETY: as promised by the caller. Freezing keeps xmin as it is.
    unsafe {
        let place = &(*tuple).t_self;
        let block = u64::from(place.ip_blkid.bi_hi) << 16 | u64::from(place.ip_blkid.bi_lo);
        let xmin = (*(*tuple).t_data).t_choice.t_heap.t_xmin;
        let row = block << 16 | u64::from(place.ip_posid);
        spread(spread(row) ^ (u64::from(xmin.into_inner()) << 32 | u64::from(catalog)))
    }
}

/// The fixed part of a tuple, as GETSTRUCT finds it.
///
/// # Safety
/// A tuple of a catalog.
unsafe fn fixed_part(tuple: pg_sys::HeapTuple) -> *const u8 {
    // SAFETY: t_hoff is where the data begins.
    unsafe {
        let header = (*tuple).t_data;
        header.cast::<u8>().add(usize::from((*header).t_hoff)).cast_const()
    }
}

/// The digests of tables when their shapes were last found to be those in force, from
/// `spyne.snapshot_digests`.
pub fn stored() -> HashMap<RelId, u64> {
    let mut found = HashMap::new();
    let Some(table) = super::catalogs::relation_at(&Address::new("spyne", "snapshot_digests"))
    else {
        return found;
    };
    // SAFETY: the table has an oid and a bigint (sql/drift.sql).
    unsafe {
        scan(table.get(), None, None, false, |tuple, description| {
            let relation = attribute(tuple, description, 1).map(rel_of);
            let digest = attribute(tuple, description, 2).map(|d| d.value() as u64);
            if let (Some(relation), Some(digest)) = (relation, digest) {
                found.insert(relation, digest);
            }
        });
    }
    found
}
