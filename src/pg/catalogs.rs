//! Reads of the system catalogs and of `spyne.tables`, below SQL: they need no
//! privilege, no transaction id and no snapshot of the caller's, and see the
//! newest committed state plus this transaction's own changes.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

use super::oids::{AsOid, rel_id, rel_of, role_id};
use super::policy::{Failure, policy};
use super::server;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::state::{State, StateSet};

/// pg_extension and its index on oid.
const EXTENSION_RELATION: u32 = 3079;
const EXTENSION_BY_OID: u32 = 3080;

/// What `spyne.tables` says, and where it is.
pub struct GovernedTables {
    pub catalog: RelId,
    pub schema: u32,
    pub tables: Vec<(RelId, StateSet)>,
    /// Whether the system mode is INGESTION_READY.
    pub ingestion_open: bool,
}

/// Runs `row` on each tuple of a catalog scan.
///
/// # Safety
/// `relation` must be a table; `key`, where given, must fit its index `index`.
pub(super) unsafe fn scan(
    relation: u32,
    index: Option<u32>,
    key: Option<(i16, u32)>,
    newest: bool,
    row: impl FnMut(pg_sys::HeapTuple, pg_sys::TupleDesc),
) {
    // SAFETY: as promised by the caller.
    unsafe { scan_by(relation, index, key.as_slice(), newest, row) }
}

/// As [`scan`], by up to two keys.
///
/// # Safety
/// As for [`scan`].
unsafe fn scan_by(
    relation: u32,
    index: Option<u32>,
    wanted: &[(i16, u32)],
    newest: bool,
    mut row: impl FnMut(pg_sys::HeapTuple, pg_sys::TupleDesc),
) {
    // SAFETY: the relation stays open and locked for the whole scan, and each
    // tuple is used before the next is fetched. An ERROR releases all of it
    // with the transaction's resources.
    unsafe {
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let rel = pg_sys::table_open(relation.into(), lock);
        let mut keys = [pg_sys::ScanKeyData::default(), pg_sys::ScanKeyData::default()];
        let count = wanted.len().min(keys.len()) as i32;
        for (key, (attribute, value)) in keys.iter_mut().zip(wanted) {
            pg_sys::ScanKeyInit(
                key,
                *attribute,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::F_OIDEQ.into(),
                pg_sys::Datum::from(*value),
            );
        }
        // Null: the newest catalog snapshot. SnapshotSelf: what this very
        // command has written, too.
        let snapshot = match newest {
            true => &raw mut pg_sys::SnapshotSelfData,
            false => std::ptr::null_mut(),
        };
        let scan = pg_sys::systable_beginscan(
            rel,
            index.unwrap_or(0).into(),
            index.is_some(),
            snapshot,
            count,
            keys.as_mut_ptr(),
        );
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            row(tuple, (*rel).rd_att);
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(rel, lock);
    }
}

/// One attribute of a tuple; None for NULL.
///
/// # Safety
/// `tuple` must have the shape `description`.
pub(super) unsafe fn attribute(
    tuple: pg_sys::HeapTuple,
    description: pg_sys::TupleDesc,
    number: i32,
) -> Option<pg_sys::Datum> {
    let mut null = false;
    // SAFETY: as promised by the caller.
    let value = unsafe { pg_sys::heap_getattr(tuple, number, description, &mut null) };
    (!null).then_some(value)
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
        // While CREATE EXTENSION runs its script, or DROP EXTENSION has begun,
        // there is no whole catalog to go by.
        let installing = pg_sys::creating_extension && pg_sys::CurrentExtensionObject == extension;
        let schema = pg_sys::get_namespace_oid(c"spyne".as_ptr(), true);
        let catalog = match schema {
            pg_sys::InvalidOid => pg_sys::InvalidOid,
            found => pg_sys::get_relname_relid(c"tables".as_ptr(), found),
        };
        // A look-alike that somebody planted is not read.
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
            if server::column_type(description, 0) != Some(pg_sys::REGCLASSOID)
                || server::column_type(description, 1) != Some(pg_sys::TEXTOID)
            {
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

/// The system mode, from spyne.system_config: (key, value, ...). Closed where
/// it cannot be told.
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

/// A text attribute of a tuple.
///
/// # Safety
/// As for [`attribute`], and the attribute is of type text.
unsafe fn text(
    tuple: pg_sys::HeapTuple,
    description: pg_sys::TupleDesc,
    number: i32,
) -> Option<String> {
    // SAFETY: as promised by the caller.
    unsafe {
        let datum = attribute(tuple, description, number)?;
        let text = pg_sys::text_to_cstring(datum.cast_mut_ptr());
        CStr::from_ptr(text).to_str().ok().map(str::to_string)
    }
}

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

/// The table that an index is on; None for what is no index.
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

/// Whether an index is unique; false for what is no index.
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

/// Owner of a relation; none where there is no such relation.
pub fn owner_of(relid: RelId) -> RoleId {
    identity(relid, false).map_or(RoleId::NONE, |i| i.owner)
}

/// What a relation is called, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    /// pg_class.relkind.
    pub kind: u8,
    pub schema: u32,
    pub owner: RoleId,
}

/// A relation's identity: as it was before this command, or (`newest`) as this
/// very command has just left it.
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
                    kind: row.relkind as u8,
                    schema: row.relnamespace.to_u32(),
                    owner: role_id(row.relowner),
                });
            },
        );
    }
    found
}

/// The relation and the name of a trigger: as before this command, or (`newest`)
/// as this very command has just left it.
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

fn name_of(name: &pg_sys::NameData) -> String {
    // SAFETY: a name is NUL-terminated within its 64 bytes.
    unsafe { CStr::from_ptr(name.data.as_ptr()) }.to_string_lossy().into_owned()
}

/// Where a relation is; None where there is no such relation.
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

/// The name of a column as it is typed, by its number.
pub fn column_name(relid: RelId, number: i32) -> String {
    // SAFETY: told that a miss is fine, it returns null; quote_identifier returns its
    // argument or a copy.
    unsafe {
        let name = pg_sys::get_attname(relid.oid(), number as i16, true);
        match name.is_null() {
            true => format!("number {number}"),
            false => CStr::from_ptr(pg_sys::quote_identifier(name)).to_string_lossy().into_owned(),
        }
    }
}

/// What a relation is called in messages.
pub fn relation_name(relid: RelId) -> RelationName {
    address_of(relid).map_or(RelationName::Gone(relid), RelationName::At)
}

/// The OID of a schema; None where there is none.
pub fn schema_oid(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: a syscache look-up that is told a miss is fine.
    let oid = unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then(|| oid.to_u32())
}

/// Queues a relation-cache invalidation: other back ends see it at commit.
pub fn invalidate_relation(relid: RelId) {
    // SAFETY: the relation exists; it is spyne.tables.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relid.oid()) }
}

/// Whether a schema's name is another after the running command.
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

/// Runs `read` with a snapshot of now, whatever the transaction's own is.
pub fn with_latest_snapshot<T>(read: impl FnOnce() -> T) -> T {
    // SAFETY: pushed and popped in a pair; an ERROR pops it with the
    // transaction. A parallel worker may take no snapshot of its own.
    unsafe {
        if pg_sys::IsInParallelMode() {
            return read();
        }
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let result = read();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// The relation at an address; None where there is none.
pub fn relation_at(at: &Address) -> Option<RelId> {
    let schema = schema_oid(&at.schema)?;
    let name = CString::new(at.name.as_str()).ok()?;
    // SAFETY: a syscache look-up; a missing relation gives InvalidOid.
    let oid = unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema.into()) };
    (oid != pg_sys::InvalidOid).then(|| rel_id(oid))
}

/// Whether this transaction can write nothing: a standby, or READ ONLY.
pub fn read_only_here() -> bool {
    // SAFETY: reads of process state.
    unsafe { pg_sys::RecoveryInProgress() || pg_sys::XactReadOnly }
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

/// Everything above a relation: what it is a partition of, or inherits from.
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

/// Everything below a relation: its partitions and what inherits from it, at any
/// depth. Reads what the running command has written.
pub fn descendants_of(relid: RelId) -> Vec<RelId> {
    let mut all = vec![relid];
    let mut at = 0;
    while at < all.len() {
        let parent = all[at].get();
        // SAFETY: pg_inherits: (inhrelid, inhparent, ...), by inhparent.
        unsafe {
            let (catalog, index) = (server::INHERITS_RELATION, server::INHERITS_BY_PARENT);
            scan(catalog, Some(index), Some((2, parent)), true, |tuple, description| {
                if let Some(child) = attribute(tuple, description, 1).map(rel_of)
                    && !all.contains(&child)
                {
                    all.push(child);
                }
            });
        }
        at += 1;
    }
    all.remove(0);
    all
}

/// The relations that the query of a view refers to; none for what is no view.
pub fn read_by_view(relid: RelId) -> Vec<RelId> {
    let mut read = Vec::new();
    if kind_of(relid) != Some(b'v') {
        return read;
    }
    let mut rules = Vec::new();
    // SAFETY: pg_rewrite has its OID first, and ev_class as attribute 3, with an
    // index on (ev_class, rulename); pg_depend is (classid, objid, objsubid,
    // refclassid, refobjid, ...).
    unsafe {
        let (catalog, index) = (server::REWRITE_RELATION, server::REWRITE_BY_RELATION);
        scan(catalog, Some(index), Some((3, relid.get())), false, |tuple, description| {
            rules.extend(attribute(tuple, description, 1).map(|d| d.value() as u32));
        });
        for rule in rules {
            let (catalog, index) = (server::DEPEND_RELATION, server::DEPEND_BY_DEPENDER);
            let keys = [(1, server::REWRITE_RELATION), (2, rule)];
            scan_by(catalog, Some(index), &keys, false, |tuple, description| {
                let class = attribute(tuple, description, 4).map(|d| d.value() as u32);
                let of = attribute(tuple, description, 5).map(rel_of);
                if class == Some(pg_sys::RelationRelationId.to_u32()) {
                    read.extend(of.filter(|of| *of != relid));
                }
            });
        }
    }
    read
}

/// Whether a role may have VACUUM, ANALYZE, CLUSTER and REINDEX work on a table.
pub fn may_maintain(relid: RelId, role: RoleId) -> bool {
    super::users::has_rights_of(role, owner_of(relid))
        || server::owns_database(role)
        || server::has_maintain_privilege(relid, role)
}

/// Whether this is a worker of a parallel query.
pub fn in_parallel_worker() -> bool {
    // SAFETY: reads a static.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// The settings by which Postgres reads a text: what its literals mean, and
/// which rows a policy leaves. As one number.
pub fn reading_settings() -> u64 {
    // SAFETY: reads statics.
    unsafe {
        let flags = u64::from(pg_sys::standard_conforming_strings)
            | u64::from(pg_sys::Transform_null_equals) << 1
            | u64::from(pg_sys::Array_nulls) << 2
            | u64::from(pg_sys::row_security) << 3
            | (pg_sys::DateOrder as u64 & 0xff) << 8
            | (pg_sys::IntervalStyle as u64 & 0xff) << 16;
        // A zone is kept for as long as the process lives.
        flags ^ (pg_sys::session_timezone as u64) << 24
    }
}

/// The search_path as it is set.
pub fn search_path() -> String {
    with_search_path(|path| String::from_utf8_lossy(path).into_owned())
}

/// Whether the search_path is set to this.
pub fn search_path_is(wanted: &str) -> bool {
    with_search_path(|path| path == wanted.as_bytes())
}

fn with_search_path<R>(f: impl FnOnce(&[u8]) -> R) -> R {
    // SAFETY: the setting's own variable, which is a C string once it is set.
    unsafe {
        let path = pg_sys::namespace_search_path;
        match path.is_null() {
            true => f(&[]),
            false => f(CStr::from_ptr(path).to_bytes()),
        }
    }
}

/// How to call a function of the extension from here: with its schema where the
/// search_path does not lead to it. None where it is not there.
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

/// Whether the search_path leads to a relation of this name.
pub fn is_visible_relation(name: &str) -> bool {
    let Ok(name) = CString::new(name) else {
        return false;
    };
    // SAFETY: a look-up; invalid where there is none.
    unsafe { pg_sys::RelnameGetRelid(name.as_ptr()) != pg_sys::InvalidOid }
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
