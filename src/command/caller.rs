//! The user who gives a command, and what the user may do.

use crate::pg::{caller_rights, transaction, users};
use crate::store::roles;
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::role::{Permission, Role};
use spyne_core::lifecycle::transition;

/// The user who calls a function, with the user's spyne role.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub user: RoleId,
    pub role: Role,
}

impl Caller {
    /// The current user. In a SECURITY DEFINER function that is its owner.
    pub fn now() -> Caller {
        let user = users::current();
        Caller { user, role: roles::role_of(user) }
    }

    /// Checks that the caller has `permission`; `action` says for what.
    ///
    /// # Errors
    /// 42501 where the caller lacks it.
    pub fn require(&self, permission: Permission, action: &str) -> Result<()> {
        transition::require(&users::quoted_name(self.user), self.role, permission, action)
    }

    /// Checks that the caller may register or release a table of `owner`.
    ///
    /// # Errors
    /// 42501 where the caller is neither an admin nor an engineer with the
    /// rights of `owner`.
    pub fn require_steward(&self, owner: RoleId, action: &str) -> Result<()> {
        let owns = self.role >= Role::Engineer && users::has_rights_of(self.user, owner);
        if self.role == Role::Admin || owns {
            return Ok(());
        }
        let denial = Denial::told(
            Rule::RoleSteward,
            format!("permission denied to {action}"),
            format!(
                "This is for spyne_admin, or for a spyne_engineer who owns the table (its owner is {}); {} has {}.",
                users::name(owner),
                users::name(self.user),
                match self.role {
                    Role::None => "no spyne role",
                    held => held.as_str(),
                }
            ),
            format!(
                "An administrator can run: GRANT spyne_admin TO {};",
                users::quoted_name(self.user)
            ),
        );
        Err(Denial { user: Some(self.user), ..denial }.into())
    }
}

/// Checks that governance can be changed here, unless this is a dry run.
///
/// # Errors
/// 25006 on a standby and in a read-only transaction.
pub fn require_writable(dry_run: bool) -> Result<()> {
    // A policy of a table that an admin reads could otherwise call this with the
    // admin's rights.
    if caller_rights::is_reading() {
        return Err(SpyneError::new(
            Code::WrongState,
            "governance cannot be changed while spyne reads a table",
            "A policy or a function of the table calls this, with the rights of whoever looks at it.",
            "Call it by itself.",
        ));
    }
    if dry_run || !transaction::read_only_here() {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::ReadOnly,
        "governance cannot be changed here",
        "This is a standby, or a read-only transaction.",
        "Connect to the primary, or begin a READ WRITE transaction; dry_run => true works here.",
    ))
}
