//! Rows of a composite type, filled from structs: fields become columns by name, so
//! that a row is declared once in SQL and once in Rust.

use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pg_sys::{self, Datum};
use pgrx::{AllocatedByRust, IntoDatum, JsonB, PgTupleDesc};
use serde::Serialize;
use serde_json::{Map, Value};
use spyne_core::kernel::error::{Code, Result, SpyneError};

/// A value of a composite type.
pub type Composite = PgHeapTuple<'static, AllocatedByRust>;

/// These rows as values of the composite type `name`, which is qualified. Fields that
/// have no column are left out.
///
/// # Errors
/// XX000 where the type is not there, has a column that is no field, or one of a type
/// that is not written here.
pub fn rows<T: Serialize>(name: &str, rows: &[T]) -> Result<Vec<Composite>> {
    rows.iter().map(|row| composite(name, row)).collect()
}

fn composite<T: Serialize>(name: &str, row: &T) -> Result<Composite> {
    let fields = match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        _ => return Err(mismatch(name, "what is to fill it has no fields".into())),
    };
    let columns = PgTupleDesc::for_composite_type(name)
        .ok_or_else(|| mismatch(name, "there is no such type".into()))?;
    let mut datums = Vec::with_capacity(columns.len());
    for column in columns.iter().filter(|column| !column.attisdropped) {
        datums.push(of_field(name, column, &fields)?);
    }
    // SAFETY: one datum for each column, of the column's own type.
    unsafe { PgHeapTuple::from_datums(columns, datums) }
        .map_err(|error| mismatch(name, error.to_string()))
}

fn of_field(
    name: &str,
    column: &pg_sys::FormData_pg_attribute,
    fields: &Map<String, Value>,
) -> Result<Option<Datum>> {
    let called = column.name();
    let value =
        fields.get(called).ok_or_else(|| mismatch(name, format!("no field is called {called}")))?;
    if value.is_null() {
        return Ok(None);
    }
    datum(value, column.atttypid)
        .map(Some)
        .ok_or_else(|| mismatch(name, format!("the field {called} is of another type")))
}

/// A value as a datum of this type; None where it is none, or the type is not written
/// here.
fn datum(value: &Value, oid: pg_sys::Oid) -> Option<Datum> {
    match oid {
        pg_sys::BOOLOID => value.as_bool()?.into_datum(),
        pg_sys::INT4OID => i32::try_from(value.as_i64()?).ok()?.into_datum(),
        pg_sys::INT8OID => value.as_i64()?.into_datum(),
        pg_sys::FLOAT8OID => value.as_f64()?.into_datum(),
        pg_sys::TEXTOID => value.as_str()?.into_datum(),
        pg_sys::OIDOID | pg_sys::REGCLASSOID | pg_sys::REGROLEOID => {
            pg_sys::Oid::from(u32::try_from(value.as_u64()?).ok()?).into_datum()
        }
        // Microseconds since 2000-01-01.
        pg_sys::TIMESTAMPTZOID => value.as_i64()?.into_datum(),
        pg_sys::JSONBOID => JsonB(value.clone()).into_datum(),
        pg_sys::TEXTARRAYOID => {
            let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_string));
            texts.collect::<Option<Vec<String>>>()?.into_datum()
        }
        _ => None,
    }
}

fn mismatch(name: &str, why: String) -> SpyneError {
    SpyneError::new(
        Code::Internal,
        format!("a row of {name} could not be made: {why}"),
        "This is a defect of spyne, or its catalog was changed by other hands.",
        "See the server log; ALTER EXTENSION spyne UPDATE if the library is newer than the catalog.",
    )
}
