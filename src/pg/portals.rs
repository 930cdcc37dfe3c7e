//! The active portal, and the text that its client has sent.

use pgrx::pg_sys;

use spyne_core::gate::lasting::PortalPlace;

use super::frames;
use super::lists::cells;
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
