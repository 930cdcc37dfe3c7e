//! Reads of the system catalogs, below SQL: they need no privilege, no transaction
//! id and no snapshot of the caller's, and see the newest committed state plus this
//! transaction's own changes.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::catalog_scan::{attribute, name_of, scan, scan_by};
use super::oids::{AsOid, rel_id, rel_of, role_id};
use super::server;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::{Address, RelationName};

/// The direct parents of a relation: partitioned tables and inheritance.
pub fn parents_of(relid: RelId) -> Vec<RelId> {
    let mut parents = Vec::new();
    // SAFETY: pg_inherits: (inhrelid, inhparent, inhseqno, ...), and its index
    // on inhrelid.
    unsafe {
        scan(
            server::INHERITS_RELATION,
            Some(server::INHERITS_BY_CHILD),
            Some((1, relid.get())),
            false,
            |tuple, description| {
                if let Some(parent) = attribute(tuple, description, 2) {
                    parents.push(rel_of(parent));
                }
            },
        );
    }
    parents
}

/// The table that an index is on; None for other relations.
pub fn table_of_index(relid: RelId) -> Option<RelId> {
    // SAFETY: told that a miss is fine.
    let table = match kind_of(relid) {
        Some(b'i' | b'I') => unsafe { pg_sys::IndexGetRelation(relid.oid(), true) },
        _ => return None,
    };
    (table != pg_sys::InvalidOid).then(|| rel_id(table))
}

/// Whether some column is of a table's row type, or of an array of it.
pub fn row_type_is_used(relid: RelId) -> bool {
    let class = pg_sys::RelationRelationId.to_u32();
    let mut used = false;
    // SAFETY: look-ups that give 0 for what is not there; pg_depend has OIDs in
    // its first two and its fourth and fifth attributes.
    unsafe {
        let row = pg_sys::get_rel_type_id(relid.oid());
        if row == pg_sys::InvalidOid {
            return false;
        }
        for oid in [row, pg_sys::get_array_type(row)] {
            let keys = [(4, pg_sys::TypeRelationId.to_u32()), (5, oid.to_u32())];
            scan_by(
                server::DEPEND_RELATION,
                Some(server::DEPEND_BY_REFERENCE),
                &keys,
                false,
                |tuple, description| {
                    let of = attribute(tuple, description, 1).map(|d| d.value() as u32);
                    let column = attribute(tuple, description, 3).map(|d| d.value() as i32);
                    used |= of == Some(class) && column.is_some_and(|c| c != 0);
                },
            );
        }
    }
    used
}

/// Whether a relation is a unique index.
pub fn is_unique_index(relid: RelId) -> bool {
    let mut unique = false;
    // SAFETY: pg_index by indexrelid; indisunique is its fifth attribute.
    unsafe {
        let index = pg_sys::IndexRelationId.to_u32();
        scan(
            index,
            Some(server::INDEX_BY_OID),
            Some((1, relid.get())),
            false,
            |tuple, description| {
                unique = attribute(tuple, description, 5).is_some_and(|d| d.value() != 0);
            },
        );
    }
    unique
}

/// The schema of a relation; 0 where there is no such relation.
pub fn namespace_of(relid: RelId) -> u32 {
    // SAFETY: a syscache look-up; a missing relation gives InvalidOid.
    unsafe { pg_sys::get_rel_namespace(relid.oid()).to_u32() }
}

/// pg_class.relkind; None where there is no such relation.
pub fn kind_of(relid: RelId) -> Option<u8> {
    // SAFETY: a syscache look-up; a missing relation gives 0.
    let kind = unsafe { pg_sys::get_rel_relkind(relid.oid()) } as u8;
    (kind != 0).then_some(kind)
}

/// The owner of a relation; `RoleId::NONE` where there is no such relation.
pub fn owner_of(relid: RelId) -> RoleId {
    identity(relid, false).map_or(RoleId::NONE, |i| i.owner)
}

/// The name, the schema and the owner of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub schema: u32,
    pub owner: RoleId,
}

/// The identity of a relation as it was before the running command, or, with `newest`,
/// as that command has just left it.
pub fn identity(relid: RelId, newest: bool) -> Option<Identity> {
    let mut found = None;
    // SAFETY: pg_class by oid; its fixed part is FormData_pg_class.
    unsafe {
        scan(
            pg_sys::RelationRelationId.to_u32(),
            Some(server::CLASS_BY_OID),
            Some((1, relid.get())),
            newest,
            |tuple, _| {
                let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_class>(tuple);
                found = Some(Identity {
                    name: name_of(&row.relname),
                    schema: row.relnamespace.to_u32(),
                    owner: role_id(row.relowner),
                });
            },
        );
    }
    found
}

/// The relation and the name of a trigger as they were before the running command, or,
/// with `newest`, as that command has just left them.
pub fn trigger(oid: u32, newest: bool) -> Option<(RelId, String)> {
    let mut found = None;
    // SAFETY: pg_trigger by oid; its fixed part is FormData_pg_trigger.
    unsafe {
        scan(
            pg_sys::TriggerRelationId.to_u32(),
            Some(server::TRIGGER_BY_OID),
            Some((1, oid)),
            newest,
            |tuple, _| {
                let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_trigger>(tuple);
                found = Some((rel_id(row.tgrelid), name_of(&row.tgname)));
            },
        );
    }
    found
}

/// The address of a relation; None where there is no such relation.
pub fn address_of(relid: RelId) -> Option<Address> {
    // SAFETY: look-ups that return null for what is not there; the strings are
    // palloc'd in the caller's context.
    unsafe {
        let name = pg_sys::get_rel_name(relid.oid());
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relid.oid()));
        if name.is_null() || schema.is_null() {
            return None;
        }
        let text = |name: *const core::ffi::c_char| CStr::from_ptr(name).to_string_lossy();
        Some(Address::new(text(schema), text(name)))
    }
}

/// The name of a relation in messages.
pub fn relation_name(relid: RelId) -> RelationName {
    address_of(relid).map_or(RelationName::Gone(relid), RelationName::At)
}

/// The OID of a schema; None where there is no such schema.
pub fn schema_oid(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: a syscache look-up that is told a miss is fine.
    let oid = unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then(|| oid.to_u32())
}

/// Whether the running command has renamed a schema.
pub fn schema_renamed(schema: u32) -> bool {
    let read = |newest| {
        let mut name = None;
        // SAFETY: pg_namespace by oid; its fixed part is FormData_pg_namespace.
        unsafe {
            scan(
                server::NAMESPACE_RELATION,
                Some(server::NAMESPACE_BY_OID),
                Some((1, schema)),
                newest,
                |tuple, _| {
                    let row =
                        &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_namespace>(tuple);
                    name = Some(name_of(&row.nspname));
                },
            );
        }
        name
    };
    read(false) != read(true)
}

/// The relation at an address; None where there is no such relation.
pub fn relation_at(at: &Address) -> Option<RelId> {
    let schema = schema_oid(&at.schema)?;
    let name = CString::new(at.name.as_str()).ok()?;
    // SAFETY: a syscache look-up; a missing relation gives InvalidOid.
    let oid = unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema.into()) };
    (oid != pg_sys::InvalidOid).then(|| rel_id(oid))
}

/// Whether a foreign key of `relid` refers to `other`.
pub fn refers_to(relid: RelId, other: RelId) -> bool {
    // SAFETY: the relation is locked by the running statement; the list is the relation
    // cache's own, read before the relation is closed.
    unsafe {
        let relation = pg_sys::relation_open(relid.oid(), pg_sys::NoLock as pg_sys::LOCKMODE);
        let refers = super::lists::cells(pg_sys::RelationGetFKeyList(relation))
            .any(|cell| rel_id((*cell.cast::<pg_sys::ForeignKeyCacheInfo>()).confrelid) == other);
        pg_sys::relation_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        refers
    }
}

/// The columns a foreign key can compare: those of the relation's unique
/// indexes, and those of its own foreign keys.
pub fn key_columns(relid: RelId) -> Vec<i16> {
    let mut columns = Vec::new();
    // SAFETY: the relation is locked by the running statement; both lists are
    // the relation cache's own or copies of it, read before it is closed.
    unsafe {
        let relation = pg_sys::relation_open(relid.oid(), pg_sys::NoLock as pg_sys::LOCKMODE);
        let keys = pg_sys::RelationGetIndexAttrBitmap(
            relation,
            pg_sys::IndexAttrBitmapKind::INDEX_ATTR_BITMAP_KEY,
        );
        let mut bit = pg_sys::bms_next_member(keys, -1);
        while bit >= 0 {
            columns.push((bit + pg_sys::FirstLowInvalidHeapAttributeNumber) as i16);
            bit = pg_sys::bms_next_member(keys, bit);
        }
        for cell in super::lists::cells(pg_sys::RelationGetFKeyList(relation)) {
            let key = &*cell.cast::<pg_sys::ForeignKeyCacheInfo>();
            columns.extend_from_slice(&key.conkey[..key.nkeys as usize]);
        }
        pg_sys::relation_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
    columns
}

/// All ancestors of a relation: the tables that it is a partition of, or inherits from.
pub fn ancestors_of(relid: RelId) -> Vec<RelId> {
    let mut all = vec![relid];
    let mut at = 0;
    while at < all.len() {
        for parent in parents_of(all[at]) {
            if !all.contains(&parent) {
                all.push(parent);
            }
        }
        at += 1;
    }
    all.remove(0);
    all
}

/// Whether there is such a schema.
pub fn schema_exists(schema: u32) -> bool {
    // SAFETY: returns null for what is not there.
    unsafe { !pg_sys::get_namespace_name(schema.into()).is_null() }
}

/// Whether a relation is a table whose rows this server stores.
pub fn has_rows_of_its_own(relid: RelId) -> bool {
    matches!(kind_of(relid), Some(b'r' | b'p'))
}

/// Whether a role may read all of a relation.
pub fn may_select(relid: RelId, role: RoleId) -> bool {
    // SAFETY: a look-up; the relation exists.
    unsafe {
        let select = pg_sys::ACL_SELECT as pg_sys::AclMode;
        pg_sys::pg_class_aclcheck(relid.oid(), role.oid(), select) == pg_sys::AclResult::ACLCHECK_OK
    }
}
