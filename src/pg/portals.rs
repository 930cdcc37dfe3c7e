//! The active portal, and the text that its client has sent.

use pgrx::pg_sys;

use spyne_core::gate::lasting::PortalPlace;
use spyne_core::kernel::ids::RelId;

use super::catalogs;
use super::frames;
use super::lists::cells;
use super::oids::rel_id;
use super::text::{self, Text};

/// The position of a plan in the active portal; None where that has one statement.
///
/// # Safety
/// A valid planned statement.
pub unsafe fn place_of(plan: *const pg_sys::PlannedStmt) -> Option<PortalPlace> {
    // SAFETY: the active portal and its statements, for as long as it is active.
    unsafe {
        let portal = pg_sys::ActivePortal.as_ref()?;
        let list = portal.stmts.as_ref()?;
        let index = cells(portal.stmts).position(|stmt| stmt.cast_const() == plan.cast())?;
        (list.length > 1).then_some(PortalPlace {
            portal: &raw const *portal as usize,
            list: portal.stmts as usize,
            index,
        })
    }
}

/// The statement that the client has sent and that is being executed.
pub fn client_text() -> Option<Text> {
    // SAFETY: the active portal and its statements, for as long as it is active.
    unsafe {
        let portal = pg_sys::ActivePortal.as_ref()?;
        let plan = cells(portal.stmts).next()?.cast::<pg_sys::PlannedStmt>();
        Some(Text::new(portal.sourceText, (*plan).stmt_location, (*plan).stmt_len))
    }
}

/// A statement that needs a preview and cannot have one, since it runs queries that
/// nobody has written: what the client has sent.
#[derive(Clone, Copy, Debug)]
pub enum Unpreviewable {
    /// REFRESH of this materialized view, whose query runs as its owner.
    Refresh(RelId),
    /// ALTER TABLE that adds one foreign key, and nothing else; and whether the key
    /// may be left unchecked for now.
    ForeignKey(Text, bool),
}

/// Whether the client's statement is such a one.
pub fn unpreviewable() -> Option<Unpreviewable> {
    // SAFETY: the active portal and its statement, for as long as it is active; the
    // tag of a node says what it is.
    unsafe {
        let portal = pg_sys::ActivePortal.as_ref()?;
        let plan = &*cells(portal.stmts).next()?.cast::<pg_sys::PlannedStmt>();
        let node = plan.utilityStmt.as_ref()?;
        let text = Text::new(portal.sourceText, plan.stmt_location, plan.stmt_len);
        match node.type_ {
            pg_sys::NodeTag::T_RefreshMatViewStmt => {
                let refresh = &*plan.utilityStmt.cast::<pg_sys::RefreshMatViewStmt>();
                Some(Unpreviewable::Refresh(rel_id(catalogs::lookup(refresh.relation))))
            }
            pg_sys::NodeTag::T_AlterTableStmt => {
                let alter = &*plan.utilityStmt.cast::<pg_sys::AlterTableStmt>();
                let mut parts = cells(alter.cmds).map(|c| &*c.cast::<pg_sys::AlterTableCmd>());
                let (part, None) = (parts.next()?, parts.next()) else {
                    return None;
                };
                let constraint = part.def.cast::<pg_sys::Constraint>().as_ref()?;
                let adds = part.subtype == pg_sys::AlterTableType::AT_AddConstraint
                    && constraint.contype == pg_sys::ConstrType::CONSTR_FOREIGN;
                let table = rel_id(catalogs::lookup(alter.relation));
                let plain = catalogs::kind_of(table) == Some(b'r');
                adds.then_some(Unpreviewable::ForeignKey(text, plain))
            }
            _ => None,
        }
    }
}

/// The text that the client has sent; in a parallel worker, the text that the leader's
/// client has sent.
pub fn sent_text() -> Option<Text> {
    // SAFETY: null, or the text for as long as the statement runs.
    unsafe {
        let text = pg_sys::debug_query_string;
        (!text.is_null()).then(|| Text::new(text, 0, 0))
    }
}

/// The text of the change that fires its AFTER triggers now; None where names in it may
/// stand for what only its caller knows.
pub fn finishing_text() -> Option<Text> {
    let query = frames::finishing()?;
    // SAFETY: a statement that is being finished is valid until that is done, and
    // its frame is popped then.
    unsafe {
        let plan = &*(*query).plannedstmt;
        let own = text::has_own_names(&*query);
        (!own).then(|| Text::new((*query).sourceText, plan.stmt_location, plan.stmt_len))
    }
}
