//! DDL, as Postgres reports it object by object: exact OIDs, cascades included.

use pgrx::pg_sys;

use super::local::Local;
use spyne_core::kernel::ids::RelId;

use super::oids::rel_id;
use super::server;

/// A change of an object that the policy is asked about.
#[derive(Clone, Copy, Debug)]
pub enum ObjectEvent {
    /// A relation is about to be dropped.
    DropRelation(RelId),
    /// A relation was altered; its new row is not visible to plain look-ups yet.
    AlterRelation(RelId),
    /// A column comes, changes or goes.
    AlterColumn(RelId),
    /// A relation is about to be truncated.
    Truncate(RelId),
    /// A trigger is about to be dropped.
    DropTrigger(u32),
    /// A trigger is disabled, renamed or otherwise altered.
    AlterTrigger(u32),
    /// A trigger is new, or replaced.
    CreateTrigger(u32),
    /// `child` joins or leaves `parent`: partitions and inheritance.
    Inherit { child: RelId, parent: RelId },
    /// A schema was altered.
    AlterSchema(u32),
    /// A view is about to be made, or made anew, in a schema.
    DefineView { schema: u32 },
    /// A domain is about to be given a constraint that its values are checked by.
    ConstrainDomain(u32),
    /// ALTER TABLE is about to drop a column, or to give one another type. The
    /// statement is told from those nested in it by its address.
    RemakeColumns { relid: RelId, statement: usize },
    /// An index is about to be dropped in several transactions, of which the
    /// first cannot be undone by an error in the last.
    DropIndexConcurrently(RelId),
    /// ALTER TABLE has ended, and its event triggers too.
    AlterEnded { statement: usize },
}

/// Translates a call of object_access_hook; None for what is of no interest.
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

/// What a command names that drops objects: what goes with it is judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropping {
    /// DROP TRIGGER.
    Trigger,
    /// DROP EXTENSION.
    Extension,
    /// Anything else, or nothing.
    Other,
}

static DROPPING: Local<Dropping> = Local::new(Dropping::Other);

/// Sets what the running command drops; returns what was.
#[inline(always)]
pub(super) fn set_dropping(dropping: Dropping) -> Dropping {
    DROPPING.with(|d| std::mem::replace(d, dropping))
}

/// What the running command drops by name.
pub fn dropping() -> Dropping {
    DROPPING.get()
}
