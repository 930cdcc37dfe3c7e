//! The clock.

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    // This function is declared here and not taken from pgrx, because it cannot raise
    // and every check calls it.
    fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
}

/// The time now, in microseconds since 2000-01-01. It is not the time when the
/// statement began, because a procedure runs for as long as it likes.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { GetCurrentTimestamp() }
}
