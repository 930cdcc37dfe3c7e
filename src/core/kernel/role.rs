//! The four roles and the fixed matrix of what each may do.

/// The spyne role of a user: the highest of those whose rights the user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// No spyne role at all.
    None,
    Viewer,
    Analyst,
    Engineer,
    Admin,
}

/// What a role can be allowed to do. The columns of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    Query,
    CreateContracts,
    Ingest,
    Promote,
    Deprecate,
    ViewShadow,
}

/// The lowest role that has each permission; every higher role has it too.
pub const MATRIX: [(Permission, Role); 6] = [
    (Permission::Query, Role::Viewer),
    (Permission::CreateContracts, Role::Engineer),
    (Permission::Ingest, Role::Engineer),
    (Permission::Promote, Role::Admin),
    (Permission::Deprecate, Role::Admin),
    (Permission::ViewShadow, Role::Engineer),
];

impl Role {
    /// The roles that exist in Postgres, highest first.
    pub const NAMED: [Role; 4] = [Role::Admin, Role::Engineer, Role::Analyst, Role::Viewer];

    /// The Postgres role; `none` for no role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::Viewer => "spyne_viewer",
            Role::Analyst => "spyne_analyst",
            Role::Engineer => "spyne_engineer",
            Role::Admin => "spyne_admin",
        }
    }

    /// Whether this role has `permission`.
    pub const fn may(self, permission: Permission) -> bool {
        self as u8 >= permission.lowest() as u8
    }
}

impl Permission {
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::Query => "query",
            Permission::CreateContracts => "create contracts",
            Permission::Ingest => "ingest",
            Permission::Promote => "promote",
            Permission::Deprecate => "deprecate",
            Permission::ViewShadow => "view shadow",
        }
    }

    /// The lowest role that has this permission.
    pub const fn lowest(self) -> Role {
        MATRIX[self as usize].1
    }

    /// Reads a permission's name; `_` and a space are the same.
    pub fn parse(name: &str) -> Option<Permission> {
        let wanted = name.trim().replace('_', " ");
        MATRIX.iter().map(|(p, _)| *p).find(|p| p.as_str().eq_ignore_ascii_case(&wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_in_the_order_of_the_permissions() {
        for (i, (permission, _)) in MATRIX.iter().enumerate() {
            assert_eq!(*permission as usize, i);
        }
    }

    #[test]
    fn the_matrix_is_the_documented_one() {
        let row = |role: Role| MATRIX.map(|(p, _)| role.may(p));
        assert_eq!(row(Role::None), [false; 6]);
        assert_eq!(row(Role::Viewer), [true, false, false, false, false, false]);
        assert_eq!(row(Role::Analyst), row(Role::Viewer));
        assert_eq!(row(Role::Engineer), [true, true, true, false, false, true]);
        assert_eq!(row(Role::Admin), [true; 6]);
    }

    #[test]
    fn permissions_are_read_back_with_either_separator() {
        assert_eq!(Permission::parse("view_shadow"), Some(Permission::ViewShadow));
        assert_eq!(Permission::parse("View Shadow"), Some(Permission::ViewShadow));
        assert_eq!(Permission::parse("drop"), None);
    }
}
