//! Typed statements with kept plans. The type of a static says what its arguments and
//! its rows are, and a session prepares each statement once.
//!
//! `static FIND: Query<(RelId,), Row> = Query::read("SELECT ...")`. Arguments
//! are bound by type. The columns of the result are matched with the fields of
//! the row by name, in both directions, so that a misspelt name is an error and
//! never a NULL. `spyne.check_statements()` prepares all of them and compares.

use std::marker::PhantomData;

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiTupleTable};
use pgrx::{JsonB, PgOid, pg_sys};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};

use super::rows;
use crate::pg::caller_rights::AsCaller;
use crate::pg::elevate::{Elevated, SteppedDown};
use crate::pg::local::Local;
use crate::pg::{releases, spi, transaction};

/// Proof that certain rights are there, with which a statement runs.
pub trait Rights {
    /// Runs `work`, which runs the statement `text`.
    fn running<T>(&self, text: &str, work: impl FnOnce() -> T) -> T;
}

impl Rights for Elevated {
    fn running<T>(&self, _text: &str, work: impl FnOnce() -> T) -> T {
        work()
    }
}

impl Rights for SteppedDown {
    fn running<T>(&self, _text: &str, work: impl FnOnce() -> T) -> T {
        work()
    }
}

impl Rights for AsCaller {
    fn running<T>(&self, text: &str, work: impl FnOnce() -> T) -> T {
        self.exempt(text, work)
    }
}

/// The type of one argument: the value that a caller gives for it, and how the value is
/// bound.
pub trait Bind {
    /// The value that a caller gives.
    type Given<'a>;
    /// The OID of the SQL type.
    const OID: pg_sys::Oid;
    /// Binds the value.
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a>;
}

macro_rules! bound_as_it_is {
    ($($rust:ty => $oid:ident),*) => {$(
        impl Bind for $rust {
            type Given<'a> = $rust;
            const OID: pg_sys::Oid = pg_sys::$oid;
            fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
                given.into()
            }
        }
    )*};
}

bound_as_it_is!(bool => BOOLOID, i32 => INT4OID, i64 => INT8OID, f64 => FLOAT8OID);

impl Bind for RelId {
    type Given<'a> = RelId;
    const OID: pg_sys::Oid = pg_sys::OIDOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        pg_sys::Oid::from(given.get()).into()
    }
}

impl Bind for RoleId {
    type Given<'a> = RoleId;
    const OID: pg_sys::Oid = pg_sys::OIDOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        pg_sys::Oid::from(given.get()).into()
    }
}

/// The OID of something that is neither a relation nor a role.
pub struct Oid;

impl Bind for Oid {
    type Given<'a> = u32;
    const OID: pg_sys::Oid = pg_sys::OIDOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        pg_sys::Oid::from(given).into()
    }
}

/// A text, in the arguments of a statement. The name keeps two of them from being taken
/// for an address.
pub type Text = String;

impl Bind for String {
    type Given<'a> = &'a str;
    const OID: pg_sys::Oid = pg_sys::TEXTOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.into()
    }
}

/// Bytes, as bytea.
impl Bind for rows::Bytes {
    type Given<'a> = &'a [u8];
    const OID: pg_sys::Oid = pg_sys::BYTEAOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.into()
    }
}

impl Bind for Vec<String> {
    type Given<'a> = &'a [String];
    const OID: pg_sys::Oid = pg_sys::TEXTARRAYOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.iter().map(String::as_str).collect::<Vec<&str>>().into()
    }
}

impl Bind for Vec<RelId> {
    type Given<'a> = &'a [RelId];
    const OID: pg_sys::Oid = pg_sys::OIDARRAYOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.iter().map(|one| pg_sys::Oid::from(one.get())).collect::<Vec<_>>().into()
    }
}

impl Bind for Vec<Oid> {
    type Given<'a> = &'a [u32];
    const OID: pg_sys::Oid = pg_sys::OIDARRAYOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.iter().map(|one| pg_sys::Oid::from(*one)).collect::<Vec<_>>().into()
    }
}

impl Bind for Vec<i64> {
    type Given<'a> = &'a [i64];
    const OID: pg_sys::Oid = pg_sys::INT8ARRAYOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.to_vec().into()
    }
}

/// A value that the catalog keeps as jsonb.
pub struct Json<T>(PhantomData<T>);

impl<T: Serialize + 'static> Bind for Json<T> {
    type Given<'a> = &'a T;
    const OID: pg_sys::Oid = pg_sys::JSONBOID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        // A value that does not serialize becomes NULL, which the columns refuse.
        serde_json::to_value(given).ok().map(JsonB).into()
    }
}

impl<T: Bind> Bind for Option<T> {
    type Given<'a> = Option<T::Given<'a>>;
    const OID: pg_sys::Oid = T::OID;
    fn bind<'a>(given: Self::Given<'a>) -> DatumWithOid<'a> {
        given.map_or_else(|| DatumWithOid::null_oid(T::OID), T::bind)
    }
}

/// The arguments of a statement: a tuple of [`Bind`].
pub trait Arguments {
    /// The values that a caller gives, as a tuple.
    type Given<'a>;
    /// The SQL types of the arguments.
    fn types() -> Vec<PgOid>;
    /// Binds the values.
    fn bind<'a>(given: Self::Given<'a>) -> Vec<DatumWithOid<'a>>;
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<$($name: Bind),*> Arguments for ($($name,)*) {
            type Given<'a> = ($($name::Given<'a>,)*);
            fn types() -> Vec<PgOid> {
                vec![$(PgOid::from($name::OID)),*]
            }
            #[allow(non_snake_case)]
            fn bind<'a>(($($name,)*): Self::Given<'a>) -> Vec<DatumWithOid<'a>> {
                vec![$($name::bind($name)),*]
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
arguments!(A B C D E F G);
arguments!(A B C D E F G H);
arguments!(A B C D E F G H I);
arguments!(A B C D E F G H I J);
arguments!(A B C D E F G H I J K);
arguments!(A B C D E F G H I J K L);

/// A statement with arguments `A` and rows `R`.
pub struct Query<A, R> {
    text: &'static str,
    writes: bool,
    kept: Local<Option<OwnedPreparedStatement>>,
    types: PhantomData<fn(A) -> R>,
}

impl<A: Arguments, R: DeserializeOwned> Query<A, R> {
    /// A statement that only reads. It sees everything that was committed until now,
    /// whatever the snapshot of the transaction is, because what happened while a lock
    /// was waited for must count.
    pub const fn read(text: &'static str) -> Self {
        Query { text, writes: false, kept: Local::new(None), types: PhantomData }
    }

    /// A statement that writes, or locks rows.
    pub const fn write(text: &'static str) -> Self {
        Query { text, writes: true, kept: Local::new(None), types: PhantomData }
    }

    /// Runs the statement, and returns all its rows.
    ///
    /// # Errors
    /// XX000 where rows are not what `R` says. An error of the statement itself
    /// ends the caller's statement.
    pub fn all(&self, rights: &impl Rights, given: A::Given<'_>) -> Result<Vec<R>> {
        self.execute(rights, given, None)
    }

    /// Runs the statement, and returns its first row; None where there is none. A
    /// statement that writes runs to its end, since AFTER triggers fire only there.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub fn maybe(&self, rights: &impl Rights, given: A::Given<'_>) -> Result<Option<R>> {
        let limit = if self.writes { None } else { Some(1) };
        Ok(self.execute(rights, given, limit)?.into_iter().next())
    }

    /// Runs a statement that always has one row, and returns it.
    ///
    /// # Errors
    /// As [`Query::all`], and XX000 where there is no row.
    pub fn one(&self, rights: &impl Rights, given: A::Given<'_>) -> Result<R> {
        self.maybe(rights, given)?.ok_or_else(|| failed(self.text, "it returned no row"))
    }

    fn execute(
        &self,
        rights: &impl Rights,
        given: A::Given<'_>,
        limit: Option<i64>,
    ) -> Result<Vec<R>> {
        self.check_fit()?;
        let run = || {
            rights.running(self.text, || match self.writes {
                true => Spi::connect_mut(|client| {
                    let kept = self.taken(|types| client.prepare_mut(self.text, types))?;
                    let rows = client.update(&kept, limit.map(|n| n as _), &A::bind(given))?;
                    self.put_back(kept, rows)
                }),
                false => transaction::with_latest_snapshot(|| {
                    Spi::connect(|client| {
                        let kept = self.taken(|types| client.prepare(self.text, types))?;
                        let rows = client.select(&kept, limit.map(|n| n as _), &A::bind(given))?;
                        self.put_back(kept, rows)
                    })
                }),
            })
        };
        run().map_err(|error: rows::ReadFailure| failed(self.text, error))
    }

    /// Looks, before a session prepares the statement, whether it fits a catalog of
    /// another version than the library's.
    ///
    /// # Errors
    /// 55000 where the catalog lacks what the statement needs.
    fn check_fit(&self) -> Result<()> {
        let kept = self.kept.take();
        let is_kept = kept.is_some();
        self.kept.set(kept);
        if is_kept || transaction::in_parallel_mode() {
            return Ok(());
        }
        let Some(between) = releases::differing() else {
            return Ok(());
        };
        match self.fault() {
            None => Ok(()),
            Some(fault) => Err(SpyneError::new(
                Code::WrongState,
                format!("spyne cannot do this before its versions are the same: {fault}"),
                between.shown(),
                between.remedy().unwrap_or_default(),
            )),
        }
    }

    /// The kept plan, which is taken out while it runs. So an error meanwhile leaves
    /// nothing behind, and a nested call prepares a plan of its own.
    fn taken<'c>(
        &self,
        prepare: impl FnOnce(&[PgOid]) -> pgrx::spi::Result<pgrx::spi::PreparedStatement<'c>>,
    ) -> std::result::Result<OwnedPreparedStatement, rows::ReadFailure> {
        match self.kept.take() {
            Some(kept) => Ok(kept),
            None => Ok(prepare(&A::types())?.keep()),
        }
    }

    fn put_back(
        &self,
        kept: OwnedPreparedStatement,
        found: SpiTupleTable<'_>,
    ) -> std::result::Result<Vec<R>, rows::ReadFailure> {
        let read = rows::read(found);
        self.kept.set(Some(kept));
        read
    }
}

impl<A: Arguments> Query<A, ()> {
    /// Runs a statement that returns nothing.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub fn run(&self, rights: &impl Rights, given: A::Given<'_>) -> Result<()> {
        self.all(rights, given).map(drop)
    }
}

/// What `spyne.check_statements()` asks of every statement.
pub trait Statement: Sync {
    /// The text of the statement.
    fn text(&self) -> &'static str;
    /// Why the statement cannot run against this catalog, or does not return what its
    /// type says; None where neither is so.
    fn fault(&self) -> Option<String>;
}

impl<A: Arguments, R: DeserializeOwned> Statement for Query<A, R> {
    fn text(&self) -> &'static str {
        self.text
    }

    fn fault(&self) -> Option<String> {
        let types: Vec<pg_sys::Oid> = A::types().into_iter().map(|one| one.value()).collect();
        match spi::columns_of(self.text, &types) {
            Ok(columns) => rows::mismatch::<R>(&columns),
            Err(error) => Some(error),
        }
    }
}

/// Runs a statement whose text is put together as it runs, such as DDL. It takes
/// no arguments, so every name and value in it was quoted by
/// `spyne_core::kernel::names`.
///
/// # Errors
/// As [`Query::all`].
pub fn run(rights: &impl Rights, statement: &str) -> Result<()> {
    rights
        .running(statement, || {
            Spi::connect_mut(|client| client.update(statement, None, &[]).map(drop))
        })
        .map_err(|error| failed(statement, error))
}

/// Reads with a statement whose text is put together as it runs, since it names
/// tables and columns of users. Runs as the caller.
///
/// # Errors
/// As [`Query::all`].
pub fn read_as_caller<R: DeserializeOwned>(
    rights: &AsCaller,
    text: &str,
    arguments: &[DatumWithOid],
) -> Result<Vec<R>> {
    let run = || {
        rights.running(text, || {
            transaction::with_latest_snapshot(|| {
                Spi::connect(|client| rows::read(client.select(text, None, arguments)?))
            })
        })
    };
    run().map_err(|error: rows::ReadFailure| failed(text, error))
}

/// The error where a statement of spyne's own fails.
fn failed(statement: &str, error: impl std::fmt::Display) -> SpyneError {
    let begins: String = statement.split_whitespace().take(8).collect::<Vec<_>>().join(" ");
    let message = format!("spyne could not use its catalog: {error}");
    match releases::differing() {
        Some(between) => SpyneError::new(
            Code::Internal,
            message,
            format!("The statement begins: {begins}. {}", between.shown()),
            between.remedy().unwrap_or_default(),
        ),
        None => SpyneError::new(
            Code::Internal,
            message,
            format!(
                "The statement begins: {begins}. This is a defect of spyne, or its catalog was changed by other hands."
            ),
            "Look for more in the server log, and at what does not fit: SELECT * FROM spyne.check_statements();",
        ),
    }
}
