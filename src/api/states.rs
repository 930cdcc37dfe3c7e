//! The function behind spyne_table_state: which governed table binds a relation.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::context::{Caller, given};
use crate::pg::elevate::elevated;
use crate::pg::oids::{AsOid, rel_id};
use crate::pg::{cache, catalogs};
use crate::report::OrRaise;
use crate::store::tables;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;

/// The governed table whose state binds a relation: itself, or the nearest
/// ancestor of a partition.
///
/// # Errors
/// 55000 where there is none, 22004 for NULL, 42501 for callers without a role
/// and for staging that the caller may not see.
#[pg_extern(sql = "
CREATE FUNCTION spyne.governing(relation regclass) RETURNS regclass STABLE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn governing(relation: Option<pg_sys::Oid>) -> pg_sys::Oid {
    let run = || -> Result<pg_sys::Oid> {
        let hint = "For example: SELECT * FROM spyne_table_state('public.customer');";
        let relid = rel_id(given(relation, "relation", hint)?);
        let caller = Caller::now();
        let table = catalogs::relation_name(relid);
        caller.require(Permission::Query, &format!("see the state of {table}"))?;
        let bound = cache::governing(relid).unwrap_or(relid);
        let row = elevated(|e| tables::governed(e, bound))?;
        if row.state == State::Shadow {
            caller.require(Permission::ViewShadow, &format!("see the state of {table}"))?;
        }
        Ok(bound.oid())
    };
    run().or_raise()
}
