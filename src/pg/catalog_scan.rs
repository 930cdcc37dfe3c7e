//! Scans of catalogs, tuple by tuple, and the values in a tuple.

use std::ffi::CStr;

use pgrx::pg_sys;

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
pub(super) unsafe fn scan_by(
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
        // Null stands for the newest catalog snapshot. SnapshotSelf also sees what the
        // running command has written.
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

/// A text attribute of a tuple.
///
/// # Safety
/// As for [`attribute`], and the attribute is of type text.
pub(super) unsafe fn text(
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

/// The text of a name.
pub(super) fn name_of(name: &pg_sys::NameData) -> String {
    // SAFETY: a name is NUL-terminated within its 64 bytes.
    unsafe { CStr::from_ptr(name.data.as_ptr()) }.to_string_lossy().into_owned()
}
