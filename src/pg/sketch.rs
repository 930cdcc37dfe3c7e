//! The aggregate spyne.column_sketch and the function spyne.join_hash, over
//! `core::joins::sketch`.

use std::ffi::CStr;

use pgrx::pg_sys::{self, Datum, FunctionCallInfo};
use pgrx::{PgMemoryContexts, pg_guard, varlena};

use crate::report;
use spyne_core::joins::numeric;
use spyne_core::joins::sketch::{Builder, Value};
use spyne_core::kernel::digest::{of_bytes, of_several, spread};
use spyne_core::kernel::error::{Code, SpyneError};

/// How the values of an argument are read.
#[derive(Clone, Copy)]
enum Reading {
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Date,
    /// timestamp and timestamptz: microseconds.
    Time,
    Uuid,
    Text,
    /// char(n): spaces at the end do not count.
    Padded,
    Name,
    /// By the text of the value.
    Enum(pg_sys::Oid),
    /// By the hash function of the type.
    Hash(*mut pg_sys::FmgrInfo),
}

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

/// Declares what Postgres asks of a C function.
macro_rules! declared {
    ($($name:ident),*) => {$(
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C" fn $name() -> *const pg_sys::Pg_finfo_record {
            static VERSION_1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &raw const VERSION_1
        }
    )*};
}
declared!(
    pg_finfo_spyne_sketch_add,
    pg_finfo_spyne_sketch_combine,
    pg_finfo_spyne_sketch_serialize,
    pg_finfo_spyne_sketch_deserialize,
    pg_finfo_spyne_sketch_final,
    pg_finfo_spyne_join_hash
);

fn unsupported(type_oid: pg_sys::Oid) -> ! {
    report::raise(SpyneError::new(
        Code::Unsupported,
        "values of this type cannot be compared as keys",
        format!("The type with OID {} has no hash function.", type_oid.to_u32()),
        "Cast it to a type that has one.",
    ))
}

fn misuse() -> ! {
    report::raise(SpyneError::new(
        Code::WrongObjectType,
        "this function belongs to the aggregate spyne.column_sketch",
        "It was called by something else.",
        "Call spyne.column_sketch(column).",
    ))
}

/// How values of a type are read.
///
/// # Safety
/// `context` must live as long as the result is used.
unsafe fn reading(type_oid: pg_sys::Oid, context: pg_sys::MemoryContext) -> Reading {
    // SAFETY: catalog look-ups inside a transaction; the type cache keeps its
    // entries as long as the process lives.
    unsafe {
        let base = pg_sys::getBaseType(type_oid);
        match base {
            pg_sys::INT2OID => Reading::Int2,
            pg_sys::INT4OID => Reading::Int4,
            pg_sys::INT8OID => Reading::Int8,
            pg_sys::OIDOID => Reading::Oid,
            pg_sys::FLOAT4OID => Reading::Float4,
            pg_sys::FLOAT8OID => Reading::Float8,
            pg_sys::NUMERICOID => Reading::Numeric,
            pg_sys::DATEOID => Reading::Date,
            pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => Reading::Time,
            pg_sys::UUIDOID => Reading::Uuid,
            pg_sys::TEXTOID | pg_sys::VARCHAROID => Reading::Text,
            pg_sys::BPCHAROID => Reading::Padded,
            pg_sys::NAMEOID => Reading::Name,
            _ if pg_sys::get_typtype(base) == pg_sys::TYPTYPE_ENUM as i8 => {
                let (mut output, mut varlena) = (pg_sys::InvalidOid, false);
                pg_sys::getTypeOutputInfo(base, &mut output, &mut varlena);
                Reading::Enum(output)
            }
            _ => {
                let flags = pg_sys::TYPECACHE_HASH_EXTENDED_PROC as i32;
                let entry = pg_sys::lookup_type_cache(base, flags);
                if (*entry).hash_extended_proc == pg_sys::InvalidOid {
                    unsupported(type_oid);
                }
                let size = std::mem::size_of::<pg_sys::FmgrInfo>();
                let info = pg_sys::MemoryContextAllocZero(context, size).cast();
                pg_sys::fmgr_info_cxt((*entry).hash_extended_proc, info, context);
                Reading::Hash(info)
            }
        }
    }
}

/// The bytes of a value of variable length, read without a copy where they lie
/// open.
///
/// # Safety
/// `datum` must be a varlena that is not null, and the bytes be used before the
/// memory context is reset.
unsafe fn bytes<'a>(datum: Datum) -> &'a [u8] {
    // SAFETY: as promised by the caller.
    unsafe {
        let stored: *mut pg_sys::varlena = datum.cast_mut_ptr();
        let open = varlena::varatt_is_4b_u(stored)
            || (varlena::varatt_is_1b(stored) && !varlena::varatt_is_1b_e(stored));
        let plain = if open { stored } else { pg_sys::pg_detoast_datum_packed(stored) };
        let length = varlena::varsize_any_exhdr(plain);
        std::slice::from_raw_parts(varlena::vardata_any(plain).cast(), length)
    }
}

impl Reading {
    /// # Safety
    /// `datum` must be a value of the type that this was made for.
    unsafe fn value(self, datum: Datum) -> Value {
        // SAFETY: each type has the layout that Postgres gives it.
        unsafe {
            match self {
                Reading::Int2 => Value::Whole(i64::from(datum.value() as i16)),
                Reading::Int4 => Value::Whole(i64::from(datum.value() as i32)),
                Reading::Int8 => Value::Whole(datum.value() as i64),
                Reading::Oid => Value::Whole(i64::from(datum.value() as u32)),
                Reading::Float4 => {
                    numeric::of_float(f64::from(f32::from_bits(datum.value() as u32)))
                }
                Reading::Float8 => numeric::of_float(f64::from_bits(datum.value() as u64)),
                Reading::Numeric => numeric::value(bytes(datum)),
                Reading::Date => match datum.value() as i32 {
                    // Infinity, in either direction.
                    never @ (i32::MIN | i32::MAX) => Value::Hashed(spread(never as u64)),
                    days => Value::Whole(i64::from(days) * MICROSECONDS_A_DAY),
                },
                Reading::Time => match datum.value() as i64 {
                    never @ (i64::MIN | i64::MAX) => {
                        let never = if never < 0 { i32::MIN } else { i32::MAX };
                        Value::Hashed(spread(never as u64))
                    }
                    microseconds => Value::Whole(microseconds),
                },
                Reading::Uuid => {
                    let uuid: *const u8 = datum.cast_mut_ptr();
                    Value::Hashed(of_bytes(std::slice::from_raw_parts(uuid, 16)))
                }
                Reading::Text => Value::Hashed(of_bytes(bytes(datum))),
                Reading::Padded => {
                    let padded = bytes(datum);
                    let end = padded.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
                    Value::Hashed(of_bytes(&padded[..end]))
                }
                Reading::Name => {
                    let name: *const std::ffi::c_char = datum.cast_mut_ptr();
                    Value::Hashed(of_bytes(CStr::from_ptr(name).to_bytes()))
                }
                Reading::Enum(output) => {
                    let text = pg_sys::OidOutputFunctionCall(output, datum);
                    Value::Hashed(of_bytes(CStr::from_ptr(text).to_bytes()))
                }
                Reading::Hash(function) => {
                    let hash = pg_sys::FunctionCall2Coll(
                        function,
                        pg_sys::DEFAULT_COLLATION_OID,
                        datum,
                        Datum::from(0_u64),
                    );
                    Value::Hashed(spread(hash.value() as u64))
                }
            }
        }
    }
}

/// How each argument from `first` on is read: found out at the first call and
/// kept with the function.
///
/// # Safety
/// `call` must be the call that Postgres makes.
unsafe fn readings<'a>(call: FunctionCallInfo, first: i32) -> &'a [Reading] {
    // SAFETY: fn_extra is this function's own, and fn_mcxt lives as long as it.
    unsafe {
        let info = (*call).flinfo;
        if (*info).fn_extra.is_null() {
            if pg_sys::get_fn_expr_variadic(info) {
                misuse();
            }
            let all: Vec<Reading> = (first..i32::from((*call).nargs))
                .map(|at| reading(pg_sys::get_fn_expr_argtype(info, at), (*info).fn_mcxt))
                .collect();
            let kept = PgMemoryContexts::For((*info).fn_mcxt).leak_and_drop_on_delete(all);
            (*info).fn_extra = kept.cast();
        }
        &*(*info).fn_extra.cast::<Vec<Reading>>()
    }
}

/// The arguments from `first` on as one value: that of one, or of several in
/// their order, where none is null.
///
/// # Safety
/// As for [`readings`].
unsafe fn value(call: FunctionCallInfo, first: usize) -> Value {
    // SAFETY: Postgres passes as many arguments as it says.
    unsafe {
        let readings = readings(call, first as i32);
        let arguments = (*call).args.as_slice((*call).nargs as usize);
        let one = |at: usize| match arguments[first + at].isnull {
            true => Value::Null,
            false => readings[at].value(arguments[first + at].value),
        };
        if readings.len() == 1 {
            return one(0);
        }
        let mut hashes = Vec::with_capacity(readings.len());
        for at in 0..readings.len() {
            match one(at) {
                Value::Null => return Value::Null,
                Value::Fraction => return Value::Fraction,
                Value::Whole(number) => hashes.push(spread(number as u64)),
                Value::Hashed(hash) => hashes.push(hash),
            }
        }
        Value::Hashed(of_several(hashes))
    }
}

/// A state in the memory of the aggregate; raises outside of one.
///
/// # Safety
/// `call` must be the call that Postgres makes.
unsafe fn in_aggregate(call: FunctionCallInfo, state: Builder) -> *mut Builder {
    // SAFETY: the context is checked before it is used.
    unsafe {
        let mut context = std::ptr::null_mut();
        if pg_sys::AggCheckCallContext(call, &mut context) == 0 {
            misuse();
        }
        PgMemoryContexts::For(context).leak_and_drop_on_delete(state)
    }
}

/// The argument as a state; null where it is NULL.
///
/// # Safety
/// As for [`in_aggregate`]; the argument must be of type internal.
unsafe fn state(call: FunctionCallInfo, at: usize) -> *mut Builder {
    // SAFETY: a value of type internal comes from this file alone: SQL can make
    // none.
    unsafe {
        let argument = &(*call).args.as_slice((*call).nargs as usize)[at];
        match argument.isnull {
            true => std::ptr::null_mut(),
            false => argument.value.cast_mut_ptr(),
        }
    }
}

/// spyne.sketch_add(internal, VARIADIC "any"): takes a row's value.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_sketch_add(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres, for the aggregate.
    unsafe {
        let mut builder = state(call, 0);
        if builder.is_null() {
            builder = in_aggregate(call, Builder::default());
        }
        (*builder).add(value(call, 1));
        Datum::from(builder)
    }
}

/// spyne.sketch_combine(internal, internal): what two workers have.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_sketch_combine(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres, for the aggregate.
    unsafe {
        let (mut into, from) = (state(call, 0), state(call, 1));
        if into.is_null() {
            into = in_aggregate(call, Builder::default());
        }
        if !from.is_null() {
            (*into).merge(std::mem::take(&mut *from));
        }
        Datum::from(into)
    }
}

/// Bytes as a bytea.
fn bytea(bytes: &[u8]) -> Datum {
    // SAFETY: as long as it says, and filled.
    unsafe {
        let size = bytes.len() + pg_sys::VARHDRSZ;
        let made: *mut pg_sys::varlena = pg_sys::palloc(size).cast();
        varlena::set_varsize_4b(made, size as i32);
        let start = made.cast::<u8>().add(pg_sys::VARHDRSZ);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
        Datum::from(made)
    }
}

/// spyne.sketch_serialize(internal): a worker's state, for the leader.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_sketch_serialize(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres, for the aggregate; the function is strict.
    unsafe { bytea(&(*state(call, 0)).to_bytes()) }
}

/// spyne.sketch_deserialize(bytea, internal).
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_sketch_deserialize(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres, for the aggregate; the function is strict.
    unsafe {
        let stored = (*call).args.as_slice((*call).nargs as usize)[0].value;
        match Builder::from_bytes(bytes(stored)) {
            Some(builder) => Datum::from(in_aggregate(call, builder)),
            None => misuse(),
        }
    }
}

/// spyne.sketch_final(internal): the sketch.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_sketch_final(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres, for the aggregate.
    unsafe {
        let builder = state(call, 0);
        let builder = if builder.is_null() { Builder::default() } else { (*builder).clone() };
        bytea(&builder.finish().to_bytes())
    }
}

/// spyne.join_hash(VARIADIC "any"): the hash by which a sketch keeps a value.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spyne_join_hash(call: FunctionCallInfo) -> Datum {
    // SAFETY: called by Postgres.
    unsafe {
        let hash = match value(call, 0) {
            Value::Whole(number) => Some(spread(number as u64)),
            Value::Hashed(hash) => Some(hash),
            Value::Null | Value::Fraction => None,
        };
        (*call).isnull = hash.is_none();
        Datum::from(hash.unwrap_or(0))
    }
}
