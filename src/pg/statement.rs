//! Which relations a planned statement touches, and how.

use pgrx::pg_sys;

use super::lists::cells;
use super::oids::rel_id;
use super::policy::{Access, Kind, Statement, Touched};
use super::{key_checks, server};

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
                true => (hash ^ u64::from(entry.relid.to_u32()))
                    .wrapping_mul(0x0000_0100_0000_01b3)
                    .rotate_left(23),
                false => hash,
            }
        })
    }
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
/// from its row marks. Permission bits say nothing about writes: a foreign-key check
/// has the UPDATE bit set on the table that it reads.
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
        let touched = access.into_iter().flatten().collect();
        Statement { relations: relations_of(plan), ..Statement::plain(touched, kind, None) }
    }
}
