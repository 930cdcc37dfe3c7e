//! Postgres's own settings, as this session has them.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;

/// The settings that decide what the literals of a text mean and which rows a policy
/// leaves, as one number.
pub fn reading_settings() -> u64 {
    // SAFETY: reads statics.
    unsafe {
        let flags = u64::from(pg_sys::standard_conforming_strings)
            | u64::from(pg_sys::Transform_null_equals) << 1
            | u64::from(pg_sys::Array_nulls) << 2
            | u64::from(pg_sys::row_security) << 3
            | (pg_sys::DateOrder as u64 & 0xff) << 8
            | (pg_sys::IntervalStyle as u64 & 0xff) << 16;
        // The address of a time zone stays the same for as long as the process lives.
        flags ^ (pg_sys::session_timezone as u64) << 24
    }
}

/// The value of the setting search_path.
pub fn search_path() -> String {
    with_search_path(|path| String::from_utf8_lossy(path).into_owned())
}

/// Whether the setting search_path has this value.
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

/// Whether the search_path leads to a relation of this name.
pub fn is_visible_relation(name: &str) -> bool {
    let Ok(name) = CString::new(name) else {
        return false;
    };
    // SAFETY: a look-up; invalid where there is none.
    unsafe { pg_sys::RelnameGetRelid(name.as_ptr()) != pg_sys::InvalidOid }
}
