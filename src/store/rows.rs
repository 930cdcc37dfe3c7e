//! Rows of results as Rust values: columns become fields by name.

use std::fmt;

use pgrx::datum::JsonString;
use pgrx::spi::SpiTupleTable;
use pgrx::{JsonB, Uuid, pg_sys};
use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde_json::Value;
use spyne_core::kernel::columns::differ;

/// Bytes of a bytea.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl Visitor<'_> for Wanted {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Wanted)
    }
}

/// Why a result could not be read.
#[derive(Debug)]
pub struct ReadFailure(String);

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadFailure {}

impl de::Error for ReadFailure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ReadFailure(message.to_string())
    }
}

impl From<pgrx::spi::Error> for ReadFailure {
    fn from(error: pgrx::spi::Error) -> Self {
        ReadFailure(error.to_string())
    }
}

/// All rows of a result.
pub fn read<R: DeserializeOwned>(mut found: SpiTupleTable<'_>) -> Result<Vec<R>, ReadFailure> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    // A statement that writes and returns nothing has a number of processed rows, and
    // no columns.
    let count = match found.columns() {
        Err(pgrx::spi::Error::NoTupleTable) => return Ok(Vec::new()),
        count => count?,
    };
    let mut columns = Vec::new();
    for at in 1..=count {
        columns.push((found.column_name(at)?, found.column_type_oid(at)?.value()));
    }
    let mut rows = Vec::with_capacity(found.len());
    while found.next().is_some() {
        let mut cells = Vec::with_capacity(columns.len());
        for (at, (name, oid)) in columns.iter().enumerate() {
            cells.push((name.as_str(), cell(&found, at + 1, *oid)?));
        }
        rows.push(R::deserialize(Row(cells))?);
    }
    Ok(rows)
}

/// One value of a row.
enum Cell {
    Plain(Value),
    /// The text of a json value, which is read where it is needed.
    Json(String),
    Float(f64),
    Bytes(Vec<u8>),
}

fn cell(row: &SpiTupleTable<'_>, at: usize, oid: pg_sys::Oid) -> Result<Cell, ReadFailure> {
    let plain = |value: Option<Value>| Cell::Plain(value.unwrap_or(Value::Null));
    Ok(match oid {
        pg_sys::BOOLOID => plain(row.get::<bool>(at)?.map(Value::from)),
        pg_sys::INT2OID => plain(row.get::<i16>(at)?.map(Value::from)),
        pg_sys::INT4OID => plain(row.get::<i32>(at)?.map(Value::from)),
        pg_sys::INT8OID => plain(row.get::<i64>(at)?.map(Value::from)),
        pg_sys::FLOAT4OID => {
            row.get::<f32>(at)?.map_or(Cell::Plain(Value::Null), |f| Cell::Float(f64::from(f)))
        }
        pg_sys::FLOAT8OID => row.get::<f64>(at)?.map_or(Cell::Plain(Value::Null), Cell::Float),
        pg_sys::TEXTOID => plain(row.get::<String>(at)?.map(Value::from)),
        pg_sys::OIDOID | pg_sys::REGCLASSOID | pg_sys::REGROLEOID | pg_sys::REGTYPEOID => {
            plain(row.get_datum_by_ordinal(at)?.map(|d| Value::from(d.value() as u32)))
        }
        // Microseconds since 2000-01-01.
        pg_sys::TIMESTAMPTZOID => {
            plain(row.get_datum_by_ordinal(at)?.map(|d| Value::from(d.value() as i64)))
        }
        pg_sys::UUIDOID => plain(row.get::<Uuid>(at)?.map(|id| Value::from(id.to_string()))),
        pg_sys::JSONBOID => plain(row.get::<JsonB>(at)?.map(|json| json.0)),
        pg_sys::JSONOID => {
            row.get::<JsonString>(at)?.map_or(Cell::Plain(Value::Null), |json| Cell::Json(json.0))
        }
        pg_sys::TEXTARRAYOID => plain(row.get::<Vec<Option<String>>>(at)?.map(Value::from)),
        pg_sys::INT2ARRAYOID => plain(row.get::<Vec<i16>>(at)?.map(Value::from)),
        pg_sys::INT8ARRAYOID => plain(row.get::<Vec<i64>>(at)?.map(Value::from)),
        pg_sys::FLOAT8ARRAYOID => plain(row.get::<Vec<f64>>(at)?.map(Value::from)),
        pg_sys::OIDARRAYOID => plain(
            row.get::<Vec<pg_sys::Oid>>(at)?
                .map(|all| Value::from_iter(all.into_iter().map(|oid| oid.to_u32()))),
        ),
        pg_sys::BYTEAOID => row.get::<Vec<u8>>(at)?.map_or(Cell::Plain(Value::Null), Cell::Bytes),
        other => return Err(unread(&row.column_name(at)?, other)),
    })
}

/// The types that [`cell`] reads.
const READ: [pg_sys::Oid; 20] = [
    pg_sys::BOOLOID,
    pg_sys::INT2OID,
    pg_sys::INT4OID,
    pg_sys::INT8OID,
    pg_sys::FLOAT4OID,
    pg_sys::FLOAT8OID,
    pg_sys::TEXTOID,
    pg_sys::OIDOID,
    pg_sys::REGCLASSOID,
    pg_sys::REGROLEOID,
    pg_sys::REGTYPEOID,
    pg_sys::TIMESTAMPTZOID,
    pg_sys::UUIDOID,
    pg_sys::JSONBOID,
    pg_sys::JSONOID,
    pg_sys::TEXTARRAYOID,
    pg_sys::INT2ARRAYOID,
    pg_sys::INT8ARRAYOID,
    pg_sys::FLOAT8ARRAYOID,
    pg_sys::OIDARRAYOID,
];

fn unread(column: &str, oid: pg_sys::Oid) -> ReadFailure {
    ReadFailure(format!("column \"{column}\" has type {}, which is not read", oid.to_u32()))
}

impl<'de> IntoDeserializer<'de, ReadFailure> for Cell {
    type Deserializer = Cell;
    fn into_deserializer(self) -> Cell {
        self
    }
}

fn json(error: serde_json::Error) -> ReadFailure {
    ReadFailure(error.to_string())
}

impl<'de> Deserializer<'de> for Cell {
    type Error = ReadFailure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFailure> {
        match self {
            Cell::Plain(value) => value.deserialize_any(visitor).map_err(json),
            Cell::Float(number) => visitor.visit_f64(number),
            Cell::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Cell::Json(text) => serde_json::from_str::<Value>(&text)
                .and_then(|value| value.deserialize_any(visitor))
                .map_err(json),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFailure> {
        match self {
            Cell::Plain(Value::Null) => visitor.visit_none(),
            given => visitor.visit_some(given),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        match self {
            Cell::Plain(value) => value.deserialize_enum(name, variants, visitor).map_err(json),
            _ => Err(ReadFailure::custom(format!("{name} is not text"))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A row: its values with the names of their columns.
struct Row<'n>(Vec<(&'n str, Cell)>);

impl Row<'_> {
    /// The value of a row that has one column.
    fn single(self) -> Result<Cell, ReadFailure> {
        let mut cells = self.0.into_iter();
        match (cells.next(), cells.next()) {
            (Some((_, cell)), None) => Ok(cell),
            _ => {
                Err(ReadFailure::custom("a single value was expected, and there are more columns"))
            }
        }
    }
}

macro_rules! of_the_single_column {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFailure> {
            self.single()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = ReadFailure;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        let columns: Vec<&str> = self.0.iter().map(|(column, _)| *column).collect();
        if let Some(why) = differ(name, fields, &columns) {
            return Err(ReadFailure(why));
        }
        visitor.visit_map(MapDeserializer::new(self.0.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        if self.0.len() != length {
            return Err(ReadFailure(format!("{} columns, not {length}", self.0.len())));
        }
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(|(_, cell)| cell)))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFailure> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        self.single()?.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        visitor.visit_unit()
    }

    of_the_single_column! {
        deserialize_any deserialize_option deserialize_bool deserialize_i8 deserialize_i16
        deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_seq
        deserialize_map deserialize_identifier deserialize_ignored_any
    }
}

/// Why rows with these columns could not be read as `R`; None where they can.
pub fn mismatch<R: DeserializeOwned>(columns: &[(String, pg_sys::Oid)]) -> Option<String> {
    for (name, oid) in columns {
        if !READ.contains(oid) && *oid != pg_sys::BYTEAOID {
            return Some(unread(name, *oid).to_string());
        }
    }
    let mut found = None;
    // There is no row, so this always fails. `found` then has what the type asked for.
    let _ = R::deserialize(Probe { columns, found: &mut found });
    found
}

/// Stands for a row, to learn which columns a type asks for.
struct Probe<'p> {
    columns: &'p [(String, pg_sys::Oid)],
    found: &'p mut Option<String>,
}

impl Probe<'_> {
    fn end<T>(self, fits: bool, wanted: String) -> Result<T, ReadFailure> {
        if !fits {
            *self.found =
                Some(format!("{} columns, where {wanted} was expected", self.columns.len()));
        }
        Err(ReadFailure(String::new()))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = ReadFailure;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ReadFailure> {
        let fits = self.columns.len() == 1;
        self.end(fits, "one".into())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| column.as_str()).collect();
        *self.found = differ(name, fields, &columns);
        Err(ReadFailure(String::new()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        _visitor: V,
    ) -> Result<V::Value, ReadFailure> {
        let fits = self.columns.len() == length;
        self.end(fits, length.to_string())
    }

    fn deserialize_unit<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ReadFailure> {
        Err(ReadFailure(String::new()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option
        unit_struct newtype_struct seq tuple_struct map enum identifier ignored_any
    }
}
