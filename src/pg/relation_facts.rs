//! What the system catalogs say of a relation that a statement uses.
//!
//! It is read by scans of their indexes. A statement of SQL that says the same takes some twenty
//! times the instructions, most of them to set itself up, and each preview and each check of one
//! would pay them.

use pgrx::pg_sys;

use super::catalog_scan::{attribute, name_of, scan};
use super::content::{Columns, Content};
use super::{catalogs, server};
use spyne_core::kernel::ids::RelId;

/// A relation, as the catalogs have it.
#[derive(Clone, Debug, Default)]
pub struct RelationFacts {
    pub relation: RelId,
    pub schema: String,
    pub name: String,
    /// pg_class.relkind.
    pub kind: char,
    pub is_partition: bool,
    /// From statistics; None where there are none.
    pub estimated_rows: Option<f64>,
    /// Pages when `estimated_rows` was found.
    pub analyzed_pages: f64,
    pub columns: Vec<ColumnFacts>,
    /// Column numbers of each key: an index that is unique over plain columns, of all rows, at once.
    pub unique_keys: Vec<Vec<i32>>,
    /// Columns that have an index beginning with them.
    pub indexed: Vec<i32>,
    /// Whether foreign keys may change other tables along with this one.
    pub cascades: bool,
    /// What the columns say, the facts of their types aside.
    pub column_digest: String,
    /// Of constraints and unique indexes.
    pub constraint_digest: String,
    /// Of the query of a view, and of rules.
    pub rule_digest: String,
    /// Of row security.
    pub policy_digest: String,
    /// Of the triggers that users have made, and of the functions they call.
    pub trigger_digest: String,
}

/// A column, as the catalogs have it.
#[derive(Clone, Debug)]
pub struct ColumnFacts {
    pub number: i32,
    pub name: String,
    pub type_oid: u32,
    pub not_null: bool,
    /// The share of rows in which it is NULL; None without statistics.
    pub null_fraction: Option<f64>,
}

/// Columns of the catalogs that may change without a change of what a relation is: the row's own
/// OID and owner relation, privileges, statistics targets, storage and the like.
const ATTRIBUTE_WITHOUT: &[&str] = &[
    "attrelid",
    "attstattarget",
    "attcacheoff",
    "attalign",
    "attstorage",
    "attcompression",
    "atthasmissing",
    "attmissingval",
    "attislocal",
    "attinhcount",
    "attacl",
    "attoptions",
];
const DEFAULT_WITHOUT: &[&str] = &["oid", "adrelid"];
const INDEX_WITHOUT: &[&str] = &[
    "indexrelid",
    "indrelid",
    "indisclustered",
    "indisvalid",
    "indcheckxmin",
    "indisready",
    "indislive",
    "indisreplident",
    "indoption",
];
const CONSTRAINT_WITHOUT: &[&str] =
    &["oid", "conrelid", "conindid", "conparentid", "conislocal", "coninhcount", "connoinherit"];
const RULE_WITHOUT: &[&str] = &["oid", "ev_class"];
const POLICY_WITHOUT: &[&str] = &["oid", "polrelid"];
const TRIGGER_WITHOUT: &[&str] =
    &["oid", "tgrelid", "tgparentid", "tgconstrrelid", "tgconstrindid", "tgconstraint"];
const FUNCTION_WITHOUT: &[&str] = &["proacl"];

/// What foreign keys do to the rows that refer to a changed one, where it is more than to refuse.
const CASCADING: [u32; 6] = [
    pg_sys::F_RI_FKEY_CASCADE_DEL,
    pg_sys::F_RI_FKEY_CASCADE_UPD,
    pg_sys::F_RI_FKEY_SETNULL_DEL,
    pg_sys::F_RI_FKEY_SETNULL_UPD,
    pg_sys::F_RI_FKEY_SETDEFAULT_DEL,
    pg_sys::F_RI_FKEY_SETDEFAULT_UPD,
];

/// What else a row of pg_class says is there.
#[derive(Default)]
struct Has {
    indexes: bool,
    rules: bool,
    triggers: bool,
    row_security: bool,
    forced: bool,
}

/// The facts of a relation; None where there is no such relation (any more).
pub fn of(relation: RelId) -> Option<RelationFacts> {
    let (mut facts, has) = class(relation)?;
    columns(&mut facts);
    let mut constraints = Content::default();
    if has.indexes {
        indexes(&mut facts, &mut constraints);
    }
    let mut constraint = Columns::all_but(CONSTRAINT_WITHOUT);
    let (mut rule, mut policy) = (Columns::all_but(RULE_WITHOUT), Columns::all_but(POLICY_WITHOUT));
    // SAFETY: each catalog is scanned by its index on the relation, whose first column that is.
    unsafe {
        by_relation(CONSTRAINTS, relation, |tuple, description| {
            // Not NULL is told with the column.
            let kind = attribute(tuple, description, server::CONSTRAINT_KIND);
            let is = |kinds: &[u8]| kind.is_some_and(|k| kinds.contains(&(k.value() as u8)));
            let validated = attribute(tuple, description, server::CONSTRAINT_VALIDATED);
            // Rows that were there before need not satisfy it, although attnotnull is set.
            let unproven = is(b"n") && validated.is_some_and(|valid| valid.value() == 0);
            if unproven {
                let number = i32::from(server::not_null_column(tuple));
                let column = facts.columns.iter_mut().find(|c| c.number == number);
                column.into_iter().for_each(|column| column.not_null = false);
            }
            if unproven || is(b"pufcx") {
                constraints.add(tuple, description, &mut constraint);
            }
        });
        let mut rules = Content::default();
        if has.rules {
            by_relation(RULES, relation, |tuple, description| {
                rules.add(tuple, description, &mut rule);
            });
        }
        let mut policies = Content::default();
        // Policies mean nothing where row security is off.
        if has.row_security {
            policies.add_text(if has.forced { "forced" } else { "enabled" });
            by_relation(POLICIES, relation, |tuple, description| {
                policies.add(tuple, description, &mut policy);
            });
        }
        facts.constraint_digest = constraints.digest().unwrap_or_default();
        facts.rule_digest = rules.digest().unwrap_or_default();
        facts.policy_digest = policies.digest().unwrap_or_default();
    }
    // The foreign keys of a partitioned table have their triggers on its partitions.
    facts.cascades = facts.kind == 'p';
    if has.triggers {
        triggers(&mut facts);
    }
    Some(facts)
}

/// A catalog, and its index that begins with the relation; the column of the relation.
type ByRelation = (u32, u32, i16);

const STATISTICS: ByRelation = (2619, 2696, 1);
const ATTRIBUTES: ByRelation = (1249, 2659, 1);
const DEFAULTS: ByRelation = (server::DEFAULT_RELATION, 2656, 2);
const INDEXES: ByRelation = (2610, 2678, 2);
const CONSTRAINTS: ByRelation = (server::CONSTRAINT_RELATION, 2665, server::CONSTRAINT_COLUMNS.0);
const RULES: ByRelation = (2618, 2693, 3);
const POLICIES: ByRelation = (3256, 3258, 3);
const TRIGGERS: ByRelation = (2620, 2701, 2);
/// pg_proc and its index on oid.
const FUNCTIONS: ByRelation = (1255, 2690, 1);
const CLASSES: ByRelation = (1259, server::CLASS_BY_OID, 1);

/// Runs `row` on the rows of a catalog that are of a relation.
///
/// # Safety
/// As for [`scan`].
unsafe fn by_relation(
    (catalog, index, column): ByRelation,
    relation: RelId,
    row: impl FnMut(pg_sys::HeapTuple, pg_sys::TupleDesc),
) {
    // SAFETY: as promised by the caller.
    unsafe { scan(catalog, Some(index), Some((column, relation.get())), false, row) }
}

fn class(relation: RelId) -> Option<(RelationFacts, Has)> {
    let mut found = None;
    // SAFETY: the fixed part of a pg_class tuple is FormData_pg_class.
    unsafe {
        by_relation(CLASSES, relation, |tuple, _| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_class>(tuple);
            let schema = pg_sys::get_namespace_name(row.relnamespace);
            let facts = RelationFacts {
                relation,
                schema: match schema.is_null() {
                    true => String::new(),
                    false => std::ffi::CStr::from_ptr(schema).to_string_lossy().into_owned(),
                },
                name: name_of(&row.relname),
                kind: char::from(row.relkind as u8),
                is_partition: row.relispartition,
                estimated_rows: (row.reltuples >= 0.0).then_some(f64::from(row.reltuples)),
                analyzed_pages: f64::from(row.relpages),
                ..RelationFacts::default()
            };
            let has = Has {
                indexes: row.relhasindex,
                rules: row.relhasrules,
                triggers: row.relhastriggers,
                row_security: row.relrowsecurity,
                forced: row.relforcerowsecurity,
            };
            found = Some((facts, has));
        });
    }
    found
}

fn columns(facts: &mut RelationFacts) {
    let mut content = Content::default();
    let mut has_defaults = false;
    let relation = facts.relation;
    let mut counting = Columns::all_but(ATTRIBUTE_WITHOUT);
    let mut default = Columns::all_but(DEFAULT_WITHOUT);
    // SAFETY: the fixed parts of these tuples are the structs of their names.
    unsafe {
        by_relation(ATTRIBUTES, relation, |tuple, description| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_attribute>(tuple);
            if row.attnum <= 0 || row.attisdropped {
                return;
            }
            has_defaults |= row.atthasdef;
            content.add(tuple, description, &mut counting);
            facts.columns.push(ColumnFacts {
                number: i32::from(row.attnum),
                name: name_of(&row.attname),
                type_oid: row.atttypid.to_u32(),
                not_null: row.attnotnull,
                null_fraction: None,
            });
        });
        if has_defaults {
            by_relation(DEFAULTS, relation, |tuple, description| {
                content.add(tuple, description, &mut default);
            });
        }
        by_relation(STATISTICS, relation, |tuple, _| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_statistic>(tuple);
            let number = i32::from(row.staattnum);
            let column = facts.columns.iter_mut().find(|c| c.number == number && !row.stainherit);
            if let Some(column) = column {
                column.null_fraction = Some(f64::from(row.stanullfrac));
            }
        });
    }
    facts.columns.sort_unstable_by_key(|column| column.number);
    facts.column_digest = content.digest().unwrap_or_default();
}

fn indexes(facts: &mut RelationFacts, content: &mut Content) {
    let mut counting = Columns::all_but(INDEX_WITHOUT);
    // SAFETY: the fixed part of a pg_index tuple is FormData_pg_index, whose last field is the
    // vector of its columns.
    unsafe {
        by_relation(INDEXES, facts.relation, |tuple, description| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_index>(tuple);
            if !row.indisvalid {
                return;
            }
            let columns = row.indkey.values.as_slice(row.indkey.dim1 as usize);
            let columns: Vec<i32> = columns.iter().map(|number| i32::from(*number)).collect();
            facts.indexed.extend(columns.first().filter(|number| **number != 0));
            if !row.indisunique {
                return;
            }
            content.add(tuple, description, &mut counting);
            let is_there = |number| attribute(tuple, description, number).is_some();
            let whole = !server::INDEX_EXPRESSIONS.into_iter().any(is_there);
            let plain = row.indnkeyatts == row.indnatts && !row.indisexclusion;
            if row.indimmediate && whole && plain {
                facts.unique_keys.push(columns);
            }
        });
    }
}

/// One look at the triggers: those that users have made, and whether there is one of a foreign key
/// that changes the rows which refer to this relation.
fn triggers(facts: &mut RelationFacts) {
    let mut content = Content::default();
    let mut called = Vec::new();
    let mut cascades = false;
    let mut counting = Columns::all_but(TRIGGER_WITHOUT);
    let mut code = Columns::all_but(FUNCTION_WITHOUT);
    let ours = catalogs::schema_oid("spyne").unwrap_or_default();
    // SAFETY: the fixed parts of these tuples are the structs of their names.
    unsafe {
        by_relation(TRIGGERS, facts.relation, |tuple, description| {
            let row = &*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_trigger>(tuple);
            let function = row.tgfoid.to_u32();
            if row.tgisinternal {
                cascades |= CASCADING.contains(&function);
            } else if pg_sys::get_func_namespace(row.tgfoid).to_u32() != ours {
                content.add(tuple, description, &mut counting);
                called.push(function);
            }
        });
        for function in called {
            // A catalog that is read by an OID of its own.
            by_relation(FUNCTIONS, RelId::new(function), |tuple, description| {
                content.add(tuple, description, &mut code);
            });
        }
    }
    facts.cascades |= cascades;
    facts.trigger_digest = content.digest().unwrap_or_default();
}
