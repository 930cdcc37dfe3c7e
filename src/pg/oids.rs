//! Conversions between Postgres's own OIDs and the ids of the domain.

use pgrx::pg_sys;

use spyne_core::kernel::ids::{RelId, RoleId};

/// An id that Postgres knows by its OID.
pub trait AsOid: Copy {
    /// The OID, as Postgres's functions take it.
    fn oid(self) -> pg_sys::Oid;
}

impl AsOid for RelId {
    #[inline(always)]
    fn oid(self) -> pg_sys::Oid {
        pg_sys::Oid::from_u32(self.get())
    }
}

impl AsOid for RoleId {
    #[inline(always)]
    fn oid(self) -> pg_sys::Oid {
        pg_sys::Oid::from_u32(self.get())
    }
}

/// The relation with an OID of pg_class.
#[inline(always)]
pub const fn rel_id(oid: pg_sys::Oid) -> RelId {
    RelId::new(oid.to_u32())
}

/// The role with an OID of pg_authid.
#[inline(always)]
pub const fn role_id(oid: pg_sys::Oid) -> RoleId {
    RoleId::new(oid.to_u32())
}

/// The relation that a value of type oid or regclass names.
#[inline(always)]
pub fn rel_of(datum: pg_sys::Datum) -> RelId {
    RelId::new(datum.value() as u32)
}
