//! What the files of all majors use.

use pgrx::pg_sys;
use spyne_core::kernel::ids::RelId;

use crate::pg::oids::rel_id;

/// What a range table entry asks for, outside the executor: COPY and the like.
pub struct Requested {
    pub relid: RelId,
    pub reads: bool,
    pub writes: bool,
}

/// The privileges that whoever writes to a table needs.
pub const WRITING: pg_sys::AclMode =
    (pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE) as pg_sys::AclMode;

/// What an entry asks for, from the privileges that it needs.
pub(super) fn requested(relid: pg_sys::Oid, permissions: pg_sys::AclMode) -> Requested {
    Requested {
        relid: rel_id(relid),
        reads: permissions & pg_sys::ACL_SELECT as pg_sys::AclMode != 0,
        writes: permissions & WRITING != 0,
    }
}

/// What spyne does in the hooks whose arguments differ between majors. The
/// functions `executor_run` and `check_permissions`, made for an
/// implementation of this trait, are what goes into Postgres's variables. They
/// are trampolines, and so are these two.
pub trait Hooks {
    /// What ExecutorRun is called with: the server's `RunArguments`.
    type Arguments;
    /// What a check of privileges is called with: the server's `PermissionLists`.
    type Lists;

    /// Called in place of ExecutorRun; hands the call on with
    /// its `pass_to`.
    ///
    /// # Safety
    /// The executor's own arguments.
    unsafe fn run(query: *mut pg_sys::QueryDesc, arguments: Self::Arguments);

    /// Called when the privileges of a range table are checked; hands the call
    /// on with its `pass_to`. Returns whether they are granted.
    ///
    /// # Safety
    /// The executor's own arguments.
    unsafe fn permits(lists: Self::Lists, abort: bool) -> bool;
}

/// Called by a tree walker of Postgres's for each direct part of a node.
/// Returns whether to stop.
pub(super) type Walker<Node> =
    unsafe extern "C-unwind" fn(*mut Node, *mut core::ffi::c_void) -> bool;
