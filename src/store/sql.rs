//! SPI in two functions. Arguments go in as one jsonb value, results come out
//! as one: the types are serde's business, and nothing is spliced into a text.

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::OwnedPreparedStatement;
use pgrx::{JsonB, PgOid, pg_sys};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::pg::catalogs;
use crate::pg::local::Local;
use spyne_core::kernel::error::{Code, Result, SpyneError};

fn failed(action: &str, error: impl std::fmt::Display) -> SpyneError {
    SpyneError::new(
        Code::Internal,
        format!("spyne could not {action} its catalog: {error}"),
        "This is a defect of spyne, or its catalog was changed by other hands.",
        "See the server log; ALTER EXTENSION spyne UPDATE if the library is newer than the catalog.",
    )
}

/// Runs a query that returns one jsonb value, with `$1` bound to `arguments`.
/// None where it returns no row, or NULL.
///
/// # Errors
/// XX000 where the value is not what `T` expects. An error of the query itself
/// ends the statement.
pub fn read<T: DeserializeOwned>(query: &str, arguments: Value) -> Result<Option<T>> {
    // A snapshot of now: what was committed while this waited for a lock counts.
    let found: Option<JsonB> = catalogs::with_latest_snapshot(|| {
        Spi::connect(|client| {
            let mut rows = client.select(query, Some(1), &[JsonB(arguments).into()])?;
            match rows.next() {
                Some(row) => row.get::<JsonB>(1),
                None => Ok(None),
            }
        })
    })
    .map_err(|e: pgrx::spi::Error| failed("read", e))?;
    understood(found)
}

fn understood<T: DeserializeOwned>(found: Option<JsonB>) -> Result<Option<T>> {
    match found {
        None | Some(JsonB(Value::Null)) => Ok(None),
        Some(JsonB(value)) => {
            serde_json::from_value(value).map(Some).map_err(|e| failed("understand", e))
        }
    }
}

/// Runs a statement that writes and returns one jsonb value; None where it
/// returns no row.
pub fn read_write<T: DeserializeOwned>(statement: &str, arguments: Value) -> Result<Option<T>> {
    let found: Option<JsonB> = Spi::connect_mut(|client| {
        // To its end: the statement's AFTER triggers fire only there.
        let mut rows = client.update(statement, None, &[JsonB(arguments).into()])?;
        match rows.next() {
            Some(row) => row.get::<JsonB>(1),
            None => Ok(None),
        }
    })
    .map_err(|e: pgrx::spi::Error| failed("write", e))?;
    understood(found)
}

/// Runs a statement of spyne's own, with `$1` bound to `arguments`.
pub fn write(statement: &str, arguments: Value) -> Result<()> {
    Spi::connect_mut(|client| client.update(statement, None, &[JsonB(arguments).into()]).map(drop))
        .map_err(|e| failed("write", e))
}

/// A statement of a session's own, prepared when it is first run.
pub type Prepared = Local<Option<OwnedPreparedStatement>>;

/// Runs a statement that is kept prepared, with arguments by type.
pub fn write_prepared(
    prepared: &Prepared,
    statement: &str,
    types: &[pg_sys::Oid],
    arguments: &[DatumWithOid],
) -> Result<()> {
    Spi::connect_mut(|client| {
        // An error in between leaves nothing behind: it is prepared again.
        let kept = match prepared.take() {
            Some(kept) => kept,
            None => {
                let types: Vec<PgOid> = types.iter().map(|t| PgOid::from(*t)).collect();
                client.prepare_mut(statement, &types)?.keep()
            }
        };
        client.update(&kept, None, arguments)?;
        prepared.set(Some(kept));
        Ok(())
    })
    .map_err(|e: pgrx::spi::Error| failed("write", e))
}
