//! Time, as the running statement knows it.

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    // Declared here, and not taken from pgrx: it cannot raise, and a check at
    // every statement asks it.
    fn GetCurrentStatementStartTimestamp() -> pg_sys::TimestampTz;
}

/// When the client's statement arrived: microseconds since 2000.
pub fn statement_start() -> i64 {
    // SAFETY: reads a static.
    unsafe { GetCurrentStatementStartTimestamp() }
}
