//! The rows that functions return: composite types of schema spyne, which structs fill
//! by the names of their fields.
//!
//! A function that returns `Rows<R>` is declared `RETURNS SETOF spyne.<type>`. It has
//! worked out all rows when it returns. They go into a tuplestore, which spills to disk
//! beyond work_mem.

use pgrx::callconv::RetAbi;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::prelude::TimestampWithTimeZone;
use pgrx::{IntoDatum, JsonB, PgMemoryContexts, PgTupleDesc, Uuid, name_data_to_str};

use super::oids::AsOid;
use super::releases;
use crate::report;
use spyne_core::kernel::columns::{TypedName, places, shared};
use spyne_core::kernel::error::{Code, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};

/// A type that a field can have.
pub trait Value {
    /// Its SQL type.
    const OID: pg_sys::Oid;
    /// The value for Postgres, in the current memory context; None for NULL.
    fn datum(self) -> Option<Datum>;
}

macro_rules! as_it_is {
    ($($rust:ty => $oid:ident),* $(,)?) => {$(
        impl Value for $rust {
            const OID: pg_sys::Oid = pg_sys::$oid;
            fn datum(self) -> Option<Datum> {
                self.into_datum()
            }
        }
    )*};
}

as_it_is!(
    bool => BOOLOID,
    i32 => INT4OID,
    i64 => INT8OID,
    f64 => FLOAT8OID,
    &'static str => TEXTOID,
    String => TEXTOID,
    Vec<String> => TEXTARRAYOID,
    JsonB => JSONBOID,
    TimestampWithTimeZone => TIMESTAMPTZOID,
    Uuid => UUIDOID,
);

impl Value for RelId {
    const OID: pg_sys::Oid = pg_sys::REGCLASSOID;
    fn datum(self) -> Option<Datum> {
        self.oid().into_datum()
    }
}

impl Value for RoleId {
    const OID: pg_sys::Oid = pg_sys::REGROLEOID;
    fn datum(self) -> Option<Datum> {
        self.oid().into_datum()
    }
}

impl<V: Value> Value for Option<V> {
    const OID: pg_sys::Oid = V::OID;
    fn datum(self) -> Option<Datum> {
        self.and_then(V::datum)
    }
}

/// The composite type that a struct fills, and the fields that fill it.
pub struct Declared {
    /// The name of the type, in schema spyne.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [TypedName<'static>],
}

/// A struct whose fields are the columns of a composite type: see [`row`].
pub trait Row {
    /// The type and the fields.
    const DECLARED: Declared;
    /// The values of the fields, in the order in which they are declared.
    fn values(self) -> Vec<Option<Datum>>;
}

/// Declares a struct that fills a composite type of schema spyne, each field the column
/// of its name: `row! { "plan_line" => PlanLine { seq: i32, .. } }`. The columns are
/// described where the type is declared, in `sql/rows.sql`.
macro_rules! row {
    ($(#[$about:meta])* $name:literal => $row:ident { $($field:ident: $value:ty,)* }) => {
        $(#[$about])*
        pub struct $row {
            $($field: $value,)*
        }

        impl $crate::pg::row_sets::Row for $row {
            const DECLARED: $crate::pg::row_sets::Declared = $crate::pg::row_sets::Declared {
                name: $name,
                fields: &[$(spyne_core::kernel::columns::TypedName {
                    name: stringify!($field),
                    type_oid: <$value as $crate::pg::row_sets::Value>::OID.to_u32(),
                }),*],
            };

            fn values(self) -> Vec<Option<pgrx::pg_sys::Datum>> {
                vec![$($crate::pg::row_sets::Value::datum(self.$field)),*]
            }
        }
    };
}
pub(crate) use row;

/// The rows that a function returns.
pub struct Rows<R = ()>(Vec<R>);

impl<R: Row> Rows<R> {
    /// The rows of a list.
    pub fn of(rows: Vec<R>) -> Self {
        Rows(rows)
    }

    /// One row.
    pub fn one(row: R) -> Self {
        Rows(vec![row])
    }
}

// SAFETY: the constants say nothing of Rust's memory; they are what the generator
// of the installation script asks. All types are declared in one file of SQL, so
// all `Rows` have one identity, which makes their functions come after that file.
unsafe impl<R> SqlTranslatable for Rows<R> {
    const TYPE_IDENT: &'static str = "spyne::pg::row_sets::Rows";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::ThisExtension;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("record"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("SETOF record")));
}

// SAFETY: the function runs in the memory context in which Postgres calls it, and
// nothing of it is kept there: `box_ret_in_fcinfo` copies the rows to a tuplestore,
// which belongs to the query. A set that is returned like that takes one call.
unsafe impl<R: Row> RetAbi for Rows<R> {
    type Item = Self;
    type Ret = Self;

    fn to_ret(self) -> Self {
        self
    }

    unsafe fn box_ret_in_fcinfo(fcinfo: FunctionCallInfo, rows: Self) -> Datum {
        // SAFETY: Postgres's own call information. InitMaterializedSRF raises where
        // the caller takes no set; else it makes a tuplestore and the descriptor of
        // the declared type, both of which live as long as the query.
        let (store, description) = unsafe {
            pg_sys::InitMaterializedSRF(fcinfo, 0);
            let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            ((*result).setResult, (*result).setDesc)
        };
        // SAFETY: as above; the wrapper neither frees nor releases it.
        let described = unsafe { PgTupleDesc::from_pg_unchecked(description) };
        let targets = targets::<R>(&described);
        let mut memory = PgMemoryContexts::new("row of a set");
        for row in rows.0 {
            let mut values = vec![Datum::null(); described.len()];
            let mut nulls = vec![true; described.len()];
            // SAFETY: both arrays have a place for each column. The tuplestore copies
            // the values, so nothing points to `memory` when it is reset.
            unsafe {
                memory.switch_to(|_| {
                    for (value, target) in row.values().into_iter().zip(&targets) {
                        if let Some(target) = *target {
                            nulls[target] = value.is_none();
                            values[target] = value.unwrap_or(Datum::null());
                        }
                    }
                    let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
                    pg_sys::tuplestore_putvalues(store, description, values, nulls);
                });
                memory.reset();
            }
        }
        Datum::null()
    }

    unsafe fn move_into_fcinfo_fcx(self, _: FunctionCallInfo) {}

    unsafe fn fill_fcinfo_fcx(&self, _: FunctionCallInfo) {}
}

/// For each field of `R` the column that it fills. A column that was dropped from
/// the type keeps its place, and is NULL. Where the catalog is of another version
/// than the library, so is a column without a field; and a field without a column
/// is left out.
fn targets<R: Row>(described: &PgTupleDesc<'_>) -> Vec<Option<usize>> {
    let Declared { name, fields } = R::DECLARED;
    let live: Vec<(usize, &pg_sys::FormData_pg_attribute)> =
        described.iter().enumerate().filter(|(_, column)| !column.attisdropped).collect();
    let columns: Vec<TypedName> = live
        .iter()
        .map(|(_, column)| TypedName {
            name: name_data_to_str(&column.attname),
            type_oid: column.atttypid.to_u32(),
        })
        .collect();
    let filled = match (places(name, fields, &columns), releases::differing()) {
        (Ok(filled), _) => filled.into_iter().map(Some).collect(),
        (Err(why), None) => report::raise(SpyneError::new(
            Code::Internal,
            format!("spyne cannot return its rows: {why}"),
            format!("The type spyne.{name} and the library do not fit each other."),
            "See what else does not: SELECT * FROM spyne.check_rows();",
        )),
        (Err(_), Some(between)) => shared(name, fields, &columns).unwrap_or_else(|why| {
            report::raise(SpyneError::new(
                Code::WrongState,
                format!("spyne cannot return its rows before its versions are the same: {why}"),
                between.shown(),
                between.remedy().unwrap_or_default(),
            ))
        }),
    };
    let mut targets = vec![None; fields.len()];
    for ((column, _), field) in live.iter().zip(filled) {
        if let Some(field) = field {
            targets[field] = Some(*column);
        }
    }
    targets
}
