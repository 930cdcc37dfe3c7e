//! PostgreSQL 17 and later.

use pgrx::pg_sys;
use spyne_core::gate::definitions::Effect;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::definitions::effects_of_parts;
use crate::pg::oids::AsOid;

/// What a part of ALTER TABLE does that not all majors have.
pub fn effect_of_later_part(part: pg_sys::AlterTableType::Type) -> Option<Effect> {
    effects_of_parts!(part: AT_SetExpression)
}

/// Whether a part of ALTER TABLE computes a generated column anew: ALTER COLUMN ...
/// SET EXPRESSION does.
pub fn computes_anew(part: pg_sys::AlterTableType::Type) -> bool {
    part == pg_sys::AlterTableType::AT_SetExpression
}

/// Whether an action of a MERGE is for rows of the source without a match.
pub fn is_for_unmatched_source(action: &pg_sys::MergeAction) -> bool {
    action.matchKind == pg_sys::MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_TARGET
}

/// Whether an action of a MERGE is for rows of its target without a match.
pub fn is_for_unmatched_target(action: &pg_sys::MergeAction) -> bool {
    action.matchKind == pg_sys::MergeMatchKind::MERGE_WHEN_NOT_MATCHED_BY_SOURCE
}

/// The condition of a MERGE, where it is not that of the query's FROM; else
/// null.
pub fn merge_condition(query: &pg_sys::Query) -> *mut pg_sys::Node {
    query.mergeJoinCondition
}

/// Whether a role may do maintenance on a table by a privilege.
pub fn has_maintain_privilege(relid: RelId, role: RoleId) -> bool {
    let maintain = pg_sys::ACL_MAINTAIN as pg_sys::AclMode;
    // SAFETY: a look-up, which says no for what is not there.
    unsafe {
        let mut missing = false;
        let check = pg_sys::pg_class_aclcheck_ext;
        check(relid.oid(), role.oid(), maintain, &mut missing) == pg_sys::AclResult::ACLCHECK_OK
    }
}
