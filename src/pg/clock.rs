//! Time.

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    // Declared here, and not taken from pgrx: it cannot raise, and a check at
    // every statement asks it.
    fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
}

/// Now: microseconds since 2000. Not the statement's beginning: a procedure
/// runs for as long as it likes.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { GetCurrentTimestamp() }
}
