//! Digests of what catalog rows say, wherever the rows lie.

use pgrx::pg_sys;

use super::catalog_scan::name_of;
use super::server;

/// 128 bits of some bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    unsafe extern "C-unwind" {
        fn hash_bytes_extended(bytes: *const u8, length: i32, seed: u64) -> u64;
    }
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    // SAFETY: reads so many bytes, and cannot raise.
    let half = |seed| unsafe { hash_bytes_extended(bytes.as_ptr(), length, seed) };
    format!("{:016x}{:016x}", half(0x5370_796e_6531), half(0x5370_796e_6532))
}

/// The columns of a catalog that count: all but those named.
pub(super) struct Columns {
    without: &'static [&'static str],
    /// Found with the first row.
    counting: Vec<Column>,
}

/// How the values of a column are stored.
struct Column {
    /// Counted from 0.
    at: usize,
    by_value: bool,
    /// In bytes; below 0 for a varlena.
    length: i16,
}

impl Columns {
    /// All columns but those named, which may change without a change of what a row means.
    pub(super) const fn all_but(without: &'static [&'static str]) -> Columns {
        Columns { without, counting: Vec::new() }
    }

    /// # Safety
    /// A valid descriptor.
    unsafe fn find(&mut self, description: pg_sys::TupleDesc) {
        let mut at = 0;
        // SAFETY: as promised by the caller.
        while let Some(column) = unsafe { server::column(description, at) } {
            let name = name_of(&column.attname);
            if !column.attisdropped && !self.without.contains(&name.as_str()) {
                let (by_value, length) = (column.attbyval, column.attlen);
                self.counting.push(Column { at, by_value, length });
            }
            at += 1;
        }
    }
}

/// What some rows say, of which a digest is to be made.
#[derive(Default)]
pub(super) struct Content {
    rows: Vec<Vec<u8>>,
}

impl Content {
    /// Adds a row: what it has in the columns that count.
    ///
    /// # Safety
    /// `tuple` has the shape `description`, and all rows that come with the same `columns` have it.
    pub(super) unsafe fn add(
        &mut self,
        tuple: pg_sys::HeapTuple,
        description: pg_sys::TupleDesc,
        columns: &mut Columns,
    ) {
        let mut row = Vec::new();
        // SAFETY: as promised by the caller; the arrays have room for all columns.
        unsafe {
            if columns.counting.is_empty() {
                columns.find(description);
            }
            let count = (*description).natts as usize;
            let mut values = vec![pg_sys::Datum::from(0_usize); count];
            let mut nulls = vec![false; count];
            pg_sys::heap_deform_tuple(tuple, description, values.as_mut_ptr(), nulls.as_mut_ptr());
            for column in &columns.counting {
                match nulls[column.at] {
                    true => row.push(0),
                    false => put(&mut row, values[column.at], column),
                }
            }
        }
        self.rows.push(row);
    }

    /// Adds what was found elsewhere.
    pub(super) fn add_text(&mut self, text: &str) {
        self.rows.push(text.as_bytes().to_vec());
    }

    /// The digest of all rows; None where there are none. The order in which they came says
    /// nothing.
    pub(super) fn digest(mut self) -> Option<String> {
        if self.rows.is_empty() {
            return None;
        }
        self.rows.sort_unstable();
        let mut all = Vec::new();
        for row in self.rows {
            all.extend_from_slice(&row.len().to_le_bytes());
            all.extend(row);
        }
        Some(digest(&all))
    }
}

/// Writes a value that is not NULL: its length and its bytes.
///
/// # Safety
/// A value of the column.
unsafe fn put(row: &mut Vec<u8>, value: pg_sys::Datum, column: &Column) {
    row.push(1);
    if column.by_value {
        row.extend_from_slice(&value.value().to_le_bytes());
        return;
    }
    // SAFETY: a value that is passed by reference is of a fixed length, or a varlena: catalogs have
    // no columns of type cstring.
    let bytes = unsafe {
        match usize::try_from(column.length) {
            Ok(length) => {
                std::slice::from_raw_parts(value.cast_mut_ptr::<u8>().cast_const(), length)
            }
            Err(_) => {
                let whole = pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr());
                pgrx::varlena::varlena_to_byte_slice(whole)
            }
        }
    };
    row.extend_from_slice(&bytes.len().to_le_bytes());
    row.extend_from_slice(bytes);
}
