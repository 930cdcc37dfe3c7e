//! COPY of a table as a whole, judged by the table's OID before anybody copies it: an
//! extension that copies by itself need not ask for privileges.

use pgrx::pg_sys;

use spyne_core::gate::frames::JudgedCopy;
use spyne_core::kernel::ids::RelId;

use super::oids::AsOid;
use super::policy::{Access, Kind, Statement, Touched, policy};
use super::server::Requested;
use super::{cache, citus, frames, users};

/// Judges COPY of a table, and takes note of that: where Postgres asks for privileges
/// afterwards, it need not be judged again.
///
/// What Postgres refuses by itself is left to it, so that its own privileges come first; but
/// Citus copies a table of its own past privileges and policies. A file of the server's is
/// always left to Postgres, which then asks for privileges or runs a query.
///
/// # Safety
/// A COPY statement, and the table that its name means.
pub unsafe fn check(copy: &pg_sys::CopyStmt, table: RelId) {
    if table == RelId::NONE || !copy.filename.is_null() || cache::guard_of(table).is_none() {
        return;
    }
    let (access, mode) = match copy.is_from {
        true => (Access::Write, pg_sys::ACL_INSERT),
        false => (Access::Read, pg_sys::ACL_SELECT),
    };
    if (!has_any(table, mode) || is_query(table)) && !citus::holds(table) {
        return;
    }
    let touched = vec![Touched::directly(table, access)];
    let statement = Statement::plain(touched, Kind::Copy, frames::utility_text());
    let previewed = (policy().copies)(&statement);
    frames::judge_copy(JudgedCopy { table, access, previewed, generation: cache::generation() });
}

/// How the COPY was judged that Postgres checks the privileges of now; None where it was
/// not, or where something has changed since.
pub fn judged(requested: &[Requested]) -> Option<JudgedCopy> {
    let judged = frames::judged_copy()?;
    let same =
        |r: &Requested| r.relid == judged.table && r.writes == (judged.access == Access::Write);
    let unchanged = judged.generation == cache::generation();
    (unchanged && requested.iter().all(same)).then_some(judged)
}

/// Whether the caller has a privilege on a table, or on some column of it.
fn has_any(table: RelId, mode: u32) -> bool {
    let (mode, user) = (pg_sys::AclMode::from(mode), users::current().oid());
    let any = pg_sys::AclMaskHow::ACLMASK_ANY;
    // SAFETY: look-ups; the table is there.
    unsafe {
        let granted = pg_sys::AclResult::ACLCHECK_OK;
        pg_sys::pg_class_aclcheck(table.oid(), user, mode) == granted
            || pg_sys::pg_attribute_aclcheck_all(table.oid(), user, mode, any) == granted
    }
}

/// Whether Postgres makes a query of COPY, by the policies on the table: that is judged when
/// it starts.
fn is_query(table: RelId) -> bool {
    // SAFETY: a look-up that is told not to raise; the table is there.
    let found = unsafe { pg_sys::check_enable_rls(table.oid(), pg_sys::InvalidOid, true) };
    found as u32 == pg_sys::CheckEnableRlsResult::RLS_ENABLED
}
