//! Why a trigger function or an event trigger function is called.

use super::oids::rel_id;
use pgrx::pg_sys;
use spyne_core::kernel::ids::RelId;

/// The relation a trigger fires on; None where the function was not called as a
/// trigger.
pub fn relation(call: pg_sys::FunctionCallInfo) -> Option<RelId> {
    // SAFETY: the node tag of the context says whether it is TriggerData.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            return None;
        }
        let data = &*context.cast::<pg_sys::TriggerData>();
        Some(rel_id((*data.tg_relation).rd_id))
    }
}

/// Whether the function was called by an event trigger.
pub fn by_event(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: as above.
    unsafe {
        let context = (*call).context;
        !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_EventTriggerData
    }
}

/// Whether the command of an event trigger alters a type or domain.
pub fn alters_type(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: `by_event` has said that the context is an EventTriggerData; the
    // name of a tag is a static.
    unsafe {
        let event = (*call).context.cast::<pg_sys::EventTriggerData>();
        let name = pg_sys::GetCommandTagName((*event).tag);
        let name = std::ffi::CStr::from_ptr(name).to_bytes();
        name.starts_with(b"ALTER TYPE") || name.starts_with(b"ALTER DOMAIN")
    }
}
