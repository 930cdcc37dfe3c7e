//! Work on the catalog with elevated rights.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;

use pgrx::pg_sys;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::frames::{self, Doing, Pushed};
use super::oids::AsOid;
use crate::guc;

/// Proof that spyne's own work is going on: it runs as the bootstrap superuser, with
/// search_path pinned, exempt from spyne's rules.
///
/// Only [`elevated`] makes one, and the value cannot leave the closure that got it. It
/// stands for a rule: whatever runs with it was written by spyne. No statement of the
/// caller's runs with it, no read of a user's table, and no function, default or index
/// expression of a user's.
pub struct Elevated {
    /// Keeps the value from being copied or sent elsewhere.
    _here: PhantomData<*const ()>,
}

/// Proof that the work that has it runs with the rights of some owner, within elevated
/// work: expressions that this owner wrote may run.
///
/// Only [`step_down`] makes one.
pub struct SteppedDown {
    /// Keeps the value from being copied or sent elsewhere.
    _here: PhantomData<*const ()>,
}

/// How a relation is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// ACCESS EXCLUSIVE: nobody else uses the relation.
    AccessExclusive,
    /// SHARE ROW EXCLUSIVE: others go on reading it.
    ShareRowExclusive,
}

/// Runs `work` elevated, with `spyne.lock_timeout`. After an error, the abort of the
/// (sub)transaction restores user and settings.
pub fn elevated<T>(work: impl FnOnce(&Elevated) -> T) -> T {
    pinned(guc::lock_timeout_ms(), || work(&Elevated { _here: PhantomData }))
}

/// As [`elevated`], but pins no setting: for a statement in which every name is
/// qualified and no operator or cast is looked up.
pub fn elevated_unpinned<T>(work: impl FnOnce(&Elevated) -> T) -> T {
    unpinned(|| work(&Elevated { _here: PhantomData }))
}

/// Whether the running statement is spyne's own.
pub fn at_work() -> bool {
    frames::now().at_work()
}

/// Lasts as long as spyne's work, also where that ends with an error.
struct Working {
    /// Whether the script of an extension was running when the work began.
    in_script: bool,
    _frame: Pushed,
}

impl Working {
    /// Begins spyne's work. The script of another extension may be what caused it, so
    /// objects that spyne makes meanwhile are kept from belonging to that extension.
    fn begin() -> Working {
        let frame = Pushed::new(Doing::AtWork);
        // SAFETY: a static of this process, put back below.
        unsafe {
            let in_script = pg_sys::creating_extension && !installing();
            if in_script {
                pg_sys::creating_extension = false;
            }
            Working { in_script, _frame: frame }
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.in_script {
            // SAFETY: as above.
            unsafe { pg_sys::creating_extension = true };
        }
    }
}

/// Runs `work` as the bootstrap superuser, with search_path pinned and
/// lock_timeout set (in ms), exempt from spyne's own rules.
///
/// `work` may only run statements that spyne has written: no statement of the caller's,
/// no read of a user's table, no user's function. After an error, the abort of the
/// (sub)transaction restores user and settings.
fn pinned<T>(lock_timeout_ms: i32, work: impl FnOnce() -> T) -> T {
    let working = Working::begin();
    // SAFETY: user id and settings are saved and restored in pairs; an ERROR in
    // between is cleaned up by AbortTransaction or AbortSubTransaction, which
    // restore both.
    let result = unsafe {
        let mut user = pg_sys::InvalidOid;
        let mut context = 0;
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        let level = pg_sys::NewGUCNestLevel();
        set_local(c"search_path", "pg_catalog, pg_temp");
        set_local(c"lock_timeout", &lock_timeout_ms.to_string());
        // Row level security filters rows of the catalog for readers, and not for
        // spyne.
        set_local(c"row_security", "on");
        // spyne's statements are kept: they are planned once, and not for each of their
        // arguments.
        set_local(c"plan_cache_mode", "force_generic_plan");
        pg_sys::SetUserIdAndSecContext(
            pg_sys::BOOTSTRAP_SUPERUSERID.into(),
            context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32,
        );
        let result = work();
        pg_sys::AtEOXact_GUC(true, level);
        pg_sys::SetUserIdAndSecContext(user, context);
        result
    };
    drop(working);
    result
}

/// As [`pinned`], but pins no setting: for a statement that was prepared once, in which
/// every name is qualified and no operator or cast is looked up.
fn unpinned<T>(work: impl FnOnce() -> T) -> T {
    let working = Working::begin();
    // SAFETY: as in `pinned`.
    let result = unsafe {
        let mut user = pg_sys::InvalidOid;
        let mut context = 0;
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        pg_sys::SetUserIdAndSecContext(
            pg_sys::BOOTSTRAP_SUPERUSERID.into(),
            context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32,
        );
        let result = work();
        pg_sys::SetUserIdAndSecContext(user, context);
        result
    };
    drop(working);
    result
}

/// Runs `work` as `user` within elevated work: spyne's rules bind it again, and it is a
/// security-restricted operation, as in Postgres for index expressions of others.
pub fn step_down<T>(_elevated: &Elevated, user: RoleId, work: impl FnOnce(&SteppedDown) -> T) -> T {
    let _frame = Pushed::new(Doing::SteppedDown);
    // SAFETY: as in `pinned`.
    unsafe {
        let mut elevated = pg_sys::InvalidOid;
        let mut context = 0;
        pg_sys::GetUserIdAndSecContext(&mut elevated, &mut context);
        let level = pg_sys::NewGUCNestLevel();
        let restricted =
            pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
        pg_sys::SetUserIdAndSecContext(user.oid(), context | restricted as i32);
        let result = work(&SteppedDown { _here: PhantomData });
        // Settings that the user's code has made are undone.
        pg_sys::AtEOXact_GUC(false, level);
        pg_sys::SetUserIdAndSecContext(elevated, context);
        result
    }
}

/// Runs `work`, which does not raise, with a setting of the user's own changed.
pub fn with_setting<T>(name: &CStr, value: &str, work: impl FnOnce() -> T) -> T {
    // SAFETY: a nest level of its own, which ends with the work; after an error
    // the one around it ends it too.
    unsafe {
        let level = pg_sys::NewGUCNestLevel();
        set_local(name, value);
        let result = work();
        pg_sys::AtEOXact_GUC(true, level);
        result
    }
}

/// Sets a setting until the present nest level ends.
///
/// # Safety
/// Within a transaction, after NewGUCNestLevel.
unsafe fn set_local(name: &CStr, value: &str) {
    let Ok(value) = CString::new(value) else {
        return;
    };
    // SAFETY: as promised by the caller; both strings outlive the call.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// Locks a relation until the transaction ends, waiting as long as lock_timeout
/// allows. Returns whether the relation still exists once the lock is held.
pub fn lock(relid: RelId, mode: LockMode) -> bool {
    let mode = match mode {
        LockMode::AccessExclusive => pg_sys::AccessExclusiveLock,
        LockMode::ShareRowExclusive => pg_sys::ShareRowExclusiveLock,
    };
    // SAFETY: LockRelationOid processes pending invalidations after waiting, so
    // that the look-up behind it is fresh.
    unsafe {
        pg_sys::LockRelationOid(relid.oid(), mode as pg_sys::LOCKMODE);
        let kind = pg_sys::get_rel_relkind(relid.oid());
        kind != 0
    }
}

/// Raises an error where this session itself still uses the relation: by an open
/// cursor, or a trigger event that waits.
pub fn refuse_if_in_use(relid: RelId, action: &str) {
    let Ok(action) = CString::new(action) else {
        return;
    };
    // SAFETY: the relation is locked by this transaction; it is opened and
    // closed again, with no lock given up.
    unsafe {
        let relation = pg_sys::relation_open(relid.oid(), pg_sys::NoLock as pg_sys::LOCKMODE);
        pg_sys::CheckTableNotInUse(relation, action.as_ptr());
        pg_sys::relation_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
}

/// Whether CREATE or ALTER EXTENSION spyne is running its script.
pub fn installing() -> bool {
    // SAFETY: reads of statics, and a catalog look-up told that a miss is fine.
    unsafe {
        pg_sys::creating_extension
            && pg_sys::CurrentExtensionObject == pg_sys::get_extension_oid(c"spyne".as_ptr(), true)
    }
}

/// The extension whose script is running, other than spyne. Objects that are made
/// meanwhile belong to it.
pub fn script_running() -> Option<String> {
    // SAFETY: reads of statics, and a look-up that returns null for what is not
    // there.
    unsafe {
        if !pg_sys::creating_extension || installing() {
            return None;
        }
        let name = pg_sys::get_extension_name(pg_sys::CurrentExtensionObject);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}
