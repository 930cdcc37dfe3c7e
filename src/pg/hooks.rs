//! The hooks: trampolines that ask the policy, by [`super::checks`], and chain to
//! whatever was in the hook before.
//!
//! A hook that calls on into Postgres is a plain trampoline, without a guard
//! and without anything to drop: an error that passes through keeps its fields,
//! its context and its cursor position. What a trampoline calls is of two kinds:
//! plain functions that make no call that can raise, have nothing to drop when
//! they return and do not panic (those of [`super::frames`] are such); and
//! `#[pg_guard]` functions beside it, which do the rest.

use std::ffi::CStr;

use pgrx::pg_sys;

use spyne_core::gate::token::Token;

use super::cache;
use super::checks::{check_object, check_statement, passed_before, permits, wants_a_look};
use super::frames::{self, Doing};
use super::local::Local;
use super::policy::{self, Policy, policy};
use super::server::{self, CheckPermissions, Hooks, PermissionLists, RunArguments};
use super::{calls, citus, object_access, runs, users, utility};

type ExecutorStart = unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, core::ffi::c_int);
type ExecutorEnd = unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc);
type ExecutorFinish = unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc);
type ProcessUtility = unsafe extern "C-unwind" fn(
    *mut pg_sys::PlannedStmt,
    *const core::ffi::c_char,
    bool,
    pg_sys::ProcessUtilityContext::Type,
    pg_sys::ParamListInfo,
    *mut pg_sys::QueryEnvironment,
    *mut pg_sys::DestReceiver,
    *mut pg_sys::QueryCompletion,
);
type ObjectAccess = unsafe extern "C-unwind" fn(
    pg_sys::ObjectAccessType::Type,
    pg_sys::Oid,
    pg_sys::Oid,
    core::ffi::c_int,
    *mut core::ffi::c_void,
);

/// The function that was in each hook before, or the standard function where none was.
/// Each is a static of its own, so that the fast path loads the one that it needs and
/// jumps.
static NEXT_START: Local<ExecutorStart> = Local::new(server::EXECUTOR_START);
static NEXT_RUN: Local<server::ExecutorRun> = Local::new(server::EXECUTOR_RUN);
static NEXT_END: Local<ExecutorEnd> = Local::new(server::EXECUTOR_END);
static NEXT_FINISH: Local<ExecutorFinish> = Local::new(server::EXECUTOR_FINISH);
static NEXT_UTILITY: Local<ProcessUtility> = Local::new(server::PROCESS_UTILITY);
static NEXT_PERMISSIONS: Local<Option<CheckPermissions>> = Local::new(None);
static NEXT_OBJECT: Local<Option<ObjectAccess>> = Local::new(None);

/// Keeps pgrx from putting a backtrace into the DETAIL of every error that
/// passes through Rust, which it does where the server's environment asks Rust
/// programs for backtraces: users would read our source paths.
fn no_backtraces_in_details() {
    // SAFETY: at load time this process has one thread.
    unsafe {
        std::env::set_var("RUST_BACKTRACE", "0");
        std::env::set_var("RUST_LIB_BACKTRACE", "0");
    }
}

/// Puts spyne's trampolines into the hooks. Called once, when the library is loaded.
pub fn install(policy: Policy) {
    // SAFETY: at load time nothing runs; every hook that was set is kept and
    // called.
    unsafe {
        policy::set(policy);
        NEXT_START.set(pg_sys::ExecutorStart_hook.unwrap_or(server::EXECUTOR_START));
        NEXT_RUN.set(pg_sys::ExecutorRun_hook.unwrap_or(server::EXECUTOR_RUN));
        NEXT_END.set(pg_sys::ExecutorEnd_hook.unwrap_or(server::EXECUTOR_END));
        NEXT_FINISH.set(pg_sys::ExecutorFinish_hook.unwrap_or(server::EXECUTOR_FINISH));
        NEXT_UTILITY.set(pg_sys::ProcessUtility_hook.unwrap_or(server::PROCESS_UTILITY));
        NEXT_PERMISSIONS.set(pg_sys::ExecutorCheckPerms_hook);
        NEXT_OBJECT.set(pg_sys::object_access_hook);
        pg_sys::ExecutorStart_hook = Some(executor_start);
        pg_sys::ExecutorRun_hook = Some(server::executor_run::<Trampolines>);
        pg_sys::ExecutorFinish_hook = Some(executor_finish);
        pg_sys::ExecutorEnd_hook = Some(executor_end);
        pg_sys::ProcessUtility_hook = Some(process_utility);
        pg_sys::ExecutorCheckPerms_hook = Some(server::check_permissions::<Trampolines>);
        pg_sys::object_access_hook = Some(object_access);
        pg_sys::RegisterXactCallback(Some(at_transaction_end), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(at_subtransaction_end), std::ptr::null_mut());
    }
    cache::watch();
    citus::watch();
    no_backtraces_in_details();
}

/// Reserves a prefix, so that a misspelt setting is an error.
pub fn reserve_settings(prefix: &'static CStr) {
    // SAFETY: at load time, after all settings of the prefix are defined.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) }
}

// ---------------------------------------------------------------- statements

unsafe extern "C-unwind" fn executor_start(query: *mut pg_sys::QueryDesc, flags: core::ffi::c_int) {
    // SAFETY: a trampoline: the arguments go on as they came. An error leaves the
    // flag, which goes with the (sub)transaction.
    unsafe {
        // The QueryDesc may have the address of an earlier one, whose statement has
        // ended in an error.
        if frames::watching() {
            frames::forget(query);
        }
        let key = users::in_key_statement();
        let mut token = None;
        if wants_a_look((*query).plannedstmt) {
            token = look_closer(query, flags);
        }
        // The permission check inside is covered by the statement's own check.
        let before = frames::starts();
        let around = calls::starts(query);
        NEXT_START.get()(query, flags);
        calls::started(around);
        frames::started(before);
        // A foreign key's own statement is watched for what is nested in it.
        if key {
            frames::watch(query, None);
        } else if token.is_some() {
            frames::watch(query, token);
        }
    }
}

/// Looks at a statement that the fast path cannot decide. A function of its own, so
/// that the fast path needs no stack.
#[cold]
#[inline(never)]
unsafe extern "C-unwind" fn look_closer(
    query: *mut pg_sys::QueryDesc,
    flags: core::ffi::c_int,
) -> Option<Token> {
    // SAFETY: the executor's own arguments.
    unsafe {
        let token = match passed_before(query, flags) {
            None => check_statement(query, flags),
            passed => passed,
        };
        if token.is_some() {
            // The number of rows that were read is part of the record of a run.
            (*query).instrument_options |= pg_sys::InstrumentOption::INSTRUMENT_ROWS as i32;
        }
        token
    }
}

/// The hooks whose arguments differ between majors.
struct Trampolines;

impl Hooks for Trampolines {
    type Arguments = RunArguments;
    type Lists = PermissionLists;

    #[inline(always)]
    unsafe fn run(query: *mut pg_sys::QueryDesc, arguments: RunArguments) {
        // SAFETY: a trampoline.
        unsafe {
            match frames::watching() {
                false => arguments.pass_to(NEXT_RUN.get(), query),
                true => run_watched(query, arguments),
            }
        }
    }

    #[inline(always)]
    unsafe fn permits(lists: PermissionLists, abort: bool) -> bool {
        // SAFETY: a trampoline.
        unsafe {
            if !frames::now().is_starting() && !permits(lists, abort) {
                return false;
            }
            NEXT_PERMISSIONS.get().is_none_or(|next| lists.pass_to(next, abort))
        }
    }
}

/// Runs a statement while some statement is watched. A function of its own, so that the
/// fast path needs no stack and ends in a jump.
#[cold]
#[inline(never)]
unsafe extern "C-unwind" fn run_watched(query: *mut pg_sys::QueryDesc, arguments: RunArguments) {
    // SAFETY: a trampoline; an error leaves the frame, which goes with the
    // (sub)transaction.
    unsafe {
        let entered = frames::enter(query);
        arguments.pass_to(NEXT_RUN.get(), query);
        let rows = (*(*query).estate).es_processed;
        let complete = arguments.count == 0 || rows < arguments.count;
        frames::leave(query, entered, rows, complete);
    }
}

unsafe extern "C-unwind" fn executor_end(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a trampoline.
    unsafe {
        match frames::watching() {
            false => NEXT_END.get()(query),
            true => end_watched(query),
        }
    }
}

/// Ends a statement while some statement is watched. A function of its own, as
/// `run_watched` is.
#[cold]
#[inline(never)]
unsafe extern "C-unwind" fn end_watched(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a trampoline.
    unsafe {
        let reported = frames::is_reported(query);
        if reported {
            runs::ending(query);
        }
        NEXT_END.get()(query);
        match reported {
            true => runs::ended(query),
            false => frames::forget(query),
        }
    }
}

unsafe extern "C-unwind" fn executor_finish(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a trampoline. An error leaves the frames, which go with the
    // (sub)transaction.
    unsafe {
        // Only a change has AFTER triggers to fire, and foreign-key actions
        // among them.
        if (*(*query).plannedstmt).resultRelations.is_null() {
            return NEXT_FINISH.get()(query);
        }
        let user = users::finishing_now();
        let depth = frames::push(Doing::Finishing { query: query as usize, user, token: None });
        if frames::watching() {
            frames::enter(query);
        }
        NEXT_FINISH.get()(query);
        frames::pop(depth);
    }
}

// --------------------------------------------------------- utility statements

#[allow(clippy::too_many_arguments)]
unsafe extern "C-unwind" fn process_utility(
    plan: *mut pg_sys::PlannedStmt,
    text: *const core::ffi::c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: a trampoline: the arguments go on as they came.
    unsafe {
        let tag = (*(*plan).utilityStmt).type_;
        let dropping = utility::dropping((*plan).utilityStmt);
        let runs_another = matches!(
            tag,
            pg_sys::NodeTag::T_CopyStmt
                | pg_sys::NodeTag::T_CreateTableAsStmt
                | pg_sys::NodeTag::T_DeclareCursorStmt
                | pg_sys::NodeTag::T_ExplainStmt
                | pg_sys::NodeTag::T_ExecuteStmt
                | pg_sys::NodeTag::T_TruncateStmt
        );
        let depth = match runs_another {
            true => utility::enter(plan, text),
            false => frames::push(frames::utility(dropping, None)),
        };
        let plan = match server::effect_of_statement(tag).needs_a_look() {
            true => utility::check(plan),
            false => plan,
        };
        NEXT_UTILITY.get()(
            plan,
            text,
            read_only_tree,
            context,
            params,
            environment,
            destination,
            completion,
        );
        if tag == pg_sys::NodeTag::T_AlterTableStmt {
            utility::altered();
        }
        // The run of a statement that does not pass the executor is recorded here.
        match frames::used_at(depth) {
            Some(token) => utility::ended(depth, token, completion),
            None => frames::pop(depth),
        }
    }
}

// ------------------------------------------------------------------------ DDL

unsafe extern "C-unwind" fn object_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub: core::ffi::c_int,
    argument: *mut core::ffi::c_void,
) {
    // SAFETY: a trampoline; `argument` is the one that came with the event.
    unsafe {
        // Postgres reports every function that any statement calls, so these events
        // leave at once.
        if access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE {
            if object.to_u32() >= pg_sys::FirstNormalObjectId
                && cache::installed_quick() != Some(false)
                && citus::may_be_here()
            {
                calls::called(object);
            }
            match NEXT_OBJECT.get() {
                Some(next) => return next(access, class, object, sub, argument),
                None => return,
            }
        }
        object_changes(access, class, object, sub, argument);
    }
}

#[cold]
#[inline(never)]
unsafe extern "C-unwind" fn object_changes(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub: core::ffi::c_int,
    argument: *mut core::ffi::c_void,
) {
    // SAFETY: the hook's own arguments.
    unsafe {
        if let Some(event) =
            object_access::event(access, class.to_u32(), object.to_u32(), sub, argument)
        {
            check_object(&event);
        }
        if let Some(next) = NEXT_OBJECT.get() {
            next(access, class, object, sub, argument);
        }
    }
}

// ------------------------------------------------------ ends of transactions

// The two callbacks run in every transaction: they set statics, call nothing
// that can raise, and so need no guard.

unsafe extern "C-unwind" fn at_transaction_end(
    event: pg_sys::XactEvent::Type,
    _argument: *mut core::ffi::c_void,
) {
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PREPARE};
    match event {
        XACT_EVENT_COMMIT => frames::transaction_ended(),
        // A prepared transaction may still be rolled back, by any session.
        XACT_EVENT_ABORT | XACT_EVENT_PREPARE => {
            calls::forget();
            frames::transaction_ended();
            (policy().undone)();
        }
        _ => {}
    }
}

unsafe extern "C-unwind" fn at_subtransaction_end(
    event: pg_sys::SubXactEvent::Type,
    me: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _argument: *mut core::ffi::c_void,
) {
    // A subtransaction that is kept becomes part of the one around it, which has a
    // lower number, and what began in it is dropped along with that.
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        calls::forget();
        frames::subtransaction_undone(me);
        (policy().undone)();
    }
}
