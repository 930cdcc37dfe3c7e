//! Types by their names.

use std::ffi::CString;

use pgrx::pg_sys;

use super::shims;

/// The type that a text names, as in CREATE TABLE: its OID and modifier. None
/// where there is no such type. What is no name of a type at all ends the
/// statement with Postgres's own error.
pub fn by_name(text: &str) -> Option<(u32, i32)> {
    let text = CString::new(text).ok()?;
    let mut oid = pg_sys::InvalidOid;
    let mut modifier = -1;
    // SAFETY: a C string, and two places to write to.
    unsafe { shims::parse_type(text.as_ptr(), &mut oid, &mut modifier) };
    (oid != pg_sys::InvalidOid).then(|| (oid.to_u32(), modifier))
}
