//! What kind of transaction this is, and the snapshot that it reads with.

use pgrx::pg_sys;

/// Whether this transaction cannot write, because this is a standby or the transaction
/// is READ ONLY.
pub fn read_only_here() -> bool {
    // SAFETY: reads of process state.
    unsafe { pg_sys::RecoveryInProgress() || pg_sys::XactReadOnly }
}

/// Whether this is a worker of a parallel query.
pub fn in_parallel_worker() -> bool {
    // SAFETY: reads a static.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// Whether a parallel plan runs, in which no subtransaction may begin.
pub fn in_parallel_mode() -> bool {
    // SAFETY: reads the transaction's state.
    unsafe { pg_sys::IsInParallelMode() }
}

/// Runs `read` with a snapshot of now, whatever the transaction's own is.
pub fn with_latest_snapshot<T>(read: impl FnOnce() -> T) -> T {
    // SAFETY: pushed and popped in a pair; an ERROR pops it with the
    // transaction. A parallel worker may take no snapshot of its own.
    unsafe {
        if pg_sys::IsInParallelMode() {
            return read();
        }
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let result = read();
        pg_sys::PopActiveSnapshot();
        result
    }
}
