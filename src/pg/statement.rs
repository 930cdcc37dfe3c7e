//! Which relations a planned statement touches, and how.

use pgrx::pg_sys;

use super::lists::cells;
use super::oids::rel_id;
use super::policy::{Access, Kind, Statement, Touched};
use super::{key_checks, plans, server};

/// A digest of the relations that a plan touches. The same text can have another plan
/// where its parameters have other types.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn relations_of(plan: *const pg_sys::PlannedStmt) -> u64 {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let written = !(*plan).resultRelations.is_null();
        cells((*plan).rtable).fold(0xcbf2_9ce4_8422_2325 ^ u64::from(written), |hash, cell| {
            let entry = &*cell.cast::<pg_sys::RangeTblEntry>();
            match server::names_relation(entry) {
                true => (hash ^ u64::from(entry.relid.to_u32()) ^ asked(plan, entry))
                    .wrapping_mul(0x0000_0100_0000_01b3)
                    .rotate_left(23),
                false => hash,
            }
        })
    }
}

/// The privileges of a writer that an entry asks for, as bits of a digest.
///
/// # Safety
/// An entry of that plan.
unsafe fn asked(plan: *const pg_sys::PlannedStmt, entry: &pg_sys::RangeTblEntry) -> u64 {
    // SAFETY: as promised by the caller.
    let writing = unsafe { server::privileges(plan, entry) } & server::WRITING;
    (writing as u64) << 32
}

/// The integers of a list.
///
/// # Safety
/// As for [`cells`], for a List of integers.
unsafe fn integers(list: *mut pg_sys::List) -> Vec<i32> {
    // SAFETY: as above.
    unsafe {
        match list.is_null() {
            true => Vec::new(),
            false => std::slice::from_raw_parts((*list).elements, (*list).length as usize)
                .iter()
                .map(|cell| cell.int_value)
                .collect(),
        }
    }
}

/// Reads a plan: relations from its flat range table (CTEs, subqueries, views,
/// partitions and inlined functions included), writes from its result relations, locks
/// from its row marks. Where a plan lists either, permission bits say nothing about writes:
/// a foreign-key check has the UPDATE bit set on the table that it reads, and a rule leaves
/// the bits of a table that nothing is written to any more.
///
/// # Safety
/// `plan` is a valid planned statement.
pub unsafe fn read(plan: *const pg_sys::PlannedStmt, kind: Kind) -> Statement {
    // SAFETY: the lists of a PlannedStmt hold what their names say.
    unsafe {
        let plan = &*plan;
        let key_check = key_checks::is_key_check(plan);
        let base = if key_check { Access::KeyCheck } else { Access::Read };
        let mut access: Vec<Option<Touched>> = cells(plan.rtable)
            .map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>())
            .zip(server::users_of_entries(plan))
            .map(|(rte, as_user)| {
                server::names_relation(rte).then(|| Touched {
                    relid: rel_id(rte.relid),
                    access: base,
                    as_user,
                })
            })
            .collect();
        let mut raise = |index: usize, to: Access| {
            if let Some(Some(touched)) = access.get_mut(index.wrapping_sub(1)) {
                touched.access = touched.access.max(to);
            }
        };
        if !key_check {
            for cell in cells(plan.rowMarks) {
                let mark = &*cell.cast::<pg_sys::PlanRowMark>();
                // Weaker marks lock nothing: they only fetch rows again for a join.
                if mark.markType <= pg_sys::RowMarkType::ROW_MARK_KEYSHARE {
                    raise(mark.rti as usize, Access::Lock);
                }
            }
        }
        for index in integers(plan.resultRelations) {
            raise(index as usize, Access::Write);
        }
        for (index, access) in by_permissions(plan) {
            raise(index, access);
        }
        let touched = access.into_iter().flatten().collect();
        Statement { relations: relations_of(plan), ..Statement::plain(touched, kind, None) }
    }
}

/// The writes of a plan that lists neither result relations nor row marks, by the
/// privileges that it asks for: Citus puts a scan of its own in the place of what writes,
/// and keeps the command and the privileges. Entries count from 1. A SELECT that asks for
/// UPDATE has a CTE that updates, or FOR UPDATE; either is taken for a lock, which is
/// forbidden wherever writes are.
///
/// # Safety
/// A valid planned statement.
unsafe fn by_permissions(plan: &pg_sys::PlannedStmt) -> Vec<(usize, Access)> {
    use pg_sys::CmdType::{CMD_DELETE, CMD_INSERT, CMD_MERGE, CMD_UPDATE};
    if !plan.resultRelations.is_null() || !plan.rowMarks.is_null() {
        return Vec::new();
    }
    let writes = matches!(plan.commandType, CMD_INSERT | CMD_UPDATE | CMD_DELETE | CMD_MERGE);
    let rows = (pg_sys::ACL_INSERT | pg_sys::ACL_DELETE) as pg_sys::AclMode;
    // SAFETY: a range table holds RangeTblEntry nodes alone.
    unsafe {
        let entries = cells(plan.rtable).map(|cell| &*cell.cast::<pg_sys::RangeTblEntry>());
        let asked = entries.enumerate().filter_map(|(at, entry)| {
            let asked = server::privileges(plan, entry) & server::WRITING;
            (asked != 0).then_some((at + 1, asked))
        });
        let asked: Vec<_> = asked.collect();
        if asked.is_empty() || !writes && !plans::has_custom_scan(plan) {
            return Vec::new();
        }
        let access = |asked| if writes || asked & rows != 0 { Access::Write } else { Access::Lock };
        asked.into_iter().map(|(at, asked)| (at, access(asked))).collect()
    }
}
