//! Whether the server is one that pg_upgrade has started.

use pgrx::pg_sys;

/// Whether pg_upgrade has started this server, to dump from it or to restore into
/// it. Nobody else gets there: the mode is an argument of the server program, which
/// is for whoever owns the data directory, and in it only superusers connect.
pub fn in_progress() -> bool {
    // SAFETY: the postmaster sets it from its arguments before it loads a library,
    // and its children inherit it.
    unsafe { pg_sys::IsBinaryUpgrade }
}
