//! OIDs as types of their own, so that those of relations and of roles cannot be mixed
//! up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A relation, by its OID in pg_class.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RelId(u32);

/// A role, by its OID in pg_authid.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RoleId(u32);

impl RelId {
    /// No relation: Postgres's InvalidOid.
    pub const NONE: RelId = RelId(0);

    /// The relation with this OID.
    #[inline(always)]
    pub const fn new(oid: u32) -> RelId {
        RelId(oid)
    }

    /// The OID.
    #[inline(always)]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl RoleId {
    /// No role: Postgres's InvalidOid.
    pub const NONE: RoleId = RoleId(0);

    /// The role with this OID.
    #[inline(always)]
    pub const fn new(oid: u32) -> RoleId {
        RoleId(oid)
    }

    /// The OID.
    #[inline(always)]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for RelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
