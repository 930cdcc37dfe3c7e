//! The hooks: they collect what a statement touches, ask the policy, and chain.
//!
//! A hook that calls on into Postgres is a plain trampoline, without a guard
//! and without anything to drop: an error that passes through keeps its fields,
//! its context and its cursor position. What a trampoline calls is of two kinds:
//! plain functions that make no call that can raise, have nothing to drop when
//! they return and do not panic (those of [`super::frames`] are such); and
//! `#[pg_guard]` functions beside it, which do the rest.

use std::ffi::CStr;

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RelId;

use super::cache::{self, Quick};
use super::frames::{self, Doing, Dropping};
use super::local::Local;
use super::oids::rel_id;
use super::policy::{self, Access, Kind, ObjectEvent, Policy, Statement, Touched, policy};
use super::server::{self, CheckPermissions, Hooks, PermissionLists, RunArguments};
use super::text::{self, Text};
use super::{
    catalogs, citus, copy, lists, object_access, portals, runs, statement, users, utility,
};

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

/// What was in each hook before, or the standard function where nothing was.
/// One static each: the fast path loads the one it needs and jumps.
static NEXT_START: Local<ExecutorStart> = Local::new(server::EXECUTOR_START);
static NEXT_RUN: Local<server::ExecutorRun> = Local::new(server::EXECUTOR_RUN);
static NEXT_END: Local<ExecutorEnd> = Local::new(server::EXECUTOR_END);
static NEXT_FINISH: Local<ExecutorFinish> = Local::new(server::EXECUTOR_FINISH);
static NEXT_UTILITY: Local<ProcessUtility> = Local::new(server::PROCESS_UTILITY);
static NEXT_PERMISSIONS: Local<Option<CheckPermissions>> = Local::new(None);
static NEXT_OBJECT: Local<Option<ObjectAccess>> = Local::new(None);

/// The statement that the executor starts; null for none. Only good while
/// [`frames::now`] says that it starts one: after an error it is put back to null, with the
/// (sub)transaction.
static STARTING: Local<*mut pg_sys::QueryDesc> = Local::new(std::ptr::null_mut());

unsafe extern "C-unwind" {
    // Declared here, and not taken from pgrx, for the fast path: an error may
    // pass through a trampoline, which needs no boundary.
    fn IsTransactionBlock() -> bool;
    fn AcceptInvalidationMessages();
}

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

/// Puts spyne into the hooks. Called once, when the library is loaded.
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
        // It may stand where one stood that has ended in an error.
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
        let around = STARTING.get();
        STARTING.set(query);
        NEXT_START.get()(query, flags);
        STARTING.set(around);
        frames::started(before);
        // A foreign key's own statement is watched for what is nested in it.
        if key {
            frames::watch(query, None);
        } else if token.is_some() {
            frames::watch(query, token);
        }
    }
}

/// Away from the fast path, so that it needs no stack of its own.
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
            // What was really read is part of the record.
            (*query).instrument_options |= pg_sys::InstrumentOption::INSTRUMENT_ROWS as i32;
        }
        token
    }
}

/// The token of a statement that has passed before, since when nothing has
/// changed; None where it must be checked. Without a guard, so it calls nothing
/// in Rust that can panic.
unsafe fn passed_before(query: *const pg_sys::QueryDesc, flags: core::ffi::c_int) -> Option<Token> {
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

/// Away from the fast path, which then needs no stack and ends in a jump.
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

/// As `run_watched`.
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

/// The fast path: whether some relation of the plan is governed, or unknown, or
/// any is written to. Makes no calls that can raise.
#[inline(always)]
unsafe fn wants_a_look(plan: *const pg_sys::PlannedStmt) -> bool {
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
                // Another library's plan says by its permissions alone that it writes.
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

#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn check_statement(
    query: *const pg_sys::QueryDesc,
    flags: core::ffi::c_int,
) -> Option<Token> {
    if !(policy().enabled)() || !cache::installed() {
        return None;
    }
    // Also outside a transaction block: a function's statements come here.
    // SAFETY: as in `wants_a_look`.
    unsafe { AcceptInvalidationMessages() };
    let kind = match flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as i32 {
        0 => Kind::Run,
        _ => Kind::Explain,
    };
    // SAFETY: the plan, the text and the receiver are the executor's own.
    let statement = unsafe {
        let plan = (*query).plannedstmt;
        let text = Text::new((*query).sourceText, (*plan).stmt_location, (*plan).stmt_len);
        // What sends its rows to the leader is the leader's; all else in a
        // worker is done by functions.
        let to_leader = (*(*query).dest).mydest == pg_sys::CommandDest::DestTupleQueue;
        Statement {
            text: Some(text),
            of_leader: to_leader && catalogs::in_parallel_worker(),
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

/// Checks by the policy that what has no plan may write to these, when it runs.
pub fn check_written(relids: &[RelId]) {
    if !relids.is_empty() && (policy().enabled)() && cache::installed() {
        let touched = relids.iter().map(|relid| Touched::directly(*relid, Access::Write));
        let touched = touched.collect();
        (policy().statement)(&Statement::plain(touched, Kind::Preview, None));
    }
}

/// Runs `work`, in which permissions are checked that were checked by the
/// policy already.
pub fn checked<T>(work: impl FnOnce() -> T) -> T {
    frames::while_starting(work)
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

// --------------------------------------------------- permission checks (COPY)

/// Checks a permission check outside the executor: COPY of a table, and the
/// check that ALTER TABLE ... ADD FOREIGN KEY makes, which wants an answer and
/// not an error.
#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn permits(lists: PermissionLists, abort: bool) -> bool {
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
        let dropping = match tag {
            pg_sys::NodeTag::T_DropStmt => {
                match (*(*plan).utilityStmt.cast::<pg_sys::DropStmt>()).removeType {
                    pg_sys::ObjectType::OBJECT_TRIGGER => Dropping::Trigger,
                    pg_sys::ObjectType::OBJECT_EXTENSION => Dropping::Extension,
                    _ => Dropping::Other,
                }
            }
            _ => Dropping::Other,
        };
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
        if matches!(
            tag,
            pg_sys::NodeTag::T_FetchStmt
                | pg_sys::NodeTag::T_RefreshMatViewStmt
                | pg_sys::NodeTag::T_AlterTableStmt
                | pg_sys::NodeTag::T_AlterDomainStmt
                | pg_sys::NodeTag::T_DropStmt
                | pg_sys::NodeTag::T_IndexStmt
                | pg_sys::NodeTag::T_ViewStmt
                | pg_sys::NodeTag::T_CopyStmt
        ) {
            utility::check(plan);
        }
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
        // What no executor sees is recorded here.
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
        // Comes for every function that any statement calls: out at once, but for an
        // extension's where there may be one to look at.
        if access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE {
            if object.to_u32() >= pg_sys::FirstNormalObjectId && citus::may_be_here() {
                function_called(object);
            }
            match NEXT_OBJECT.get() {
                Some(next) => return next(access, class, object, sub, argument),
                None => return,
            }
        }
        object_changes(access, class, object, sub, argument);
    }
}

/// Judges the call of a function of Citus's: by the tables that the starting statement
/// gives it, where they can be told.
#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn function_called(function: pg_sys::Oid) {
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
        // SAFETY: the statement that starts, as its trampoline has it.
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

#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn check_object(event: *const ObjectEvent) {
    // SAFETY: the caller's own value.
    let event = unsafe { *event };
    // SAFETY: reads the transaction's state.
    let in_transaction = unsafe { pg_sys::IsTransactionState() };
    if in_transaction && (policy().enabled)() && cache::installed() {
        (policy().object)(event);
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
        // A prepared transaction may yet be undone, by anybody.
        XACT_EVENT_ABORT | XACT_EVENT_PREPARE => {
            STARTING.set(std::ptr::null_mut());
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
    // One that is kept becomes part of the one around it, which has a lower
    // number: what began in it goes with that.
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        STARTING.set(std::ptr::null_mut());
        frames::subtransaction_undone(me);
        (policy().undone)();
    }
}
