//! VACUUM, ANALYZE, CLUSTER, REINDEX and LOCK: what they do to which tables.
//!
//! No hook but that of utility statements sees them. What computes indexes and
//! statistics is of interest where functions of users see the rows; all else stays
//! as it was.

use std::ffi::CStr;

use pgrx::pg_sys;
use spyne_core::kernel::ids::RelId;

use super::oids::{AsOid, rel_id};
use super::policy::{Computing, ObjectEvent, policy};
use super::{cache, catalogs, code, lists, users};

/// Looks at one of these statements before it runs.
///
/// # Safety
/// A utility statement.
pub(super) unsafe fn check(node: *const pg_sys::Node) {
    // SAFETY: the node's tag says what it is.
    unsafe {
        match (*node).type_ {
            pg_sys::NodeTag::T_ClusterStmt => {
                let relation = (*node.cast::<pg_sys::ClusterStmt>()).relation;
                let lock = Some(pg_sys::AccessExclusiveLock);
                match relation.is_null() {
                    true => compute_everywhere(Computing::Indexes, |_| true),
                    false => compute(rel_id(catalogs::lookup(relation)), Computing::Indexes, lock),
                }
            }
            pg_sys::NodeTag::T_ReindexStmt => check_reindex(&*node.cast()),
            pg_sys::NodeTag::T_LockStmt => check_lock(&*node.cast()),
            _ => {}
        }
    }
}

/// Whether an option is given, and not as false.
unsafe fn has_option(options: *mut pg_sys::List, name: &CStr) -> bool {
    // SAFETY: the options of a utility statement are DefElem nodes.
    unsafe {
        lists::cells(options).map(|cell| cell.cast::<pg_sys::DefElem>()).any(|option| {
            CStr::from_ptr((*option).defname) == name && pg_sys::defGetBoolean(option)
        })
    }
}

/// Looks at VACUUM and ANALYZE. Returns the statement that is to run: where it is about
/// everything, a copy that leaves out what would be shown to somebody who may not see
/// it, as Postgres leaves out what the caller may not vacuum.
///
/// # Safety
/// A utility statement that is VACUUM or ANALYZE.
pub(super) unsafe fn vacuum(plan: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    // SAFETY: as promised; the relations of VACUUM are VacuumRelation nodes.
    unsafe {
        let vacuum = &*(*plan).utilityStmt.cast::<pg_sys::VacuumStmt>();
        let full = vacuum.is_vacuumcmd && has_option(vacuum.options, c"full");
        let analyzes = !vacuum.is_vacuumcmd || has_option(vacuum.options, c"analyze");
        let waits = !has_option(vacuum.options, c"skip_locked");
        let mut kinds = Vec::new();
        let mut without = Vec::new();
        if full {
            kinds.push((Computing::Indexes, pg_sys::AccessExclusiveLock));
        }
        if analyzes {
            kinds.push((Computing::Statistics, pg_sys::ShareUpdateExclusiveLock));
        }
        for (computing, lock) in kinds {
            if vacuum.rels.is_null() {
                let may = policy().may_compute;
                without.extend(everywhere().into_iter().filter(|relid| !may(*relid, computing)));
            }
            for cell in lists::cells(vacuum.rels) {
                let relation = (*cell.cast::<pg_sys::VacuumRelation>()).relation;
                if !relation.is_null() {
                    let relid = rel_id(catalogs::lookup(relation));
                    compute(relid, computing, waits.then_some(lock));
                }
            }
        }
        match without.is_empty() {
            true => plan,
            false => of_all_but(plan, &without),
        }
    }
}

/// VACUUM of everything, with each table by its OID but for these.
///
/// # Safety
/// As for `vacuum`.
unsafe fn of_all_but(
    plan: *mut pg_sys::PlannedStmt,
    without: &[RelId],
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: VACUUM commits in between, and a portal's memory outlives that. The
    // copy is of the same node; a list of relations by OID is what autovacuum gives.
    unsafe {
        let before = pg_sys::MemoryContextSwitchTo(pg_sys::PortalContext);
        let copy = pg_sys::copyObjectImpl(plan.cast_const().cast()).cast::<pg_sys::PlannedStmt>();
        let vacuum = (*copy).utilityStmt.cast::<pg_sys::VacuumStmt>();
        for relid in catalogs::tables_to_vacuum() {
            if !without.contains(&relid) {
                let none = std::ptr::null_mut();
                let relation = pg_sys::makeVacuumRelation(none, relid.oid(), std::ptr::null_mut());
                (*vacuum).rels = pg_sys::lappend((*vacuum).rels, relation.cast());
            }
        }
        pg_sys::MemoryContextSwitchTo(before);
        copy
    }
}

unsafe fn check_reindex(reindex: &pg_sys::ReindexStmt) {
    use pg_sys::ReindexObjectType::{
        REINDEX_OBJECT_INDEX, REINDEX_OBJECT_SCHEMA, REINDEX_OBJECT_TABLE,
    };
    // SAFETY: an index or a table has a relation, all else a name or none.
    unsafe {
        let lock = match has_option(reindex.params, c"concurrently") {
            true => pg_sys::ShareUpdateExclusiveLock,
            false => pg_sys::ShareLock,
        };
        match reindex.kind {
            REINDEX_OBJECT_INDEX => {
                let index = rel_id(catalogs::lookup(reindex.relation));
                for index in with_partitions(index) {
                    if let Some(table) = catalogs::table_of_index(index) {
                        compute_one(table, Computing::Index(index), Some(lock));
                    }
                }
            }
            REINDEX_OBJECT_TABLE => {
                let table = rel_id(catalogs::lookup(reindex.relation));
                compute(table, Computing::Indexes, Some(lock));
            }
            REINDEX_OBJECT_SCHEMA => {
                let schema = pg_sys::get_namespace_oid(reindex.name, true).to_u32();
                compute_everywhere(Computing::Indexes, |relid| {
                    catalogs::namespace_of(relid) == schema
                });
            }
            _ => compute_everywhere(Computing::Indexes, |_| true),
        }
    }
}

/// A relation, and its partitions if it has any.
fn with_partitions(relid: RelId) -> Vec<RelId> {
    let mut all = vec![relid];
    if matches!(catalogs::kind_of(relid), Some(b'p' | b'I')) {
        all.extend(catalogs::descendants_of(relid));
    }
    all
}

/// A table, with its partitions, is about to be worked on.
fn compute(relid: RelId, computing: Computing, lock: Option<u32>) {
    for relid in with_partitions(relid) {
        compute_one(relid, computing, lock);
    }
}

/// What Postgres is about to lock and to read is locked first, and looked at then,
/// where functions of users see it: nobody makes it a governed table in between.
fn compute_one(relid: RelId, computing: Computing, lock: Option<u32>) {
    if let Some(lock) = lock
        && catalogs::may_maintain(relid, users::current())
        && !code::of_computing(relid, computing).is_empty()
    {
        // SAFETY: Postgres takes the same lock next, and raises where it cannot.
        unsafe { pg_sys::LockRelationOid(relid.oid(), lock as pg_sys::LOCKMODE) };
    }
    (policy().object)(ObjectEvent::Compute { relid, computing });
}

/// All tables are about to be worked on that the caller may work on.
fn compute_everywhere(computing: Computing, wanted: impl Fn(RelId) -> bool) {
    for relid in everywhere().into_iter().filter(|relid| wanted(*relid)) {
        (policy().object)(ObjectEvent::Compute { relid, computing });
    }
}

/// Of all tables that the caller may have worked on, those that are governed, or above
/// or below one that is.
fn everywhere() -> Vec<RelId> {
    let mut all = cache::governed_relations();
    for relid in all.clone() {
        all.extend(catalogs::descendants_of(relid));
        all.extend(catalogs::ancestors_of(relid));
    }
    all.sort_unstable();
    all.dedup();
    let user = users::current();
    all.retain(|relid| catalogs::may_maintain(*relid, user));
    all
}

unsafe fn check_lock(lock: &pg_sys::LockStmt) {
    let shared = lock.mode == pg_sys::AccessShareLock as i32;
    // SAFETY: LOCK names its relations by RangeVar nodes.
    unsafe {
        for cell in lists::cells(lock.relations) {
            let relation = cell.cast::<pg_sys::RangeVar>();
            let relid = rel_id(catalogs::lookup(relation));
            let mut all = vec![relid];
            if (*relation).inh {
                all.extend(catalogs::descendants_of(relid));
            }
            // A view is locked with all that it reads.
            let mut at = 0;
            while at < all.len() {
                for read in catalogs::read_by_view(all[at]) {
                    if !all.contains(&read) {
                        all.push(read);
                        let below = catalogs::descendants_of(read);
                        all.extend(below);
                    }
                }
                at += 1;
            }
            all.sort_unstable();
            all.dedup();
            for relid in all {
                (policy().object)(ObjectEvent::Lock { relid, shared });
            }
        }
    }
}
