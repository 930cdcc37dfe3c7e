//! Calls of functions of Citus's, which are judged by the tables that the starting statement
//! calls them with.

use pgrx::{pg_guard, pg_sys};

use super::local::Local;
use super::policy::{ObjectEvent, policy};
use super::{cache, citus, frames};

/// The statement that the executor is starting; null for none. It is only good while
/// [`frames::now`] says that one is starting: after an error it is set back to null, with the
/// (sub)transaction.
static STARTING: Local<*const pg_sys::QueryDesc> = Local::new(std::ptr::null());

/// Notes that the executor starts a statement; returns the one around it, for
/// [`started`]. It makes no call.
#[inline(always)]
pub(super) fn starts(query: *const pg_sys::QueryDesc) -> *const pg_sys::QueryDesc {
    let around = STARTING.get();
    STARTING.set(query);
    around
}

/// Notes that the executor has started a statement. It makes no call.
#[inline(always)]
pub(super) fn started(around: *const pg_sys::QueryDesc) {
    STARTING.set(around);
}

/// Forgets what was starting. Called when a (sub)transaction is undone.
#[inline(always)]
pub(super) fn forget() {
    STARTING.set(std::ptr::null());
}

/// Asks the policy about the call of a function, where it is one of Citus's that does
/// something to tables.
///
/// # Safety
/// For the hook that is called for each function.
#[cold]
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn called(function: pg_sys::Oid) {
    let policy = policy();
    // SAFETY: reads the transaction's state.
    let in_transaction = unsafe { pg_sys::IsTransactionState() };
    if !in_transaction || !(policy.enabled)() || !cache::installed() {
        return;
    }
    let Some(call) = citus::call_of(function.to_u32()) else {
        return;
    };
    let query = STARTING.get();
    let tables = match frames::now().is_starting() && !query.is_null() {
        // SAFETY: the statement that is being started is valid until that is done.
        true => unsafe { citus::tables_of_calls(query, function.to_u32()) },
        false => None,
    };
    match tables {
        None => (policy.object)(ObjectEvent::CallOnShards { call, table: None }),
        Some(tables) => tables.into_iter().for_each(|table| {
            (policy.object)(ObjectEvent::CallOnShards { call, table: Some(table) })
        }),
    }
}
