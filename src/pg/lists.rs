//! Postgres's lists.

use pgrx::pg_sys;

/// The pointers of a list.
///
/// # Safety
/// `list` is null or a valid List of pointers, unchanged while iterated over.
#[inline(always)]
pub unsafe fn cells(list: *mut pg_sys::List) -> impl Iterator<Item = *mut core::ffi::c_void> {
    // SAFETY: a List has `length` cells at `elements`.
    let slice = unsafe {
        match list.is_null() {
            true => &[][..],
            false => std::slice::from_raw_parts((*list).elements, (*list).length as usize),
        }
    };
    // SAFETY: each cell of a pointer list holds a pointer.
    slice.iter().map(|cell| unsafe { cell.ptr_value })
}
