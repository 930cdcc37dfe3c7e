//! PostgreSQL 15 and 16.

use pgrx::pg_sys;
use spyne_core::gate::definitions::Effect;
use spyne_core::kernel::ids::{RelId, RoleId};

/// What a part of ALTER TABLE does that not all majors have: there is none.
pub fn effect_of_later_part(_part: pg_sys::AlterTableType::Type) -> Option<Effect> {
    None
}

/// Whether a part of ALTER TABLE computes a generated column anew: none does.
pub fn computes_anew(_part: pg_sys::AlterTableType::Type) -> bool {
    false
}

/// Whether an action of a MERGE is for rows of the source without a match.
pub fn is_for_unmatched_source(action: &pg_sys::MergeAction) -> bool {
    !action.matched
}

/// Whether an action of a MERGE is for rows of its target without a match: there
/// is no such action.
pub fn is_for_unmatched_target(_action: &pg_sys::MergeAction) -> bool {
    false
}

/// The condition of a MERGE, where it is not that of the query's FROM: it is.
pub fn merge_condition(_query: &pg_sys::Query) -> *mut pg_sys::Node {
    std::ptr::null_mut()
}

/// Whether a role may do maintenance on a table by a privilege, besides its owner:
/// there is none for that.
pub fn has_maintain_privilege(_relid: RelId, _role: RoleId) -> bool {
    false
}
