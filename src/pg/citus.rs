//! Citus, where a database has it: which tables are its own, how it is set, and what its
//! functions are called with.
//!
//! What it is asked for is looked up at run time. A table of a user's that is called
//! pg_dist_partition is none of Citus's: only what belongs to the extension is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;
use std::hash::BuildHasherDefault;

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

use spyne_core::gate::shards::{self, Call, Settings};
use spyne_core::kernel::ids::RelId;

use super::cache::OidHasher;
use super::catalog_scan::{attribute, scan};
use super::lists::cells;
use super::local::Static;
use super::oids::{rel_id, rel_of};
use super::{plans, server};

struct Known {
    /// Whether the database has the extension; None while that is not known.
    here: Cell<Option<bool>>,
    /// Goes up whenever that may have changed.
    epoch: Cell<u64>,
    /// Functions that were called, and what each does if it is one of Citus's.
    calls: RefCell<HashMap<u32, Option<Call>, BuildHasherDefault<OidHasher>>>,
}

static KNOWN: Static<Known> = Static::new(Known {
    here: Cell::new(None),
    epoch: Cell::new(0),
    calls: RefCell::new(HashMap::with_hasher(BuildHasherDefault::new())),
});

/// Whether the database may have the extension, as far as this session knows: makes no
/// call.
#[inline(always)]
pub fn may_be_here() -> bool {
    KNOWN.here.get() != Some(false)
}

/// Callback of functions: an extension that comes or goes brings some or takes them. It
/// only marks.
unsafe extern "C-unwind" fn on_function(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    KNOWN.here.set(None);
    KNOWN.epoch.set(KNOWN.epoch.get() + 1);
}

/// Registers the callback; called once, when the library is loaded.
pub fn watch() {
    let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
    // SAFETY: registration at load time, with a function that lives as long as the
    // process.
    unsafe { pg_sys::CacheRegisterSyscacheCallback(cache, Some(on_function), 0.into()) };
}

/// The extension; None where the database does not have it.
fn extension() -> Option<pg_sys::Oid> {
    // SAFETY: a look-up that is told that a miss is fine.
    let oid = unsafe { pg_sys::get_extension_oid(c"citus".as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// A catalog of the extension's own.
fn catalog(name: &CStr) -> Option<RelId> {
    let extension = extension()?;
    // SAFETY: look-ups that give 0 for what is not there.
    unsafe {
        let relation =
            pg_sys::get_relname_relid(name.as_ptr(), pg_sys::PG_CATALOG_NAMESPACE.into());
        let owner = match relation {
            pg_sys::InvalidOid => pg_sys::InvalidOid,
            found => pg_sys::getExtensionOfObject(pg_sys::RelationRelationId, found),
        };
        (owner == extension).then(|| rel_id(relation))
    }
}

/// Whether a table is one of Citus's: distributed, a reference table, or a local one that
/// it keeps a shard for.
pub fn holds(relid: RelId) -> bool {
    let Some(partitions) = catalog(c"pg_dist_partition") else {
        return false;
    };
    let mut held = false;
    // SAFETY: the catalog is a table, whose first column is logicalrelid, of type regclass,
    // in all versions of Citus; that is checked before it is read.
    unsafe {
        scan(partitions.get(), None, None, false, |tuple, description| {
            let typed = server::column(description, 0).map(|column| column.atttypid);
            held |= typed == Some(pg_sys::REGCLASSOID)
                && attribute(tuple, description, 1).map(rel_of) == Some(relid);
        });
    }
    held
}

/// How Citus is set in this session; as it comes, where it is not loaded.
pub fn settings() -> Settings {
    let is = |name: &CStr, value: &CStr| {
        // SAFETY: told that a miss is fine, it returns null; else the setting's own text.
        unsafe {
            let set = pg_sys::GetConfigOption(name.as_ptr(), true, false);
            !set.is_null() && CStr::from_ptr(set) == value
        }
    };
    Settings {
        propagates: !is(c"citus.enable_ddl_propagation", c"off"),
        triggers: is(c"citus.enable_unsafe_triggers", c"on"),
    }
}

/// Whether a trigger that was just made calls a function of the extension: it puts one on
/// each table that it takes, before it makes shards.
pub fn made_trigger(trigger: u32) -> bool {
    let Some(extension) = extension() else {
        return false;
    };
    let mut function = pg_sys::InvalidOid;
    // SAFETY: pg_trigger by oid; its fixed part is FormData_pg_trigger.
    unsafe {
        let by_oid = Some((1, trigger));
        let relation = pg_sys::TriggerRelationId.to_u32();
        scan(relation, Some(server::TRIGGER_BY_OID), by_oid, true, |tuple, _| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_trigger>(tuple);
            function = row.tgfoid;
        });
        function != pg_sys::InvalidOid
            && pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function) == extension
    }
}

/// What a function does to a table of Citus's; None for one that does nothing of that
/// kind, or is not of the extension.
pub fn call_of(function: u32) -> Option<Call> {
    if KNOWN.here.get().is_none() {
        if let Ok(mut calls) = KNOWN.calls.try_borrow_mut() {
            calls.clear();
        }
        let epoch = KNOWN.epoch.get();
        let here = extension().is_some();
        if KNOWN.epoch.get() == epoch {
            KNOWN.here.set(Some(here));
        }
    }
    if KNOWN.here.get() == Some(false) {
        return None;
    }
    let known = KNOWN.calls.try_borrow().ok().and_then(|calls| calls.get(&function).copied());
    known.unwrap_or_else(|| {
        let epoch = KNOWN.epoch.get();
        let call = look_up(function);
        if let (true, Ok(mut calls)) = (KNOWN.epoch.get() == epoch, KNOWN.calls.try_borrow_mut()) {
            calls.insert(function, call);
        }
        call
    })
}

fn look_up(function: u32) -> Option<Call> {
    let extension = extension()?;
    // SAFETY: look-ups that give null and 0 for what is not there.
    unsafe {
        let name = pg_sys::get_func_name(function.into());
        if name.is_null() {
            return None;
        }
        let call = shards::call(CStr::from_ptr(name).to_str().ok()?)?;
        let owner = pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function.into());
        (owner == extension).then_some(call)
    }
}

/// The tables that a function of Citus's is called with by a statement that starts; None
/// where they cannot be told, since they are worked out as it runs.
///
/// # Safety
/// A statement that is being started.
pub unsafe fn tables_of_calls(
    query: *const pg_sys::QueryDesc,
    function: u32,
) -> Option<Vec<RelId>> {
    // SAFETY: as promised by the caller; the arguments of a call are expressions.
    unsafe {
        let calls = plans::calls_of((*query).plannedstmt, function);
        if calls.is_empty() {
            return None;
        }
        let mut tables = Vec::new();
        for call in calls {
            for argument in cells((*call).args) {
                if pg_sys::exprType(argument.cast()) == pg_sys::REGCLASSOID {
                    tables.push(table_of(argument.cast(), (*query).params)?);
                }
            }
        }
        Some(tables)
    }
}

/// The table that an argument names: a constant, or a parameter's value; none for NULL.
///
/// # Safety
/// An expression, and the parameters of its statement.
unsafe fn table_of(
    mut argument: *const pg_sys::Node,
    params: pg_sys::ParamListInfo,
) -> Option<RelId> {
    // SAFETY: the tag of a node says what it is. A parameter's value is where the list says,
    // or its owner's function puts it into the place that it is given; that may raise.
    unsafe {
        while (*argument).type_ == pg_sys::NodeTag::T_RelabelType {
            argument = (*argument.cast::<pg_sys::RelabelType>()).arg.cast();
        }
        match (*argument).type_ {
            pg_sys::NodeTag::T_Const => {
                let constant = &*argument.cast::<pg_sys::Const>();
                Some(if constant.constisnull { RelId::NONE } else { rel_of(constant.constvalue) })
            }
            pg_sys::NodeTag::T_Param if !params.is_null() => {
                let param = &*argument.cast::<pg_sys::Param>();
                let place = param.paramid.checked_sub(1).filter(|p| *p < (*params).numParams)?;
                if param.paramkind != pg_sys::ParamKind::PARAM_EXTERN || place < 0 {
                    return None;
                }
                let mut room = pg_sys::ParamExternData::default();
                let value = match (*params).paramFetch {
                    Some(fetch) => {
                        let room = &raw mut room;
                        pg_guard_ffi_boundary(|| fetch(params, param.paramid, false, room))
                    }
                    None => (*params).params.as_mut_ptr().add(place as usize),
                };
                let value = value.as_ref().filter(|v| v.ptype == param.paramtype)?;
                Some(if value.isnull { RelId::NONE } else { rel_of(value.value) })
            }
            _ => None,
        }
    }
}
