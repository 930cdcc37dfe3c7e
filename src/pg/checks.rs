//! What the hooks ask of the policy about what Postgres is about to do.
//!
//! Two kinds of functions are here. The fast path, [`wants_a_look`] and
//! [`passed_before`], is called from trampolines without a guard: it makes no call
//! that can raise, and panics nowhere. The others are guarded, or are called from
//! Rust code that is.

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RelId;

use super::cache::{self, Quick};
use super::oids::rel_id;
use super::policy::{Access, Kind, ObjectEvent, Statement, Touched, policy};
use super::server::{self, PermissionLists};
use super::text::{self, Text};
use super::{copy, frames, lists, portals, statement, transaction, users};

unsafe extern "C-unwind" {
    // These functions are declared here and not taken from pgrx, because an error may
    // pass through a trampoline and needs no boundary.
    fn IsTransactionBlock() -> bool;
    fn AcceptInvalidationMessages();
}

/// The fast path: whether a statement must be looked at. That is so where some
/// relation of its plan is governed and may be refused to the caller, where some
/// relation is unknown to the cache, or where a governed one is written to. Makes no
/// call that can raise.
///
/// # Safety
/// A valid planned statement.
#[inline(always)]
pub(super) unsafe fn wants_a_look(plan: *const pg_sys::PlannedStmt) -> bool {
    if cache::installed_quick() == Some(false) {
        return false;
    }
    // SAFETY: between the lock and the execution, as LockRelationOid does it.
    // A transaction that holds its locks already is told of nothing new by
    // taking them again, so what others have committed since is asked for here.
    unsafe {
        if IsTransactionBlock() {
            AcceptInvalidationMessages();
        }
    }
    let user = users::current();
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let changes = !(*plan).resultRelations.is_null() || !(*plan).rowMarks.is_null();
        lists::cells((*plan).rtable).any(|cell| {
            let entry = &*cell.cast::<pg_sys::RangeTblEntry>();
            let relid = rel_id(entry.relid);
            if !server::names_relation(entry) || relid.get() < pg_sys::FirstNormalObjectId {
                return false;
            }
            match cache::quick(relid, user) {
                Quick::Free => false,
                // The plan of another library's says by its privileges alone that it writes.
                Quick::Readable(previews) => {
                    changes
                        || server::privileges(plan, entry) & server::WRITING != 0
                        || previews != (policy().previews)()
                }
                Quick::Unknown => true,
            }
        })
    }
}

/// The token of a statement that the policy has let pass before, where nothing has
/// changed since then; None where the statement must be checked. This function has
/// no guard, so it calls nothing in Rust that can panic.
///
/// # Safety
/// The executor's own arguments.
pub(super) unsafe fn passed_before(
    query: *const pg_sys::QueryDesc,
    flags: core::ffi::c_int,
) -> Option<Token> {
    if flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as i32 != 0 || cache::installed_quick() != Some(true)
    {
        return None;
    }
    // SAFETY: as in `wants_a_look`; the text is the statement's own.
    unsafe {
        if text::has_own_names(&*query) {
            return None;
        }
        AcceptInvalidationMessages();
        let plan = (*query).plannedstmt;
        let text = Text::new((*query).sourceText, (*plan).stmt_location, (*plan).stmt_len);
        (policy().passed)(&text, statement::relations_of(plan))
    }
}

/// Asks the policy about a statement that the executor is to start; raises an error
/// where it is refused. Returns the token of the preview that authorises it, if one
/// was needed.
///
/// # Safety
/// The executor's own arguments.
#[cold]
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn check_statement(
    query: *const pg_sys::QueryDesc,
    flags: core::ffi::c_int,
) -> Option<Token> {
    if !(policy().enabled)() || !cache::installed() {
        return None;
    }
    // Also outside of a transaction block, since statements of functions come here too.
    unsafe { AcceptInvalidationMessages() };
    let kind = match flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as i32 {
        0 => Kind::Run,
        _ => Kind::Explain,
    };
    // SAFETY: the plan, the text and the receiver are the executor's own.
    let statement = unsafe {
        let plan = (*query).plannedstmt;
        let text = Text::new((*query).sourceText, (*plan).stmt_location, (*plan).stmt_len);
        // In a parallel worker, the plan that sends its rows to the leader is the
        // leader's; all other statements are those of functions.
        let to_leader = (*(*query).dest).mydest == pg_sys::CommandDest::DestTupleQueue;
        Statement {
            text: Some(text),
            of_leader: to_leader && transaction::in_parallel_worker(),
            own_names: text::has_own_names(&*query),
            place: portals::place_of(plan),
            ..statement::read(plan, kind)
        }
    };
    (policy().statement)(&statement)
}

/// Checks a plan by the policy, as that of a statement of this kind.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn check_plan(plan: *const pg_sys::PlannedStmt, kind: Kind) {
    if (policy().enabled)() && cache::installed() {
        // SAFETY: as promised by the caller.
        (policy().statement)(&unsafe { statement::read(plan, kind) });
    }
}

/// Checks by the policy that a statement without a plan (TRUNCATE, COPY) may write
/// to these relations when it runs.
pub fn check_written(relids: &[RelId]) {
    if !relids.is_empty() && (policy().enabled)() && cache::installed() {
        let touched = relids.iter().map(|relid| Touched::directly(*relid, Access::Write));
        let touched = touched.collect();
        (policy().statement)(&Statement::plain(touched, Kind::Preview, None));
    }
}

/// Runs `work`, in which Postgres checks permissions for a plan that the policy has
/// checked already: its hook does not ask the policy again.
pub fn while_checked<T>(work: impl FnOnce() -> T) -> T {
    frames::while_starting(work)
}

/// Asks the policy about a permission check outside the executor. There are two:
/// COPY of a table, which is refused with an error; and ALTER TABLE ... ADD FOREIGN
/// KEY (`abort` is false), which wants an answer and not an error.
///
/// # Safety
/// The lists of the check that is under way.
#[cold]
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn permits(lists: PermissionLists, abort: bool) -> bool {
    let policy = policy();
    if !(policy.enabled)() || !cache::installed() {
        return true;
    }
    // SAFETY: the lists of the check that is under way.
    let requested = unsafe { lists.requested() };
    if abort && let Some(judged) = copy::judged(&requested) {
        if judged.previewed {
            frames::use_pending();
        }
        return true;
    }
    let touched = requested
        .into_iter()
        .filter(|r| r.reads || r.writes)
        .map(|r| Touched::directly(r.relid, if r.writes { Access::Write } else { Access::Read }))
        .collect();
    if !abort {
        return (policy.permits)(&Statement::plain(touched, Kind::NewKey, None));
    }
    (policy.statement)(&Statement::plain(touched, Kind::Copy, frames::utility_text()));
    true
}

/// Asks the policy about a change of an object; raises an error where it is refused.
///
/// # Safety
/// `event` points to a value of the caller's.
#[cold]
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn check_object(event: *const ObjectEvent) {
    // SAFETY: the caller's own value.
    let event = unsafe { *event };
    // SAFETY: reads the transaction's state.
    let in_transaction = unsafe { pg_sys::IsTransactionState() };
    if in_transaction && (policy().enabled)() && cache::installed() {
        (policy().object)(event);
    }
}
