//! DDL as Postgres reports it, object by object, with exact OIDs and cascades.

use pgrx::pg_sys;

use spyne_core::kernel::ids::RelId;

use super::oids::rel_id;
use super::policy::ObjectEvent;
use super::server;

/// Translates a call of object_access_hook; None for events that no rule is about.
///
/// # Safety
/// The arguments of the hook, unchanged.
pub unsafe fn event(
    access: pg_sys::ObjectAccessType::Type,
    class: u32,
    object: u32,
    sub: i32,
    argument: *mut core::ffi::c_void,
) -> Option<ObjectEvent> {
    use pg_sys::ObjectAccessType::{OAT_DROP, OAT_POST_ALTER, OAT_POST_CREATE, OAT_TRUNCATE};
    let relation_class = pg_sys::RelationRelationId.to_u32();
    let trigger_class = pg_sys::TriggerRelationId.to_u32();
    match (access, class) {
        (OAT_DROP, c) if c == relation_class && sub == 0 => {
            Some(ObjectEvent::DropRelation(RelId::new(object)))
        }
        (OAT_DROP, c) if c == trigger_class => Some(ObjectEvent::DropTrigger(object)),
        (OAT_POST_CREATE, c) if c == trigger_class => Some(ObjectEvent::CreateTrigger(object)),
        (OAT_POST_ALTER, c) if c == trigger_class => Some(ObjectEvent::AlterTrigger(object)),
        (OAT_TRUNCATE, c) if c == relation_class => Some(ObjectEvent::Truncate(RelId::new(object))),
        (OAT_POST_ALTER, c) if c == relation_class && sub == 0 => {
            Some(ObjectEvent::AlterRelation(RelId::new(object)))
        }
        (OAT_DROP | OAT_POST_ALTER | OAT_POST_CREATE, c) if c == relation_class && sub != 0 => {
            Some(ObjectEvent::AlterColumn(RelId::new(object)))
        }
        (OAT_POST_ALTER, server::NAMESPACE_RELATION) => Some(ObjectEvent::AlterSchema(object)),
        (OAT_POST_ALTER, server::INHERITS_RELATION) if !argument.is_null() => {
            // SAFETY: OAT_POST_ALTER comes with this struct; for pg_inherits
            // its auxiliary object is the parent (catalog/pg_inherits.c,
            // tablecmds.c).
            let parent =
                unsafe { (*argument.cast::<pg_sys::ObjectAccessPostAlter>()).auxiliary_id };
            Some(ObjectEvent::Inherit { child: RelId::new(object), parent: rel_id(parent) })
        }
        _ => None,
    }
}
