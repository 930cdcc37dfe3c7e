//! Looks types up by their names.

use std::ffi::CString;

use pgrx::pg_sys;

use super::{server, trial};

/// The type that a text names, as in CREATE TABLE: its OID and modifier.
///
/// # Errors
/// Why the text names no type, in words.
pub fn by_name(text: &str) -> Result<(u32, i32), String> {
    let none = || format!("there is no type {text}");
    let name = CString::new(text).map_err(|_| none())?;
    let (oid, modifier) = trial::caught(|| {
        let mut oid = pg_sys::InvalidOid;
        let mut modifier = -1;
        // SAFETY: a C string, and two places to write to.
        unsafe { server::parse_type(name.as_ptr(), &mut oid, &mut modifier) };
        (oid.to_u32(), modifier)
    })?;
    match oid {
        0 => Err(none()),
        oid => Ok((oid, modifier)),
    }
}
