//! The functions of users that Postgres calls with the rows of a table: in indexes,
//! statistics, constraints and generated columns, in the domains that these use, and
//! in the range types of columns.
//!
//! Whatever it takes is read with what the running command itself has written, since
//! it is asked for in the midst of commands. Functions of superusers are left out:
//! who may write those needs no function to read a table.

use std::collections::BTreeSet;

use pgrx::pg_sys;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::catalog_scan::{attribute, scan};
use super::oids::{rel_id, rel_of, role_id};
use super::policy::Computing;
use super::{server, users};

/// pg_attribute's index on attrelid.
const ATTRIBUTE_BY_RELATION: u32 = 2659;

/// A function of a user's who is no superuser, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub function: u32,
    pub owner: RoleId,
}

/// What a constraint is of.
#[derive(Clone, Copy, Debug)]
pub enum Constrained {
    Table(RelId),
    Domain(u32),
}

/// What computing this of a table calls.
pub fn of_computing(relid: RelId, computing: Computing) -> Vec<Code> {
    let mut collector = Collector::default();
    match computing {
        Computing::Index(index) => collector.index(server::INDEX_BY_OID, 1, index),
        Computing::Indexes => {
            collector.index(server::INDEX_BY_RELATION, 2, relid);
            collector.columns(relid);
        }
        Computing::Statistics => {
            collector.index(server::INDEX_BY_RELATION, 2, relid);
            collector.statistics(server::STATISTICS_BY_RELATION, 2, relid.get());
            collector.columns(relid);
        }
    }
    collector.code()
}

/// What an index calls.
pub fn of_index(index: RelId) -> Vec<Code> {
    of_computing(RelId::NONE, Computing::Index(index))
}

/// The table of a statistics object, and what that calls; None where there is none.
pub fn of_statistics(oid: u32) -> Option<(RelId, Vec<Code>)> {
    let mut collector = Collector::default();
    let table = collector.statistics(server::STATISTICS_BY_OID, 1, oid)?;
    Some((table, collector.code()))
}

/// What a constraint is of, and what it calls, where `wanted` says so of the former;
/// None also where there is no such constraint.
pub fn of_constraint(
    oid: u32,
    wanted: impl FnOnce(Constrained) -> bool,
) -> Option<(Constrained, Vec<Code>)> {
    let mut collector = Collector::default();
    let of = match collector.constraints(server::CONSTRAINT_BY_OID, 1, oid)? {
        (RelId::NONE, domain) => Constrained::Domain(domain),
        (relation, _) => Constrained::Table(relation),
    };
    wanted(of).then(|| (of, collector.code()))
}

/// The table of a generated column, and what its expression calls, by the OID of
/// that in pg_attrdef, where `wanted` says so of the former; None also where it is a
/// default, which sees no row.
pub fn of_generated(oid: u32, wanted: impl FnOnce(RelId) -> bool) -> Option<(RelId, Vec<Code>)> {
    let mut collector = Collector::default();
    let mut found = None;
    // SAFETY: pg_attrdef: (oid, adrelid, adnum, adbin), by oid.
    unsafe {
        let key = Some((1, oid));
        let (catalog, index) = (server::DEFAULT_RELATION, server::DEFAULT_BY_OID);
        scan(catalog, Some(index), key, true, |tuple, description| {
            let number = attribute(tuple, description, 3).map(|d| d.value() as i16);
            if let (Some(relation), Some(number)) = (attribute(tuple, description, 2), number) {
                found = Some((rel_of(relation), number));
                collector.keep(attribute(tuple, description, 4));
            }
        });
    }
    let (relid, number) = found.filter(|(relid, _)| wanted(*relid))?;
    // SAFETY: a look-up that gives 0 for what is not there.
    let generated = unsafe { pg_sys::get_attgenerated(relid.get().into(), number) } != 0;
    generated.then(|| (relid, collector.code()))
}

/// What was found so far. Expressions are kept as texts, and read once no catalog is
/// being scanned.
#[derive(Default)]
struct Collector {
    texts: Vec<*mut core::ffi::c_char>,
    functions: BTreeSet<u32>,
    types: BTreeSet<u32>,
}

impl Collector {
    /// Takes a value of type pg_node_tree.
    ///
    /// # Safety
    /// It is one.
    unsafe fn keep(&mut self, tree: Option<pg_sys::Datum>) {
        if let Some(tree) = tree {
            // SAFETY: as promised by the caller; the copy is palloc'd.
            self.texts.push(unsafe { pg_sys::text_to_cstring(tree.cast_mut_ptr()) });
        }
    }

    /// Indexes, by an attribute of pg_index that is an OID.
    fn index(&mut self, index: u32, key: i16, oid: RelId) {
        let catalog = pg_sys::IndexRelationId.to_u32();
        // SAFETY: indexprs and indpred are attributes 20 and 21 of pg_index.
        unsafe {
            scan(catalog, Some(index), Some((key, oid.get())), true, |tuple, description| {
                self.keep(attribute(tuple, description, 20));
                self.keep(attribute(tuple, description, 21));
            });
        }
    }

    /// Statistics objects, by an attribute of pg_statistic_ext that is an OID.
    /// Returns the table of one of them.
    fn statistics(&mut self, index: u32, key: i16, oid: u32) -> Option<RelId> {
        let mut table = None;
        // SAFETY: pg_statistic_ext has stxrelid as attribute 2, and stxexprs as 9.
        unsafe {
            let catalog = server::STATISTICS_RELATION;
            scan(catalog, Some(index), Some((key, oid)), true, |tuple, description| {
                table = attribute(tuple, description, 2).map(rel_of);
                self.keep(attribute(tuple, description, 9));
            });
        }
        table
    }

    /// Constraints, by an attribute of pg_constraint that is an OID. Returns the
    /// table and the domain of one of them.
    fn constraints(&mut self, index: u32, key: i16, oid: u32) -> Option<(RelId, u32)> {
        let mut of = None;
        let (relation, domain) = server::CONSTRAINT_COLUMNS;
        // SAFETY: conrelid and contypid are OIDs, and conbin is the last attribute.
        unsafe {
            let catalog = server::CONSTRAINT_RELATION;
            scan(catalog, Some(index), Some((key, oid)), true, |tuple, description| {
                let oid = |number: i16| {
                    let value = attribute(tuple, description, i32::from(number));
                    value.map_or(0, |d| d.value() as u32)
                };
                of = Some((RelId::new(oid(relation)), oid(domain)));
                self.keep(attribute(tuple, description, (*description).natts));
            });
        }
        of
    }

    /// The types of a table's columns that are none of Postgres's own.
    fn columns(&mut self, relid: RelId) {
        let catalog = pg_sys::AttributeRelationId.to_u32();
        let mut ranges = BTreeSet::new();
        // SAFETY: the fixed part of a pg_attribute tuple is FormData_pg_attribute.
        unsafe {
            let key = Some((1, relid.get()));
            scan(catalog, Some(ATTRIBUTE_BY_RELATION), key, true, |tuple, _| {
                let column =
                    &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_attribute>(tuple);
                if column.attnum > 0 && column.atttypid.to_u32() >= pg_sys::FirstNormalObjectId {
                    ranges.insert(column.atttypid.to_u32());
                }
            });
        }
        ranges.into_iter().for_each(|range| self.range(range));
    }

    /// What a range type calls to compare and to write its bounds.
    fn range(&mut self, oid: u32) {
        // SAFETY: a look-up that gives 0 for what is no multirange; pg_range is
        // (rngtypid, ..., rngcanonical, rngsubdiff), the last two being 6 and 7.
        unsafe {
            let range = match pg_sys::get_multirange_range(oid.into()) {
                pg_sys::InvalidOid => oid,
                range => range.to_u32(),
            };
            let (catalog, index) = (server::RANGE_RELATION, server::RANGE_BY_TYPE);
            scan(catalog, Some(index), Some((1, range)), true, |tuple, description| {
                for number in [6, 7] {
                    let function = attribute(tuple, description, number);
                    self.functions.extend(function.map(|d| d.value() as u32));
                }
            });
        }
    }

    /// A domain: its checks, and those of what it is made over.
    fn domain(&mut self, oid: u32) {
        let (_, of_domain) = server::CONSTRAINT_COLUMNS;
        self.constraints(server::CONSTRAINT_BY_TYPE, of_domain, oid);
        let catalog = pg_sys::TypeRelationId.to_u32();
        // SAFETY: the fixed part of a pg_type tuple is FormData_pg_type.
        unsafe {
            scan(catalog, Some(server::TYPE_BY_OID), Some((1, oid)), true, |tuple, _| {
                let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_type>(tuple);
                self.type_used(row.typbasetype.to_u32());
            });
        }
    }

    fn type_used(&mut self, oid: u32) {
        if oid >= pg_sys::FirstNormalObjectId {
            self.types.insert(oid);
        }
    }

    /// Takes note of what an expression, or a list of some, calls.
    ///
    /// # Safety
    /// Null, or a valid expression.
    unsafe fn expression(&mut self, node: *mut pg_sys::Node) {
        unsafe extern "C-unwind" fn calls(
            function: pg_sys::Oid,
            context: *mut core::ffi::c_void,
        ) -> bool {
            // SAFETY: the context that is handed over below.
            unsafe { (*context.cast::<BTreeSet<u32>>()).insert(function.to_u32()) };
            false
        }
        if node.is_null() {
            return;
        }
        // SAFETY: the tag of a node says what it is; the set outlives the call.
        unsafe {
            let functions = (&raw mut self.functions).cast();
            pg_sys::check_functions_in_node(node, Some(calls), functions);
            if (*node).type_ == pg_sys::NodeTag::T_CoerceToDomain {
                let domain = (*node.cast::<pg_sys::CoerceToDomain>()).resulttype;
                self.type_used(domain.to_u32());
            }
            let mut parts = Vec::new();
            server::each_part(node, &mut |part| parts.push(part));
            parts.into_iter().for_each(|part| self.expression(part));
        }
    }

    /// The functions of users among all that was found.
    fn code(mut self) -> Vec<Code> {
        let mut seen = BTreeSet::new();
        loop {
            for text in std::mem::take(&mut self.texts) {
                // SAFETY: the text of an expression, as a catalog has it.
                unsafe { self.expression(pg_sys::stringToNode(text).cast()) };
            }
            let Some(domain) = self.types.pop_first() else {
                break;
            };
            if seen.insert(domain) {
                self.domain(domain);
            }
        }
        let functions = self.functions.into_iter();
        let of_users = functions.filter(|oid| *oid >= pg_sys::FirstNormalObjectId);
        of_users
            .filter_map(|function| Some(Code { function, owner: owner_of(function)? }))
            .filter(|code| !users::is_superuser(code.owner))
            .collect()
    }
}

/// Whose a function is; None where there is none.
fn owner_of(function: u32) -> Option<RoleId> {
    let mut owner = None;
    let catalog = pg_sys::ProcedureRelationId.to_u32();
    // SAFETY: the fixed part of a pg_proc tuple is FormData_pg_proc.
    unsafe {
        let key = Some((1, function));
        scan(catalog, Some(server::FUNCTION_BY_OID), key, true, |tuple, _| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_proc>(tuple);
            owner = Some(role_id(row.proowner));
        });
    }
    owner
}

/// The table that a new index is on; None for what is no index. Reads what the
/// running command has written.
pub fn table_of_new_index(relid: RelId) -> Option<RelId> {
    let mut table = None;
    let catalog = pg_sys::IndexRelationId.to_u32();
    // SAFETY: pg_index begins with indexrelid and indrelid.
    unsafe {
        let key = Some((1, relid.get()));
        scan(catalog, Some(server::INDEX_BY_OID), key, true, |tuple, _| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_index>(tuple);
            table = Some(rel_id(row.indrelid));
        });
    }
    table
}

/// A function with its arguments, for people.
pub fn function_name(function: u32) -> String {
    // SAFETY: told that a miss is fine, it returns null.
    unsafe {
        let flags = pg_sys::FORMAT_PROC_INVALID_AS_NULL | pg_sys::FORMAT_PROC_FORCE_QUALIFY;
        let name = pg_sys::format_procedure_extended(function.into(), flags as u16);
        match name.is_null() {
            true => format!("function {function}"),
            false => std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned(),
        }
    }
}
