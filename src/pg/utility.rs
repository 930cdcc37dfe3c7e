//! Utility statements: what no other hook sees of them, and the previews that authorise
//! them.

use std::ffi::CStr;

use pgrx::{pg_guard, pg_sys};

use spyne_core::gate::definitions::Effect;
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RoleId;

use super::frames::{self, Depth, Dropping, RunReport};
use super::oids::rel_id;
use super::policy::{Access, Computing, Kind, ObjectEvent, Statement, Touched, policy};
use super::text::Text;
use super::{cache, catalogs, copy, lists, maintenance, server, statement, users};

/// Pushes the frame of a utility statement that runs another, with the token of its
/// preview.
///
/// # Safety
/// The statement that ProcessUtility got, and its text.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn enter(
    plan: *const pg_sys::PlannedStmt,
    text: *const core::ffi::c_char,
) -> Depth {
    let policy = policy();
    // SAFETY: the statement's own text, and the transaction's state.
    let (text, in_transaction) = unsafe {
        let text = Text::new(text, (*plan).stmt_location, (*plan).stmt_len);
        (text, pg_sys::IsTransactionState())
    };
    let (token, doubt) = match in_transaction && (policy.enabled)() && cache::installed() {
        false => (None, None),
        true => match (policy.utility)(&text) {
            Ok(token) => (token, None),
            Err(doubt) => (None, Some(doubt)),
        },
    };
    frames::push(frames::utility(Dropping::Other, Some((text, token, doubt))))
}

/// Pops the frame of COPY of a table or TRUNCATE, which do not pass the executor, and
/// hands the report of the run on. Called when the statement has ended.
///
/// # Safety
/// The completion that ProcessUtility got.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn ended(
    depth: Depth,
    token: Token,
    completion: *const pg_sys::QueryCompletion,
) {
    // SAFETY: null, or the caller's own.
    let rows = unsafe { completion.as_ref() }.map_or(0, |c| c.nprocessed);
    frames::pop(depth);
    (policy().finished)(token, RunReport { rows, complete: true, ..RunReport::default() });
}

/// What a statement drops by name. Called by a trampoline: it does not raise.
///
/// # Safety
/// A utility statement.
pub unsafe fn dropping(node: *const pg_sys::Node) -> Dropping {
    // SAFETY: the node's tag says what it is; DROP EXTENSION has a list of String
    // nodes.
    unsafe {
        match (*node).type_ {
            pg_sys::NodeTag::T_AlterTableStmt => Dropping::Columns,
            pg_sys::NodeTag::T_DropStmt => {
                let drop = &*node.cast::<pg_sys::DropStmt>();
                let is_spyne = |cell: *mut core::ffi::c_void| {
                    let name = (*cell.cast::<pg_sys::String>()).sval;
                    CStr::from_ptr(name) == c"spyne"
                };
                match drop.removeType {
                    pg_sys::ObjectType::OBJECT_TRIGGER => Dropping::Trigger,
                    pg_sys::ObjectType::OBJECT_EXTENSION
                        if lists::cells(drop.objects).any(is_spyne) =>
                    {
                        Dropping::Spyne
                    }
                    _ => Dropping::Other,
                }
            }
            _ => Dropping::Other,
        }
    }
}

/// The utility statements that `core::gate::definitions` says are to be looked at,
/// where no other hook sees what they do: FETCH from a cursor that holds its rows,
/// COPY of a table, which an extension may carry out; REFRESH, DETACH PARTITION CONCURRENTLY, LOCK, definitions that run expressions
/// over rows, and what computes indexes and statistics from them. And DROP, which
/// object_access sees only after Postgres has advised CASCADE.
///
/// Returns the statement that is to run: the same, but for VACUUM of everything, which
/// leaves out what it may not show.
///
/// # Safety
/// A utility statement.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn check(plan: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    let policy = policy();
    // SAFETY: the node's tag says what it is.
    unsafe {
        let node = (*plan).utilityStmt;
        if !pg_sys::IsTransactionState() || !(policy.enabled)() || !cache::installed() {
            return plan;
        }
        match (*node).type_ {
            pg_sys::NodeTag::T_FetchStmt => check_fetch(&*node.cast()),
            pg_sys::NodeTag::T_RefreshMatViewStmt => {
                let view = catalogs::lookup((*node.cast::<pg_sys::RefreshMatViewStmt>()).relation);
                touch(view, Access::Write, Kind::Run);
                let (relid, computing) = (rel_id(view), Computing::Indexes);
                (policy.object)(ObjectEvent::Compute { relid, computing });
            }
            pg_sys::NodeTag::T_AlterTableStmt => check_alter(&*node.cast()),
            pg_sys::NodeTag::T_IndexStmt => {
                let table = catalogs::lookup((*node.cast::<pg_sys::IndexStmt>()).relation);
                touch(table, Access::Read, Kind::Definition);
            }
            pg_sys::NodeTag::T_CreateStatsStmt => {
                for relation in lists::cells((*node.cast::<pg_sys::CreateStatsStmt>()).relations) {
                    let relation: *mut pg_sys::Node = relation.cast();
                    if (*relation).type_ == pg_sys::NodeTag::T_RangeVar {
                        touch(catalogs::lookup(relation.cast()), Access::Read, Kind::Definition);
                    }
                }
            }
            pg_sys::NodeTag::T_ViewStmt => {
                let view = (*node.cast::<pg_sys::ViewStmt>()).view;
                (policy.object)(ObjectEvent::DefineView { schema: creation_schema(view) });
            }
            pg_sys::NodeTag::T_AlterDomainStmt => {
                let alter = &*node.cast::<pg_sys::AlterDomainStmt>();
                // ADD CONSTRAINT, VALIDATE CONSTRAINT, SET NOT NULL.
                if matches!(alter.subtype as u8, b'C' | b'V' | b'O') {
                    let name = pg_sys::makeTypeNameFromNameList(alter.typeName);
                    let oid = pg_sys::LookupTypeNameOid(std::ptr::null_mut(), name, true);
                    if oid != pg_sys::InvalidOid {
                        (policy.object)(ObjectEvent::ConstrainDomain(oid.to_u32()));
                    }
                }
            }
            pg_sys::NodeTag::T_DropStmt => check_drop(&*node.cast()),
            pg_sys::NodeTag::T_VacuumStmt => return maintenance::vacuum(plan),
            pg_sys::NodeTag::T_CopyStmt => {
                let copy = &*node.cast::<pg_sys::CopyStmt>();
                if !copy.relation.is_null() {
                    copy::check(copy, rel_id(catalogs::lookup(copy.relation)));
                }
            }
            _ => maintenance::check(node),
        }
    }
    plan
}

/// Checks one access to a relation that a utility statement names.
fn touch(relid: pg_sys::Oid, access: Access, kind: Kind) {
    if relid != pg_sys::InvalidOid {
        let touched = vec![Touched::directly(rel_id(relid), access)];
        (policy().statement)(&Statement::plain(touched, kind, None));
    }
}

/// Checks FETCH, which reads by the plans of its cursor.
unsafe fn check_fetch(fetch: &pg_sys::FetchStmt) {
    // SAFETY: a portal and its statements, for as long as it is there.
    unsafe {
        let portal = pg_sys::GetPortalByName(fetch.portalname);
        if portal.is_null() {
            return;
        }
        for cell in lists::cells((*portal).stmts) {
            let plan = cell.cast::<pg_sys::PlannedStmt>();
            if (*plan).commandType != pg_sys::CmdType::CMD_UTILITY {
                (policy().statement)(&statement::read(plan, Kind::Fetch));
            }
        }
    }
}

unsafe fn check_alter(alter: &pg_sys::AlterTableStmt) {
    // SAFETY: the commands of ALTER TABLE are AlterTableCmd.
    unsafe {
        let relation = catalogs::lookup(alter.relation);
        // Expressions of checks, generated columns and new types run over all rows.
        touch(relation, Access::Read, Kind::Definition);
        let mut remakes = false;
        for cell in lists::cells(alter.cmds) {
            let command = &*cell.cast::<pg_sys::AlterTableCmd>();
            let overwrites = match server::effect_of_part(command.subtype) {
                // The two that other hooks see, with both of their tables.
                Effect::Overwrites => !matches!(
                    command.subtype,
                    pg_sys::AlterTableType::AT_AddInherit
                        | pg_sys::AlterTableType::AT_DropInherit
                        | pg_sys::AlterTableType::AT_AttachPartition
                        | pg_sys::AlterTableType::AT_GenericOptions
                        | pg_sys::AlterTableType::AT_AlterColumnGenericOptions
                ),
                // Without USING it depends on the types, which Postgres looks at.
                Effect::Converts => {
                    let column = command.def.cast::<pg_sys::ColumnDef>();
                    !column.is_null() && !(*column).raw_default.is_null()
                }
                _ => false,
            };
            if overwrites {
                touch(relation, Access::Write, Kind::Run);
            }
            remakes |= matches!(
                command.subtype,
                pg_sys::AlterTableType::AT_DropColumn | pg_sys::AlterTableType::AT_AlterColumnType
            );
        }
        if remakes {
            (policy().object)(ObjectEvent::RemakeColumns(rel_id(relation)));
        }
    }
}

unsafe fn check_drop(drop: &pg_sys::DropStmt) {
    use pg_sys::ObjectType::{OBJECT_FOREIGN_TABLE, OBJECT_INDEX, OBJECT_MATVIEW, OBJECT_TABLE};
    // SAFETY: the objects of DROP TABLE and DROP INDEX are lists of names.
    unsafe {
        if drop.removeType == OBJECT_INDEX && drop.concurrent {
            for name in lists::cells(drop.objects) {
                let index = catalogs::lookup(pg_sys::makeRangeVarFromNameList(name.cast()));
                (policy().object)(ObjectEvent::DropIndexConcurrently(rel_id(index)));
            }
        }
        if !matches!(drop.removeType, OBJECT_TABLE | OBJECT_FOREIGN_TABLE | OBJECT_MATVIEW) {
            return;
        }
        for name in lists::cells(drop.objects) {
            let relid = rel_id(catalogs::lookup(pg_sys::makeRangeVarFromNameList(name.cast())));
            // Postgres itself refuses users who are not the owner.
            let owner = catalogs::owner_of(relid);
            if owner != RoleId::NONE && users::has_rights_of(users::current(), owner) {
                (policy().object)(ObjectEvent::DropRelation(relid));
            }
        }
    }
}

/// Called when ALTER TABLE has ended.
#[cold]
#[pg_guard]
pub unsafe extern "C-unwind" fn altered() {
    (policy().object)(ObjectEvent::AlterEnded);
}

/// The schema that a new relation of this name would be in; 0 for none.
unsafe fn creation_schema(name: *const pg_sys::RangeVar) -> u32 {
    // SAFETY: look-ups that are told that a miss is fine.
    unsafe {
        if !(*name).schemaname.is_null() {
            return pg_sys::get_namespace_oid((*name).schemaname, true).to_u32();
        }
        let path = pg_sys::fetch_search_path(false);
        match path.is_null() || (*path).length == 0 {
            true => 0,
            false => (*(*path).elements).oid_value.to_u32(),
        }
    }
}
